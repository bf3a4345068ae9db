"""Inheritance: stem-like cells sustain and progeny stops; daughters lose antigens and MHC, and found clones."""

import numpy as np
import pytest
from tissues import BUSY, OneTissue, bare, count, rows_of, shuffle_rows, tissue, tumor

from tmesim.bench import bare_scenario
from tmesim.catalogue import load_catalogue
from tmesim.catalogue.catalogue import Catalogue
from tmesim.catalogue.models import CellType
from tmesim.kernels import heredity
from tmesim.kernels.chance import key_of
from tmesim.observables import OBSERVABLES
from tmesim.section import Section
from tmesim.tissue.clones import MOST
from tmesim.tissue.start import put, ranks_of

STEMNESS = {"stemness": {"label": "s", "meaning": "m", "evidence": ["assumed: a test"]}}
N = 3


def hierarchy(divisions=N, threshold=0.5, progeny=0.1):
    return {"state": "stemness", "threshold": threshold, "progeny": progeny, "divisions": divisions}


def stem_type(renewal=0.0, division=0.1, apoptosis=0.0, **ladder):
    """A tumor cell type with a hierarchy whose stemness changes by division alone."""
    behaviors = {"division": f"{division} 1/h", "apoptosis": f"{apoptosis} 1/h", "self_renewal": renewal}
    return tumor(**behaviors) | {"states": ["stemness"], "starts": {"stemness": 0.1}, "hierarchy": hierarchy(**ladder)}


def lineage(t, hours):
    for _ in range(round(hours / t.dt)):
        t.step()


def stemness(t):
    rows = rows_of(t, "tumor")
    return t.cells.columns.state[rows, t.biology.states.index("stemness")]


