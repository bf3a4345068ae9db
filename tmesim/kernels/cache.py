"""A cache of compiled functions in the place of numba's own.

Numba asks it for a function and the types of its arguments before it compiles, and gives it what it has compiled. Each
answer is a file of its own that ends with the digest of its content, since a damaged one would bring down the process:
what numba loads is machine code. There is no index of files that two processes could write at once.
"""

import hashlib
import inspect
import os
import pickle
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from numba import config
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

from tmesim.kernels import cache_folder

KERNELS = cache_folder.read_kernels()  # before those that are compiled are imported, so that no edit comes between
KEY = cache_folder.key_of(KERNELS)
DIGEST = hashlib.sha256().digest_size

_read_source = lru_cache(maxsize=None)(cache_folder.read_source)


class Damaged(Exception):
    """A file of the cache is not what was written."""


class KernelCache(_Cache):
    """What numba has compiled of one function, for some types of arguments each.

    function : the plain one; OSError if it comes from no file
    options : those it is compiled with
    """

    def __init__(self, function, options):
        code = function.__code__
        self._source = _read_source(inspect.getfile(function))
        closure = tuple(cell.cell_contents for cell in function.__closure__ or ())
        self._stamp = (
            self._source.digest, function.__module__, sorted(options.items()), bool(config.USING_SVML),
            hashlib.sha256(code.co_code).hexdigest(), hashlib.sha256(dumps(closure)).hexdigest(),
        )  # fmt: skip
        name = f"{Path(code.co_filename).stem}.{function.__qualname__}-{code.co_firstlineno}"
        self._name = name.replace("<", "").replace(">", "")
        self._enabled = True

    @property
    def cache_path(self):
        folder = cache_folder.folder_of(KEY)
        return folder and str(folder)

    def enable(self):
        self._enabled = True

    def disable(self):
        self._enabled = False

    def flush(self):
        if folder := cache_folder.folder_of(KEY):
            for path in folder.glob(f"{self._name}.*.nbc"):
                path.unlink(missing_ok=True)

    def load_overload(self, sig, target_context):
        """The compile result for a signature, or None."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        if path is None:
            return None
        try:
            kept, payload = pickle.loads(read_sealed(path))
            return CompileResult._rebuild(target_context, *payload) if kept == sig else None
        except OSError:  # not there, or not for us
            return None
        except Exception as error:  # whatever is wrong with it, compiling is right
            discard(path, error)
            return None

    def save_overload(self, sig, data):
        """Keep a compile result. What cannot be kept is told once."""
        path = None if cache_folder.unkept else self._path(sig, data.codegen)
        if path is None or data.library.has_dynamic_globals or not all(lifted.can_cache for lifted in data.lifted):
            return
        try:
            write_sealed(path, dumps((sig, data._reduce())))
        except Exception as error:
            why = getattr(error, "strerror", None) or str(error)
            cache_folder.unkept.append(why)
            cache_folder.tell(
                f"compiled kernels cannot be kept in {path.parent} ({why}); this process goes on without. "
                "NUMBA_CACHE_DIR may name another folder for them"
            )

    def _path(self, sig, codegen):
        """Where the machine code for a signature lies; None if there is no place, or none may be used because a source
        is no longer what this process runs."""
        if not self._enabled or not all(source.unchanged() for source in (self._source, *KERNELS)):
            return None
        text = repr((sig, codegen.magic_tuple(), self._stamp))
        folder = cache_folder.folder_of(KEY) if KERNELS and " at 0x" not in text else None
        return folder and folder / f"{self._name}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.nbc"


def discard(path, error):
    """Remove a damaged file; the process that did so tells it."""
    with suppress(FileNotFoundError):
        try:
            path.unlink()
            done = "removed"
        except PermissionError:
            done = "not ours to remove"
        cache_folder.tell(f"the compiled kernel {path} was damaged ({error}): {done}, and compiled again")


def read_sealed(path):
    """The content of a file; OSError if it cannot be read or may be somebody else's, Damaged if it has changed."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with open(number, "rb") as file:
        if why := cache_folder.not_ours(os.fstat(number), path):
            raise PermissionError(None, why)
        data = file.read()
    content, digest = data[:-DIGEST], data[-DIGEST:]
    if hashlib.sha256(content).digest() != digest:
        raise Damaged("it is not what was written" if data else "it is empty")
    return content


def write_sealed(path, content):
    cache_folder.write_whole(path, content + hashlib.sha256(content).digest())
