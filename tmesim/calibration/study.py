"""What was simulated, and what it says of the parameters and the targets. No files, and no simulation."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tmesim.calibration.emulator import fit
from tmesim.calibration.matching import (
    CUT,
    DISCREPANCY,
    PARTICLES,
    Aim,
    Held,
    Match,
    likely,
    match,
    nearest,
    worst,
)
from tmesim.calibration.parameters import Parameter
from tmesim.targets import Target

ENSEMBLE = 128
"""Members of the ensemble, so that a hundred are left where some do not fit when they are simulated."""
FREE = 0.9
"""A parameter is free where what the ensemble is drawn from spreads by this share of its prior, or more."""


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

    ensemble : (members, parameters) in the unit cube, from what is not ruled out by how well it agrees; best : the
        member that agrees best
    given : measure → (members,) of what the emulator expects there, in the target's unit
    spread : (parameters,) deviation of what the ensemble is drawn from over that of the prior
    predicted : measures of the group that was held out
    unseen : measures of which there is no emulator, as too few points have them or all have the same
    simulated : (members, targets, replicates) of the members themselves, on seeds that the fit had not; None before
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
    simulated: np.ndarray | None = None

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

    @property
    def catalogue(self) -> np.ndarray:
        """(parameters,) place of the catalogue as it is, all factors being 1; outside of the cube where a range leaves
        out 1."""
        return np.array([np.log(1 / p.low) / np.log(p.high / p.low) for p in self.question.parameters])

    @property
    def of_catalogue(self) -> float:
        """Largest implausibility of the catalogue as it is; NaN where a range leaves it out."""
        point = self.catalogue
        inside = bool(((point >= 0) & (point <= 1)).all())
        return float(worst(self.match.kept)(point[None])[0]) if inside else float("nan")

    @cached_property
    def proposed(self) -> np.ndarray:
        """(parameters,) the point to which the catalogue's numbers should move, as near as agreement lets them."""
        return nearest(self.match, np.clip(self.catalogue, 0.0, 1.0), self.ensemble, self.question.seed)

    @property
    def implausible(self) -> np.ndarray:
        """(members,) largest implausibility over the targets that were fitted: of what they give where they were
        simulated, else as the emulators say. NaN of a member without a value counts as none."""
        kept = self.match.kept
        if self.simulated is None or not kept:
            return worst(kept)(self.ensemble)
        places = [self.question.measures.index(each.measure) for each in kept]
        found = [each.of_simulated(self.simulated[:, k]) for k, each in zip(places, kept, strict=True)]
        return np.nanmax([np.zeros(len(self.ensemble)), *found], axis=0)

    @property
    def fits(self) -> np.ndarray:
        """(members,) which of them are not ruled out by what they give themselves."""
        return self.implausible <= CUT

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
    drawn = likely(found.kept, found.region, question.seed)
    members = drawn[np.random.default_rng(question.seed).permutation(len(drawn))[:ensemble]]
    given = {name: each.aim.plain(each.emulator(members)[0]) for name, each in held.items()}
    total = np.sum([each(members) ** 2 for each in found.kept], axis=0) if found.kept else np.zeros(len(members))
    best, spread = members[int(np.argmin(total))], drawn.std(0) * np.sqrt(12.0)
    return Outcome(question, len(points), found, held, members, best, given, spread, predicted, tuple(unseen))


def means_of(simulated: np.ndarray) -> np.ndarray:
    """(members, targets): means over replicates, NaN of a member without any value of a target."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(simulated, axis=2)


def checked(found: Outcome, simulated: np.ndarray) -> Outcome:
    """The outcome with its members as they were simulated: what they give, and the best of those that fit.

    simulated : (members, targets, replicates), on seeds that the fit had not
    """
    means = means_of(simulated)
    given = dict(found.given)
    for k, target in enumerate(found.question.targets):
        if target.measure in found.held:
            given[target.measure] = means[:, k]
    found = replace(found, simulated=simulated, given=given)
    total = np.sum([each(found.ensemble) ** 2 for each in found.match.kept], axis=0)
    order = np.argsort(np.where(found.fits, total, np.inf), kind="stable")
    return replace(found, best=found.ensemble[order[0]]) if found.fits.any() and found.match.kept else found
