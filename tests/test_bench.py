"""Bench: every case tells what it should and compares like with like. How long anything takes is not looked at."""

import json
from dataclasses import fields as settings
from dataclasses import replace

import numpy as np
import pytest

from tmesim import bench
from tmesim.bench.fields import DT, OXYGEN, SIGNALS, FieldsCase, Supply, error
from tmesim.bench.measuring import CELL_PHASES, WHOLE, Step, figures, ratios
from tmesim.body import STEP
from tmesim.tissue.fields import EDGES

KEYS = {
    "name", "cells", "sites", "fields", "threads", "cell_updates_per_s", "site_updates_per_s", "peak_rss_bytes",
    "phases",
}  # fmt: skip
OWN = {
    "act_two_threads": {"speedup_of_two_threads", "speedup_quartiles"},
    "fields_200": {"field_error"},
    "field_512": {"field_error"},
    "oxygen_512": {"field_error"},
    "mesa_nobody_looks": {"cost_over_tissue", "cost_quartiles"},
    "mesa_one_look": {"cost_over_tissue", "cost_quartiles"},
    "mesa_500_python_agents": {"cost_over_tissue", "cost_quartiles"},
}
CASES = {case.name: case for case in bench.CASES}


def small(case):
    """The same case in less than a second."""
    less = {"sites": 24, "warm": 1, "steps": 2} | ({"agents": 5} if getattr(case, "agents", 0) else {})
    return replace(case, **{one.name: less[one.name] for one in settings(case) if one.name in less})


THREADED = ("full_500_two_threads", "act_two_threads")  # their kernels take most of a minute to compile
COMPILED_ONCE = [pytest.mark.slow, pytest.mark.xdist_group("threads")]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=COMPILED_ONCE if name in THREADED else []) for name in CASES]
)
def test_every_case_has_the_keys_and_its_own(name):
    case = small(CASES[name])
    found = json.loads(json.dumps(bench.measure(case)))
    assert KEYS | OWN.get(name, set()) <= set(found)
    assert found["name"] == name and found["sites"] == 24**2 and found["fields"] > 0
    assert list(found["phases"]) == [process.name for process in STEP]
    assert all(seconds >= 0 for seconds in found["phases"].values())
    assert found["site_updates_per_s"] > 0 and found["peak_rss_bytes"] > 2**24 and found["ms_per_step"] > 0
    assert (found["cell_updates_per_s"] > 0) == (found["cells"] > 0) == (not isinstance(case, FieldsCase))
    assert found.get("same_state", True)
    assert name in bench.line(found) and "nan" not in bench.line(found)


def test_names_are_unique_and_phases_exist():
    assert len(CASES) == len(bench.CASES)
    assert set(CELL_PHASES) < {process.name for process in STEP}


def test_the_rate_of_sites_counts_every_field():
    found = bench.measure(FieldsCase("some", SIGNALS[:3], 24, 4))
    assert found["site_updates_per_s"] == pytest.approx(24**2 * 3 * 4 / found["phases"]["diffuse"])
    assert {phase for phase, seconds in found["phases"].items() if seconds} == {"diffuse"}


def test_only_who_looks_holds_handles():
    nobody, one = (bench.measure(small(CASES[name])) for name in ("mesa_nobody_looks", "mesa_one_look"))
    assert nobody["handles_held"] == 0
    assert one["handles_held"] > 0.9 * one["cells"]


def test_agents_in_python_do_step_and_leave_the_tissue_alone():
    case = small(CASES["mesa_500_python_agents"])
    model = case._model()
    alone = model.body.copy()
    for _ in range(3):
        model.step()
        alone.step()
    watchers = model.agents.select(lambda cell: cell.cell_type == "watcher")
    assert len(watchers) == case.agents
    assert sum(watchers.get("seen")) > 0
    assert model.body.hash() == alone.hash()


@pytest.mark.slow
@pytest.mark.xdist_group("threads")
def test_two_threads_against_one_are_told_for_each_part():
    found = bench.measure(small(CASES["act_two_threads"]))
    faster, quartiles = found["speedup_of_two_threads"], found["speedup_quartiles"]
    assert set(faster) == set(quartiles) == {"whole_step", "act", "cell_phases"}
    assert all(0 < quartiles[part][0] <= faster[part] <= quartiles[part][1] for part in faster)


