"""Emergence: what nobody wrote down and yet must come out of the default tissue, over seeds. Slow.

One parameter set serves all of them. Sizes are printed (run with -s) beside what is asserted.
"""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from test_mechanisms import bald
from tissues import count, rows_of, scenario

import tmesim
from tmesim.scenario import load
from tmesim.statistics import compare_arms
from tmesim.tissue import Tissue

pytestmark = pytest.mark.slow

# no cytotoxic or helper cell, neither at the start nor from the blood, and macrophages that do not attack
ABLATED = {
    "start.densities.ctl": "0 /mm²",
    "start.densities.th1": "0 /mm²",
    "processes.blood.ctl": "0",
    "processes.blood.th1": "0",
    "processes.priming.precursors": "0 cells",
    "cells.m1.behaviors.hit_rate": "0 1/h",
}


# the same at half the time step and in a larger box, with fewer seeds
HALF_STEP = {"time.step": "30 min"}
LARGER = {"tissue.size": ["1.8 mm", "1.8 mm"]}
VARIANTS = pytest.mark.parametrize(
    ("settings", "seeds"), [({}, 6), (HALF_STEP, 7), (LARGER, 6)], ids=["default", "half_step", "larger_box"]
)


def untreated(settings, seed, days):
    """The untreated tissue after some days."""
    t = Tissue(load("untreated", set=settings), seed=seed)
    for _ in range(round(days * 24 / t.dt)):
        t.step()
    return t


def compared(name, arm, replicates=8, endpoint="tumor_burden", **options):
    """The paired comparison of one arm with the untreated on one endpoint, as a row of comparison.csv."""
    options = {"quiet": True, "figures": False, "out": tmesim.TEMPORARY} | options
    run = tmesim.run(name, replicates=replicates, arms=["untreated", arm], **options)
    table = run.comparison
    row = table[(table["endpoint"] == endpoint) & (table["arm"] == arm)].iloc[0]
    print(
        f"\n{name}/{arm} {endpoint} {options}: {row['reference_mean']:.4g} → {row['mean']:.4g}, "
        f"{row['difference']:+.4g} [{row['low']:.4g}, {row['high']:.4g}], n = {row['n']}"
    )
    return row


# Regulatory T cells


def test_treg_depletion_lowers_burden():
    row = compared("treg_depletion", "treg_depletion")
    assert row["high"] < 0
    assert row["difference"] < -0.1 * row["reference_mean"]


def test_treg_depletion_lowers_burden_at_half_the_step():
    row = compared("treg_depletion", "treg_depletion", replicates=6, set={"time.step": "30 min"})
    assert row["high"] < 0


def test_treg_depletion_lowers_burden_in_a_larger_box():
    row = compared("treg_depletion", "treg_depletion", replicates=6, set={"tissue.size": ["1.95 mm", "1.95 mm"]})
    assert row["high"] < 0


def test_without_effectors_treg_depletion_gains_nothing():
    """Equivalence: the whole interval lies within a tenth of the untreated burden."""
    row = compared("treg_depletion", "treg_depletion", set=ABLATED)
    margin = 0.1 * row["reference_mean"]
    assert -margin < row["low"] and row["high"] < margin


# PD-L1


@pytest.mark.parametrize(
    ("settings", "replicates"), [({}, 8), (HALF_STEP, 6), (LARGER, 6)], ids=["default", "half_step", "larger_box"]
)
def test_anti_pd_l1_works_where_infiltration_emerged_and_not_in_a_desert(settings, replicates):
    """The tissues differ in antigens alone; how many killers come, and what the antibody gains, emerges."""
    rows, density = {}, {}
    for name, antigens in (("inflamed", 3), ("desert", 0)):
        clones = [{"name": "founder", "share": 1.0, "antigens": antigens}]
        arms = {"untreated": {}, "anti_pd_l1": {"therapies": [{"use": "anti_pd_l1", "start": "7 d"}]}}
        plan = scenario("anti_pd_l1", start={"clones": clones}, arms=arms, endpoints=["tumor_burden", "ctl_density"])
        run = tmesim.run(plan, replicates=replicates, quiet=True, figures=False, set=settings, out=tmesim.TEMPORARY)
        table = run.comparison.set_index(["endpoint", "arm"])
        rows[name] = table.loc["tumor_burden", "anti_pd_l1"]
        density[name] = table.loc["ctl_density", "anti_pd_l1"]["reference_mean"]
        print(f"\n{name}: CTL {density[name]:.3g}/mm², burden {rows[name]['relative_change']:+.1%}", dict(rows[name]))
    desert, inflamed = rows["desert"], rows["inflamed"]
    assert density["inflamed"] > 2 * density["desert"]
    margin = 0.1 * desert["reference_mean"]
    assert -margin < desert["low"] and desert["high"] < margin
    assert inflamed["high"] < 0
    # the interaction: the relative gain differs by more than both intervals together allow
    assert inflamed["relative_high"] < desert["relative_low"]


