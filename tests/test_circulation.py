"""The journey through the blood against hand computations, simulated walkers and what must hold for any body."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tmesim.body.circulation import (
    ROUTES,
    Bed,
    advantage,
    arrested,
    circulating,
    death_per_pass,
    detected,
    in_sample,
)
from tmesim.tissue.travel import day_factor

LUNGS = Bed("lung", None, 0.9, receives="venous")
LIVER = Bed("liver", 0.05, 0.8, receives="portal")
SPLEEN = Bed("spleen", 0.03, 0.4, drains="portal")
GUT = Bed("gut", 0.15, 0.3, drains="portal")
BRAIN, KIDNEY = Bed("brain", 0.12, 0.7), Bed("kidney", 0.18, 0.5)
BODY = [LUNGS, LIVER, SPLEEN, GUT, BRAIN, KIDNEY]
NODE = Bed("lymph node", 0.001, 0.6, receives="lymph")


def with_arrest(arrest, beds=BODY):
    return [replace(bed, arrest=arrest) for bed in beds]


def walked(beds, route, death, rest, walkers, seed=1):
    """The plain twin: walkers that go from bed to bed by the word of the module's docstring."""
    rng = np.random.default_rng(seed)
    arterial = [bed for bed in beds if bed.share] + [Bed("rest", 1 - sum(bed.share or 0 for bed in beds), rest)]
    odds = [bed.share for bed in arterial]
    takes_all = {bed.receives: bed for bed in beds if bed.receives != "arterial"}
    found = dict.fromkeys([bed.name for bed in beds] + ["rest", "dead"], 0)
    for _ in range(walkers):
        blood, end = ROUTES[route], None
        while end is None:
            bed = arterial[rng.choice(len(arterial), p=odds)] if blood == "arterial" else takes_all[blood]
            if rng.random() < death:
                end = "dead"
            elif rng.random() < bed.arrest:
                end = bed.name
            else:
                blood = bed.outlet
        found[end] += 1
    return found


# Shares

chances = st.floats(0, 1)


@given(
    st.lists(chances, min_size=8, max_size=8), st.lists(st.floats(0.01, 1), min_size=6, max_size=6),
    st.sampled_from(sorted(ROUTES)), st.floats(1, 20), st.floats(0, 2), st.floats(0, 2),
)  # fmt: skip
def test_every_cell_ends_somewhere(arrests, flows, route, size, sticking, shelter):
    parts = np.array(flows) / sum(flows)
    shares = [None, *parts[:5]]  # the sixth part is the rest of the body
    beds = [replace(bed, arrest=a, share=s) for bed, a, s in zip(BODY, arrests[:6], shares, strict=True)]
    found = arrested(
        beds, route, death=max(arrests[6], 1e-3), rest=arrests[7], size=size, sticking=sticking, shelter=shelter
    )
    assert math.fsum(found.values()) == pytest.approx(1, rel=1e-9, abs=0)
    assert min(found.values()) >= 0 and found.keys() == {bed.name for bed in BODY} | {"rest", "dead"}


def test_three_beds_by_hand():
    """Into the left ventricle: a first pass by share, then through the lungs (half go on), and again."""
    beds = [replace(LUNGS, arrest=0.5), Bed("brain", 0.2, 1.0), Bed("kidney", 0.3, 0.5)]
    found = arrested(beds, "left_ventricle", death=0.1, rest=0.0)
    # x arterial passes: x = 1 + x · 0.9 (0.3 · 0.5 + 0.5) · 0.9 · 0.5
    x = 1 / (1 - 0.9 * 0.65 * 0.45)
    venous = x * 0.9 * 0.65
    hand = {"lung": venous * 0.45, "brain": x * 0.18, "kidney": x * 0.135, "rest": 0, "dead": 0.1 * (x + venous)}
    assert found == pytest.approx(hand, rel=1e-12, abs=0)


