"""Agents: handles on cells, and everything Mesa offers for a set of agents, on whichever Mesa is installed."""

import copy
import pickle
import statistics
import subprocess
import sys

import mesa
import numpy as np
import pytest

from tmesim import agents
from tmesim.agents import Cell, CytotoxicTCell, DeadCell, EndothelialCell, Fibroblast, M1Macrophage, TumorCell
from tmesim.agents.cellset import CellSet
from tmesim.agents.mesa import AgentSet
from tmesim.catalogue import load_catalogue
from tmesim.kernels.arrays import DEAD
from tmesim.model import TumorModel

LIVELY = {
    "cells__tumor__behaviors__division": 0.1,
    "cells__tumor__behaviors__apoptosis": 0.05,
    "cells__m1__behaviors__become__m2": 0.04,
    "start__densities__m1": "300 /mm²",
}


class Rememberer(TumorCell):
    """A tumor cell that counts the hours, and the draws below a half."""

    columns = {"hours": 0, "luck": 0.0, "mood": "calm"}

    def step(self):
        self.hours += 1
        self.luck += self.draw()


class NaturalKiller(Cell):
    """A type that no catalogue knows."""

    cell_type = "killer"
    layer = "leukocyte"
    color = "#0072B2"
    behaviors = {"speed": "0.1 µm/min", "persistence": "5 min", "apoptosis": "0.001 1/h"}
    events = ({"behavior": "apoptosis", "does": "die"},)

    def step(self):
        prey = self.neighbors(cell_type="tumor")
        if prey:
            prey[0].die()


class Duelist(TumorCell):
    """Kills its neighbors, and so the steps that they would have had."""

    def step(self):
        for other in self.neighbors(cell_type="tumor"):
            other.die()


class Converter(Fibroblast):
    """Becomes a CAF on its first step, in Python."""

    def step(self):
        self.become("caf")


@pytest.fixture(scope="module")
def still():
    """A model that no test changes."""
    return TumorModel("minimal").run(days=0.25)


@pytest.fixture
def model():
    return TumorModel("minimal")


def first(model, cls):
    return next(iter(model.agents_by_type[cls]))


def row_of(model, cell):
    cells = model.tissue.cells
    (row,) = np.flatnonzero((cells.id[: cells.n] == cell.unique_id) & (cells.type[: cells.n] != DEAD))
    return row


# Classes and the catalogue


def test_every_cell_type_of_the_catalogue_has_its_class_with_its_states():
    for name, entry in load_catalogue().cells.items():
        cls = getattr(agents, entry.agent)
        assert issubclass(cls, Cell) and issubclass(cls, mesa.Agent)
        assert cls.cell_type == name
        shown = {
            state for base in cls.__mro__ for state, value in vars(base).items() if isinstance(value, agents.State)
        }
        assert shown == set(entry.states)


def test_a_class_is_documented_by_the_label_and_the_states_of_the_catalogue():
    catalogue = load_catalogue()
    for entry in catalogue.cells.values():
        cls = getattr(agents, entry.agent)
        assert cls.__doc__[1:].startswith(f"{entry.label[1:]}: ")
        for state in entry.states:
            assert f"{state} : {catalogue.states[state].label}: {catalogue.states[state].meaning}" in cls.__doc__
            assert catalogue.states[state].meaning in getattr(cls, state).__doc__


def test_classes_are_found_listed_and_pickled_by_the_name_in_the_catalogue():
    named = [entry.agent for entry in load_catalogue().cells.values()]
    everything: dict = {}
    exec("from tmesim.agents import *", everything)
    assert set(named) <= set(dir(agents)) and set(named) | {"Cell", "CellSet", "DeadCell"} <= set(everything)
    for name in named:
        cls = getattr(agents, name)
        assert getattr(agents, name) is cls is everything[name]
        assert pickle.loads(pickle.dumps(cls)) is cls
        assert f"{cls.__module__}.{cls.__qualname__}" == f"tmesim.agents.{name}"
    with pytest.raises(AttributeError, match="no attribute 'TumourCell'"):
        _ = agents.TumourCell


def test_importing_the_agents_does_not_read_the_catalogue():
    code = "import tmesim.agents, tmesim.catalogue; print(tmesim.catalogue.load_catalogue.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


