"""A scenario: a tissue, its treatment arms and its biology, read from YAML, checked as a whole and frozen."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tmesim import units
from tmesim.catalogue import Catalogue, catalogue_in, catalogue_of, host_named
from tmesim.catalogue.models import frozendict
from tmesim.catalogue.reach import reached
from tmesim.catalogue.synonyms import word_for
from tmesim.reading import Document, InputError, Position, Problem, parse, suggestion
from tmesim.reading.yaml12 import resolve
from tmesim.scenario import limits, machine
from tmesim.scenario.crossing import crossed, once
from tmesim.scenario.file import json_schema
from tmesim.scenario.freezing import frozen, thawed
from tmesim.scenario.migration import migrated
from tmesim.scenario.options import Options
from tmesim.scenario.overlay import NOTHING, Overlay, applied
from tmesim.scenario.overrides import settled, tidied
from tmesim.scenario.parts import Arm, Clone, Disk, Dose, Start, Time, TissueBox, start_content, um
from tmesim.scenario.resolving import Resolver
from tmesim.scenario.sources import document_of, find, named, with_options
from tmesim.scenario.version import VERSION
from tmesim.text import printable
from tmesim.wording import in_bytes

__all__ = [
    "Arm",
    "Clone",
    "Disk",
    "Dose",
    "Scenario",
    "Start",
    "Time",
    "TissueBox",
    "find",
    "json_schema",
    "load",
    "named",
    "read_text",
    "replicate_seed",
]


Observables = Callable[[Catalogue, tuple[str, ...], tuple[str, ...]], Iterable[str]]
"""What a run can report, of a catalogue, the therapies in use and the organs beside the tumor."""


@dataclass(frozen=True, eq=False)
class Scenario:
    """All that a run depends on, but the versions. Two scenarios with the same content are equal.

    name, question, story : texts; a run directory is called by the name
    host : its name; `species`, "mouse" or "human", says whose clock and doses hold
    tissue, start, time : the patch (µm), the tissue at hour 0, and how long a run is (days, hours)
    replicates, seed : how many replicates, and what their random numbers come from
    arms, reference : treatments by name, in the order of the file; the name of the one that others are compared with
    endpoints : names of observables
    overlay : what the scenario changes in the packaged catalogue; `set`, `off`, `add` and `drop` are its parts
    words : texts of its class page that it says otherwise, by key and language
    catalogue : the packaged catalogue with the numbers of the host, and the overlay applied
    """

    name: str
    question: str
    story: str
    host: str
    tissue: TissueBox
    start: Start
    time: Time
    replicates: int
    seed: int
    arms: Mapping[str, Arm]
    reference: str
    endpoints: tuple[str, ...]
    catalogue: Catalogue = field(repr=False)
    overlay: Overlay = NOTHING
    words: Mapping[str, Mapping[str, str]] = frozendict()
    _document = None  # what it was resolved from, where it was

    @property
    def species(self) -> str:
        """The species of the host, "mouse" or "human": whose values numbers have."""
        return host_named(self.host).species

    @property
    def set(self) -> Mapping[str, Any]:
        """Numbers of the catalogue that the scenario sets, by dotted path."""
        return self.overlay.set

    @property
    def off(self) -> tuple[str, ...]:
        """Rules that the scenario switches off."""
        return self.overlay.off

    @property
    def add(self) -> Mapping[str, Any]:
        """Entries that the scenario adds to the catalogue, by kind and name."""
        return self.overlay.add

    @property
    def drop(self) -> tuple[str, ...]:
        """Fields that the scenario does without."""
        return self.overlay.drop

    def start_of(self, arm: str) -> Start:
        """The tissue at hour 0 of an arm; LookupError with the choices if there is none."""
        return self.arm(arm).start or self.start

    @property
    def places(self) -> tuple[str, ...]:
        """The organs beside the tissue that some arm has, sorted."""
        return tuple(sorted({place for arm in self.arms for place in self.start_of(arm).organs}))

    @property
    def one_start(self) -> bool:
        """Whether all arms begin with the same tissue, and so share their history until they are treated."""
        return all(arm.start is None for arm in self.arms.values())

    @cached_property
    def reached(self) -> frozenset[str]:
        """The cell types that can come into being in some arm: those of a start (a density of 0 names one too), and
        those that these become or, as vessels, let in."""
        starts = (self.start, *(arm.start for arm in self.arms.values() if arm.start is not None))
        return frozenset[str]().union(*(self.reached_in(start) for start in starts))

    def reached_in(self, start: Start, *, may_arrive: bool = False) -> frozenset[str]:
        """The cell types that can come into being in the tissue of a start.

        may_arrive : tumor cells can come to it, although none are injected
        """
        cells, there = self.catalogue.cells, {*start.densities}
        if start.has_tumor or may_arrive:
            there |= {name for name, cell in cells.items() if cell.malignant}
        if start.injection is not None or may_arrive:
            there |= {name for name, cell in cells.items() if cell.emerges is not None}
        if start.ducts:
            there |= {name for name, cell in cells.items() if cell.membrane}
        if start.capillaries:
            there |= {name for name, cell in cells.items() if cell.layer == "vessel"}
        return reached(self.catalogue, there)

    def catalogue_for(self, arm: str | Arm, soil: str | None = None) -> Catalogue:
        """The catalogue with the overlay of an arm on top, which holds from its `from_h` on.

        soil : an organ, by default the one in which the arm's start lies
        LookupError, with the choices, for a name of no arm.
        """
        program = self.arm(arm) if isinstance(arm, str) else arm
        return self._catalogue(program, program.overlay, soil)

    def catalogue_at_start(self, arm: str | Arm, soil: str | None = None) -> Catalogue:
        """The catalogue of the organ that an arm's start lies in, without what the arm changes.

        soil : another organ than that one
        LookupError, with the choices, for a name of no arm.
        """
        return self._catalogue(self.arm(arm) if isinstance(arm, str) else arm, NOTHING, soil)

    def _catalogue(self, arm: Arm, overlay: Overlay, soil: str | None) -> Catalogue:
        organ = soil or (arm.start or self.start).organ
        if organ == self.start.organ and not overlay:
            return self.catalogue
        if (organ, overlay) not in self._arm_catalogues:
            ground = self.catalogue if organ == self.start.organ else self._ground(organ)
            self._arm_catalogues[organ, overlay] = applied(ground, [overlay])
        return self._arm_catalogues[organ, overlay]

    def _ground(self, organ: str) -> Catalogue:
        return applied(catalogue_in(organ, self.host), [self.overlay])

    @cached_property
    def _arm_catalogues(self) -> dict[tuple[str, Overlay], Catalogue]:
        return {}

    def arm(self, name: str) -> Arm:
        """An arm by name; LookupError with the choices if there is none."""
        if name not in self.arms:
            raise LookupError(f"there is no arm '{name}'. Known: {', '.join(self.arms)}")
        return self.arms[name]

    def with_options(
        self,
        *,
        seed: int | None = None,
        replicates: int | None = None,
        days: float | None = None,
        arms: str | Sequence[str] | None = None,
        set: Mapping[str, Any] | None = None,
    ) -> Scenario:
        """The scenario with options of a run changed and checked again, as if its file were loaded with them.

        seed : whole number from 0 on
        replicates : how many, from 1 on
        days : length of the run, days, above 0
        arms : names of the arms to keep; if the scenario's reference is not among them, the first one is
        set : numbers of the catalogue by dotted path, or settings such as `start.ecm`; `x2` doubles what is there.
        InputError holds everything that is wrong with the values, TypeError names an argument of another kind.
        """
        return load(self, seed=seed, replicates=replicates, days=days, arms=arms, set=set)

    def content(self) -> dict[str, Any]:
        """The scenario as plain data in the shape of a scenario file, with every default and unit written out."""
        return {
            "version": VERSION,
            "name": self.name,
            "question": self.question,
            "story": self.story,
            "host": self.host,
            "tissue": {
                "size": [um(self.tissue.size_um[1]), um(self.tissue.size_um[0])],
                "spacing": um(self.tissue.spacing),
                **({"organs": [um(one) for one in reversed(beside.size_um)]} if (beside := self.tissue.beside) else {}),
            },
            "start": start_content(self.start),
            "time": {
                "days": self.time.days,
                "step": units.show(self.time.step_h, "h"),
                "record_every": units.show(self.time.record_every_h, "h"),
                "snapshots": [units.show(hour, "h") for hour in self.time.snapshots_h],
                **({"frames_every": units.show(every, "h")} if (every := self.time.frames_every_h) else {}),
                **({"rest_when_cleared": True} if self.time.rest_when_cleared else {}),
                **({"planned": self.time.planned} if self.time.planned is not None else {}),
            },
            "replicates": self.replicates,
            "seed": self.seed,
            "arms": {name: arm.content() for name, arm in self.arms.items()},
            "reference": self.reference,
            **self.overlay.content(),
            "endpoints": list(self.endpoints),
            **({"words": thawed(self.words)} if self.words else {}),
            "catalogue": catalogue_of(self.host).hash,
        }

    def said(self) -> dict[str, Any]:
        """What it was read from, as the content of one file: with all that was extended and every option, but with
        factors as factors, so that they multiply what somebody changes. Reading it again gives an equal scenario."""
        return self.content() if self._document is None else {**thawed(self._document.data), "version": VERSION}

    def _repr_html_(self) -> str:
        from tmesim.scenario.card import scenario_card

        return scenario_card(self)

    def to_yaml(self) -> str:
        """The fully resolved scenario as YAML; reading it again gives an equal scenario."""
        return yaml.dump(self.content(), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical content, with the biology it runs on; texts and names count too.

        The version of the file does not: what it says is the same in all of them.
        """
        content = {key: value for key, value in self.content().items() if key != "version"}
        canonical = [content, list(self.arms), self.catalogue.hash]
        return hashlib.sha256(json.dumps(canonical, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)


def load(
    source: str | Path | Mapping[str, Any] | Scenario | Document,
    *,
    seed: int | None = None,
    replicates: int | None = None,
    days: float | None = None,
    arms: str | Sequence[str] | None = None,
    set: Mapping[str, Any] | None = None,
    observables: Observables | None = None,
) -> Scenario:
    """Read a scenario by path or name (or take one) with options on top; InputError holds every problem at once.

    source : a mapping is the content of a scenario file, as Python data, and may extend one by name
    seed, replicates, days, arms, set : as in `Scenario.with_options`
    observables : what a run can report, given the catalogue and the therapies in use. Only those who run a scenario
    know; with it the endpoints are checked too.
    """
    options: Options = {"seed": seed, "replicates": replicates, "days": days, "arms": arms, "set": set}
    if isinstance(source, Scenario):
        if all(option is None for option in options.values()):
            if observables is not None:
                _check_endpoints(source, observables)
            return source
        document = source._document or Document(
            source.content(), source.name, {(): Position(f"scenario {source.name}")}
        )
    else:
        document = source if isinstance(source, Document) else document_of(source)
    return _resolved(with_options(document, options), observables)


def replicate_seed(seed: int, replicate: int) -> int:
    """The seed of one replicate: 63 bits of a hash of the scenario's seed and the replicate's number."""
    digest = hashlib.sha256(f"tmesim replicate {replicate} of seed {seed}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def _check_endpoints(scenario: Scenario, observables: Observables) -> None:
    used = dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies)
    known = list(observables(scenario.catalogue, tuple(used), scenario.places))
    wrong = []
    for i, name in enumerate(scenario.endpoints):
        if name not in known:
            near = suggestion(name, known, meant=word_for(name, known))
            wrong.append(Problem(f"no observable is called '{name}'.{near}", f"endpoints[{i}]", scenario.name))
    if wrong:
        raise InputError(wrong)


def read_text(text: str, file: str = "<text>") -> Scenario:
    """A scenario from YAML text, which extends nothing."""
    document = crossed(parse(text, file))
    tidied(document)
    migrated(document)
    return _resolved(settled(document))


def _resolved(document: Document, observables: Observables | None = None) -> Scenario:
    resolver = Resolver(document)
    catalogue = resolver.catalogue()
    tissue = resolver.tissue()
    start = resolver.start(tissue, catalogue)
    time = resolver.time()
    arms = resolver.arms(catalogue, time, tissue, start)
    reference = resolver.reference()
    resolver.words()
    species = resolver.species
    if species is not None:
        resolver.for_host(catalogue, species, {dose.use for arm in arms.values() for dose in arm.therapies})
    if time is not None and start is not None:
        resolver.injected_in_time(time, start, arms)
    if observables is not None:
        used = dict.fromkeys(dose.use for arm in arms.values() for dose in arm.therapies)
        places = {place for one in (start, *(arm.start for arm in arms.values())) if one for place in one.organs}
        resolver.endpoints(observables(catalogue, tuple(used), tuple(sorted(places))))
    if not resolver.problems and species and tissue and start and time:  # it needs all of them, and all of them sound
        resolver.bearable(catalogue, tissue, start, time, species, arms)
    if resolver.problems or tissue is None or start is None or time is None:
        raise InputError(once(resolver.problems))
    parts = resolver.parts
    needs, free = limits.disk(tissue, time, len(arms) * parts["replicates"], catalogue), machine.disk_bytes()
    if free is not None and needs > free:
        message = f"the run may write about {in_bytes(needs)}; there are {in_bytes(free)} free here"
        warnings.warn(f"{parts['name']}: {message}", stacklevel=3)
    recorded, packaged = parts["catalogue"], catalogue_of(parts["host"]).hash
    if recorded is not None and recorded != packaged:
        place = document.position(("catalogue",))
        message = (
            f"was written with another catalogue ({recorded[:12]}); this one is {packaged[:12]}: results can differ"
        )
        warnings.warn(f"{printable(place.file)}:{place.line}: {message}", stacklevel=3)
    scenario = Scenario(
        name=parts["name"],
        question=parts["question"] or parts["name"],
        story=parts["story"],
        host=parts["host"],
        tissue=tissue,
        start=start,
        time=time,
        replicates=parts["replicates"],
        seed=parts["seed"],
        arms=frozendict(arms),
        reference=reference,
        endpoints=tuple(dict.fromkeys(parts["endpoints"])),
        catalogue=applied(catalogue_in(start.organ, parts["host"]), [resolver.overlay]),
        overlay=resolver.overlay,
        words=frozen(parts["words"]),
    )
    object.__setattr__(scenario, "_document", document)
    return scenario


class _Writer(yaml.SafeDumper):
    """Writes text that YAML 1.2 would take for something else in quotes, and long text as a block."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if resolve(text) is text else "'"
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Writer.add_representer(str, _text)
