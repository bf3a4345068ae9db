"""What a class page shows, taken from a finished run: arms with their frames, curves and endpoints."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tmesim.atlas import groups
from tmesim.atlas.conditions import (
    alters_soil,
    choices_of,
    flow_to,
    numbers_of,
    put_in,
    seed_of,
    soils_of,
    stands_for,
)
from tmesim.atlas.storyboard import Condition, Step, samples, storyboard
from tmesim.catalogue import host_named
from tmesim.drawing.shots import window_around
from tmesim.section import TUMOR
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.result import Result

REPLICATE = 0
"""The replicate whose frames are shown: the first one, and so picked by nobody."""

OWN_SITES, MOST_SITES = 80, 120
"""Sites along a side: a patch is shown whole up to the first, of a larger one what lies around the tumor; of what is
larger than the second, every second site or fewer."""


@dataclass(frozen=True)
class Shown:
    """An arm on the page.

    choices : those that its name is made of, the name alone where arms are not crossed
    frames : (count, ny, nx) uint8, the codes of `groups.raster`, of REPLICATE
    stands_for : cells of the whole organ for each that arrives in the patch, where cells arrive
    cells : (count,) tumor cells of the whole patch at each frame, those that capillaries hold among them
    curve : (replicates, times) the same of every replicate
    endpoints : (replicates,) of each, NaN where it has no meaning
    """

    name: str
    choices: tuple[str, ...]
    soil: str | None
    seed: int
    treatment: tuple[str, ...]
    put_in: tuple[str, ...]
    stands_for: float | None
    frames: np.ndarray
    cells: np.ndarray
    curve: np.ndarray
    endpoints: dict[str, np.ndarray]


@dataclass(frozen=True)
class Measure:
    """An endpoint's name, what it is called, and its unit."""

    name: str
    label: str
    unit: str


@dataclass(frozen=True)
class Finding:
    """A paired comparison at the end: means, difference with its interval (NaN without one), pairs."""

    measure: str
    arm: str
    reference: str
    mean: float
    reference_mean: float
    difference: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Atlas:
    """A class page's content. `hours` are those of the frames, `days` those of the curves; `patch`: sites (ny, nx) of
    the whole tissue, of which every `stride`th in a window is shown; `flow`: the share of the cells that flow alone
    brings to each soil, where known, and the arm that shows the soil; `organs`: how many numbers each brings, and how
    many of them are assumed; `groups`: those that occur; `rests`: whether a patch without tumor cells stands still;
    `words`: those that the scenario says in its own way.
    """

    name: str
    question: str
    story: str
    species: str
    length_days: float
    spacing_um: float
    patch: tuple[int, int]
    stride: int
    replicates: int
    reference: str
    arms: tuple[Shown, ...]
    hours: np.ndarray
    days: np.ndarray
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]
    flow: dict[str, tuple[float, str]]
    organs: dict[str, tuple[int, int]]
    groups: tuple[groups.Group, ...]
    steps: tuple[Step, ...]
    rests: bool
    words: Mapping[str, Mapping[str, str]]

    @property
    def shape(self) -> tuple[int, int]:
        """Sites (ny, nx) of the picture."""
        ny, nx = self.arms[0].frames.shape[1:]
        return ny, nx


