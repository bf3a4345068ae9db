"""The version of tmesim, for whoever must not know the rest of it."""

__version__ = "0.1.0"
