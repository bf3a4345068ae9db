"""Whether an answer hangs on the numbers: in how many parameter sets that fit untreated tumors it comes out so, by the
ensemble that the package keeps. Nothing where none is kept, or where the run is another experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.catalogue import english
from tmesim.conclusions.kept import kept
from tmesim.markup import Markup, both, tag
from tmesim.notices import untreated

if TYPE_CHECKING:
    from tmesim.result import Result

WORDS = {"catalogue": "the catalogue", "engine": "the engine"}


def line(result: Result, arm: str, endpoint: str) -> str | None:
    """What is told of an endpoint of an arm, with its date, and whether it is stale."""
    known = kept()
    if known is None:
        return None
    for each in known.of(result.scenario, arm):
        if each.conclusion.endpoint.name == endpoint:
            return f"{each.sentence} ({known.said['date']}{'; stale' if stale(result) else ''})"
    return None


def stale(result: Result) -> str:
    """What has changed since the ensemble, in a sentence; empty where it is current."""
    known = kept()
    changed = [] if known is None else known.changed(result.scenario.host)
    if not changed:
        return ""
    what = english.joined([WORDS[name] for name in changed])
    return f"Stale: {what} changed since, so it may come out otherwise now."


def others(result: Result) -> Markup | None:
    """All that is told of the arms of a run, how it was found, and whether it is stale."""
    known = kept()
    if known is None:
        return None
    arms = [arm for arm in result.arms if not untreated(result, arm)]
    told = [each for arm in arms for each in known.of(result.scenario, arm)]
    if not told:
        return None
    made = known.said["hosts"][result.scenario.host]
    wide, high = (side / 1000 for side in reversed(made["patch_um"]))
    said, pairs = known.said, known.said["pairs"]
    margin, enough = (f"{100 * said[name]:.0f} %" for name in ("margin", "holds_from"))
    how = (
        f"By an ensemble of {said['date']}: sets of numbers that untreated tumors do not rule out, each in {pairs} "
        f"pairs of patches of {wide:g} × {high:g} mm until day {made['days']:g}. About the same is within ± {margin}. "
        f"What surely comes out in fewer than {enough} of the sets hangs on the numbers; where these pairs are too few "
        "to tell, it is left open."
    )
    warning = stale(result)
    return both(
        tag("h3", "In other parameter sets"),
        tag("ul", *(tag("li", each.sentence) for each in told)),
        tag("p", how, class_="caption"),
        tag("p", warning, class_="warning") if warning else None,
    )
