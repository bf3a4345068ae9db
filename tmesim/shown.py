"""A result that shows itself, with pictures, a movie and a card: what `tmesim.run` returns, and `tmesim.Result`; and
what is asked of it, why its arms differ."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tmesim import ablation, cards, result, why
from tmesim.arguments import names, number

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.drawing.drawing import Drawing
    from tmesim.drawing.plots import Plots


class Result(result.Result):
    """Everything that a run left in its directory: tables, sections, and pictures of them.

    A file that is read and is not what the run left (edited, damaged, missing) is an InputError that names it: tables
    and scenario when the result is opened, a snapshot when it is read.

    `tmesim.Result("runs/treg_depletion")` reads a finished run in a later session; `tmesim.run` returns one.

    path : the run directory
    scenario : what was run; by default it is read from the directory
    keep : holds a temporary directory alive as long as the result lives

    InputError, naming what would be right, for a path that holds no finished run. Names that a run does not have raise
    KeyError with those that it has; numbers may be of NumPy.
    """

    @property
    def plot(self) -> Plots:
        """Pictures that a notebook shows and `save` writes as .png, .pdf or .svg: `plot.tissue()`, `plot.curves()`,
        `plot.differences()`, and `plot.movie()`; of organs that tumor cells come to `plot.body()`, `plot.seeding()` and
        `plot.organs()`."""
        from tmesim.drawing.plots import Plots

        return Plots(self)

    def power(
        self,
        endpoints: str | Iterable[str] | None = None,
        arms: str | Iterable[str] | None = None,
        *,
        width: float = 0.1,
        detect: float = 0.1,
        power: float = 0.8,
    ) -> pd.DataFrame:
        """How many replicates an answer takes, with this run as the pilot: one row for each endpoint and arm.

        endpoints : of the scenario; by default all
        arms : against the reference; by default all others. Of the reference itself, or a run with one arm, the mean
        width : of the interval that is wanted, ± a share of the reference's mean: 0.1 is ± 10 %
        detect : a difference that is to be found, as a share of the reference's mean
        power : how often it is to be found, between 0 and 1

        Columns: `n` pairs; `spread` of the differences (a share), with the ends of its interval; `now`, the ± of this
        run, and `shown`, the smallest difference that it shows with the power; `width_best` and `detect_best`, the
        replicates that it takes, from `…_low` to `…_high` as far as the pilot knows the spread; `until_best`, with
        `until` and its wider intervals. NaN: more than 100 000. ValueError for one replicate.
        """
        import pandas

        from tmesim.power import COLUMNS, plans

        known = self.scenario.endpoints
        names_ = tuple(known) if endpoints is None else names(endpoints, "endpoints", known)
        chosen = None if arms is None else names(arms, "arms", self.arms)
        for name, value, most in (("width", width, math.inf), ("detect", detect, math.inf), ("power", power, 1)):
            if not 0 < number(value, name, least=0, most=most) < most:
                right = f"a share above 0{' and below 1' if most == 1 else ''}"
                raise ValueError(f"{name}: expected {right}, got {value!r}")
        rows = plans(self, names_, chosen, width, detect, power)
        return pandas.DataFrame([[getattr(row, name) for name in COLUMNS] for row in rows], columns=list(COLUMNS))

    def why(self) -> Why:
        """Births and losses of cells by cause in each arm, and the differences from the reference as sums over them:
        `table`, `sentences`, `notices` and `plot()`. `tmesim.ablate` asks what each mechanism contributes.

        InputError for a run of an earlier version, which counted no causes.
        """
        return Why(self)

    def movie(self, path: str | Path, replicate: int | None = None) -> Path:
        """Write the movie of a replicate (default: the one of the pictures) as a `.gif`, `.webp` or, with the package
        imageio-ffmpeg, `.mp4` file; returns the path."""
        from tmesim.drawing.movie import Movie

        return Movie(self, replicate).save(path)

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import result_card

        return result_card(self)


class Why(why.Why):
    """Why the arms of a run differ: `Result.why()`. `tmesim.why.Why` tells what it holds."""

    def plot(self) -> Drawing:
        """From the reference's tumor cells to each arm's, a step for each cause, and the births and losses of each
        day."""
        from tmesim.drawing.why import draw_why

        return draw_why(self.result)

    def __repr__(self) -> str:
        return "\n".join(("<Why>", *self.sentences))

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import pictures

        told = "".join(f"<p>{cards.escape(text)}</p>" for text in self.sentences)
        drawing = self.plot()
        return cards.card(
            self.result.scenario.name, "why", "", told, pictures({"": drawing.png}, min(drawing.width, 840)),
            cards.warned(self.notices), *map(cards.note, self.limits),
        )  # fmt: skip


class Ablation(ablation.Ablation):
    """What each mechanism contributes: `tmesim.ablate` makes one, `tmesim.Ablation(tmesim.Result(path))` reads one."""

    def plot(self, endpoint: str | None = None) -> Drawing:
        """The groups of rules by what they contribute to the effect of each treated arm.

        endpoint : by default the first of the scenario
        """
        from tmesim.drawing.ablation import draw_ablation

        return draw_ablation(self, endpoint)

    def __repr__(self) -> str:
        return "\n".join(("<Ablation>", *self.sentences))

    def _repr_html_(self) -> str:
        from tmesim.drawing.cards import pictures

        told = "".join(f"<p>{cards.escape(text)}</p>" for text in self.sentences)
        drawing = self.plot()
        shown = pictures({"": drawing.png}, min(drawing.width, 840))
        return cards.card(self.result.scenario.name, "ablation", "", told, shown, cards.note(self.result.whereabouts))
