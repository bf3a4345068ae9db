"""Seed and soil where there is nothing to find: equal soils, equal flow, soils that have changed places.

Counts are judged by a Bayes factor: fixed shares against shares that may be any (a flat Dirichlet prior). Ten to one
either way is an outcome, all between is "inconclusive". Nobody sheds here, so that who comes is by the injection alone.
"""

import numpy as np
import pytest
from scipy.special import gammaln, xlogy

from tmesim.body import Body
from tmesim.body.seeding import held, sampled
from tmesim.scenario import load

ALIKE, DIFFERENT, INCONCLUSIVE = "alike", "different", "inconclusive"
STAY = {"rules.emt_enables_intravasation.limit": "0 1/h", "rules.emt_enables_lymph_entry.limit": "0 1/h"}
PLACES = ("kidney", "bone", "brain", "liver", "lung", "muscle")


def outcome(counts, shares):
    """Whether counts are as some shares say."""
    counts, shares = np.asarray(counts, float), np.asarray(shares, float) / np.sum(shares)
    n, k = counts.sum(), counts.size
    fixed = xlogy(counts, shares).sum()
    any_at_all = gammaln(k) + gammaln(counts + 1).sum() - gammaln(n + k)
    factor = fixed - any_at_all
    return ALIKE if factor > np.log(10) else DIFFERENT if factor < -np.log(10) else INCONCLUSIVE


def out_alike(out, came):
    """Whether as many came out, of those that came, in all of some places."""
    pooled = np.sum(out) / np.sum(came)
    found = {outcome([o, c - o], [pooled, 1 - pooled]) for o, c in zip(out, came, strict=True)}
    return DIFFERENT if DIFFERENT in found else ALIKE if found == {ALIKE} else INCONCLUSIVE


def bodies(seeds, injection, soils, samples=1, days=0.0, side="450 µm"):
    """Arrivals and cells that came out in each place over some seeds. soils : of each place; the first is the tissue"""
    first, *others = soils
    beside = {place: {"soil": soils[place], "samples": samples} for place in others}
    made = load({
        "version": 3, "name": "nulls", "host": "mouse", "tissue": {"size": [side] * 2, "spacing": "15 µm"}, "set": STAY,
        "start": {"organ": first, "samples": samples, "injection": injection, "organs": beside},
        "time": {"days": 3}, "arms": {"only": {}},
    })  # fmt: skip
    came, out = dict.fromkeys(soils, 0), dict.fromkeys(soils, 0)
    for seed in range(seeds):
        body = Body(made, seed=seed)
        for _ in range(round(days * 24 / body.dt)):
            body.step()
        for place in soils:
            tissue = body.tissue if place == first else body.organs[place]
            came[place] += tissue.counters["arrivals"]
            out[place] += tissue.counters["extravasations"]
    return made, came, out


def expected(made, route, places):
    """What circulation brings to patches of the same size, relative to each other."""
    shares = held(made.catalogue, route, "mouse")
    return [shares[place] * sampled(place, made.tissue, "mouse") for place in places]


def test_the_judge_knows_its_three_outcomes():
    assert outcome([500, 500], [1, 1]) == ALIKE and outcome([600, 400], [1, 1]) == DIFFERENT
    assert outcome([3, 2], [1, 1]) == INCONCLUSIVE
    assert out_alike([50, 100], [500, 1000]) == ALIKE and out_alike([50, 200], [500, 1000]) == DIFFERENT


@pytest.mark.parametrize(("route", "cells"), [("left_ventricle", 1e6), ("tail_vein", 3e5), ("spleen", 1e6)])
def test_with_one_soil_everywhere_arrivals_are_by_blood_the_first_pass_included(route, cells):
    """Fixed shares are those of the circulation, which lungs and liver stand before; equal ones are refused."""
    soils = dict.fromkeys(PLACES, "kidney")
    made, came, _ = bodies(3, {"route": route, "cells": cells}, soils, samples=30, side="300 µm")
    assert outcome([*came.values()], expected(made, route, soils)) == ALIKE, came
    assert outcome([*came.values()], [1] * len(came)) == DIFFERENT


def test_cells_put_into_patches_come_to_all_alike():
    soils = {place: place for place in PLACES}
    _, came, _ = bodies(12, {"route": "patch", "cells": 18}, soils)
    assert outcome([*came.values()], [1] * len(came)) == ALIKE, came


@pytest.mark.slow
def test_with_one_soil_everywhere_as_many_come_out_of_those_that_came():
    """All places as one; of a place alone there may be too few to tell. With the soils that they have it is not so."""
    by_blood = {"route": "left_ventricle", "cells": 1e6}
    _, came, out = bodies(10, by_blood, dict.fromkeys(PLACES, "kidney"), samples=60, days=3)
    assert outcome([*out.values()], [*came.values()]) == ALIKE, (out, came)
    assert out_alike([*out.values()], [*came.values()]) != DIFFERENT, (out, came)
    _, came, out = bodies(3, by_blood, {place: place for place in PLACES}, samples=60, days=3)
    assert outcome([*out.values()], [*came.values()]) == DIFFERENT


@pytest.mark.slow
def test_where_soils_change_places_what_comes_out_goes_with_the_soil():
    """Liver lets most cells out, muscle few: each does so in the place of the other, and each place in both ways."""
    into_patch = {"route": "patch", "cells": 60}
    own = {"kidney": "kidney", "liver": "liver", "muscle": "muscle"}
    changed = own | {"liver": "muscle", "muscle": "liver"}
    (_, came, out), (_, came_then, out_then) = (bodies(8, into_patch, soils, days=3) for soils in (own, changed))
    for soil, other in (("liver", "muscle"), ("muscle", "liver")):
        in_both_places = [out[soil], out_then[other]], [came[soil], came_then[other]]
        assert out_alike(*in_both_places) == ALIKE, (soil, in_both_places)
        in_one_place = [out[soil], out_then[soil]], [came[soil], came_then[soil]]
        assert out_alike(*in_one_place) == DIFFERENT, (soil, in_one_place)
    assert (came["kidney"], out["kidney"]) == (came_then["kidney"], out_then["kidney"]), "who did not move"