def test_two_arms_alike_but_in_luck_differ_in_one_of_twenty_intervals():
    """Fibroblasts of the twin creep by a hundredth faster, which deals everybody's luck anew within days."""
    days, lots, each = 7, 16, 6
    arms = {"untreated": {}, "twin": {"set": {"cells.fibroblast.behaviors.speed": "0.0202 µm/min"}}}
    plan = scenario("minimal", arms=arms, reference="untreated", time={"days": days}, endpoints=["tumor_burden"])
    run = tmesim.run(plan, replicates=lots * each, quiet=True, figures=False, out=tmesim.TEMPORARY)
    a, b = (run.endpoint("tumor_burden", arm) for arm in ("untreated", "twin"))
    covered = []
    for lot in range(lots):
        part = slice(lot * each, (lot + 1) * each)
        row = compare_arms(("x",), {"a": {"x": a[part]}, "b": {"x": b[part]}}, "a")[0]
        covered.append(row.low <= 0 <= row.high)
    print(f"\n{sum(covered)} of {lots} intervals hold 0; spread: pairs {np.std(b - a):.3g}, tissues {np.std(a):.3g}")
    assert np.std(b - a) > 0.3 * np.std(a)  # luck did part
    assert sum(covered) >= stats.binom.ppf(0.005, lots, 0.95)


# Vessels


@pytest.mark.parametrize("settings", [HALF_STEP, LARGER], ids=["half_step", "larger_box"])
def test_anti_vegf_lowers_vessels_at_half_the_step_and_in_a_larger_box(settings):
    assert compared("anti_vegf", "anti_vegf", replicates=5, endpoint="vessel_density", set=settings)["high"] < 0


def test_anti_vegf_mends_vessels_before_oxygen_falls():
    """The normalization window: for two days fewer but better covered vessels hold oxygen, to 1 mmHg; then it falls."""
    run = tmesim.run(
        "anti_vegf", replicates=12, arms=["untreated", "anti_vegf"], quiet=True, figures=False, out=tmesim.TEMPORARY
    )
    series = run.timeseries.set_index(["arm", "replicate", "day"])
    change = {}
    for name in ("vessel_density", "perfused_fraction", "pericyte_cover", "tumor_oxygen", "tumor_burden"):
        pairs = (series.loc["anti_vegf"][name] - series.loc["untreated"][name]).unstack("replicate")
        for when, first, last in (("window", 7.5, 9), ("late", 19, 21)):
            change[name, when] = pairs.loc[first:last].mean().to_numpy()
            print(f"\n{name}, {when}: {change[name, when].mean():+.3g} ± {stats.sem(change[name, when]):.2g}", end="")

    def holds(name, when, alternative):
        return stats.ttest_1samp(change[name, when], 0, alternative=alternative).pvalue < 0.025

    for when in ("window", "late"):
        assert holds("vessel_density", when, "less")
        assert holds("perfused_fraction", when, "greater") and holds("pericyte_cover", when, "greater")
    assert stats.ttest_1samp(change["tumor_oxygen", "window"], -1, alternative="greater").pvalue < 0.025
    assert holds("tumor_oxygen", "late", "less") and holds("tumor_burden", "late", "less")


@VARIANTS
def test_vegf_now_predicts_sprouts_later(settings, seeds):
    """Sites of perfused segments that gain a new segment beside them within two days had more VEGF, in each tissue."""
    areas = []
    for seed in range(min(seeds, 4)):
        t = untreated(settings, seed, 8)
        vegf = t.fields["vegf"].copy()
        before = t.layers.vessel[8:-8, 8:-8] >= 0
        perfused = t.vessels.perfused.copy()
        for _ in range(round(48 / t.dt)):
            t.step()
        new = (t.layers.vessel[8:-8, 8:-8] >= 0) & ~before
        near = np.zeros_like(new)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near |= np.roll(new, (dy, dx), (0, 1))
        sprouted, quiet = vegf[perfused & near], vegf[perfused & ~near]
        assert sprouted.size > 3
        areas.append(stats.mannwhitneyu(sprouted, quiet).statistic / (sprouted.size * quiet.size))
    print(f"\nprobability that the segment that sprouts had more VEGF: {np.round(areas, 3)}")
    assert min(areas) > 0.6


