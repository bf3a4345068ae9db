"""The command line. Signatures and help stand here; what takes time to import is imported inside the commands.

Exit codes: 0 done, 1 a failure, 2 the input is wrong (nothing is written), 130 interrupted.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

import typer

app = typer.Typer(
    name="tmesim",
    help="An agent-based simulator of the breast tumor microenvironment.",
    epilog="Start with: tmesim demo · tmesim list scenarios · tmesim check SCENARIO · tmesim run SCENARIO",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

WRONG_INPUT, FAILURE, INTERRUPTED = 2, 1, 130
MOST_PROBLEMS = 200
"""Problems of the input that are printed; a file that an alias multiplies can hold ten thousands."""


ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A scenario's file, or its name (`tmesim list scenarios`).")
]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn errors into messages on standard error and the exit codes of the command line.

    TMESIM_TRACEBACK=1 shows where a failure arose.
    """
    from tmesim.reading import InputError
    from tmesim.text import line, say

    try:
        yield
    except InputError as error:
        told = [str(problem) for problem in error.problems[:MOST_PROBLEMS]]
        if len(error.problems) > MOST_PROBLEMS:
            told.append(f"… and {len(error.problems) - MOST_PROBLEMS} more problems")
        say("\n".join(told), to_errors=True)
        raise typer.Exit(WRONG_INPUT) from None
    except KeyboardInterrupt as error:
        say(f"interrupted: {line(error)}" if str(error) else "interrupted", to_errors=True)
        raise typer.Exit(INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("TMESIM_TRACEBACK"):
            raise
        say(": ".join(text for text in ("failed", type(error).__name__, line(error)) if text), to_errors=True)
        raise typer.Exit(FAILURE) from None


@app.command()
def run(
    scenario: ScenarioName,
    out: Annotated[
        Path | None, typer.Option(help="Run directory; default runs/NAME. Another run is never overwritten.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's seed.")] = None,
    replicates: Annotated[
        int | None, typer.Option(help="How many replicates; a run that has fewer gets the others.")
    ] = None,
    days: Annotated[float | None, typer.Option(help="How long, in days.")] = None,
    arms: Annotated[str | None, typer.Option(metavar="A,B", help="Only these arms.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a number or setting; may be repeated."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run, bit for bit.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Tables and snapshots only.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
    checkpoint_every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Seconds between checkpoints.")
    ] = 60.0,
) -> None:
    """Simulate every arm of a scenario on every replicate, compare the arms, draw the figures.

    Examples:

    - `tmesim run treg_depletion`

    - `tmesim run my.yaml --replicates 4 --days 10 --arms untreated,combo`

    - `tmesim run my.yaml --set "cells.tumor.behaviors.division=0.03 1/h" --out runs/slow`

    - `tmesim run my.yaml --set start.densities.caf=x2 --set "tissue.size=[1.2 mm, 1.2 mm]"`

    - `tmesim run my.yaml --resume`  (after Ctrl-C; resumes, bit for bit)
    """
    with exit_codes():
        from tmesim.cli.running import run_scenario

        run_scenario(
            scenario, out, seed, replicates, days, arms, workers, set_ or [], resume, not no_figures, quiet,
            checkpoint_every,
        )  # fmt: skip


@app.command()
def render(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a finished run.")],
    format: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="png|pdf|svg",
            help="Of the figures, several with commas; png by default. The text of an svg can be edited.",
        ),
    ] = None,
    panels: Annotated[
        list[str] | None,
        typer.Option(
            "--panels",
            metavar="NAMES",
            help="What to draw, with commas: tissue, oxygen or another field, "
            "trajectories, effects, movie, report; by default all that the run has.",
        ),
    ] = None,
    mp4: Annotated[bool, typer.Option("--mp4", help="The movie as MP4 too; needs the package imageio-ffmpeg.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Draw the figures, the movie and the report of a run again, from its files. Nothing is simulated.

    Examples:

    - `tmesim render runs/treg_depletion`

    - `tmesim render runs/treg_depletion --format pdf,svg --panels tissue,effects`

    - `tmesim render runs/treg_depletion --mp4`
    """
    with exit_codes():
        from tmesim.cli.rendering import listed, render_run

        formats = listed(format)
        render_run(folder, mp4, quiet, ["png"] if formats is None else formats, listed(panels))


@app.command()
def atlas(
    scenario: ScenarioName,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The file; default NAME.html. Only a class page is overwritten.")
    ] = None,
    replicates: Annotated[int | None, typer.Option(help="How many replicates; by default 12 at least.")] = None,
    days: Annotated[float | None, typer.Option(help="How long, in days.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Make a page for a class: every arm, played in the browser, with the numbers of all replicates behind it.

    It is one file of less than 8 MB that needs no network and no server: a story for twenty minutes, a worksheet to
    print, and notes for the teacher, in English and German.

    Examples:

    - `tmesim atlas treg_depletion`

    - `tmesim atlas my.yaml --out lesson.html --replicates 20`
    """
    with exit_codes():
        from tmesim.cli.teaching import write_class_page

        write_class_page(scenario, out, replicates, days, workers, quiet)


@app.command()
def organs(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="The directory of a finished run in which tumor cells come to organs.")
    ],
    shares: Annotated[
        bool, typer.Option("--shares", help="How much of the differences among organs is arrival, and how much soil.")
    ] = False,
    validation: Annotated[
        bool, typer.Option("--validation", help="What was measured in mice, beside what the run gives.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    json: Json = False,
) -> None:
    """Estimate what whole organs hold of tumor cells and lesions, from the sampled patches of a run.

    Examples:

    - `tmesim organs runs/experimental_metastasis`

    - `tmesim organs runs/seed_and_soil --shares`  (arrival, access, growth and detection, with intervals)

    - `tmesim organs runs/seed_and_soil_class --validation`  (published numbers that set none of the model's)

    - `tmesim organs runs/seed_and_soil --csv organs.csv`
    """
    with exit_codes():
        from tmesim.cli.spreading import print_organs, print_shares, print_validation, refuse_both

        refuse_both(shares, validation)
        printed = print_shares if shares else print_validation if validation else print_organs
        printed(folder, csv, json)


@app.command()
def targets(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a finished run.")],
    beside: Annotated[
        Path | None,
        typer.Option(metavar="WINDOW", help="A run of a window inside a lesion, to set beside the core of this one."),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    json: Json = False,
) -> None:
    """Hold the untreated arm of a run against what was published: interval, what the model gives, verdict, source.

    Examples:

    - `tmesim targets runs/untreated`

    - `tmesim targets runs/untreated --csv targets.csv`

    - `tmesim targets runs/untreated --beside runs/window`  (the core of a whole nest, and the inside of a large lesion)
    """
    with exit_codes():
        from tmesim.cli.targeting import print_targets

        print_targets(folder, beside, csv, json)


@app.command()
def check(scenario: ScenarioName) -> None:
    """Read a scenario and say everything that is wrong with it, or what it would simulate. Nothing is written.

    Examples:

    - `tmesim check my.yaml`

    - `tmesim check untreated`
    """
    with exit_codes():
        from tmesim.cli.running import check_scenario

        check_scenario(scenario)


@app.command()
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


@app.command("list")
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
def bench(json: Json = False) -> None:
    """Measure the throughput of this machine, per phase of a step."""
    with exit_codes():
        from tmesim.bench import main as measure

        measure(as_json=json)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if show:
        from tmesim import __version__
        from tmesim.text import say

        say(f"tmesim {__version__}")
        raise typer.Exit


def main() -> None:
    open_streams()
    for stream in (sys.stdout, sys.stderr):  # a console that has no µ shall not end the run
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = told
    app(prog_name="tmesim")


def open_streams() -> None:
    """Give standard streams that a shell has closed (`>&-`) an end in nothing: else the next file that is opened gets
    the number of one, and what is printed goes into it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))


def told(message: Warning | str, category: type[Warning], filename: str, lineno: int,
         file: TextIO | None = None, line: str | None = None) -> None:  # fmt: skip
    """A warning as one line on standard error; where it arose matters to none but those who change the program."""
    from tmesim import text

    text.say(text.line(message), to_errors=True)
