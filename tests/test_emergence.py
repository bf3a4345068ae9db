"""Emergence: what nobody wrote down and yet must come out of the default tissue, over seeds. Slow.

One parameter set serves all of them. Sizes are printed (run with -s) beside what is asserted.
"""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit
from tissues import count, rows_of, scenario

import tmesim
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


def compared(name, arm, replicates=8, endpoint="tumor_burden", **options):
    """The paired comparison of one arm with the untreated on one endpoint, as a row of comparison.csv."""
    run = tmesim.run(name, replicates=replicates, arms=["untreated", arm], quiet=True, figures=False, **options)
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


def test_anti_pd_l1_works_where_infiltration_emerged_and_not_in_a_desert():
    """The tissues differ in antigens alone; how many killers come, and what the antibody gains, emerges."""
    rows, density = {}, {}
    for name, antigens in (("inflamed", 3), ("desert", 0)):
        clones = [{"name": "founder", "share": 1.0, "antigens": antigens}]
        arms = {"untreated": {}, "anti_pd_l1": {"therapies": [{"use": "anti_pd_l1", "start": "7 d"}]}}
        plan = scenario("anti_pd_l1", start={"clones": clones}, arms=arms, endpoints=["tumor_burden", "ctl_density"])
        run = tmesim.run(plan, replicates=8, quiet=True, figures=False)
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


# Vessels


def test_anti_vegf_lowers_vessels_and_later_oxygen():
    days = (3, 14)
    run = tmesim.run("anti_vegf", replicates=8, arms=["untreated", "anti_vegf"], quiet=True, figures=False)
    series = run.timeseries.set_index(["arm", "replicate", "day"])
    late = series.index.get_level_values("day").max()
    change = {}
    for name in ("vessel_density", "tumor_oxygen", "pericyte_cover"):
        a, b = (series.loc[arm].xs(late, level="day")[name] for arm in ("untreated", "anti_vegf"))
        change[name] = (b - a).to_numpy()
        print(f"\n{name}: {a.mean():.3g} → {b.mean():.3g}", days)
    assert stats.ttest_1samp(change["vessel_density"], 0, alternative="less").pvalue < 0.01
    assert stats.ttest_1samp(change["tumor_oxygen"], 0, alternative="less").pvalue < 0.05
    assert stats.ttest_1samp(change["pericyte_cover"], 0, alternative="greater").pvalue < 0.05


def test_vegf_now_predicts_sprouts_later():
    """Sites of perfused segments that gain a new segment beside them within two days had more VEGF, in each tissue."""
    areas = []
    for seed in range(4):
        t = Tissue(scenario("untreated"), seed=seed)
        for _ in range(8 * 24):
            t.step()
        vegf = t.fields["vegf"].copy()
        before = t.layers.vessel[8:-8, 8:-8] >= 0
        perfused = t.vessels.perfused.copy()
        for _ in range(48):
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


def test_emt_falls_with_distance_from_cafs_and_m2_at_equal_oxygen():
    """Within strata of oxygen and depth, EMT and distance correlate negatively: permutation within strata."""
    rng = np.random.default_rng(1)
    found = []
    for seed in range(4):
        t = Tissue(scenario("untreated"), seed=seed)
        for _ in range(18 * 24):
            t.step()
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
        found.append((observed, np.mean(np.array(shuffled) <= observed)))
    print("\nEMT against distance, within strata of oxygen:", np.round(found, 3).tolist())
    assert np.mean([r for r, _ in found]) < -0.15
    assert all(p < 0.02 for _, p in found)


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


def test_a_tumor_without_vessels_keeps_a_viable_rim_and_with_sprouting_it_grows_on():
    from test_mechanisms import bald

    alive = {}
    for name, off in (("sprouting", []), ("none", ["vegf_drives_sprouting", "il6_drives_sprouting"])):
        box = {"size": ["1.8 mm", "1.8 mm"], "spacing": "15 µm"}
        plan = {"tumor": [{"radius": "500 µm", "fill": 0.95, "at": ["900 µm", "900 µm"]}]}
        ends = []
        for seed in range(3):
            t = Tissue(scenario("untreated", tissue=box, start=plan, off=off), seed=seed)
            bald(t, 500)
            for step in range(20 * 24):
                t.step()
                if step == 5 * 24 and name == "none":
                    assert 90 <= rim_width(t) <= 220
                    assert dead_share(t, 200) > 0.85
            ends.append(count(t, "tumor"))
        alive[name] = np.array(ends)
    print("\nliving tumor cells after 20 days:", {k: v.tolist() for k, v in alive.items()})
    assert alive["sprouting"].mean() > 1.1 * alive["none"].mean()


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
