"""What all tests share: no window, and the same examples each time."""

import os
from pathlib import Path

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
    """No test meets a kernel compiled before the edit of one that it calls, and no two workers compile the same."""
    if hasattr(config, "workerinput"):
        return  # once, before workers begin
    from tmesim.scenario import load
    from tmesim.trial.compiling import forget_stale, is_cold, warm

    forget_stale(Path(__file__).parent)
    if config.getoption("numprocesses", None) and not config.option.collectonly and is_cold():
        warm(load("minimal"), os.cpu_count() or 1)
