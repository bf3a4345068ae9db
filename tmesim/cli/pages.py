"""`explain`: everything of the model read back to people, with its evidence."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping

from tmesim.catalogue import Catalogue, load_catalogue
from tmesim.catalogue.glossary import glossary
from tmesim.catalogue.synonyms import families, spelled
from tmesim.cli import finding
from tmesim.cli.contributing import contributing
from tmesim.cli.entry_pages import pages_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.text import is_terminal, say, say_all


class Text(str):
    """Text that shows itself: as it is in a console, as Markdown in a notebook."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return markdown(self.split("\n"))


def explain(name: str) -> Text:
    """What a name means, in plain English and with its evidence, as text that shows itself.

    name : anything that has a name, or a word for it: a cell type, rule, field, state, process, therapy or one of its
        other names, signal, behavior, observable, claim, host, scenario, a term of the glossary, a key of a scenario,
        the dotted path of a number or the end of one; `step`, `glossary`, `contributing`, `model`, and `methods`,
        `methods SCENARIO` or `methods RUN`.
        InputError with the nearest names if nothing goes by it
    """
    if (whole := written(name)) is not None:
        return Text(whole)
    return Text("\n\n".join("\n".join(page) for page in pages(load_catalogue(), name)))


def print_explained(name: str) -> None:
    """Print what a name means, wrapped to the width of the terminal."""
    if (whole := written(name)) is not None:
        say(whole)
        return
    width = min(100, shutil.get_terminal_size().columns) if is_terminal() else 100
    shown: list[str] = []
    for text in explain(name).split("\n"):
        head = text[: len(text) - len(text.lstrip())]
        hang = head + ("  " if text.lstrip().startswith(("- ", "· ")) else "")
        verbatim = text.startswith("    ")
        lines = [text] if verbatim else textwrap.wrap(text, width, subsequent_indent=hang, break_on_hyphens=False)
        shown += lines or [""]
    say_all(shown)


def markdown(lines: Iterable[str]) -> str:
    """Lines of a page as Markdown: paragraphs, lists and verbatim lines, with nothing that it would take for a mark."""
    made: list[str] = []
    for text in lines:
        listed = text.lstrip().startswith("- ")
        verbatim = text.startswith("    ")
        if made and made[-1] and not (listed and made[-1].lstrip().startswith("- ")) and not verbatim:
            made.append("")
        escaped = re.sub(r"([*<$`|])", r"\\\1", text)
        made.append(text if verbatim else escaped)
    return "\n".join(made)


def written(name: str) -> str | None:
    """The text of a page that is Markdown as it stands; None for all others."""
    first, _, rest = " ".join(name.split()).partition(" ")
    if first == "model" and not rest:
        from tmesim.cli.protocol import protocol

        return protocol()
    if first == "methods":
        from tmesim.cli.citing import methods

        return methods(rest or None)
    return None


def pages(c: Catalogue, name: str) -> list[list[str]]:
    """Everything that goes by a name, a page of lines each; InputError with the nearest names if nothing does."""
    name = name.strip()
    if name in WHOLE:
        return [WHOLE[name](c), *pages_of(c, name)]
    found = pages_of(c, name)
    names = finding.names_for(c, name)
    if not found:
        mine = [other for other in names if spelled(other) == spelled(name)] or (names if len(names) == 1 else [])
        found = [page for other in dict.fromkeys(mine) for page in pages_of(c, other)]
        names = [other for other in names if other not in mine]
    elif spelled(name) not in families():
        names = []
    others = [other for other in names if other != name]
    if others:
        found.append(finding.choices(name, others, lambda other: briefly(c, other), also=bool(found)))
    if not found:
        near = suggestion(name, finding.all_words(c))
        near = near if "Did you mean" in near else " `tmesim list` shows what there is"
        raise InputError([Problem(f"nothing is called '{name}'.{near}")])
    return found


def briefly(c: Catalogue, name: str) -> str:
    """What a name is, by the first line of its page."""
    firsts = [page[0] for page in pages_of(c, name)]
    own = [text for text in firsts if text.startswith(f"{name} is ")]
    return (own or firsts)[0].partition(" Other names:")[0]


def glossary_page(c: Catalogue) -> list[str]:
    """All terms of the program."""
    page = ["The words of the program."]
    for name, term in glossary().items():
        page += ["", f"{name}: {term.says}"]
    return page


def step() -> list[str]:
    """The step of the simulation as a table of processes in their order."""
    from tmesim.body.step import table

    page = ["A step: these processes in this order, those of the body once, those of a tissue in each."]
    for number, (name, scope, does, reads, writes, takes, leaves) in enumerate(table(), 1):
        page += ["", f"{number}. {name} ({scope}): {does}"]
        page += [f"   - {what} {slots}" for what, slots in (("reads", reads), ("writes", writes)) if slots]
        handed = [
            f"takes {takes} from earlier ones" if takes else "",
            f"leaves {leaves} for later ones" if leaves else "",
        ]
        page += [f"   - {', '.join(filter(None, handed))}"] if any(handed) else []
    return page


WHOLE: Mapping[str, Callable[[Catalogue], list[str]]] = {
    "contributing": contributing, "glossary": glossary_page, "step": lambda c: step(),
}  # fmt: skip
"""Pages of the whole, by name."""