# Epithelial-mesenchymal transition


@VARIANTS
def test_emt_falls_with_distance_from_cafs_and_m2_at_equal_oxygen(settings, seeds):
    """Within strata of oxygen and depth, EMT and distance correlate negatively: permutation within strata."""
    rng = np.random.default_rng(1)
    found = []
    for seed in range(seeds):
        t = untreated(settings, seed, 18)
        rows = rows_of(t, "tumor")
        y, x = t.cells.y[rows].astype(float), t.cells.x[rows].astype(float)
        sources = np.r_[rows_of(t, "caf"), rows_of(t, "m2")]
        sy, sx = t.cells.y[sources].astype(float), t.cells.x[sources].astype(float)
        distance = np.sort(np.hypot(y[:, None] - sy, x[:, None] - sx), axis=1)[:, :5].mean(axis=1)
        emt = t.cells.columns.state[rows, t.biology.states.index("emt")]
        oxygen = t.fields["oxygen"][t.cells.y[rows], t.cells.x[rows]]
        stratum = np.searchsorted(np.quantile(oxygen, np.linspace(0, 1, 9)[1:-1]), oxygen)

        def within(values, stratum=stratum, distance=distance):
            return np.mean([stats.spearmanr(values[stratum == k], distance[stratum == k])[0] for k in range(8)])

        observed = within(emt)
        shuffled = []
        for _ in range(200):
            dealt = emt.copy()
            for k in range(8):
                part = np.flatnonzero(stratum == k)
                dealt[part] = emt[rng.permutation(part)]
            shuffled.append(within(dealt))
        found.append((observed, np.mean(shuffled), np.std(shuffled)))
    # tissues are the replicates: their mean is tested against their spread, and against luck within tissues
    observed, dealt, spread = np.array(found).T
    p = stats.ttest_1samp(observed, 0, alternative="less").pvalue
    z = (observed - dealt).sum() / np.sqrt((spread**2).sum())
    print(f"\nEMT against distance, within strata of oxygen: {np.round(observed, 3)}, p = {p:.4f}, z = {z:.1f}")
    assert observed.mean() < -0.1
    assert p < 0.05 and z < -4


# Matrix


def test_cafs_thicken_the_matrix_of_the_tumor_and_feed_it():
    """Where fibroblasts cannot turn, the tumor's matrix stays thin and the tumor smaller, in pairs of one seed."""
    ends = []
    for seed in range(5):
        for off in ([], ["activated_fibroblasts_become_cafs"]):
            t = Tissue(scenario("untreated", off=off), seed=seed)
            for _ in range(18 * 24):
                t.step()
            rows = rows_of(t, "tumor")
            ends.append((t.matrix["ecm"][t.cells.y[rows], t.cells.x[rows]].mean(), rows.size, count(t, "caf")))
    ends = np.array(ends).reshape(5, 2, 3)
    print("\nmatrix of the tumor, tumor cells, CAFs, with and without:", ends.mean(axis=0).round(3).tolist())
    assert (ends[:, 1, 2] == 0).all()
    assert (ends[:, 0, 0] > 1.3 * ends[:, 1, 0]).all()
    assert stats.ttest_rel(ends[:, 0, 1], ends[:, 1, 1], alternative="greater").pvalue < 0.025


# Stem-like cells


def survivors(arm, seeds, start=7, days=5):
    """Who of the tumor cells of a day lives some days later: (stem-like, alive) bool each, over seeds."""
    stem, alive = [], []
    for seed in range(seeds):
        t = Tissue(load("combination"), seed=seed)
        t.treat(arm)
        for _ in range(start * 24):
            t.step()
        rows = rows_of(t, "tumor")
        stem.append(t.cells.columns.state[rows, t.biology.states.index("stemness")] > 0.5)
        who = t.cells.id[rows].copy()
        for _ in range(days * 24):
            t.step()
        alive.append(np.isin(who, t.cells.id[rows_of(t, "tumor")]))
    return np.concatenate(stem), np.concatenate(alive)


