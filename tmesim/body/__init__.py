"""A body: drugs, blood and lymph node, the program of an arm, and the tissues that they reach."""

from tmesim.body.body import Body
from tmesim.body.site import Site
from tmesim.body.step import STEP

__all__ = ["STEP", "Body", "Site"]
