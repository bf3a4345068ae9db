"""Commands that say what there is, and check what one has written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tmesim.cli.app import Json, ScenarioName, app, exit_codes

PANEL = "Look up"


@app.command(rich_help_panel=PANEL)
def demo(
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder for the page; default: a temporary one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Say where the page is, and open nothing.")] = False,
) -> None:
    """Open the report of a run that comes with the package, to see what a result looks like. Nothing is simulated.

    Examples:

    - `tmesim demo`

    - `tmesim demo --no-browser --out demo`
    """
    with exit_codes():
        from tmesim.cli.demonstrating import show_demo

        show_demo(out, not no_browser)


@app.command("list", rich_help_panel=PANEL)
def list_(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="What to list; without it, how many there are of each.")
    ] = None,
    json: Json = False,
) -> None:
    """List what there is: cells, states, fields, matrix, rules, processes, therapies, signals, behaviors, observables,
    parameters, claims, hosts, organs, scenarios, families (words for several things) or the glossary.

    Examples:

    - `tmesim list scenarios`

    - `tmesim list rules | grep vegf`

    - `tmesim list parameters --json`
    """
    with exit_codes():
        from tmesim.cli.lists import print_list

        print_list(kind, json)


@app.command(rich_help_panel=PANEL)
def explain(
    name: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME",
            help="Anything that `tmesim list` shows, by its name, its label or a word of the field: a cell type, "
            "state, field, rule, process, therapy (or a name of its drug), signal, behavior, observable, parameter "
            "(its dotted path), claim, scenario or term of the glossary; a key of a scenario; `step`, `glossary`, "
            "`contributing`, `model`, `methods`.",
        ),
    ],
) -> None:
    """Explain something of the model in plain English, with the evidence.

    Examples:

    - `tmesim explain treg`, `tmesim explain CD8`, `tmesim explain "regulatory T cell"`

    - `tmesim explain atezolizumab`

    - `tmesim explain oxygen_fuels_division`

    - `tmesim explain cells.tumor.behaviors.division`

    - `tmesim explain start.densities`  (a key of a scenario: what it means, its unit and default)

    - `tmesim explain glossary`  (the words of the program: patch, arm, replicate, soil …)

    - `tmesim explain model`  (all of it, as an ODD protocol)

    - `tmesim explain methods treg_depletion`  (a paragraph for a paper, of a scenario or a run)

    - `tmesim explain step`  (the processes of a step: what each reads and writes)

    - `tmesim explain contributing`  (where things live, and how to add to them)
    """
    with exit_codes():
        from tmesim.cli import pages

        pages.print_explained(" ".join(name))


@app.command(rich_help_panel=PANEL)
def check(scenario: ScenarioName) -> None:
    """Read a scenario and say everything that is wrong with it, or what it would simulate. Nothing is written.

    Examples:

    - `tmesim check my.yaml`

    - `tmesim check untreated`
    """
    with exit_codes():
        from tmesim.cli.running import check_scenario

        check_scenario(scenario)


@app.command(rich_help_panel=PANEL)
def schema() -> None:
    """Print the JSON Schema of scenario files: with it, editors complete keys and mark mistakes while you write.

    Examples:

    - `tmesim schema > schema.json`  and in the scenario beside it, as its first line,
      `# yaml-language-server: $schema=./schema.json`
    """
    with exit_codes():
        from tmesim.scenario import json_schema
        from tmesim.text import json_text, say

        say(json_text(json_schema()))


@app.command(rich_help_panel=PANEL)
def evidence(
    assumed: Annotated[bool, typer.Option("--assumed", help="Every assumed number, by what it says.")] = False,
    json: Json = False,
) -> None:
    """What is modeled, on what grounds, and what is assumed.

    Examples:

    - `tmesim evidence`

    - `tmesim evidence --assumed`  (each assumed number, rules that say the same of several cells in one line)
    """
    with exit_codes():
        from tmesim.cli.grounds import print_evidence

        print_evidence(json, assumed)


@app.command(rich_help_panel=PANEL)
def bench(json: Json = False) -> None:
    """Measure the throughput of this machine, per phase of a step."""
    with exit_codes():
        from tmesim.bench import main as measure

        measure(as_json=json)
