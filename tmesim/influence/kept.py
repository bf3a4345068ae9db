"""The result that comes with the package: put there by those who change the model, read by `tmesim evidence`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

from tmesim.fingerprint import stale
from tmesim.influence.currency import model
from tmesim.reading import InputError, Problem
from tmesim.storage import write

COMMAND = "tmesim sensitivity"
RESULT = "sensitivity.yaml"
TABLES = ("groups.csv", "numbers.csv", "shares.csv")


def place() -> Path:
    """The folder in the package."""
    return Path(str(resources.files("tmesim"))) / "influence" / "kept"


def kept() -> dict[str, Any] | None:
    """What `sensitivity.yaml` of the package says; None where none is kept."""
    import yaml

    file = place() / RESULT
    if not file.is_file():
        return None
    return yaml.load(file.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def keep(folder: Path) -> Path:
    """Put the result of a directory into the package; returns where. InputError where it is not whole."""
    import yaml

    names = (RESULT, *TABLES)
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise InputError([Problem(f"has no {missing[0]}, so it is not kept", file=str(folder))])
    content = yaml.load((folder / RESULT).read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not content["complete"]:
        raise InputError([Problem("holds a part of an analysis, so it is not kept", file=str(folder / RESULT))])
    try:
        for name in reversed(names):
            write(place() / name, (folder / name).read_bytes())
    except PermissionError:
        told = "cannot be written; --keep is for a checkout of the project"
        raise InputError([Problem(told, file=str(place()))]) from None
    return place()


def staleness(content: dict[str, Any]) -> str:
    """Why the kept result is not one of the model of today; empty where it is."""
    return stale(content, model(content["host"]))


def lines() -> Iterator[str]:
    """What `tmesim evidence` says of the share that rests on assumed numbers."""
    content = kept()
    if content is None:
        yield (
            "How much of the outcome's variance rests on assumed numbers is not known: no analysis is kept with this "
            f"version. {COMMAND} makes one, in about two core-hours."
        )
        return
    design, told = content["design"], content["outcomes"]
    yield (
        f"What the variance of {content['scenario']} (day {content['days']:g}, a small tissue) rests on, when "
        f"{design['together']} numbers that matter most, of {design['of_numbers']}, are drawn from their plausible "
        f"ranges, as of {content['date']}:"
    )
    for name, outcome in told.items():
        if "shares" not in outcome:
            yield f"  {name:12s} not known: too few points, or the same everywhere"
            continue
        parts, emulator = outcome["shares"]["parts"], outcome["shares"]["emulator"]
        closed, total = (outcome["shares"]["assumed"][which] for which in ("closed", "total"))
        yield (
            f"  {name:12s} {closed:.0%} of what numbers do rests on assumed ones alone, {total:.0%} with what they do "
            f"together with cited ones"
        )
        yield (
            f"  {'':12s} of a single tissue: {parts['assumed']:.0%} assumed, {parts['sourced']:.0%} cited, "
            f"{parts['both']:.0%} both together, {parts['unseen']:.0%} beside the emulator, {parts['chance']:.0%} "
            f"chance; the emulator foretells {max(0.0, emulator['foretells']):.0%} of points that it was not shown"
        )
        share = outcome["one_by_one"]["together"]
        if share is not None:
            yield f"  {'':12s} these numbers carry {share:.0%} of what {design['numbers']} numbers do one by one"
    if why := staleness(content):
        yield f"  This is stale: it {why}. {COMMAND} {content['scenario']} makes it anew."
