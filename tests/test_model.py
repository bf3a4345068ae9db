"""TumorModel: options, time, bits, batch runs, copies and memory, on whichever Mesa is installed."""

import copy
import gc
import pickle
import warnings
import weakref

import mesa
import numpy as np
import pytest
from tissues import OneTissue

import tmesim
from tmesim.agents import TumorCell
from tmesim.model import TumorModel
from tmesim.reading import InputError
from tmesim.scenario import load, replicate_seed

DIVISION = "cells.tumor.behaviors.division"


class Watcher(TumorCell):
    """Reads its surroundings, changes nothing, and remembers."""

    columns = {"seen": 0.0}

    def step(self):
        self.seen += self.local("oxygen") * self.draw() + len(self.neighbors())


class Thermostat(TumorModel):
    """A model of somebody's own, with a parameter, classes and a step."""

    agent_classes = (Watcher,)

    def __init__(self, level=0.5, **options):
        super().__init__(**options)
        self.level = level
        self.warm_hours = 0

    def step(self):
        super().step()
        self.warm_hours += 1


def hash_after(model, steps):
    for _ in range(steps):
        model.step()
    return model.body.hash()


# Options


def test_a_model_is_a_mesa_model_of_a_scenario():
    model = tmesim.TumorModel(tmesim.load("minimal"), seed=1)
    assert isinstance(model, mesa.Model) and model.running
    assert model.body.scenario == load("minimal") and model.arm == "untreated"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TumorModel("minimal", seed=1).step()


def test_a_model_says_which_seed_it_used():
    scenario = load("minimal")
    silent, spoken = TumorModel(scenario), TumorModel(scenario, rng=9, replicate=2)
    assert (silent.seed, silent.replicate) == (scenario.seed, 0) and (spoken.seed, spoken.replicate) == (9, 2)
    assert spoken.tissue.seed == replicate_seed(9, 2)
    twin = copy.deepcopy(spoken)
    assert (twin.seed, twin.replicate) == (9, 2)
    again = TumorModel(scenario, seed=silent.seed, replicate=silent.replicate)
    assert again.body.hash() == silent.body.hash()


def test_a_seed_and_a_replicate_give_the_history_of_a_run():
    scenario = load("minimal")
    tissue = OneTissue(scenario, seed=replicate_seed(5, 3), replicate=3)
    for _ in range(3):
        tissue.step()
    assert hash_after(TumorModel(scenario, seed=5, replicate=3), 3) == tissue.hash()
    default = TumorModel(scenario).body.hash()
    assert TumorModel(scenario, seed=scenario.seed, replicate=0).body.hash() == default
    assert TumorModel(scenario, rng=2).body.hash() == TumorModel(scenario, seed=2).body.hash() != default
    with pytest.raises(TypeError, match="seed"):
        TumorModel(scenario, seed="seven")


def test_settings_by_path_and_by_keyword_are_the_same():
    bodies = [
        TumorModel("minimal", set={DIVISION: "0.05 1/h", "start.ecm": 0.4}).body,
        TumorModel("minimal", cells__tumor__behaviors__division=0.05, start__ecm=0.4).body,
        TumorModel("minimal", set={DIVISION: np.float64(0.05)}, start__ecm=0.4).body,
    ]
    for body in bodies:
        assert body.scenario.catalogue.number(DIVISION).at("mouse") == 0.05
        assert body.scenario.start.ecm == 0.4
    assert len({body.hash() for body in bodies}) == 1
    assert TumorModel("minimal", days=1).body.scenario.time.days == 1


def test_wrong_options_name_the_choices():
    for wrong, error, message in (
        ({"cells__tumor__behaviors__divsion": 0.1}, InputError, "division"),
        ({"dayz": 3}, InputError, "dayz: unknown key"),
        ({"arm": "placebo"}, LookupError, "untreated"),
        ({"scenario": "minimum"}, InputError, "minimal"),
        ({"observables": ["tumour_burden"]}, ValueError, "tumor_burden"),
        ({"observables": "kills", "datacollector": mesa.DataCollector()}, TypeError, "either"),
    ):
        with pytest.raises(error, match=message):
            TumorModel(**{"scenario": "minimal"} | wrong)


