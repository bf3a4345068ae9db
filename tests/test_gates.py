"""The gate commands: what they compute, by hand; that they go on where they were ended; and what their tables say."""

import math

import ablations
import box
import gates
import numpy as np
import pytest
import robust
import steady
from gates import Table, biology, fill
from tissues import OneTissue, scenario

from tmesim.scenario import load

COLUMNS = ("name", "seed", "value")


def square_of(name, seed):
    if name == "bad":
        raise ValueError("no")
    return {"name": name, "seed": seed, "value": seed**2}


def jobs(*seeds, name="a"):
    return {(name, seed): (name, seed) for seed in seeds}


@pytest.fixture
def table(tmp_path):
    made = Table(tmp_path / "kept" / "some.csv", COLUMNS, 2)
    made.begin()
    return made


# Tables that go on


def test_each_row_is_kept_as_it_is_finished_and_none_is_done_twice(table, capsys):
    fill(table, square_of, jobs(1, 2), workers=1)
    with pytest.raises(ValueError, match="no"):
        fill(table, square_of, jobs(1, 2, 3) | jobs(1, name="bad"), workers=1)
    assert [row["value"] for row in table.rows()] == ["1", "4", "9"]
    capsys.readouterr()
    fill(table, square_of, jobs(1, 2, 3), workers=1)
    assert capsys.readouterr().out == "3 of 3 are done\n"


def test_a_row_half_written_is_none_and_goes_when_the_command_goes_on(table):
    table.add([{"name": "a", "seed": 1, "value": "x, y"}])
    with open(table.path, "a") as file:
        file.write("a,2,1")
    assert [row["value"] for row in table.rows()] == ["x, y"]
    table.begin()
    fill(table, square_of, jobs(1, 2), workers=1)
    assert [row["value"] for row in table.rows()] == ["x, y", "4"]


def test_rows_of_another_biology_are_not_added_to(table, monkeypatch):
    assert table.is_current and biology() in table.head
    monkeypatch.setattr(gates, "biology", lambda: "another")
    assert not table.is_current
    with pytest.raises(SystemExit, match="--anew begins a new one"):
        table.begin()
    table.begin(anew=True)
    assert table.is_current and table.rows() == []


def test_names_that_there_are_not_are_refused():
    assert gates.chosen_from(box.SETTINGS, "reference,box_2100") == ["reference", "box_2100"]
    with pytest.raises(SystemExit, match="no 'boxes' here; known: reference"):
        gates.chosen_from(box.SETTINGS, "boxes")


# The box


def test_settings_differ_in_patch_step_and_sites_alone():
    plain = load(box.SCENARIO)
    for name, changes in box.SETTINGS.items():
        scenario = load(box.SCENARIO, set=changes)
        assert scenario.catalogue.hash == plain.catalogue.hash, name
        assert scenario.start.densities == plain.start.densities
        (disk,) = scenario.start.tumor
        assert disk.radius_um == plain.start.tumor[0].radius_um
        height, width = scenario.tissue.size_um
        reach = min(disk.at_um[0], disk.at_um[1], width - disk.at_um[0], height - disk.at_um[1])
        assert reach > 2.4 * disk.radius_um, f"{name}: the nest grows in the patch"
        assert height == pytest.approx(plain.tissue.size_um[0], rel=0.01) or name.startswith(("box", "off_center_2"))


def test_an_effect_is_that_of_the_geometric_mean():
    logs = np.log([0.5, 0.5, 0.5, 0.5])
    assert box.relative(logs) == (pytest.approx(-0.5), 0.0)
    spread = np.log([0.4, 0.5, 0.6])
    effect, error = box.relative(spread)
    assert effect == pytest.approx(np.prod([0.4, 0.5, 0.6]) ** (1 / 3) - 1)
    assert error == pytest.approx((1 + effect) * spread.std(ddof=1) / math.sqrt(3))


def test_two_one_sided_tests_say_equivalent_different_or_open():
    rng = np.random.default_rng(1)

    def logs(mean, deviation, n=60):
        draws = rng.standard_normal(n)
        return math.log(mean) + deviation * (draws - draws.mean()) / draws.std()

    reference = logs(0.6, 0.1)
    assert box.equivalence(logs(0.62, 0.1), reference)[3] == "equivalent"
    assert box.equivalence(logs(0.85, 0.1), reference)[3] == "different"
    assert box.equivalence(logs(0.7, 0.3), reference)[3] == "open"
    difference, low, high, _ = box.equivalence(logs(0.62, 0.1), reference)
    assert difference == pytest.approx(0.02, abs=0.005) and low < difference < high


