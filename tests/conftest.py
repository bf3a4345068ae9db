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
