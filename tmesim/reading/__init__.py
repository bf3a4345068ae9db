"""Strict YAML 1.2: what a user writes is what is read, and every problem has a file, a line and a key.

PyYAML alone reads `1e3` as text, `no` as False, `12:30` as 750 and keeps the last of two equal keys.
"""

from tmesim.reading.problems import DataPath, Document, InputError, Position, Problem, brief, dotted, suggestion
from tmesim.reading.validation import as_written, problems_of
from tmesim.reading.yaml12 import parse, read_yaml

__all__ = [
    "DataPath",
    "Document",
    "InputError",
    "Position",
    "Problem",
    "as_written",
    "brief",
    "dotted",
    "parse",
    "problems_of",
    "read_yaml",
    "suggestion",
]
