"""The seed: what its place between epithelial and mesenchymal does on each leg of its way, by the compiled rules.

No leg has a gate or a bonus for hybrids. Where hybrids found the most, it is because one leg rises and another falls.
"""

import numpy as np
import pytest
from tissues import OneTissue, scenario

from tmesim.catalogue import load_catalogue
from tmesim.kernels.arrays import EMPTY, PAD

SCORES = np.linspace(0, 1, 41)
RISING = (("tumor", "intravasation"), ("arrested", "extravasation"))
FALLING = (("tumor", "division"), ("tumor", "cohesion"))
OTHERS = (("tumor", "apoptosis"), ("arrested", "apoptosis"))
DAYS = np.array([7.0, 14.0, 21.0])
SPREAD = {"intravasation", "lymph_entry", "cohesion", "extravasation", "division", "apoptosis", "dormancy_gain"}


def curves(off=()):
    """Each behavior of a lone cell over SCORES, (cell, behavior) → (scores,), with oxygen and the VEGF of a tumor."""
    start = {"organ": "kidney", "tumor": [], "densities": {"ctl": "0 /mm²"}, "organs": {"lung": {}}}
    t = OneTissue(scenario("minimal", start=start, off=list(off)), seed=1)
    spots = {cell: np.argwhere(t.layer_of(cell)[PAD:-PAD, PAD:-PAD] == EMPTY) for cell in ("tumor", "arrested")}
    (y, x), free = spots["tumor"][len(spots["tumor"]) // 2], spots["arrested"]
    v, u = free[np.abs(free - (y, x)).max(axis=1) > 4][0]
    names = {cell: int(t.cells.id[t.spawn(cell, *map(int, at))]) for cell, at in
             (("tumor", (y, x)), ("arrested", (v, u)))}  # fmt: skip
    found = {leg: [] for leg in (*RISING, *FALLING, *OTHERS)}
    for score in SCORES:
        for name in names.values():
            t.cells.columns.state[t.row_of(name), t.biology.states.index("emt")] = score
        t.fields["oxygen"][:] = 40.0
        t.fields["vegf"][:] = 9.0
        t.run("sense")
        for (cell, behavior), values in found.items():
            values.append(float(t.cells.value[t.row_of(names[cell]), t.biology.slot(cell, behavior)]))
    return {leg: np.array(values) for leg, values in found.items()}


@pytest.fixture(scope="module")
def legs():
    return curves()


def colonization(legs, leaving=True):
    """What a cell of each score founds in the mean, up to a factor: it leaves, comes out alive, and has daughters.

    leaving : whether the way into the blood counts, or all have been injected
    Returns (days, scores).
    """
    leaves = legs["tumor", "intravasation"] if leaving else 1.0
    out, death = legs["arrested", "extravasation"], legs["arrested", "apoptosis"]
    net = legs["tumor", "division"] - legs["tumor", "apoptosis"]
    return leaves * out / (out + death) * np.exp(np.outer(24 * DAYS, net))


@pytest.mark.parametrize(("those", "sign"), [(RISING, 1), (FALLING, -1)])
def test_each_leg_rises_or_falls_with_emt_by_degrees_over_the_whole_range(legs, those, sign):
    for leg in those:
        change = sign * np.diff(legs[leg])
        assert (change > 0).all(), leg
        assert change.max() < 0.1 * change.sum(), f"{leg}: a step"
    assert all(np.ptp(legs[leg]) == 0 for leg in OTHERS), "who dies is not by EMT alone"


def test_growth_has_no_score_at_which_it_stops_and_none_at_which_it_gains(legs):
    division = legs["tumor", "division"]
    assert division.argmax() == 0 and division[-1] > 0.3 * division[0]
    assert legs["tumor", "division"][-1] > legs["tumor", "apoptosis"][-1], "mesenchymal cells still grow"


def test_no_rule_knows_of_hybrids_on_any_leg():
    """There is a signal that is highest in hybrids; without a drug no rule reads it."""
    known = load_catalogue()
    assert [name for name, rule in known.rules.items() if rule.signal.startswith("hybrid.")] == []
    drugs = [rule for entry in known.therapies.values() for rule in entry.rules.values()]
    assert {rule.behavior for rule in drugs if rule.signal.startswith("hybrid.")}.isdisjoint(SPREAD - {"apoptosis"})


def test_hybrids_found_the_most_because_one_leg_rises_and_another_falls(legs):
    """And only then: with growth alike for all, the most mesenchymal found most; with the way alike, the least."""
    best = colonization(legs).argmax(axis=1)
    assert ((0 < best) & (best < SCORES.size - 1)).all(), SCORES[best]
    assert (np.diff(best) < 0).all(), "the more daughters count, the more epithelial the best"
    growth_flat = legs | {("tumor", "division"): np.full(SCORES.size, legs["tumor", "division"][0])}
    assert (np.diff(colonization(growth_flat), axis=1) > 0).all()
    way_flat = legs | {leg: np.full(SCORES.size, legs[leg].mean()) for leg in RISING}
    assert (np.diff(colonization(way_flat), axis=1) < 0).all()


def test_the_optimum_goes_with_the_rule_and_not_with_its_arithmetic():
    """The same by switches: without emt_slows_division no optimum; without mesenchymal_cells_come_out, of injected
    cells the epithelial found most."""
    fast = curves(off=["emt_slows_division"])
    assert np.ptp(fast["tumor", "division"]) == 0 and (np.diff(colonization(fast), axis=1) > 0).all()
    held = curves(off=["mesenchymal_cells_come_out"])
    assert np.ptp(held["arrested", "extravasation"]) == 0
    assert (np.diff(colonization(held, leaving=False), axis=1) < 0).all()