def test_the_first_pass_from_the_left_ventricle_is_by_share_of_blood():
    """With lungs and all else that arrest everything, there is no second pass."""
    found = arrested(with_arrest(1.0), "left_ventricle", death=0.0, rest=1.0)
    assert found["brain"] == pytest.approx(0.12) and found["kidney"] == pytest.approx(0.18)
    assert found["rest"] == pytest.approx(0.47) and found["lung"] == found["dead"] == 0


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_the_analytic_solution_is_what_walkers_do(route):
    number, death, rest = 20_000, 0.05, 0.2
    body = [replace(LUNGS, share=0.02, arrest=0.5), *BODY[1:], NODE]
    expected = arrested(body, route, death=death, rest=rest)
    found = walked(body, route, death, rest, number)
    names = [name for name, share in expected.items() if share > 0]
    assert sum(found[name] for name in names) == number
    assert stats.chisquare([found[n] for n in names], [number * expected[n] for n in names]).pvalue > 1e-3


def test_lungs_that_hold_everything_leave_nothing_to_others():
    beds = [replace(LUNGS, arrest=1.0), *BODY[1:]]
    found = arrested(beds, "tail_vein", death=0.0, rest=0.5)
    assert found["lung"] == 1 and sum(found.values()) == 1


def test_behind_the_lungs_cells_are_spread_as_the_blood_if_all_beds_hold_alike():
    found = arrested(with_arrest(0.3, [LUNGS, BRAIN, KIDNEY]), "tail_vein", death=0.0, rest=0.3)
    assert found["kidney"] / found["brain"] == pytest.approx(0.18 / 0.12, rel=1e-12)
    assert found["rest"] / found["brain"] == pytest.approx(0.70 / 0.12, rel=1e-12)
    assert found["dead"] == 0


def test_what_no_bed_holds_dies():
    found = arrested(with_arrest(0.0), "tail_vein", death=0.01, rest=0.0)
    assert found["dead"] == pytest.approx(1, rel=1e-12) and sum(found.values()) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("route", ["spleen", "portal"])
def test_the_spleen_sends_cells_to_the_liver_first(route):
    """It holds four fifths; the others go on as if they had been injected into a vein."""
    found, later = (arrested(BODY, where, death=0.0, rest=0.5) for where in (route, "tail_vein"))
    for name in found:
        assert found[name] == pytest.approx(0.8 * (name == "liver") + 0.2 * later[name], rel=1e-12, abs=0)
    assert arrested([LUNGS, replace(LIVER, arrest=1.0)], route, death=0.0, rest=0.0)["liver"] == 1


def test_bronchial_arteries_bring_the_lungs_a_little_more():
    """A cell that passes by them comes back into the arteries, by which a first pass of all others is shared anew."""
    beds = [replace(LUNGS, share=0.02, arrest=0.5), *with_arrest(1.0, BODY[1:])]
    found = arrested(beds, "left_ventricle", death=0.0, rest=1.0)
    assert found["lung"] == pytest.approx(0.01 / 0.99, rel=1e-12)
    assert found["brain"] == pytest.approx(0.12 / 0.99, rel=1e-12)


def test_gut_and_spleen_bring_the_liver_more_than_its_artery():
    """By artery 0.05; what gut and spleen let through adds 0.15 · 0.7 + 0.03 · 0.6."""
    beds = [replace(LUNGS, arrest=1.0), replace(LIVER, arrest=1.0), SPLEEN, GUT]
    found = arrested(beds, "left_ventricle", death=0.0, rest=1.0)
    assert found["liver"] == pytest.approx(0.05 + 0.15 * 0.7 + 0.03 * 0.6, rel=1e-12)


def test_an_organ_without_blood_gets_nothing():
    found = arrested([*BODY, Bed("cornea", 0.0, 1.0)], "left_ventricle", death=0.0, rest=0.5)
    assert found["cornea"] == 0
    assert arrested(BODY, "left_ventricle", death=0.0, rest=0.5).items() <= found.items()


def test_an_organ_taken_out_of_the_rest_changes_no_other():
    before = arrested(BODY, "tail_vein", death=0.02, rest=0.4)
    after = arrested([*BODY, Bed("muscle", 0.16, 0.4)], "tail_vein", death=0.02, rest=0.4)
    assert after["muscle"] + after["rest"] == pytest.approx(before["rest"], rel=1e-12, abs=0)
    assert after["muscle"] / after["rest"] == pytest.approx(0.16 / (0.47 - 0.16), rel=1e-12, abs=0)
    for name in before.keys() - {"rest"}:
        assert after[name] == pytest.approx(before[name], rel=1e-12, abs=0)


