"""What has happened to cells since the start: births, deaths, arrivals."""

from tmesim.observables.observable import Observable, counter_of
from tmesim.observables.reading import Reading


def recruited(now: Reading) -> float:
    """Cells of all types that came through vessels."""
    return now.counter_sum("recruited.")


ENTRIES = (
    Observable(
        "tumor_births", "tumor cells born", "cells", "Divisions of tumor cells since the start.",
        counter_of("births.tumor"),
    ),
    Observable(
        "tumor_deaths", "apoptotic tumor cells", "cells",
        "Tumor cells that died by apoptosis since the start; killed and necrotic ones count elsewhere.",
        counter_of("deaths.tumor"),
    ),
    Observable(
        "tumor_necroses", "tumor cells gone necrotic", "cells", "Tumor cells that became necrotic since the start.",
        counter_of("changes.tumor.necrotic"),
    ),
    Observable("births", "births", "cells", "Cells of all types born since the start.", counter_of("births")),
    Observable(
        "deaths", "deaths", "cells", "Cells of all types that died or were cleared since the start, save the killed.",
        counter_of("deaths"),
    ),
    Observable("recruited", "recruited cells", "cells", "Cells that entered through vessels.", recruited),
)  # fmt: skip
