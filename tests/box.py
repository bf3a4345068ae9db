"""Whether the relative effect of a treatment hangs on the box, the step or the spacing.

    python tests/box.py [--pairs 60] [--only reference,box_2100] [--workers 2] [--summary]

A pair is a tissue that is copied when the first dose is due: one copy is treated, the other is not. Its effect is the
logarithm of treated over untreated tumor burden on the last day. For each setting, two one-sided tests (each at 5 %)
ask whether the relative effect lies within ± 10 points of that of the reference setting. Each finished pair is added
to `tests/kept/box.csv` at once, so that the command goes on where it was ended.
"""

import math
from collections import defaultdict

import numpy as np
from gates import KEPT, Table, biology, chosen_from, command, short

from tmesim.body import Body
from tmesim.scenario import load
from tmesim.section import Section
from tmesim.statistics import interval, student

PAIRS, MARGIN, CONFIDENCE = 60, 0.10, 0.90  # two one-sided tests at 5 % are an interval of 90 %
SCENARIO, ARM = "treg_depletion", "treg_depletion"


def square(mm, spacing=15.0, at=None):
    """A square box of about so many mm of whole sites, with the nest in its middle or `at` (mm) from there."""
    side = round(mm * 1000 / spacing) * spacing
    settings = {"tissue": {"size": [f"{side:g} µm"] * 2, "spacing": f"{spacing:g} µm"}}
    if at is not None:
        settings["start.tumor[0].at"] = [f"{side / 2 + 1000 * off:g} µm" for off in at]
    return settings


SETTINGS = {
    "reference": square(1.5),
    "box_2100": square(2.1),
    "box_2700": square(2.7),
    "off_center": square(1.5, at=(-0.15, 0.1)),
    "off_center_2100": square(2.1, at=(-0.4, 0.3)),
    "half_step": square(1.5) | {"time.step": "0.5 h"},
    "spacing_13": square(1.5, 13.0),
    "spacing_17": square(1.5, 17.0),
}
"""The patch, the place of the nest, the step and the sites; nothing of the biology."""
COLUMNS = ("setting", "seed", "untreated", "treated", "log_ratio")


def pair(setting, seed, days=None, changes=None):
    """One pair of a setting: its row. changes : further numbers of the scenario, by path."""
    scenario = load(SCENARIO, days=days, set=SETTINGS[setting] | (changes or {}))
    untreated = Body(scenario, seed=seed, arm=scenario.reference)
    first = min(dose.start_h for dose in scenario.arm(ARM).therapies)
    while untreated.hour < first:
        untreated.step()
    treated = untreated.copy()
    treated.treat(ARM)
    for body in (untreated, treated):
        while body.clock.step < scenario.time.steps:
            body.step()
    burdens = [Section.of(body.tissue).count("tumor") for body in (untreated, treated)]
    ratio = math.log((burdens[1] + 0.5) / (burdens[0] + 0.5))  # a tumor that is gone has a logarithm too
    return dict(zip(COLUMNS, (setting, seed, *burdens, short(ratio)), strict=True))


def relative(logs):
    """The relative effect exp(mean) − 1 of some logarithms, and its standard error."""
    mean, _, high = interval(np.asarray(logs), CONFIDENCE)
    return math.expm1(mean), math.exp(mean) * (high - mean) / student(len(logs), CONFIDENCE)


def equivalence(logs, reference):
    """Difference of the relative effects, its interval, and what that says of ± MARGIN: "equivalent", "different" (all
    of it lies beyond) or "open"."""
    (one, error_one), (other, error_other) = relative(logs), relative(reference)
    half = math.hypot(error_one, error_other) * student(min(len(logs), len(reference)), CONFIDENCE)
    low, high = one - other - half, one - other + half
    if -MARGIN < low and high < MARGIN:
        return one - other, low, high, "equivalent"
    return one - other, low, high, "different" if low > MARGIN or high < -MARGIN else "open"


def summary(rows):
    """A line for each setting that has pairs: effect, difference to the reference, interval, verdict."""
    logs = defaultdict(list)
    for row in rows:
        logs[row["setting"]].append(float(row["log_ratio"]))
    lines = []
    for name in SETTINGS:
        if len(logs[name]) < 3:
            continue
        effect, error = relative(logs[name])
        line = {"setting": name, "pairs": len(logs[name]), "effect": effect, "error": error}
        if name != "reference" and len(logs["reference"]) >= 3:
            line |= dict(zip(("difference", "low", "high", "verdict"), equivalence(logs[name], logs["reference"]),
                             strict=True))  # fmt: skip
        lines.append(line)
    return lines


def told(line):
    text = f"{line['setting']:16s} {line['pairs']:3d} pairs  effect {line['effect']:+.1%} ± {line['error']:.1%}"
    if "verdict" in line:
        text += f"  against the reference {100 * line['difference']:+.1f} points " \
                f"({100 * line['low']:+.1f} to {100 * line['high']:+.1f}): {line['verdict']}"  # fmt: skip
    return text


def table(path=None):
    return Table(path or KEPT / "box.csv", COLUMNS, 2, lambda: biology("mouse"))  # whose scenario it is


def jobs_of(chosen):
    """Pair by pair over all settings, so that what is done when it is ended can be compared."""
    names = chosen_from(SETTINGS, chosen.only)
    return {(name, seed): (name, seed, chosen.days) for seed in range(1, chosen.pairs + 1) for name in names}


if __name__ == "__main__":
    command(__doc__, table, pair, jobs_of, lambda rows: map(told, summary(rows)), pairs=PAIRS)