def test_a_bed_that_holds_more_leaves_less_to_the_others():
    loose, tight = (
        arrested([LUNGS, Bed("brain", 0.12, a), KIDNEY], "left_ventricle", death=0.0, rest=0.2) for a in (0.2, 0.8)
    )
    assert tight["brain"] > loose["brain"] and all(tight[name] < loose[name] for name in ("lung", "kidney", "rest"))


# Clusters, platelets, death


def test_clusters_stick_earlier():
    """A cluster of three passes if each of its cells would: the lungs let 0.1³ by."""
    beds = [LUNGS, *with_arrest(1.0, BODY[1:])]
    single, cluster = (arrested(beds, "tail_vein", death=0.0, rest=1.0, size=n, sticking=1.0) for n in (1, 3))
    assert 1 - single["lung"] == pytest.approx(0.1, rel=1e-12) and 1 - cluster["lung"] == pytest.approx(1e-3, rel=1e-9)
    assert cluster["brain"] == pytest.approx(0.12e-3, rel=1e-9)


def test_clusters_arrive_in_greater_numbers_when_they_are_sheltered_or_stick():
    off = {"size": 5, "sticking": 0.0, "shelter": 0.0}
    body = with_arrest(0.2)
    assert advantage(body, "tail_vein", death=0.3, rest=0.2, **off) == 1
    assert advantage(body, "tail_vein", death=0.3, rest=0.2, **off | {"shelter": 1.0}) > 1.1
    assert advantage(body, "tail_vein", death=0.3, rest=0.2, **off | {"sticking": 1.0}) > 1.1


def test_shear_that_rises_costs_single_cells_more_than_clusters():
    lost = {
        size: [arrested(BODY, "tail_vein", death=d, rest=0.2, size=size, shelter=1.0)["dead"] for d in (0.1, 0.4)]
        for size in (1, 4)
    }
    assert lost[1][1] - lost[1][0] > lost[4][1] - lost[4][0] > 0


def test_a_shield_averts_its_share_of_deaths():
    """Half the shield is half the death of a pass; a whole one is none."""
    shielded = arrested(BODY, "tail_vein", death=0.2, rest=0.2, shield=0.5)
    assert shielded == pytest.approx(arrested(BODY, "tail_vein", death=0.1, rest=0.2), rel=1e-12, abs=0)
    assert arrested(BODY, "tail_vein", death=0.2, rest=0.2, shield=1.0)["dead"] == 0
    assert advantage(BODY, "tail_vein", death=0.2, rest=0.2, shield=0.5, size=5, sticking=0, shelter=1.0) > 1


def test_death_per_pass_is_the_hazard_over_half_a_circulation():
    """2.1 mL at 14 mL/min are 9 s a circulation, 4.5 s a pass; passes multiply to what the hazard leaves."""
    a_pass = death_per_pass(1.5, blood_mL=2.1, output_mL_min=14)
    assert a_pass == pytest.approx(1 - math.exp(-1.5 * 4.5 / 3600), rel=1e-12)
    assert (1 - a_pass) ** (2 * 3600 / 9) == pytest.approx(math.exp(-1.5), rel=1e-9)


# Errors


