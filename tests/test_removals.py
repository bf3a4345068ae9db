"""Removals: whom a share takes, who is asked again, whom a sham takes instead, and what is told of mistakes."""

from itertools import pairwise

import numpy as np
import pytest
import yaml
from tissues import BUSY, OneTissue, check_layers, count, rows_of, scenario, shuffle_rows

from tmesim.catalogue import load_catalogue
from tmesim.kernels.chance import PRIMARY
from tmesim.reading import InputError
from tmesim.scenario import read_text
from tmesim.tissue.process import Local
from tmesim.tissue.processes.remove import Remove

CATALOGUE = load_catalogue()
CROWDED = BUSY | {"densities": BUSY["densities"] | {"treg": "500 /mm²"}}
SHAMS = CATALOGUE.therapies["treg_removal_sham"].instead
STEM = CATALOGUE.therapies["stem_like_removal"].marked.at_least.at("mouse")


def treated(use="treg_removal", start=CROWDED, seed=2, **course):
    """A tissue of an arm with a removal, at hour 0."""
    arms = {"plain": {}, "given": {"therapies": [{"use": use, "start": "2 h"} | course]}}
    return OneTissue(scenario("minimal", start=start, arms=arms, reference="plain"), seed=seed, arm="given")


def now(t, use, share, since=np.inf):
    """Give a tissue a dose outside of the step; the cells that it takes, as ids."""
    before = ids(t)
    passed = t.body.passed[PRIMARY]
    passed.local = (Local(use, share, since),)
    t.body.run(Remove)
    passed.local = ()
    return before - ids(t)


def ids(t, cell=None):
    rows = t.cells.rows if cell is None else rows_of(t, cell)
    return set(t.cells.id[rows].tolist())


def of_types(t, cells):
    return set().union(*(ids(t, cell) for cell in cells))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.95])
def test_a_share_is_taken_in_the_mean_and_nobody_else(share):
    """Of some hundred cells in each of six tissues, within four standard errors."""
    there = taken = 0
    for seed in range(6):
        t = treated(seed=seed)
        tregs = ids(t, "treg")
        gone = now(t, "treg_removal", share)
        assert gone <= tregs and t.counters["removed.treg"] == len(gone)
        check_layers(t)
        there, taken = there + len(tregs), taken + len(gone)
    assert taken / there == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / there)) and there > 300


def test_none_and_all_are_exact():
    t = treated()
    assert now(t, "treg_removal", 0.0) == set() and count(t, "treg") > 50
    tregs = ids(t, "treg")
    assert now(t, "treg_removal", 1.0) == tregs and count(t, "treg") == 0


def test_a_larger_share_takes_the_same_cells_and_more():
    taken = [now(treated(), "treg_removal", share) for share in (0.25, 0.5, 0.75, 0.95, 1.0)]
    for fewer, more in pairwise(taken):
        assert fewer < more


def test_each_cell_is_asked_once_in_its_life():
    """A spared cell stays spared; only those that came since are asked, and in the same share."""
    t = treated(dose="50 %", every="1 h", times=24)
    for _ in range(3):
        t.step()
    spared = {cell for cell in ids(t, "treg") if t.cells.born[t.row_of(cell)] < 2.0}
    taken = t.counters["removed.treg"]
    for _ in range(10):
        t.step()
        assert now(t, "treg_removal", 0.5).isdisjoint(spared)
    assert len(spared) > 20 and t.counters["removed.treg"] > taken


def test_whom_it_takes_hangs_on_no_row():
    one, other = treated(), treated()
    shuffle_rows(other, 3)
    for use in ("treg_removal", "treg_removal_sham"):
        assert now(one, use, 0.5) == now(other, use, 0.5)
    assert one.hash() == other.hash()


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_sham_takes_as_many_others_and_spares_those_that_are_meant(share):
    real, sham = treated(), treated("treg_removal_sham")
    others, tregs = of_types(sham, SHAMS), ids(sham, "treg")
    taken, instead = now(real, "treg_removal", share), now(sham, "treg_removal_sham", share)
    assert len(instead) == len(taken) > 10 and instead <= others and ids(sham, "treg") == tregs
    check_layers(sham)


def test_a_sham_counts_each_cell_once():
    """A second dose at once finds nobody new; one that looks back to the start finds all of them again."""
    t = treated("treg_removal_sham")
    first = now(t, "treg_removal_sham", 0.5)
    t.clock.step += 5
    assert now(t, "treg_removal_sham", 0.5, since=4.0) == set()
    assert len(now(t, "treg_removal_sham", 0.5, since=np.inf)) == len(first)


def test_a_sham_takes_all_where_there_are_too_few():
    t = treated("treg_removal_sham", BUSY | {"densities": {"treg": "600 /mm²", "ctl": "20 /mm²"}})
    assert 0 < count(t, "ctl") < count(t, "treg")
    now(t, "treg_removal_sham", 1.0)
    assert sum(count(t, cell) for cell in SHAMS) == 0 and count(t, "treg") > 0


