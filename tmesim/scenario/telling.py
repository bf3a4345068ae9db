"""A scenario's own words for its class page: what may be said otherwise, and with which values in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources

from tmesim.reading import DataPath, brief, parse, suggestion
from tmesim.scenario.crossing import JOINT

OWN = ("question", "story")
"""Texts of the scenario itself, which stand in one language there."""

OF_ARMS = "arm."
"""Before the name of an arm, or of a choice of crossed arms: what the page calls it."""

MOST = 2000
"""Letters of a text."""


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """The words of the page: key → language → text, in which `{name}` stands for a value."""
    text = resources.files("tmesim").joinpath("atlas", "words.yaml").read_text(encoding="utf-8")
    words: Mapping[str, Mapping[str, str]] = parse(text, "words.yaml").data
    return words


@cache
def languages() -> tuple[str, ...]:
    """Those that the page speaks."""
    return tuple(dict.fromkeys(language for texts in table().values() for language in texts))


def words_of_arms(arms: Iterable[str]) -> set[str]:
    """The keys of what some arms and their choices may be called."""
    return {f"{OF_ARMS}{part}" for arm in arms for part in (arm, *arm.split(JOINT))}


def values_in(text: str) -> set[str]:
    """The values that have a place in a text."""
    return set(re.findall(r"\{(\w+)\}", text))


def wrong(words: Mapping[str, Mapping[str, str]], arms: Iterable[str]) -> Iterator[tuple[DataPath, str]]:
    """What is wrong with a scenario's own words, with its place; arms : names of its arms"""
    names = words_of_arms(arms)
    for key, texts in words.items():
        usual = table().get(key)
        if usual is None and key not in OWN and key not in names:
            known = {*table(), *OWN, *names}
            yield ("words", key), f"the page has no words '{brief(key)}'.{suggestion(key, known)}"
            continue
        allowed = values_in(" ".join(usual.values())) if usual is not None else set()
        for language, text in texts.items():
            path = ("words", key, language)
            if language not in languages():
                yield path, f"the page does not speak '{brief(language)}'.{suggestion(language, languages())}"
            elif not text.strip() or len(text) > MOST:
                yield path, f"expected a text of 1 to {MOST} letters"
            elif unknown := sorted(values_in(text) - allowed):
                known_values = ", ".join(f"{{{name}}}" for name in sorted(allowed)) or "none"
                yield path, f"there is no value {{{brief(unknown[0])}}} here. Known: {known_values}"