@pytest.mark.parametrize(
    "beds, route, words",
    [
        ([*BODY, Bed("muscle", 0.6, 0.5)], "tail_vein", "sum to 1.13, more than 1"),
        (BODY, "tail_vien", "tail_vien: unknown route. Did you mean 'tail_vein'"),
        ([*BODY, Bed("bone", None, 0.5)], "tail_vein", "bone: no share"),
        ([*BODY, Bed("bone", math.nan, 0.5)], "tail_vein", "bone: share is nan"),
        ([*BODY, Bed("bone", 0.1, 1.5)], "tail_vein", "bone: arrest is 1.5"),
        ([*BODY, BRAIN], "tail_vein", "brain: a second bed"),
        ([*BODY, Bed("rest", 0.1, 0.5)], "tail_vein", "rest: a second bed"),
        (BODY[1:], "tail_vein", "the lungs, must receive venous blood, not 0"),
        ([LUNGS, SPLEEN], "tail_vein", "the liver, must receive portal blood, not 0"),
        ([LUNGS], "spleen", "the liver, must receive portal blood, not 0"),
        ([LUNGS, replace(LIVER, drains="portal")], "tail_vein", "liver: cannot drain into the portal"),
    ],
)
def test_a_body_that_cannot_be_is_refused(beds, route, words):
    with pytest.raises(ValueError, match=words):
        arrested(beds, route, death=0.1, rest=0.5)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValueError, match=r"death is 2.*size is 0\.5, below 1.*nowhere: unknown route"):
        arrested(BODY, "nowhere", death=2.0, rest=0.5, size=0.5)


@pytest.mark.parametrize("route", ["tail_vein", "spleen"])
def test_cells_that_nothing_stops_are_refused(route):
    with pytest.raises(ValueError, match="circulate forever"):
        arrested(with_arrest(0.0), route, death=0.0, rest=0.0)
    idle = [*with_arrest(0.0), Bed("cornea", 0.0, 1.0)]
    with pytest.raises(ValueError, match="circulate forever"):
        arrested(idle, route, death=0.0, rest=0.0)


# The pool and its samples


def test_the_pool_halves_and_reaches_its_steady_state():
    assert circulating(800, 0, 1.6, 3.2) == pytest.approx(200, rel=1e-12)
    steady = circulating(0, 50, 1.6, math.inf)
    assert steady * math.log(2) / 1.6 == pytest.approx(50, rel=1e-12)
    assert circulating(steady, 50, 1.6, 7.0) == pytest.approx(steady, rel=1e-12)


def test_two_half_steps_are_one_step():
    once = circulating(10, 50, 1.6, 1.0)
    assert circulating(circulating(10, 50, 1.6, 0.5), 50, 1.6, 0.5) == pytest.approx(once, rel=1e-12)


def test_a_sample_finds_its_part_of_the_blood():
    """7.5 mL of 5 L at a recovery of 0.85: one cell seen is 784 in the blood."""
    assert in_sample(5000 / 7.5 / 0.85, blood_mL=5000, sample_mL=7.5, recovery=0.85) == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("mean", [1e-3, 0.3, 4.0, 60.0])
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_detection_is_poisson(mean, limit):
    assert detected(mean, limit) == pytest.approx(stats.poisson.sf(limit - 1, mean), rel=1e-9, abs=1e-15)


def test_false_positives_are_counted_with_the_cells():
    assert detected(0.0, 1) == 0 and detected(0.0, 0) == 1
    assert detected(0.0, 1, false_positives=0.05) == pytest.approx(1 - math.exp(-0.05), rel=1e-9)
    assert detected(0.2, 2, 0.05) == pytest.approx(detected(0.25, 2), rel=1e-12)


def test_the_day_averages_to_one_and_has_the_share_of_rest():
    hours = np.arange(0, 24, 0.25)
    day = [day_factor(h, rest_share=0.8, rest_from_h=23, rest_hours=8) for h in hours]
    assert np.mean(day) == pytest.approx(1, rel=1e-12)
    night, noon = day_factor(4, 0.8, 23, 8), day_factor(10, 0.8, 23, 8)
    assert night / (night + noon) == pytest.approx(0.8, rel=1e-12)
    assert all(day_factor(h, 0.5, 23, 8) == 1 for h in hours)


def test_lymph_reaches_the_veins_through_its_node():
    """Without one, cells in lymph are as good as injected into a vein, but for a further way on which they may die."""
    by_lymph, by_vein = (arrested(BODY, route, death=0.0, rest=0.5) for route in ("lymph", "tail_vein"))
    assert by_lymph == pytest.approx(by_vein)
    through = arrested([*BODY, replace(NODE, share=0.0)], "lymph", death=0.0, rest=0.5)
    assert through["lymph node"] == pytest.approx(0.6)
    assert through["lung"] == pytest.approx(0.4 * by_vein["lung"])
