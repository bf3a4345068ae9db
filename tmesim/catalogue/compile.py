"""Rules become arrays: the catalogue, for one host and one set of drugs, compiled for the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.catalogue.mechanisms import mechanism_of
from tmesim.catalogue.vocabulary import FIBERS
from tmesim.kernels import arrays
from tmesim.kernels.arrays import RuleTables

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.catalogue.models import Rule

Slots = Mapping[tuple[str, str], int]
Term = tuple[int, float, float, int]  # as in arrays.TERM
Groups = dict[str, tuple[list[Term], list[Term], list["Rule"]]]  # name → what raises, what lowers, whose it is

LAYERS = {"tissue": arrays.TISSUE, "leukocyte": arrays.LEUKOCYTE, "vessel": arrays.VESSEL}
DOES = {"divide": arrays.DIVIDE, "die": arrays.DIE, "become": arrays.BECOME, "leave": arrays.LEAVE}


def drug_field(therapy: str) -> str:
    """Name of the field of a drug that reaches cells by diffusion."""
    return f"drug_{therapy}"


@dataclass(frozen=True)
class Biology:
    """The compiled vocabulary: names beside the arrays of `RuleTables`, which know none."""

    host: str
    types: list[str]
    states: list[str]
    fields: list[str]
    matrix: list[str]
    drugs: list[str]
    signals: list[str]
    behaviors: list[tuple[str, str]]  # (type, behavior), in the order of KIND.slot_first
    starts: np.ndarray  # float32 (types, states)
    clone_factor: np.ndarray  # float32 (1 + clones, behaviors)
    constant: np.ndarray  # float32 (behaviors), product of the groups that no rule changes
    rules: RuleTables
    slots: dict[tuple[str, str], int] = field(repr=False, default_factory=dict)
    raisers: tuple[str, ...] = ()  # of each group, the mechanism that raises a hazard of death by it, else ""

    def code(self, cell: str) -> int:
        """Index of a cell type, as in the column `type`."""
        try:
            return self.types.index(cell)
        except ValueError:
            known = ", ".join(self.types)
            raise KeyError(
                f"unknown cell type {cell!r}. Known: {known}. One of the catalogue that a scenario does not reach by "
                "itself is named in its start.densities; 0 /mm² will do"
            ) from None

    def slot(self, cell: str, behavior: str) -> int:
        """Column of a behavior in the values of a cell type."""
        try:
            return self.slots[cell, behavior]
        except KeyError:
            known = ", ".join(b for c, b in self.slots if c == cell)
            raise KeyError(f"{cell} has no behavior {behavior!r}. Known: {known}") from None

    def index(self, cell: str, behavior: str) -> int:
        """Index of a behavior over all types, as in RuleTables.group_first."""
        return int(self.rules.kinds["slot_first"][self.code(cell)]) + self.slot(cell, behavior)

    @property
    def widest(self) -> int:
        """Most behaviors of a type: the width of the column `value`."""
        return int(np.diff(self.rules.kinds["slot_first"]).max())


def compile_biology(
    catalogue: Catalogue,
    host: str,
    therapies: tuple[str, ...] = (),
    clones: Sequence[Mapping[str, float]] = (),
) -> Biology:
    """Arrays of all rules of a catalogue for a host, with the rules and fields of the named therapies.

    clones : factors of the behaviors of each; row 1 + i of `clone_factor` is the i-th, row 0 is for cells of no clone.
    """
    types = list(catalogue.cells)
    states = list(catalogue.states)
    drugs = [t for t in therapies if t in catalogue.drugs]
    delivered = [t for t in drugs if catalogue.drugs[t].delivery == "field"]
    fields = [*catalogue.fields, *(drug_field(t) for t in delivered)]
    matrix = list(catalogue.matrix)
    entries = dict(catalogue.rules)
    for t in therapies:
        entries |= catalogue.therapies[t].rules
    signals = _signals(catalogue, types, fields, drugs)
    names = [name for name, _, _ in signals]
    index_of = {name: i for i, name in enumerate(names)}
    terms = _terms(entries, host, index_of)

    behaviors: list[tuple[str, str]] = []
    slot_first = [0]
    for cell in types:
        own = list(catalogue.cells[cell].behaviors)
        own += [b for (c, b) in terms if c == cell and b not in own]
        behaviors += [(cell, b) for b in own]
        slot_first.append(len(behaviors))
    slots = {(c, b): i - slot_first[types.index(c)] for i, (c, b) in enumerate(behaviors)}

    starts = np.zeros((len(types), max(len(states), 1)), np.float32)
    for c, cell in enumerate(types):
        for state, number in catalogue.cells[cell].starts.items():
            starts[c, states.index(state)] = number.at(host)
    kinds = np.zeros(len(types) + 1, _records_of(arrays.KIND))
    kinds["slot_first"] = slot_first
    parts: dict[str, Any] = {
        "used": _used(types, terms, signals, kinds),
        "changes": _changes(catalogue, types, states, slots, kinds),
        "fluxes": _fluxes(catalogue, types, fields, slots, kinds),
        "events": _events(catalogue, types, slots, kinds),
        "taxes": _taxes(types, fields, slots, kinds),
        "admissions": _admissions(types, slots, kinds),
        "targets": _targets(catalogue, types),
        "avoided": _avoided(catalogue, types),
        "deposition": _of_maps("deposition", types, matrix, slots),
        "degradation": _of_maps("degradation", types, matrix, slots),
        "barrier": _role_of(catalogue, "barrier"),
        "debris": _role_of(catalogue, "debris"),
        "fiber_cos": _role_of(catalogue, "fiber_cos"),
        "fiber_sin": _role_of(catalogue, "fiber_sin"),
    }
    for c, cell in enumerate(types):
        for name, value in _kind(catalogue, cell, host, fields, slots).items():
            kinds[name][c] = value
    settled = (kinds["attachment"][:-1] >= 0) & (kinds["layer"][:-1] != arrays.LEUKOCYTE)
    group_first, groups, flat, constant = _groups(catalogue, host, behaviors, terms)
    raisers = _raisers(catalogue, behaviors, terms)
    rules = RuleTables(
        kinds=kinds,
        group_first=group_first,
        groups=groups,
        terms=flat,
        signals=_table([(kind, index) for _, kind, index in signals], arrays.SIGNAL),
        spread=_spread(catalogue, host),
        settled=np.int64(settled.any()),
        static=np.int64(kinds["static"].any()),
        **parts,
    )
    factor = _clone_factor(catalogue, clones, behaviors)
    return Biology(
        host, types, states, fields, matrix, drugs, names, behaviors, starts, factor, constant, rules, slots, raisers
    )


def _signals(catalogue: Catalogue, types: list[str], fields: list[str], drugs: list[str]) -> list[tuple[str, int, int]]:
    """(name, kind, index) of every signal."""
    states = list(catalogue.states)
    shown = [(f"contact.{s}", arrays.CONTACT_STATE, i) for i, s in enumerate(states) if catalogue.states[s].shown]
    presented = [(f"presented.{s}", arrays.PRESENTED, i) for i, s in enumerate(states) if catalogue.states[s].shown]
    out = [(f, arrays.FIELD, i) for i, f in enumerate(fields)]
    out += [(m, arrays.MATRIX, i) for i, m in enumerate(catalogue.matrix) if catalogue.matrix[m].role not in FIBERS]
    out += [("packing", arrays.PACKING, 0)]
    out += [(f"contact.{c}", arrays.CONTACT, i) for i, c in enumerate(types)]
    out += [*shown, *presented, ("contact.vessel", arrays.CONTACT_VESSEL, 0)]
    out += [(f"state.{s}", arrays.STATE, i) for i, s in enumerate(states)]
    out += [(f"hybrid.{s}", arrays.HYBRID, i) for i, s in enumerate(states)]
    out += [("engagement", arrays.ENGAGEMENT, 0), ("age", arrays.AGE, 0)]
    out += [(f"drug.{d}", arrays.DRUG, i) for i, d in enumerate(drugs)]
    return out


def _terms(rules: Mapping[str, Rule], host: str, index_of: dict[str, int]) -> dict[tuple[str, str], Groups]:
    """{(cell, behavior): {group: ([up terms], [down terms], [rules])}}, a term being a TERM."""
    terms: dict[tuple[str, str], Groups] = {}
    for rule in rules.values():
        for cell in rule.cell:
            groups = terms.setdefault((cell, rule.behavior), {})
            if rule.signal.startswith("drug") and rule.signal not in index_of:  # a drug that no arm gives
                continue
            up, down, owners = groups.setdefault(rule.group, ([], [], []))
            owners.append(rule)
            if rule.signal not in index_of:  # of what cannot be here: it is 0, which neither raises nor lowers
                continue
            power = rule.power.at(host)
            halves = int(2 * power) if 2 * power in (2, 3, 4, 6, 8) else 0
            term = (index_of[rule.signal], 1.0 / rule.half_max.at(host), power, halves)
            (up if rule.effect == "increases" else down).append(term)
    return terms


def _table(rows: list[Any], dtype: np.dtype) -> np.ndarray:
    return np.array(rows, _records_of(dtype))


def _records_of(dtype: np.dtype) -> np.dtype:
    """Records with their fields as attributes, in plain arrays: numpy's own record arrays are slow to read."""
    return np.dtype((np.record, dtype))


