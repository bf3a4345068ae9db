"""`list` and `explain`: the catalogue read back to people."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from tmesim.catalogue import Catalogue, load_catalogue
from tmesim.catalogue.models import Rule
from tmesim.cli.grounds import claim, statements
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion

Row = dict[str, Any]


def cells(c: Catalogue) -> Iterable[Row]:
    for name, e in c.cells.items():
        yield {"name": name, "label": e.label, "layer": e.layer, "agent": e.agent, "states": list(e.states)}


def fields(c: Catalogue) -> Iterable[Row]:
    for name, e in c.fields.items():
        yield {"name": name, "label": e.label, "unit": e.unit, "diffusion": str(e.diffusion), "decay": str(e.decay)}


def rules(c: Catalogue) -> Iterable[Row]:
    for name, e in c.all_rules.items():
        yield {"name": name, "sentence": e.sentence(), "evidence": list(e.evidence)}


def therapies(c: Catalogue) -> Iterable[Row]:
    for name, e in c.therapies.items():
        yield {"name": name, "label": e.label, "class": e.therapy_class, "also": list(e.aliases), "dose": str(e.dose)}


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
    for o in observables_of(c, c.therapies).values():
        yield {"name": o.name, "unit": o.unit, "meaning": o.meaning}


def parameters(c: Catalogue) -> Iterable[Row]:
    for path, number in c.numbers():
        yield {"name": path, "value": str(number), "source": "; ".join(number.source)}


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
    "cells": cells, "fields": fields, "rules": rules, "therapies": therapies, "signals": signals,
    "behaviors": behaviors, "observables": observables, "parameters": parameters, "scenarios": scenarios,
}  # fmt: skip


def print_list(kind: str | None, as_json: bool) -> None:
    catalogue = load_catalogue()
    if kind is None:
        counts = {name: len(list(rows(catalogue))) for name, rows in LISTS.items()}
        if as_json:
            print(json.dumps(counts, indent=2))
            return
        for name, count in counts.items():
            print(f"{count:6d}  {name}")
        print("\nTo see them: tmesim list KIND. To understand one: tmesim explain NAME.")
        return
    rows = list(LISTS[kind](catalogue))
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    print_rows(rows)


def print_rows(rows: list[Row]) -> None:
    """Aligned columns; the last one wraps on a terminal and stays in one line in a pipe."""
    if not rows:
        return
    keys = list(rows[0])
    texts = [[", ".join(v) if isinstance(v := row[key], list) else str(v) for key in keys] for row in rows]
    widths = [min(44, max(len(t[i]) for t in texts)) for i in range(len(keys) - 1)]
    indent = sum(w + 2 for w in widths)
    room = max(30, shutil.get_terminal_size().columns - indent) if sys.stdout.isatty() else 10**6
    for text in texts:
        head = "".join(t.ljust(w) + "  " for t, w in zip(text, widths, strict=False))
        lines = textwrap.wrap(text[-1], room) or [""]
        print((head + lines[0]).rstrip())
        for line in lines[1:]:
            print(" " * indent + line)


# Explanations


def print_explanation(name: str) -> None:
    catalogue = load_catalogue()
    pages = [page for look in (_cell, _rule, _therapy, _field, _state, _term, _observable, _claim)
             if (page := look(catalogue, name))]  # fmt: skip
    if not pages:
        known = {*catalogue.cells, *catalogue.all_rules, *catalogue.aliases, *catalogue.fields, *catalogue.states}
        known |= {*catalogue.signals(), *catalogue.behaviors(), *observables_of(catalogue, catalogue.therapies)}
        raise InputError([Problem(f"nothing is called '{name}'.{suggestion(name, known)}")])
    width = min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 100
    for i, page in enumerate(pages):
        if i:
            print()
        for line in page:
            head = line[: len(line) - len(line.lstrip())]
            hang = head + ("  " if line.lstrip().startswith(("- ", "· ")) else "")
            print("\n".join(textwrap.wrap(line, width, subsequent_indent=hang)) if line.strip() else "")


def _cell(c: Catalogue, name: str) -> list[str]:
    if name not in c.cells:
        return []
    e = c.cells[name]
    page = [f"{name} is a cell type: {e.label} (agent class {e.agent}), in the {e.layer} layer."]
    page += [e.meaning] if e.meaning else []
    if e.targets:
        who = " that carry an antigen its receptor knows" if e.antigen_specific else ""
        page.append(f"It attacks {listed(e.targets)}{who}.")
    if e.states:
        page.append(f"It carries slow states between 0 and 1: {listed(e.states)}.")
    does = {"divide": "divides", "die": "dies or vanishes", "leave": "leaves the tissue"}
    for event in e.events:
        what = f"becomes {event.to}" if event.does == "become" else does[event.does]
        page.append(f"- At the rate of its behavior {event.behavior} it {what}.")
    page += ["", "At rest:"]
    page += [f"- {behavior}: {number}  [{'; '.join(number.source)}]" for behavior, number in e.behaviors.items()]
    page += _rules_about(c, lambda rule: name in rule.cell, "Rules of this cell type:")
    page += _rules_about(c, lambda rule: rule.signal == f"contact.{name}", "Rules of cells that touch it:")
    return page + _evidence(e.evidence)


def _rule(c: Catalogue, name: str) -> list[str]:
    name = name.rpartition(".")[2]
    rule = c.all_rules.get(name)
    if rule is None:
        return []
    page = [f"{name} is a rule. {rule.sentence()}"]
    page += [rule.note] if rule.note else []
    for part in ("base", "limit", "half_max", "power"):
        number = getattr(rule, part)
        if number is not None and number.source:
            page.append(f"- {part.replace('_', '-')} {number}: {'; '.join(number.source)}")
    return [*page, *_evidence(rule.evidence), "", f"A scenario switches it off with  off: [{name}]"]


def _therapy(c: Catalogue, name: str) -> list[str]:
    try:
        name = c.therapy_id(name)
    except LookupError:
        return []
    e = c.therapies[name]
    times = {host: e.schedule.times_at(host) for host in e.schedule.every.hosts}
    page = [f"{name} is a therapy: {e.label} ({e.therapy_class}). Other names: {listed(e.aliases) or 'none'}."]
    page += [e.meaning] if e.meaning else []
    page.append(
        f"Usual course: {e.dose}, every {e.schedule.every}, {', '.join(f'{n} times ({h})' for h, n in times.items())}."
    )
    way = "plasma, then tissue, then its target" if e.delivery == "systemic" else "a field that perfused vessels feed"
    page.append(f"It reaches cells through {way}; half of the target is occupied at {e.occupancy.kd}.")
    for effect in e.effects:
        where = f" in {listed(effect.cells)}" if effect.cells else ""
        what = (f"blocks {effect.fraction} of {effect.blocks}" if effect.blocks
                else f"scales {effect.scales} to {effect.to} of its value")  # fmt: skip
        page.append(f"- At full occupancy it {what}{where}.")
    page += [f"- {n}: {r.sentence()}" for n, r in e.rules.items()]
    return page + _evidence(e.evidence)


def _field(c: Catalogue, name: str) -> list[str]:
    e = c.fields.get(name)
    if e is None:
        return []
    page = [f"{name} is a field: {e.label}, in {e.unit}. {e.meaning}".strip()]
    page.append(f"- diffusion {e.diffusion}  [{'; '.join(e.diffusion.source)}]")
    page.append(f"- decay {e.decay}  [{'; '.join(e.decay.source)}]")
    for verb, words in (("secretion", "Secreted by"), ("uptake", "Taken up by")):
        who = [cell for cell, entry in c.cells.items() if f"{verb}.{name}" in entry.behaviors]
        page += [f"- {words} {listed(who)}."] if who else []
    page += _rules_about(c, lambda rule: rule.signal == name, "What it does:")
    page += _rules_about(c, lambda rule: rule.behavior == f"secretion.{name}", "What drives its secretion:")
    return page + _evidence(e.evidence)


def _state(c: Catalogue, name: str) -> list[str]:
    e = c.states.get(name.removeprefix("state."))
    if e is None:
        return []
    name = name.removeprefix("state.")
    page = [f"{name} is a slow state between 0 and 1, which rules sense as state.{name}: {e.label}, {e.meaning}."]
    page += [f"It belongs to {listed([cell for cell, entry in c.cells.items() if name in entry.states])}."]
    page += _rules_about(c, lambda rule: rule.behavior == f"{name}_gain", "What raises it:")
    page += _rules_about(c, lambda rule: rule.behavior == f"{name}_loss", "What changes its loss:")
    page += _rules_about(c, lambda rule: rule.signal == f"state.{name}", "What it does:")
    return page + _evidence(e.evidence)


def _term(c: Catalogue, name: str) -> list[str]:
    page = []
    if name in c.signals() and name not in c.fields and not name.startswith("state."):
        term = c.signals()[name]
        page += [f"{name} is a signal ({term.unit}): {term.meaning}."]
        page += _rules_about(c, lambda rule: rule.signal == name, "What it does:")
    if name in c.behaviors():
        term = c.behaviors()[name]
        page += [f"{name} is a behavior ({term.unit}): the cell {term.meaning}."]
        page += [f"- {cell}: {e.behaviors[name]} at rest" for cell, e in c.cells.items() if name in e.behaviors]
        page += _rules_about(c, lambda rule: rule.behavior == name, "What drives it:")
    return page


def _observable(c: Catalogue, name: str) -> list[str]:
    o = observables_of(c, c.therapies).get(name)
    return [f"{name} is an observable ({o.unit}), a column of timeseries.csv. {o.meaning}"] if o else []


def _claim(c: Catalogue, name: str) -> list[str]:
    entry = statements().get(name)
    if entry is None:
        return []
    page = [f"{name} is a claim of the seed documents: {entry['statement']}"]
    page += [f"- {s['file']}: {s['where']}" for s in entry["sources"]]
    page.append(f"What must move: {entry['observable']}")
    return page + _rules_about(c, lambda rule: name in rule.evidence, "Rules that rest on it:")


def _rules_about(c: Catalogue, test: Callable[[Rule], bool], title: str) -> list[str]:
    found = [f"- {rule.sentence()}  [{name}]" for name, rule in c.all_rules.items() if test(rule)]
    return ["", title, *found] if found else []


def _evidence(evidence: Iterable[str]) -> list[str]:
    lines = [f"- {claim(text)}" for text in evidence]
    return ["", "Evidence:", *lines] if lines else []


def listed(names: Iterable[str]) -> str:
    names = list(names)
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1] if names else ""
