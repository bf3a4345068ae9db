"""Why the arms differ: sentences, the figure of causes, and what counts cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tmesim.drawing.panels import lacking
from tmesim.drawing.why import draw_why
from tmesim.markup import Markup, both, tag
from tmesim.notices import untargeted
from tmesim.report.happened import compacted, image_tag, named_if_broken, scroller
from tmesim.report.opening import unbroken
from tmesim.storage.checksums import CAUSES
from tmesim.why import Why

if TYPE_CHECKING:
    from tmesim.result import Result


def why(result: Result) -> Markup | None:
    """Births and losses of tumor cells by cause; None of a run that counted none."""
    if lacking(result, "why") is not None:
        return None
    found = Why(result)
    file = result.path / "figures" / "why.png"
    with named_if_broken(file):
        data, size = compacted(file.read_bytes() if file.is_file() else draw_why(result).data("png"))
    picture = image_tag(data, "image/png", f"Why the tumors differ. {' '.join(found.sentences)}", size)
    caption = f"{' '.join(found.limits)} All cell types, by zone of the tumor, are in {CAUSES}."
    return both(
        *(tag("p", unbroken(text)) for text in found.sentences),
        *(tag("p", text, class_="warning") for text in untargeted(result)),
        tag("figure", scroller(picture, 760), tag("figcaption", caption, class_="caption")),
    )
