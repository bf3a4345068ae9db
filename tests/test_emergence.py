"""Emergence: what nobody wrote down and yet must come out of the default tissue, over seeds. Slow.

Whether a treatment works is a prediction and asserted nowhere; what it must do to what it acts on is.

One parameter set serves all of them. Sizes are printed (run with -s) beside what is asserted. Three runs carry most of
it, by default, at half the time step and in a larger box: the untreated tissue and three drugs from day 7 on, which
share their first week. Each is simulated once (`histories.shared`) and looked at by every claim about that tissue.
"""

import numpy as np
import pytest
from histories import shared
from scipy import stats
from scipy.optimize import curve_fit
from test_mechanisms import bald
from tissues import OneTissue, count, rows_of, scenario

from tmesim.scenario import load
from tmesim.statistics import compare_arms

pytestmark = pytest.mark.slow

# no cytotoxic or helper cell, neither at the start nor from the blood, and nobody else who attacks
ABLATED = {
    "start.densities.ctl": "0 /mm²",
    "start.densities.th1": "0 /mm²",
    "processes.blood.ctl": "0",
    "processes.blood.th1": "0",
    "cells.ctl.primed.precursors": "0 cells",
    "cells.th1.primed.precursors": "0 cells",
    **{f"cells.{cell}.behaviors.hit_rate": "0 1/h" for cell in ("m1", "nk", "neutrophil_n1")},
}

DAYS = 21
ARMS = {"untreated": {}} | {
    arm: {"therapies": [{"use": drug, "start": "7 d"}]}
    for arm, drug in (("treg_depletion", "anti_cd25"), ("anti_pd_l1", "anti_pd_l1"), ("anti_vegf", "anti_vegf"))
}
PLAN = {
    "name": "emergence",
    "question": "What comes out that nobody wrote down?",
    "extends": "untreated",
    "time": {"snapshots": ["8 d", "10 d", "18 d"]},
    "arms": ARMS,
    "reference": "untreated",
    "endpoints": ["tumor_burden", "ctl_density", "vessel_density", "n_treg", "kills"],
}
# settings and replicates
TISSUES = {
    "default": ({}, 6),
    "half_step": ({"time.step": "30 min"}, 4),
    "larger_box": ({"tissue.size": ["1.995 mm", "1.995 mm"]}, 4),
}
# with `--dist loadgroup` all that looks at one run goes to one worker, so that no other waits for it
in_each_tissue = pytest.mark.parametrize(
    "variant", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in TISSUES]
)
in_the_default_tissue = pytest.mark.xdist_group("default")


def grown_in(variant):
    """The run of ARMS in one of TISSUES."""
    settings, replicates = TISSUES[variant]
    return shared(PLAN, set=settings, replicates=replicates)


def cells_of(shot, *names):
    """Rows of a snapshot's cells of some types."""
    return np.flatnonzero(np.isin(shot.cells["type"], [shot.types.index(name) for name in names]))


def sites_of(shot, rows):
    return shot.cells["y"][rows].astype(int), shot.cells["x"][rows].astype(int)


def nest(run, arm="untreated"):
    """Tumor cells, dead ones included, each half day: (replicates, times) float."""
    days, living = run.series("n_tumor", arm)
    return (living + run.series("n_necrotic", arm)[1])[:, np.isclose(days * 2 % 1, 0)]


def compared(run, arm, endpoint="tumor_burden"):
    """The paired comparison of one arm with the untreated on one endpoint, as a row of comparison.csv."""
    row = run.comparison.set_index(["endpoint", "arm"]).loc[endpoint, arm]
    print(
        f"\n{arm} {endpoint}: {row['reference_mean']:.4g} → {row['mean']:.4g}, "
        f"{row['difference']:+.4g} [{row['low']:.4g}, {row['high']:.4g}], n = {row['n']}"
    )
    return row


# Regulatory T cells


@in_each_tissue
def test_anti_cd25_takes_most_tregs(variant):
    run = grown_in(variant)
    compared(run, "treg_depletion")
    row = compared(run, "treg_depletion", "n_treg")
    assert row["high"] < 0 and row["mean"] < 0.6 * row["reference_mean"]


def test_without_effectors_treg_depletion_gains_nothing():
    """Equivalence: the whole interval lies within a fifth of the untreated burden, over three weeks."""
    arms = ["untreated", "treg_depletion"]
    row = compared(shared("treg_depletion", arms=arms, set=ABLATED, replicates=6, days=21), "treg_depletion")
    margin = 0.2 * row["reference_mean"]
    assert -margin < row["low"] and row["high"] < margin


