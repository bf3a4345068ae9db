"""How many replicates the packaged scenarios take: the table, its command, and what is told of it."""

import numpy as np
import pytest
import spreads as measuring
from toys import TEXT, Toy, run

from tmesim import spreads
from tmesim.catalogue import load_catalogue
from tmesim.cli.lists import scenarios
from tmesim.cli.pages import pages
from tmesim.scenario import load, named, read_text
from tmesim.spreads import UNKNOWN, Spreads
from tmesim.trial.identity import identity


def rows(name, values, endpoint="burden"):
    """values : arm → a value a replicate"""
    return [
        dict(zip(spreads.COLUMNS, (name, str(r), "abc", arm, endpoint, repr(float(value))), strict=True))
        for arm, mine in values.items() for r, value in enumerate(mine)
    ]  # fmt: skip


def test_what_was_measured_is_what_the_runs_come_to(tmp_path, monkeypatch):
    """A replicate of the command is a replicate of a run: the same plan comes of both."""
    toy = read_text(TEXT)
    plain = measuring.Case
    monkeypatch.setattr(measuring, "load", lambda name, days=None: toy)
    monkeypatch.setattr(measuring, "Case", lambda *arguments: plain(*arguments, Toy))
    table = Spreads([{k: str(v) for k, v in row.items()} for r in range(3) for row in measuring.work("toy", r)], "")
    result = run(toy, tmp_path / "run", replicates=3)
    for mine, theirs in zip(table.plans("toy", "untreated"), result.power().itertuples(), strict=True):
        assert (mine.endpoint, mine.arm, mine.n) == (theirs.endpoint, theirs.arm, 3)
        assert mine.spread == pytest.approx(theirs.spread, rel=1e-12, nan_ok=True)
    assert table.is_of(toy, identity(toy))
    assert not table.is_of(toy, identity(toy.with_options(set={"start.ecm": 0.3})))


def test_the_arm_that_needs_most_is_told_and_what_is_not_measured_too():
    b = np.array([90.0, 100, 110, 95])
    table = Spreads(rows("s", {"none": b, "good": 0.9 * b + [1, 0, -1, 0], "wild": b * [1, 0.6, 1.4, 0.8]}), "")
    good, wild = table.plans("s", "none")
    assert wild.width_best > good.width_best
    assert table.told("s", "none") == f"{wild.width_best:.0f} ({wild.width_low:.0f} to {wild.width_high:.0f})"
    assert table.told("s", "good") != table.told("s", "none"), "against another reference"
    assert Spreads(rows("s", {"none": b[:1]}), "").told("s") == UNKNOWN == table.told("t")


def test_the_table_of_the_package_is_dated_and_of_scenarios_that_there_are():
    table = measuring.table()
    day, catalogue, engine = table.head.split(", ")
    assert len(day) == 10 and catalogue.startswith("catalogue ") and engine.startswith("engine ")
    kept = spreads.spreads()
    assert kept.begun == day and {row["scenario"] for row in kept.rows} <= set(named())
    for name in {"treg_depletion", "untreated"}:
        plans = kept.plans(name, load(name).reference, load(name).endpoints)
        assert len(plans) == len(load(name).endpoints) * max(1, len(load(name).arms) - 1) and plans[0].n >= 4


def test_the_table_of_the_package_is_of_this_biology():
    """Where it is not, it is told; `python tests/spreads.py --anew` measures again."""
    if not measuring.table().is_current:
        pytest.skip(f"spreads.csv: stale ({measuring.table().head})")
    for name in {row["scenario"] for row in spreads.spreads().rows}:
        assert spreads.spreads().is_of(load(name), identity(load(name))), name


def test_scenarios_are_listed_and_explained_with_what_they_take():
    listed = {row["name"]: row["replicates"] for row in scenarios(load_catalogue())}
    assert set(listed) == set(named())
    assert listed["treg_depletion"].startswith("± 10 %: ") and "(" in listed["treg_depletion"]
    assert any(text.endswith(UNKNOWN) for text in listed.values())
    made = load("treg_depletion")
    told = spreads.page(made, identity(made))
    explained = {line for page in pages(load_catalogue(), "treg_depletion") for line in page}
    assert set(told) <= explained and len(told) == 1 + len(made.endpoints) * (len(made.arms) - 1)


def test_a_scenario_that_has_changed_since_says_so():
    made = load("treg_depletion")
    current = "before the scenario or the biology was changed"
    assert current in spreads.page(made, "another")[0]
    assert "not measured" in spreads.page(load("seed_and_soil"), "any")[0]
