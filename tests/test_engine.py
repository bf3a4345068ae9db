"""The engine as a whole: same bits whatever the rows, threads and interruptions; no cell lost or doubled."""

import numpy as np
import pytest
from tissues import BUSY, REACTIVE, OneTissue, bare, check_layers, count, scenario, shuffle_rows, tissue, tumor

from tmesim.body import STEP
from tmesim.kernels import events
from tmesim.trial.replicate import compile_timer


def busy(seed=4, threads=1):
    return tissue("minimal", seed=seed, threads=threads, start=BUSY, set=REACTIVE)


@pytest.fixture(scope="module")
def told():
    """Hash and counters of a busy tissue after 30 steps in one thread."""
    t = busy()
    for _ in range(30):
        t.step()
    return t.hash(), dict(t.counters)


def test_the_busy_tissue_is_busy(told):
    """What the tests of equal bits rest on: pushes, hops, births, kills and entries did happen."""
    _, counters = told
    assert counters["births.tumor"] > 100
    assert counters["hops"] > 20_000
    assert counters["kills"] > 20
    assert counters["recruited.ctl"] + counters["recruited.monocyte"] > 0
    assert counters["deaths.ctl"] > 0
    assert counters["changes.monocyte"] > 0


@pytest.mark.slow
@pytest.mark.xdist_group("threads")
def test_two_threads_give_the_bits_of_one(told):
    t = busy(threads=2)
    for _ in range(30):
        t.step()
    assert (t.hash(), dict(t.counters)) == told


def test_shuffled_rows_give_the_same_bits(told):
    t = busy()
    for step in range(30):
        shuffle_rows(t, step)
        t.step()
    assert (t.hash(), dict(t.counters)) == told