def test_an_arm_is_followed_and_can_be_changed():
    small = {"tissue.size": ["600 µm", "600 µm"], "start.tumor": {"radius": "150 µm"}}
    model = TumorModel("treg_depletion", arm="treg_depletion", set=small)
    assert model.arm == "treg_depletion"
    model.treat(model.body.scenario.reference)
    assert model.arm == model.body.scenario.reference


# Time


def test_steps_hours_and_the_end_of_the_scenario():
    model = TumorModel("minimal", days=0.5)
    model.step()
    assert (model.steps, model.hour, model.running) == (1, 1.0, True)
    assert model.run(days=0.25) is model and model.hour == 7.0 and model.day == 7 / 24
    model.run_model()
    assert (model.hour, model.steps, model.running) == (12.0, 12, False)
    model.step()
    assert model.hour == 13.0


def test_a_subclass_adds_its_own_step_and_classes():
    model = Thermostat(level=0.1, scenario="minimal", days=1)
    model.run(days=0.25)
    assert (model.warm_hours, model.steps) == (6, 6)
    assert min(model.agents_by_type[Watcher].get("seen")) > 0


# Bits


def test_looking_changes_no_bit():
    plain = hash_after(TumorModel("minimal", seed=3), 30)
    looked = TumorModel("minimal", seed=3)
    held = list(looked.agents)
    for _ in range(30):
        looked.step()
        looked.agents.shuffle_do("draw")
        looked.agents.select(lambda cell: cell.age > 3).sort("age").get(["pos", "cell_type"])
        looked.agents.groupby("cell_type").count()
        looked.body.hash()
        held += [cell for cell in looked.agents if cell.age == 0]
        looked.random.random()
    assert looked.body.hash() == plain
    stepped = TumorModel("minimal", seed=3, agent_classes=[Watcher], observables=["tumor_burden", "growth_rate"])
    assert hash_after(stepped, 30) == plain


def test_a_seed_gives_the_same_python_steps_whoever_looks():
    seen = []
    for looks in (False, True):
        model = TumorModel("minimal", agent_classes=Watcher)
        for _ in range(12):
            model.step()
            if looks:
                list(model.agents)
                model.body.hash()
        seen.append(dict(model.agents_by_type[Watcher].get(["unique_id", "seen"])))
    assert seen[0] == seen[1]


# Collecting


def test_observables_are_taken_down_after_each_step():
    model = TumorModel("minimal", observables=["tumor_burden", "n_ctl", "oxygen_in_tumor"])
    burden = []
    for _ in range(4):
        model.step()
        burden.append(len(model.agents_by_type[TumorCell]))
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame.columns.tolist() == ["hour", "tumor_burden", "n_ctl", "oxygen_in_tumor"]
    assert frame["hour"].tolist() == [1, 2, 3, 4] and frame["tumor_burden"].tolist() == burden
    assert frame["oxygen_in_tumor"].between(5, 60).all()


def test_rates_of_change_look_back_to_the_start():
    model = TumorModel("minimal", observables="growth_rate")
    start = len(model.agents_by_type[TumorCell])
    model.run(days=0.5)
    expected = np.log(len(model.agents_by_type[TumorCell]) / start) / 0.5
    assert model.datacollector.model_vars["growth_rate"][-1] == pytest.approx(expected, rel=1e-12)


def test_a_datacollector_of_ones_own_is_collected_each_step():
    collector = mesa.DataCollector(model_reporters={"living": lambda m: len(m.agents)}, agent_reporters={"x": "x"})
    model = TumorModel("minimal", datacollector=collector)
    model.run(days=0.125)
    assert len(collector.model_vars["living"]) == 3
    assert len(collector.get_agent_vars_dataframe()) == sum(collector.model_vars["living"])
    assert TumorModel("minimal").datacollector.model_vars == {}


# Batch runs


def batch(parameters, replicates, cls=TumorModel):
    """`mesa.batch_run` as each version wants it."""
    older = mesa.__version__.startswith("3.3")
    options = {"iterations": replicates} if older else {"rng": [None] * replicates}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm and Mesa about themselves
        return mesa.batch_run(cls, parameters, display_progress=False, **options)


