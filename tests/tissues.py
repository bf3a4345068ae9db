"""Small tissues for tests: a scenario text with parts exchanged, rows shuffled, layers checked."""

from dataclasses import replace

import numpy as np
import yaml

from tmesim.bench import bare_scenario
from tmesim.body import STEP, Body
from tmesim.kernels.arrays import COVERED, DEAD, EMPTY, PAD, WALL
from tmesim.scenario import load, read_text

BUSY = {
    "tumor": [{"radius": "180 µm", "fill": 0.9}],
    "densities": {
        "fibroblast": "600 /mm²", "m1": "300 /mm²", "ctl": "500 /mm²", "th1": "100 /mm²", "treg": "150 /mm²",
        "dendritic": "150 /mm²", "monocyte": "80 /mm²",
    },
    "capillaries": "150 /mm²",
}  # fmt: skip
"""A start in which everything happens within a day: a small tumor among immune cells, in a bed of vessels."""

REACTIVE = {"processes.priming.reactive_fraction": "0.9"}
"""Most T cells know the tumor, so that killing is seen."""


class OneTissue:
    """A body and its only tissue as one: what a test asks is asked of the body, or of the tissue where it has none."""

    OF_TISSUE = ("counters", "threads", "processes", "name")

    def __init__(self, *args, body=None, **options):
        if body is None:
            everybody = args[0].catalogue.cells  # so that any can be put there by hand
            body = Body(*args, **({"types": everybody} | options))
        self.__dict__["body"] = body

    def _owner(self, name):
        of_body = hasattr(self.body, name) and name not in self.OF_TISSUE
        return self.body if of_body else self.body.tissue

    def __getattr__(self, name):
        return getattr(self._owner(name), name)

    def __setattr__(self, name, value):
        setattr(self._owner(name), name, value)

    def copy(self):
        return OneTissue(body=self.body.copy())

    @classmethod
    def from_state(cls, scenario, state):
        return cls(body=Body.from_state(scenario, state, scenario.catalogue.cells))

    def run(self, *names):
        """Some processes of the step by name, in this order."""
        known = {process.name: process for process in STEP}
        for name in names:
            self.body.run(known[name])

    @property
    def inputs_now(self):
        """What its processes go by now."""
        return self.body.passed[self.body.tissue.name].inputs


def scenario(base="minimal", sites=None, start=None, add=None, **parts):
    """The packaged scenario with `start` merged and other parts replaced; `sites` sets a square box."""
    content = load(base).content()
    content.pop("catalogue", None)
    if sites is not None:
        content["tissue"] = {"size": [f"{sites * 15} µm"] * 2, "spacing": "15 µm"}
        content["start"]["tumor"] = []
    content["start"] |= start or {}
    if add:
        content["add"] = add
    content |= parts
    return read_text(yaml.safe_dump(content, allow_unicode=True))


def tissue(base="minimal", seed=1, threads=1, **parts):
    return OneTissue(scenario(base, **parts), seed=seed, threads=threads)


def mirrored(tissue):
    """A tissue whose walls nobody crosses, neither out nor in."""
    site = tissue.body.tissue
    site.surroundings = replace(site.surroundings, walls="mirrored")
    return tissue


def tumor(**behaviors):
    """A tumor cell type that does nothing but the given behaviors (`a__b` stands for a.b)."""
    return {
        "label": "tumor cell", "agent": "TumorCell", "layer": "tissue", "color": "#E69F00", "malignant": True,
        "behaviors": {name.replace("__", "."): value for name, value in behaviors.items()},
        "events": [{"behavior": "division", "does": "divide"}, {"behavior": "apoptosis", "does": "die"}],
    }  # fmt: skip


def bare(cells, sites=64, start=None, seed=1, threads=1, fields=None, rules=None, states=None, **parts):
    """A tissue of the given cell types, fields, rules and states alone."""
    entries = {"cells": cells, "fields": fields or {}, "rules": rules or {}, "states": states or {}}
    return OneTissue(bare_scenario(entries, sites, start or {}, **parts), seed=seed, threads=threads)


def count(tissue, cell):
    return int((tissue.cells.type[: tissue.cells.n] == tissue.biology.code(cell)).sum())


def rows_of(tissue, cell):
    return np.flatnonzero(tissue.cells.type[: tissue.cells.n] == tissue.biology.code(cell))


def shuffle_rows(tissue, seed):
    """Deal all rows anew, the dead among them; nothing that a cell is or does may change by that."""
    rng = np.random.default_rng(seed)
    n = tissue.cells.n
    order = rng.permutation(n)
    for column in tissue.cells.columns:
        column[:n] = column[order]
    new_row = np.empty(n, np.int32)
    new_row[order] = np.arange(n)
    for layer in tissue.layers:
        held = layer >= 0
        layer[held] = new_row[layer[held]]


def check_layers(tissue):
    """Each living cell stands at its own site of its own layer, and nobody else does."""
    cells, seen = tissue.cells, 0
    kinds = tissue.biology.rules.kinds["layer"][:-1]
    for code, layer in enumerate(tissue.layers):
        assert (layer[:PAD] == WALL).all() and (layer[:, :PAD] == WALL).all()
        y, x = np.nonzero(layer >= 0)
        rows = layer[y, x]
        assert np.unique(rows).size == rows.size
        assert (cells.y[rows] == y - PAD).all() and (cells.x[rows] == x - PAD).all()
        assert (kinds[cells.type[rows]] == code).all()
        assert set(np.unique(layer[layer > COVERED])) - set(rows.tolist()) <= {EMPTY, WALL}
        seen += rows.size
    living = np.flatnonzero(cells.type[: cells.n] != DEAD)
    assert seen == living.size
    check_bodies(tissue, living)
    assert np.unique(cells.id[living]).size == living.size and (cells.id[living] != 0).all()


def check_bodies(tissue, living):
    """Each covered site leads to a living static cell that reaches as far as it says; the map of bodies agrees."""
    cells, layer = tissue.cells, tissue.layers.tissue
    y, x = np.nonzero(layer <= COVERED)
    ways = COVERED - layer[y, x]
    dy, dx = (ways >> 4) - 8, (ways & 15) - 8
    owner = layer[y + dy, x + dx]
    assert (owner >= 0).all() and tissue.biology.rules.kinds["static"][cells.type[owner]].all()
    reach = np.zeros(cells.n, int)
    np.maximum.at(reach, owner, np.maximum(abs(dy), abs(dx)))
    assert (cells.extent[living] == reach[living]).all()
    assert np.count_nonzero(tissue.bodies) == y.size + np.count_nonzero(cells.extent[living])
