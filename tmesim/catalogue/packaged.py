"""The packaged catalogue: its files read, checked and joined."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from tmesim.catalogue import checks, files
from tmesim.catalogue.catalogue import Catalogue
from tmesim.catalogue.models import model_of
from tmesim.catalogue.therapies import SHAPES
from tmesim.reading import DataPath, Document, InputError, Problem, brief, problems_of, suggestion


@cache
def load_catalogue() -> Catalogue:
    """The packaged catalogue; InputError with every problem if its files are wrong."""
    return assemble(files.documents())


def assemble(documents: Mapping[str, Sequence[Document]]) -> Catalogue:
    """A catalogue from the documents of each kind, in order. Each number must name its source here, unlike in a
    scenario."""
    entries: dict[str, dict[str, Any]] = {}
    owners: dict[tuple[str, str], Document] = {}
    problems: list[Problem] = []
    for kind, several in documents.items():
        entries[kind] = {}
        for document in several:
            own, found = validated(document, kind)
            problems += found
            for name in own:
                first = owners.setdefault((kind, name), document)
                if first is not document:
                    problems.append(document.problem((name,), f"'{name}' is defined in {first.file} already"))
            entries[kind] |= own
    if problems:  # words that are missing because their entry is broken would only confuse
        raise InputError(problems)
    catalogue, issues = Catalogue.build(entries)
    issues += checks.missing_sources(catalogue)
    if issues:
        raise InputError([owners[str(path[0]), str(path[1])].problem(path[1:], message) for path, message in issues])
    return catalogue


def validated(document: Document, kind: str, at: DataPath = ()) -> tuple[dict[str, Any], list[Problem]]:
    """The entries of one kind that stand in a document at a path."""
    data: Any = document.data
    for step in at:
        data = data[step]
    if not isinstance(data, dict):
        return {}, [document.problem(at, "expected a mapping from names to entries")]
    entries, problems = {}, []
    for name, entry in data.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            problems.append(document.problem((*at, name), "a name is made of a-z, 0-9 and _, and starts with a letter"))
        model: type[BaseModel] = model_of(kind, entry)
        if kind == "therapies" and isinstance(entry, dict) and (what := entry.get("kind", "drug")) not in SHAPES:
            message = f"there is no kind of therapy '{brief(what)}'.{suggestion(str(what), SHAPES)}"
            problems.append(document.problem((*at, name, "kind"), message))
            continue
        try:
            entries[name] = model.model_validate(entry)
        except ValidationError as error:
            problems += problems_of(error, document, model, (*at, name))
    return entries, problems
