"""History matching: how implausible points are, the region that is not ruled out, and targets that conflict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tmesim.calibration.emulator import Emulator
from tmesim.targets import Target

CUT = 3.0
"""A point is ruled out from this implausibility on."""
DISCREPANCY = 0.1
"""Assumed: deviation between a simulated section and a tumor, as a share of the target."""
WIDE, RATIO = 5.0, "ratio"
"""Ends so many times apart, and targets of this unit, are told by their logarithm."""
PARTICLES, TENTH, MOVES, LEVELS = 500, 0.1, 8, 12
"""Of the search: particles, the share that is kept at a level, moves of each at a level, and levels at most."""
STEPS = 40
"""Moves of each particle on the way to the ensemble."""
BEYOND = 2.0
"""Standard deviations of the emulator beyond which it does not reach an interval."""
WEIGHT, SEARCHES = 4.0, 16
"""Standard deviations that a range holds of what is known of a number (assumed), and searches for what is proposed."""
STALLED = 0.97
"""A level that is not lower than this share of the one before ends the search."""
STRENGTH = {"page": 2, "abstract": 1, "memory": 0}
"""How far a source was looked up; one that is assumed stands below all."""

Implausibility = Callable[[np.ndarray], np.ndarray]
"""(points, parameters) → (points,)."""


@dataclass(frozen=True)
class Aim:
    """A target as a fit is held against it. discrepancy : as a share of it, one deviation"""

    target: Target
    discrepancy: float = DISCREPANCY

    @property
    def log(self) -> bool:
        """Whether it is told by its logarithm: ratios, and what has its ends far apart."""
        low, high = self.target.low, self.target.high
        return low is not None and low > 0 and (self.target.unit == RATIO or (high is not None and low < high / WIDE))

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Values on the scale of the fit. A logarithm ends a tenth below the low end. Further beyond an interval with
        two ends than it is wide, distance is told by its logarithm: a tumor that is dying has no rate to fit."""
        low, known = self.target.low, values
        if self.log and low is not None:
            known = np.log(np.where(np.isnan(values), np.nan, np.maximum(values, low / 10)))
        return self._beyond(known, lambda way: 1.0 + np.log(way))

    def plain(self, values: np.ndarray) -> np.ndarray:
        """From the scale of the fit back."""
        known = self._beyond(values, lambda way: np.exp(way - 1.0))
        return np.exp(known) if self.log else known

    def _beyond(self, values: np.ndarray, of_way: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Values with another way to the interval where that is above its width, in widths."""
        low, high = self.ends
        if low is None or high is None:
            return values
        inside, width = np.clip(values, low, high), high - low
        way = (values - inside) / width
        return np.where(np.abs(way) > 1.0, inside + np.sign(way) * width * of_way(np.maximum(np.abs(way), 1.0)), values)

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Of the interval, on the scale of the fit."""
        low, high = (
            float(np.log(end)) if self.log and end is not None else end for end in (self.target.low, self.target.high)
        )
        return low, high

    @property
    def strength(self) -> int:
        """Of its source."""
        return -1 if self.target.source.startswith("assumed") else STRENGTH[self.target.checked]

    def implausibility(self, mean: np.ndarray, variance: np.ndarray, chance: float | np.ndarray) -> np.ndarray:
        """As in the docstring of the package; all on the scale of the fit."""
        low, high = self.ends
        if low is not None and high is not None:
            z, target = np.full_like(mean, (low + high) / 2), ((high - low) / 4) ** 2
        else:
            z, target = np.clip(mean, low, high), 0.0
        known = [abs(end) for end in (low, high) if end is not None]
        model = self.discrepancy * (1.0 if self.log else sum(known) / len(known))
        spread = np.sqrt(variance + chance + target + model**2)
        away = np.abs(z - mean)
        return np.divide(away, spread, out=np.where(away > 0, np.inf, 0.0), where=spread > 0)


@dataclass(frozen=True)
class Held:
    """A target with its emulator."""

    aim: Aim
    emulator: Emulator

    @property
    def measure(self) -> str:
        return self.aim.target.measure

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Implausibility of points, (points,)."""
        return self.aim.implausibility(*self.emulator(points), self.emulator.chance)

    def reaches(self, points: np.ndarray) -> bool:
        """Whether it may lie within its interval at any of some points."""
        mean, variance = self.emulator(points)
        away, low, high = BEYOND * np.sqrt(variance), *self.aim.ends
        above = np.full(len(mean), True) if low is None else mean + away >= low
        return bool((above & (True if high is None else mean - away <= high)).any())

    def of_simulated(self, values: np.ndarray) -> np.ndarray:
        """Implausibility of what was simulated, (points,); NaN of a point without a value.

        values : (points, replicates). The variance of a replicate is that of the fit, pooled over its points.
        """
        scaled = self.aim.scaled(values)
        known = np.isfinite(scaled)
        counts = known.sum(1)
        total, none = np.where(known, scaled, 0.0).sum(1), np.full(len(values), np.nan)
        mean = np.divide(total, counts, out=none, where=counts > 0)
        chance = self.emulator.replicate_variance / np.maximum(counts, 1)
        return self.aim.implausibility(mean, np.zeros(len(values)), chance)


def worst(held: Sequence[Held]) -> Implausibility:
    """The largest implausibility of several targets."""
    return lambda points: np.max([each(points) for each in held], axis=0) if held else np.zeros(len(points))


@dataclass(frozen=True)
class Region:
    """Points of the unit cube that are not ruled out, spread evenly over their region; or, where there are none, the
    least implausible that were found, the best first. volume : its share of the cube, 0 where it is empty"""

    points: np.ndarray
    volume: float

    @property
    def is_empty(self) -> bool:
        return self.volume == 0


def region(of: Implausibility, dimensions: int, seed: int, particles: int = PARTICLES) -> Region:
    """What is not ruled out, reached over levels that each leave about a tenth of the one before."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    points = qmc.Sobol(dimensions, seed=seed).random(1 << (particles - 1).bit_length())[:particles]
    found, volume, level = of(points), 1.0, np.inf
    for _ in range(LEVELS):
        lower = max(CUT, float(np.quantile(found, TENTH)))
        if lower >= STALLED * level and lower > CUT:
            break
        inside = found <= lower
        volume, level = volume * float(inside.mean()), lower
        if not inside.all():
            chosen = np.concatenate([np.flatnonzero(inside), rng.choice(np.flatnonzero(inside), int((~inside).sum()))])
            points, found = moved(points[chosen], found[chosen], of, level, rng)
        if level <= CUT:
            return Region(points, volume)
    return Region(points[np.argsort(found, kind="stable")], 0.0)


def moved(
    points: np.ndarray, found: np.ndarray, of: Implausibility, level: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Each particle after some random steps (Metropolis), folded back at the faces of the cube, that stay below a
    level: they spread evenly over what lies below it."""
    dimensions = points.shape[1]
    width = np.maximum(points.std(0), 1e-3) * 2.0 / np.sqrt(dimensions)
    for move in range(MOVES):
        step = rng.normal(0.0, 1.0, points.shape) * width * (1.0 if move % 2 else 0.3)
        tried = 1 - np.abs(1 - np.abs(points + step) % 2)
        there = of(tried)
        taken = there <= level
        points, found = np.where(taken[:, None], tried, points), np.where(taken, there, found)
    return points, found


@dataclass(frozen=True)
class Match:
    """What is not ruled out by the targets that were kept, so many that it is not empty.

    conflicts : measures that no point meets, alone or two together
    given_up : measure → why
    """

    region: Region
    kept: tuple[Held, ...]
    conflicts: tuple[tuple[str, ...], ...]
    given_up: dict[str, str]


def match(held: Sequence[Held], dimensions: int, seed: int, particles: int = PARTICLES) -> Match:
    """The region of all targets; while it is empty, one target is given up."""
    given_up = {each.measure: "no point reaches its interval" for each in beyond_reach(held, dimensions, seed)}
    conflicts: list[tuple[str, ...]] = [(name,) for name in given_up]
    kept = [each for each in held if each.measure not in given_up]
    while True:
        where = region(worst(kept), dimensions, seed, particles)
        if not where.is_empty or not kept:
            return Match(where, tuple(kept), tuple(conflicts), given_up)
        now = conflicting(kept, dimensions, seed, where.points, particles)
        conflicts += [each for each in now if each not in conflicts]
        best = where.points[:1]
        missed = {each.measure: float(each(best)[0]) for each in kept}
        alone = [names[0] for names in now if len(names) == 1]
        among = alone or [name for names in now for name in names] or [n for n, i in missed.items() if i > CUT]
        times = {name: sum(name in names for names in now) for name in among}
        strengths = {each.measure: each.aim.strength for each in kept}
        gone = min(times, key=lambda name: (strengths[name], -times[name], -missed[name]))
        against = sorted({other for names in now if gone in names for other in names} - {gone})
        given_up[gone] = (
            "no point meets it" if gone in alone
            else f"no point meets it together with {', '.join(against)}, whose sources are no weaker" if against
            else "no point meets all targets together, and of those missed its source is the weakest"
        )  # fmt: skip
        kept = [each for each in kept if each.measure != gone]


def beyond_reach(held: Sequence[Held], dimensions: int, seed: int) -> list[Held]:
    """Targets whose intervals the model does not reach anywhere, whatever the others."""
    from scipy.stats import qmc

    points = qmc.Sobol(dimensions, seed=seed).random(4096)
    return [each for each in held if not each.reaches(points)]


def likely(kept: Sequence[Held], where: Region, seed: int, steps: int = STEPS) -> np.ndarray:
    """(particles, parameters): as many points as the region has, drawn by exp(−½ Σ I²) from what is not ruled out.

    Resampled by it, then moved at random (Metropolis, folded at the faces of the cube). Where all is ruled out, from
    the whole cube.
    """
    rng, points = np.random.default_rng(seed), where.points
    if not kept:
        return points

    def energy(x: np.ndarray) -> np.ndarray:
        found = np.array([each(x) for each in kept])
        allowed = where.is_empty | (found.max(0) <= CUT)
        return np.where(allowed, 0.5 * (found**2).sum(0), np.inf)

    now = energy(points)
    weight = np.exp(now.min() - now)
    chosen = rng.choice(len(points), len(points), p=weight / weight.sum())
    points, now = points[chosen], now[chosen]
    width = 2.0 * points.std(0) / np.sqrt(points.shape[1])
    for step in range(steps):
        move = rng.normal(0.0, 1.0, points.shape) * np.maximum(width, 1e-3) * (1.0 if step % 2 else 0.3)
        tried = 1 - np.abs(1 - np.abs(points + move) % 2)
        there = energy(tried)
        taken = np.log(rng.random(len(points))) < now - there
        points, now = np.where(taken[:, None], tried, points), np.where(taken, there, now)
    return points


def nearest(found: Match, home: np.ndarray, starts: np.ndarray, seed: int, steps: int = 4 * STEPS) -> np.ndarray:
    """(parameters,) where Σ I² + Σ (4 · way from home)² is least: what agrees, without going further from where the
    numbers stand than agreement is worth. A range is read as four standard deviations of what is known of a number.

    home : (parameters,); starts : (points, parameters), from which and from home it is searched for at random, in ever
    shorter steps
    """
    rng, size = np.random.default_rng(seed), len(home)
    points = np.concatenate([home + share * (starts - home) for share in (0.25, 0.5, 0.75, 1.0)] + [home[None]])

    def cost(x: np.ndarray) -> np.ndarray:
        return np.sum([each(x) ** 2 for each in found.kept], axis=0) + ((WEIGHT * (x - home)) ** 2).sum(1)

    now = cost(points)
    best = np.argsort(now, kind="stable")[:SEARCHES]
    points, now = points[best], now[best]
    for step in range(steps):
        some = rng.random(points.shape) < 2.0 / size  # a few at a time
        tried = points + rng.normal(0.0, 0.2 * 0.01 ** (step / steps), points.shape) * some
        tried = 1 - np.abs(1 - np.abs(tried) % 2)
        there = cost(tried)
        points, now = np.where((there < now)[:, None], tried, points), np.minimum(now, there)
    return points[int(np.argmin(now))]


def conflicting(
    held: Sequence[Held], dimensions: int, seed: int, near: np.ndarray, particles: int
) -> list[tuple[str, ...]]:
    """Targets that no point meets: alone, else two together. What looks so at some points is searched for."""
    from scipy.stats import qmc

    points = np.concatenate([near, qmc.Sobol(dimensions, seed=seed).random(1024)])
    away = np.array([each(points) for each in held])
    alone = [
        k for k, each in enumerate(held)
        if away[k].min() > CUT and region(each, dimensions, seed, particles).is_empty
    ]  # fmt: skip
    found: list[tuple[str, ...]] = [(held[k].measure,) for k in alone]
    for a, b in combinations([k for k in range(len(held)) if k not in alone], 2):
        both = worst((held[a], held[b]))
        if np.maximum(away[a], away[b]).min() > CUT and region(both, dimensions, seed, particles).is_empty:
            found.append((held[a].measure, held[b].measure))
    return found
