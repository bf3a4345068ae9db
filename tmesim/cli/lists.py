"""`list`: what there is, a row each, for people and for programs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from tmesim.catalogue import BREAST, Catalogue, claims, load_catalogue
from tmesim.catalogue import hosts as all_hosts
from tmesim.catalogue import organs as all_organs
from tmesim.catalogue.files import ORGAN_FILES
from tmesim.evidence import statements
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.text import is_terminal, json_text, line, say, say_all

Row = dict[str, Any]
AWAY = tuple(name for name in ORGAN_FILES if name != BREAST)
"""Organs that may lie beside the tissue, each with observables of its own."""


def cells(c: Catalogue) -> Iterable[Row]:
    for name, e in c.cells.items():
        yield {"name": name, "label": e.label, "layer": e.layer, "agent": e.agent, "states": list(e.states)}


def fields(c: Catalogue) -> Iterable[Row]:
    for name, e in c.fields.items():
        yield {"name": name, "label": e.label, "unit": e.unit, "diffusion": str(e.diffusion), "decay": str(e.decay)}


def rules(c: Catalogue) -> Iterable[Row]:
    for name, e in c.all_rules.items():
        yield {"name": name, "sentence": c.sentence(e), "evidence": list(e.evidence)}


def states(c: Catalogue) -> Iterable[Row]:
    for name, e in c.states.items():
        owners = [cell for cell, entry in c.cells.items() if name in entry.states]
        yield {"name": name, "label": e.label, "cells": owners, "meaning": e.meaning}


def matrix(c: Catalogue) -> Iterable[Row]:
    for name, e in c.matrix.items():
        yield {"name": name, "unit": e.unit, "label": e.label}


def processes(c: Catalogue) -> Iterable[Row]:
    for name, e in c.processes.items():
        yield {"name": name, "parameters": [f"{key} = {number}" for key, number in e.items()]}


def therapies(c: Catalogue) -> Iterable[Row]:
    for name, e in c.therapies.items():
        dose = str(e.usual_dose or "none")
        yield {"name": name, "label": e.label, "class": e.therapy_class, "also": list(e.aliases), "dose": dose}


def signals(c: Catalogue) -> Iterable[Row]:
    for name, term in c.signals().items():
        yield {"name": name, "unit": term.unit, "meaning": term.meaning}


def behaviors(c: Catalogue) -> Iterable[Row]:
    """Those that some cell type has, or some rule drives."""
    used = {b for e in c.cells.values() for b in e.behaviors} | {r.behavior for r in c.all_rules.values()}
    for name, term in c.behaviors().items():
        if name in used:
            yield {"name": name, "unit": term.unit, "meaning": term.meaning}


def observables(c: Catalogue) -> Iterable[Row]:
    for o in observables_of(c, c.therapies, AWAY).values():
        if "." not in o.name:  # of each organ beside the tissue there are the same
            yield {"name": o.name, "unit": o.unit, "meaning": o.meaning}


def parameters(c: Catalogue) -> Iterable[Row]:
    for path, number in c.numbers():
        yield {"name": path, "value": str(number), "source": "; ".join(number.source)}


def hosts(c: Catalogue) -> Iterable[Row]:
    for name, e in all_hosts().items():
        yield {"name": name, "species": e.species, "numbers": str(len(e.set)), "meaning": e.meaning}


def organs(c: Catalogue) -> Iterable[Row]:
    for name, e in all_organs().items():
        yield {"name": name, "blood_share": str(e.blood_share), "numbers": str(len(e.set)), "meaning": e.meaning}


def documented(c: Catalogue) -> Iterable[Row]:
    for name, e in claims().items():
        statement = statements().get(name, {}).get("statement", "")
        yield {"name": name, "priority": e.priority, "group": e.group, "statement": statement}


def scenarios(c: Catalogue) -> Iterable[Row]:
    from tmesim.reading import read_yaml
    from tmesim.scenario import named

    for name, file in named().items():
        try:
            question = str(read_yaml(file).data.get("question", ""))
        except InputError:
            question = "(cannot be read; see tmesim check)"
        yield {"name": name, "file": str(file), "question": question}


LISTS: dict[str, Callable[[Catalogue], Iterable[Row]]] = {
    "cells": cells, "states": states, "fields": fields, "matrix": matrix, "rules": rules, "processes": processes,
    "therapies": therapies, "signals": signals, "behaviors": behaviors, "observables": observables,
    "parameters": parameters, "claims": documented, "hosts": hosts, "organs": organs, "scenarios": scenarios,
}  # fmt: skip


def print_list(kind: str | None, as_json: bool) -> None:
    catalogue = load_catalogue()
    if kind is None:
        counts = {name: len(list(rows(catalogue))) for name, rows in LISTS.items()}
        if as_json:
            say(json_text(counts))
            return
        say_all(f"{count:6d}  {name}" for name, count in counts.items())
        say("\nTo see them: tmesim list KIND. To understand one: tmesim explain NAME.")
        return
    if kind not in LISTS:
        raise InputError([Problem(f"there is no list of '{kind}'.{suggestion(kind, LISTS, most=20)}")])
    rows = list(LISTS[kind](catalogue))
    if as_json:
        say(json_text(rows))
        return
    print_rows(rows)


def print_rows(rows: list[Row]) -> None:
    """Aligned columns; the last one wraps on a terminal and stays in one line in a pipe."""
    if not rows:
        return
    keys = list(rows[0])
    texts = [[line(", ".join(v) if isinstance(v := row[key], list) else v) for key in keys] for row in rows]
    widths = [min(44, max(len(t[i]) for t in texts)) for i in range(len(keys) - 1)]
    indent = sum(w + 2 for w in widths)
    room = max(30, shutil.get_terminal_size().columns - indent) if is_terminal() else 10**6
    shown = []
    for text in texts:
        head = "".join(t.ljust(w) + "  " for t, w in zip(text, widths, strict=False))
        first, *more = textwrap.wrap(text[-1], room) or [""]
        shown += [(head + first).rstrip(), *(" " * indent + rest for rest in more)]
    say_all(shown)