def test_a_pair_shares_all_until_the_first_dose(monkeypatch):
    small = {"tissue.size": ["450 µm", "450 µm"], "start.tumor[0].radius": "60 µm"}
    monkeypatch.setitem(box.SETTINGS, "small", small)
    at_once = box.pair("small", 3, days=7.125)
    assert abs(float(at_once["log_ratio"])) < 0.05, "a drug of three hours has done little"
    again = box.pair("small", 3, days=9)
    assert again == box.pair("small", 3, days=9)
    line, = (each for each in box.summary([again | {"setting": "reference", "seed": s} for s in range(3)]))
    assert line["effect"] == pytest.approx(math.expm1(float(again["log_ratio"]))) and line["error"] == 0


@pytest.mark.slow
def test_a_treatment_does_as_much_in_two_boxes():
    """Eight pairs a setting say so roughly; the kept table says it surely."""
    one, other = ([float(box.pair(setting, seed)["log_ratio"]) for seed in range(1, 9)]
                  for setting in ("reference", "box_2100"))  # fmt: skip
    difference, *ends, verdict = box.equivalence(other, one)
    assert abs(difference) < box.MARGIN and verdict != "different", (difference, ends)


# A steady host


def test_a_host_is_steady_within_its_margins():
    def row(what, before, after, part="host", case="mouse"):
        return {"part": part, "case": case, "seed": "1", "what": what, "before": before, "after": after}

    lines = steady.summary([row("n_m1", 60, 45), row("n_m1", 60, 50), row("n_ctl", 40, 20), row("n_th1", 2, 5),
                            row("oxygen", 40, 45), row("n_nk", 0, 30)])  # fmt: skip
    assert {line[2]: line[4] for line in lines} == {"n_m1": True, "n_ctl": False, "oxygen": False, "n_nk": False}
    treated = [row("n_tumor", 1000 + s, 1010 - s, "antigens", "anti_pd_l1") for s in range(6)]
    assert [line[4] for line in steady.summary(treated)] == [True]
    assert [line[4] for line in steady.summary([each | {"after": 700} for each in treated])] == [False]


def test_immunotherapies_are_those_of_packaged_scenarios():
    for source, use in steady.IMMUNE.values():
        assert [use] in [[dose.use for dose in arm.therapies] for arm in load(source).arms.values()]


# Robustness


def test_a_density_beyond_its_interval_is_told_by_how_far():
    tissue = OneTissue(scenario("minimal", sites=40, start={"tumor": [{"radius": "200 µm", "fill": 1}],
                                                            "densities": {"ctl": "10 /mm²"}}), seed=1)  # fmt: skip
    seen = robust.seen_in(tissue.body)
    fold, worst = robust.worst_density(seen, "mouse")
    assert worst and fold > robust.FOLD, "no macrophage is in this tumor"
    assert robust.runaways(seen, tissue.biology) == []
    y, x = seen.section.sites("tumor")
    for row in range(tissue.cells.n):
        if tissue.cells.type[row] == tissue.biology.code("tumor"):
            tissue.cells.columns.type[row] = tissue.biology.code("fibroblast")
    assert not robust.runaways(robust.seen_in(tissue.body), tissue.biology), "there is no tumor left to be in"
    assert y.size == x.size > 300


def test_a_number_that_there_is_not_is_told_as_absent_and_an_impossible_one_as_refused():
    assert robust.work("mouse", "cells.tumor.behaviors.joy", "x2", 1, 1)["verdict"] == "absent"
    assert robust.work("mouse", "start.ecm", "x100", 1, 1)["verdict"].startswith("refused")


def test_a_run_of_a_changed_number_has_its_row():
    row = robust.work("mouse", "start.densities.ctl", "x2", 1, 0.5)
    assert set(row) == set(robust.COLUMNS) and row["days"] == "0.5" and row["end"] > 0.5 * row["start"]
    lines = robust.summary([{name: str(value) for name, value in row.items()}])
    assert lines[0].startswith(("1 of 1 hold", "0 of 1 hold"))


