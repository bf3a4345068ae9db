"""How to get the same bits again, and what to cite."""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING

from tmesim.markup import Markup, both, tag, term
from tmesim.report import grounds

if TYPE_CHECKING:
    from tmesim.result import Result


MODULE = ("python", "-m", "tmesim")
TABLES = ("timeseries.csv", "endpoints.csv", "comparison.csv")


def again(result: Result) -> Markup:
    """How to get the same bits."""
    facts = result.provenance
    versions = facts.get("versions", {})
    command = [word for arg in facts.get("command", []) for word in (MODULE if arg == "__main__.py" else (arg,))]
    machine = facts.get("platform", {})
    seeds = ", ".join(str(s) for s in facts.get("replicate_seeds", []))
    sums = {name: hashlib.sha256((result.path / name).read_bytes()).hexdigest() for name in TABLES}
    rows = [
        ("Command", tag("code", shlex.join(command)) if command else None),
        ("Seed", f"{facts.get('seed', result.scenario.seed)} (of the replicates: {seeds})"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in versions.items())),
        ("Machine", f"{machine.get('system', '')}, {machine.get('cores', '?')} cores"),
        ("Started", ", ".join(facts.get("started", []))),
        ("Took", f"{facts['wall_s']:.0f} s with {facts.get('workers', 1)} workers" if "wall_s" in facts else None),
        ("Scenario", tag("code", facts.get("scenario_hash", result.scenario.hash), class_="hash")),
        *((name, tag("code", value, class_="hash")) for name, value in sums.items()),
    ]
    return both(
        tag("p", "The scenario below holds every setting of this run. Saved as ", tag("code", "scenario.yaml"),
            " (it is also in the folder of the run), it gives the same tables, bit for bit, with the same versions "
            "on the same kind of machine, whatever the number of workers:"),
        tag("pre", tag("code", "tmesim run scenario.yaml --out again"), class_="command"),
        tag("dl", *(x for key, value in rows if value is not None for x in term(key, value)), class_="facts"),
        tag("details", tag("summary", "The scenario in full"),
            tag("pre", tag("code", (result.path / "scenario.yaml").read_text(encoding="utf-8")))),
    )  # fmt: skip


def cite(result: Result) -> Markup:
    """The program and the papers."""
    facts = result.provenance
    version = facts.get("versions", {}).get("tmesim", "")
    hash_ = str(facts.get("scenario_hash", result.scenario.hash))
    text = (
        f"The tmesim authors. tmesim: an agent-based simulator of the breast tumor microenvironment, "
        f"version {version}. Scenario {result.scenario.name}, {hash_[:12]}."
    )
    papers = grounds.primary(result.scenario)
    return both(
        tag("p", "The program, with its version and the scenario:"),
        tag("blockquote", text),
        tag("p", "And the papers that the drugs of this run rest on:") if papers else None,
        tag("ul", *(tag("li", paper) for paper in papers), class_="papers") if papers else None,
    )


def closing(result: Result) -> Markup:
    n = result.replicates
    return tag(
        "p",
        f"Made by tmesim from the tables of this run ({n} replicate{'s' * (n > 1)}). A simulation, not medical advice.",
    )
