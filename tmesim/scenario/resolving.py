"""From a document to the parts of a scenario: what must hold between its keys and the catalogue, all at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from tmesim import units
from tmesim.catalogue import Catalogue, checks, folded, load_catalogue, validated
from tmesim.catalogue.models import frozendict
from tmesim.reading import DataPath, Document, Problem, as_written, brief, dotted, problems_of, suggestion
from tmesim.scenario import lasting, limits
from tmesim.scenario.file import DosePart, ScenarioFile
from tmesim.scenario.parts import Arm, Clone, Disk, Dose, Start, Time, TissueBox, thawed

_DOSE = {"use": "", "start": "0 h"}  # stand in for what a dose lacks, so that the rest of it is checked


class Resolver:
    """One reading of a document. `problems` fills as parts are resolved; a broken part is None and its users wait."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self.broken: set[str] = set()
        self.silent: set[DataPath] = set()  # reported as unreadable, so that nothing more is said about them
        self.numbers_set: frozendict = frozendict()
        self.off: tuple[str, ...] = ()
        self.parts = self._parts()

    def blame(self, path: DataPath, message: str) -> None:
        if path in self.silent:
            return
        self.problems.append(self.document.problem(path, message))

    def part(self, name: str) -> Any:
        return None if name in self.broken else self.parts[name]

    def _parts(self) -> dict[str, Any]:
        """The file's parts. What cannot be read is reported and left out, so that the rest can still be checked."""
        data: Any = thawed(self.document.data)
        names = ScenarioFile.model_fields
        for attempt in range(9):
            try:
                whole = ScenarioFile.model_validate(data)
                return {name: getattr(whole, name) for name in names}
            except ValidationError as error:
                if attempt == 0:
                    self.problems += problems_of(error, self.document, ScenarioFile)
                for item in error.errors():
                    self._leave_out(data, as_written(item["loc"], data), item["type"])
            if any(name in self.broken for name, info in names.items() if info.is_required()):
                break
        parts: dict[str, Any] = {}
        for name, info in names.items():
            if name in self.broken:
                continue
            annotation: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            try:
                parts[name] = TypeAdapter(annotation).validate_python(data.get(name, info.default))
            except ValidationError:
                self.broken.add(name)
        return parts

    def _leave_out(self, data: Any, location: DataPath, kind: str) -> None:
        """Take what is wrong out of the data: the key itself, or what it is needed for."""
        if len(location) == 1:
            data.pop(location[0], None)
            if kind != "extra_forbidden" and not (
                location[0] in ScenarioFile.model_fields
                and not ScenarioFile.model_fields[str(location[0])].is_required()
                and location[0] not in ("add", "set", "off", "drop")
            ):
                self.broken.add(str(location[0]))
            return
        holder = data
        for step in location[:-1]:
            try:
                holder = holder[step]
            except (KeyError, IndexError, TypeError):
                return  # left out already
        last = location[-1]
        if isinstance(holder, dict) and "therapies" in location and kind == "missing" and last in _DOSE:
            holder[last] = _DOSE[str(last)]
            self.silent.add(location)
        elif isinstance(holder, dict) and kind != "missing" and last in holder:
            holder.pop(last)
            self.silent.add(location)
        else:
            self._leave_out(data, location[:-1], "")

    # -- the catalogue

    def catalogue(self) -> Catalogue | None:
        """The packaged catalogue with add, set and off; None if it cannot be made."""
        if {"set", "off", "add", "drop"} & self.broken:
            return None
        base = load_catalogue()
        added: dict[str, dict[str, Any]] = {}
        count = len(self.problems)
        for kind, entries in self.part("add").items():
            for name in entries:
                if name in getattr(base, kind):
                    self.blame(
                        ("add", kind, name), "exists already; change its numbers with 'set', or choose another name"
                    )
            added[kind], found = validated(self.document, kind, ("add", kind))
            self.problems += found
        if len(self.problems) > count:
            return None
        catalogue, issues = base.plus(added)
        for path, message in issues:
            inside = len(path) > 1 and path[1] in added.get(str(path[0]), {})
            self.blame(("add", *path) if inside else ("add",), message if inside else f"{dotted(path)}: {message}")
        if len(catalogue.cells) > limits.MAX_TYPES:
            self.blame(("add", "cells"), f"makes {len(catalogue.cells)} cell types; {limits.MAX_TYPES} are the most")
        for name in added.get("cells", ()):
            if catalogue.cells[name].layer == "vessel":
                self.blame(("add", "cells", name, "layer"), "the vessel layer holds endothelial cells alone")
        if len(self.problems) > count:
            return None
        left = self._without_dropped(catalogue)
        if left is None:
            return None
        values = self.part("set")
        for path in values:
            if (why := lasting.idle_anywhere(path)) is not None:
                self.blame(("set", path), why)
        with_numbers, result = self.changed(left, values, self.part("off"), ())
        if len(self.problems) == count:
            self.numbers_set = written(with_numbers, values)
        self.off = self._rule_names(left, self.part("off"))
        return result

    def _without_dropped(self, catalogue: Catalogue) -> Catalogue | None:
        """The catalogue without the fields that the scenario drops; the rules that need one must be off."""
        part = self.part("drop")
        names = {} if part is None else {name: ("drop", "fields", i) for i, name in enumerate(part.fields)}
        count = len(self.problems)
        for name, path in names.items():
            if name not in catalogue.fields:
                self.blame(path, f"there is no field '{brief(name)}'.{suggestion(name, catalogue.fields)}")
            elif name in limits.NEEDED:
                self.blame(path, f"'{name}' cannot be dropped: {limits.NEEDED[name]}")
        if len(self.problems) > count:
            return None
        off = self._rule_names(catalogue, self.part("off"))
        for rule_name, rule in catalogue.all_rules.items():
            for name, path in names.items() if rule_name not in off else ():
                if rule.signal == name or rule.behavior.partition(".")[2] == name:
                    what = "reads" if rule.signal == name else f"drives {rule.behavior}, so it needs"
                    self.blame(path, f"the rule '{rule_name}' {what} '{name}'; switch it off too, with 'off'")
        for use in self._therapies_used(catalogue):
            for effect in catalogue.therapies[use].effects:
                word = effect.blocks if effect.blocks in names else (effect.scales or "").partition(".")[2]
                if word in names:
                    self.blame(names[word], f"the therapy '{use}' acts on '{word}', and an arm uses it")
        return None if len(self.problems) > count else catalogue.dropping(names)

    def _therapies_used(self, catalogue: Catalogue) -> list[str]:
        """The therapies that the arms use, each once."""
        uses = [dose.use for arm in (self.part("arms") or {}).values() for dose in arm.therapies]
        known = [catalogue.aliases[folded(use)] for use in uses if folded(use) in catalogue.aliases]
        return list(dict.fromkeys(known))

    @staticmethod
    def _rule_names(catalogue: Catalogue, off: Iterable[str]) -> tuple[str, ...]:
        """The rules that are switched off, by their bare names, sorted; unknown ones are left out."""
        return tuple(sorted({name for text in off if (name := catalogue.rule_name(text)) is not None}))

    def changed(
        self, catalogue: Catalogue, values: Mapping[str, Any], off: Iterable[str], at: DataPath
    ) -> tuple[Catalogue, Catalogue]:
        """A catalogue with numbers set, as told in the document at a path, as far as they can be; and with rules off.

        Rules that are off are not asked whether the new numbers suit them.
        """
        result, wrong = catalogue.with_numbers(values)
        for path, message in wrong.items():
            rule = path.split(".")[-2] if path.count(".") > 1 else ""
            gone = rule in load_catalogue().all_rules and rule not in catalogue.all_rules
            self.blame((*at, "set", path), f"the scenario switches the rule '{rule}' off" if gone else message)
        known = {*catalogue.all_rules, *load_catalogue().all_rules}  # an arm may repeat what the scenario says
        for index, name in enumerate(off):
            if catalogue.rule_name(name) is None and load_catalogue().rule_name(name) is None:
                self.blame((*at, "off", index), f"there is no rule '{brief(name)}'.{suggestion(name, known)}")
        left = result.without(self._rule_names(catalogue, off))
        for found, message in checks.issues(left) if len(wrong) < len(values) else ():
            where = dotted(found)
            if where in values:
                self.blame((*at, "set", where), message)
                continue
            # The number that was set is fine by itself, but not beside the rules it meets.
            rule_met = left.all_rules.get(str(found[-2]))
            bases = [f"cells.{cell}.behaviors.{rule_met.behavior}" for cell in rule_met.cell] if rule_met else []
            near = [name for name in values if name in bases or name.startswith(f"{dotted(found[:2])}.")]
            place = (*at, "set", near[0]) if near else (*at, "set")
            self.blame(place, f"{where} {message}; set that too, or switch the rule off")
        return result, left

    def bearable(
        self, catalogue: Catalogue, tissue: TissueBox, start: Start, time: Time, host: str, arms: Mapping[str, Arm]
    ) -> None:
        """What the engine cannot bear, for the scenario and for what each arm makes of it."""
        used = self._therapies_used(catalogue)
        reported: set[str] = set()
        variants: dict[str, Catalogue] = {"": catalogue}
        for name, arm in arms.items():
            if arm.set or arm.off:
                variants[name] = catalogue.with_numbers(arm.set)[0].without(arm.off)
        for name, variant in variants.items():
            findings = [
                *limits.sweeps(variant, used, host, tissue.spacing, time.step_h, start.clones),
                *limits.levels(variant, used, host),
                *limits.drugs({use: variant.therapies[use] for use in used}, host),
            ]
            for where, message in findings:
                if message not in reported:
                    reported.add(message)
                    self.blame(self._place(where, name), message)

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

    # -- tissue, start, time

    def tissue(self) -> TissueBox | None:
        part = self.part("tissue")
        if part is None:
            return None
        sites = []
        count = len(self.problems)
        for axis, length in enumerate(part.size):
            wide = length / part.spacing
            sites.append(round(wide))
            if not math.isclose(wide, round(wide), rel_tol=1e-9):
                fits = [units.show(n * part.spacing, "µm") for n in (math.floor(wide), math.ceil(wide)) if n > 0]
                size, site = units.show(length, "µm"), units.show(part.spacing, "µm")
                self.blame(
                    ("tissue", "size", axis), f"{size} is no whole number of sites of {site}; {' or '.join(fits)} is"
                )
            elif sites[-1] < 4:
                self.blame(("tissue", "size", axis), f"is {sites[-1]} sites; 4 are the least")
        width, height = part.size
        box = TissueBox(size_um=(height, width), spacing=part.spacing, shape=(sites[1], sites[0]))
        if len(self.problems) == count and (message := limits.size(box, load_catalogue())) is not None:
            self.blame(("tissue", "size"), message)
        return box

    def start(self, tissue: TissueBox | None, catalogue: Catalogue | None) -> Start | None:
        part = self.part("start")
        if part is None or tissue is None:
            return None
        height, width = tissue.size_um
        disks = []
        for index, disk in enumerate(part.tumor):
            x, y = disk.at or (width / 2, height / 2)
            # One tumor may be written without a list around it.
            listed = isinstance(self.document.data["start"]["tumor"], list)
            path: DataPath = ("start", "tumor", index) if listed else ("start", "tumor")
            slack = 1e-6
            if min(x, y, width - x, height - y) < disk.radius - slack:
                size = f"{units.show(width, 'µm')} × {units.show(height, 'µm')}"
                what = f"a disk of radius {units.show(disk.radius, 'µm')} at ({units.show(x)}, {units.show(y)}) µm"
                self.blame((*path, "radius"), f"{what} does not fit in the tissue of {size}")
            disks.append(Disk(radius_um=disk.radius, fill=disk.fill, at_um=(x, y)))
        self._crowding(part, tissue, catalogue)
        clones = tuple(
            Clone(name=c.name, share=c.share, antigens=c.antigens, multipliers=frozendict(c.multipliers))
            for c in part.clones
        )
        self._clones(clones, catalogue)
        return Start(
            tumor=tuple(disks),
            clones=clones or (Clone(name="founder", share=1.0, antigens=3, multipliers=frozendict()),),
            densities=frozendict(part.densities),
            capillaries=part.capillaries,
            ecm=part.ecm,
        )

    def _crowding(self, part: Any, tissue: TissueBox, catalogue: Catalogue | None) -> None:
        """Densities must leave each layer at most one cell a site."""
        per_site = (tissue.spacing / 1000) ** 2
        if part.capillaries * per_site > 1:
            most = units.show(math.floor(1 / per_site), "/mm²")
            self.blame(("start", "capillaries"), f"more than one a site; at most {most} fit")
        if catalogue is None:
            return
        wanted: dict[str, float] = {}
        for name, density in part.densities.items():
            path = ("start", "densities", name)
            if name not in catalogue.cells:
                self.blame(path, f"there is no cell type '{name}'.{suggestion(name, catalogue.cells)}")
            elif catalogue.cells[name].layer == "vessel":
                self.blame(path, "vessels are given by 'capillaries'")
            else:
                layer = catalogue.cells[name].layer
                wanted[layer] = wanted.get(layer, 0.0) + density
        for place, density in wanted.items():
            if density * per_site > 1:
                most = units.show(math.floor(1 / per_site), "/mm²")
                total = units.show(density, "/mm²")
                self.blame(("start", "densities"), f"the {place} layer holds at most {most}, but {total} are asked for")

    def _clones(self, clones: tuple[Clone, ...], catalogue: Catalogue | None) -> None:
        if clones and not math.isclose(sum(clone.share for clone in clones), 1, rel_tol=1e-6):
            self.blame(("start", "clones"), f"the shares add up to {sum(c.share for c in clones):g}; 1 is due")
        for index, clone in enumerate(clones):
            if clone.name in [other.name for other in clones[:index]]:
                self.blame(("start", "clones", index, "name"), f"'{clone.name}' is given twice")
            own = catalogue.cells["tumor"].behaviors if catalogue and "tumor" in catalogue.cells else None
            for name in clone.multipliers if own is not None else ():
                if name not in own:  # type: ignore[operator]
                    message = f"there is no behavior '{name}' of tumor cells.{suggestion(name, own or ())}"
                    self.blame(("start", "clones", index, "multipliers", name), message)

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
            self.blame(("time", "step"), f"{message}; {limits.MAX_STEPS:.0e} are the most")
        elif records > limits.MAX_RECORDS:
            message = f"{units.show(part.days, 'd')} recorded every {units.show(part.record_every, 'h')}"
            self.blame(
                ("time", "record_every"), f"{message} are {records:.3g} rows; {limits.MAX_RECORDS:.0e} are the most"
            )
        if not _multiple(end, part.step):
            self.blame(
                ("time", "days"), f"{units.show(end, 'h')} is no multiple of the step of {units.show(part.step, 'h')}"
            )
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
        )

    # -- arms

    def arms(self, catalogue: Catalogue | None, time: Time | None) -> dict[str, Arm]:
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
            count = len(self.problems)
            # An arm's own problems are found on the catalogue of the scenario.
            changed = self.changed(catalogue, part.set, part.off, path)[0] if catalogue is not None else None
            sound = len(self.problems) == count
            doses = [
                self._dose((*path, "therapies", index), dose, changed, time)
                for index, dose in enumerate(part.therapies)
            ]
            if catalogue is None or changed is None:
                continue
            self._idle_numbers(catalogue, part, path)
            arms[name] = Arm(
                therapies=tuple(dose for dose in doses if dose is not None),
                set=written(changed, lasting.in_force(part.set)) if sound else frozendict(),
                off=self._rule_names(catalogue, part.off),
                from_h=part.start,
            )
        return arms

    def _idle_numbers(self, catalogue: Catalogue, part: Any, path: DataPath) -> None:
        """Numbers that an arm sets in vain."""
        uses = ((catalogue.aliases.get(folded(dose.use), ""), dose) for dose in part.therapies)
        courses = [(use, dose) for use, dose in uses if use]
        known = {name for name, _ in catalogue.numbers()}
        for number in part.set:
            why = lasting.idle_in_arm(catalogue, number, courses, part.start > 0) if number in known else None
            if why is not None:
                self.blame((*path, "set", number), why)

    def _moment(self, path: DataPath, hour: float, time: Time | None) -> None:
        day = units.show(hour / 24, "d")
        planned = None if time is None else time.planned or time.days
        if hour < 0:
            self.blame(path, f"{day} is before the start of the run")
        elif planned is not None and hour >= planned * 24:
            self.blame(path, f"{day} is not before the end of the run at {units.show(planned, 'd')}")
        elif time is not None and (message := between_steps(hour, time.step_h)):
            self.blame(path, message)

    def _dose(self, path: DataPath, part: DosePart, catalogue: Catalogue | None, time: Time | None) -> Dose | None:
        self._moment((*path, "start"), part.start, time)
        if catalogue is None:
            return None
        try:
            use = catalogue.therapy_id(part.use)
        except LookupError as error:
            self.blame((*path, "use"), str(error.args[0]))
            return None
        host = self.part("host")
        if host is None:
            return None
        therapy = catalogue.therapies[use]
        if host not in therapy.dose.hosts:
            self.blame((*path, "use"), f"{use} has no dose for {host}, only for {', '.join(therapy.dose.hosts)}")
            return None
        unit, dose = therapy.dose.unit_at(host), therapy.dose.at(host)
        if part.dose is not None:
            try:
                dose = units.quantity(part.dose, unit)
                most = catalogue.slot(f"therapies.{use}.dose").most(unit)
                if dose < 0:
                    raise units.UnitError(f"must not be below 0, but {part.dose} was found")
                if dose > most:
                    raise units.UnitError(f"must not be above {units.show(most, unit)}, but {part.dose} was found")
            except units.UnitError as error:
                self.blame((*path, "dose"), str(error))
        every = part.every if part.every is not None else therapy.schedule.every.at(host)
        times = part.times if part.times is not None else therapy.schedule.times_at(host)
        if time is not None and times > 1 and (message := between_steps(every, time.step_h)):
            usual = "" if part.every is not None else f"the usual interval of {use}, "
            self.blame((*path, "every"), f"{usual}{message}")
        return Dose(use=use, start_h=part.start, dose=dose, unit=unit, every_h=every, times=times)

    def endpoints(self, known: Iterable[str]) -> None:
        """The endpoints are among what a run can report."""
        known = list(known)
        for index, name in enumerate(self.part("endpoints") or ()):
            if name not in known:
                self.blame(("endpoints", index), f"no observable is called '{brief(name)}'.{suggestion(name, known)}")

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
    return f"{units.show(hour, 'h')} is no multiple of the step of {units.show(step, 'h')}{near}"


def written(catalogue: Catalogue, values: Mapping[str, Any]) -> frozendict:
    """Overrides in the unit of their slot, as text that reads back exactly, in the order of their paths."""
    made = {}
    for path in sorted(values):
        number = catalogue.number(path)
        host = number.hosts[0]
        made[path] = units.show(number.at(host), number.unit_at(host))
    return frozendict(made)
