"""The class page as text: markup, style, program, words and data in one file."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from tmesim.atlas.content import Atlas, Shown
from tmesim.atlas.film import encoded
from tmesim.atlas.groups import EMPTY, GROUPS, ROUND, ROUND_BITS
from tmesim.markup import written
from tmesim.scenario.telling import table
from tmesim.version import __version__
from tmesim.wording import words

MOST_BYTES = 8_000_000
"""Size of a page; what learning platforms take."""

MARK = '<meta name="generator" content="tmesim atlas'
"""By which an earlier page is known."""

LANGUAGES = {"en": "English", "de": "Deutsch"}
SCRIPTS = ("film.js", "charts.js", "state.js", "stage.js", "steps.js", "page.js")


def page(atlas: Atlas) -> str:
    """The page, with as many of the frames as a page has room for."""
    thinned = 1
    while True:
        text = _filled(atlas, thinned)
        if len(text.encode()) < MOST_BYTES:
            return text
        if thinned >= len(atlas.hours):
            raise ValueError(f"the page is larger than {MOST_BYTES:,} bytes even with one frame an arm")
        thinned += 1


@cache
def file(name: str) -> str:
    """A file of this package."""
    return resources.files("tmesim.atlas").joinpath(name).read_text(encoding="utf-8")


def _filled(atlas: Atlas, thinned: int) -> str:
    parts = {
        "version": written(__version__),
        "title": written(atlas.question),
        "style": file("style.css"),
        "noscript": written(" / ".join(table()["noscript"].values())),
        "words": _json({**table(), **atlas.words}),
        "data": _json(content(atlas, thinned)),
        "script": "\n".join(file(name) for name in SCRIPTS),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], file("page.html"))


def content(atlas: Atlas, thinned: int = 1) -> dict[str, Any]:
    """What the program of the page reads. thinned : of the frames every so many are taken, and the last"""
    last = len(atlas.hours) - 1
    kept = sorted({*range(0, last, thinned), last})
    return {
        "name": atlas.name,
        "question": atlas.question,
        "story": atlas.story,
        "species": atlas.species,
        "length": atlas.length_days,
        "spacing": atlas.spacing_um,
        "patch": list(atlas.patch),
        "stride": atlas.stride,
        "replicates": atlas.replicates,
        "reference": atlas.reference,
        "shape": list(atlas.shape),
        "hours": atlas.hours[kept].tolist(),
        "days": atlas.days.tolist(),
        "languages": LANGUAGES,
        "empty": EMPTY,
        "colors": {group.name: group.color for group in GROUPS},
        "groups": [group._asdict() for group in atlas.groups],
        "held": any(bool((arm.frames >> ROUND_BITS == ROUND["tumor"]).any()) for arm in atlas.arms),
        "measures": [vars(measure) for measure in atlas.measures],
        "findings": [vars(finding) for finding in atlas.findings],
        "flow": atlas.flow,
        "organs": atlas.organs,
        "rests": atlas.rests,
        "steps": [vars(step) for step in atlas.steps],
        "arms": [_arm(arm, kept) for arm in atlas.arms],
    }


def _arm(arm: Shown, kept: list[int]) -> dict[str, Any]:
    return {
        "name": arm.name,
        "label": words(arm.name),
        "choices": [{"name": name, "label": words(name)} for name in arm.choices],
        "soil": arm.soil,
        "seed": arm.seed,
        "treatment": arm.treatment,
        "putIn": arm.put_in,
        "standsFor": arm.stands_for,
        "film": encoded(arm.frames[kept]),
        "cells": arm.cells[kept].tolist(),
        "curve": arm.curve.tolist(),
        "endpoints": {name: values.tolist() for name, values in arm.endpoints.items()},
    }


def _json(value: Any) -> str:
    """JSON for a script element: no NaN, and nothing that would end the element."""
    text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
