"""Observables over time: the median of the replicates, the middle half as a band, each replicate as a thin line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, MultipleLocator

from tmesim.figures.style import FAINT, GRID, INK, LABEL, Sheet, arm_colors
from tmesim.observables import observables_of
from tmesim.statistics import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tmesim.result import Result
    from tmesim.scenario import Scenario

USUAL = (
    "tumor_burden", "n_ctl", "n_treg", "kills_per_ctl", "exhaustion_mean", "pdl1_mean", "hypoxic_fraction",
    "vessel_density", "emt_mean",
)  # fmt: skip
WIDTH, HEIGHT, COLUMNS = 420, 250, 3


def chosen(result: Result, most: int = 9) -> list[str]:
    """The endpoints first, then the usual ones, as far as they have values."""
    names = dict.fromkeys((*result.scenario.endpoints, *USUAL))
    return [n for n in names if n in result.observables and has_values(result, n)][:most]


def has_values(result: Result, name: str) -> bool:
    return any(np.isfinite(result.series(name, arm)[1]).any() for arm in result.arms)


def draw_trajectories(result: Result, path: Path, observables: Sequence[str] | None = None) -> Path:
    names = list(observables or chosen(result))
    known = observables_of(result.scenario.catalogue, result.scenario.catalogue.therapies)
    colors = arm_colors(result.scenario)
    columns = min(COLUMNS, len(names))
    rows = -(-len(names) // columns)
    marks = 38 + 10 * max(0, len(doses(result.scenario)) - 1)  # room above the axes for the doses of each arm
    left, top, across, down = 96, 128, WIDTH + 104, HEIGHT + marks + 62
    sheet = Sheet(max(left + columns * across - 40, 900), top + rows * down)
    for i, name in enumerate(names):
        axes = sheet.axes(left + (i % columns) * across, top + marks + (i // columns) * down, WIDTH, HEIGHT)
        head = sentence(known[name].label)
        sheet.text(left + (i % columns) * across, top + (i // columns) * down - 4, head, LABEL + 1, weight="bold")
        days, reference = result.series(name, result.reference)
        draw_arm(axes, days, reference, colors[result.reference])
        for arm in result.arms:
            if arm != result.reference:
                values = result.series(name, arm)[1]
                first = parting(values, reference)
                draw_arm(axes, days[first:], values[:, first:], colors[arm])
        finish(axes, result.scenario, known[name].unit, last_row=i + columns >= len(names))
        mark_doses(axes, result.scenario, colors)
    handles: list[Line2D | Patch] = [Line2D([], [], color=colors[arm], lw=2, label=words(arm)) for arm in result.arms]
    if result.replicates > 1:
        handles.append(Patch(facecolor="#bbbbbb", label="middle half of the replicates"))
        handles.append(Line2D([], [], color="#999999", lw=0.6, label="one replicate"))
    if doses(result.scenario):
        handles.append(Line2D([], [], ls="", marker="v", color="#555555", ms=5, label="dose"))
    sheet.figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=((left - 6) / sheet.width, 1 - 76 / sheet.height), ncols=8,
        fontsize=LABEL, frameon=False, borderaxespad=0, columnspacing=1.6, handletextpad=0.6, labelcolor=INK,
    )  # fmt: skip
    many = f"n = {result.replicates} replicates; lines are medians" if result.replicates > 1 else "one replicate"
    sheet.text(left, 18, f"Over time: {words(result.scenario.name)}", 14, weight="bold")
    sheet.text(left, 50, f"{result.scenario.question} {many}", LABEL, color=FAINT)
    return sheet.save(path)


def parting(values: np.ndarray, reference: np.ndarray) -> int:
    """The last time up to which an arm is its reference: what comes before would only be drawn over it."""
    equal = ((values == reference) | (np.isnan(values) & np.isnan(reference))).all(0)
    return max(0, int(np.argmin(equal)) - 1) if not equal.all() else 0


def draw_arm(axes: Axes, days: np.ndarray, values: np.ndarray, color: str) -> None:
    """values : (replicates, times); times at which every replicate is NaN stay empty."""
    known = np.isfinite(values).any(0)
    if not known.any():
        return
    low, middle, high = np.nanquantile(values[:, known], [0.25, 0.5, 0.75], axis=0)
    if len(values) > 1:
        axes.plot(days, values.T, color=color, lw=0.45, alpha=0.4, zorder=2)
        axes.fill_between(days[known], low, high, color=color, alpha=0.2, lw=0, zorder=1)
    axes.plot(days[known], middle, color=color, lw=1.8, zorder=3)


def finish(axes: Axes, scenario: Scenario, unit: str, last_row: bool) -> None:
    axes.set_xlim(0, scenario.time.days)
    low, high = axes.get_ylim()
    if low >= 0 or axes.dataLim.y0 >= 0:
        axes.set_ylim(0, max(high, 1e-12))
    axes.grid(axis="y", color=GRID, lw=0.6, zorder=0)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    days = scenario.time.days
    weeks = 14 <= days <= 70
    axes.xaxis.set_major_locator(MultipleLocator(7) if weeks else MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_label_coords(-0.15, 0.5)
    axes.set_ylabel(unit, fontsize=LABEL, color=INK)
    if last_row:
        axes.set_xlabel("day", fontsize=LABEL, color=INK)


def doses(scenario: Scenario) -> dict[str, list[float]]:
    """Arm → days of its doses, for arms that get any."""
    days = {arm: [h / 24 for d in entry.therapies for h in d.hours()] for arm, entry in scenario.arms.items()}
    return {arm: [d for d in when if d <= scenario.time.days] for arm, when in days.items() if when}


def mark_doses(axes: Axes, scenario: Scenario, colors: dict[str, str]) -> None:
    """A small triangle for each dose above the axes, a line of triangles for each treated arm."""
    for i, (arm, days) in enumerate(doses(scenario).items()):
        height = 1.035 + 0.05 * i
        axes.plot(days, [height] * len(days), ls="", marker="v", ms=3.4, mfc=colors[arm], mec="none", clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
