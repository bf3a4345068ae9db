"""`why`: births and losses by cause, in each arm and as paired differences; with --ablate what each mechanism
contributes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.reading import InputError, Problem
from tmesim.statistics import defined_mean
from tmesim.text import json_text, line, say
from tmesim.wording import compact, words

if TYPE_CHECKING:
    import numpy as np

    from tmesim.ablation import Ablation
    from tmesim.result import Result
    from tmesim.trial.ablating import Plan
    from tmesim.why import Term, Why

SUMMING = """
Differences are from the reference, paired, with 95 % intervals; * where one leaves out 0, as one in twenty does by
chance. What is called sure above is so with all causes considered (false discovery rate 5 %). Gains less losses are
the cells at the end, so the differences of gains less those of losses are the difference of the cells."""
CONTRIBUTING = """
contribution: the effect with the group less the effect without it, paired, with 95 % interval; * where it leaves out
0, as one in twenty does by chance. What is called sure above is so with all groups considered (false discovery rate
5 %). What no rule does (killing itself, division, diffusion, what a drug scales) is not switched off. Groups interact,
so contributions need not add up."""


def print_why(folder: Path, csv: Path | None, as_json: bool) -> None:
    """Print causes and sentences, or write the table to a file."""
    from tmesim.cli.lists import print_rows
    from tmesim.cli.targeting import finished
    from tmesim.storage import write
    from tmesim.why import TUMOR, Why

    why = Why(finished(folder))
    if csv is not None:
        write(csv, why.table_bytes())
        say(f"{line(csv)}: causes of every cell type, by arm and zone")
        return
    if as_json:
        say(json_text(described(why)))
        return
    for text in why.sentences:
        say(line(text))
    say("")
    print_rows([told(why, term) for arm in why.result.arms for term in why.terms(arm, TUMOR)])
    say(SUMMING)
    for text in why.notices:
        say(f"caution: {line(text)}")
    for text in why.limits:
        say(line(text))


def described(why: Why) -> dict[str, Any]:
    """All of it as plain data."""
    from tmesim.why import COLUMNS

    rows = [{name: plain(value) for name, value in zip(COLUMNS, row, strict=True)} for row in why.rows]
    return {
        "sentences": list(why.sentences), "notices": list(why.notices), "limits": list(why.limits), "causes": rows,
    }  # fmt: skip


def told(why: Why, term: Term) -> dict[str, str]:
    """A term as a terminal shows it."""
    from tmesim.why import HELD, LOSS, label

    sign = -1 if term.way == LOSS else 1
    ends = sorted(sign * value for value in term.effect[1:])
    known = math.isfinite(term.effect[0]) and term.way != HELD
    bounds = f" [{compact(ends[0])}, {compact(ends[1])}]" if known and math.isfinite(ends[0]) else ""
    mean, low, high = term.spread
    spread = f" [{compact(low)}, {compact(high)}]" if math.isfinite(low) else ""
    what = "births that found no room" if term.way == HELD else label(why.result, term.cause, term.way)
    return {
        "arm": words(term.arm), "since": f"since day {term.since:g}", "tumor cells": what + " *" * term.sure,
        "mean": f"{compact(mean)}{spread}",
        "difference": f"difference {compact(sign * term.effect[0] + 0.0)}{bounds}" if known else "",
    }  # fmt: skip


def print_ablation(
    folder: Path, out: Path | None, groups: list[str] | None, arms: list[str] | None, replicates: int | None,
    days: float | None, workers: int | None, assignments: Iterable[str], csv: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Switch groups of rules off in turn, say what that costs before, and print what each contributes."""
    from tmesim.cli.running import assigned
    from tmesim.cli.targeting import finished
    from tmesim.storage import write
    from tmesim.trial.ablating import REPLICATES, carry_out, place_of, plan
    from tmesim.trial.execution import Execution

    result = finished(folder)
    replicates = REPLICATES if replicates is None else replicates
    planned = plan(result.scenario, groups, arms, replicates=replicates, days=days, set=assigned(assignments) or None)
    out = out or place_of(result)
    execution = Execution(workers, quiet=quiet)
    if not quiet:
        say(f"{cost(result, planned, execution.processes)} → {line(out)}", to_errors=True)
    ablation = carry_out(planned, out, execution)
    if csv is not None:
        write(csv, ablation.table_bytes())
        say(f"{line(csv)}: {len(ablation.groups)} groups of rules")
    elif as_json:
        from tmesim.ablation import COLUMNS

        say(json_text([{n: plain(v) for n, v in zip(COLUMNS, row, strict=True)} for row in ablation.rows]))
    else:
        print_contributions(ablation)


def cost(result: Result, planned: Plan, workers: int) -> str:
    """What an ablation takes, by what the run took."""
    from tmesim.trial.case import Case

    arms, n = len(planned.scenario.arms), planned.scenario.replicates
    text = f"{len(planned.groups)} groups of rules off in turn: {arms} arms × {n} replicates, {planned.steps} steps"
    before = Case(result.scenario, 0, 0).work * result.replicates
    seconds = result.provenance.get("replicate_s") or []
    if not seconds:
        return text
    boxes = planned.scenario.tissue.shape, result.scenario.tissue.shape
    larger = math.prod(boxes[0]) / math.prod(boxes[1])
    needed = sum(seconds) / before * planned.steps * larger / min(workers, n)
    return f"{text}, about {duration(needed)} with {workers} worker{'s' * (workers > 1)}"


def duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def print_contributions(ablation: Ablation) -> None:
    """The groups of each treated arm, ranked by the first endpoint."""
    from tmesim.cli.lists import print_rows

    for text in ablation.sentences:
        say(line(text))
    for arm in ablation.arms:
        say("")
        rows = []
        for each in ablation.ranked(arm=arm):
            mean, low, high = each.spread
            bounds = f" [{compact(low)}, {compact(high)}]" if math.isfinite(low) else ""
            rows.append({
                "arm": words(arm), "group": each.group, "contribution": f"{compact(mean)}{bounds}{' *' * each.sure}",
                "without": f"effect without it {compact(mean_of(each.effect_without))}",
                "reference": f"reference changes by {compact(mean_of(each.reference_change))}", "is": each.label,
            })  # fmt: skip
        print_rows(rows)
    say(CONTRIBUTING)


def mean_of(values: np.ndarray) -> float:
    """The mean of what is defined."""
    return defined_mean(values)[0]


def refuse_without_ablation(given: dict[str, object]) -> None:
    """InputError for options that go with --ablate alone."""
    if wrong := [name for name, value in given.items() if value]:
        raise InputError([Problem("goes with --ablate", name) for name in wrong])


def plain(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
