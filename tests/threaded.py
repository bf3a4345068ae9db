"""A pytest plugin: kernels for several threads take most of a minute to compile, so only slow tests may call them."""

import sys

import pytest


def compiled():
    """Names of the kernels that have a threaded version by now, compiled or from numba's cache."""
    modules = [module for name, module in sys.modules.items() if name.startswith("tmesim.kernels.")]
    kernels = {id(one): one for module in modules for one in vars(module).values() if hasattr(one, "threaded")}
    return {one.__name__ for one in kernels.values() if one.threaded.signatures}


@pytest.fixture(autouse=True)
def threads_in_slow_tests_only(request):
    before = compiled()
    yield
    new = compiled() - before
    assert not new or request.node.get_closest_marker("slow"), f"compiles {', '.join(sorted(new))} for several threads"
