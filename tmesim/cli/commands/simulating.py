"""Commands that simulate a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tmesim.cli.app import ScenarioName, app, exit_codes

PANEL = "Simulate"


@app.command(rich_help_panel=PANEL)
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


@app.command(rich_help_panel=PANEL)
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
