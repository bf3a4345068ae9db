"""Notebooks are stored without output, run from top to bottom in a kernel, and what their prose says is so."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

CLAIMS = {
    "first_steps": """
assert len(result.arms) == 1 and result.replicates == 2
assert means[1] < means[0]
assert 0 < len(short_of_oxygen) < len(tumor)
assert model.hour == 12
""",
    "therapy_on_and_off": """
differences = result.compare().set_index("arm")
assert differences.difference["chemotherapy"] < 0, "holds it back"
assert differences.low["without_both"] < 0 < differences.high["without_both"], "gone"
assert all(cells[arm].equals(cells["untreated"]) for arm in result.arms), "the same cell for cell"
assert result.compare(day=5).difference.eq(0).all()
days, plasma = result.series("chemotherapy_plasma", "chemotherapy")
assert plasma[0, -1] < 0.2 * plasma.max(), "it leaves the plasma"
days, burden = result.series("tumor_burden", "chemotherapy")
before, stalled = (burden[:, days == day][:, 0] for day in (5, 7))
assert (stalled < 1.2 * before).all(), "for two days it grows less"
""",
    "exploring_parameters": """
table = pd.DataFrame(ends).T
low, high = table.xs("low", level=1), table.xs("high", level=1)
assert high.tumor_burden["division"] > 2 * low.tumor_burden["division"]
assert high.hypoxic_fraction["division"] > 0.3, "a third of it is short of oxygen"
assert high.emt_mean["TGF-β"] > 1.3 * low.emt_mean["TGF-β"]
assert high.vegf_in_tumor["VEGF"] > 1.4 * low.vegf_in_tumor["VEGF"]
assert high.n_treg["Treg entry"] >= low.n_treg["Treg entry"]
assert high.pdl1_mean["PD-L1"] > 2 * low.pdl1_mean["PD-L1"]
assert (abs(high.tumor_burden / low.tumor_burden - 1).drop("division") < 0.1).all()
emt = sweep.groupby("secretion").emt_mean.mean()
assert emt.is_monotonic_increasing
assert emt[320] - emt[160] > 3 * (emt[80] - emt[20]), "little at first, then it bends upwards"
others = [name for name in table.columns if name != "pdl1_mean"]
assert high.loc["PD-L1", others].equals(low.loc["PD-L1", others]), "it changes nothing else"
before = image.value
sliders["division"].value = 0.01
assert set(seconds) == {"simulation", "picture"} and image.value[:4] == b"\\x89PNG" and image.value != before
sliders["TGF-β"].value = 600
assert "400 pM/h" in report.value, "a combination that makes no sense says why"
""",
    "your_own_rule_cell_and_drug": """
gain = fed.compare().set_index("endpoint")
assert gain.low["tumor_burden"] > 0 and gain.difference["vegf_in_tumor"] > 0, "a loop"
loss = hunted.compare().set_index("endpoint")
assert loss.difference["tumor_burden"] > 0 and loss.difference["n_car_t"] < 0
ends = [hunted.endpoint("tumor_burden", arm) for arm in ("with_killers", "depleted")]
assert (ends[0] < ends[1]).all(), "in each replicate"
assert len(killers) == hunted.endpoint("n_car_t", "with_killers")[0], "the same history as replicate 0"
kills = killers.get("kills")
assert max(kills) == best.kills and 0 in kills
assert sum(bool(cell.neighbors(cell_type="tumor")) for cell in killers) < len(killers) / 2
loss = held.compare().set_index("arm")
assert loss.high["full_dose"] < 0 and loss.difference["low_dose"] < 0
assert 0 < loss.difference["low_dose"] / loss.difference["full_dose"] < 0.35, "much less"
""",
    "seed_and_soil": """
assert set(study.arms) == set(arms) and study.replicates == 4
assert len(held) > 15 and 0.4 < sum(cell.emt for cell in held) / len(held) < 0.6
assert abs(flow.sum() - 1) < 1e-9 and (flow > 0).all()
alive = {arm: result.series("n_arrested", arm)[1][:, 4].mean() for arm in arms}
assert max(alive.values()) < 0.2 * len(held), "most cells die within two days, or are out"
emt = {seed: study.start_of(arm).injection.states.get("emt", 0.5) for seed, arm in seeds.items()}
assert emt == {"hybrid": 0.5, "epithelial": 0.1, "mesenchymal": 0.9}
assert check(solution) is None and check_ahead(int((liver > kidney).sum())) is None
for wrong in (lambda flow, growth: dict(flow), lambda flow, growth: dict(growth)):
    try:
        check(wrong)
    except AssertionError as said:
        assert str(said)
    else:
        raise ValueError("a wrong answer is told")