def one_cell(renewal, z, sites=64, **options):
    t = bare({"tumor": stem_type(renewal, **options)}, sites, states=STEMNESS, seed=5)
    t.tissue.spawn("tumor", sites // 2, sites // 2, stemness=z)
    return t


# The hierarchy


def test_one_progenitor_with_n_divisions_leaves_two_to_the_n_cells():
    t = one_cell(0.0, 0.1)
    lineage(t, 150)
    assert count(t, "tumor") == 2**N
    assert (t.cells.potential[rows_of(t, "tumor")] == 0).all()
    slot = t.biology.slot("tumor", "division")
    assert not t.cells.value[rows_of(t, "tumor"), slot].any()
    assert t.tissue.divide(int(rows_of(t, "tumor")[0]), key_of(1, "a test")) is None


def test_a_stem_cell_that_never_renews_goes_on_alone():
    """With self-renewal 0 each of its divisions leaves one more family of progeny, and it stays one."""
    t = one_cell(0.0, 0.9)
    lineage(t, 60)
    z, left = stemness(t), t.cells.potential[rows_of(t, "tumor")]
    (stem,) = rows_of(t, "tumor")[z >= 0.5]
    families = int(t.cells.columns.core["births"][stem])
    assert families > 3
    assert t.cells.potential[stem] == N
    # each family's cells weigh 2^left; together they are what its first cell had before it, 2^N
    assert (2.0 ** left[z < 0.5]).sum() == pytest.approx(families * 2**N)


def test_divisions_left_are_those_of_a_plain_twin():
    """Twin: a dictionary of what each cell is, kept by the rule in words, from who was born of whom."""
    t = bare({"tumor": stem_type(0.4, apoptosis=0.02)}, 48, {"tumor": [{"radius": "120 µm", "fill": 0.5}]},
             states=STEMNESS)  # fmt: skip
    twin, renewed, stem_births = {}, 0, 0
    for row in rows_of(t, "tumor"):
        twin[int(t.cells.id[row])] = int(t.cells.potential[row])
    for _ in range(40):
        t.step()
        rows = rows_of(t, "tumor")
        z = dict(zip(t.cells.id[rows].tolist(), stemness(t).tolist(), strict=True))
        mothers = t.cells.columns.core["mother"]
        for row in rows[t.cells.columns.core["born"][rows] == np.float32(t.hour)]:
            me, mother = int(t.cells.id[row]), int(mothers[row])
            if mother not in z:
                twin.pop(mother, None)
                twin[me] = int(t.cells.potential[row])  # her mother has died since
            elif z[mother] >= 0.5:
                stem_births += 1
                renewed += z[me] >= 0.5
                twin[me] = N
            else:
                assert twin[mother] > 0, "who has no division left does not divide"
                twin[mother] -= 1
                twin[me] = twin[mother]
        assert {int(i): twin[int(i)] for i in t.cells.id[rows]} == dict(
            zip(t.cells.id[rows].tolist(), t.cells.potential[rows].tolist(), strict=True)
        )
    assert stem_births > 60
    assert abs(renewed / stem_births - 0.4) < 4 * np.sqrt(0.4 * 0.6 / stem_births)


def test_whoever_becomes_stem_like_has_all_divisions_before_it():
    t = one_cell(0.0, 0.1)
    lineage(t, 150)
    spent = rows_of(t, "tumor")
    t.cells.columns.state[spent[0], 0] = 0.8
    t.step()
    assert sorted(t.cells.potential[spent]) == [0] * (2**N - 1) + [N]
    lineage(t, 60)
    assert count(t, "tumor") > 2**N


def test_a_threshold_of_zero_is_no_hierarchy():
    t = one_cell(0.0, 0.1, threshold=0.0)
    lineage(t, 72)
    assert count(t, "tumor") > 100
    assert (t.cells.potential[rows_of(t, "tumor")] == N).all()


@pytest.mark.parametrize(
    ("renewal", "divisions", "death"), [(0.55, 8, 0.2), (0.3, 4, 0.0), (0.9, 1, 0.5), (1.0, 3, 0.1)]
)
def test_the_mix_of_the_start_is_that_of_steady_growth(renewal, divisions, death):
    """Against the leading eigenvector of the linear system that its docstring tells."""
    size = divisions + 2  # stem-like; divisions … 1 left; spent
    flow = np.diag([renewal - death, *[-1.0 - death] * divisions, -death])
    flow[1, 0] += 1.0 - renewal
    for k in range(1, size - 1):
        flow[k + 1, k] += 2.0
    values, vectors = np.linalg.eig(flow)
    leading = np.abs(vectors[:, np.argmax(values.real)].real)
    np.testing.assert_allclose(ranks_of(renewal, divisions), leading / leading.sum(), rtol=1e-9, atol=1e-12)


def test_a_start_has_stem_like_cells_and_progeny_of_all_ages():
    t = bare({"tumor": stem_type(0.5)}, 128, {"densities": {"tumor": "3000 /mm²"}}, states=STEMNESS)
    left, stem = t.cells.potential[rows_of(t, "tumor")], stemness(t) >= 0.5
    shares = ranks_of(0.5, N)
    seen = np.array([stem.mean(), *[((left == k) & ~stem).mean() for k in range(N, -1, -1)]])
    assert np.abs(seen - shares).max() < 4 * np.sqrt(0.25 / left.size)


def grown(ladder, removed, seed):
    """Tumor cells after ten days, of which some were taken out before."""
    t = bare({"tumor": stem_type(0.6, 0.04, 0.008, **ladder)}, 96,
             {"tumor": [{"radius": "150 µm", "fill": 0.9}]}, states=STEMNESS, seed=seed)  # fmt: skip
    rows, z = rows_of(t, "tumor"), stemness(t)
    stem = rows[np.argsort(-z, kind="stable")][: int(ranks_of(0.6, N)[0] * rows.size * 0.9)]
    if removed == "random":
        stem = np.random.default_rng(seed).permutation(rows)[: stem.size]
    for row in stem if removed != "none" else ():
        t.kill(int(row))
    lineage(t, 240)
    return count(t, "tumor")


@pytest.mark.parametrize("on", [True, False], ids=["hierarchy", "none"])
def test_taking_out_stem_like_cells_bends_growth_where_there_is_a_hierarchy_alone(on):
    ladder = {} if on else {"threshold": 0.0}
    stem, random = (np.mean([grown(ladder, which, seed) for seed in (1, 2)]) for which in ("stem", "random"))
    if on:
        assert stem < 0.6 * random
    else:
        assert stem == pytest.approx(random, rel=0.15)


def test_hypoxia_and_cafs_shift_the_balance_towards_self_renewal():
    t = tissue("minimal", start={"densities": {"fibroblast": "300 /mm²"}}, seed=2)
    slot = t.biology.slot("tumor", "self_renewal")
    rows = rows_of(t, "tumor")
    state = t.cells.columns.state[:, t.biology.states.index("hypoxia_response")]
    state[rows] = 0.0
    t.run("sense")
    rest = t.cells.value[rows, slot].copy()
    assert rest == pytest.approx(t.catalogue.cells["tumor"].behaviors["self_renewal"].at("mouse"), rel=1e-6)
    state[rows] = 1.0
    t.run("sense")
    assert (t.cells.value[rows, slot] > rest + 0.1).all()
    state[rows] = 0.0
    y, x = int(t.cells.y[rows[0]]), int(t.cells.x[rows[0]])
    for row in rows:
        if 0 < abs(int(t.cells.y[row]) - y) + abs(int(t.cells.x[row]) - x) <= 2:
            t.cells.type[row] = t.biology.code("caf")
    t.run("sense")
    assert t.cells.value[rows[0], slot] > rest[0] + 0.05


def test_a_hierarchy_needs_a_state_self_renewal_and_divisions():
    packaged = load_catalogue()
    entry = stem_type()
    del entry["behaviors"]["self_renewal"]
    models = {kind: {} for kind in ("cells", "states", "rules", "fields", "matrix", "processes", "therapies")}
    models["cells"] = {"tumor": CellType.model_validate(entry | {"states": [], "starts": {}, "events": [],
                                                                 "heritable": {"speed": 0.1}})}  # fmt: skip
    models["processes"] = dict(packaged.processes)
    messages = " ".join(str(problem) for problem in Catalogue.build(models)[1])
    assert "there is no state of this cell type 'stemness'" in messages
    assert "needs the behavior 'self_renewal'" in messages
    assert "is for cells that divide" in messages


# Growth and EMT


def test_growth_falls_by_degrees_with_the_emt_score():
    """Monotone, no step, and nothing gained in between."""
    t = tissue("minimal", start={"densities": {}, "capillaries": "300 /mm²"}, seed=1)
    rows, slot = rows_of(t, "tumor"), t.biology.slot("tumor", "division")
    scores, rates = np.linspace(0, 1, 21), []
    for score in scores:
        t.cells.columns.state[rows, t.biology.states.index("emt")] = score
        t.run("sense")
        rates.append(float(t.cells.value[rows, slot].max()))
    falls = -np.diff(rates) / rates[0]
    assert (falls > 0).all() and falls.max() < 0.06
    assert 0.4 < rates[-1] / rates[0] < 0.6


@pytest.mark.parametrize(
    ("rule", "raises"),
    [("stiff_matrix_lets_emt", True), ("caf_contact_drives_emt", True), ("junctions_hold_epithelium", False)],
)
def test_what_puts_emt_at_the_front_goes_with_its_rule(rule, raises):
    """A cell at the edge of a nest, beside a CAF in stiff matrix: each rule off takes its part of the gain away."""
    gains = {}
    for off in ((), (rule,)):
        t = tissue("minimal", start={"densities": {}}, seed=1, off=list(off))
        rows = rows_of(t, "tumor")
        t.cells.type[rows[::3]] = t.biology.code("caf")
        t.matrix["ecm"][:] = 0.6
        t.fields["tgfb"][:] = 20.0
        t.run("sense")
        mine = rows_of(t, "tumor")
        gains[bool(off)] = t.cells.value[mine, t.biology.slot("tumor", "emt_gain")].mean()
    assert (gains[False] < gains[True]) if not raises else (gains[False] != gains[True])


# Mutation


def mutant(heritable=None):
    return tumor(division="0.1 1/h", apoptosis="0.001 1/h") | {"states": ["lost"], "heritable": heritable or {}}


LOST = {"lost": {"label": "l", "meaning": "m", "mutation": 0.05, "evidence": ["assumed: a test"]}}
def often(**changes):
    """Processes whose mutations are frequent."""
    packaged = load_catalogue().processes["mutation"].root
    return {"mutation": {name: {"value": changes[name], "source": "made up for a test"} for name in packaged}}


def mutating(heritable=None, seed=3, **options):
    entries = {
        "cells": {"tumor": mutant(heritable)}, "fields": {}, "rules": {}, "states": LOST,
        "processes": often(antigen_loss=0.1, founding=0.3),
    }  # fmt: skip
    start = {"tumor": [{"radius": "150 µm", "fill": 0.9}]}
    return OneTissue(bare_scenario(entries, 80, start), seed=seed, **options)


def test_antigens_and_functions_are_lost_at_their_rate_and_for_good():
    t = mutating()
    before = {}
    lost = changed = births = carried = intact = 0
    for _ in range(24):
        t.step()
        z = t.cells.columns.state
        rows = rows_of(t, "tumor")
        for row in rows:
            me, mother = int(t.cells.id[row]), int(t.cells.columns.core["mother"][row])
            own = int(t.cells.antigens[row, 0]), float(z[row, 0])
            if me in before:
                assert before[me] == own
            elif mother in before:
                bits, gone = before[mother]
                assert own[0] & ~bits == 0 and own[1] >= gone
                births += 1
                carried += bits.bit_count()
                lost += (bits & ~own[0]).bit_count()
                intact += gone == 0
                changed += own[1] > gone
            before[me] = own
    assert births > 500
    assert abs(lost / carried - 0.1) < 4 * np.sqrt(0.09 / carried)
    assert abs(changed / intact - 0.05) < 4 * np.sqrt(0.05 / intact)
    assert t.counters["antigens lost"] == lost and t.counters["functions lost"] == changed


def test_more_than_250_clones_have_factors_that_they_inherit():
    t = mutating({"division": 0.2, "apoptosis": 0.3})
    lineage(t, 24)
    clones = t.tissue.clones
    assert clones.mother.size > 250 and t.counters["clones founded"] == clones.mother.size
    assert (clones.mother < np.arange(clones.first, clones.last + 1)).all()
    factor = np.concatenate([np.ones((clones.first, 2), np.float32), clones.factor])
    own = np.log(factor[clones.first :] / factor[clones.mother])
    assert np.abs(own.mean(axis=0)).max() < 0.06
    np.testing.assert_allclose(own.std(axis=0), [0.2, 0.3], rtol=0.15)
    rows = rows_of(t, "tumor")
    t.step()
    slot = t.biology.slot("tumor", "division")
    mine = rows[(t.cells.columns.core["born"][rows] < t.hour - 1) & (t.cells.type[rows] != 255)]
    due = 0.1 * factor[t.cells.clone[mine].astype(int), 0]
    np.testing.assert_allclose(t.cells.value[mine, slot], due, rtol=1e-5)
    numbers = t.cells.clone[rows_of(t, "tumor")]
    assert numbers.max() <= clones.last and np.unique(numbers).size > 200


def test_clones_are_bits_of_the_state_whatever_the_rows_and_the_interruptions():
    told, shuffled, halted = (mutating({"division": 0.2}) for _ in range(3))
    lineage(told, 16)
    for step in range(16):
        shuffle_rows(shuffled, step)
        shuffled.step()
        halted.step()
        if step == 7:
            halted = halted.copy()
    assert told.tissue.clones.mother.size > 50
    assert shuffled.hash() == told.hash() and halted.hash() == told.hash()
    np.testing.assert_array_equal(halted.tissue.clones.factors, told.tissue.clones.factors)


@pytest.mark.slow
@pytest.mark.xdist_group("threads")
def test_clones_are_the_same_in_two_threads():
    one, two = mutating({"division": 0.2}), mutating({"division": 0.2}, threads=2)
    lineage(one, 12)
    lineage(two, 12)
    assert one.hash() == two.hash()


def test_when_all_numbers_are_taken_no_clone_is_founded():
    t = mutating({"division": 0.2})
    clones = t.tissue.clones
    room = MOST - clones.last
    taken = clones.found(np.zeros(room - 2, np.uint16), 0.0, np.ones((room - 2, 1)))
    assert taken.size == room - 2 and clones.last == MOST - 2
    assert clones.found(np.zeros(5, np.uint16), 0.0, np.ones((5, 1))).tolist() == [MOST - 1, MOST]
    assert clones.found(np.zeros(5, np.uint16), 0.0, np.ones((5, 1))).size == 0


def test_a_tissue_takes_in_cells_of_clones_that_it_does_not_know_without_these():
    t = mutating({"division": 0.2})
    lineage(t, 12)
    section = Section.of(t.tissue).snapshot()
    assert section.cells["clone"].max() > t.tissue.clones.first
    other = mutating({"division": 0.2}, populate=False)
    put(other.tissue, section)
    numbers = other.cells.clone[rows_of(other, "tumor")]
    assert numbers.size == count(t, "tumor") and numbers.max() < other.tissue.clones.first
    np.testing.assert_array_equal(np.sort(other.cells.id[rows_of(other, "tumor")]), section.cells["id"])


def test_visibility_has_an_upper_end_in_every_clone():
    t = tissue("minimal", start=BUSY, seed=1)
    clones = t.tissue.clones
    clones.found(np.array([1, 1], np.uint16), 0.0, np.array([[1.0, 1.0, 5.0], [1.0, 1.0, 0.5]]))
    column = t.biology.index("tumor", "visibility")
    assert clones.factors[clones.first :, column] == pytest.approx([1.0, 0.5])


def test_normal_numbers_are_normal():
    drawn = heredity.normals(np.arange(1, 4001, dtype=np.uint64), 3, key_of(1, "a test"), 7, 2)
    assert np.abs(drawn.mean(axis=0)).max() < 0.06 and np.abs(drawn.std(axis=0) - 1).max() < 0.05
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.06


def test_cells_without_mhc_are_unseen_and_felt():
    t = tissue("minimal", start=BUSY, seed=1)
    rows = rows_of(t, "tumor")
    t.cells.columns.state[rows[::2], t.biology.states.index("mhc_loss")] = 1.0
    t.fields["ifng"][:] = 1000.0  # which lifts what is not lost
    t.run("sense")
    seen = t.cells.value[rows, t.biology.slot("tumor", "visibility")]
    assert seen[::2].max() < 1e-3 < 0.3 < seen[1::2].min()
    assert "contact.mhc_loss" in t.biology.signals


def escape(ctl, seed):
    """Shares of MHC-negative and of antigen-negative cells after a week, from a fifth each."""
    start = {"tumor": [{"radius": "150 µm", "fill": 0.9}], "densities": {"ctl": ctl}, "capillaries": "200 /mm²"}
    t = tissue("minimal", start=start, seed=seed,
               set={"processes.priming.reactive_fraction": 1, "cells.tumor.hierarchy.threshold": 0})  # fmt: skip
    rows = rows_of(t, "tumor")
    t.cells.columns.state[rows[::5], t.biology.states.index("mhc_loss")] = 1.0
    t.cells.antigens[rows[2::5]] = 0
    lineage(t, 7 * 24)
    section = Section.of(t.tissue)
    return [OBSERVABLES[name](section) for name in ("mhc_loss_fraction", "antigen_negative_fraction")]


def test_escape_happens_by_selection():
    hunted, left_alone = (np.mean([escape(ctl, seed) for seed in (1, 2, 3, 4)], 0) for ctl in ("900 /mm²", "0 /mm²"))
    assert (hunted > 1.4 * left_alone).all()
    assert left_alone == pytest.approx([0.2, 0.2], abs=0.12)  # shares drift in a few hundred cells


def test_observables_of_clones():
    t = tissue("minimal", start=BUSY, seed=1)
    body = t.body
    rows = rows_of(t, "tumor")
    t.cells.clone[rows] = 1
    assert OBSERVABLES["clone_count"](body) == 1 and OBSERVABLES["clone_diversity"](body) == pytest.approx(1)
    t.cells.clone[rows[::2]] = 2
    assert OBSERVABLES["clone_count"](body) == 2
    assert OBSERVABLES["clone_diversity"](body) == pytest.approx(2, rel=0.01)
    t.cells.potential[rows] = 0
    assert OBSERVABLES["spent_fraction"](body) == 1
