"""The one vocabulary of signals and behaviors: what a cell can sense, and what it can do.

Rules, therapies and clones speak in these words. Each word, or each family of words that has one for every cell type,
field, state … of a catalogue, is one line of the tables `SIGNALS` and `BEHAVIORS`: its unit, its meaning, its phrase in
an English sentence, its upper bound, and the process of the engine that reads it. All else that knows words (checks,
bounds of numbers, sentences, lists, the compiled tables) asks these two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

from tmesim.catalogue.contents import Contents
from tmesim.catalogue.frozen import frozendict
from tmesim.catalogue.labels import plural, substance


class Word(NamedTuple):
    """A word of the vocabulary.

    unit : of the signal, or of the behavior's value at rest and of the limits of its rules
    meaning : of a signal what is sensed; of a behavior what "the cell" does
    most : upper bound, in the unit
    phrase : the word as the subject (signal) or object (behavior) of a sentence
    """

    unit: str
    meaning: str
    most: float = math.inf
    phrase: str = ""


class Item(NamedTuple):
    """An entry of the catalogue that brings words with it."""

    name: str = ""
    unit: str = "1"
    uptake_unit: str = "1/h"
    label: str = ""
    plural: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Family:
    """A word, or the words of one form.

    form : the word; `{name}` stands for the name of an item
    unit, meaning, phrase : as in `Word`; they may hold what an `Item` has, in braces
    engine : of a signal the place where the engine takes it from, a constant of `kernels.arrays` in small letters; of a
        behavior the process that reads it
    items : the kind of entries that bring a word each; "" for a single word
    most : upper bound, in the unit
    """

    form: str
    unit: str
    meaning: str
    phrase: str
    engine: str
    items: str = ""
    most: float = math.inf

    def word(self, name: str = "") -> str:
        """The word for an item."""
        return self.form.format(name=name)

    def item(self, word: str) -> str | None:
        """The item whose word it is, "" for a single word; None for a word of another form."""
        before, gap, after = self.form.partition("{name}")
        name = word.removeprefix(before).removesuffix(after) if gap else ""
        return name if self.word(name) == word and (name or not gap) else None

    def words(self, contents: Contents) -> Iterator[tuple[str, Word]]:
        """All words of the family in a catalogue, by name."""
        for item in ITEMS[self.items](contents):
            parts = item._asdict()
            yield (
                self.word(item.name),
                Word(self.unit.format(**parts), self.meaning.format(**parts), self.most, self.phrase.format(**parts)),
            )


FIBERS = ("fiber_cos", "fiber_sin")
"""Roles of the maps of the matrix that hold the axis of fibers."""


def _cells(contents: Contents) -> Iterator[Item]:
    for name, cell in contents.cells.items():
        yield Item(name, label=cell.label, plural=plural(contents, name))


def _fields(contents: Contents) -> Iterator[Item]:
    """Fields, those of drugs among them. A saturable uptake is an amount per time, any other a rate."""
    for name, entry in contents.fields.items():
        uptake = f"{entry.unit}/h" if entry.kinetics == "michaelis_menten" else "1/h"
        yield Item(name, entry.unit, uptake, substance(contents, name))
    for therapy, drug in contents.drugs.items():
        if drug.field is not None:
            name = f"drug_{therapy}"
            yield Item(name, drug.field.unit, label=substance(contents, name))


def _matrix(contents: Contents) -> Iterator[Item]:
    """What a cell can sense of the matrix: all but the axis of fibers, which is no amount."""
    for name, entry in contents.matrix.items():
        if entry.role not in FIBERS:
            yield Item(name, entry.unit, label=entry.label)


def _densities(contents: Contents) -> Iterator[Item]:
    """What cells lay down and remove: all of the matrix but debris and the axis of fibers."""
    for name, entry in contents.matrix.items():
        if entry.role not in ("debris", *FIBERS):
            yield Item(name, entry.unit, label=entry.label.removesuffix(" density"))


def _shown(contents: Contents) -> Iterator[Item]:
    """States that others can feel."""
    for name, state in contents.states.items():
        if state.shown:
            yield Item(name, label=state.label.removesuffix(" level"))


def _states(contents: Contents) -> Iterator[Item]:
    for name, state in contents.states.items():
        yield Item(name, label=state.label, meaning=state.meaning)


def _drugs(contents: Contents) -> Iterator[Item]:
    for name, drug in contents.drugs.items():
        yield Item(name, label=drug.label)


ITEMS: Mapping[str, Callable[[Contents], Iterator[Item]]] = {
    "": lambda contents: iter([Item()]),
    "cells": _cells,
    "fields": _fields,
    "matrix": _matrix,
    "densities": _densities,
    "shown": _shown,
    "states": _states,
    "drugs": _drugs,
}

SIGNALS: Mapping[str, Family] = {
    "field": Family("{name}", "{unit}", "level of {name} on the site", "{label}", "field", "fields"),
    "matrix": Family("{name}", "{unit}", "{label}", "{label}", "matrix", "matrix"),
    "packing": Family(
        "packing", "1", "share of the 8 neighbor sites that hold a tissue cell", "crowding", "packing", most=1.0
    ),
    "contact": Family(
        "contact.{name}", "1", "number of cells of type {name} ({label}) on the same site and its 8 neighbors",
        "contact with {plural}", "contact", "cells",
    ),
    "contact_state": Family(
        "contact.{name}", "1", "{label} summed over the cells on the same site and its 4 neighbors",
        "{label} on touching cells", "contact_state", "shown",
    ),
    "presented": Family(
        "presented.{name}", "1",
        "{label} summed over the cells on the same site and its 4 neighbors that carry an antigen which the cell's own "
        "receptor recognizes", "{label} on touching cells that present its antigen", "presented", "shown",
    ),
    "contact_vessel": Family(
        "contact.vessel", "1", "perfused vessel segments on the same site and its 8 neighbors",
        "a perfused vessel nearby", "contact_vessel",
    ),
    "state": Family("state.{name}", "1", "own {label}: {meaning}", "the cell's own {label}", "state", "states", 1.0),
    "hybrid": Family(
        "hybrid.{name}", "1",
        "how far in between the own {label} z is: 4 z (1 - z), 0 at both ends and 1 in the middle",
        "a hybrid {label}", "hybrid", "states", 1.0,
    ),
    "engagement": Family(
        "engagement", "1", "share of about the last hour that an attacker spent in synapse", "time spent in synapses",
        "engagement", most=1.0,
    ),
    "age": Family("age", "h", "time since the cell was born or came in", "age", "age"),
    "drug": Family(
        "drug.{name}", "1", "share of the target that {label} occupies", "{label}", "drug", "drugs", 1.0
    ),
}  # fmt: skip
"""What a cell can sense, in the order in which the engine numbers signals."""

BEHAVIORS: Mapping[str, Family] = {
    "division": Family("division", "1/h", "divides", "division", "events"),
    "apoptosis": Family("apoptosis", "1/h", "dies by apoptosis", "apoptosis", "events"),
    "necrosis": Family("necrosis", "1/h", "dies for lack of oxygen and nutrients", "necrosis", "events"),
    "egress": Family("egress", "1/h", "leaves the tissue", "egress from the tissue", "events"),
    "clearance": Family(
        "clearance", "1/h", "vanishes from the tissue, or digests dead-cell material", "clearance", "events"
    ),
    "become": Family(
        "become.{name}", "1/h", "turns into a cell of type {name} ({label})", "conversion into {plural}", "events",
        "cells",
    ),
    "extravasation": Family(
        "extravasation", "1/h", "comes out of the capillary that holds it into the tissue", "extravasation", "travel"
    ),
    "intravasation": Family(
        "intravasation", "1/h", "enters the blood through a perfused vessel on its own or a neighbor site",
        "intravasation", "travel",
    ),
    "lymph_entry": Family(
        "lymph_entry", "1/h", "enters the lymph", "entry into lymph vessels", "travel"
    ),
    "cohesion": Family(
        "cohesion", "1", "goes along with a touching cell that enters a vessel: probability",
        "cohesion with touching tumor cells", "travel", most=1.0,
    ),
    "self_renewal": Family(
        "self_renewal", "1", "bears a stem-like daughter where it is stem-like itself: probability at a division",
        "self-renewal", "hierarchy", most=1.0,
    ),
    "speed": Family("speed", "µm/min", "moves at this speed", "migration speed", "movement"),
    "persistence": Family("persistence", "min", "keeps its direction for this long", "persistence of direction",
                          "movement"),
    "chemotaxis": Family(
        "chemotaxis.{name}", "1", "share of moves directed up the gradient of {name}",
        "movement up the gradient of {label}", "movement", "fields", 1.0,
    ),
    "deposition": Family(
        "deposition.{name}", "1/h", "lays down {label}", "deposition of {label}", "matrix", "densities"
    ),
    "degradation": Family(
        "degradation.{name}", "1/h", "removes {label}", "degradation of {label}", "matrix", "densities"
    ),
    "fibers_along": Family(
        "fibers_along", "1/h", "turns fibers around it along the edge of the tumor",
        "the turning of fibers along the edge", "fibers",
    ),
    "fibers_across": Family(
        "fibers_across", "1/h", "turns fibers around it across the edge of the tumor",
        "the turning of fibers across the edge", "fibers",
    ),
    "attachment": Family("attachment", "1/h", "forms a synapse with a touched target", "synapse formation", "killing"),
    "detachment": Family("detachment", "1/h", "lets go of a synapse", "detachment from synapses", "killing"),
    "hit_rate": Family("hit_rate", "1/h", "hits the target it is engaged with", "the hit rate", "killing"),
    "visibility": Family(
        "visibility", "1", "is recognized: factor of the chance of a hit", "visibility to T cells", "killing", most=1.0
    ),
    "sprouting": Family("sprouting", "1/h", "sends out a vessel sprout", "vessel sprouting", "vessels"),
    "tip_speed": Family("tip_speed", "µm/h", "extends a sprout at this speed", "the growth of sprouts", "vessels"),
    "regression": Family("regression", "1/h", "is pruned", "vessel pruning", "vessels"),
    "openness": Family(
        "openness", "1", "is open: share of the full lumen", "the opening of vessels", "vessels", most=1.0
    ),
    "admit": Family(
        "admit.{name}", "1/h", "lets cells of type {name} in, per perfused segment at reference blood",
        "entry of {plural} from the blood", "entry", "cells", 10.0,
    ),
    "secretion": Family(
        "secretion.{name}", "{unit}/h", "secretes {name} into its site", "secretion of {label}", "exchange", "fields"
    ),
    "uptake": Family(
        "uptake.{name}", "{uptake_unit}", "takes up {name} from its site", "uptake of {label}", "exchange", "fields"
    ),
    "exchange": Family(
        "exchange.{name}", "1/h", "exchanges {name} between blood and site", "exchange of {label} with the blood",
        "exchange", "fields",
    ),
    "gain": Family("{name}_gain", "1/h", "raises its {label}", "the rise in {label}", "states", "states"),
    "loss": Family("{name}_loss", "1/h", "lowers its {label}", "the fall in {label}", "states", "states"),
}  # fmt: skip
"""What a cell can do, by the name under which the engine knows the word or the family."""

OF_FIELDS = tuple(family for family in BEHAVIORS.values() if family.items == "fields")
"""What a cell can have to do with a field."""


class Vocabulary(NamedTuple):
    """The words of one catalogue by name."""

    signals: Mapping[str, Word]
    behaviors: Mapping[str, Word]


_KNOWN: WeakKeyDictionary[Contents, Vocabulary] = WeakKeyDictionary()


def of(contents: Contents) -> Vocabulary:
    """The words that rules of a catalogue may use; made once for each."""
    if contents not in _KNOWN:
        _KNOWN[contents] = Vocabulary(_words(SIGNALS, contents), _words(BEHAVIORS, contents))
    return _KNOWN[contents]


def _words(table: Mapping[str, Family], contents: Contents) -> Mapping[str, Word]:
    return frozendict({name: word for family in table.values() for name, word in family.words(contents)})
