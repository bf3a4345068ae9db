"""What happened: movie, pictures and curves."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image

from tmesim.drawing import page
from tmesim.drawing.curves import BAND, chosen, doses
from tmesim.drawing.labels import spelled_out
from tmesim.drawing.shots import representative
from tmesim.drawing.tissue import draw_tissue
from tmesim.markup import Markup, both, tag
from tmesim.reading import InputError, Problem
from tmesim.report import answer
from tmesim.wording import words

if TYPE_CHECKING:
    from pathlib import Path

    from tmesim.result import Result

PHONE = "(max-width: 600px)"


def happened(result: Result) -> Markup:
    """Movie, pictures and curves."""
    n = result.replicates
    many = f"n = {n} replicate{'s' * (n > 1)}. "
    many += "Thick lines are medians, thin lines single replicates. " if n > 1 else ""
    many += "Bands hold the middle half of the replicates. " if n >= BAND else ""
    names = chosen(result)
    shown = [answer.observable(result, name) for name in names]
    panels = [page.curves(result, name, o) for name, o in zip(names, shown, strict=True)]
    notes = spelled_out([*(o.label for o in shown), *(words(arm) for arm in result.arms)])
    marks = "Triangles mark doses. " if doses(result.scenario) else ""
    return both(
        movie(result),
        *pictures(result),
        tag("h3", "Over time"),
        page.legend(result),
        tag("div", *panels, class_="curves"),
        tag("p", f"{many}{marks}{notes}{'.' if notes else ''}", class_="caption"),
    )


def movie(result: Result) -> Markup | None:
    """The movie, folded open; its last frame for those who want no motion."""
    file = result.path / "figures" / "movie.gif"
    if not file.is_file():
        return None
    data = file.read_bytes()
    with named_if_broken(file), Image.open(io.BytesIO(data)) as image:
        size, frames, last = image.size, getattr(image, "n_frames", 1), still(data)
    alt = (
        f"Movie of the tissue in {frames} frames from day 0 to day {result.scenario.time.days:g}, "
        f"{'a row for each arm, with its organs' if result.scenario.places else 'the arms side by side'}. "
        f"{counted(result)}"
    )
    picture = tag(
        "picture",
        tag("source", srcset=uri(last, "image/png"), media="(prefers-reduced-motion: reduce)"),
        image_tag(data, "image/gif", alt, size),
    )
    shown = "The tissue and, beside it, the patch of each organ" if result.scenario.places else "The tissue"
    caption = f"{shown} over time in {which(result)}. Triangles are doses. Fold this part to stop the movie."
    return tag(
        "details",
        tag("summary", "Movie"),
        scroller(picture, 0.45 * size[0] if size[0] > 700 else 0, most=1.3 * size[0]),
        tag("p", caption, class_="caption"),
        open=True,
        class_="movie",
    )


def pictures(result: Result) -> Iterator[Markup]:
    """Tissue and oxygen; a phone gets the last day alone, large enough to be read."""
    arms = ", ".join(words(arm) for arm in result.arms)
    alt = f"{{}}: pictures of {arms}, a row for each arm, a column for each day. {counted(result)}"
    folder = result.path / "figures"
    if (folder / "tissue.png").is_file():
        with named_if_broken(folder / "tissue.png"):
            data, size = compacted((folder / "tissue.png").read_bytes())
        last = result.snapshot_days[-1]
        small, _ = compacted(draw_tissue(result, days=[last], narrow=True).data("png"))
        picture = tag(
            "picture",
            tag("source", srcset=uri(small, "image/png"), media=PHONE),
            image_tag(data, "image/png", alt.format("The tissue"), size),
        )
        caption = (
            f"Cells and vessels in {which(result)}. Days before the arms part are shown once. The ground is blue-gray "
            f"where oxygen is short. On a narrow screen day {last:g} alone is shown."
        )
        yield tag("figure", tag("h3", "The tissue"), scroller(picture, 0),
                  tag("figcaption", caption, class_="caption"))  # fmt: skip
    if (folder / "oxygen.png").is_file():
        with named_if_broken(folder / "oxygen.png"):
            data, size = compacted((folder / "oxygen.png").read_bytes())
        caption = "The same days: oxygen, vessels, and the edge of the tumor."
        picture = image_tag(data, "image/png", alt.format("Oxygen"), size)
        yield tag("figure", tag("h3", "Oxygen"), scroller(picture, 760), tag("figcaption", caption, class_="caption"))


@contextmanager
def named_if_broken(file: Path) -> Iterator[None]:
    """InputError, with the remedy, when a drawing cannot be read."""
    try:
        yield
    except (OSError, ValueError, SyntaxError, EOFError):  # all of which Pillow raises
        message = "is not a whole picture; `tmesim render` draws it again"
        raise InputError([Problem(message, file=str(file))]) from None


def which(result: Result) -> str:
    return "the replicate that ended nearest to the median" if result.replicates > 1 else "the only replicate"


def counted(result: Result) -> str:
    """The tumor cells that the pictures show on the first and the last day, for those who cannot see them."""
    shown = representative(result)
    counts = {arm: result.series("tumor_burden", arm)[1][shown, [0, -1]] for arm in result.arms}
    told = "; ".join(f"{words(arm)} from {first:.0f} to {last:.0f}" for arm, (first, last) in counts.items())
    return f"Tumor cells: {told}."


def uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_tag(data: bytes, kind: str, alt: str, size: tuple[int, int]) -> Markup:
    return tag("img", src=uri(data, kind), alt=alt, width=size[0], height=size[1])


def scroller(content: Markup, least: float, most: float = 1080) -> Markup:
    """A box in which a wide picture can be moved sideways on a narrow screen; bounds of the picture's width in px."""
    picture = tag("div", content, style=f"min-width:{least:.0f}px;max-width:{most:.0f}px")
    box = tag("div", picture, class_="scroller", tabindex="0")
    return Markup(box + tag("p", "Slide sideways to see all of it.", class_="hint")) if least else box


def compacted(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """A picture with at most 256 colors, so few that no eye sees it; and its size."""
    with Image.open(io.BytesIO(data)) as image:
        flat = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        out = io.BytesIO()
        flat.save(out, "PNG")
        return min(data, out.getvalue(), key=len), image.size


def still(movie: bytes) -> bytes:
    """The last frame of a movie as PNG, for those who want no motion."""
    with Image.open(io.BytesIO(movie)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        out = io.BytesIO()
        image.convert("P", palette=Image.Palette.ADAPTIVE).save(out, "PNG")
        return out.getvalue()
