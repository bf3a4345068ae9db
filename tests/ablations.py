"""Each mechanism switched off takes its sign with it.

    python tests/ablations.py [--seeds 4] [--only egress,…] [--workers 2] [--summary]

A row of MECHANISMS names what is switched off, what is measured with and without it on the same seeds, and which way
that must go. Rows are added to `tests/kept/ablations.csv` as they are finished. A mechanism whose switch the catalogue
does not have is told as absent.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
from gates import KEPT, Table, chosen_from, command, short

from tmesim.body import Body
from tmesim.kernels import living
from tmesim.reading import InputError
from tmesim.scenario import load
from tmesim.section import Section
from tmesim.statistics import interval
from tmesim.targets.measures import Untreated

SEEDS, CONFIDENCE = 4, 0.90
COLUMNS = ("mechanism", "seed", "with", "without")


@dataclass(frozen=True)
class Mechanism:
    """What is switched off, and what must come of it.

    off : rules and other entries by name; set : numbers by path, as `load(set=…)` has them
    measure : of a scenario and a seed; sign : of the change that switching off must bring, +1 or −1
    least : the change that counts, as a share of what is measured with the mechanism
    """

    says: str
    measure: Callable[[Any, int], float]
    sign: int
    off: tuple[str, ...] = ()
    set: Mapping[str, Any] = field(default_factory=dict)
    base: str = "untreated"
    days: float = 14.0
    least: float = 0.05


# Measures


def history(scenario, seed, each_day=lambda body: None):
    """An untreated body on the last day, and what was seen of it at the end of each."""
    body = Body(scenario, seed=seed, arm=scenario.reference)
    seen = []
    while body.clock.step < scenario.time.steps:
        body.step()
        if math.isclose(body.hour % 24, 0, abs_tol=1e-6):
            seen.append(each_day(body))
    return body, seen


def last_section(read):
    """A number of the section of the last day, as the measures of targets read them."""

    def measure(scenario, seed):
        body, _ = history(scenario, seed)
        section = Section.of(body.tissue)
        result = SimpleNamespace(scenario=scenario, snapshot=lambda *_: section, last_snapshot_day=lambda: section.day)
        return float(read(Untreated(result, body.arm, 0)))

    return measure


def cells_in_patch(*cells):
    return last_section(lambda seen: seen.section.count(*cells))


def first_capillaries_in_core(seen):
    """Segments in the core that were there at hour 0, for each mm² of it."""
    section, core = seen.section, seen.zones["core"]
    y, x = section.sites("endothelial")
    old = section.cells["born"][section.rows("endothelial")] <= 0
    return int((core[y, x] & old).sum()) / max(seen.area("core"), section.site_mm2)


def void(seen):
    """Share of the sites of host tissue in which no tissue cell stands or reaches."""
    held = np.zeros(seen.section.shape, bool)
    for cell in ("tumor", "necrotic", "fibroblast", "caf", "adipocyte"):
        held[seen.section.sites(cell)] = True
    if "bodies.sites" in seen.section.maps:  # of cells that reach over several sites
        held |= seen.section.maps["bodies.sites"] > 0
    outside = seen.zones["outside"]
    return float((~held)[outside].mean()) if outside.any() else math.nan


def lasting_supply(scenario, seed):
    """Primed effectors that the node gives to the blood on the last day, as a share of the most on any."""
    _, levels = history(scenario, seed, lambda body: float(body.node.levels.sum()))
    return levels[-1] / max(levels) if max(levels) > 0 else 0.0


def stem_cells_matter(scenario, seed):
    """How much less tumor there is where nine in ten stem-like cells are taken out halfway than where as many others.

    1 − burden without stem-like cells / burden without as many at random, on the last day.
    """
    body = Body(scenario, seed=seed, arm=scenario.reference)
    while body.clock.step < scenario.time.steps // 2:
        body.step()
    other, rng = body.copy(), np.random.default_rng(seed)
    cells, code = body.tissue.cells, body.tissue.biology.code("tumor")
    tumor = np.flatnonzero(cells.type[: cells.n] == code)
    tumor = tumor[np.argsort(cells.id[tumor])]
    stem = tumor[cells.state[body.tissue.biology.states.index("stemness")][tumor] > 0.5]
    taken = rng.permutation(stem)[: round(0.9 * stem.size)]
    at_random = rng.permutation(tumor)[: taken.size]
    burdens = []
    for each, rows in ((body, taken), (other, at_random)):
        for row in rows.tolist():
            living.vanish(row, each.tissue.cells.columns, each.tissue.layers, each.tissue.maps)
        while each.clock.step < scenario.time.steps:
            each.step()
        burdens.append(Section.of(each.tissue).count("tumor"))
    return 1.0 - burdens[0] / burdens[1] if burdens[1] else math.nan


# The mechanisms

EGRESS = {f"cells.{cell}.behaviors.egress": "0 1/h" for cell in ("ctl", "th1", "treg", "monocyte")}

MECHANISMS = {
    "sprouting": Mechanism(
        "without VEGF no vessel sprouts, so the tumor has fewer",
        last_section(lambda seen: seen.vessels("inside")), -1, off=("vegf_drives_sprouting", "il6_drives_sprouting"),
    ),
    "anoxic_death": Mechanism(
        "where anoxia does not kill, nothing becomes necrotic", cells_in_patch("necrotic"), -1, off=("anoxia_kills",),
    ),
    "caf_activation": Mechanism(
        "without activation fibroblasts stay normal", cells_in_patch("caf"), -1,
        off=("activated_fibroblasts_become_cafs",),
    ),
    "priming": Mechanism(
        "without precursors the node sends nobody, and fewer CTL come", cells_in_patch("ctl"), -1,
        set={"cells.ctl.primed.precursors": "x0.001"}, days=24.0,
    ),
    "th1_egress": Mechanism(
        "Th1 that do not leave pile up", cells_in_patch("th1"), +1, set={"cells.th1.behaviors.egress": "0 1/h"},
    ),
    "egress": Mechanism(
        "T cells that do not leave pile up", cells_in_patch("ctl", "th1", "treg"), +1, set=EGRESS,
    ),
    "fat": Mechanism(
        "a host without fat is void", last_section(void), +1, set={"start.densities.adipocyte": "0 /mm²"},
    ),
    "co_option": Mechanism(
        "co-opted capillaries that do not regress survive in the core",
        last_section(first_capillaries_in_core), +1, days=21.0,
        off=("solid_stress_squeezes_vessels", "ang2_strips_pericytes", "ang2_loosens_vessels"),
    ),
    "node_pool": Mechanism(
        "without a pool that renews itself the node gives one pulse", lasting_supply, -1,
        set={"processes.priming.stem_share": 0}, days=28.0,
    ),
    "hierarchy": Mechanism(
        "where all divide without end, stem-like cells do not matter", stem_cells_matter, -1,
        set={"cells.tumor.hierarchy.threshold": 0}, days=35.0,
    ),
}  # fmt: skip
"""A switch that the catalogue does not have yet stands here under the name that is expected of it."""


def switched(mechanism, on):
    """The scenario with the mechanism, or without it; InputError where there is no such switch."""
    scenario = load(mechanism.base)
    changes = {} if on else {**mechanism.set, **({"off": list(mechanism.off)} if mechanism.off else {})}
    return load(mechanism.base, days=mechanism.days, arms=scenario.reference, set=changes)


def is_absent(mechanism):
    """Why it cannot be switched off here; None where it can."""
    try:
        switched(mechanism, on=False)
    except InputError as error:
        return str(error.problems[0])
    return None


def work(name, seed, days=None):
    """One seed, with the mechanism and without it: its row."""
    mechanism = MECHANISMS[name]
    values = []
    for on in (True, False):
        scenario = switched(mechanism, on)
        values.append(mechanism.measure(scenario if days is None else scenario.with_options(days=days), seed))
    return dict(zip(COLUMNS, (name, seed, *map(short, values)), strict=True))


def summary(rows):
    """A line for each mechanism that was measured: the change in the direction that is due, and whether it is seen.

    seen: the mean change is at least `least` of the mean with the mechanism; sure: its interval lies on that side of 0.
    """
    pairs = defaultdict(list)
    for row in rows:
        pairs[row["mechanism"]].append((float(row["with"]), float(row["without"])))
    lines = []
    for name, values in pairs.items():
        mechanism = MECHANISMS[name]
        having, lacking = np.array(values).T
        mean, low, high = interval(lacking - having, CONFIDENCE)
        least = mechanism.least * abs(having.mean())
        seen = mechanism.sign * mean > least
        sure = low > 0 if mechanism.sign > 0 else high < 0
        lines.append((name, len(values), having.mean(), lacking.mean(), seen, sure))
    return lines


def told(line):
    name, n, having, lacking, seen, sure = line
    verdict = "takes its sign with it" if seen and sure else "its sign is seen, not surely" if seen else "NO SUCH SIGN"
    return f"{name:15s} {n} seeds  with {having:9.4g}  without {lacking:9.4g}  {verdict}: {MECHANISMS[name].says}"


def table(path=None):
    return Table(path or KEPT / "ablations.csv", COLUMNS, 2)


def absent():
    """The mechanisms whose switch the catalogue does not have, and why."""
    return {name: why for name, each in MECHANISMS.items() if (why := is_absent(each)) is not None}


def jobs_of(chosen):
    names = [name for name in chosen_from(MECHANISMS, chosen.only) if name not in absent()]
    return {(name, seed): (name, seed, chosen.days) for seed in range(1, chosen.seeds + 1) for name in names}


def lines_of(rows):
    return [*map(told, summary(rows)), *(f"{name:15s} absent: {why}" for name, why in absent().items())]


if __name__ == "__main__":
    command(__doc__, table, work, jobs_of, lines_of, seeds=SEEDS)
