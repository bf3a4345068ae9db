"""How kernels are compiled.

`kernel`: one that may allocate. `inner`: one that may not, and for that counts no references to the arrays in the
tuples that it passes around; with counting, the plain lattice runs at 2.8 instead of 5.7 million cell updates a second
(numba 0.68). `side_by_side`: an inner one that does not ask whether it divides by 0, for loops of which the processor
shall take several rounds at once. `inline`: spliced into its caller, for the functions called once a cell. `parallel`:
a thin loop whose body is one call, because numba 0.68 loses writes made through an attribute of a tuple directly in
such a body.
"""

from functools import partial, update_wrapper
from types import FunctionType
from typing import Any

from numba import get_num_threads, njit

kernel = njit(cache=True)
inner = partial(njit, cache=True, _nrt=False)()
side_by_side = partial(njit, cache=True, _nrt=False, error_model="numpy")()
inline = njit(cache=True, inline="always")


class parallel:  # noqa: N801  a decorator
    """A loop over `prange` in two compilations: threaded, and plain for one thread.

    The plain one compiles in a fraction of the time and starts no threads, which is what worker processes want. It
    bears another name because numba's cache tells functions apart by name and not by options.
    """

    def __init__(self, function: Any) -> None:
        twin = FunctionType(function.__code__, function.__globals__, f"{function.__name__}_in_one_thread")
        twin.__qualname__ = twin.__name__
        twin.__module__ = function.__module__
        self.plain = njit(cache=True)(twin)
        self.threaded = njit(cache=True, parallel=True)(function)
        self.py_func = function
        update_wrapper(self, function)

    def __call__(self, *args: Any) -> Any:
        return (self.threaded if get_num_threads() > 1 else self.plain)(*args)
