"""A result that shows itself, with pictures, a movie and a card: what `tmesim.run` returns, and `tmesim.Result`; and
what is asked of it, why its arms differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tmesim import ablation, cards, result, why

if TYPE_CHECKING:
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
