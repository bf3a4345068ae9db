"""Plain English: signals, behaviors and rules in the words of a textbook, from the labels of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Rule

_CAUSES = {
    "packing": "crowding",
    "contact.pdl1": "PD-L1 on touching cells",
    "contact.vessel": "a perfused vessel nearby",
    "engagement": "time spent in synapses",
    "age": "age",
}
_DOINGS = {
    "apoptosis": "death by apoptosis",
    "necrosis": "death by necrosis",
    "egress": "departure from the tissue",
    "speed": "speed of movement",
    "persistence": "persistence of direction",
    "deposition.ecm": "laying down of matrix",
    "degradation.ecm": "breakdown of matrix",
    "attachment": "forming of synapses",
    "detachment": "giving up of synapses",
    "hit_rate": "rate of hits",
    "visibility": "visibility to T cells",
    "sprouting": "sprouting of new vessels",
    "tip_speed": "growth of sprouts",
    "regression": "pruning of vessels",
    "openness": "opening of the vessel",
}


def plural(catalogue: Catalogue, cell: str) -> str:
    """Several cells of a type."""
    label = catalogue.cells[cell].label if cell in catalogue.cells else cell.replace("_", " ") + " cell"
    return label if label.endswith(("s", "debris")) else f"{label}s"


def substance(catalogue: Catalogue, name: str) -> str:
    """What diffuses or lies at a site, by its label."""
    therapy = catalogue.therapies.get(name.removeprefix("drug_"))
    if name.startswith("drug_") and therapy is not None and therapy.field is not None:
        return therapy.field.label or name
    entry = catalogue.fields.get(name) or catalogue.matrix.get(name)
    return (entry.label if entry is not None else "") or name.replace("_", " ")


def cause(catalogue: Catalogue, signal: str) -> str:
    """A signal as the subject of a sentence."""
    if signal in _CAUSES:
        return _CAUSES[signal]
    kind, _, name = signal.partition(".")
    if kind == "contact":
        return f"contact with {plural(catalogue, name)}"
    if kind in ("state", "hybrid") and name in catalogue.states:
        label = catalogue.states[name].label
        return f"the cell's own {label}" if kind == "state" else f"a hybrid {label}"
    if kind == "drug" and name in catalogue.therapies:
        return catalogue.therapies[name].label
    return substance(catalogue, signal)


def doing(catalogue: Catalogue, behavior: str) -> str:
    """A behavior as the object of a sentence, without its article."""
    if behavior in _DOINGS:
        return _DOINGS[behavior]
    kind, _, name = behavior.partition(".")
    if kind == "become":
        return f"change into {plural(catalogue, name)}"
    if kind == "admit":
        return f"entry of {plural(catalogue, name)} from the blood"
    if kind == "exchange":
        return f"exchange of {substance(catalogue, name)} with the blood"
    if kind == "chemotaxis":
        return f"movement up the gradient of {substance(catalogue, name)}"
    if name:
        return f"{kind} of {substance(catalogue, name)}"
    for end, word in (("_gain", "rise"), ("_loss", "fall")):
        state = catalogue.states.get(behavior.removesuffix(end))
        if behavior.endswith(end) and state is not None:
            return f"{word} of {state.label}"
    return behavior.replace("_", " ")


def joined(parts: Iterable[str]) -> str:
    """a, b and c; empty when there is nothing."""
    *most, last = ["", *parts]
    return f"{', '.join(most[1:])} and {last}" if most[1:] else last


def times(number: str) -> str:
    """A factor of a value."""
    return {"0": "nothing", "1": "its normal value"}.get(number, f"{number} times its value")


def sentence(catalogue: Catalogue, rule: Rule) -> str:
    """A rule in plain English, with its numbers."""
    cells = joined(plural(catalogue, cell) for cell in rule.cell)
    why, what = cause(catalogue, rule.signal), doing(catalogue, rule.behavior)
    up = rule.effect == "increases"
    verb = ("speed" if up else "slow") if what.startswith(("rise of", "fall of")) else "raise" if up else "lower"
    start = f"In {cells}, {why} {verb}{'' if ' and ' in why else 's'} the {what}"
    kind, _, who = rule.signal.partition(".")
    unit = " such cells" if kind == "contact" and who in catalogue.cells else ""
    half = f"half of the effect comes at {rule.half_max}{unit}, with a power of {rule.power}"
    if rule.limit is None:
        return f"{start}: {half}."
    if rule.group == "main":
        return f"{start} towards {rule.limit}: {half}."
    base, limit = str(rule.base_value), times(str(rule.limit))
    if times(base) == limit:
        return f"{start} back to {limit}: {half}."
    if base == "1":
        return f"{start} {'up' if up else 'down'} to {limit}: {half}."
    return f"{start} from {times(base)} without it to {limit}: {half}."


def absence(rule: Rule) -> str:
    """What switching a rule off means."""
    if rule.absent == "limit":
        return f"the lack of the signal does nothing: each cell does as with ample signal ({rule.limit})"
    if rule.group == "main":
        return "the signal does nothing: each cell starts from its number at rest, which other rules may still change"
    return f"the signal does nothing; where no other rule is left in the group '{rule.group}', its factor is 1"