def test_shuffling_between_phases_gives_the_same_bits(told):
    t = busy()
    for step in range(30):
        for k, phase in enumerate(process.name for process in STEP):
            t.run(phase)
            shuffle_rows(t, 100 * step + k)
        t.clock.step += 1
    assert (t.hash(), dict(t.counters)) == told


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 30_001])
def test_all_rows_with_an_event_are_found(n, share):
    rng = np.random.default_rng(n)
    event = np.zeros(n // 8 * 8 + 64, np.uint8)
    event[:n] = rng.integers(1, 256, n) * (rng.random(n) < share)
    np.testing.assert_array_equal(events.find_events(n, event), np.flatnonzero(event))


def test_a_saved_tissue_goes_on_with_the_same_bits(told):
    t = busy()
    for step in range(30):
        if step in (7, 19):
            t = OneTissue.from_state(t.scenario, t.state())
        t.step()
    assert (t.hash(), dict(t.counters)) == told


def test_a_copy_is_in_the_same_state_and_not_one_sensing_ahead():
    """A copy senses, so that behaviors can be read, and leaves to its step what is captured from debris."""
    t = busy()
    lying = 0
    for _ in range(30):
        t.step()
        cells = t.cells
        dendritic = cells.type[: cells.n] == t.biology.code("dendritic")
        there = t.maps.antigens[cells.y[: cells.n][dendritic], cells.x[: cells.n][dendritic]]
        lying += int((there & ~cells.antigens[: cells.n][dendritic] != 0).any(axis=1).sum())
        assert t.copy().hash() == t.hash()
    assert lying > 0


def test_a_copy_is_independent():
    t = busy()
    for _ in range(5):
        t.step()
    before = t.hash()
    twin = t.copy()
    for _ in range(5):
        twin.step()
    assert t.hash() == before != twin.hash()
    for _ in range(5):
        t.step()
    assert t.hash() == twin.hash()


GUESS = {"evidence": "assumed: an example"}
MORE = {
    "cells": {
        "newcomer": {
            "label": "n", "agent": "NewCell", "layer": "leukocyte", "color": "#123456",
            "behaviors": {"apoptosis": "0.01 1/h", "secretion.message": "9 pM/h", "restless_gain": "0.1 1/h"},
            "states": ["restless"], "events": [{"behavior": "apoptosis", "does": "die"}],
        }
    },
    "states": {"restless": {"label": "n", "meaning": "m"} | GUESS},
    "fields": {
        "message": {
            "unit": "pM", "diffusion": "3e5 µm²/h", "decay": "9 1/h", "edge": {"kind": "zero_flux"},
        } | GUESS,
    },
    "rules": {
        "message_slows": {
            "cell": "tumor", "signal": "message", "effect": "decreases", "behavior": "speed", "group": "message",
            "limit": 0.5, "half_max": "1 pM", "power": 1,
        } | GUESS,
    },
}  # fmt: skip


def test_nothing_is_compiled_anew_when_the_catalogue_grows(told):
    new = tissue("minimal", add=MORE, start=BUSY | {"densities": BUSY["densities"] | {"newcomer": "400 /mm²"}})
    usual = busy()
    assert new.biology.rules.kinds.size > usual.biology.rules.kinds.size
    usual.step()
    compiled = []
    with compile_timer(compiled.append):
        for _ in range(3):
            new.step()
    assert not compiled
    assert new.fields["message"].max() > 0
    assert count(new, "newcomer") > 0


def test_another_seed_is_another_tissue(told):
    t = busy(seed=5)
    for _ in range(30):
        t.step()
    assert t.hash() != told[0]


def test_every_cell_stands_at_its_site_after_each_phase():
    t = busy(seed=9)
    for _ in range(8):
        for phase in (process.name for process in STEP):
            t.run(phase)
            check_layers(t)
        t.clock.step += 1


def test_cells_are_conserved():
    """What there is = what there was + births + entries + sprouts − deaths − kills − leaves; over the walls too."""
    t = busy(seed=2)
    before = t.cells.rows.size
    segments = count(t, "endothelial")
    for _ in range(40):
        t.step()
    c = t.counters
    entered = sum(number for name, number in c.items() if name.startswith(("recruited.", "come over the walls.")))
    gained = count(t, "endothelial") - segments
    lost = c["deaths"] + c["kills"] + c["leaves"] + c["gone over the walls"]
    assert t.cells.rows.size - before == c["births"] + entered + gained - lost


def test_a_rule_that_never_fires_changes_nothing():
    """A new field, cell type and rule that have nothing to act on leave the luck of all others alone."""
    extra = {
        "cells": {
            "visitor": {
                "label": "visitor", "agent": "Visitor", "layer": "leukocyte", "color": "#123456",
                "behaviors": {"secretion.marker": {"value": 5, "unit": "pM/h", "source": "assumed: test"}},
                "evidence": "assumed: test",
            }
        },
        "fields": {
            "marker": {
                "unit": "pM", "evidence": "assumed: test", "edge": {"kind": "zero_flux"},
                "diffusion": {"value": 1e5, "unit": "µm²/h", "source": "assumed: test"},
                "decay": {"value": 1, "unit": "1/h", "source": "assumed: test"},
            }
        },
        "rules": {
            "marker_speeds_tumor_division": {
                "cell": "tumor", "signal": "marker", "effect": "increases", "behavior": "division", "group": "visitors",
                "limit": {"value": 9, "unit": "1", "source": "assumed: test"},
                "half_max": {"value": 1, "unit": "pM", "source": "assumed: test"},
                "power": {"value": 1, "source": "assumed: test"}, "evidence": "assumed: test",
            }
        },
    }  # fmt: skip
    plain, more = tissue("minimal", seed=3), tissue("minimal", seed=3, add=extra)
    for _ in range(24):
        plain.step()
        more.step()
    assert plain.counters == more.counters
    for name in plain.fields:
        assert np.array_equal(plain.fields[name], more.fields[name])
    rows, twins = plain.cells.rows, more.cells.rows
    for column in ("id", "y", "x", "born"):
        assert np.array_equal(
            np.sort(plain.cells.columns.core[column][rows]), np.sort(more.cells.columns.core[column][twins])
        )


def test_one_more_birth_does_not_deal_the_luck_of_others_anew():
    """Two far nests; the one with a cell more at the start leaves the other as it was."""
    nests = [
        {"radius": "60 µm", "fill": 1.0, "at": ["240 µm", "480 µm"]},
        {"radius": "60 µm", "fill": 1.0, "at": ["720 µm", "480 µm"]},
    ]
    smaller = [nests[0], nests[1] | {"radius": "50 µm"}]
    cells = {"tumor": tumor(division="0.04 1/h", apoptosis="0.02 1/h", speed="0.05 µm/min")}
    one, other = (bare(cells, 64, {"tumor": plan}, seed=8) for plan in (nests, smaller))
    for _ in range(60):
        one.step()
        other.step()

    def left(t):
        rows = t.cells.rows
        rows = rows[t.cells.x[rows] < 32]
        return sorted(zip(t.cells.id[rows].tolist(), t.cells.y[rows].tolist(), t.cells.x[rows].tolist(), strict=True))

    assert len(left(one)) > 60
    assert one.cells.rows.size != other.cells.rows.size
    assert left(one) == left(other)


def test_a_tissue_says_which_arm_it_does_not_know():
    t = OneTissue(scenario("minimal"))
    with pytest.raises(LookupError, match="untreated"):
        t.treat("treated")