# PD-L1


@in_the_default_tissue
def test_without_antigens_there_is_a_desert_and_anti_pd_l1_does_nothing_in_it():
    """The tissues differ in antigens alone; how many killers come emerges. Few pairs do in the desert: they hardly
    part, and the fewer they are, the harder it is to show that they do not."""
    variant = "default"
    settings, _ = TISSUES[variant]
    barren = PLAN | {
        "start": {"clones": [{"name": "founder", "share": 1.0, "antigens": 0}]},
        "arms": {arm: ARMS[arm] for arm in ("untreated", "anti_pd_l1")},
    }
    runs = grown_in(variant), shared(barren, set=settings, replicates=4)
    inflamed, desert = (compared(run, "anti_pd_l1") for run in runs)
    came, stayed_away = (compared(run, "anti_pd_l1", "ctl_density")["reference_mean"] for run in runs)
    print(f"\nanti-PD-L1 where infiltration emerged: {inflamed['relative_low']:.3f} to {inflamed['relative_high']:.3f}")
    assert came > 1.5 * stayed_away
    margin = 0.1 * desert["reference_mean"]
    assert -margin < desert["low"] and desert["high"] < margin


def test_two_arms_alike_but_in_luck_differ_in_one_of_twenty_intervals():
    """CTL of the twin are a bit faster and its tumor cells creep twice as fast, which deals all luck anew."""
    lots, each = 16, 4
    speeds = {"cells.ctl.behaviors.speed": "x1.02", "cells.tumor.behaviors.speed": "x2"}
    arms = {"untreated": {}, "twin": {"set": speeds}}
    plan = {"name": "twins", "question": "Is luck all?", "extends": "minimal", "time": {"days": 7}, "arms": arms}
    run = shared(plan, replicates=lots * each)
    a, b = (run.endpoint("tumor_burden", arm) for arm in arms)
    covered = []
    for lot in range(lots):
        part = slice(lot * each, (lot + 1) * each)
        row = compare_arms(("x",), {"a": {"x": a[part]}, "b": {"x": b[part]}}, "a")[0]
        covered.append(row.low <= 0 <= row.high)
    print(f"\n{sum(covered)} of {lots} intervals hold 0; spread: pairs {np.std(b - a):.3g}, tissues {np.std(a):.3g}")
    assert np.std(b - a) > 0.3 * np.std(a)  # luck did part
    assert sum(covered) >= stats.binom.ppf(0.005, lots, 0.95)


# Vessels


@in_each_tissue
def test_anti_vegf_lowers_vessels(variant):
    row = compared(grown_in(variant), "anti_vegf", "vessel_density")
    assert row["high"] < 0 if variant == "default" else row["difference"] < 0


@in_the_default_tissue
def test_anti_vegf_mends_vessels():
    """The normalization window: for two days better covered vessels hold oxygen, to 1 mmHg; later there are fewer."""
    run = grown_in("default")
    change = {}
    for name in ("vessel_density", "perfused_fraction", "pericyte_cover", "tumor_oxygen", "tumor_burden"):
        days, treated = run.series(name, "anti_vegf")
        pairs = treated - run.series(name, "untreated")[1]
        for when, first, last in (("window", 7.5, 9), ("late", 19, 21)):
            change[name, when] = pairs[:, (first <= days) & (days <= last)].mean(axis=1)
            print(f"\n{name}, {when}: {change[name, when].mean():+.3g} ± {stats.sem(change[name, when]):.2g}", end="")

    def holds(name, when, alternative):
        return stats.ttest_1samp(change[name, when], 0, alternative=alternative).pvalue < 0.025

    assert holds("vessel_density", "late", "less")
    for when in ("window", "late"):
        assert holds("perfused_fraction", when, "greater") and holds("pericyte_cover", when, "greater")
    assert stats.ttest_1samp(change["tumor_oxygen", "window"], -1, alternative="greater").pvalue < 0.025


