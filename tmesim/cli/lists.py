"""`list`: what there is, a row each, for people and for programs."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from tmesim.cards import table
from tmesim.catalogue import BREAST, Catalogue, claims, load_catalogue
from tmesim.catalogue import hosts as all_hosts
from tmesim.catalogue import organs as all_organs
from tmesim.catalogue.files import ORGAN_FILES
from tmesim.catalogue.glossary import glossary as terms
from tmesim.catalogue.synonyms import words
from tmesim.evidence import statements
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.text import is_terminal, json_text, line, say, say_all

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
AWAY = tuple(name for name in ORGAN_FILES if name != BREAST)
"""Organs that may lie beside the tissue, each with observables of its own."""


def cells(c: Catalogue) -> Iterable[Row]:
    for name, e in c.cells.items():
        yield {"name": name, "label": e.label, "layer": e.layer, "agent": e.agent, "also": list(e.synonyms),
               "states": list(e.states)}  # fmt: skip


def fields(c: Catalogue) -> Iterable[Row]:
    for name, e in c.fields.items():
        yield {"name": name, "label": e.label, "unit": e.unit, "diffusion": str(e.diffusion), "decay": str(e.decay),
               "also": list(e.synonyms)}  # fmt: skip


def rules(c: Catalogue) -> Iterable[Row]:
    for name, e in c.all_rules.items():
        yield {"name": name, "sentence": c.sentence(e), "evidence": list(e.evidence)}


def states(c: Catalogue) -> Iterable[Row]:
    for name, e in c.states.items():
        owners = [cell for cell, entry in c.cells.items() if name in entry.states]
        yield {"name": name, "label": e.label, "also": list(e.synonyms), "cells": owners, "meaning": e.meaning}


def matrix(c: Catalogue) -> Iterable[Row]:
    for name, e in c.matrix.items():
        yield {"name": name, "unit": e.unit, "also": list(e.synonyms), "label": e.label}


def processes(c: Catalogue) -> Iterable[Row]:
    for name, e in c.processes.items():
        yield {"name": name, "parameters": [f"{key} = {number}" for key, number in e.items()]}


def therapies(c: Catalogue) -> Iterable[Row]:
    for name, e in c.therapies.items():
        dose = str(e.usual_dose or "none")
        yield {"name": name, "label": e.label, "class": e.therapy_class, "also": [*e.aliases, *e.synonyms],
               "dose": dose}  # fmt: skip


def signals(c: Catalogue) -> Iterable[Row]:
    for name, term in c.signals().items():
        yield {"name": name, "unit": term.unit, "also": _others("signals", name), "meaning": term.meaning}


def behaviors(c: Catalogue) -> Iterable[Row]:
    """Those that some cell type has, or some rule drives."""
    used = {b for e in c.cells.values() for b in e.behaviors} | {r.behavior for r in c.all_rules.values()}
    for name, term in c.behaviors().items():
        if name in used:
            yield {"name": name, "unit": term.unit, "also": _others("behaviors", name), "meaning": term.meaning}


def observables(c: Catalogue) -> Iterable[Row]:
    for o in observables_of(c, c.therapies, AWAY).values():
        if "." not in o.name:  # of each organ beside the tissue there are the same
            yield {"name": o.name, "unit": o.unit, "also": _others("observables", o.name), "meaning": o.meaning}


def parameters(c: Catalogue) -> Iterable[Row]:
    for path, number in c.numbers():
        yield {"name": path, "value": str(number), "source": "; ".join(number.source)}


def hosts(c: Catalogue) -> Iterable[Row]:
    for name, e in all_hosts().items():
        yield {"name": name, "species": e.species, "numbers": str(len(e.set)), "also": _others("hosts", name),
               "meaning": e.meaning}  # fmt: skip


def organs(c: Catalogue) -> Iterable[Row]:
    for name, e in all_organs().items():
        yield {"name": name, "blood_share": str(e.blood_share), "numbers": str(len(e.set)),
               "also": _others("organs", name), "meaning": e.meaning}  # fmt: skip


def documented(c: Catalogue) -> Iterable[Row]:
    for name, e in claims().items():
        statement = statements().get(name, {}).get("statement", "")
        yield {"name": name, "priority": e.priority, "group": e.group, "statement": statement}


def scenarios(c: Catalogue) -> Iterable[Row]:
    from tmesim.reading import read_yaml
    from tmesim.scenario import named
    from tmesim.spreads import UNKNOWN, spreads

    for name, file in named().items():
        try:
            data = read_yaml(file).data
            question, reference = str(data.get("question", "")), data.get("reference")
        except InputError:
            question, reference = "(cannot be read; see tmesim check)", None
        takes = spreads().told(name, reference)
        takes = f"± 10 %: {takes}" if takes == UNKNOWN else f"± 10 %: {takes} replicates"
        yield {"name": name, "file": str(file), "replicates": takes, "question": question}


def glossary(c: Catalogue) -> Iterable[Row]:
    for name, term in terms().items():
        yield {"name": name, "also": list(term.also), "meaning": term.says}


def families(c: Catalogue) -> Iterable[Row]:
    """Words that are said of several things."""
    for name, e in words().families.items():
        yield {"name": name, "of": list(e.of), "also": list(e.also), "meaning": e.says}


def _others(kind: str, name: str) -> list[str]:
    """Synonyms of what is no entry of the catalogue."""
    return list(words().synonyms.get(kind, {}).get(name, ()))


LISTS: dict[str, Callable[[Catalogue], Iterable[Row]]] = {
    "cells": cells, "states": states, "fields": fields, "matrix": matrix, "rules": rules, "processes": processes,
    "therapies": therapies, "signals": signals, "behaviors": behaviors, "observables": observables,
    "parameters": parameters, "claims": documented, "hosts": hosts, "organs": organs, "scenarios": scenarios,
    "families": families, "glossary": glossary,
}  # fmt: skip


class Listing(Sequence[Row]):
    """Rows of a list, as dicts, that show themselves as a table. `frame()` makes them a DataFrame."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = tuple(rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Listing: ...
    def __getitem__(self, index: int | slice) -> Row | Listing:
        return Listing(self.rows[index]) if isinstance(index, slice) else self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return "\n".join(aligned(list(self.rows)))

    def _repr_html_(self) -> str:
        head = list(self.rows[0]) if self.rows else []
        return table(head, [[_text(row[key]) for key in head] for row in self.rows])

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame, by name where they have one."""
        import pandas

        made = pandas.DataFrame(list(self.rows))
        return made.set_index("name") if "name" in made else made


def list_(kind: str | None = None) -> Listing:
    """What there is of a kind, a row each, as `tmesim list KIND` prints it; the rows are dicts.

    kind : such as "cells", "rules", "therapies", "parameters" or "glossary"; None: the kinds, and how many of each
        InputError with the kinds for another one
    """
    catalogue = load_catalogue()
    if kind is None:
        return Listing({"name": name, "count": len(list(rows(catalogue)))} for name, rows in LISTS.items())
    if kind not in LISTS:
        raise InputError([Problem(f"there is no list of '{kind}'.{suggestion(kind, LISTS, most=20)}")])
    return Listing(LISTS[kind](catalogue))


def print_list(kind: str | None, as_json: bool) -> None:
    rows = list_(kind)
    if kind is not None:
        say(json_text(list(rows))) if as_json else print_rows(list(rows))
        return
    if as_json:
        say(json_text({row["name"]: row["count"] for row in rows}))
        return
    say_all(f"{row['count']:6d}  {row['name']}" for row in rows)
    say("\nTo see them: tmesim list KIND. To understand one: tmesim explain NAME.")


def print_rows(rows: list[Row]) -> None:
    """Aligned columns; the last one wraps on a terminal and stays in one line in a pipe."""
    if rows:
        say_all(aligned(rows, shutil.get_terminal_size().columns if is_terminal() else None))


def aligned(rows: list[Row], width: int | None = None) -> list[str]:
    """Rows as lines of aligned columns. width : of a terminal, in which the last column wraps"""
    if not rows:
        return []
    keys = list(rows[0])
    texts = [[_text(row[key]) for key in keys] for row in rows]
    widths = [min(44, max(len(t[i]) for t in texts)) for i in range(len(keys) - 1)]
    indent = sum(w + 2 for w in widths)
    room = max(30, width - indent) if width is not None else 10**6
    shown = []
    for text in texts:
        head = "".join(t.ljust(w) + "  " for t, w in zip(text, widths, strict=False))
        first, *more = textwrap.wrap(text[-1], room) or [""]
        shown += [(head + first).rstrip(), *(" " * indent + rest for rest in more)]
    return shown


def _text(value: Any) -> str:
    return line(", ".join(value) if isinstance(value, list) else value)
