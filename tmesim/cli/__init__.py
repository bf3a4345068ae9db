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
    until: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION",
            help="Add replicates until 'width(ENDPOINT[, ARM]) < 10 %' (± 10 % of the reference) or '< 200 cells'; "
            "several with `and`.",
        ),
    ] = None,
    least: Annotated[int | None, typer.Option(help="Replicates at least, with --until; by default 4.")] = None,
    most: Annotated[int | None, typer.Option(help="Replicates at most, with --until; by default 40.")] = None,
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

    - `tmesim run treg_depletion --until "width(tumor_burden) < 10 %"`  (its intervals allow for the looking)

    - `tmesim run my.yaml --until "width(tumor_burden, drug) < 200 cells and width(n_ctl) < 15 %" --most 60`

    - `tmesim run my.yaml --resume`  (after Ctrl-C; resumes, bit for bit)
    """
    with exit_codes():
        from tmesim.cli.running import run_scenario

        run_scenario(
            scenario, out, seed, replicates, days, arms, workers, set_ or [], resume, not no_figures, quiet,
            checkpoint_every, until, least, most,
        )  # fmt: skip


@app.command()
def sweep(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario's file or name, or the sweep.yaml of a sweep.")
    ],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="KEY=a,b,c",
            help="What is varied: values, or a range LOW..HIGH (LOW..HIGH log: spaced by a factor); may be repeated. "
            "A KEY is what --set knows, dose.DRUG, start.DRUG, every.DRUG or times.DRUG of a treatment, or rules.NAME "
            "(on, off).",
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            metavar="grid|each|lhs|sobol|morris",
            help="Every combination (default); one at a time; Latin hypercube; Sobol' indices; elementary effects.",
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option("--n", help="Levels of a range (grid), points (lhs), base points (sobol), trajectories (morris)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory; default runs/NAME_sweep. Never overwritten.")] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the scenario's seed.")] = None,
    replicates: Annotated[int | None, typer.Option(help="How many at each point, on the same seeds.")] = None,
    days: Annotated[float | None, typer.Option(help="How long, in days.")] = None,
    arms: Annotated[str | None, typer.Option(metavar="A,B", help="Only these arms.")] = None,
    endpoints: Annotated[str | None, typer.Option(metavar="A,B", help="Instead of the scenario's endpoints.")] = None,
    at: Annotated[str | None, typer.Option(metavar="DAYS", help="Days of the endpoints; default: the last.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a number or setting at all points."),
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="2h", help="Wall time after which no job is begun; --resume goes on.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a sweep that was ended early.")] = False,
    no_figures: Annotated[bool, typer.Option("--no-figures", help="Tables only.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """What if: simulate a scenario at many points of what it could say, on the same seeds, and say what that changes.

    Ended early (budget, Ctrl-C, a kill), it loses no more than the jobs at work and exits with 130; `--resume` goes on.

    Examples:

    - `tmesim sweep treg_depletion --vary "dose.anti_cd25=0,1,3,10,30 mg/kg" --arms untreated,treg_depletion`

    - `tmesim sweep my.yaml --vary "start.densities.caf=x0.5,x1,x2" --vary rules.vegf_drives_sprouting=on,off`

    - `tmesim sweep my.yaml --vary "cells.tumor.behaviors.division=0.02..0.06 1/h" --n 7 --budget 2h`

    - `tmesim sweep my.yaml --design morris --n 10 --vary start.ecm=0.1..0.5 --vary "fields.vegf.decay=x0.5..x2"`

    - `tmesim sweep my.yaml --vary start.ecm=0.1..0.5 --resume`  (goes on where it was ended)

    - `tmesim sweep runs/my_sweep/sweep.yaml --replicates 12 --out runs/again`
    """
    with exit_codes():
        from tmesim.cli.sweeping import sweep_scenario

        chosen = [arm.strip() for arm in arms.split(",")] if arms is not None else None
        options = {"seed": seed, "replicates": replicates, "days": days, "arms": chosen}
        sweep_scenario(
            scenario, vary or [], design, n, at, endpoints, options, set_ or [], out, workers, resume, budget,
            not no_figures, quiet,
        )  # fmt: skip


@app.command()
def calibrate(
    host: Annotated[str, typer.Argument(metavar="HOST", help="mouse, human or a host of the catalogue.")] = "mouse",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory; default runs/calibration_HOST.")] = None,
    waves: Annotated[int, typer.Option(min=1, help="Rounds of simulating where nothing is ruled out yet.")] = 3,
    points: Annotated[int, typer.Option(min=12, help="Points of each wave.")] = 128,
    replicates: Annotated[int, typer.Option(min=2, help="Replicates of each point, on the same seeds.")] = 4,
    hold_out: Annotated[
        str, typer.Option(metavar="GROUP", help="A group of targets that is predicted instead of fitted; or none.")
    ] = "rim, front and core",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of the section that is simulated; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the design and of the replicates.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="2h", help="Wall time after which no job is begun; --resume goes on.")
    ] = None,
    checks: Annotated[
        int, typer.Option(min=0, help="Replicates of each member of the ensemble at the end, on fresh seeds; 0: none.")
    ] = 2,
    transfer: Annotated[
        str | None, typer.Option(metavar="HOST", help="Another host, in which members that fit are simulated too.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where one was ended, or add waves.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Put the result into the catalogue of this copy of the package.")
    ] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="See whether the kept result is what today's model gives; fit nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Fit a few parameters to what is known of untreated tumors, and say which values are not ruled out.

    Takes hours, and the extra `tmesim[calibration]`. Ended early it exits with 130; each wave leaves a whole result.

    Examples:

    - `tmesim calibrate mouse --budget 4h`

    - `tmesim calibrate mouse --budget 4h --resume`  (goes on where it was ended)

    - `tmesim calibrate mouse --transfer human --resume`  (asks what the fitted members give in people)

    - `tmesim calibrate human --waves 2 --points 96 --hold-out "oxygen and necrosis"`

    - `tmesim calibrate mouse --set "tissue.size=[600 µm, 600 µm]" --set time.days=7 --out runs/miniature`
    """
    with exit_codes():
        from tmesim.cli.calibrating import calibrate_host, confirm_host

        if confirm:
            confirm_host(host)
            return
        calibrate_host(
            host, out, waves, points, replicates, checks, hold_out, transfer, set_ or [], seed, workers, budget, resume,
            keep, quiet,
        )  # fmt: skip


