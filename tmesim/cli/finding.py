"""What people mean by a word: names however they are spelled, labels, synonyms and words of the field."""

from __future__ import annotations

from collections.abc import Callable

from tmesim.catalogue import Catalogue, claims, hosts, organs
from tmesim.catalogue.glossary import glossary, term_named
from tmesim.catalogue.synonyms import families, meant, spelled, stated, words
from tmesim.cli.keys import all_keys
from tmesim.cli.lists import AWAY
from tmesim.observables import observables_of
from tmesim.text import shortened

PAGES_OF_ALL = ("contributing", "glossary", "methods", "model", "step")
"""What `explain` writes of the whole."""


def named(c: Catalogue) -> dict[str, set[str]]:
    """All names that can be explained, by kind."""
    from tmesim.scenario import named as scenarios

    return {
        "cells": {*c.cells}, "rules": {*c.all_rules}, "therapies": {*c.therapies}, "fields": {*c.fields},
        "states": {*c.states}, "matrix": {*c.matrix}, "processes": {*c.processes}, "signals": {*c.signals()},
        "behaviors": {*c.behaviors()}, "observables": {*observables_of(c, c.therapies, AWAY)}, "claims": {*claims()},
        "hosts": {*hosts()}, "organs": {*organs()}, "scenarios": {*scenarios()}, "glossary": {*glossary()},
        "parameters": {path for path, _ in c.numbers()}, "pages": {*PAGES_OF_ALL},
    }  # fmt: skip


def all_words(c: Catalogue) -> set[str]:
    """Every name, synonym, word of the field and key of a scenario, as it is written."""
    known = {name for names in named(c).values() for name in names} | {*c.aliases}
    known |= {word for _, word, _ in stated(c)}
    known |= {word for kind in words().synonyms.values() for others in kind.values() for word in others}
    known |= {word for family, e in words().families.items() for word in (family, *e.also)}
    return known | all_keys() | {word for term in glossary().values() for word in term.also}


def names_for(c: Catalogue, text: str) -> list[str]:
    """The names that can be explained and that a text stands for, the likeliest first."""
    key = spelled(text)
    found = [name for names in named(c).values() for name in sorted(n for n in names if spelled(n) == key)]
    term = term_named(text)
    return list(dict.fromkeys([*found, *([term] if term is not None else []), *meant(c, text)]))


def choices(text: str, names: list[str], told: Callable[[str], str], also: bool) -> list[str]:
    """A page of the things that one word can mean.

    told : what a name is, in a sentence; also : beside something that has been told already
    """
    family = families().get(spelled(text))
    page = [f"'{text}' can also mean:" if also else f"'{text}' can mean several things."]
    page[0] += f" {family.says}" if family is not None and family.says and not also else ""
    page += [f"- {shortened(told(name), 160)}" for name in names]
    return [*page, "", f"To read on: tmesim explain {names[0]}"]
