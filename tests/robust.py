"""Whether untreated tissues stay within what tumors show when a start density or a main number is halved or doubled.

    python tests/robust.py [--days D] [--seeds 1] [--only mouse,human] [--workers 2] [--summary]

On the last day of each run: no cell type but the tumor's holds more than half of the sites of its layer within the
tumor (runaway); no density leaves its published interval (`tmesim/targets/targets.yaml`) by more than threefold (fold:
how far the worst one leaves it); and a tumor of which less than half is left is run again without attackers, and has to
keep a tenth of its cells then (vanishing). Rows are added to `tests/kept/robust.csv` as they are finished.
"""

import math
from types import SimpleNamespace

import numpy as np
from gates import KEPT, Table, chosen_from, command, short

from tmesim.body import Body
from tmesim.catalogue import load_catalogue
from tmesim.reading import InputError
from tmesim.scenario import load
from tmesim.section import Section
from tmesim.targets import targets_of
from tmesim.targets.measures import MEASURES, Untreated

HOSTS = {"mouse": "untreated", "human": "chemotherapy"}
FACTORS = ("x0.5", "x2")
FOLD, CROWD, LEFT, GONE = 3.0, 0.5, 0.5, 0.1
AND = " and "
FEW = 3.0  # cells: fewer than the interval asks for by no more than these are chance

NUMBERS = (
    "cells.tumor.behaviors.division", "cells.tumor.behaviors.apoptosis", "cells.tumor.behaviors.necrosis",
    "cells.tumor.behaviors.uptake.oxygen", "cells.tumor.behaviors.secretion.vegf",
    "cells.tumor.behaviors.secretion.tgfb",
    "cells.tumor.behaviors.secretion.ccl2 and rules.hypoxia_raises_ccl2.limit",
    "cells.tumor.behaviors.emt_gain", "cells.tumor.behaviors.stemness_gain",
    "cells.endothelial.behaviors.exchange.oxygen", "cells.endothelial.behaviors.regression",
    "cells.endothelial.behaviors.admit.ctl", "cells.endothelial.behaviors.admit.treg",
    "cells.endothelial.behaviors.admit.monocyte",
    "cells.ctl.behaviors.division", "cells.ctl.behaviors.apoptosis", "cells.ctl.behaviors.hit_rate",
    "cells.ctl.behaviors.egress", "cells.treg.behaviors.division", "cells.treg.behaviors.apoptosis",
    "cells.th1.behaviors.secretion.ifng", "cells.m2.behaviors.apoptosis", "cells.monocyte.behaviors.apoptosis",
    "cells.fibroblast.behaviors.division", "cells.caf.behaviors.division", "cells.caf.behaviors.apoptosis",
    "cells.caf.behaviors.secretion.tgfb", "cells.caf.behaviors.deposition.ecm",
    "rules.vegf_drives_sprouting.half_max", "rules.oxygen_fuels_division.half_max",
    "rules.ifng_slows_division.half_max", "cells.ctl.primed.precursors", "processes.priming.reactive_fraction",
)  # fmt: skip
"""Main numbers: growth, oxygen, vessels, entry, attack, suppression, stroma, priming. Those that only go together are
joined by AND; one that the catalogue does not have is told as absent."""
COLUMNS = ("host", "what", "factor", "seed", "days", "start", "end", "unattacked", "fold", "worst", "runaway",
           "verdict")  # fmt: skip


def knobs(host):
    """What is halved and doubled: each part of the start, and the main numbers."""
    start = load(HOSTS[host]).start
    densities = [f"start.densities.{cell}" for cell, density in start.densities.items() if density > 0]
    return [*densities, "start.capillaries", "start.ecm", *NUMBERS]


def plan(host, what, factor, days, peaceful=False):
    """The scenario; InputError where the number cannot be so."""
    changes = dict.fromkeys(what.split(AND), factor) if what else {}
    if peaceful:
        attackers = [name for name, cell in load_catalogue().cells.items() if cell.targets]
        changes |= {f"cells.{name}.behaviors.attachment": "0 1/h" for name in attackers}
    source = load(HOSTS[host])
    return load(HOSTS[host], days=days, set=changes, arms=source.reference)


def grown(scenario, seed):
    body = Body(scenario, seed=seed)
    first = Section.of(body.tissue).count("tumor")
    while body.clock.step < scenario.time.steps:
        body.step()
    return body, first


