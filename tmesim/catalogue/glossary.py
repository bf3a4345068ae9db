"""The vocabulary of the program itself: what its words (patch, arm, replicate, soil …) mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel, ConfigDict, RootModel, ValidationError

from tmesim.catalogue.files import GLOSSARY, packaged
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.numbers import Names
from tmesim.catalogue.synonyms import spelled
from tmesim.reading import InputError, Problem, problems_of


class Term(BaseModel):
    """A word of the program.

    says : what it means, in one or two sentences
    also : other words for it
    see : other terms, and names that can be explained
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    also: Names = ()
    see: Names = ()


class Terms(RootModel[dict[str, Term]]):
    """What `glossary.yaml` holds."""


@cache
def glossary() -> Mapping[str, Term]:
    """The terms by name, in the order of the file; InputError with every problem if it is wrong."""
    document = packaged(GLOSSARY)
    try:
        terms = Terms.model_validate(document.data).root
    except ValidationError as error:
        raise InputError(problems_of(error, document, Terms)) from None
    owner: dict[str, str] = {}
    problems: list[Problem] = []
    for name, term in terms.items():
        for word in (name, *term.also):
            first = owner.setdefault(spelled(word), name)
            if first != name:
                problems.append(document.problem((name,), f"'{word}' is a word for '{first}' already"))
    if problems:
        raise InputError(problems)
    return frozendict(terms)


def term_named(text: str) -> str | None:
    """The term that a word is, however it is spelled; None for no word of the glossary."""
    key = spelled(text)
    return next((n for n, term in glossary().items() if key in map(spelled, (n, *term.also))), None)