@in_each_tissue
def test_vegf_now_predicts_sprouts_later(variant):
    """Sites of perfused segments that gain a new segment beside them within two days had more VEGF, in each tissue."""
    run, areas, number = grown_in(variant), [], 0
    for replicate in range(run.replicates):
        now, later = (run.snapshot(day, replicate=replicate) for day in (8, 10))
        vegf, perfused = now.maps["field.vegf"], now.maps["vessels.perfused"]
        before, after = (np.zeros(vegf.shape, bool) for _ in range(2))
        for segments, shot in ((before, now), (after, later)):
            segments[sites_of(shot, cells_of(shot, "endothelial"))] = True
        new = after & ~before
        near = np.zeros_like(new)
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                near |= np.roll(new, (dy, dx), (0, 1))
        sprouted, quiet = vegf[perfused & near], vegf[perfused & ~near]
        number += sprouted.size
        if sprouted.size:
            areas.append(stats.mannwhitneyu(sprouted, quiet).statistic / (sprouted.size * quiet.size))
    print(f"\nprobability that the segment that sprouts had more VEGF: {np.round(areas, 3)}")
    assert min(areas) > 0.6
    assert number > 3 * run.replicates and len(areas) > run.replicates / 2


# Epithelial-mesenchymal transition


@in_each_tissue
def test_emt_falls_with_distance_from_cafs_and_m2_at_equal_oxygen(variant):
    """Within strata of oxygen and depth, EMT and distance correlate negatively: permutation within strata."""
    rng = np.random.default_rng(1)
    run, found = grown_in(variant), []
    for replicate in range(run.replicates):
        shot = run.snapshot(18, replicate=replicate)
        rows = cells_of(shot, "tumor")
        y, x = sites_of(shot, rows)
        sy, sx = sites_of(shot, cells_of(shot, "caf", "m2"))
        distance = np.sort(np.hypot(y[:, None] - sy, x[:, None] - sx), axis=1)[:, :5].mean(axis=1)
        emt, oxygen = shot.cells["state.emt"][rows], shot.maps["field.oxygen"][y, x]
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


@in_the_default_tissue
def test_cafs_thicken_the_matrix_of_the_tumor():
    """Where fibroblasts cannot turn, the tumor's matrix stays thin, in pairs of one seed."""
    plan = PLAN | {"arms": {"untreated": {}}, "off": ["activated_fibroblasts_become_cafs"]}
    without = shared(plan, days=18, replicates=4)
    ends = []
    for replicate in range(4):
        for run in (grown_in("default"), without):
            shot = run.snapshot(18, replicate=replicate)
            rows = cells_of(shot, "tumor")
            ends.append((shot.maps["matrix.ecm"][sites_of(shot, rows)].mean(), rows.size, cells_of(shot, "caf").size))
    ends = np.array(ends).reshape(4, 2, 3)
    print("\nmatrix of the tumor, tumor cells, CAFs, with and without:", ends.mean(axis=0).round(3).tolist())
    assert (ends[:, 1, 2] == 0).all()
    assert (ends[:, 0, 0] > 1.3 * ends[:, 1, 0]).all()


# Stem-like cells


def survivors(seeds, start=7, days=5):
    """Who of the tumor cells of a day lives some days later, untreated and dosed on that day: stem-like (cells,) bool
    and, for each arm, alive (cells,) bool."""
    stem, alive = [], {"untreated": [], "chemotherapy": []}
    for seed in range(seeds):
        t = OneTissue(load("combination"), seed=seed)
        for _ in range(start * 24):
            t.step()
        rows = rows_of(t, "tumor")
        stem.append(t.cells.columns.state[rows, t.biology.states.index("stemness")] > 0.5)
        who = t.cells.id[rows].copy()
        for arm, lives in alive.items():
            branch = t.copy()
            branch.treat(arm)
            for _ in range(days * 24):
                branch.step()
            lives.append(np.isin(who, branch.cells.id[rows_of(branch, "tumor")]))
    return np.concatenate(stem), {arm: np.concatenate(lives) for arm, lives in alive.items()}


def test_chemotherapy_kills_and_spares_the_stem_like():
    """Of the cells of the dose's day fewer live five days later, and of the stem-like ones more than of others."""
    stem, later = survivors(seeds=12)
    lives = {}
    for arm, alive in later.items():
        lives[arm] = [[int((alive & s).sum()), int((~alive & s).sum())] for s in (stem, ~stem)]
        shares = [a / (a + d) for a, d in lives[arm]]
        print(f"\n{arm}: alive after five days, stem-like {shares[0]:.3f}, others {shares[1]:.3f}", end="")
    (spared, hit), (_, usual) = lives["chemotherapy"], lives["untreated"]
    assert stats.fisher_exact([hit, usual], alternative="less").pvalue < 0.001
    assert stats.fisher_exact([spared, hit], alternative="greater").pvalue < 0.001


