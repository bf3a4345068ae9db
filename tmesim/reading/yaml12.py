"""YAML 1.2 from the events of PyYAML's parser.

Without recursion, so that deep nesting is an error and no crash, and with the size of each node after its aliases are
expanded, so that an alias bomb is refused before it is built.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tmesim.reading.problems import DataPath, Document, InputError, Position, Problem, brief, dotted, suggestion

MAX_BYTES = 4_000_000
MAX_NODES = 200_000  # after expansion of aliases; a whole catalogue file has a few thousand
MAX_DEPTH = 60

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml parses ten times faster; the events are the same


def read_yaml(path: str | Path) -> Document:
    """Read one YAML file that holds one mapping."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)  # a device never ends
    except FileNotFoundError:
        raise InputError([Problem("there is no such file", file=str(path))]) from None
    except IsADirectoryError:
        raise InputError([Problem("is a directory, not a file", file=str(path))]) from None
    except OSError as error:
        raise InputError([Problem(f"cannot be read: {error.strerror}", file=str(path))]) from None
    except ValueError:  # a null character
        raise InputError([Problem("cannot be the name of a file", file=str(path))]) from None
    return parse(content, str(path))


def parse(content: str | bytes, file: str = "<text>", prefix: DataPath = ()) -> Document:
    """Read YAML text that holds one mapping; `file` and the dotted `prefix` are what problems carry."""
    text = _decode(content, file)
    root = _Composer(text, file).compose()
    if root is None or root.content is None:
        raise InputError([Problem("the file is empty; expected a mapping of keys to values", file=file)])
    if not isinstance(root.content, dict):
        found = "a list" if isinstance(root.content, list) else f"'{brief(root.content)}'"
        raise InputError([Problem(f"expected a mapping (key: value) at the top, got {found}", "", file, *root.mark)])
    if root.size > MAX_NODES:
        message = f"holds {root.size} values when its aliases are expanded; {MAX_NODES} are allowed"
        raise InputError([Problem(message, file=file)])
    if root.depth > MAX_DEPTH:
        message = f"is {root.depth} levels deep when its aliases are expanded; {MAX_DEPTH} are allowed"
        raise InputError([Problem(message, file=file)])
    positions: dict[DataPath, Position] = {}
    data = _expand(root, (), positions, file)
    return Document(data, file, positions, prefix)


def _decode(content: str | bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1_000_000} MB, which no scenario or catalogue needs"
        raise InputError([Problem(message, file=file)])
    if isinstance(content, str):
        text = content.removeprefix("\ufeff")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            message = f"byte 0x{content[error.start]:02x} is not UTF-8; save the file with the encoding UTF-8"
            line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
            raise InputError([Problem(message, "", file, line, column)]) from None
    bad = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        raise InputError([Problem(f"holds a control character (U+{ord(bad.group()):04X})", "", file, line)])
    return text


class _Node:
    """A scalar, a list of nodes or a mapping from keys to (mark, node), with its size and depth after expansion."""

    __slots__ = ("anchor", "content", "depth", "key", "mark", "size")

    def __init__(self, content: Any, mark: tuple[int, int], anchor: str | None = None) -> None:
        self.content, self.mark, self.anchor = content, mark, anchor
        self.size = 1
        self.depth = 0
        self.key: tuple[str, tuple[int, int]] | None = None  # of an open mapping: the key that waits for its value