def _groups(
    catalogue: Catalogue, host: str, behaviors: list[tuple[str, str]], terms: dict[tuple[str, str], Groups]
) -> tuple[np.ndarray, ...]:
    """Where the groups of each behavior begin, the groups, their terms, and what groups without terms come to."""
    first, groups, constant = [0], [], []
    flat: list[tuple[int, float, float, int]] = []
    for cell, behavior in behaviors:
        number = catalogue.cells[cell].behaviors.get(behavior)
        own = dict(terms.get((cell, behavior), {}))
        constant.append(1.0)
        own.setdefault("main", ([], [], []))
        for name, (up, down, owners) in own.items():
            if name == "main":
                base = number.at(host) if number is not None else 0.0
            else:
                given = [r.base.at(host) for r in owners if r.base is not None]
                base = given[0] if given else 1.0
            raised = [r.limit.at(host) for r in owners if r.effect == "increases" and r.limit is not None]
            lowered = [r.limit.at(host) for r in owners if r.effect == "decreases" and r.limit is not None]
            if not up and not down:
                constant[-1] *= base
                continue
            begin = len(flat)
            flat += up + down
            highest = raised[0] if raised else base
            lowest = lowered[0] if lowered else 0.0
            groups.append((base, highest, lowest, begin, begin + len(up), len(flat)))
        first.append(len(groups))
    tables = _table(groups, arrays.GROUP), _table(flat, arrays.TERM)
    return np.array(first, np.int32), *tables, np.array(constant, np.float32)


