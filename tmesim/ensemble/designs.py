"""What is simulated for a parameter set: the arms of scenarios in sections small enough for hundreds of sets.

Scenarios that begin with the same tissue of the same host make one scenario with the arms of all, so that what they
share is simulated once: their untreated references are one tissue, and an arm is copied from it when its first dose is
due. Nothing of biology or treatment is changed. Reduced are the patch and the nest, as for a calibration (900 µm, a
radius of 150 µm), and the time (DAYS). With the scenarios of the package a pair of all arms takes about 40 s of a core
for the mouse and 20 s for a patient.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.conclusions import Conclusion, Conclusions
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.scenario import Scenario, load
from tmesim.scenario.crossing import JOINT

if TYPE_CHECKING:
    from tmesim.sweeps.jobs import Done

SMALLER = {"tissue.size": ["900 µm", "900 µm"], "start.tumor.radius": "150 µm", "time.record_every": "24 h"}
DAYS: Mapping[str, float] = {"mouse": 21, "human": 42}
"""At most, by species: two weeks after the first doses to a mouse, five after those to a patient."""
ROOM = ("region_fraction", "edge_contact")
"""Observables that tell whether a tumor still has room."""
OWN = ("version", "name", "question", "story", "replicates", "seed", "arms", "reference", "endpoints", "words")
"""Of a scenario, what does not keep it from sharing a tissue with others; of its time: days and snapshots."""


@dataclass(frozen=True)
class Design:
    """Scenarios that share a tissue. scenario : the arms of all, named SCENARIO__ARM; conclusions : of its arms"""

    scenario: Scenario
    conclusions: tuple[Conclusion, ...]
    references: Mapping[str, str]

    @property
    def host(self) -> str:
        return self.scenario.host

    @property
    def untreated(self) -> str:
        """The arm whose tumor tells whether there is room: the reference of the first scenario."""
        return self.scenario.reference

    def arms(self, conclusion: Conclusion) -> tuple[str, str]:
        """The two arms that a conclusion compares, by their names here."""
        against = conclusion.against or self.references[conclusion.scenario]
        return JOINT.join((conclusion.scenario, conclusion.arm)), JOINT.join((conclusion.scenario, against))

    def value(self, done: Done, arm: str, name: str) -> float:
        """An observable of an arm on the last day."""
        return float(done.tables[arm][-1, 1 + self.scenario.endpoints.index(name)])

    def log_ratio(self, done: Done, conclusion: Conclusion) -> float:
        """What a pair says of a conclusion."""
        treated, against = (self.value(done, arm, conclusion.endpoint.name) for arm in self.arms(conclusion))
        return float(conclusion.log_ratio(np.array(treated), np.array(against)))


def designs_of(names: Iterable[str], known: Conclusions, seed: int, said: Mapping[str, Any]) -> tuple[Design, ...]:
    """The designs of some scenarios. said : settings instead of the reduced ones

    InputError for a scenario of which nothing is concluded, and with what is wrong with the settings.
    """
    names = list(dict.fromkeys(names))
    if wrong := [name for name in names if name not in known.scenarios]:
        raise InputError([
            Problem(f"nothing is concluded of '{name}'; there are {', '.join(known.scenarios)}."
                    f"{suggestion(name, known.scenarios)}", "--scenarios") for name in wrong
        ])  # fmt: skip
    groups: dict[str, list[tuple[str, Scenario]]] = {}
    for name in names:
        made = _smaller(load(name), said)
        groups.setdefault(_tissue(made), []).append((name, made))
    return tuple(_together(members, known, seed) for members in groups.values())


def _smaller(scenario: Scenario, said: Mapping[str, Any]) -> Scenario:
    days = min(DAYS[scenario.species], scenario.time.days)
    return load(scenario, set={**SMALLER, "time.days": days, "time.snapshots": [], **said}, observables=observables_of)


def _tissue(scenario: Scenario) -> str:
    """What scenarios that share a tissue have in common, as one text."""
    content = {key: value for key, value in scenario.content().items() if key not in OWN}
    content["time"] = {k: v for k, v in content["time"].items() if k not in ("days", "snapshots", "planned")}
    return json.dumps(content, sort_keys=True)


def _together(members: Sequence[tuple[str, Scenario]], known: Conclusions, seed: int) -> Design:
    """One scenario of several; as long as the longest, since arms of shorter ones are looked at on its last day too."""
    first = members[0][1]
    mine = tuple(known.of(name for name, _ in members))
    arms = {
        JOINT.join((name, arm)): content
        for name, scenario in members for arm, content in scenario.said()["arms"].items()
    }  # fmt: skip
    content = {key: value for key, value in first.said().items() if key not in ("words", "crossed")}
    content |= {
        "name": JOINT.join(name for name, _ in members), "question": "In how many parameter sets does it come out so?",
        "story": "", "arms": arms, "reference": JOINT.join((members[0][0], first.reference)), "seed": seed,
        "replicates": 1, "endpoints": list(dict.fromkeys((*(each.endpoint.name for each in mine), *ROOM))),
    }  # fmt: skip
    days = max(scenario.time.days for _, scenario in members)
    made = load(content, set={"time.days": days}, observables=observables_of)
    return Design(made, mine, {name: scenario.reference for name, scenario in members})
