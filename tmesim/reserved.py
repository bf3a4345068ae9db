"""Names that mean something for every cell already, so that no state and no column can bear them."""

from collections.abc import Iterable

READ = frozenset(
    "age alive antigens born cell_type clone damage divisions divisions_left engagement model mother_id pos random "
    "receptor rng scenario site target_id unique_id x y".split()
)
"""What a cell is asked for: its place, its history, its model."""

DONE = frozenset(
    "advance become behavior create_agents die divide draw from_dataframe local neighbors remove step".split()
)
"""What a cell does: methods of ours and of Mesa."""

DECLARED = frozenset("behaviors color columns events label layer states".split())
"""What a class in Python says of its cells."""

RESERVED = READ | DONE | DECLARED


def taken(names: Iterable[str]) -> list[str]:
    """Which of some names no state and no column can bear."""
    return [name for name in names if name in RESERVED or name.startswith("_")]