def _raisers(
    catalogue: Catalogue, behaviors: list[tuple[str, str]], terms: dict[tuple[str, str], Groups]
) -> tuple[str, ...]:
    """For each group, in the order of `_groups`, the mechanism of the rules that raise a hazard of death; else ""."""
    found = []
    for cell, behavior in behaviors:
        deadly = any(event.behavior == behavior and event.does == "die" for event in catalogue.cells[cell].events)
        own = dict(terms.get((cell, behavior), {}))
        own.setdefault("main", ([], [], []))
        for up, down, owners in own.values():
            if up or down:
                raising = [rule for rule in owners if rule.effect == "increases"]
                found.append(mechanism_of(raising[0]) if deadly and up and raising else "")
    return tuple(found)


def _used(
    types: list[str], terms: dict[tuple[str, str], Groups], signals: list[tuple[str, int, int]], kinds: np.ndarray
) -> np.ndarray:
    """Signals that each type senses; notes in `kinds` where they begin and whether contacts must be counted."""
    used: list[int] = []
    for c, cell in enumerate(types):
        own = {
            t[0] for (o, _), groups in terms.items() if o == cell for up, down, _ in groups.values() for t in up + down
        }
        used += sorted(own)
        kinds["used_first"][c + 1] = len(used)
        kinds["needs"][c] = any(signals[s][1] in (arrays.CONTACT, arrays.PACKING) for s in own)
    return np.array(used, np.int32)


def _clone_factor(
    catalogue: Catalogue, clones: Sequence[Mapping[str, float]], behaviors: list[tuple[str, str]]
) -> np.ndarray:
    """(1 + clones, behaviors) factors: row 0 for every cell of no clone, the others for malignant cells of a clone."""
    factor = np.ones((len(clones) + 1, len(behaviors)), np.float32)
    for c, clone in enumerate(clones):
        for i, (cell, behavior) in enumerate(behaviors):
            if catalogue.cells[cell].malignant:
                factor[c + 1, i] = clone.get(behavior, 1.0)
    return factor


def _changes(catalogue: Catalogue, types: list[str], states: list[str], slots: Slots, kinds: np.ndarray) -> np.ndarray:
    """The integrated states of each type with the slots of their rates."""
    rows = []
    for c, cell in enumerate(types):
        for state in catalogue.cells[cell].states:
            rates = (slots.get((cell, f"{state}_{way}"), -1) for way in ("gain", "loss"))
            rows.append((states.index(state), *rates))
        kinds["state_first"][c + 1] = len(rows)
    return _table(rows, arrays.CHANGE)


def _spread(catalogue: Catalogue, host: str) -> np.ndarray:
    """How far daughters stray in each state; one entry at least, as in the column `state`."""
    spreads = [entry.spread.at(host) if entry.spread is not None else 0.0 for entry in catalogue.states.values()]
    return np.array(spreads or [0.0], np.float32)


def _fluxes(catalogue: Catalogue, types: list[str], fields: list[str], slots: Slots, kinds: np.ndarray) -> np.ndarray:
    """What each type secretes, takes up or exchanges with the blood."""
    saturable = [f for f in catalogue.fields if catalogue.fields[f].kinetics == "michaelis_menten"]
    rows = []
    for c, cell in enumerate(types):
        for f, name in enumerate(fields):
            uptake = arrays.SATURABLE_UPTAKE if name in saturable else arrays.UPTAKE
            for prefix, how in (("secretion", arrays.SECRETION), ("uptake", uptake), ("exchange", arrays.EXCHANGE)):
                if (cell, f"{prefix}.{name}") in slots:
                    line = saturable.index(name) if name in saturable else -1
                    rows.append((f, slots[cell, f"{prefix}.{name}"], how, line))
        kinds["flux_first"][c + 1] = len(rows)
    return _table(rows, arrays.FLUX)


