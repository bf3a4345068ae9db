"""What a cell gives and takes is its own: the same on sites of 10, 15 and 20 µm, and so are the fields of a tissue."""

import numpy as np
import pytest
from tissues import OneTissue, bare, tumor

from tmesim.kernels.arrays import SITE_UM
from tmesim.scenario import read_text

SPACINGS = (10.0, 15.0, 20.0)
PATCH = """
name: patch
host: mouse
question: Do fields hang on the sites?
tissue: {{size: [600 µm, 600 µm], spacing: {spacing} µm}}
start:
  tumor: {{radius: 150 µm, fill: {fill}}}
  densities: {{fibroblast: 300 /mm², ctl: 60 /mm², m1: 40 /mm²}}
  capillaries: 120 /mm²
  ecm: 0.2
time: {{days: 1}}
arms: {{untreated: {{}}}}
"""


def secretor(spacing):
    """A few cells that secrete and take up at constant rates, on a patch of 600 µm."""
    number = {"source": "assumed: test"}
    field = {
        "edge": {"kind": "zero_flux"}, "unit": "pM", "evidence": "assumed: test",
        "diffusion": number | {"value": 1e5, "unit": "µm²/h"}, "decay": number | {"value": 1, "unit": "1/h"},
    }  # fmt: skip
    cell = tumor(secretion__vegf="70 pM/h", uptake__vegf="3 1/h", uptake__oxygen="500 mmHg/h")
    fields = {
        "vegf": field,
        "oxygen": field | {"unit": "mmHg", "kinetics": "michaelis_menten",
                           "half_max": number | {"value": 1, "unit": "mmHg"}},
    }  # fmt: skip
    sites = round(600 / spacing)
    t = bare({"tumor": cell}, sites, fields=fields, tissue={"size": ["600 µm"] * 2, "spacing": f"{spacing} µm"})
    for x in range(0, sites, max(sites // 6, 1)):
        t.spawn("tumor", sites // 2, x)
    t.run("treat")
    t.run("sense")
    return t


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_cell_gives_and_takes_the_same_amount_on_any_site(spacing):
    """Σ over sites of (rate × area × thickness of the section) / cells is the catalogue's rate in a site of 15 µm."""
    t = secretor(spacing)
    cells = t.cells.rows.size
    area = (spacing / SITE_UM) ** 2
    vegf, oxygen = t.solver.index("vegf"), t.solver.vmax_row[t.solver.index("oxygen")]
    assert t.solver.source[vegf].sum(dtype=float) * area / cells == pytest.approx(70, rel=1e-5)
    assert (t.solver.loss[vegf].astype(float) - 1).sum() * area / cells == pytest.approx(3, rel=1e-5)
    assert t.solver.vmax[oxygen].sum(dtype=float) * area / cells == pytest.approx(500, rel=1e-5)


def levels(spacing, seeds=3):
    """Means of the fields over the disk of the tumor and over the patch; the same cells for each mm²."""
    found = {}
    for seed in range(seeds):
        text = PATCH.format(spacing=spacing, fill=0.5 * (spacing / 15) ** 2)
        t = OneTissue(read_text(text), seed=seed)
        y, x = (np.indices(t.shape) + 0.5) * spacing - 300
        inside = np.hypot(y, x) <= 150
        for name, field in t.fields.items():
            found.setdefault((name, "inside"), []).append(float(field[inside].mean()))
            found.setdefault((name, "everywhere"), []).append(float(field.mean()))
    return {key: np.mean(values) for key, values in found.items()}


MARGIN = {"oxygen": 0.05, "vegf": 0.07, "tgfb": 0.07, "ccl2": 0.07, "il6": 0.15, "cxcl12": 0.15}
"""What may differ. IL-6 and CXCL12 come from some hundred fibroblasts, placed by chance; the others from thousands of
cells. CXCL9 is left out: those who make it depend on whom they touch, which is counted in sites."""


@pytest.mark.parametrize("spacing", [10.0, 20.0])
def test_fields_are_the_same_on_other_sites(spacing):
    """Before, secretion for each cell was × 0.44 at 10 µm and × 1.8 at 20 µm."""
    usual, other = levels(15.0), levels(spacing)
    ratios = {key: other[key] / usual[key] for key in usual if key[0] in MARGIN}
    print(f"\n{spacing:g} µm:", {f"{name} {where}": round(ratio, 3) for (name, where), ratio in ratios.items()})
    assert len(ratios) == 2 * len(MARGIN)
    for (name, where), ratio in ratios.items():
        assert abs(np.log(ratio)) < MARGIN[name], (name, where, ratio)


def test_vessels_exchange_and_admit_by_their_length():
    """A capillary that crosses the section counts whole on any site; one that lies in it by the site's length."""
    for spacing in SPACINGS:
        text = PATCH.format(spacing=spacing, fill=0.1)
        t = OneTissue(read_text(text), seed=1)
        assert (t.vessels.length[t.vessels.root] == 1).all()
        assert t.vessels.length[~t.vessels.root] == pytest.approx(spacing / 15, rel=1e-6)
        assert (t.copy().vessels.length == t.vessels.length).all()
