"""How much replicates of the packaged scenarios differ: the endpoints of each arm at the end, for a few replicates.

    python tests/spreads.py [--replicates 4] [--only treg_depletion,untreated] [--workers 2] [--summary] [--anew]

`tmesim list scenarios` and `tmesim explain` tell from it how many replicates an interval of ± 10 % takes. A replicate's
rows are added to `tmesim/spreads.csv` as it is finished, so that the command goes on where it was ended; a scenario
that is not in it is told as not measured. The first line says when the table was begun, and on which catalogue and
engine; each row, on which scenario.
"""

import hashlib
from pathlib import Path

from gates import Table, chosen_from, command
from histories import PACKAGE

from tmesim.catalogue import load_catalogue
from tmesim.scenario import load, named, replicate_seed
from tmesim.spreads import COLUMNS, FILE, Spreads
from tmesim.trial.case import Case
from tmesim.trial.identity import identity
from tmesim.trial.replicate import reported, simulate

ENGINE = ("kernels", "tissue", "body", "observables")
"""Whose sources decide what a replicate comes to, beside the catalogue."""
CHEAP = ("treg_depletion", "untreated", "anti_pd_l1", "anti_vegf", "tgfb_blockade", "combination", "minimal")
REPLICATES = 4


def engine():
    """What the rows of today stand for."""
    key = hashlib.sha256()
    for path in sorted(path for folder in ENGINE for path in (PACKAGE / folder).rglob("*.py")):
        key.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return f"catalogue {load_catalogue().hash[:12]}, engine {key.hexdigest()[:12]}"


def work(name, replicate, days=None):
    """One replicate of a scenario: a row for each arm and endpoint."""
    scenario = load(name, days=days)
    outcome = simulate(Case(scenario, replicate, replicate_seed(scenario.seed, replicate)))
    columns, made_of = ("hour", *reported(scenario)), identity(scenario)[:12]
    return [
        dict(zip(COLUMNS, (name, replicate, made_of, arm, endpoint,
                           repr(float(table[-1, columns.index(endpoint)]))), strict=True))
        for arm, table in outcome.tables.items()
        for endpoint in scenario.endpoints
    ]  # fmt: skip


def jobs_of(chosen):
    """Scenario by scenario, replicate by replicate: the first ones of all come first."""
    names = chosen_from(CHEAP, None) if chosen.only is None else chosen_from(named(), chosen.only)
    return {(name, r): (name, r, chosen.days) for r in range(chosen.replicates) for name in names}


def summary(rows):
    """What each scenario of the table takes."""
    spreads = Spreads([{name: row[name] for name in COLUMNS} for row in rows], "")
    lines = [f"{name:24s} {spreads.told(name)}" for name in dict.fromkeys(row["scenario"] for row in rows)]
    return lines or ["nothing is measured yet"]


def table(path=None):
    return Table(path or Path(FILE), COLUMNS, 2, of=engine)


if __name__ == "__main__":
    command(__doc__, table, work, jobs_of, summary, replicates=REPLICATES)