@app.command()
def ensemble(
    scenarios: Annotated[
        str | None, typer.Option(metavar="A,B", help="Only these; by default all of which something is concluded.")
    ] = None,
    sets: Annotated[int, typer.Option(min=2, help="Parameter sets of each host, the first of its calibration.")] = 100,
    pairs: Annotated[int, typer.Option(min=2, max=999, help="Pairs of each set.")] = 2,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", metavar="DIR", help="A calibration, whose parameter sets are taken; one for each host."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory; default runs/ensemble.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of the sections that are simulated; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the pairs.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="2h", help="Wall time after which no job is begun; --resume goes on.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where one was ended, or add --sets or --pairs.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="For developers: keep the result in the package, for reports and README.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Ask which conclusions of the main scenarios hold in other parameter sets that fit untreated tumors.

    Takes the sets that a calibration did not rule out, each in small sections and two pairs; some three hours of one
    core for a hundred. Ended early it exits with 130.

    Examples:

    - `tmesim ensemble --from runs/calibration_mouse --budget 1h`

    - `tmesim ensemble --from runs/calibration_mouse --budget 1h --resume`  (goes on where it was ended)

    - `tmesim ensemble --from runs/calibration_mouse --from runs/calibration_human --sets 50 --out runs/both`

    - `tmesim ensemble --from runs/calibration_mouse --scenarios treg_depletion,anti_vegf --sets 20 --pairs 4`
    """
    with exit_codes():
        from tmesim.cli.ensembling import ensemble_of

        ensemble_of(
            scenarios, sets, pairs, from_ or [], out, set_ or [], seed, workers, budget, resume, keep, quiet
        )  # fmt: skip


@app.command()
def predict(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]…", help="Predictions, or groups of them; default: all, with whole crossings."),
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option(metavar="HOST", help="Only those of a host; may be repeated.")
    ] = None,
    pairs: Annotated[int, typer.Option(min=2, help="Replicates of every arm, on the same seeds.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Of the replicates.")] = 1,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of all scenarios, such as a smaller tissue; may be repeated."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory; default runs/predictions.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="2h", help="Wall time after which no job is begun; --resume goes on.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it was ended.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the result in the package.")] = False,
    kept: Annotated[bool, typer.Option("--kept", help="Show the kept result, and whether it is stale.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Show what was written down, and simulate nothing.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """Ask the model what was predicted of it, and hold that beside published experiments: hit, miss or inconclusive.

    Takes hours for all of them. Ended early it exits with 130, and --resume goes on.

    Examples:

    - `tmesim predict --list`

    - `tmesim predict --budget 4h`

    - `tmesim predict "stem-like cells" --pairs 4 --out runs/stem_like`

    - `tmesim predict regrowth --pairs 2 --set "tissue.size=[600 µm, 600 µm]" --out runs/miniature`
    """
    with exit_codes():
        from tmesim.cli import predicting

        if list_:
            predicting.print_list()
        elif kept:
            predicting.print_kept()
        else:
            predicting.predict_now(
                names or [], host or [], pairs, seed, set_ or [], out, workers, budget, resume, keep, quiet
            )


@app.command()
def sensitivity(
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A scenario's file or name; it is made smaller and shorter.")
    ] = "treg_depletion",
    arm: Annotated[str | None, typer.Option(help="The treated arm; default: the first.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Directory; default runs/NAME_sensitivity.")] = None,
    trajectories: Annotated[int, typer.Option(min=2, help="Of the groups, each of one point a group.")] = 8,
    numbers: Annotated[int, typer.Option(min=2, help="Most numbers that are looked at one by one.")] = 100,
    together: Annotated[int, typer.Option(min=2, help="Of these, most that are varied together.")] = 16,
    points: Annotated[int, typer.Option(min=8, help="Points at which they are.")] = 128,
    replicates: Annotated[int, typer.Option(min=2, help="Replicates of each point, on the same seeds.")] = 2,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of the tissue that is simulated; may be repeated."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the scenario's seed.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default: the processors there are.")] = None,
    budget: Annotated[
        str | None, typer.Option(metavar="2h", help="Wall time after which no job is begun; --resume goes on.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where one was ended.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="For those who change the model: `tmesim evidence` tells of the result.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is wrong.")] = False,
) -> None:
    """What an answer hangs on: groups of rules, then numbers, then how much of it rests on assumed numbers.

    Takes about two core-hours, and the extra `tmesim[calibration]`. Ended early it exits with 130; each stage leaves a
    whole result.

    Examples:

    - `tmesim sensitivity treg_depletion --budget 2h`

    - `tmesim sensitivity treg_depletion --budget 2h --resume`  (goes on where it was ended)

    - `tmesim sensitivity anti_vegf --numbers 60 --points 96 --seed 4`

    - `tmesim sensitivity my.yaml --set "tissue.size=[450 µm, 450 µm]" --set time.days=5 --out runs/miniature`
    """
    with exit_codes():
        from tmesim.cli.weighing import weigh

        weigh(
            scenario, arm, out, trajectories, numbers, together, points, replicates, set_ or [], seed, workers, budget,
            resume, keep, quiet,
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
            "trajectories, effects, why, movie, report; by default all that the run has.",
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
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN RUN …", help="Directories of finished runs, two or more.")],
    arm: Annotated[
        str | None, typer.Option(metavar="A or A,B", help="One arm for all, or one for each; default: equal names.")
    ] = None,
    endpoints: Annotated[
        str | None, typer.Option(metavar="A,B", help="Any recorded observables; default: the endpoints of the runs.")
    ] = None,
    day: Annotated[float | None, typer.Option(help="A day that all recorded; default: the last.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    json: Json = False,
    figure: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it, as .png, .pdf or .svg.")] = None,
) -> None:
    """Set finished runs side by side: what differs in their settings, and how their endpoints do.

    The others are compared with the first, in pairs where they share seeds and tissue; else it says why not.

    Examples:

    - `tmesim compare runs/untreated runs/untreated-2`

    - `tmesim compare runs/mouse runs/human --arm untreated --endpoints tumor_burden,n_ctl`

    - `tmesim compare runs/early runs/late --arm drug,drug --day 14 --figure compared.png`
    """
    with exit_codes():
        from tmesim.cli.side_by_side import print_comparison

        print_comparison(runs, arm, endpoints, day, csv, json, figure)


@app.command()
def power(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a finished run, the pilot.")],
    endpoint: Annotated[str | None, typer.Option(help="Of this endpoint alone.")] = None,
    arm: Annotated[str | None, typer.Option(help="Of this arm alone; of the reference its mean.")] = None,
    width: Annotated[str, typer.Option(help="How narrow an interval is wanted: ± so much of the reference.")] = "10 %",
    detect: Annotated[str, typer.Option(help="A difference that is to be found, of the reference.")] = "10 %",
    power: Annotated[float, typer.Option(help="How often it is to be found.")] = 0.8,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    json: Json = False,
) -> None:
    """How many replicates an interval of ± 10 % takes, or finding a difference, with a finished run as the pilot.

    Examples:

    - `tmesim power runs/treg_depletion`

    - `tmesim power runs/treg_depletion --endpoint tumor_burden --width "5 %"`

    - `tmesim power runs/treg_depletion --arm treg_depletion --detect "20 %" --power 0.9`
    """
    with exit_codes():
        from tmesim.cli.precision import print_power

        print_power(folder, endpoint, arm, width, detect, power, csv, json)


@app.command()
def why(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The directory of a finished run.")],
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Switch groups of rules off in turn, and rank what each contributes.")
    ] = False,
    groups: Annotated[
        str | None, typer.Option(metavar="A,B", help="With --ablate: only these groups; by default all that can act.")
    ] = None,
    arms: Annotated[
        str | None, typer.Option(metavar="A,B", help="With --ablate: only these treated arms; by default all.")
    ] = None,
    replicates: Annotated[int | None, typer.Option(min=1, help="With --ablate: how many; by default 4.")] = None,
    days: Annotated[float | None, typer.Option(help="With --ablate: how long, in days; by default as the run.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="With --ablate: as of `run`, such as a smaller tissue."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="With --ablate: processes; by default the processors there are.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="With --ablate: its directory; by default RUN_ablated. It is taken up again.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this file.")] = None,
    json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing on the way.")] = False,
) -> None:
    """Say why arms differ: births and losses of cells by cause, as paired differences that add up.

    Examples:

    - `tmesim why runs/treg_depletion`

    - `tmesim why runs/treg_depletion --csv causes.csv`  (all cell types, by zone of the tumor)

    - `tmesim why runs/treg_depletion --ablate`  (what each group of rules contributes to the effect)

    - `tmesim why runs/treg_depletion --ablate --groups treg_suppression,exhaustion --days 14 --arms treg_depletion`
    """
    with exit_codes():
        from tmesim.cli.asking import print_ablation, print_why, refuse_without_ablation
        from tmesim.cli.rendering import listed

        if ablate:
            chosen, treated = (None if text is None else listed([text]) for text in (groups, arms))
            print_ablation(folder, out, chosen, treated, replicates, days, workers, set_ or [], csv, json, quiet)
        else:
            refuse_without_ablation({
                "--groups": groups, "--arms": arms, "--replicates": replicates, "--days": days, "--set": set_,
                "--workers": workers, "--out": out,
            })  # fmt: skip
            print_why(folder, csv, json)


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