""",
    "why": """
for arm in ("chemotherapy", "radiation"):
    *parts, whole = why.terms(arm)
    assert whole.sure and whole.effect[0] < 0, "holds it back"
    assert abs(sum(t.effects for t in parts if t.way != "held") - whole.effects).max() < 1e-9, "it adds up"
    own = {t.cause: t for t in parts}[f"apoptosis.{arm}"]
    assert own.sure and own.effect[0] < 0, "a kind of death of its own"
gains = {t.cause: t for t in why.terms("chemotherapy") if t.way == "gain"}
assert gains["division"].effect[2] < 0, "fewer cells are born too"
where = births.set_index("zone")["mean"]
assert where["rim"] > 0.8 * where["everywhere"], "nearly all of it is rim"
first, *others = ablation.ranked()
assert first.group == "radiation" and first.sure and abs(first.effect_without).max() == 0, "the effect is gone"
assert all(abs(each.spread[0]) < 0.1 * abs(first.spread[0]) for each in others), "little or not at all"
assert {each.group: each for each in others}["pd_l1"].spread == (0, 0, 0), "exactly 0"
""",
    "what_if": """
effects = effects.set_index("dose.chemotherapy")
assert (effects.loc[0, ["from_reference", "from_reference_low", "from_reference_high"]] == 0).all(), "exactly"
assert effects.from_reference[30] < effects.from_reference[1] < 0 and effects.from_reference_high[30] < 0
assert len(two.points) == 9 and len(two.table) == 27
burden = two.effects("tumor_burden").set_index(["cells.tumor.behaviors.division", "start.capillaries"])
assert (burden["from_baseline_low"].loc[0.05] > 0).all(), "marked"
assert len(many.points) == 20 and ranking.idxmax() == "cells.tumor.behaviors.division"
assert doses.is_current and "as long as this sweep lives" in repr(doses)
""",
    "mesa_tools": """
assert all(mesa.Agent in type(cell).__mro__ for cell in model.agents)
assert len(young) < len(tumor)
assert after > 5 * before, "they move faster for it"
assert 0 < len(fibroblasts) < count
assert len(collector.get_model_vars_dataframe()) == 24
burden = table.pivot_table(index="cells__tumor__behaviors__division", columns="replicate", values="tumor_burden")
assert burden.shape == (3, 3) and burden.mean(axis=1).is_monotonic_increasing
assert 0 < len(operated.agents_by_type[TumorCell]) < len(left_alone.agents_by_type[TumorCell])
""",
}


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def run_with_claims(name):
    """The notebook with its claims as a last cell; an error in any cell is one here."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(CLAIMS[name]))
    resources = {"metadata": {"path": str(ROOT)}}
    return NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


def outputs(notebook):
    """Kinds of what the cells show."""
    return [kind for cell in notebook.cells for shown in cell.get("outputs", []) for kind in shown.get("data", ())]


def test_every_notebook_has_claims():
    assert {path.stem for path in NOTEBOOKS} == set(CLAIMS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_output_and_begins_with_its_title(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert cells(path)[0]["source"][0].startswith("# ")


def test_the_first_steps_run_and_show_cards_and_pictures():
    shown = run_with_claims("first_steps")
    assert outputs(shown).count("image/png") == 4 and outputs(shown).count("text/html") == 5
    bars = [o for cell in shown.cells for o in cell.get("outputs", []) if o.output_type == "display_data"]
    (bar,) = bars  # it has replaced itself; the quiet run shows none
    assert "2 of 2 replicates, " in bar.data["text/html"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CLAIMS if name != "first_steps"])
def test_a_notebook_runs_and_what_it_says_is_so(name):
    shown = run_with_claims(name)
    assert "image/png" in outputs(shown)
    streams = [o for cell in shown.cells for o in cell.get("outputs", []) if o.get("name") == "stderr"]
    assert streams == []
