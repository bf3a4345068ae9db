"""What a class written in Python does, as one hash: equal in every session for equal code.

The hash covers the bytecode, constants and attributes of the class and of its bases, and what its functions refer to:
helper functions, their defaults and closures, module-level constants, whole modules of one's own. It does not cover
comments, names of files, line numbers and where classes stand. Of a library it covers the name only; tmesim, NumPy and
numba are compared by version beside it. What cannot be looked into (an open file, a connection) counts by its type.
Bytecode belongs to a version of Python: another minor version (3.11, 3.12) gives another hash.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

from tmesim.agents.columns import Memory, State, TypeName
from tmesim.scenario import Scenario

GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
INCIDENTAL = frozenset(
    "__module__ __dict__ __weakref__ __doc__ __qualname__ __firstlineno__ __static_attributes__ __annotate__ "
    "__annotate_func__ __annotations_cache__ __parameters__ __abstractmethods__ _abc_impl __classcell__".split()
)  # what a class holds without anybody having written it, or that does nothing


def identity(cls: type) -> str:
    """SHA-256 of what a class does."""
    return hashlib.sha256(repr(_Walk().of(cls)).encode()).hexdigest()


class _Walk:
    """Values as nested tuples of text. A value that comes again is named by when it came first, so circles end."""

    def __init__(self) -> None:
        self.met: dict[int, tuple[int, Any]] = {}

    def of(self, value: Any) -> Any:
        if value is None or value is Ellipsis or type(value) in (bool, int, float, complex, str, bytes):
            return type(value).__name__, repr(value)
        if isinstance(value, tuple):  # which of them are one object hangs on how the code was loaded
            return "tuple", tuple(self.of(each) for each in value)
        if isinstance(value, set | frozenset):
            return "set", tuple(sorted(repr(_Walk().of(each)) for each in value))
        if isinstance(value, types.CodeType):
            return self._code(value)
        if id(value) in self.met:
            return "again", self.met[id(value)][0]
        self.met[id(value)] = len(self.met), value  # held, so that no other value gets its id
        return self._of(value)

    def _of(self, value: Any) -> Any:
        if isinstance(value, np.generic | np.ndarray) and value.dtype != object:
            return "array", value.dtype.str, value.shape, hashlib.sha256(value.tobytes()).hexdigest()
        if isinstance(value, list):
            return "list", tuple(self.of(each) for each in value)
        if isinstance(value, dict):
            return "dict", tuple((self.of(key), self.of(held)) for key, held in value.items())
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.ModuleType):
            return self._module(value)
        if isinstance(value, Memory):
            return "column", self.of(value.default)
        if isinstance(value, TypeName):
            return "cell type", value.of_class
        if isinstance(value, Scenario):
            return "scenario", value.hash
        return self._object(value)

    def _object(self, value: Any) -> Any:
        for inner in ("__wrapped__", "__func__", "func", "fget"):  # cached functions, methods, properties
            if isinstance(found := getattr(value, inner, None), types.FunctionType):
                parts = [getattr(value, name, None) for name in ("fset", "fdel", "args", "keywords")]
                return type(value).__name__, self.of(found), *map(self.of, parts)
        if isinstance(value, types.BuiltinFunctionType | types.MethodDescriptorType | types.WrapperDescriptorType):
            return "built in", getattr(value, "__qualname__", repr(type(value)))
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        try:
            made_of = value.__reduce_ex__(2)
        except Exception:  # it cannot be pickled, so nobody says what it is made of
            return "object", name
        return "object", name, self.of(made_of) if isinstance(made_of, tuple) else made_of

    def _class(self, cls: type) -> Any:
        name = f"{cls.__module__}.{cls.__qualname__}"
        if not is_own(cls.__module__):
            return "library", name
        held = sorted((key, each) for key, each in vars(cls).items() if key not in INCIDENTAL)
        return (
            "class",
            cls.__name__,
            tuple(self.of(base) for base in cls.__bases__),
            tuple((key, self.of(each)) for key, each in held if not isinstance(each, State)),  # models add states
        )

    def _function(self, function: types.FunctionType) -> Any:
        if not is_own(function.__module__):
            return "library", f"{function.__module__}.{function.__qualname__}"
        cells = [cell.cell_contents for cell in function.__closure__ or () if not _is_empty(cell)]
        known = function.__globals__
        used = {name: known[name] for name in globals_of(function.__code__) if name in known}
        parts = (function.__code__, function.__defaults__, function.__kwdefaults__, cells, used)
        return "function", *map(self.of, parts)

    def _code(self, code: types.CodeType) -> Any:
        constants = tuple(self.of(each) for each in code.co_consts)
        names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
        return "code", code.co_code.hex(), code.co_exceptiontable.hex(), code.co_flags, constants, names

    def _module(self, module: types.ModuleType) -> Any:
        file = getattr(module, "__file__", None)
        if not is_own(module.__name__) or not file:
            return "library", module.__name__
        return "module", module.__name__, hashlib.sha256(Path(file).read_bytes()).hexdigest()


def globals_of(code: types.CodeType) -> list[str]:
    """The names of globals that code and the functions inside of it read, in order."""
    found = dict.fromkeys(each.argval for each in dis.get_instructions(code) if each.opname in GLOBALS)
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            found |= dict.fromkeys(globals_of(inner))
    return list(found)


def _is_empty(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is cell
    except ValueError:
        return True


@functools.cache
def is_own(module: str | None) -> bool:
    """Whether a module is the user's own: neither of Python, nor of tmesim, nor installed."""
    if module is None:
        return False
    if module == "__main__":
        return True
    if module.partition(".")[0] in (*sys.stdlib_module_names, "tmesim"):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not {"site-packages", "dist-packages"} & {*Path(file).parts}
