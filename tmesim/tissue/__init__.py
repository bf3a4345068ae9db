"""A tissue: cells on a lattice with fields, matrix and vessels, and the processes of its step."""

from tmesim.tissue.tissue import Tissue

__all__ = ["Tissue"]
