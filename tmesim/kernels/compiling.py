"""How kernels are compiled.

`kernel`: one that may allocate. `inner`: one that may not, and for that counts no references to the arrays in the
tuples that it passes around; with counting, the plain lattice runs at 2.8 instead of 5.7 million cell updates a second
(numba 0.68). `side_by_side`: an inner one that does not ask whether it divides by 0, for loops of which the processor
shall take several rounds at once. `inline`: spliced into its caller, for the functions called once a cell. `parallel`:
a thin loop whose body is one call, because numba 0.68 loses writes made through an attribute of a tuple directly in
such a body.
"""

from contextlib import suppress
from functools import cache, update_wrapper
from types import FunctionType
from typing import Any

import numba
from numba import get_num_threads, njit

from tmesim.kernels.cache_folder import folder_of, key_of, read_kernels, tell

try:
    from tmesim.kernels.cache import KernelCache
except (ImportError, AttributeError):  # a numba that is made in another way
    KernelCache = None  # type: ignore[assignment, misc]

config: Any = numba.config


def compiled(**options: Any) -> Any:
    """A decorator: a function is compiled with some options of numba when it is called, and kept for other processes.

    All kernels go through here and so through one cache (see `cache`).
    """

    def decorate(function: Any) -> Any:
        dispatcher = njit(**options)(function)
        keep(dispatcher, options)
        return dispatcher

    return decorate


def keep(dispatcher: Any, options: dict[str, Any]) -> None:
    """Let numba keep what it compiles in our cache."""
    if not hasattr(dispatcher, "py_func"):  # NUMBA_DISABLE_JIT: a plain function
        return
    if KernelCache is None or not hasattr(dispatcher, "_cache"):
        keep_as_numba_does(dispatcher)
        return
    with suppress(OSError):  # a function that comes from no file: nobody could tell when it has changed
        dispatcher._cache = KernelCache(dispatcher.py_func, options)


def keep_as_numba_does(dispatcher: Any) -> None:
    """Let numba keep it in a cache of its own, which knows other checkouts apart, in our folder for these sources."""
    folder, before = folder_of(_key()), config.CACHE_DIR
    if folder is None:
        return
    try:
        config.CACHE_DIR = str(folder)
        dispatcher.enable_caching()
    except (AttributeError, RuntimeError):
        tell(f"this numba keeps no compiled kernels, so {dispatcher.py_func.__name__} is compiled in each process")
    finally:
        config.CACHE_DIR = before


@cache
def _key() -> str:
    return key_of(read_kernels())


kernel = compiled()
inner = compiled(_nrt=False)
side_by_side = compiled(_nrt=False, error_model="numpy")
inline = compiled(inline="always")


class parallel:  # noqa: N801  a decorator
    """A loop over `prange` in two compilations: threaded, and plain for one thread.

    The plain one compiles in a fraction of the time and starts no threads, which is what worker processes want. It
    bears another name because numba's own cache tells functions apart by name and not by options.
    """

    def __init__(self, function: Any) -> None:
        twin = FunctionType(function.__code__, function.__globals__, f"{function.__name__}_in_one_thread")
        twin.__qualname__ = twin.__name__
        twin.__module__ = function.__module__
        self.plain = compiled()(twin)
        self.threaded = compiled(parallel=True)(function)
        self.py_func = function
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        return (self.threaded if get_num_threads() > 1 else self.plain)(*args)
