"""What all tests share: no window, and the same examples each time."""

import os

# Before anything imports matplotlib, here or in a worker process.
os.environ.setdefault("MPLBACKEND", "Agg")

from hypothesis import HealthCheck, settings

# The first call of a kernel compiles it, so a deadline would blame the wrong thing.
settings.register_profile(
    "tmesim",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tmesim")

pytest_plugins = ["full_counts", "histories", "not_run", "threaded"]


def pytest_configure(config):
    """No two workers compile the same."""
    if hasattr(config, "workerinput"):
        return  # once, before workers begin
    from tmesim.trial.compiling import is_cold, warm

    if config.getoption("numprocesses", None) and not config.option.collectonly and is_cold():
        warm(os.cpu_count() or 1)
