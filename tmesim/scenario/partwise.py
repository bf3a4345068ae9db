"""From a document to its parts by the shapes of a scenario file, as far as each can be read."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from tmesim.reading import DataPath, Document, Problem, as_written, problems_of
from tmesim.scenario.file import ScenarioFile
from tmesim.scenario.freezing import thawed

# What stands in for what is missing, so that the rest of a dose and of a start is checked.
_DOSE = {"use": ""}
_STAND_INS: dict[DataPath, Any] = {("start", "capillaries"): "0 /mm²", ("start", "ecm"): 0}


class Parts:
    """The parts of one document. `problems` fills as they are resolved; a broken part is None and its users wait."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = list(document.problems)
        self.unreadable: set[str] = set()  # names of added entries that are not there, because they are wrong
        self.broken: set[str] = set()
        self.silent: set[DataPath] = set()  # reported as unreadable, so that nothing more is said about them
        self.parts = self._parts()

    def blame(self, path: DataPath, message: str) -> None:
        if path in self.silent or self._follows(message):
            return
        self.problems.append(self.document.problem(path, message))

    def _follows(self, message: str) -> bool:
        """Whether a name is missing only because its entry could not be read, of which enough is said."""
        missing = re.match("(?:there is no|no observable) [^']*'([^']*)'", message) if self.unreadable else None
        return missing is not None and any(
            re.search(rf"(^|[._]){re.escape(name)}($|[._[])", missing[1]) for name in self.unreadable
        )

    def part(self, name: str) -> Any:
        return None if name in self.broken else self.parts[name]

    def _parts(self) -> dict[str, Any]:
        """The file's parts. What cannot be read is reported and left out, so that the rest can still be checked."""
        data: Any = thawed(self.document.data)
        self.sound = data  # what is wrong will be left out of it
        if isinstance(data.get("add"), dict):
            data["add"] = in_order(data["add"])
        names = ScenarioFile.model_fields
        last: list[Any] = []
        for attempt in range(9):
            try:
                whole = ScenarioFile.model_validate(data)
                return {name: getattr(whole, name) for name in names}
            except ValidationError as error:
                if attempt == 0:
                    said = problems_of(error, self.document, ScenarioFile)
                    # What a file lacks that extends what cannot be had may well stand there.
                    missing = [self.document.partial and item["type"] == "missing" for item in error.errors()]
                    self.problems += [p for p, gone in zip(said, missing, strict=True) if not gone]
                found = [(item["loc"], item["type"]) for item in error.errors()]
                for location, kind in found:
                    self._leave_out(data, as_written(location, data), kind)
            if found == last:  # parts that are missing stay so
                break
            last = found
        parts: dict[str, Any] = {}
        for name, info in names.items():
            if name in self.broken:
                continue
            if name not in data and not info.is_required():
                parts[name] = info.default
                continue
            annotation: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
            try:
                parts[name] = TypeAdapter(annotation).validate_python(data.get(name))
            except ValidationError:
                self.broken.add(name)
        return parts

    def _leave_out(self, data: Any, location: DataPath, kind: str) -> None:
        """Take what is wrong out of the data: the key itself, or what it is needed for."""
        if len(location) == 1:
            data.pop(location[0], None)
            if kind != "extra_forbidden" and not (
                location[0] in ScenarioFile.model_fields
                and not ScenarioFile.model_fields[str(location[0])].is_required()
                and location[0] not in ("add", "set", "off", "drop")
            ):
                self.broken.add(str(location[0]))
            return
        holder = data
        for step in location[:-1]:
            try:
                holder = holder[step]
            except (KeyError, IndexError, TypeError):
                return  # left out already
        last = location[-1]
        if isinstance(holder, dict) and "therapies" in location and kind == "missing" and last in _DOSE:
            holder[last] = _DOSE[str(last)]
            self.silent.add(location)
        elif kind == "missing" and location in _STAND_INS:
            holder[last] = _STAND_INS[location]
        elif isinstance(holder, dict) and kind != "missing" and last in holder:
            holder.pop(last)
            self.silent.add(location)
        else:
            self._leave_out(data, location[:-1], "")


def in_order(data: Any) -> Any:
    """Mappings in the order of their keys, so that the order in which they are written is of no account."""
    if isinstance(data, dict):
        return {key: in_order(data[key]) for key in sorted(data)}
    return [in_order(item) for item in data] if isinstance(data, list) else data