def test_a_type_that_a_scenario_adds_gets_a_class(tmp_path):
    path = tmp_path / "added.yaml"
    path.write_text(
        """
name: added
question: Is there a class?
extends: minimal
add:
  cells:
    stray: {label: stray cell, agent: StrayCell, layer: tissue, color: "#000000", states: [pdl1],
            starts: {pdl1: {value: 0.25}}}
start: {densities: {stray: 400 /mm²}}
""",
        encoding="utf-8",
    )
    model = TumorModel(path)
    (cls,) = [cls for cls in model.agent_types if cls.cell_type == "stray"]
    assert cls.__name__ == "StrayCell"
    strays = model.agents_by_type[cls]
    assert len(strays) > 50 and set(strays.get("pdl1")) == {0.25}


# One handle


def test_attributes_are_what_the_arrays_hold(still):
    cells, tissue = still.tissue.cells, still.tissue
    for cell in still.agents:
        row = row_of(still, cell)
        assert cell.unique_id == int(cells.id[row])
        assert cell.cell_type == tissue.biology.types[cells.type[row]] == type(cell).cell_type
        assert cell.site == (cells.y[row], cells.x[row])
        assert cell.pos == ((cells.x[row] + 0.5) * tissue.spacing, (cells.y[row] + 0.5) * tissue.spacing)
        assert cell.pos == (cell.x, cell.y)
        assert cell.age == pytest.approx(tissue.hour - float(cells.born[row]), abs=1e-4)
        assert (cell.mother_id, cell.clone, cell.antigens) == (cells.mother[row], cells.clone[row], cells.antigens[row])
        assert cell.local("oxygen") == tissue.fields["oxygen"][cell.site]
        assert cell.local("ecm") == tissue.matrix["ecm"][cell.site]
        for state in tissue.catalogue.cells[cell.cell_type].states:
            assert getattr(cell, state) == cells.state[tissue.biology.states.index(state), row]
        for name in tissue.catalogue.cells[cell.cell_type].behaviors:
            assert cell.behavior(name) == cells.value[row, tissue.biology.slot(cell.cell_type, name)]


def test_numbers_are_plain_python(still):
    cell = first(still, TumorCell)
    assert [type(value) for value in (cell.unique_id, cell.mother_id, cell.clone, *cell.site)] == [int] * 5
    assert [type(value) for value in (*cell.pos, cell.x, cell.age, cell.born, cell.emt)] == [float] * 6
    assert [type(value) for value in (cell.behavior("division"), cell.local("oxygen"), cell.draw())] == [float] * 3
    for name in ("unique_id", "clone", "emt", "age", "x"):
        assert {type(value) for value in still.agents_by_type[TumorCell].get(name)} <= {int, float}


def test_writing_reaches_the_arrays_and_the_next_step(model):
    cell = first(model, TumorCell)
    cell.emt = 0.75
    row = row_of(model, cell)
    assert model.tissue.cells.state[model.tissue.biology.states.index("emt"), row] == 0.75
    model.step()
    assert 0.7 < cell.emt < 0.75


def test_what_cannot_be_is_refused(model):
    cell = first(model, TumorCell)
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            cell.emt = value
    with pytest.raises(ValueError, match="whole number from 0 to"):
        cell.clone = 99
    with pytest.raises(AttributeError):
        cell.unique_id = 5
    with pytest.raises(AttributeError, match="cannot be changed"):
        cell.mother_id = 5
    with pytest.raises(KeyError, match=r"no field 'oxigen'.*oxygen"):
        cell.local("oxigen")
    with pytest.raises(KeyError, match="no behavior 'division'"):
        first(model, EndothelialCell).behavior("division")
    with pytest.raises(AttributeError):
        _ = first(model, Fibroblast).emt


