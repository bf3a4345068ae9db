"""`explain methods`: a paragraph for the methods of a paper, of the program, of a scenario or of a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim.catalogue import HOSTS, english, host_named, load_catalogue
from tmesim.observables import observables_of
from tmesim.report import grounds
from tmesim.report.opening import given
from tmesim.statistics import CONFIDENCE, EXACT_PAIRS
from tmesim.version import __version__
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.scenario import Scenario

SHORT = {
    "source": "cited from publications",
    "named": "from a publication or a drug's label that was not looked up",
    "bounded": "assumed within a factor of two of what a publication states",
    "assumed": "assumed",
    "definition": "true by definition",
    "none": "set by the scenario without a note",
}
"""The grounds of numbers in few words."""
YEAR = 2026
TITLE = "tmesim: an agent-based simulator of the breast tumor microenvironment"


def methods(what: str | None = None) -> str:
    """The paragraph and the references as Markdown.

    what : the directory of a run, or a scenario's name or path; None: the program alone
    InputError for what is neither
    """
    if what is None:
        c = load_catalogue()
        text = f"{_model(c, __version__, HOSTS[0])} {_statistics()}"
        return _page("Methods", text, _reference(__version__), [])
    if Path(what).is_dir():
        from tmesim.shown import Result

        result = Result(what)
        scenario, facts = result.scenario, result.provenance
    else:
        from tmesim.scenario import load

        scenario, facts = load(what), {}
    versions = facts.get("versions", {})
    version = versions.get("tmesim", __version__)
    parts = [
        _model(scenario.catalogue, version, scenario.species),
        _experiment(scenario),
        _arms(scenario),
        _statistics(scenario),
        _again(scenario, facts),
    ]
    reference = _reference(version, f" Scenario {scenario.name}, {_hash(scenario, facts)[:12]}.")
    return _page(f"Methods: {words(scenario.name)}", "\n\n".join(parts), reference, grounds.primary(scenario))


def _model(c: Catalogue, version: str, host: str) -> str:
    totals = grounds.without_none(grounds.counted(c, host))
    rules, grounded = len(c.all_rules), grounds.grounded(c)
    which = "all" if grounded == rules else str(grounded)
    return (
        f"Simulations were made with tmesim {version} [1], an agent-based model of the breast tumor microenvironment "
        "on a lattice. Cells divide, die, move, kill and change state at rates that depend on diffusing signals, "
        f"contacts and slow inner states by {rules} rules with Hill responses, {which} of which name a claim or a "
        f"publication for their direction. Of the {sum(totals.values())} numbers of the model for a {host}, "
        f"{english.joined(f'{n} are {SHORT[g]}' for g, n in totals.items())}. `tmesim explain model` prints a "
        "description that follows the ODD protocol."
    )


def _experiment(s: Scenario) -> str:
    high, wide = (length / 1000 for length in s.tissue.size_um)
    label = host_named(s.host).label
    told = s.host if label == s.host else f"{s.host}, {label}"
    where = "inside a large lesion" if s.start.interior is not None else f"of {s.start.organ} tissue"
    beside = f" Patches of {english.joined(s.places)} lay beside it in the same body." if s.places else ""
    return (
        f"The scenario \"{s.name}\" asks: {s.question} A patch of {wide:g} × {high:g} mm {where} (host: "
        f"{told}) was simulated for {s.time.days:g} days in steps of {s.time.step_h:g} h on sites of "
        f"{s.tissue.spacing:g} µm.{beside}"
    )


def _arms(s: Scenario) -> str:
    told = [f"{words(name)} ({given(s, arm)})" for name, arm in s.arms.items()]
    count = f"{len(told)} arms were" if len(told) > 1 else "One arm was"
    shared = (
        "Arms of a replicate share their history until they are first treated differently, and use common random "
        "numbers after it"
        if s.one_start
        else "Arms of a replicate use common random numbers; those that begin with another tissue share no history"
    )
    ending = f". {shared}." if len(told) > 1 else "."
    n = f"{s.replicates} replicate{'s' * (s.replicates > 1)}"
    return f"{count} simulated on {n}: {'; '.join(told)}{ending}"


def _statistics(s: Scenario | None = None) -> str:
    what, against = "the endpoints", "the reference arm"
    if s is not None:
        known = observables_of(s.catalogue, s.catalogue.therapies, s.places)
        told = "; ".join(known[name].label for name in s.endpoints)
        if len(s.arms) == 1 or s.replicates == 1:
            return f"Endpoints at the end of the run were {told}."
        what, against = f"the endpoints ({told})", words(s.reference)
    return (
        f"Arms were compared with {against} in {what} at the end of the run by the mean of the paired differences "
        f"with its {100 * CONFIDENCE:.0f} % Student interval, Hedges' g of the paired differences, and a two-sided "
        f"sign-flip test (exact up to {EXACT_PAIRS} pairs). P values were adjusted over all comparisons by the false "
        "discovery rate of Benjamini and Hochberg."
    )


def _again(s: Scenario, facts: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in facts.get("versions", {}).items())
    text = f"The seed was {s.seed}. The scenario with its catalogue has the SHA-256 {_hash(s, facts)}."
    return f"{text} Versions: {versions}." if versions else text


def _hash(s: Scenario, facts: dict[str, Any]) -> str:
    """Of the scenario with the catalogue that it was run on."""
    return str(facts.get("scenario_hash", s.hash))


def _reference(version: str, scenario: str = "") -> str:
    return f"The tmesim authors ({YEAR}). {TITLE}. Version {version}.{scenario}"


def _page(title: str, text: str, reference: str, papers: list[str]) -> str:
    lines = [f"## {title}", "", text, "", "References", "", f"1. {reference}"]
    return "\n".join(lines + [f"{n}. {paper}" for n, paper in enumerate(papers, 2)])
