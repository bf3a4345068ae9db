"""Which rules stay silent: each rule of the packaged catalogue, and how far its signal drives it in untreated tumors of
all named hosts.

    python tests/silent_rules.py [--days 21] [--seeds 2] [--workers 2]

The saturation of a rule is what its signal alone would give: s / (1 + s) with s = (signal / half-maximum)^power. A rule
is silent in a tissue when it stays below 0.2 in 99 % of its cells at all hours. Nothing is changed by that: the list
says where numbers disagree with what the tissue reaches. The table is kept in `tests/kept/silent_rules.csv`.
"""

import argparse
import csv
import datetime
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
from gates import biology

from tmesim.body import Body
from tmesim.catalogue import hosts, load_catalogue
from tmesim.kernels.compiling import kernel
from tmesim.kernels.sense import perceive
from tmesim.kernels.touch import count_contacts
from tmesim.scenario import load

KEPT = Path(__file__).parent / "kept" / "silent_rules.csv"
OF_SPECIES = {"mouse": "untreated", "human": "chemotherapy"}  # a scenario of each, whose untreated arm is looked at
SILENT, SHARE = 0.2, 0.99
EVERY = 12  # steps between two looks


@kernel
def perceived(rows, kind, now, cells, layers, maps, rules, inputs):
    """The signals that cells of one type sense, (signals, cells) float32; those that the type does not use are 0."""
    out = np.zeros((rules.signals.size, rows.size), np.float32)
    signals = np.zeros((rules.signals.size, 1), np.float32)
    contacts = np.zeros((rules.kinds.size, 1), np.float32)
    who = np.zeros((4, 1), np.int64)
    for i in range(rows.size):
        row = rows[i]
        who[0, 0] = row
        who[1, 0] = cells.core[row].y
        who[2, 0] = cells.core[row].x
        who[3, 0] = cells.clone[row]
        if rules.kinds[kind].needs:
            count_contacts(who[1, 0], who[2, 0], kind, cells, layers, contacts)
        perceive(kind, 1, who, now, cells, layers, maps, rules, inputs, signals, contacts)
        for s in range(out.shape[0]):
            out[s, i] = signals[s, 0]
    return out


def saturations(body):
    """{(rule, cell type): the saturation that SHARE of its cells do not exceed} now, where there are such cells."""
    tissue, found = body.tissue, {}
    biology, inputs = tissue.biology, body.passed[tissue.name].inputs
    for code, cell in enumerate(biology.types):
        rows = np.flatnonzero(tissue.cells.type[: tissue.cells.n] == code)
        if rows.size == 0:
            continue
        signals = perceived(
            rows, code, body.hour, tissue.cells.columns, tissue.layers, tissue.maps, biology.rules, inputs
        )
        for name, rule in body.catalogue.rules.items():
            if cell in rule.cell and rule.signal in biology.signals:
                s = signals[biology.signals.index(rule.signal)].astype(float) / rule.half_max.at(body.host)
                s **= rule.power.at(body.host)
                found[name, cell] = float(np.quantile(s / (1.0 + s), SHARE))
    return found


def highest(host, days, seeds):
    """{(rule, cell type): its highest saturation} over the hours and seeds of untreated tissues."""
    scenario, top = load(OF_SPECIES[hosts()[host].species], set={"host": host}), {}
    for seed in range(seeds):
        body = Body(scenario, seed=seed, arm=scenario.reference)
        for step in range(round(days * 24 / body.dt)):
            body.step()
            if step % EVERY == 0:
                for which, value in saturations(body).items():
                    top[which] = max(top.get(which, 0.0), value)
    return top


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--days", type=float, default=21.0)
    options.add_argument("--seeds", type=int, default=2)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    with ProcessPoolExecutor(chosen.workers) as pool:
        found = pool.map(highest, hosts(), repeat(chosen.days), repeat(chosen.seeds))
    top = dict(zip(hosts(), found, strict=True))
    catalogue = load_catalogue()
    rows = []
    for name, rule in catalogue.rules.items():
        for cell in rule.cell:
            reached = {host: top[host].get((name, cell)) for host in hosts()}
            if all(value is None or value < SILENT for value in reached.values()):
                told = ["" if value is None else f"{value:.3g}" for value in reached.values()]
                rows.append([name, cell, rule.signal, str(rule.half_max), *told])
    head = ["rule", "cell", "signal", "half_max", *(f"saturation_{host}" for host in hosts())]
    date = datetime.date.today().isoformat()
    with open(KEPT, "w", newline="", encoding="utf-8") as file:
        file.write(f"# {date}, {chosen.days:g} days, {chosen.seeds} seeds, {biology(*hosts())}\n")
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    every = sum(len(rule.cell) for rule in catalogue.rules.values())
    print(f"{len(rows)} of {every} rules of a cell type are silent: {KEPT}")


if __name__ == "__main__":
    main()