def test_a_cell_moves_to_a_free_site_only(model):
    cell = first(model, TumorCell)
    taken = next(other for other in model.agents_by_type[TumorCell] if other is not cell)
    with pytest.raises(ValueError, match="taken"):
        cell.site = taken.site
    with pytest.raises(ValueError, match="outside"):
        cell.pos = (-1.0, 5.0)
    free = next(zip(*np.nonzero(model.tissue.layers.tissue[8:-8, 8:-8] == -1), strict=True))
    cell.pos = (free[1] * 15 + 1.0, free[0] * 15 + 14.0)
    assert cell.site == free
    assert model.tissue.layers.tissue[free[0] + 8, free[1] + 8] == row_of(model, cell)
    with pytest.raises(ValueError, match="vessel"):
        first(model, EndothelialCell).site = free


def test_a_handle_stays_the_same_object_while_its_cell_lives():
    model = TumorModel("minimal", days=4, **LIVELY)
    held = {cell.unique_id: cell for cell in model.agents}
    for _ in range(50):
        model.step()
        now = {cell.unique_id: cell for cell in model.agents}
        for identity, cell in held.items():
            assert cell.alive == (identity in now)
            assert cell is now.get(identity, cell)
        held |= now
    dead = [cell for cell in held.values() if not cell.alive]
    assert len(dead) > 50 and model.tissue.counters["births"] > 50
    assert len(model._roster.handles) == len(now), "handles of the dead are let go"


def test_handles_are_found_again_after_rows_have_moved(model):
    held = list(model.agents)
    sites = {cell.unique_id: cell.site for cell in held}
    cells = model.tissue.cells
    # A row that is free still bears the id of a cell that lives elsewhere.
    cells.make_room(3)
    for row in range(cells.n, cells.n + 3):
        cells.columns.core[row] = cells.columns.core[0]
    cells.n += 3
    n, order = cells.n, np.random.default_rng(1).permutation(cells.n)
    for column in cells.columns:
        column[:n] = column[order]
    for layer in model.tissue.layers:
        inner = layer[8:-8, 8:-8]
        inner[inner >= 0] = np.argsort(order)[inner[inner >= 0]]
    assert {cell.unique_id: cell.site for cell in held} == sites


def test_a_dead_cell_says_so(model):
    cell = first(model, TumorCell)
    identity, count = cell.unique_id, len(model.agents)
    debris = model.tissue.matrix["debris"][cell.site]
    site = cell.site
    cell.remove()
    assert not cell.alive and cell.unique_id == identity and "dead" in repr(cell)
    assert len(model.agents) == count - 1 and cell not in model.agents
    assert model.tissue.matrix["debris"][site] == debris + 1
    for look in ("emt", "pos", "site", "age", "cell_type", "clone"):
        with pytest.raises(DeadCell, match=f"TumorCell {identity} does not live"):
            getattr(cell, look)
    for act in (cell.remove, cell.neighbors, cell.draw, cell.divide, lambda: cell.become("necrotic")):
        with pytest.raises(DeadCell):
            act()
    with pytest.raises(DeadCell):
        cell.emt = 0.5
    with pytest.raises(LookupError):
        model.cell(identity)


def test_the_class_follows_the_type():
    model = TumorModel("minimal", days=4, **LIVELY)
    held = list(model.agents_by_type[M1Macrophage])
    for _ in range(20):
        model.step()
        for cell in (cell for cell in held if cell.alive):
            assert type(cell).cell_type == cell.cell_type
    assert any(type(cell) is agents.M2Macrophage for cell in held)


def test_a_change_of_type_in_python_keeps_the_layer(model):
    cell = first(model, Fibroblast)
    with pytest.raises(ValueError, match="same layer"):
        cell.become("ctl")
    with pytest.raises(ValueError, match="no cell type 'cat'"):
        cell.cell_type = "cat"
    changes = model.tissue.counters["changes"]
    cell.cell_type = "caf"
    assert type(cell) is agents.CancerAssociatedFibroblast and cell in model.agents_by_type[type(cell)]
    assert model.tissue.counters["changes"] == changes + 1
    model.step()
    assert cell.behavior("deposition.ecm") > 0