def test_batch_run_varies_settings_and_replicates():
    parameters = {"scenario": "minimal", "days": 0.25, "cells__tumor__behaviors__division": [0.0, 0.1]}
    results = batch(parameters, 2)
    assert len(results) == 4
    burden = {(row["iteration"], row["cells__tumor__behaviors__division"]): row["tumor_burden"] for row in results}
    assert burden[0, 0.1] > burden[0, 0.0] and burden[1, 0.1] > burden[1, 0.0]
    assert burden[0, 0.1] != burden[1, 0.1], "replicates differ"
    for (iteration, division), tumor in burden.items():
        again = TumorModel("minimal", replicate=iteration, days=0.25, cells__tumor__behaviors__division=division)
        assert len(again.run().agents_by_type[TumorCell]) == tumor
    assert {row["hour"] for row in results} == {6.0}


def test_batch_run_takes_seeds_and_observables():
    parameters = {"scenario": "minimal", "days": 0.125, "observables": [["n_ctl", "n_m1"]]}
    if mesa.__version__.startswith("3.3"):
        results = mesa.batch_run(TumorModel, parameters | {"seed": [4, 5]}, display_progress=False)
    else:
        results = mesa.batch_run(TumorModel, parameters, rng=[4, 5], display_progress=False)
    assert [row["seed"] for row in results] == [4, 5]
    for row in results:
        model = TumorModel("minimal", seed=row["seed"], days=0.125, observables=["n_ctl", "n_m1"]).run()
        last = {name: values[-1] for name, values in model.datacollector.model_vars.items()}
        assert {name: row[name] for name in last} == last


def test_batch_run_takes_subclasses():
    results = batch({"level": [0.1], "scenario": "minimal", "days": 0.125}, 2, Thermostat)
    assert len(results) == 2 and results[0]["tumor_burden"] > 0


# Copies, pickles and memory


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_goes_on_as_the_model_itself(again):
    model = Thermostat(level=0.1, scenario="minimal", days=2, observables=["tumor_burden", "growth_rate"])
    model.run(days=0.5)
    model.agents[0].note = "x"
    model.random.random()
    next(iter(model.agents_by_type[Watcher])).draw()
    twin = again(model)
    assert type(twin) is Thermostat and twin.tissue is not model.tissue
    assert (twin.level, twin.warm_hours, twin.steps, twin.hour) == (0.1, 12, 12, 12.0)
    assert twin.body.hash() == model.body.hash() and twin.agents[0].note == "x"
    assert twin.random.random() == model.random.random() and twin.rng.random() == model.rng.random()
    assert [a.draw() for a in twin.agents] == [a.draw() for a in model.agents], "also the second draw of an hour"
    for one in (model, twin):
        one.step()
        assert (one.steps, one.hour, getattr(one, "time", 13.0)) == (13, 13.0, 13.0)
        one.run(days=11 / 24)
    assert twin.steps == model.steps == 24 and twin.warm_hours == model.warm_hours == 24
    assert twin.body.hash() == model.body.hash()
    columns = ["unique_id", "seen", "emt"]
    assert twin.agents_by_type[Watcher].get(columns) == model.agents_by_type[Watcher].get(columns)
    frames = [one.datacollector.get_model_vars_dataframe() for one in (model, twin)]
    assert len(frames[0]) == 24 and frames[0].equals(frames[1])
    twin.run_model()
    assert twin.hour == 48.0 and not twin.running and model.hour == 24.0


def test_a_changed_copy_leaves_the_model_alone():
    model = TumorModel("minimal")
    before = model.body.hash()
    twin = copy.deepcopy(model)
    twin.agents_by_type[TumorCell].do("die")
    twin.step()
    assert model.body.hash() == before and model.steps == 0


def test_a_model_is_freed_when_it_is_dropped():
    for close in (False, True):
        model = TumorModel("minimal", agent_classes=[Watcher], observables="tumor_burden")
        held = list(model.agents)
        model.step()
        with pytest.raises(TypeError):
            mesa.Agent(model)
        if close:
            model.close()
            assert not model.running
        gone = [weakref.ref(model), weakref.ref(model.tissue), weakref.ref(held[0])]
        del model, held
        gc.collect()
        assert [ref() for ref in gone] == [None] * 3


def test_all_agents_can_be_removed():
    model = TumorModel("minimal")
    model.remove_all_agents()
    assert len(model.agents) == 0
    with pytest.raises(AttributeError):
        model.agents = []