class _Composer:
    """Turns the parser's events into nodes, without recursion, and collects what is wrong on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Node] = {}
        self.open: list[_Node] = []
        self.root: _Node | None = None

    def blame(self, mark: tuple[int, int], message: str, path: str = "") -> None:
        self.problems.append(Problem(message, path, self.file, *mark))

    def compose(self) -> _Node | None:
        """The only document of the text, or None if there is none."""
        documents = 0
        try:
            event: Any  # marks and anchors are optional in the stubs alone
            for event in yaml.parse(self.text, Loader=_Loader):
                mark = (event.start_mark.line + 1, event.start_mark.column + 1)
                if isinstance(event, yaml.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self.blame(mark, "a second document starts here; a file holds one")
                        break
                elif isinstance(event, yaml.AliasEvent):
                    self.place(self.alias(event.anchor, mark))
                elif isinstance(event, yaml.ScalarEvent):
                    self.place(self.scalar(event, mark))
                elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
                    if len(self.open) >= MAX_DEPTH:
                        self.blame(mark, f"nested deeper than {MAX_DEPTH} levels")
                        break
                    if event.tag is not None:
                        self.blame(mark, f"the tag {event.tag} is not allowed")
                    self.open.append(_Node({} if isinstance(event, yaml.MappingStartEvent) else [], mark, event.anchor))
                elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
                    self.place(self.open.pop())
        except yaml.MarkedYAMLError as error:
            self.syntax(error)
        except yaml.YAMLError as error:  # libyaml's reader gives no mark
            self.problems.append(Problem(f"is not YAML: {' '.join(str(error).split())}", file=self.file))
        if self.problems:
            raise InputError(self.problems)
        return self.root

    def place(self, node: _Node) -> None:
        if node.anchor is not None:
            self.anchors[node.anchor] = node
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent.content, list):
            parent.content.append(node)
        elif parent.key is None:
            if isinstance(node.content, dict | list):
                self.blame(node.mark, "a key must be plain text")
            parent.key = (str(node.content), node.mark)
            return
        else:
            key, mark = parent.key
            parent.key = None
            if key in parent.content:
                self.blame(mark, f"the key is given twice, first in line {parent.content[key][0][0]}", self.path(key))
            parent.content[key] = (mark, node)
        parent.size += node.size
        parent.depth = max(parent.depth, node.depth + 1)

    def path(self, key: str) -> str:
        """The dotted path of a key of the innermost open mapping."""
        steps: list[str | int] = []
        for node in self.open[:-1]:
            steps.append(len(node.content) if isinstance(node.content, list) else node.key[0] if node.key else "")
        return dotted((*steps, key))

    def alias(self, anchor: Any, mark: tuple[int, int]) -> _Node:
        target = self.anchors.get(anchor)
        if any(node.anchor == anchor for node in self.open):
            self.blame(mark, f"the alias *{anchor} holds itself")
        elif target is None:
            self.blame(mark, f"the alias *{anchor} has no anchor before it.{suggestion(anchor, self.anchors)}")
        else:
            node = _Node(target.content, mark)
            node.size, node.depth = target.size, target.depth
            return node
        return _Node(None, mark)

    def scalar(self, event: Any, mark: tuple[int, int]) -> _Node:
        parent = self.open[-1] if self.open else None
        if parent is not None and isinstance(parent.content, dict) and parent.key is None:
            # A key stays the text it is written as: `no:` and `1:` are keys like any other.
            if event.value == "":
                self.blame(mark, "a key is missing before ':'")
            elif event.value == "<<" and event.style in (None, ""):
                self.blame(mark, "merge keys are not part of YAML 1.2; write the entries out", "<<")
            return _Node(event.value, mark, event.anchor)
        if event.tag not in (None, "!", "tag:yaml.org,2002:str"):
            self.blame(mark, f"the tag {event.tag} is not allowed")
        plain = event.style in (None, "") and event.tag is None
        try:
            value = resolve(event.value) if plain else event.value
        except ValueError:  # Python refuses integers of thousands of digits
            self.blame(mark, f"'{brief(event.value)}' has too many digits")
            value = None
        return _Node(value, mark, event.anchor)

    def syntax(self, error: yaml.MarkedYAMLError) -> None:
        where = error.problem_mark or error.context_mark
        message = f"is not YAML: {error.problem or error.context}"
        if "nesting depth" in message:  # libyaml from 0.2.6 on has a limit of its own, and looks ahead
            message = f"nested deeper than {MAX_DEPTH} levels"
        if where is None:
            self.problems.append(Problem(message, file=self.file))
            return
        lines = self.text.splitlines()
        line = lines[where.line] if where.line < len(lines) else ""
        if "\t" in line[: len(line) - len(line.lstrip())] or line[where.column : where.column + 1] == "\t":
            message = "a tab is used to indent; YAML wants spaces"
        elif error.context and error.context_mark and error.context_mark.line != where.line:
            message += f" ({error.context} that starts in line {error.context_mark.line + 1})"
        self.blame((where.line + 1, where.column + 1), message)


_CORE = (  # the core schema of YAML 1.2.2, chapter 10.3
    (re.compile(r"null|Null|NULL|~|"), lambda text: None),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), lambda text: text[0] in "tT"),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
    (re.compile(r"[-+]?(\.inf|\.Inf|\.INF)"), lambda text: float(text.replace(".", ""))),
    (re.compile(r"\.nan|\.NaN|\.NAN"), lambda text: float("nan")),
)


def resolve(text: str) -> Any:
    """A plain scalar by the core rules of YAML 1.2: `1e3` is a float; `no`, `off` and `12:30` are text."""
    for pattern, make in _CORE:
        if pattern.fullmatch(text):
            return make(text)
    return text


def _expand(node: _Node, path: DataPath, positions: dict[DataPath, Position], file: str) -> Any:
    positions.setdefault(path, Position(file, *node.mark))  # of a mapping's entry: the position of its key
    if isinstance(node.content, dict):
        for key, (mark, _) in node.content.items():
            positions[(*path, key)] = Position(file, *mark)
        return {key: _expand(child, (*path, key), positions, file) for key, (_, child) in node.content.items()}
    if isinstance(node.content, list):
        return [_expand(child, (*path, index), positions, file) for index, child in enumerate(node.content)]
    return node.content
