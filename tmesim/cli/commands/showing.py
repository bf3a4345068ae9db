"""Commands that read what finished runs hold; nothing is simulated but where one asks for ablations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tmesim.cli.app import Json, ScenarioName, app, exit_codes

PANEL = "Read a result"


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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