# Growth


def gompertz(t, start, rate, fade):
    return start + rate / fade * (1 - np.exp(-fade * t))


@in_the_default_tissue
def test_growth_slows_like_gompertz_in_the_published_range():
    """ln N bends as a Gompertz curve does."""
    sizes = nest(grown_in("default")).mean(axis=0)
    days = np.arange(sizes.size) / 2
    inside = np.sqrt(sizes / np.pi) * 15 * 2 < 1500 / 1.7
    log = np.log(sizes)[inside]
    line = np.polyfit(days[inside], log, 1)
    bent, _ = curve_fit(gompertz, days[inside], log, p0=(log[0], 0.3, 0.05), bounds=([0, 0, 1e-4], [20, 5, 2]))
    n = inside.sum()
    rss = [np.sum((log - model) ** 2) for model in (np.polyval(line, days[inside]), gompertz(days[inside], *bent))]
    aic = [n * np.log(r / n) + 2 * k for r, k in zip(rss, (2, 3), strict=True)]
    # a section's area A goes with volume as A^{3/2}: a doubling of volume takes 2/3 of that of area
    volume_doubling = np.log(2) / np.polyfit(days[2:14], np.log(sizes)[2:14], 1)[0] * 2 / 3
    print(f"\nGompertz − exponential AIC {aic[1] - aic[0]:.1f}; volume doubles in {volume_doubling:.2f} d early on")
    assert aic[1] < aic[0] - 6
    assert 3 < volume_doubling < 15  # 8 to 13 days in spontaneous mouse mammary tumors, faster in 4T1


@pytest.mark.xdist_group("larger_box")
def test_growth_does_not_hang_on_the_box():
    """Nests after three weeks in a box of 2 mm and in that of 1.5 mm."""
    small, large = (nest(grown_in(name))[:, -1] for name in ("default", "larger_box"))
    ratio = large.mean() / small.mean()
    spread = relative_error(small, large)
    print(f"\nlarge/small box {ratio:.3f} ± {spread:.3f}")
    assert abs(ratio - 1) < max(0.12, 3 * spread)


def relative_error(*samples):
    """Of the ratio of their means."""
    return np.hypot(*(x.std(ddof=1) / np.sqrt(x.size) / x.mean() for x in samples))


def test_a_human_tumor_loses_most_of_its_births_and_doubles_in_the_published_time():
    """Volume doubles in 103 ± 43 days in TNBC (Ryu et al. 2014); Steel's cell loss is 0.7 to 0.95 of births."""
    weeks, doublings, losses = 9, [], []
    for seed in range(4):
        t = OneTissue(load("chemotherapy"), seed=seed)
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


@pytest.mark.xdist_group("half_step")
def test_growth_does_not_hang_on_the_time_step():
    """Mean burden after 10 days, at a step of an hour and of half: equivalent within a fifth."""
    hour, half = (grown_in(name).at_day("tumor_burden", "untreated", 10) for name in ("default", "half_step"))
    ratio, error = half.mean() / hour.mean(), relative_error(hour, half)
    print(f"\nburden at half the step over that at an hour: {ratio:.3f} ± {error:.3f}")
    assert abs(ratio - 1) + error < 0.2


def avascular(sites, off, seed, densities=None, **parts):
    """A tumor with a radius of 500 µm, with no vessel within reach."""
    side = f"{sites * 15} µm"
    box = {"size": [side, side], "spacing": "15 µm"}
    plan = {"tumor": [{"radius": "500 µm", "fill": 0.95, "at": [f"{sites * 7.5} µm"] * 2}]}
    plan |= {"densities": densities} if densities else {}
    t = OneTissue(scenario("untreated", tissue=box, start=plan, off=off, **parts), seed=seed)
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


def test_a_tumor_without_vessels_keeps_a_viable_rim():
    """T cells are left out, whose attacks differ more between tissues than vessels do."""
    none = {f"cells.{cell}.primed.precursors": 0 for cell in ("ctl", "th1")}
    none |= {name: 0 for name in ("processes.blood.ctl", "processes.blood.th1")}
    host = {"fibroblast": "400 /mm²", "adipocyte": "420 /mm²", "m1": "30 /mm²", "treg": "10 /mm²"}
    for seed in range(3):
        t = avascular(120, SPROUTING, seed, densities=host, set=none)
        for _ in range(5 * 24):
            t.step()
        assert 90 <= rim_width(t) <= 220
        assert dead_share(t, 200) > 0.85


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
