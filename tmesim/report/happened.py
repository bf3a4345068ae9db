"""What happened: movie, pictures and curves."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from PIL import Image

from tmesim.figures.trajectories import chosen
from tmesim.report import answer, drawing
from tmesim.report.markup import Child, Markup, both, tag
from tmesim.statistics import words

if TYPE_CHECKING:
    from tmesim.result import Result


def happened(result: Result) -> Markup:
    """Movie, pictures and curves."""
    parts: list[Child] = []
    movie = result.path / "figures" / "movie.gif"
    n = result.replicates
    which = "the replicate that ended nearest to the median" if n > 1 else "the only replicate"
    if movie.is_file():
        data = movie.read_bytes()
        with Image.open(io.BytesIO(data)) as image:
            size, frames = image.size, getattr(image, "n_frames", 1)
        alt = (
            f"Movie of the tissue in {frames} frames from day 0 to day {result.scenario.time.days:g}, "
            "the arms side by side."
        )
        picture = tag(
            "picture",
            tag("source", srcset=uri(still(data), "image/png"), media="(prefers-reduced-motion: reduce)"),
            image_tag(data, "image/gif", alt, size),
        )
        parts.append(
            tag(
                "details",
                tag("summary", "Movie"),
                scroller(picture, 0.6 * size[0] if size[0] > 700 else 0, most=1.3 * size[0]),
                tag("p", f"The tissue over time in {which}. Triangles are doses. Fold this part to stop the movie.",
                    class_="caption"),
                open=True,
                class_="movie",
            )
        )  # fmt: skip
    for name, title, caption in (
        ("tissue", "The tissue", f"Cells and vessels on some days in {which}; blue-gray where oxygen is short."),
        ("oxygen", "Oxygen", "The same days: oxygen, vessels that carry blood, and the edge of the tumor."),
    ):
        file = result.path / "figures" / f"{name}.png"
        if file.is_file():
            data, size = compacted(file.read_bytes())
            arms = ", ".join(words(arm) for arm in result.arms)
            alt = f"{title}: pictures of {arms}, a row for each arm, a column for each day."
            parts.append(
                tag("figure", tag("h3", title), scroller(image_tag(data, "image/png", alt, size), 760),
                    tag("figcaption", caption, class_="caption"))
            )  # fmt: skip
    many = "Lines are medians; bands hold the middle half of the replicates; thin lines are single replicates. "
    panels = [drawing.curves(result, name, answer.observable(result, name)) for name in chosen(result)]
    parts += [
        tag("h3", "Over time"),
        drawing.legend(result),
        tag("div", *panels, class_="curves"),
        tag("p", f"{many if n > 1 else ''}Dashed lines mark doses.", class_="caption"),
    ]
    return both(*parts)


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
        flat = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        out = io.BytesIO()
        flat.save(out, "PNG", optimize=True)
        return min(data, out.getvalue(), key=len), image.size


def still(movie: bytes) -> bytes:
    """The last frame of a movie as PNG, for those who want no motion."""
    with Image.open(io.BytesIO(movie)) as image:
        image.seek(getattr(image, "n_frames", 1) - 1)
        return compacted(png(image))[0]


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "PNG")
    return out.getvalue()
