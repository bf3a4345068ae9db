"""What was simulated, and what it says of the parameters and the targets. No files, and no simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmesim.calibration.emulator import fit
from tmesim.calibration.matching import DISCREPANCY, PARTICLES, Aim, Held, Match, match
from tmesim.calibration.parameters import Parameter
from tmesim.targets import Target

ENSEMBLE = 100
"""Points of the ensemble."""
FREE = 0.9
"""A parameter is free where what is not ruled out spreads by this share of its prior, or more."""


@dataclass(frozen=True)
class Question:
    """What is asked of untreated tissue.

    targets : those with an interval; held_out : the group that is predicted instead of fitted, "" for none
    """

    parameters: tuple[Parameter, ...]
    targets: tuple[Target, ...]
    held_out: str = ""
    seed: int = 1
    particles: int = PARTICLES
    discrepancy: float = DISCREPANCY

    @property
    def measures(self) -> tuple[str, ...]:
        return tuple(target.measure for target in self.targets)

    def design(self, n: int) -> np.ndarray:
        """Points of the first wave in the unit cube, (n, parameters): scrambled Sobol'."""
        from scipy.stats import qmc

        return qmc.Sobol(len(self.parameters), seed=self.seed).random(1 << (n - 1).bit_length())[:n]


@dataclass(frozen=True)
class Outcome:
    """What some waves say.

    ensemble : (members, parameters) in the unit cube, from what is not ruled out; best : the least implausible member
    given : measure → (members,) of what the emulator expects there, in the target's unit
    spread : (parameters,) deviation of what is not ruled out over that of the prior
    predicted : measures of the group that was held out
    unseen : measures of which there is no emulator, as too few points have them or all have the same
    """

    question: Question
    points: int
    match: Match
    held: dict[str, Held]
    ensemble: np.ndarray
    best: np.ndarray
    given: dict[str, np.ndarray]
    spread: np.ndarray
    predicted: tuple[str, ...]
    unseen: tuple[str, ...]

    @property
    def free(self) -> tuple[str, ...]:
        """Parameters that untreated data leave free."""
        return tuple(p.name for p, s in zip(self.question.parameters, self.spread, strict=True) if s >= FREE)

    def next_design(self, n: int, seed: int) -> np.ndarray:
        """Points of the next wave, (n, parameters), where nothing is ruled out."""
        where = self.match.region.points
        return where[np.random.default_rng(seed).choice(len(where), n, replace=n > len(where))]

    def role(self, measure: str) -> str:
        """What became of a target."""
        if measure in self.unseen:
            return "not seen"
        if measure in self.predicted:
            return "predicted"
        return "given up" if measure in self.match.given_up else "fitted"

    def is_met(self, target: Target) -> bool:
        """Whether the median of the ensemble lies within the interval."""
        return target.verdict(self.given[target.measure]) == "met"


def outcome(question: Question, points: np.ndarray, values: np.ndarray, ensemble: int = ENSEMBLE) -> Outcome:
    """What is learned from simulated points.

    points : (points, parameters) in the unit cube; values : (points, targets, replicates)
    """
    held, unseen = dict[str, Held](), list[str]()
    for k, target in enumerate(question.targets):
        aim = Aim(target, question.discrepancy)
        emulator = fit(points, aim.scaled(values[:, k]), question.seed)
        if emulator is None:
            unseen.append(target.measure)
        else:
            held[target.measure] = Held(aim, emulator)
    predicted = tuple(name for name, each in held.items() if each.aim.target.group == question.held_out)
    fitted = [each for name, each in held.items() if name not in predicted]
    found = match(fitted, len(question.parameters), question.seed, question.particles)
    where = found.region.points
    members = where[np.random.default_rng(question.seed).permutation(len(where))[:ensemble]]
    given = {name: each.aim.plain(each.emulator(members)[0]) for name, each in held.items()}
    total = np.sum([each(members) ** 2 for each in found.kept], axis=0) if found.kept else np.zeros(len(members))
    best, spread = members[int(np.argmin(total))], where.std(0) * np.sqrt(12.0)
    return Outcome(question, len(points), found, held, members, best, given, spread, predicted, tuple(unseen))
