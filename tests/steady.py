"""Whether a host without a tumor stays as it is, and whether immunotherapy leaves a tumor without antigens alone.

    python tests/steady.py [--seeds 4] [--only host,antigens] [--workers 2] [--summary]

host: patches without a tumor for 60 days, mouse and human: over the last third each density lies within a factor of 1.5
of that of the start, the median oxygen within a tenth. antigens: tumors whose cells have none, treated with antibodies
against PD-L1 and CD25 and not: the tumor burden differs by less than a tenth. Rows are added to `tests/kept/steady.csv`
as they are finished.
"""

import math
from collections import defaultdict

import numpy as np
from gates import KEPT, Table, chosen_from, command, short

from tmesim.body import Body
from tmesim.scenario import load
from tmesim.section import Section
from tmesim.statistics import relative_change

HOSTS = {"mouse": "untreated", "human": "chemotherapy"}
DAYS, SEEDS = 60.0, 4
FACTOR, OXYGEN, BURDEN = 1.5, 0.10, 0.10
RARE = 8.0  # cells of a type on all patches of a host, below which chance alone is more than FACTOR
IMMUNE = {"anti_pd_l1": ("anti_pd_l1", "anti_pd_l1"), "treg_depletion": ("treg_depletion", "anti_cd25")}
"""A scenario for each immunotherapy, and its therapy."""
COLUMNS = ("part", "case", "seed", "what", "before", "after")


def host(name, seed, days=None):
    """A patch without a tumor: cells of each type and median oxygen at the start, and as means of the last third."""
    days = days or DAYS
    scenario = load(HOSTS[name], days=days, set={"start.tumor": []}, arms=load(HOSTS[name]).reference)
    body = Body(scenario, seed=seed)
    at_first = look(body)
    seen = []
    while body.clock.step < scenario.time.steps:
        body.step()
        if body.hour >= days * 16 and body.clock.step % 24 == 0:
            seen.append(look(body))
    return [
        row("host", name, seed, what, at_first[what], float(np.mean([each.get(what, 0.0) for each in seen])))
        for what in at_first
    ]


def look(body):
    """Cells of each type that has any or was asked for, and the median oxygen."""
    section = Section.of(body.tissue)
    asked = body.start.densities
    counts = {f"n_{cell}": float(section.count(cell)) for cell in section.types if section.count(cell) or cell in asked}
    return counts | {"oxygen": float(np.median(section.maps["field.oxygen"]))}


def antigens(name, seed, days=None):
    """Tumor burden without and with an immunotherapy, where no tumor cell has an antigen."""
    source, use = IMMUNE[name]
    clone = [{"name": "founder", "share": 1, "antigens": 0}]
    plan = load(source)
    arm = next(each for each, what in plan.arms.items() if [dose.use for dose in what.therapies] == [use])
    scenario = load(source, days=days, set={"start.clones": clone})
    untreated = Body(scenario, seed=seed, arm=scenario.reference)
    first = min(dose.start_h for dose in scenario.arm(arm).therapies)
    while untreated.hour < first:
        untreated.step()
    treated = untreated.copy()
    treated.treat(arm)
    burdens = []
    for body in (untreated, treated):
        while body.clock.step < scenario.time.steps:
            body.step()
        burdens.append(Section.of(body.tissue).count("tumor"))
    return [row("antigens", name, seed, "n_tumor", *burdens)]


def row(part, case, seed, what, before, after):
    return dict(zip(COLUMNS, (part, case, seed, what, short(before), short(after)), strict=True))


PARTS = {"host": (host, tuple(HOSTS)), "antigens": (antigens, tuple(IMMUNE))}


def work(part, case, seed, days):
    return PARTS[part][0](case, seed, days)


def summary(rows):
    """A line for each number: what it was, what it became, how far that may go, and whether it holds."""
    groups = defaultdict(list)
    for each in rows:
        groups[each["part"], each["case"], each["what"]].append((float(each["before"]), float(each["after"])))
    lines = []
    for (part, case, what), pairs in groups.items():
        before, after = np.array(pairs).T
        if part == "antigens":
            change, low, high = relative_change(after, before, 0.90)
            holds = -BURDEN < low and high < BURDEN
            lines.append((part, case, what, f"{change:+.1%} ({low:+.1%} to {high:+.1%})", holds))
            continue
        fold = after.mean() / before.mean() if before.mean() > 0 else math.inf if after.mean() > 0 else 1.0
        margin = 1 + OXYGEN if what == "oxygen" else FACTOR
        if what != "oxygen" and max(before.sum(), after.sum()) < RARE:
            continue
        lines.append((part, case, what, f"{before.mean():.4g} → {after.mean():.4g} (× {fold:.2f})",
                      1 / margin <= fold <= margin))  # fmt: skip
    return lines


def told(line):
    part, case, what, text, holds = line
    return f"{part:9s} {case:15s} {what:16s} {text:36s} {'holds' if holds else 'FAILS'}"


def table(path=None):
    return Table(path or KEPT / "steady.csv", COLUMNS, 3)


def jobs_of(chosen):
    parts = chosen_from(PARTS, chosen.only)
    return {
        (part, case, seed): (part, case, seed, chosen.days)
        for seed in range(1, chosen.seeds + 1) for part in parts for case in PARTS[part][1]
    }  # fmt: skip


if __name__ == "__main__":
    command(__doc__, table, work, jobs_of, lambda rows: map(told, summary(rows)), seeds=SEEDS)