def test_a_division_in_python_is_one_of_the_engine(model):
    mother = first(model, TumorCell)
    mother.pdl1 = 0.5
    count, births = len(model.agents), model.tissue.counters["births"]
    daughter = mother.divide()
    assert type(daughter) is TumorCell and daughter is not mother
    assert (daughter.mother_id, daughter.pdl1, daughter.age) == (mother.unique_id, 0.5, 0.0)
    assert daughter.stemness != mother.stemness  # sisters differ in states with a spread
    assert mother.divisions == 1
    assert len(model.agents) == count + 1 and model.tissue.counters["births"] == births + 1
    assert max(abs(a - b) for a, b in zip(daughter.site, mother.site, strict=True)) == 1
    with pytest.raises(TypeError, match="do not divide"):
        first(model, EndothelialCell).divide()
    while daughter is not None:
        daughter = mother.divide()  # until the reach of pushing is full
    model.step()


def test_neighbors_are_those_of_a_search_over_all_cells(still):
    for radius in (None, 15.0, 40.0, 100.0):
        reach = 15.0 * 2**0.5 if radius is None else radius
        for cell in list(still.agents)[::40]:
            x, y = cell.pos
            apart = {other: np.hypot(other.pos[0] - x, other.pos[1] - y) for other in still.agents if other is not cell}
            found = cell.neighbors(radius)
            assert set(found) == {other for other, far in apart.items() if far <= reach + 1e-6}
            assert [apart[other] for other in found] == sorted(apart[other] for other in found)
            assert cell.neighbors(radius, "tumor") == [other for other in found if other.cell_type == "tumor"]


def test_the_death_of_a_vessel_leaves_no_gap_in_the_network():
    model = TumorModel("untreated", tissue__size=["600 µm", "600 µm"], start__tumor={"radius": "250 µm"})
    model.run(days=8)  # until sprouts have come
    links = model.tissue.vessels.links
    joined = [cell for cell in model.agents_by_type[EndothelialCell] if links[cell.site]]
    assert joined
    for cell in joined[:3]:
        site = cell.site
        cell.die()
        assert links[site] == 0 and not model.tissue.vessels.root[site]
    occupied = model.tissue.layers.vessel[8:-8, 8:-8] >= 0
    assert not links[~occupied].any()
    model.run(days=0.25)


# New cells


def test_constructing_an_agent_makes_a_cell(model):
    count = len(model.agents)
    cell = TumorCell(model, pos=(10.0, 20.0), emt=0.5, clone=1)
    assert cell.site == (1, 0) and (cell.emt, cell.clone, cell.age) == (0.5, 1, 0.0)
    assert len(model.agents) == count + 1 and cell in model.agents
    assert model.cell(cell.unique_id) is cell
    model.step()
    assert cell.alive and cell.behavior("division") > 0


def test_a_cell_that_cannot_be_made_leaves_nothing_behind(model):
    count = len(model.agents)
    taken = first(model, TumorCell).site
    for wrong, error, message in (
        (dict(site=taken), ValueError, "taken"),
        (dict(site=(-1, 0)), ValueError, "outside"),
        (dict(), TypeError, "needs either pos"),
        (dict(site=(0, 0), pos=(1, 1)), TypeError, "needs either pos"),
        (dict(site=(0, 0), emt=7), ValueError, "between 0 and 1"),
        (dict(site=(0, 0), wings=2), TypeError, "no attribute 'wings'"),
    ):
        with pytest.raises(error, match=message):
            TumorCell(model, **wrong)
        assert len(model.agents) == count
    with pytest.raises(TypeError, match="agent_classes"):
        Rememberer(model, site=(0, 0))
    with pytest.raises(TypeError, match="are cells"):
        mesa.Agent(model)


def test_create_agents_makes_many(model):
    made = TumorCell.create_agents(model, 3, site=[(0, 0), (0, 1), (0, 2)], emt=[0.1, 0.2, 0.3])
    assert [round(cell.emt, 3) for cell in made] == [0.1, 0.2, 0.3]
    assert all(cell in model.agents for cell in made)


# Sets


def test_the_agents_are_an_agentset_of_all_living_cells(still):
    every = still.agents
    cells = still.tissue.cells
    assert isinstance(every, AgentSet)
    assert len(every) == len(list(every)) == int((cells.type[: cells.n] != DEAD).sum())
    assert every is still.agents
    assert {cell.unique_id for cell in every} == set(cells.id[cells.rows].tolist())
    assert all(cell in every for cell in every)
    assert every.to_list()[0] is every[0] and every[:3] == list(every)[:3] and every[-1] is list(every)[-1]
    sites = [cell.site for cell in every]
    assert sites == sorted(sites), "in the order of their sites"
    assert every.count(every[5]) == 1 and every.index(every[5]) == 5
    assert "CellSet" in repr(every)


