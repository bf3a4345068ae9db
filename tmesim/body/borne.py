"""Borne: what the primary tumor adds to the blood of the organs beside it, such as exosomes.

    level = primary · cells of its lesion / full_grown

What the blood carries so is gone within minutes, so that a step of an hour has the level of the lesion as it is then.
The lesion holds as many cells as its patch times `lesion_over_section`. Lesions in the organs add nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tmesim.tissue.lesion import lesion_over_section

if TYPE_CHECKING:
    from tmesim.catalogue import Catalogue
    from tmesim.scenario import Start
    from tmesim.tissue import Tissue


def borne_by(tissue: Tissue, start: Start, catalogue: Catalogue, host: str) -> dict[str, float]:
    """Levels by the name of the field, of a primary in its tissue; none where no organ is beside it."""
    if not (start.organs and start.has_primary):
        return {}
    known = {}
    for name, field in catalogue.fields.items():
        if field.vessel is not None and field.vessel.primary is not None and field.vessel.full_grown is not None:
            known[name] = field.vessel.primary.at(host) / field.vessel.full_grown.at(host)
    if not any(known.values()):
        return known
    malignant = [tissue.biology.code(name) for name in tissue.biology.types if catalogue.cells[name].malignant]
    cells = int(np.count_nonzero(np.isin(tissue.cells.type[: tissue.cells.n], malignant)))
    lesion = cells * float(lesion_over_section(tissue))
    return {name: per_cell * lesion for name, per_cell in known.items()}