def seen_in(body):
    """The body's tissue now, as the measures of the targets look at one."""
    section = Section.of(body.tissue)
    result = SimpleNamespace(scenario=body.scenario, snapshot=lambda *_: section, last_snapshot_day=lambda: section.day)
    return Untreated(result, body.arm, 0)


def worst_density(seen, host):
    """How far the worst density leaves its interval, as a factor (1 within), and which it is."""
    worst, name = 1.0, ""
    for target in targets_of(host):
        if target.unit != "1/mm²" or (target.low is None and target.high is None):
            continue
        value = MEASURES[target.measure](seen)
        if not math.isfinite(value):
            continue
        zone = target.measure.rpartition("_")[2]
        chance = FEW / seen.area(zone) if seen.area(zone) else 0.0
        fold = 1.0
        if target.high is not None and value > target.high:
            fold = value / target.high
        elif target.low is not None and value < target.low:
            fold = target.low / max(value + chance, 1e-9)
        if fold > worst:
            worst, name = fold, f"{target.measure} {value:.4g}"
    return worst, name


def runaways(seen, biology):
    """Cell types that hold more than CROWD of the sites within the tumor, save the tumor's own and its debris."""
    inside = seen.zones["inside"]
    held = {cell: seen.count("inside", cell) / max(int(inside.sum()), 1) for cell in biology.types}
    return [f"{cell} {share:.2f}" for cell, share in held.items()
            if share > CROWD and cell not in ("tumor", "necrotic")]  # fmt: skip


def work(host, what, factor, seed, days):
    """One run (and where it shrinks, the one without attackers): its row."""
    row = dict.fromkeys(COLUMNS, "") | {"host": host, "what": what, "factor": factor, "seed": seed}
    try:
        scenario = plan(host, what, factor, days)
    except InputError as error:
        known = dict(load_catalogue().numbers())
        absent = any(each not in known for each in what.split(AND) if not each.startswith("start."))
        text = "absent" if absent else f"refused: {error.problems[0]}"
        return row | {"verdict": " ".join(text.replace(",", ";").split())}
    body, first = grown(scenario, seed)
    seen = seen_in(body)
    last = seen.section.count("tumor")
    fold, worst = worst_density(seen, host)
    runaway = runaways(seen, body.tissue.biology)
    unattacked = ""
    if last < LEFT * first:
        peaceful, _ = grown(plan(host, what, factor, days, peaceful=True), seed)
        unattacked = Section.of(peaceful.tissue).count("tumor")
    wrong = [text for text, is_wrong in (
        ("runaway", runaway), ("density", fold > FOLD), ("vanishes", unattacked != "" and unattacked < GONE * first),
    ) if is_wrong]  # fmt: skip
    return row | {
        "days": short(scenario.time.days), "start": first, "end": last, "unattacked": unattacked,
        "fold": short(fold), "worst": worst, "runaway": "; ".join(runaway), "verdict": " and ".join(wrong) or "holds",
    }  # fmt: skip


def jobs_of(chosen):
    """The run as it is, and each part and number halved and doubled, host by host."""
    jobs = {}
    for seed in range(1, chosen.seeds + 1):
        for host in chosen_from(HOSTS, chosen.only):
            for what, factor in [("", "x1"), *((what, factor) for what in knobs(host) for factor in FACTORS)]:
                jobs[host, what, factor, seed] = (host, what, factor, seed, chosen.days)
    return jobs


def summary(rows):
    """How many hold, and each that does not."""
    counted = [row for row in rows if row["verdict"] not in ("absent",)]
    bad = [row for row in counted if row["verdict"] != "holds"]
    lines = [f"{len(counted) - len(bad)} of {len(counted)} hold; "
             f"{len(rows) - len(counted)} rows are of numbers that the catalogue does not have"]  # fmt: skip
    for row in bad:
        lines.append(
            f"{row['host']:6s} {row['what'] or '(as it is)':45s} {row['factor']:5s} {row['verdict']:20s} "
            f"{row['start']} → {row['end']} cells  × {row['fold']} {row['worst']}  {row['runaway']}"
        )
    growth = [float(row["end"]) / float(row["start"]) for row in counted if row["end"]]
    if growth:
        lines.append(f"tumors end at {min(growth):.2f} to {max(growth):.2f} of their start, median "
                     f"{np.median(growth):.2f}")  # fmt: skip
    return lines


def table(path=None):
    return Table(path or KEPT / "robust.csv", COLUMNS, 4)


if __name__ == "__main__":
    command(__doc__, table, work, jobs_of, summary, seeds=1)
