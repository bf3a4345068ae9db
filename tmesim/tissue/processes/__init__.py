"""Processes: the phases of a tissue's step, a module each. Their order stands in tmesim/body/step.py."""
