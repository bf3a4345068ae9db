"""Other words for what there is: how people spell a name, and what the words of the field mean.

An entry of the catalogue states its own `synonyms`. What is no entry (behaviors, signals, observables, organs, hosts)
has them in `words.yaml`, and so have families: words such as "macrophage" that are said of several things. One word
means one thing, or is a family that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tmesim.catalogue.contents import Contents
from tmesim.catalogue.files import WORDS, packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Names
from tmesim.reading import DataPath, InputError, problems_of, suggestion

GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "kappa": "κ"}
LATIN = str.maketrans("αβγδκ", "abgdk")
_NAMED_LETTER = re.compile(rf"({'|'.join(GREEK)})(?![a-z])")


class WordFamily(BaseModel):
    """A word that is said of several things.

    of : their names
    says : what they have in common, or how they differ
    also : other words for the same
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: Names = Field(min_length=1)
    says: str = ""
    also: Names = ()


class Words(BaseModel):
    """What `words.yaml` holds: synonyms by kind and name, and families by word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    synonyms: dict[str, dict[str, Names]]
    families: dict[str, WordFamily]


@cache
def words() -> Words:
    """The words of the package that no entry states; InputError if the file is wrong."""
    document = packaged(WORDS)
    try:
        return Words.model_validate(document.data)
    except ValidationError as error:
        raise InputError(problems_of(error, document, Words)) from None


@lru_cache(maxsize=50_000)
def spelled(text: str) -> str:
    """A word as words are compared: without case, blanks, hyphens and the plural, Greek letters as Latin ones.

    `TGF-β`, `tgf beta` and `TGFb` are one word, and so are `Treg` and `Tregs`.
    """
    text = _NAMED_LETTER.sub(lambda found: GREEK[found[1]], text.casefold().replace("tumour", "tumor"))
    return "".join(_singular(part) for part in re.split(r"[\W_]+", text.translate(LATIN)))


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is"))
    return word[:-1] if plural else word


def stated(contents: Contents) -> Iterator[tuple[DataPath, str, str]]:
    """Every synonym of an entry: where it stands, the word, and the name of its entry."""
    for kind, name, entry in contents.entries():
        for key in ("synonyms", "aliases"):
            for index, word in enumerate(getattr(entry, key, ())):
                yield (kind, name, key, index), word, name


def synonyms_of(contents: Contents, name: str) -> tuple[str, ...]:
    """The other words for a name, but for families."""
    found = [word for _, word, owner in stated(contents) if owner == name]
    found += [word for kind in words().synonyms.values() for word in kind.get(name, ())]
    return tuple(dict.fromkeys(found))


def families() -> Mapping[str, WordFamily]:
    """Families by each of their words as they are compared."""
    return frozendict({
        spelled(word): family for name, family in words().families.items() for word in (name, *family.also)
    })  # fmt: skip


def owners(contents: Contents) -> dict[str, set[str]]:
    """The names that a word belongs to, by the word as it is compared; families left out."""
    found: dict[str, set[str]] = {}
    for _, name, _ in contents.entries():
        found.setdefault(spelled(name), set()).add(name)
    for _, word, name in stated(contents):
        found.setdefault(spelled(word), set()).add(name)
    for kind in words().synonyms.values():
        for name, others in kind.items():
            for word in (name, *others):
                found.setdefault(spelled(word), set()).add(name)
    return found


def meant(contents: Contents, text: str, known: Iterable[str] | None = None) -> list[str]:
    """The names that a word stands for, in the order of its family.

    known : those that would do; by default all
    """
    key = spelled(text)
    family = families().get(key)
    found = list(family.of) if family is not None else sorted(owners(contents).get(key, ()))
    if not found:
        labels = ((name, getattr(entry, "label", "")) for _, name, entry in contents.entries())
        found = sorted({name for name, label in labels if key and spelled(label) == key})
    kept = None if known is None else set(known)
    return [name for name in found if kept is None or name in kept]


def word_for(text: str, known: Iterable[str]) -> list[str]:
    """Which of some names a word of `words.yaml` stands for: observables, organs and hosts, which have no entry."""
    key, kept = spelled(text), set(known)
    family = families().get(key)
    own = [n for kind in words().synonyms.values() for n, others in kind.items() if key in map(spelled, (n, *others))]
    found = [*(family.of if family is not None else ()), *own]
    return list(dict.fromkeys(name for name in found if name in kept))


def suggest(contents: Contents, text: str, known: Iterable[str], most: int = 12) -> str:
    """As `reading.suggestion`, and knows what words of the field stand for."""
    known = list(known)
    found = meant(contents, text, known)
    same = [name for name in found if spelled(name) == spelled(text)]  # a spelling is nearer than a wider word
    return suggestion(text, known, most, meant=same or found)


def clashes(contents: Contents) -> Iterator[tuple[DataPath, str]]:
    """Synonyms of entries that mean something else already, each with its path; names come before synonyms, and
    entries in their order."""
    first = {spelled(name): name for kind in words().synonyms.values() for name in kind}
    first |= {spelled(word): name for kind in words().synonyms.values() for name, some in kind.items() for word in some}
    first |= {spelled(name): name for _, name, _ in contents.entries()}
    grouped = families()
    for path, word, name in stated(contents):
        key = spelled(word)
        if path[2] == "aliases":  # of therapies, which are told apart by their own look-up
            first.setdefault(key, name)
            continue
        owner = first.setdefault(key, name)
        if not key:
            yield path, f"'{word}' has no letter and no digit"
        elif key in grouped and name not in grouped[key].of:
            yield path, f"'{word}' is a family of words already: {', '.join(grouped[key].of)}"
        elif owner != name and key not in grouped:
            yield path, f"'{word}' means '{owner}' already; a word means one thing"


def strangers(known: Mapping[str, Iterable[str]]) -> Iterator[tuple[DataPath, str]]:
    """What is wrong with `words.yaml`, given the names that can be explained, by kind."""
    everything: set[Any] = {name for names in known.values() for name in names}
    for kind, names in words().synonyms.items():
        for name in names:
            if name not in known.get(kind, ()):
                yield ("synonyms", kind, name), f"there is nothing of this name among the {kind}"
    seen: dict[str, str] = {}
    for word, family in words().families.items():
        for index, name in enumerate(family.of):
            if name not in everything:
                yield ("families", word, "of", index), f"there is nothing of the name '{name}'"
        for each in (word, *family.also):
            first = seen.setdefault(spelled(each), word)
            if first != word:
                yield ("families", word), f"'{each}' is a word of the family '{first}' already"
