"""What a run reports: named numbers, each read off a tissue at one moment.

The mapping is explicit. Fixed entries stand in `OBSERVABLES`; `observables_of` adds one count per cell type, one
mean per field and three levels per therapy of a catalogue. A number that has no meaning at the moment (the oxygen of
the tumor when no tumor cell lives) is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.observables.look import RIM_UM, Reading, around

if TYPE_CHECKING:
    from tmesim.tissue import Tissue

__all__ = ["HYPOXIC_MMHG", "LOOKED_BACK", "OBSERVABLES", "Observable", "Reading", "around", "measure", "observables_of",
           "to_look_back"]  # fmt: skip

NAN = math.nan

HYPOXIC_MMHG = 10.0
"""Below this a tumor cell counts as hypoxic, mmHg; the usual limit of electrode studies (Vaupel et al. 2007 Antioxid
Redox Signal 9:1221, doi:10.1089/ars.2007.1628)."""


@dataclass(frozen=True)
class Observable:
    """A named number of a tissue: what it is called, its unit, what it means and how it is read."""

    name: str
    label: str
    unit: str
    meaning: str
    function: Callable[[Reading], float]

    def __call__(self, tissue: Tissue) -> float:
        return float(self.function(Reading(tissue)))


def mean(values: np.ndarray) -> float:
    return float(values.mean(dtype=np.float64)) if values.size else NAN


def ratio(part: float, whole: float) -> float:
    return part / whole if whole else NAN


def mean_state(state: str, *cells: str) -> Callable[[Reading], float]:
    return lambda look: mean(np.concatenate([look.state(state, cell) for cell in cells]))


def count_of(cell: str) -> Callable[[Reading], float]:
    return lambda look: float(look.count(cell))


def counter_of(name: str) -> Callable[[Reading], float]:
    return lambda look: look.counter(name)


def tumor_oxygen(look: Reading) -> float:
    values = oxygen_of_tumor(look)
    return float(np.median(values)) if values.size else NAN


def oxygen_of_tumor(look: Reading) -> np.ndarray:
    if "oxygen" not in look.tissue.fields:
        return np.empty(0)
    return look.tissue.fields["oxygen"][look.sites("tumor")]


def hypoxic_fraction(look: Reading) -> float:
    values = oxygen_of_tumor(look)
    return ratio(int(np.count_nonzero(values < HYPOXIC_MMHG)), values.size)


def necrotic_fraction(look: Reading) -> float:
    return ratio(look.count("necrotic"), look.count("necrotic", "tumor"))


def tumor_area(look: Reading) -> float:
    return look.region_mm2


def tumor_radius(look: Reading) -> float:
    return math.sqrt(look.region_mm2 / math.pi) * 1000.0


def growth_rate(look: Reading) -> float:
    now, then = look.count("tumor"), 0.0 if look.before is None else look.before["n_tumor"]
    return ratio(math.log(now / then), look.days_since) if now and then else NAN


def vessel_density(look: Reading) -> float:
    return ratio(int(np.count_nonzero(look.tissue.vessels.perfused & look.region)), look.region_mm2)


def perfused_fraction(look: Reading) -> float:
    y, x = look.sites("endothelial")
    inside = look.region[y, x]
    return ratio(int(np.count_nonzero(look.tissue.vessels.perfused[y, x] & inside)), int(np.count_nonzero(inside)))


def pericyte_cover(look: Reading) -> float:
    return mean(look.state("pericytes", "endothelial")[look.region[look.sites("endothelial")]])


def emt_high_fraction(look: Reading) -> float:
    emt = look.state("emt", "tumor")
    return ratio(int(np.count_nonzero(emt > 0.5)), emt.size)


def stem_like_fraction(look: Reading) -> float:
    stemness = look.state("stemness", "tumor")
    return ratio(int(np.count_nonzero(stemness > 0.5)), stemness.size)


def ctl_density(look: Reading) -> float:
    return ratio(look.within("ctl"), look.region_mm2)


def ctl_infiltration(look: Reading) -> float:
    return ratio(look.within("ctl"), look.count("ctl"))


def ctl_to_treg(look: Reading) -> float:
    return (look.within("ctl") + 0.5) / (look.within("treg") + 0.5) if look.region_sites.size else NAN


def engaged_ctl(look: Reading) -> float:
    return mean((look.tissue.cells.target[look.rows("ctl")] != 0).astype(np.float32))


def kills_per_ctl(look: Reading) -> float:
    if look.before is None:
        return NAN
    attackers = 0.5 * (look.count("ctl") + look.before["n_ctl"])
    return ratio(look.counter("kills") - look.before["kills"], attackers * look.days_since)


def recruited(look: Reading) -> float:
    return float(sum(v for name, v in look.tissue.counters.items() if name.startswith("recruited.")))


def m2_share(look: Reading) -> float:
    return ratio(look.count("m2"), look.count("m1", "m2"))


def caf_share(look: Reading) -> float:
    return ratio(look.count("caf"), look.count("caf", "fibroblast"))


def ecm_rim(look: Reading) -> float:
    return mean(look.tissue.matrix["ecm"].ravel()[look.rim_sites]) if "ecm" in look.tissue.matrix else NAN


def ecm_in_tumor(look: Reading) -> float:
    return mean(look.tissue.matrix["ecm"].ravel()[look.region_sites]) if "ecm" in look.tissue.matrix else NAN


def region_fraction(look: Reading) -> float:
    return look.region_sites.size / look.region.size


def edge_contact(look: Reading) -> float:
    border = np.ones(look.region.shape, bool)
    border[1:-1, 1:-1] = False
    return float(look.region[border].mean())


def field_in_tumor(field: str) -> Callable[[Reading], float]:
    def read(look: Reading) -> float:
        values = look.tissue.fields.get(field)
        return NAN if values is None else mean(values.ravel()[look.region_sites])

    return read


def drug_level(therapy: str, level: str) -> Callable[[Reading], float]:
    """A level of a therapy; zero in an arm that does not give it."""

    def read(look: Reading) -> float:
        try:
            return float(look.tissue.drug(therapy)[level])
        except KeyError:
            return 0.0

    return read


def _fixed() -> Iterable[Observable]:
    yield Observable("tumor_burden", "tumor cells", "cells", "Living tumor cells in the patch.", count_of("tumor"))
    yield Observable(
        "growth_rate", "net growth of the tumor", "1/day",
        "Change of the logarithm of the tumor burden over the last day.", growth_rate,
    )  # fmt: skip
    yield Observable(
        "tumor_area", "tumor area", "mm²",
        "Area within the tumor: sites around which a third of the sites within 30 µm hold tumor or necrosis.",
        tumor_area,
    )  # fmt: skip
    yield Observable("tumor_radius", "tumor radius", "µm", "Radius of the disk of the tumor's area.", tumor_radius)
    yield Observable(
        "necrotic_fraction", "necrotic fraction", "fraction",
        "Necrotic cells among necrotic and living tumor cells.", necrotic_fraction,
    )  # fmt: skip
    yield Observable(
        "hypoxic_fraction", "hypoxic fraction", "fraction",
        f"Tumor cells at less than {HYPOXIC_MMHG:g} mmHg of oxygen.", hypoxic_fraction,
    )  # fmt: skip
    yield Observable(
        "tumor_oxygen", "oxygen of tumor cells", "mmHg", "Median oxygen at the sites of tumor cells.", tumor_oxygen
    )
    yield Observable(
        "vessel_density", "perfused vessels in the tumor", "1/mm²",
        "Perfused vessel sites within the tumor, for each mm² of it.", vessel_density,
    )  # fmt: skip
    yield Observable(
        "perfused_fraction", "perfused share of vessels", "fraction",
        "Share of the endothelial segments within the tumor that carry flow.", perfused_fraction,
    )  # fmt: skip
    yield Observable(
        "pericyte_cover", "pericyte cover", "score 0-1",
        "Mean pericyte cover of the endothelial segments within the tumor.", pericyte_cover,
    )  # fmt: skip
    yield Observable("emt_mean", "EMT score", "score 0-1", "Mean EMT score of tumor cells.", mean_state("emt", "tumor"))
    yield Observable(
        "emt_high_fraction", "mesenchymal share", "fraction", "Tumor cells with an EMT score above 0.5.",
        emt_high_fraction,
    )  # fmt: skip
    yield Observable(
        "stemness_mean", "stemness", "score 0-1", "Mean stemness of tumor cells.", mean_state("stemness", "tumor")
    )
    yield Observable(
        "stem_like_fraction", "stem-like share", "fraction", "Tumor cells with a stemness above 0.5.",
        stem_like_fraction,
    )  # fmt: skip
    yield Observable(
        "pdl1_mean", "PD-L1 of tumor cells", "score 0-1", "Mean PD-L1 of tumor cells.", mean_state("pdl1", "tumor")
    )
    yield Observable(
        "ctl_density", "cytotoxic T cells in the tumor", "1/mm²",
        "Cytotoxic T cells within the tumor, for each mm² of it.", ctl_density,
    )  # fmt: skip
    yield Observable(
        "ctl_infiltration", "infiltrating share of cytotoxic T cells", "fraction",
        "Share of the cytotoxic T cells of the patch that are within the tumor.", ctl_infiltration,
    )  # fmt: skip
    yield Observable(
        "ctl_to_treg", "ratio of cytotoxic to regulatory T cells", "ratio",
        "Cytotoxic for each regulatory T cell within the tumor; half a cell is added to both counts, "
        "so that it is defined without regulatory cells.", ctl_to_treg,
    )  # fmt: skip
    yield Observable(
        "engaged_ctl",
        "engaged share of cytotoxic T cells",
        "fraction",
        "Share of the cytotoxic T cells that hold a target now.",
        engaged_ctl,
    )
    yield Observable(
        "exhaustion_mean", "exhaustion of cytotoxic T cells", "score 0-1", "Mean exhaustion of cytotoxic T cells.",
        mean_state("exhaustion", "ctl"),
    )  # fmt: skip
    yield Observable(
        "kills", "cells killed", "cells", "Cells killed by attackers since the start.", counter_of("kills")
    )
    yield Observable(
        "kills_per_ctl", "kills per cytotoxic T cell", "1/day",
        "Cells killed over the last day for each cytotoxic T cell of the patch.", kills_per_ctl,
    )  # fmt: skip
    yield Observable(
        "tumor_births", "tumor cells born", "cells", "Divisions of tumor cells since the start.",
        counter_of("births.tumor"),
    )  # fmt: skip
    yield Observable(
        "tumor_deaths", "apoptotic tumor cells", "cells",
        "Tumor cells that died by apoptosis since the start; killed and necrotic ones count elsewhere.",
        counter_of("deaths.tumor"),
    )  # fmt: skip
    yield Observable(
        "tumor_necroses", "tumor cells gone necrotic", "cells", "Tumor cells that became necrotic since the start.",
        counter_of("changes.tumor"),
    )  # fmt: skip
    yield Observable("births", "births", "cells", "Cells of all types born since the start.", counter_of("births"))
    yield Observable(
        "deaths", "deaths", "cells", "Cells of all types that died or were cleared since the start, save the killed.",
        counter_of("deaths"),
    )  # fmt: skip
    yield Observable("recruited", "recruited cells", "cells", "Cells that entered through vessels.", recruited)
    yield Observable("m2_share", "M2 share of macrophages", "fraction", "M2 among M1 and M2 macrophages.", m2_share)
    yield Observable(
        "caf_share", "cancer-associated share of fibroblasts", "fraction", "CAF among fibroblasts and CAF.", caf_share
    )
    yield Observable(
        "ecm_in_tumor", "matrix in the tumor", "density 0-1",
        "Mean density of the extracellular matrix within the tumor.", ecm_in_tumor,
    )  # fmt: skip
    yield Observable(
        "ecm_rim", "matrix in the rim", "density 0-1",
        f"Mean density of the extracellular matrix within {RIM_UM:g} µm outside the tumor.", ecm_rim,
    )  # fmt: skip
    yield Observable(
        "region_fraction", "share of the patch that the tumor covers", "fraction",
        "Area within the tumor over the area of the patch.", region_fraction,
    )  # fmt: skip
    yield Observable(
        "edge_contact", "share of the patch's edge that the tumor reaches", "fraction",
        "Share of the outermost sites of the patch that lie within the tumor.", edge_contact,
    )  # fmt: skip


OBSERVABLES: Mapping[str, Observable] = {o.name: o for o in _fixed()}


def observables_of(catalogue: Any, therapies: Iterable[str] = ()) -> dict[str, Observable]:
    """Every observable of a catalogue's cell types and fields, and of the therapies given, as the tables have them."""
    table = dict(OBSERVABLES)

    def add(name: str, label: str, unit: str, meaning: str, function: Callable[[Reading], float]) -> None:
        table[name] = Observable(name, label, unit, meaning, function)

    for name, cell in catalogue.cells.items():
        add(f"n_{name}", f"{cell.label} count", "cells", f"Living cells of the type {name}.", count_of(name))
    for name, field in catalogue.fields.items():
        add(f"{name}_in_tumor", f"{field.label} in the tumor", field.unit,
            f"Mean of the field {name} over the sites within the tumor.", field_in_tumor(name))  # fmt: skip
    for name in therapies:
        add(f"{name}_plasma", f"{name} in plasma", "nM", f"Concentration of {name} in plasma.",
            drug_level(name, "plasma"))  # fmt: skip
        add(f"{name}_tissue", f"{name} in tissue", "nM", f"Concentration of {name} in the tissue.",
            drug_level(name, "tissue"))  # fmt: skip
        add(f"{name}_occupancy", f"occupancy by {name}", "fraction", f"Share of its targets that {name} occupies.",
            drug_level(name, "occupancy"))  # fmt: skip
    return table


LOOKED_BACK = ("hour", "n_tumor", "n_ctl", "kills")
"""What rates of change need of an earlier moment."""


def to_look_back(tissue: Tissue) -> dict[str, float]:
    """The numbers of LOOKED_BACK now."""
    look = Reading(tissue)
    return {"hour": look.hour, "n_tumor": look.count("tumor"), "n_ctl": look.count("ctl"),
            "kills": look.counter("kills")}  # fmt: skip


def measure(
    tissue: Tissue, observables: Mapping[str, Observable], before: Mapping[str, float] | None = None
) -> dict[str, float]:
    """One row: `hour`, then every observable by name. before : `to_look_back` of a day ago, for rates of change."""
    look = Reading(tissue, before)
    return {"hour": look.hour} | {name: float(o.function(look)) for name, o in observables.items()}
