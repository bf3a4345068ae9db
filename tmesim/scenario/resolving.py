"""From a document to the parts of a scenario: what must hold between its keys and the catalogue, all at once."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from tmesim import units
from tmesim.catalogue import KINDS, Catalogue, Drug, catalogue_in, folded, load_catalogue, organ_named, reaches
from tmesim.catalogue.models import frozendict
from tmesim.catalogue.synonyms import word_for
from tmesim.reading import DataPath, Document, brief, dotted, problems_of, suggestion
from tmesim.scenario import lasting, limits, starting, telling
from tmesim.scenario.biology import Biology, written
from tmesim.scenario.file import ArmPart, DosePart, ScenarioFile, StartPart
from tmesim.scenario.freezing import frozen, thawed
from tmesim.scenario.overlay import Overlay, applied
from tmesim.scenario.overrides import assign_all, steps_of
from tmesim.scenario.parts import ADULT_KG, Arm, Dose, Start, Time, TissueBox

ONCE_H = 24.0
"""The interval of what is done once: it has no second time."""


class Resolver(Biology):
    """One reading of a document: its parts, with what must hold between them."""

    def __init__(self, document: Document) -> None:
        self.start_problems: set[tuple[DataPath, str]] = set()  # of the scenario's start; arms do not repeat them
        super().__init__(document)

    def bearable(
        self, catalogue: Catalogue, tissue: TissueBox, start: Start, time: Time, host: str, arms: Mapping[str, Arm]
    ) -> None:
        """What the engine cannot bear, for the scenario and for what each arm makes of it."""
        used = self._therapies_used(catalogue)
        reported: set[str] = set()
        variants: dict[str, Catalogue] = {"": catalogue}
        for name, arm in arms.items():
            if arm.overlay:
                variants[name] = applied(catalogue, [arm.overlay])
            elif arm.start is not None:
                variants[name] = catalogue
        for name, variant in variants.items():
            clones = ((arms[name].start if name else None) or start).clones
            findings = [
                *limits.sweeps(variant, used, host, tissue.spacing, time.step_h, clones),
                *limits.levels(variant, used, host),
                *limits.blood(variant, host),
                *limits.drugs({use: variant.drugs[use] for use in used if use in variant.drugs}, host),
            ]
            for where, message in findings:
                if message not in reported:
                    reported.add(message)
                    self.blame(self._place(where, name), message)
        organs = max(len((arm.start or start).organs) for arm in arms.values())
        for where, message in limits.amounts(tissue, time, len(arms), self.part("replicates"), catalogue, organs):
            self.blame(tuple(where.split(".")), message)

    def _place(self, where: str, arm: str) -> DataPath:
        """Where a number or setting is written: in an arm, in `set`, under `add`, or in its own place."""
        if arm:
            given = (self.part("arms") or {})[arm].set
            return ("arms", arm, "set", *([where] if where in given else []))
        if where in self.part("set"):
            return ("set", where)
        kind, name, *rest = where.split(".")
        return ("add", kind, name, *rest) if name in (self.part("add") or {}).get(kind, {}) else tuple(where.split("."))

    def for_host(self, catalogue: Catalogue, host: str, used: set[str]) -> None:
        """Each number that a run reads has a value for the host."""
        for path, number in catalogue.numbers():
            kind, name, *_ = path.split(".")
            if host not in number.hosts and (kind != "therapies" or name in used):
                place: DataPath = ("add", kind, name) if name in (self.part("add") or {}).get(kind, {}) else ("host",)
                self.blame(place, f"{path} has no value for {host}")

    def injected_in_time(self, time: Time, start: Start, arms: Mapping[str, Arm]) -> None:
        """Cells are injected before the end of the run, between two steps."""
        places: dict[DataPath, Start] = {("start", "injection", "at"): start}
        places |= {("arms", name, "set"): arm.start for name, arm in arms.items() if arm.start is not None}
        for path, begun in places.items():
            if begun.injection is not None and (path[0] == "start" or begun.injection != start.injection):
                self._moment(path, begun.injection.at_h, time)

    # -- tissue, start, time

    def tissue(self) -> TissueBox | None:
        part = self.part("tissue")
        if part is None:
            return None
        count = len(self.problems)
        box = self._box(part.size, part.spacing, "size")
        if part.organs is not None:
            box = box.model_copy(update={"beside": self._box(part.organs, part.spacing, "organs")})
        boxes = {"size": box} | ({"organs": box.of_organs} if part.organs is not None else {})
        for key, each in boxes.items() if len(self.problems) == count else ():
            if message := limits.size(each, load_catalogue()):
                self.blame(("tissue", key), message)
        return box

    def _box(self, size: tuple[float, float], spacing: float, key: str) -> TissueBox:
        sites = []
        for axis, length in enumerate(size):
            wide = length / spacing
            sites.append(round(wide))
            if not math.isclose(wide, round(wide), rel_tol=1e-9):
                fits = [units.show(n * spacing, "µm") for n in (math.floor(wide), math.ceil(wide)) if n > 0]
                long, site = units.show(length, "µm"), units.show(spacing, "µm")
                message = f"{long} is not a whole number of sites of {site}; {' or '.join(fits)} is"
                self.blame(("tissue", key, axis), message)
            elif sites[-1] < 4:
                self.blame(("tissue", key, axis), f"is {sites[-1]} sites; the least is 4")
        width, height = size
        return TissueBox(size_um=(height, width), spacing=spacing, shape=(sites[1], sites[0]))

    def start(self, tissue: TissueBox | None, catalogue: Catalogue) -> Start | None:
        part = self.part("start")
        if part is None:
            return None

        def blame(path: DataPath, message: str) -> None:
            self.start_problems.add((path, message))
            self.blame(path, message)

        return starting.start_of(part, self.sound["start"], tissue, catalogue, self.species, blame)

    def _arm_start(
        self, arm: str, values: Mapping[str, Any], tissue: TissueBox | None, catalogue: Catalogue
    ) -> tuple[Start | None, frozendict]:
        """The start of an arm that sets parts of it, and these as they are to be written."""
        at: DataPath = ("arms", arm, "set")
        own = Document(thawed({"start": self.sound["start"]}), self.document.file, prefix=at)
        own.positions[()] = self.document.position(at)
        assign_all(own, values, lambda key: self.document.position((*at, key)))
        problems = [
            replace(problem, path=f"{dotted(at[:-1])}.{problem.path}") if problem.path else problem
            for problem in own.problems
        ]

        def blame(path: DataPath, message: str) -> None:
            if (path, message) not in self.start_problems and not self._follows(message):
                problems.append(own.problem(path, message))

        made = None
        try:
            part = StartPart.model_validate(own.data["start"])
        except ValidationError as error:
            problems += problems_of(error, own, StartPart, ("start",))
        else:
            made = starting.start_of(part, own.data["start"], tissue, catalogue, self.species, blame)
        self.problems += problems
        if made is None or problems:
            return None, frozendict()
        return made, frozen({key: starting.said(made, steps_of(key)) for key in sorted(values)})

    def time(self) -> Time | None:
        part = self.part("time")
        if part is None:
            return None
        end = part.days * 24
        if wrong := between_steps(part.record_every, part.step):
            self.blame(("time", "record_every"), wrong)
        steps, records = end / part.step, end / part.record_every
        if steps > limits.MAX_STEPS:
            message = f"{units.show(part.days, 'd')} in steps of {units.show(part.step, 'h')} are {steps:.3g} steps"
            self.blame(("time", "step"), f"{message}; the limit is {limits.MAX_STEPS:.0e}")
        elif records > limits.MAX_RECORDS:
            message = f"{units.show(part.days, 'd')} recorded every {units.show(part.record_every, 'h')}"
            self.blame(
                ("time", "record_every"), f"{message} are {records:.3g} rows; the limit is {limits.MAX_RECORDS:.0e}"
            )
        if part.frames_every is not None and (wrong := limits.frames(end, part.frames_every)):
            self.blame(("time", "frames_every"), wrong)
        if not _multiple(end, part.step):
            step = units.show(part.step, "h")
            self.blame(("time", "days"), f"{units.show(end, 'h')} is not a multiple of the step of {step}")
        if part.planned is not None and part.planned < part.days:
            planned, days = units.show(part.planned, "d"), units.show(part.days, "d")
            self.blame(("time", "planned"), f"{planned} is less than the {days} of the run")
        snapshots = (0.0, end) if part.snapshots is None else part.snapshots
        for index, hour in enumerate(snapshots):
            path, day = ("time", "snapshots", index), units.show(hour / 24, "d")
            if hour < 0:
                self.blame(path, f"{day} is before the start of the run")
            elif hour > end:
                self.blame(path, f"{day} is beyond the end of the run at {units.show(part.days, 'd')}")
            elif wrong := between_steps(hour, part.step):
                self.blame(path, wrong)
        return Time(
            days=part.days,
            step_h=part.step,
            record_every_h=part.record_every,
            snapshots_h=tuple(sorted(set(snapshots))),
            planned=part.planned,
            frames_every_h=part.frames_every,
            rest_when_cleared=part.rest_when_cleared,
        )

    def words(self) -> None:
        """What is wrong with the scenario's own words."""
        for path, message in telling.wrong(self.part("words") or {}, self.part("arms") or {}):
            self.blame(path, message)

    # -- arms

    def arms(
        self, catalogue: Catalogue, time: Time | None, tissue: TissueBox | None, start: Start | None
    ) -> dict[str, Arm]:
        """Each arm with doses and schedules filled in, and its overrides in the units of their slots."""
        arms: dict[str, Arm] = {}
        folders: dict[str, str] = {}
        for name, part in (self.part("arms") or {}).items():
            path: DataPath = ("arms", name)
            other = folders.setdefault(name.casefold(), name)
            if other != name:
                self.blame(path, f"'{name}' and '{other}' would be one folder where upper and lower case do not differ")
            self._moment((*path, "from"), part.start, time)
            if part.start and not part.set and not part.off:
                self.blame((*path, "from"), "says when 'set' and 'off' begin, but neither is given")
            numbers, begun = self._split(name, part)
            own, said = self._arm_start(name, begun, tissue, catalogue) if begun else (None, frozendict())
            # An arm's own problems are found on the catalogue of the scenario, in the organ of the arm.
            ground = catalogue
            if own is not None and start is not None and own.organ != start.organ:
                ground = applied(catalogue_in(own.organ, self.part("host")), [self.overlay])
            count = len(self.problems)
            changed, _ = self.changed(ground, numbers, part.off, path)
            sound = len(self.problems) == count
            where = _organs_of(own or start)
            there = lasting.There(True, True, True) if start is None else _there([own or start], catalogue)
            self._idle_numbers(catalogue, part, numbers, path, there, where)
            doses = [
                self._dose((*path, "therapies", index), dose, changed, time, where)
                for index, dose in enumerate(part.therapies)
            ]
            arms[name] = Arm(
                therapies=tuple(dose for dose in doses if dose is not None),
                overlay=Overlay(
                    set=written(changed, lasting.in_force(numbers)) if sound else frozendict(),
                    off=self._rule_names(catalogue, part.off),
                ),
                from_h=part.start,
                start=own if own != start else None,
                start_set=said if own != start else frozendict(),
            )
        if start is not None and self.species is not None:
            starts = [arm.start or start for arm in arms.values()]
            soils = [soil.organ for each in starts for soil in each.organs.values()]
            self._one_factor_for_many([*(each.organ for each in starts), *soils])
            there = _there(starts, catalogue)
            for number in self.part("set") or {}:
                if (why := lasting.idle_journey(catalogue, number, there)) is not None:
                    self.blame(("set", number), why)
        if message := limits.doses(arms):
            self.blame(("arms",), message)
        return arms

    def _one_factor_for_many(self, organs: Iterable[str]) -> None:
        """A factor of the scenario's `set` is written as what it makes of one number, but organs have their own."""
        grounds = [catalogue_in(organ, self.part("host")) for organ in dict.fromkeys(organs)]
        for path, value in (self.part("set") or {}).items():
            known = units.factor(value) is not None and grounds[0].has_number(path)
            if known and len({ground.number(path).at(str(self.species)) for ground in grounds}) > 1:
                self.blame(("set", path), "multiplies a number that differs among the arms' organs; set it in each arm")

    def _idle_numbers(
        self, catalogue: Catalogue, part: ArmPart, numbers: Iterable[str], path: DataPath, there: lasting.There,
        where: Collection[str],
    ) -> None:  # fmt: skip
        """Numbers that an arm sets in vain.

        there : what of a journey there can be
        where : the organs whose tissue it has
        """
        uses = ((catalogue.aliases.get(folded(dose.use), ""), dose) for dose in part.therapies)
        courses = [(use, dose) for use, dose in uses if use]
        known = {name for name, _ in catalogue.numbers()}
        for number in numbers:
            if number not in known:
                continue
            why = lasting.idle_in_arm(catalogue, number, courses, part.start > 0, there)
            why = why or (lasting.idle_elsewhere(number, where) if where else None)
            if why is not None:
                self.blame((*path, "set", number), why)

    def _split(self, arm: str, part: ArmPart) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an arm sets: numbers of the catalogue, and parts of its start. It can set nothing else."""
        numbers: dict[str, Any] = {}
        begun: dict[str, Any] = {}
        for key, value in part.set.items():
            root = steps_of(key)[0]
            if root == "start":
                begun[key] = value
            elif root not in KINDS and root not in ScenarioFile.model_fields:
                known = suggestion(str(root), {"start", *KINDS})
                self.blame(("arms", arm, "set", key), f"there is no '{brief(root)}' to set.{known}")
            elif root not in KINDS:
                message = f"an arm cannot set '{root}', which all arms share"
                self.blame(
                    ("arms", arm, "set", key), f"{message}; it can set numbers of the catalogue and parts of 'start'"
                )
            else:
                numbers[key] = value
        if begun and part.start:
            message = f"the start cannot change later: give {', '.join(begun)} to an arm without 'from'"
            self.blame(("arms", arm, "from"), message)
        if self.part("start") is None:
            begun = {}
        return numbers, begun

    def _moment(self, path: DataPath, hour: float, time: Time | None) -> None:
        day = units.show(hour / 24, "d")
        end = None if time is None else self._planned_until(path, time)
        if hour < 0:
            self.blame(path, f"{day} is before the start of the run")
        elif end is not None and hour >= end * 24:
            self.blame(path, f"{day} is not before the end of the run at {units.show(end, 'd')}")
        elif time is not None and (message := between_steps(hour, time.step_h)):
            self.blame(path, message)

    def _planned_until(self, path: DataPath, time: Time) -> float:
        """The day by which a treatment must begin: the end, or the end of a longer run for which it was planned.

        What stands in the file that shortens the run was written by somebody who knew how short it is.
        """
        days, position = ("time", "days"), self.document.position
        stated = ("time", "planned") in self.document.positions
        if time.planned is None or (not stated and position(days).file == position(path).file):
            return time.days
        return time.planned

    def _dose(
        self, path: DataPath, part: DosePart, catalogue: Catalogue, time: Time | None, where: Collection[str]
    ) -> Dose | None:
        """A course with all that the file leaves to the therapy. where : the organs whose tissue the arm has"""
        self._moment((*path, "start"), part.start, time)
        try:
            use = catalogue.therapy_id(part.use)
        except LookupError as error:
            self.blame((*path, "use"), str(error.args[0]))
            return None
        host = self.species
        if host is None:
            return None
        therapy = catalogue.therapies[use]
        usual = therapy.usual_dose
        if usual is not None and not therapy.given_to(host):
            self.blame((*path, "use"), f"{use} has no dose for {host}, only for {', '.join(usual.hosts)}")
            return None
        barred = [o for o in where if isinstance(therapy, Drug) and not reaches(therapy, o, host)]
        if barred:
            organ, molecules = barred[0], ", ".join(organ_named(barred[0]).access)
            self.blame(
                (*path, "use"),
                f"how much of {use} comes into the {organ} is not known: give it an 'access' there, or a 'molecule' "
                f"for which the organ has one ({molecules})",
            )
            return None
        unit, dose = ("", 1.0) if usual is None else (usual.unit_at(host), usual.at(host))
        if part.dose is not None and usual is None:
            self.blame((*path, "dose"), f"{use} has no dose, it is done once at its 'start'; got {brief(part.dose)}")
        elif part.dose is not None:
            try:
                dose = units.quantity(part.dose, unit)
                most = catalogue.spec(f"therapies.{use}.dose").most(unit)
                if dose < 0:
                    raise units.UnitError(f"must not be below 0, got {part.dose}")
                if dose > most:
                    raise units.UnitError(f"must not be above {units.show(most, unit)}, got {part.dose}")
            except units.UnitError as error:
                self.blame((*path, "dose"), f"{error}{self._flat(part.dose, unit)}")
        regimen = therapy.regimen
        times = part.times or (1 if regimen is None else regimen.times_at(host))
        if part.every is None and regimen is None and times > 1:
            self.blame((*path, "times"), f"{use} is done once; to do it {times} times, say with 'every' how far apart")
            return None
        every = part.every or (ONCE_H if regimen is None else regimen.every.at(host))
        if time is not None and times > 1 and (message := between_steps(every, time.step_h)):
            whose = "" if part.every is not None else f"the usual interval of {use}, "
            self.blame((*path, "every"), f"{whose}{message}")
        return Dose(use=use, start_h=part.start, dose=dose, unit=unit, every_h=every, times=times)

    def _flat(self, dose: str, unit: str) -> str:
        """What a flat dose of an adult, as labels of antibodies have it, is where one per body weight is expected."""
        if unit != "mg/kg" or self.species != "human":
            return ""
        try:
            mass = units.quantity(dose, "mg")
        except units.UnitError:
            return ""
        return f"; a flat dose of {units.show(mass, 'mg')} is {mass / ADULT_KG:.3g} mg/kg at {ADULT_KG:g} kg"

    def endpoints(self, known: Iterable[str]) -> None:
        """The endpoints are among what a run can report."""
        known = list(known)
        for index, name in enumerate(self.part("endpoints") or ()):
            if name not in known:
                near = suggestion(name, known, meant=word_for(name, known))
                self.blame(("endpoints", index), f"no observable is called '{brief(name)}'.{near}")

    def reference(self) -> str:
        """The arm that the others are compared with."""
        arms, reference = self.part("arms") or {}, self.part("reference")
        names = [*arms, *(str(path[1]) for path in self.silent if path[0] == "arms" and len(path) == 2)]
        if reference is not None and names and reference not in names:
            self.blame(("reference",), f"there is no arm '{brief(reference)}'.{suggestion(reference, names)}")
        return str(reference or next(iter(arms), ""))


def _multiple(value: float, step: float) -> bool:
    return math.isclose(value / step, round(value / step), rel_tol=1e-9, abs_tol=1e-9)


def between_steps(hour: float, step: float) -> str | None:
    """What is wrong with a moment or interval that falls between two steps, h; None for one that does not."""
    if _multiple(hour, step):
        return None
    around = [units.show(n * step, "h") for n in (math.floor(hour / step), math.ceil(hour / step)) if n > 0]
    near = f"; {' and '.join(around)} {'are' if len(around) > 1 else 'is'}"
    return f"{units.show(hour, 'h')} is not a multiple of the step of {units.show(step, 'h')}{near}"


def _there(starts: Sequence[Start], catalogue: Catalogue) -> lasting.There:
    """What of a journey there can be in some arm that begins so."""
    waiting = {name for name, cell in catalogue.cells.items() if cell.emerges is not None}
    organs = any(start.organs for start in starts)
    holds = organs or any(start.injection is not None or waiting & start.densities.keys() for start in starts)
    return lasting.There(organs, holds, any(start.organs and start.has_primary for start in starts))


def _organs_of(start: Start | None) -> tuple[str, ...]:
    """The organs whose tissue a body has, each once; none where the start cannot be read."""
    if start is None:
        return ()
    return tuple(dict.fromkeys([start.organ, *(soil.organ for soil in start.organs.values())]))