def test_agents_by_type_divides_them(still):
    parts = still.agents_by_type
    assert list(parts) == still.agent_types and set(parts) >= {TumorCell, M1Macrophage, EndothelialCell}
    assert sum(len(part) for part in parts.values()) == len(still.agents)
    for cls, part in parts.items():
        assert all(type(cell) is cls for cell in part)
        assert all((cell in part) == (type(cell) is cls) for cell in still.agents)
    assert len(parts[agents.NecroticCell]) == 0, "a class without cells is there too"
    assert len(parts[Cell]) == len(still.agents)
    with pytest.raises(KeyError, match="no class of this model"):
        parts[Rememberer]


def test_select(still):
    every = still.agents
    tumor = every.select(agent_type=TumorCell)
    assert list(tumor) == [cell for cell in every if isinstance(cell, TumorCell)]
    old = every.select(lambda cell: cell.age > 5)
    assert list(old) == [cell for cell in every if cell.age > 5]
    assert list(tumor.select(lambda cell: cell.emt > 0.05)) == [cell for cell in tumor if cell.emt > 0.05]
    assert list(every.select(at_most=5)) == list(every)[:5]
    assert len(tumor.select(at_most=0.5)) == len(tumor) // 2
    assert list(every.select(lambda cell: cell.cell_type == "tumor", at_most=4)) == list(tumor)[:4]
    assert list(every.select()) == list(every) and every.select() is not every
    some = tumor.copy()
    assert some.select(at_most=3, inplace=True) is some and len(some) == 3
    with pytest.raises(TypeError, match="take a copy"):
        every.select(at_most=3, inplace=True)


def test_get_and_agg_equal_what_the_handles_say(still):
    every, tumor = still.agents, still.agents_by_type[TumorCell]
    assert tumor.get("emt") == [cell.emt for cell in tumor]
    assert tumor.get(["emt", "pdl1", "pos"]) == [[cell.emt, cell.pdl1, cell.pos] for cell in tumor]
    for name in ("unique_id", "cell_type", "age", "x", "site", "clone", "mother_id", "model"):
        assert every.get(name) == [getattr(cell, name) for cell in every]
    assert tumor.agg("emt", np.mean) == np.mean([cell.emt for cell in tumor])
    assert tumor.agg("emt", [min, max]) == [min(tumor.get("emt")), max(tumor.get("emt"))]
    with pytest.raises(AttributeError, match="emt"):
        every.get("emt")
    with pytest.raises(ValueError, match="handle_missing"):
        every.get("emt", handle_missing="maybe")
    expected = [getattr(cell, "emt", -1.0) for cell in every]
    assert every.get("emt", handle_missing="default", default_value=-1.0) == expected
    expected = [[getattr(cell, name, None) for name in ("emt", "pdl1", "polarization")] for cell in every]
    assert every.get(["emt", "pdl1", "polarization"], handle_missing="default") == expected
    assert still.agents_by_type[agents.NecroticCell].get("age") == []


def test_set(model):
    tumor = model.agents_by_type[TumorCell]
    assert tumor.set("emt", 0.5) is tumor and set(tumor.get("emt")) == {0.5}
    with pytest.raises(ValueError, match="between 0 and 1"):
        tumor.set("emt", 2)
    model.agents.set("label_of_mine", "x")
    assert set(model.agents.get("label_of_mine")) == {"x"}
    with pytest.raises(AttributeError):
        model.agents.set("unique_id", 1)


def test_groupby(still):
    every = still.agents
    groups = every.groupby("cell_type")
    assert groups.count() == {name: n for name, n in groups.map(len).items()}
    assert groups.count()["tumor"] == len(still.agents_by_type[TumorCell])
    assert all(isinstance(group, CellSet) for _, group in groups)
    assert groups.agg("age", max) == {name: max(cell.age for cell in group) for name, group in groups}
    lists = every.groupby(lambda cell: cell.age > 3, result_type="list")
    assert all(isinstance(group, list) for _, group in lists) and sum(lists.count().values()) == len(every)


