"""What somebody changes in a catalogue: numbers set, rules switched off, entries added, fields dropped.

One type for a scenario and its arms alike, and one function that applies it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tmesim.catalogue import Catalogue
from tmesim.catalogue.models import frozendict, model_of
from tmesim.scenario.freezing import thawed

ONLY_AT_THE_START = {
    "add": "an arm cannot add entries: its cells, states and fields must be those that the tissue has from hour 0 on, "
    "which all arms share. Add them to the scenario, and switch their rules off in the other arms",
    "drop": "an arm cannot drop fields: the tissue has them from hour 0 on, which all arms share. Drop them in the "
    "scenario, or switch the rules that read them off in this arm",
}
"""What an overlay may hold and an arm's may not, and why: it would change the shape of a tissue that is under way."""


@dataclass(frozen=True)
class Overlay:
    """Changes of a catalogue, in the order in which they are applied: `add`, `drop`, `set`, `off`.

    set : a value by the dotted path of a number, as text with its unit, such as `0.03 1/h`
    off : names of rules
    add : entries as plain data, by kind and name
    drop : names of fields
    """

    set: Mapping[str, Any] = frozendict()
    off: tuple[str, ...] = ()
    add: Mapping[str, Any] = frozendict()
    drop: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it changes anything."""
        return bool(self.set or self.off or self.add or self.drop)

    def content(self) -> dict[str, Any]:
        """As it stands in a scenario file, without what is empty."""
        content = {
            "set": dict(self.set),
            "off": list(self.off),
            "add": thawed(self.add),
            "drop": {"fields": list(self.drop)} if self.drop else {},
        }
        return {key: value for key, value in content.items() if value}


NOTHING = Overlay()


def applied(catalogue: Catalogue, overlays: Iterable[Overlay]) -> Catalogue:
    """A catalogue with overlays on top, one after the other; ValueError when one of them does not fit what is there.

    Whoever reads a file checks it first (`scenario.biology`), so that each mistake is told at its line.
    """
    for overlay in overlays:
        entries = {
            kind: {name: model_of(kind, entry).model_validate(entry) for name, entry in thawed(added).items()}
            for kind, added in overlay.add.items()
        }
        catalogue, issues = catalogue.plus(entries)
        catalogue, problems = catalogue.dropping(overlay.drop).with_numbers(overlay.set)
        if issues or problems:
            told = [f"{'.'.join(map(str, path))}: {message}" for path, message in issues]
            raise ValueError("; ".join(told + [f"{path}: {message}" for path, message in problems.items()]))
        catalogue = catalogue.without(overlay.off)
    return catalogue