def test_chemotherapy_kills_and_spares_the_stem_like():
    """Of the cells of the dose's day fewer live five days later, and of the stem-like ones more than of others."""
    lives = {}
    for arm in ("untreated", "chemotherapy"):
        stem, alive = survivors(arm, seeds=6)
        lives[arm] = [[int((alive & s).sum()), int((~alive & s).sum())] for s in (stem, ~stem)]
        shares = [a / (a + d) for a, d in lives[arm]]
        print(f"\n{arm}: alive after five days, stem-like {shares[0]:.3f}, others {shares[1]:.3f}", end="")
    (spared, hit), (_, usual) = lives["chemotherapy"], lives["untreated"]
    assert stats.fisher_exact([hit, usual], alternative="less").pvalue < 0.001
    assert stats.fisher_exact([spared, hit], alternative="greater").pvalue < 0.001


# Growth


def grown(sites, seed, days=21, **parts):
    """Tumor cells, dead ones included, each half day."""
    t = Tissue(scenario("untreated", **parts), seed=seed) if sites is None else None
    if t is None:
        size = {"size": [f"{sites * 15} µm"] * 2, "spacing": "15 µm"}
        t = Tissue(scenario("untreated", tissue=size, start=CENTERED(sites), **parts), seed=seed)
    out = [count(t, "tumor") + count(t, "necrotic")]
    for hour in range(days * 24):
        t.step()
        if (hour + 1) % 12 == 0:
            out.append(count(t, "tumor") + count(t, "necrotic"))
    return np.array(out, float)


def CENTERED(sites):
    return {"tumor": [{"radius": "180 µm", "fill": 0.9, "at": [f"{sites * 7.5} µm"] * 2}]}


def gompertz(t, start, rate, fade):
    return start + rate / fade * (1 - np.exp(-fade * t))


def test_growth_slows_like_gompertz_in_the_published_range_and_not_because_of_the_box():
    """ln N bends as a Gompertz curve does; the box of 2 mm gives the same as that of 1.5 mm."""
    small = np.array([grown(None, seed) for seed in range(6)])
    large = np.array([grown(133, seed) for seed in range(6)])
    days = np.arange(small.shape[1]) / 2
    inside = np.sqrt(small.mean(axis=0) / np.pi) * 15 * 2 < 1500 / 1.7
    log = np.log(small.mean(axis=0))[inside]
    line = np.polyfit(days[inside], log, 1)
    bent, _ = curve_fit(gompertz, days[inside], log, p0=(log[0], 0.3, 0.05), bounds=([0, 0, 1e-4], [20, 5, 2]))
    n = inside.sum()
    rss = [np.sum((log - model) ** 2) for model in (np.polyval(line, days[inside]), gompertz(days[inside], *bent))]
    aic = [n * np.log(r / n) + 2 * k for r, k in zip(rss, (2, 3), strict=True)]
    # a section's area A goes with volume as A^{3/2}: a doubling of volume takes 2/3 of that of area
    area_doubling = np.log(2) / np.polyfit(days[2:14], np.log(small.mean(axis=0))[2:14], 1)[0]
    volume_doubling = area_doubling * 2 / 3
    ratio = large[:, -1].mean() / small[:, -1].mean()
    spread = np.hypot(*(x[:, -1].std(ddof=1) / np.sqrt(6) / x[:, -1].mean() for x in (small, large)))
    print(
        f"\nGompertz − exponential AIC {aic[1] - aic[0]:.1f}; volume doubles in {volume_doubling:.2f} d early on; "
        f"large/small box {ratio:.3f} ± {spread:.3f}"
    )
    assert aic[1] < aic[0] - 6
    assert 1.5 < volume_doubling < 6  # 4T1 and other mouse mammary tumors
    assert abs(ratio - 1) < max(0.12, 3 * spread)


def test_a_human_tumor_loses_most_of_its_births_and_doubles_in_the_published_time():
    """Volume doubles in 103 ± 43 days in TNBC (Ryu et al. 2014); Steel's cell loss is 0.7 to 0.95 of births."""
    weeks, doublings, losses = 9, [], []
    for seed in range(6):
        t = untreated({"host": "human"}, seed, 0)
        sizes = [count(t, "tumor") + count(t, "necrotic")]
        for _ in range(weeks):
            for _ in range(7 * 24):
                t.step()
            sizes.append(count(t, "tumor") + count(t, "necrotic"))
        doublings.append(np.polyfit(7 * np.arange(weeks + 1), np.log2(sizes), 1)[0] * 3 / 2)
        lost = t.counters["deaths.tumor"] + t.counters["changes.tumor"] + t.counters["kills"]
        losses.append(lost / t.counters["births.tumor"])
    days = 1 / np.mean(doublings)
    print(f"\nhuman: volume doubles in {days:.0f} d, loss {np.mean(losses):.3f}; 1/d: {np.round(doublings, 4)}")
    assert 60 < days < 146
    assert 0.7 < np.mean(losses) < 0.97