def gather(result: Result) -> Atlas:
    """All that the page shows of a run; KeyError or FileNotFoundError where the run kept no frames."""
    scenario = result.scenario
    films = {arm: _film(result, arm) for arm in result.arms}
    window, stride = _view(films.values())
    soils = soils_of(scenario)
    seeds = {arm: seed_of(scenario, scenario.arms[arm]) for arm in result.arms}
    kinds = sorted(dict.fromkeys(seeds.values()), key=bool)  # the scenario's own first
    shown = tuple(_shown(result, arm, films[arm], window, soils[arm], kinds.index(seeds[arm])) for arm in result.arms)
    flow = flow_to(scenario, soils.values())
    days = result.series(result.observables[0], result.arms[0])[0]
    conditions = [_condition(each, days, alters_soil(scenario, scenario.arms[each.name])) for each in shown]
    samples_of = {soil: each.name for soil, each in samples(conditions).items() if soil in flow}
    there = set().union(*(groups.groups_in(each.frames) for each in shown))
    first = films[result.arms[0]]
    return Atlas(
        name=scenario.name,
        question=scenario.question,
        story=scenario.story.strip(),
        species=host_named(scenario.host).species,
        length_days=scenario.time.days,
        spacing_um=float(first["spacing_um"]),
        patch=scenario.tissue.shape,
        stride=stride,
        replicates=result.replicates,
        reference=result.reference,
        arms=shown,
        hours=first["hour"],
        days=days,
        measures=tuple(_measure(result, name) for name in scenario.endpoints),
        findings=tuple(
            Finding(c.endpoint, c.arm, c.reference, c.mean, c.reference_mean, c.difference, c.low, c.high, c.n)
            for c in result.comparisons
        ),
        flow={soil: (share, samples_of[soil]) for soil, share in flow.items() if soil in samples_of},
        organs={soil: numbers_of(soil) for soil in dict.fromkeys(soils.values()) if soil is not None},
        groups=tuple(group for group in groups.GROUPS if group.name in there),
        steps=storyboard(conditions, result.reference, set(flow)),
        rests=scenario.time.rest_when_cleared,
        words=scenario.words,
    )


def _shown(
    result: Result, name: str, film: dict[str, np.ndarray], window: tuple[slice, slice], soil: str | None, seed: int
) -> Shown:
    scenario = result.scenario
    arm, catalogue = scenario.arms[name], scenario.catalogue
    types = [str(each) for each in film["types"]]
    own = groups.tumor_types(catalogue)
    numbers = [1 + types.index(each) for each in own if each in types]
    tissue, leukocyte, vessel = (film[kind][:, *window] for kind in ("tissue", "leukocyte", "vessel"))
    counts = [f"n_{each}" for each in own if f"n_{each}" in result.observables]
    return Shown(
        name=name,
        choices=choices_of(name),
        soil=soil,
        seed=seed,
        treatment=tuple(dict.fromkeys(words(dose.use) for dose in arm.therapies)),
        put_in=tuple(put_in(scenario, arm)),
        stands_for=stands_for(scenario, name),
        frames=np.ascontiguousarray(groups.raster(tissue, leukocyte, vessel, groups.codes_of(types, catalogue))),
        cells=sum(np.isin(film[layer], numbers).sum((1, 2)) for layer in ("tissue", "leukocyte")),
        curve=np.sum([result.series(count, name)[1] for count in counts], axis=0),
        endpoints={endpoint: result.endpoint(endpoint, name) for endpoint in scenario.endpoints},
    )


def _condition(shown: Shown, days: np.ndarray, altered: bool) -> Condition:
    means = shown.curve.mean(0)
    begin = float(means[0]) or float(means[days <= 1].max())  # where cells arrive after hour 0, the most of a day
    return Condition(shown.name, shown.soil, shown.seed, bool(shown.treatment), float(means[-1]), begin, altered)


def _film(result: Result, arm: str) -> dict[str, np.ndarray]:
    name = f"frames/{arm}/replicate_{REPLICATE:03d}.npz"
    return result.arrays(name, ("tissue", "leukocyte", "vessel", "hour", "types", "spacing_um"))


def _view(films: Iterable[dict[str, np.ndarray]]) -> tuple[tuple[slice, slice], int]:
    """Rows and columns of the picture, and their stride: the same for all arms."""
    films = list(films)
    ny, nx = films[0]["tissue"].shape[1:]
    rows, columns = slice(0, ny), slice(0, nx)
    if max(ny, nx) > OWN_SITES:
        held = np.zeros((ny, nx), bool)
        for film in films:
            held |= np.isin(film["tissue"], [1 + i for i, name in enumerate(film["types"]) if name in TUMOR]).any(0)
        rows, columns = window_around(np.stack(np.nonzero(held)), (ny, nx), float(films[0]["spacing_um"]))
    stride = math.ceil(max(rows.stop - rows.start, columns.stop - columns.start) / MOST_SITES)
    return (slice(rows.start, rows.stop, stride), slice(columns.start, columns.stop, stride)), stride


def _measure(result: Result, name: str) -> Measure:
    known = result.known(name)
    return Measure(name, known.label, known.unit)