def test_sort_is_stable_and_descends_by_default(still):
    every = still.agents
    for ascending in (False, True):
        expected = sorted(every, key=lambda cell: cell.age, reverse=not ascending)
        assert list(every.sort("age", ascending=ascending)) == expected
        assert list(every.sort(lambda cell: cell.age, ascending=ascending)) == expected
    some = every.copy()
    assert some.sort("unique_id", ascending=True, inplace=True) is some
    assert some.get("unique_id") == sorted(every.get("unique_id"))


def test_do_and_map(model):
    every = model.agents
    assert every.map("local", "oxygen") == [cell.local("oxygen") for cell in every]
    assert every.map(lambda cell, more: cell.age + more, 1.0) == [cell.age + 1.0 for cell in every]
    tumor = model.agents_by_type[TumorCell]
    count = len(tumor)
    assert tumor.do("die") is tumor and len(tumor) == 0 and count > 0
    left = len(every)
    every.do(lambda cell: [other.die() for other in cell.neighbors()])  # the dead are not called any more
    assert 0 < len(every) < left
    for cell in every:
        cell.remove()
    assert len(every) == 0 and list(every) == []


def test_the_order_of_shuffle_do_is_chance_of_the_engine(model):
    def order(of):
        called = []
        of.agents.shuffle_do(lambda cell: called.append(cell.unique_id))
        return called

    once = order(model)
    assert sorted(once) == sorted(model.agents.get("unique_id")) and once != model.agents.get("unique_id")
    model.random.random()
    model.body.hash()  # puts the rows into another order
    assert order(model) == once == model.agents.shuffle().get("unique_id")
    model.agents.sort("age").shuffle_do("draw")
    part = model.agents_by_type[TumorCell].shuffle().get("unique_id")
    assert part == [identity for identity in once if identity in set(part)]
    model.step()
    assert [i for i in order(model) if i in set(once)] != [i for i in once if model._roster.handles.get(i)]


def test_selections_hold_their_cells_while_these_live(model):
    chosen = model.agents_by_type[TumorCell].select(at_most=10)
    ids = chosen.get("unique_id")
    chosen[0].die()
    model.step()
    assert chosen.get("unique_id") == [
        identity for identity in ids[1:] if identity in set(model.agents.get("unique_id"))
    ]
    other = first(model, Fibroblast)
    chosen.add(other)
    chosen.add(other)
    assert other in chosen and chosen[-1] is other
    chosen.remove(other)
    chosen.discard(other)
    assert other not in chosen
    with pytest.raises(KeyError):
        chosen.remove(other)
    with pytest.raises(TypeError, match="take a copy"):
        model.agents.add(other)
    twin = copy.copy(model.agents)
    model.agents_by_type[TumorCell].do("die")
    assert list(twin) == list(model.agents)


def test_set_algebra(still):
    tumor, every = still.agents_by_type[TumorCell], still.agents
    assert set(every - tumor) == {cell for cell in every if type(cell) is not TumorCell}
    assert set(tumor & every) == set(tumor) and set(tumor | every) == set(every)
    assert len(tumor & still.agents_by_type[Fibroblast]) == 0


# Collecting and keeping


def test_a_datacollector_collects_agents(model):
    collector = mesa.DataCollector(
        model_reporters={"living": lambda m: len(m.agents)},
        agent_reporters={"type": "cell_type", "age": lambda cell: cell.age},
        agenttype_reporters={TumorCell: {"emt": "emt"}, Cell: {"x": "x"}},
    )
    collector.collect(model)
    model.step()
    collector.collect(model)
    frame = collector.get_agent_vars_dataframe()
    last = frame.xs(frame.index.get_level_values(0).max(), level=0)
    assert list(last.index) == model.agents.get("unique_id")
    assert last["type"].tolist() == model.agents.get("cell_type")
    tumor = collector.get_agenttype_vars_dataframe(TumorCell)
    last = tumor.xs(tumor.index.get_level_values(0).max(), level=0)
    assert last["emt"].tolist() == model.agents_by_type[TumorCell].get("emt")
    assert collector.get_model_vars_dataframe()["living"].iloc[-1] == len(model.agents)