def _events(catalogue: Catalogue, types: list[str], slots: Slots, kinds: np.ndarray) -> np.ndarray:
    """The competing events of each type."""
    rows = []
    for c, cell in enumerate(types):
        for event in catalogue.cells[cell].events:
            if (cell, event.behavior) in slots:
                rows.append((slots[cell, event.behavior], DOES[event.does], types.index(event.to) if event.to else 0))
        kinds["event_first"][c + 1] = len(rows)
    return _table(rows, arrays.EVENT)


def _taxes(types: list[str], fields: list[str], slots: Slots, kinds: np.ndarray) -> np.ndarray:
    """The gradients that each type follows."""
    rows = []
    for c, cell in enumerate(types):
        rows += [
            (f, slots[cell, f"chemotaxis.{name}"])
            for f, name in enumerate(fields)
            if (cell, f"chemotaxis.{name}") in slots
        ]
        kinds["taxis_first"][c + 1] = len(rows)
    return _table(rows, arrays.TAXIS)


def _admissions(types: list[str], slots: Slots, kinds: np.ndarray) -> np.ndarray:
    """Who enters the tissue through each type."""
    rows = []
    for c, cell in enumerate(types):
        admitted = [b.split(".", 1)[1] for owner, b in slots if owner == cell and b.startswith("admit.")]
        rows += [(slots[cell, f"admit.{enters}"], types.index(enters)) for enters in admitted if enters in types]
        kinds["admission_first"][c + 1] = len(rows)
    return _table(rows, arrays.ADMISSION)


def _targets(catalogue: Catalogue, types: list[str]) -> np.ndarray:
    """bool (types, types): whom each type attacks."""
    return np.array([[other in catalogue.cells[cell].targets for other in types] for cell in types], np.bool_)


def _avoided(catalogue: Catalogue, types: list[str]) -> np.ndarray:
    """bool (types, types): whose company each type leaves."""
    return np.array([[other in catalogue.cells[cell].sorts_from for other in types] for cell in types], np.bool_)


def _of_maps(behavior: str, types: list[str], matrix: list[str], slots: Slots) -> np.ndarray:
    """int32 (types, matrix maps): slot of a behavior towards each map, -1 without."""
    rows = [[slots.get((cell, f"{behavior}.{name}"), -1) for name in matrix] for cell in types]
    return np.array(rows, np.int32).reshape(len(types), len(matrix))


def _role_of(catalogue: Catalogue, role: str) -> np.int64:
    """Index of the matrix map with a role, -1 without one."""
    return np.int64(next((i for i, entry in enumerate(catalogue.matrix.values()) if entry.role == role), -1))


def _place_in_hierarchy(catalogue: Catalogue, cell: str, host: str, slots: Slots) -> dict[str, float]:
    """The entries of a cell type's KIND that say how it differentiates."""
    entry, ladder = catalogue.cells[cell], catalogue.cells[cell].hierarchy
    hazards = [event.behavior for event in entry.events if event.does == "divide"]
    dividing = [slots[cell, behavior] for behavior in hazards if (cell, behavior) in slots]
    if ladder is None or not dividing:
        return {"ladder": -1, "divides": dividing[0] if dividing else -1, "divisions": arrays.UNLIMITED}
    return {
        "ladder": list(catalogue.states).index(ladder.state),
        "divides": dividing[0],
        "threshold": ladder.threshold.at(host),
        "progeny": ladder.progeny.at(host),
        "divisions": int(ladder.divisions.at(host)),
    }


def _kind(catalogue: Catalogue, cell: str, host: str, fields: list[str], slots: Slots) -> dict[str, float]:
    """The entries of a cell type's KIND that are not where something begins."""
    entry = catalogue.cells[cell]
    reached = {LAYERS[catalogue.cells[other].layer] for other in entry.targets if other in catalogue.cells}
    return {
        **{behavior: slots.get((cell, behavior), -1) for behavior in arrays.ASKED},
        **_place_in_hierarchy(catalogue, cell, host, slots),
        "guide": fields.index(entry.guided_by) if entry.guided_by in fields else -1,
        "layer": LAYERS[entry.layer],
        "reached": sum(1 << layer for layer in reached),
        "captures": entry.captures_antigens,
        "specific": entry.antigen_specific,
        "missing_self": entry.missing_self,
        "malignant": entry.malignant,
        "sorts": bool(entry.sorts_from),
        "static": entry.static,
        "membrane": entry.membrane,
    }