def test_a_sham_draws_anew_at_each_dose():
    one, other = treated("treg_removal_sham"), treated("treg_removal_sham")
    other.clock.step += 1
    assert now(one, "treg_removal_sham", 0.5) != now(other, "treg_removal_sham", 0.5)


def test_marked_cells_are_taken_and_their_sham_spares_them():
    real, sham = treated("stem_like_removal"), treated("stem_like_removal_sham")
    rows = rows_of(real, "tumor")
    stemness = real.cells.columns.state[rows, real.biology.states.index("stemness")]
    stem = set(real.cells.id[rows[stemness >= STEM]].tolist())
    assert 5 < len(stem) < rows.size / 2
    assert now(real, "stem_like_removal", 1.0) == stem
    instead = now(sham, "stem_like_removal_sham", 1.0)
    assert len(instead) == len(stem) and instead.isdisjoint(stem) and instead <= ids(real, "tumor") | instead


def test_a_course_keeps_the_share_away_and_is_resumed_to_the_same_bits():
    t = treated(dose="100 %", every="1 h", times=40)
    for _ in range(10):
        t.step()
    came = t.counters["removed.treg"]
    twin = OneTissue.from_state(t.scenario, t.state())
    for _ in range(10):
        t.step(), twin.step()
    assert t.hash() == twin.hash() and t.counters["removed.treg"] == twin.counters["removed.treg"] > came
    assert (t.cells.born[rows_of(t, "treg")] >= t.hour - 1.0).all(), "all that is there came after the last dose"


def test_a_removal_of_none_changes_nothing():
    """The null course differs from no course by exactly zero."""
    given, plain = treated(dose="0 %", every="1 h", times=20), treated()
    plain.treat("plain")
    for _ in range(12):
        given.step(), plain.step()
    one, other = given.state(), plain.state()
    parts = [key for key in one if key.startswith(f"{PRIMARY}:") and ".names" not in key and ".values" not in key]
    assert len(parts) > 20 and all(np.array_equal(one[key], other[key]) for key in parts)


def test_the_ledger_books_what_was_taken():
    t = treated(dose="100 %", times=1)
    for _ in range(4):
        t.step()
    booked = sum(number for entry, number in t.table().items() if entry.cause == "removal" and entry.cell == "treg")
    assert booked == t.counters["removed.treg"] > 50


MINIMAL = yaml.safe_dump(scenario("minimal", arms={"plain": {}}, reference="plain").content(), allow_unicode=True)


@pytest.mark.parametrize(
    ("course", "told"),
    [
        ({"dose": "120 %"}, "dose: must not be above 1, got 120 %"),
        ({"dose": "-5 %"}, "dose: must not be below 0, got -5 %"),
        ({"dose": "3 mg/kg"}, "dose: expected "),
        ({"use": "treg_remval"}, "use: "),
    ],
)
def test_a_wrong_share_is_told_by_its_key(course, told):
    content = yaml.safe_load(MINIMAL)
    content.pop("catalogue", None)
    content["arms"] = {"plain": {}, "given": {"therapies": [{"use": "treg_removal", "start": "1 h"} | course]}}
    with pytest.raises(InputError) as caught:
        read_text(yaml.safe_dump(content, allow_unicode=True), "x.yaml")
    assert [p.path.startswith("arms.given.therapies[0]") for p in caught.value.problems] == [True]
    assert told.split(": ")[1] in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"in": []}, "in: "),
        ({"in": ["tregg"]}, "in[0]: there is no cell type 'tregg'. Did you mean 'treg'?"),
        ({"instead": ["treg"]}, "instead: 'treg' is meant to stay"),
        ({"marked": {"state": "stemness", "at_least": "0.5"}}, "in[0]: 'treg' has no state 'stemness'"),
        ({"in": ["tumor"], "marked": {"state": "stem", "at_least": "0.5"}}, "marked.state: there is no state 'stem'"),
        ({"in": ["tumor"], "marked": {"state": "stemness", "at_least": "2"}}, "marked.at_least: must not be above 1"),
        ({"dose": "2"}, "dose: must not be above 1, got 2"),
    ],
)
def test_a_wrong_entry_is_told_by_its_key(entry, told):
    course = {"every": "1 h", "times": 2}
    made = {"kind": "removal", "label": "x", "therapy_class": "y", "evidence": ["assumed: a test"], "dose": "0.5",
            "schedule": course, "in": ["treg"]} | entry  # fmt: skip
    content = yaml.safe_load(MINIMAL)
    content.pop("catalogue", None)
    content["add"] = {"therapies": {"mine": made}}
    with pytest.raises(InputError) as caught:
        read_text(yaml.safe_dump(content, allow_unicode=True), "x.yaml")
    assert any(f"add.therapies.mine.{told}" in str(problem) for problem in caught.value.problems), str(caught.value)


def test_a_share_reads_back_from_what_a_scenario_writes_and_is_told_in_percent():
    s = treated(dose="25 %").scenario
    again = read_text(yaml.safe_dump(s.content(), allow_unicode=True))
    assert again.arms["given"].therapies == s.arms["given"].therapies
    assert again.arms["given"].therapies[0].label == "treg_removal 25 %"
