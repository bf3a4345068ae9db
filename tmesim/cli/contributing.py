"""`explain contributing`: where a thing lives, how to add each kind of entry, and what judges a change."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from tmesim.catalogue import KINDS, Catalogue
from tmesim.catalogue.files import FILES

# What to do for each kind of entry, beside writing it; `tests/test_finding.py` goes through with each of them.
STEPS = {
    "cells": "Its behaviors are numbers at rest; rules change them. `agent` names its class in Python, which is made "
    "from the entry. The parts it plays stand there too: malignant, targets, antigen_specific, captures_antigens, "
    "primed, guided_by; no engine knows a cell type by name.",
    "states": "Name it in the `states` of the cell types that carry it, and let rules drive NAME_gain and NAME_loss. "
    "With `shown: true` others can feel it, as contact.NAME.",
    "rules": "One sentence of biology: in CELL, SIGNAL increases or decreases BEHAVIOR toward LIMIT, because of "
    "EVIDENCE. The words are those of `tmesim list signals` and `tmesim list behaviors`; groups multiply. "
    "catalogue/mechanisms.yaml says with which other rules it is switched off by `tmesim why RUN --ablate`.",
    "fields": "Give some cell type the behavior secretion.NAME, and let rules read NAME. `slow: true` lets it move in "
    "time instead of being in balance.",
    "therapies": "Pharmacokinetics, target and effects; an arm gives it with {use: NAME, start: 7 d}.",
    "matrix": "A density: give cell types deposition.NAME and degradation.NAME, and let rules read NAME.",
    "processes": "A process is code, and its numbers are here. One module in tmesim/tissue/processes says what it "
    "reads, writes and hands on, its kernel in tmesim/kernels states the formula, and its place in the step is a line "
    "of tmesim/body/step.py (`tmesim explain step`). One that brings or takes cells names its `cause` for the ledger.",
}


def contributing(c: Catalogue) -> list[str]:
    """The page, from the package as it is installed."""
    page = [
        "Changing tmesim. Biology is data and engines are code: most changes are an entry in a YAML file.",
        "",
        "Where things live, the upper ones importing the lower ones only:",
        "",
        *(f"    {name:24s} {what}" for name, what in modules()),
        "",
        "How to add an entry. In a scenario it stands under add: KIND: NAME:, for that scenario alone; in a file "
        "below, for all. Either way it is listed, explained, checked and tested by existing. A new file gets a line in "
        "tmesim/catalogue/files.py, which says in what order files are read.",
    ]
    for kind in KINDS:
        count = len(getattr(c, kind))
        example = next(iter(getattr(c, kind)))
        page += ["", f"{kind}: {count} now, such as {example}, in {_place(kind)}", f"- {STEPS[kind]}"]
    return [
        *page,
        "",
        "scenarios, in scenarios/NAME.yaml",
        "- `extends` another one and changes it: set (numbers), off (rules), add (entries), drop (fields), arms. "
        "`tmesim schema` helps editors; the first line of each scenario points at it.",
        "",
        "observables, in tmesim/observables, a module a topic",
        "- One `Observable(name, label, unit, meaning, function)` more; it becomes a column and can be an endpoint.",
        "",
        "Rules of the house:",
        "- A number has a value, a unit, a source, and a range where one is known; or it says 'assumed: why'.",
        "- Evidence is the id of a claim (tmesim list claims) or authors, year, journal and doi.",
        "- Other words for an entry stand in its `synonyms`, words that are said of several things in "
        "tmesim/catalogue/words.yaml, and those of the program in tmesim/catalogue/glossary.yaml. A word means one "
        "thing, or is a family that says so.",
        "- What a key means is said once, in its line `key : …` of the docstring of its model, with its unit; the "
        "schema and `tmesim explain KEY` read it there.",
        "- A wrong input is an InputError with file, line and key, and all of them at once.",
        "- A new signal, cell type or therapy leaves the draws of the others alone: chance is drawn by cell, process "
        "and step.",
        "",
        "How tests are judged. A test's name is its claim, and its judge is a computation by hand, theory, a slow "
        "plain twin or a direction of effect; not yesterday's numbers alone. Wiring tests switch one mechanism in a "
        "micro-tissue; emergence tests look at something two steps away in the full one. Break the code once and watch "
        "the test fail.",
        "",
        "    python -m pytest                  what must pass before a change",
        "    python -m pytest -m slow          long validations; add -n 2 --dist loadgroup for two processors",
        "    python tests/full_counts.py       mutations, kills and signals at their full counts, kept with their date",
        "    python tests/keep_demo.py RUN     the page of `tmesim demo`, anew from a run",
        "    python tests/keep_ensemble.py     README's part on other parameter sets, from what the package keeps",
        "    python tests/spreads.py           how many replicates the scenarios take, kept with its date",
        "    ruff check . && mypy && lint-imports",
        "    .ci/run                           all of it, as a newcomer would, in a fresh environment",
    ]


def _place(kind: str) -> str:
    """Where the entries of a kind are written: one file, or one for each topic."""
    first, *others = (f"tmesim/catalogue/{name}.yaml" for name in FILES[kind])
    return first if not others else f"{first} and beside it {', '.join(Path(name).name for name in others)}"


def modules() -> Iterator[tuple[str, str]]:
    """Each module or folder of the package with the first sentence of its docstring, upper layers first."""
    root = Path(str(resources.files("tmesim")))
    for name in LAYERS:
        path = root / name / "__init__.py" if (root / name).is_dir() else root / f"{name}.py"
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        yield f"tmesim/{name}{'/' if (root / name).is_dir() else '.py'}", " ".join(text.split("\n\n")[0].split())


LAYERS = (
    "cli", "bench", "ensemble", "influence", "calibration", "predictions", "sweeps", "trial", "comparing",
    "atlas", "report", "model", "shown", "drawing", "runs", "spreads", "power", "ablation", "why",
    "conclusions", "targets", "soil_shares", "validation", "destinations", "notices", "organ_totals",
    "organ_places", "result", "interaction", "sensitivity", "statistics", "tables", "sequences", "agents",
    "recorder", "frames", "observables", "body", "tissue", "scenario", "fingerprint", "catalogue", "evidence",
    "arguments", "zones", "section", "storage", "cards", "markup", "reading", "reserved", "units", "text",
    "wording", "version", "kernels",
)  # fmt: skip
