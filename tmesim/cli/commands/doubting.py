"""Commands of hours that ask what the model stands on; each goes on where it was ended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tmesim.cli.app import app, exit_codes

PANEL = "Fit and doubt the model"


@app.command(rich_help_panel=PANEL)
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
        bool, typer.Option("--keep", help="For developers: keep the result in the package, for `tmesim ensemble`.")
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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