def test_handles_and_sets_go_through_a_pickle_with_their_model(model):
    cell, some = first(model, TumorCell), model.agents.select(agent_type=Fibroblast)
    cell.note = ["mine"]
    model.favorite, model.crowd = cell, some
    twin, again, others = pickle.loads(pickle.dumps((model, cell, some)))
    assert again.model is twin and again.unique_id == cell.unique_id and again is twin.cell(cell.unique_id)
    assert twin.favorite is again and type(again) is TumorCell and again.note == ["mine"]
    assert others.get("unique_id") == some.get("unique_id") == twin.crowd.get("unique_id")
    alone = pickle.loads(pickle.dumps(cell))
    assert alone.model is not model and alone.emt == cell.emt
    deep = copy.deepcopy(model)
    assert deep.favorite.model is deep and deep.favorite.note == ["mine"] and deep.favorite.note is not cell.note


# Cell types in Python


def test_columns_are_kept_by_cell_and_inherited():
    model = TumorModel("minimal", agent_classes=[Rememberer], days=4, **LIVELY)
    assert first(model, Rememberer).hours == 0
    cells = {}
    for step in range(24):
        cell = first(model, Rememberer)
        cell.mood = f"mood {step}"
        cells[cell.unique_id] = cell.mood
        model.step()
    alive = list(model.agents_by_type[Rememberer])
    assert all(type(cell) is Rememberer for cell in alive)
    assert {cell.hours for cell in alive} == {24}, "a daughter starts with what her mother had"
    born = [cell for cell in alive if cell.mother_id]
    assert born
    moods = {cell.unique_id: cell.mood for cell in alive}
    sisters = [cell for cell in born if cell.mother_id in moods and cell.age < 2]
    assert all(cell.mood in {moods[cell.mother_id], "calm"} or cell.mood.startswith("mood") for cell in sisters)
    assert any(cell.mood != "calm" for cell in born)
    assert model.agents_by_type[Rememberer].get("hours") == [24] * len(alive)
    living = set(model.agents.get("unique_id"))
    assert set(model._roster.memory["hours"]) <= living, "what the dead remembered is gone"


def test_what_is_inherited_is_the_mothers_value_at_birth():
    model = TumorModel("minimal", agent_classes=Rememberer)
    mother = first(model, Rememberer)
    mother.mood = "old"
    daughter = mother.divide()
    mother.mood = "new"
    assert (mother.mood, daughter.mood) == ("new", "old")
    tumor = model.agents_by_type[TumorCell]
    assert tumor.set("mood", "same").get("mood") == ["same"] * len(tumor)


def test_only_values_that_cannot_change_are_columns(model):
    with pytest.raises(TypeError, match="numbers, text or tuples"):
        type("Lister", (TumorCell,), {"columns": {"items": []}})
    with pytest.raises(TypeError, match="already"):
        type("Shadow", (TumorCell,), {"columns": {"emt": 0.0}})
    keeper = TumorModel("minimal", agent_classes=Rememberer)
    with pytest.raises(TypeError, match="mood: expected numbers, text or tuples"):
        first(keeper, Rememberer).mood = ["a", "list"]


def test_a_step_in_python_is_called_once_for_each_cell():
    model = TumorModel("minimal", agent_classes=[Rememberer], **LIVELY)
    for _ in range(3):
        before = {cell.unique_id: cell.hours for cell in model.agents_by_type[Rememberer]}
        model.step()
        for cell in model.agents_by_type[Rememberer]:
            assert cell.hours == before.get(cell.unique_id, before.get(cell.mother_id)) + 1


