"""Writing HTML and SVG: a tag with attributes and children, in which every text is escaped that is not markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tmesim.text import printable

VOID = ("br", "circle", "hr", "img", "line", "link", "meta", "path", "polygon", "polyline", "rect", "source")


class Markup(str):
    """Text that is markup already; only this module's functions and constants of the program make it."""


Child = str | Markup | Iterable["Child"] | None


def join(children: Iterable[Child]) -> Markup:
    """Children one after the other: markup as it is, text escaped, lists flattened, None left out."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, Markup):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(written(child))
        else:
            parts.append(join(child))
    return Markup("".join(parts))


def tag(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """An element. In names of attributes `_` stands for `-`, and a trailing one is dropped (`class_`)."""
    texts = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        texts.append(f" {key}" if value is True else f' {key}="{written(plain(value))}"')
    head = f"<{name}{''.join(texts)}"
    if name in VOID and not children:
        return Markup(f"{head}/>")
    return Markup(f"{head}>{join(children)}</{name}>")


def written(text: str) -> str:
    """Text as HTML: what would be markup is escaped, and what no page may hold or show stands as its escape."""
    return escape(printable(text, keep="\n\t"))


def plain(value: str | float) -> str:
    """An attribute's value; numbers without needless digits."""
    if isinstance(value, str):
        return value
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def percent(share: float) -> str:
    """A share of the width, for an attribute of an SVG that stretches."""
    return f"{plain(100 * share)}%"


def both(*parts: Child) -> Markup:
    """The body of a section."""
    return tag("div", *parts, class_="body")


def term(key: str, value: Child) -> tuple[Markup, Markup]:
    """A line of a list of terms."""
    return tag("dt", key), tag("dd", value)