def test_ratios_are_those_of_pairs_of_steps():
    one, other = ([Step({"act": a, "sense": 1.0}) for a in seconds] for seconds in ((9.0, 4.0, 8.0), (3.0, 2.0, 2.0)))
    assert ratios(one, other, ("act",)) == (3.0, 2.5, 3.5)
    assert ratios(one, other, ("act", "sense")) == pytest.approx((2.5, 25 / 12, 2.75))


# What is solved, and its error


def test_the_eight_fields_are_of_all_kinds():
    specs = CASES["fields_200"].specs
    assert len(specs) == 8 and {spec.edge for spec in specs} == set(EDGES)
    assert any(spec.half_max is not None for spec in specs) and any(spec.slow for spec in specs)
    assert CASES["fields_200"].share == CASES["field_512"].share == 0.05
    assert CASES["fields_200"].tol == CASES["field_512"].tol == 1e-4
    fields = Supply(specs, 24).fields
    assert all(np.unique(fields.loss[f]).size > 1 for f in range(8)) and np.unique(fields.vmax[0]).size > 1


def test_a_share_of_the_sources_changes_and_the_rest_stays():
    supply = Supply((OXYGEN, *SIGNALS), 60)
    before, sources, loss = supply.sources.copy(), supply.fields.source.copy(), supply.fields.loss.copy()
    supply.change(0.05)
    for f, (was, now) in enumerate(zip(before, supply.sources, strict=True)):
        number = round(0.05 * was.sum())
        assert number > 0 and (was & ~now).sum() == (~was & now).sum() == number
        assert ((supply.fields.source[f] > 0) == now).all()
        assert (supply.fields.source[f] == sources[f])[was == now].all()
        assert (supply.fields.loss[f] == loss[f])[was == now].all()
    again = Supply((OXYGEN, *SIGNALS), 60)
    again.change(0.05)
    assert (again.fields.source == supply.fields.source).all()


@pytest.mark.parametrize("specs", [(OXYGEN,), SIGNALS[1:2], SIGNALS[-1:]], ids=["oxygen", "linear", "slow"])
def test_the_error_is_the_distance_from_the_answer(specs):
    supply = Supply(specs, 40)
    supply.fields.solve(DT)
    supply.change(0.05)
    before = supply.fields.state()
    supply.fields.solve(DT, tol=1e-6)
    assert error(supply.fields, before) < 1e-5
    supply.fields.values[0, 7, 11] += 0.03 * supply.fields.values.max()
    assert error(supply.fields, before) == pytest.approx(0.03, rel=1e-3)


def test_a_lax_solve_has_a_larger_error():
    lax, strict = (bench.measure(FieldsCase("one", (OXYGEN,), 60, 2, tol=tol)) for tol in (3e-2, 1e-5))
    assert lax["field_error"] > 1e-3
    assert strict["field_error"] < 5e-5


# What is printed


@pytest.fixture
def two_small_cases(monkeypatch):
    monkeypatch.setattr(bench, "CASES", tuple(small(CASES[name]) for name in ("plain_200", "fields_200")))


def test_json_is_one_object_with_machine_and_cases(two_small_cases, capsys):
    bench.main(as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert [case["name"] for case in printed["cases"]] == ["plain_200", "fields_200"]
    assert printed["machine"]["cores"] >= 1
    assert all(KEYS <= set(case) for case in printed["cases"])


def test_text_is_a_line_a_case_of_those_that_are_named(two_small_cases, capsys):
    bench.main(names=("fields_200",))
    (line,) = capsys.readouterr().out.splitlines()
    assert "fields_200" in line and "ms a step for 8 fields" in line and "of the maximum" in line


def test_the_best_rate_is_that_of_the_fastest_round_of_steps():
    taken = [Step({WHOLE: 0.1 if 10 <= step < 26 else 0.4}, 100) for step in range(40)]
    found = figures("some", taken, sites=9, fields=1, threads=1, peak=1)
    assert found["best_cell_updates_per_s"] == pytest.approx(1000)
    assert found["cell_updates_per_s"] == pytest.approx(40 * 100 / (16 * 0.1 + 24 * 0.4))