def test_a_new_type_in_python_lives_with_the_compiled_rules():
    model = TumorModel("minimal", agent_classes=[NaturalKiller])
    assert NaturalKiller.cell_type in model.tissue.biology.types
    assert model.tissue.catalogue.cells["killer"].layer == "leukocyte"
    center = model.tissue.shape[0] // 2
    killers = [NaturalKiller(model, site=(center + i, center)) for i in range(-3, 4, 2)]
    places = [cell.site for cell in killers]
    plain = TumorModel("minimal").run(days=0.5)
    model.run(days=0.5)
    assert model.tissue.counters["deaths.tumor"] > plain.tissue.counters["deaths.tumor"] + 20
    assert sum(cell.alive for cell in killers) >= 3
    assert any(cell.site != place for cell, place in zip(killers, places, strict=True) if cell.alive)
    with pytest.raises(ValueError, match="needs layer"):
        TumorModel("minimal", agent_classes=[type("Ghost", (Cell,), {"cell_type": "ghost"})])


def test_settings_reach_a_type_that_a_class_brings():
    density, apoptosis = {"start.densities.killer": "300 /mm²"}, {"cells.killer.behaviors.apoptosis": "0.2 1/h"}
    many = TumorModel("minimal", agent_classes=[NaturalKiller], set=density)
    few = TumorModel("minimal", agent_classes=[NaturalKiller], set=density | apoptosis)
    born = len(many.agents_by_type[NaturalKiller])
    assert 50 < born == len(few.agents_by_type[NaturalKiller])
    assert len(few.run(days=0.5).agents_by_type[NaturalKiller]) < born / 3


def test_the_dead_have_no_step():
    model = TumorModel("minimal", agent_classes=Duelist)
    model.step()
    left = model.agents_by_type[Duelist]
    assert 0 < len(left) < 60 and not any(cell.neighbors(cell_type="tumor") for cell in left)


def test_cells_that_change_in_their_step_change_class():
    model = TumorModel("minimal", agent_classes=[Converter])
    held = list(model.agents_by_type[Converter])
    model.step()
    assert len(model.agents_by_type[Converter]) == 0
    assert {type(cell) for cell in held if cell.alive} == {agents.CancerAssociatedFibroblast}


def test_classes_must_fit(model):
    slotted = type("Slotted", (TumorCell,), {"__slots__": ("speed",)})
    with pytest.raises(TypeError, match="__slots__"):
        TumorModel("minimal", agent_classes=[slotted])
    with pytest.raises(ValueError, match="both for the cell type 'tumor'"):
        TumorModel("minimal", agent_classes=[Rememberer, TumorCell])


def test_draws_depend_on_cell_hour_and_purpose_alone():
    drawn = {}
    for looks in (False, True):
        model = TumorModel("minimal")
        if looks:
            model.agents.shuffle_do("draw", "another purpose")
        model.step()
        cells = list(model.agents.sort("unique_id") if looks else model.agents)
        drawn[looks] = {cell.unique_id: (cell.draw(), cell.draw(), cell.draw("spite")) for cell in cells}
    assert drawn[False] == drawn[True]
    flat = [number for numbers in drawn[True].values() for number in numbers]
    assert len(set(flat)) == len(flat) and all(0 < number < 1 for number in flat)
    # The mean of n uniform numbers lies within four standard errors.
    assert abs(statistics.fmean(flat) - 0.5) < 4 / (12 * len(flat)) ** 0.5
    model.step()
    cell = next(iter(model.agents))
    assert cell.draw() not in drawn[True].get(cell.unique_id, ())
    assert TumorModel("minimal", seed=5).agents[0].draw() != TumorModel("minimal").agents[0].draw()


def test_other_cells_share_the_luck_of_python_steps():
    """A cell's own luck does not depend on who else is there."""
    luck = []
    for extra in (0, 3):
        model = TumorModel("minimal", agent_classes=Rememberer, **{"cells__tumor__behaviors__division": 0.0})
        for i in range(extra):
            Rememberer(model, site=(0, 2 * i))
        model.step()
        luck.append({cell.unique_id: cell.luck for cell in model.agents_by_type[Rememberer] if cell.site[0] > 5})
    common = luck[0].keys() & luck[1].keys()
    assert len(common) > 50 and all(luck[0][identity] == luck[1][identity] for identity in common)


def test_receptors_take_values_that_the_kernels_know(model):
    cell = first(model, CytotoxicTCell)
    cell.receptor = 31
    cell.receptor = 65535
    with pytest.raises(ValueError, match="from 0 to 31, or 65535"):
        cell.receptor = 32