def test_about_thirty_main_numbers_are_there_and_each_part_of_the_start():
    known = dict(load("untreated").catalogue.numbers())
    there = [name for name in robust.NUMBERS if set(name.split(robust.AND)) <= set(known)]
    assert len(there) >= 25 and len(set(robust.NUMBERS)) == len(robust.NUMBERS)
    assert {"start.densities.treg", "start.capillaries", "start.ecm"} <= set(robust.knobs("mouse"))


# Ablations


def test_each_mechanism_says_what_must_come_of_its_loss():
    for name, mechanism in ablations.MECHANISMS.items():
        assert mechanism.sign in (-1, 1) and mechanism.says and (mechanism.off or mechanism.set), name
        if ablations.is_absent(mechanism) is None:
            with_it, without = (ablations.switched(mechanism, on) for on in (True, False))
            assert with_it.hash != without.hash and list(without.arms) == ["untreated"]


def test_a_sign_is_seen_when_the_mean_goes_its_way_and_sure_when_the_interval_does():
    def rows(name, values):
        return [{"mechanism": name, "seed": s, "with": 10, "without": value} for s, value in enumerate(values)]

    lines = ablations.summary(rows("th1_egress", [20, 22, 19]) + rows("sprouting", [4, 30, 5, 9]) +
                              rows("anoxic_death", [10, 10, 10]))  # fmt: skip
    assert [(line[0], line[4], line[5]) for line in lines] == [
        ("th1_egress", True, True), ("sprouting", False, False), ("anoxic_death", False, False),
    ]  # fmt: skip


def test_what_is_measured_of_a_start_is_known():
    tissue = OneTissue(scenario("minimal", start={"tumor": [{"radius": "250 µm"}]}), seed=1)
    seen = robust.seen_in(tissue.body)
    first = ablations.first_capillaries_in_core(seen)
    assert first == pytest.approx(120, rel=0.6), "none has regressed yet"
    assert 0.5 < ablations.void(seen) < 1


# What the kept tables say


def test_every_gate_holds_by_its_kept_table():
    """Of a table that is there and current; a stale one says nothing of what is now."""
    told = []
    for module, wrong in ((box, box_fails), (steady, steady_fails), (robust, robust_fails), (ablations, no_sign)):
        table = module.table()
        if not table.path.is_file():
            told.append(f"{table.path.name}: not made yet")
        elif not table.is_current:
            told.append(f"{table.path.name}: stale ({table.head})")
        else:
            assert not wrong(table.rows()), table.path.name
    if told:
        pytest.skip("; ".join(told))


def box_fails(rows):
    lines = box.summary(rows)
    return [box.told(line) for line in lines if line.get("verdict", "equivalent") != "equivalent"]


def steady_fails(rows):
    return [steady.told(line) for line in steady.summary(rows) if not line[-1]]


BEYOND = {"human": ("fibroblasts_inside", "cd8_inside", "cd8_margin", "vessels_inside")}
"""What the targets of a host miss or barely meet as it is, so that a halved or doubled number takes it too far out."""

FARTHEST = 2 * robust.FOLD
"""How far even these may go; the farthest of them was 5.1-fold."""


def robust_fails(rows):
    """Rows that do not hold, but for starts that are refused for want of room and densities that are known to miss."""

    def is_known(row):
        what, known = row["verdict"], BEYOND.get(row["host"], ())
        if what == "density":
            return row["worst"].split()[0] in known and float(row["fold"]) <= FARTHEST
        return "refused" in what and "cells need" in what

    return [row for row in rows if row["verdict"] not in ("holds", "absent") and not is_known(row)]


def test_robustness_is_judged_by_each_row():
    row = {"host": "human", "verdict": "density", "worst": "cd8_margin 6.4", "fold": "5"}
    assert robust_fails([row, row | {"verdict": "holds", "worst": "cells_inside 3000"}]) == []
    changes = [{"host": "mouse"}, {"fold": "7"}, {"worst": "cd68_inside 2"}, {"verdict": "runaway"},
               {"verdict": "vanishes"}, {"verdict": "refused: no such number"}]  # fmt: skip
    wrong = [row | change for change in changes]
    assert robust_fails(wrong) == wrong


def no_sign(rows):
    return [ablations.told(line) for line in ablations.summary(rows) if not line[4]]