def test_growth_does_not_hang_on_the_time_step():
    """Mean burden after 10 days, at a step of an hour and of half: equivalent within a fifth."""
    sizes = {}
    for name, settings in (("hour", {}), ("half", HALF_STEP)):
        sizes[name] = np.array([count(untreated(settings, seed, 10), "tumor") for seed in range(8)], float)
    ratio = sizes["half"].mean() / sizes["hour"].mean()
    error = np.hypot(*(x.std(ddof=1) / np.sqrt(x.size) / x.mean() for x in sizes.values()))
    print(f"\nburden at half the step over that at an hour: {ratio:.3f} ± {error:.3f}")
    assert abs(ratio - 1) + error < 0.2


def avascular(sites, off, seed, densities=None, **parts):
    """A tumor with a radius of 500 µm, with no vessel within reach."""
    side = f"{sites * 15} µm"
    box = {"size": [side, side], "spacing": "15 µm"}
    plan = {"tumor": [{"radius": "500 µm", "fill": 0.95, "at": [f"{sites * 7.5} µm"] * 2}]}
    plan |= {"densities": densities} if densities else {}
    t = Tissue(scenario("untreated", tissue=box, start=plan, off=off, **parts), seed=seed)
    bald(t, 500)
    return t


SPROUTING = ["vegf_drives_sprouting", "il6_drives_sprouting"]


@pytest.mark.parametrize(("step", "sites"), [("30 min", 120), ("1 h", 160)], ids=["half_step", "larger_box"])
def test_the_viable_rim_hangs_neither_on_the_step_nor_on_the_box(step, sites):
    t = avascular(sites, SPROUTING, 0, time={"days": 6, "step": step})
    for _ in range(round(5 * 24 / t.dt)):
        t.step()
    print(f"\nrim {rim_width(t):.0f} µm, dead within 200 µm of the center {dead_share(t, 200):.2f}")
    assert 90 <= rim_width(t) <= 220
    assert dead_share(t, 200) > 0.85


def test_a_tumor_without_vessels_keeps_a_viable_rim_and_with_sprouting_it_grows_on():
    """T cells are left out, whose attacks differ more between tissues than vessels do."""
    none = {name: 0 for name in ("processes.blood.ctl", "processes.blood.th1", "processes.priming.precursors")}
    host = {"fibroblast": "600 /mm²", "adipocyte": "300 /mm²", "m1": "30 /mm²", "treg": "10 /mm²"}
    alive = {"sprouting": [], "none": []}
    for seed in range(4):
        for name, off in (("sprouting", []), ("none", SPROUTING)):
            t = avascular(120, off, seed, densities=host, set=none)
            for step in range(20 * 24):
                t.step()
                if step == 5 * 24 and name == "none":
                    assert 90 <= rim_width(t) <= 220
                    assert dead_share(t, 200) > 0.85
            alive[name].append(count(t, "tumor"))
    print("\nliving tumor cells after 20 days:", alive)
    gain = np.array(alive["sprouting"]) / np.array(alive["none"])
    assert stats.ttest_1samp(np.log(gain), 0, alternative="greater").pvalue < 0.025
    assert gain.mean() > 1.05


def _depth(t):
    """Tumor rows, whether each lives, and its distance from the center, µm."""
    living, dead = rows_of(t, "tumor"), rows_of(t, "necrotic")
    rows = np.r_[living, dead]
    lives = np.r_[np.ones(living.size, bool), np.zeros(dead.size, bool)]
    center = [(n - 1) / 2 for n in t.shape]
    return lives, np.hypot(t.cells.y[rows] - center[0], t.cells.x[rows] - center[1]) * t.spacing


def rim_width(t):
    """From the radius that holds 95 % of the living inward to where half of the cells live, µm."""
    lives, r = _depth(t)
    edge = np.quantile(r[lives], 0.95)
    for inner in np.arange(edge, 0, -15):
        ring = (r > inner - 15) & (r <= inner)
        if ring.any() and lives[ring].mean() < 0.5:
            return edge - inner
    return edge


def dead_share(t, radius):
    lives, r = _depth(t)
    return 1 - lives[r < radius].mean()
