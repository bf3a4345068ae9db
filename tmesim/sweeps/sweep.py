"""A finished sweep: its tables, and what they say of the keys."""

from __future__ import annotations

import warnings
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tmesim.arguments import names
from tmesim.reading import InputError, Problem
from tmesim.storage.checksums import MARKER, PROVENANCE, Checksums, read_sealed
from tmesim.storage.tables import counted, read_columns
from tmesim.sweeps import currency
from tmesim.sweeps.directory import ASKED, told
from tmesim.sweeps.request import read_request
from tmesim.sweeps.tables import Values, texts
from tmesim.text import line

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.sweeps.plan import Plan
    from tmesim.sweeps.plots import SweepPlots


class Sweep:
    """Everything that a sweep left in its directory: points, values, and what they hang on.

    `tmesim.Sweep("runs/treg_depletion_sweep")` reads one in a later session; `tmesim.sweep` returns one.

    path : the directory of a sweep that is complete
    plan : what was asked; by default it is read from the directory
    keep : holds a temporary directory alive as long as the sweep lives

    InputError, naming what would be right, for a path that holds no finished sweep, or one whose tables were edited.
    """

    def __init__(self, path: str | Path, plan: Plan | None = None, keep: TemporaryDirectory | None = None) -> None:
        self.path = Path(path)
        self._keep = keep
        if not (self.path / MARKER).is_file() and plan is None:
            remedy = "; `tmesim sweep … --resume` completes it" if (self.path / ASKED).is_file() else ""
            raise InputError([Problem(f"is not the directory of a finished sweep{remedy}", file=str(self.path))])
        self._files = Checksums(self.path)
        self._files.check()
        self.plan = read_request(self.path / ASKED).plan(checked=True) if plan is None else plan
        self.scenario = self.plan.scenario
        self.arms: tuple[str, ...] = tuple(self.scenario.arms)
        self.reference: str = self.scenario.reference
        self.replicates: int = self.scenario.replicates
        if not self.is_current:
            warnings.warn(f"{line(self.path)}: {self.stale}", stacklevel=2)

    def __repr__(self) -> str:
        return f"<Sweep of {self.scenario.name}: {told(self.plan)}; {self.whereabouts}>"

    @property
    def whereabouts(self) -> str:
        """Where the files are, and how they are read again."""
        if self._keep is not None:
            return f"files in {line(self.path)}, as long as this sweep lives"
        return f"files in {line(self.path)}, read again with tmesim.Sweep({str(self.path)!r})"

    @property
    def keys(self) -> tuple[str, ...]:
        """What was varied."""
        return tuple(key.name for key in self.plan.keys)

    @property
    def units(self) -> dict[str, str]:
        """The unit of each key whose values are numbers; "×" for factors of what the scenario says."""
        return {key.name: key.unit for key in self.plan.keys if key.is_numeric}

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What was asked and when, with hashes of the model, versions and platform."""
        return read_sealed(self.path / PROVENANCE)

    @property
    def is_current(self) -> bool:
        """Whether the model of today, its catalogue and its engine, is the one that this was made with."""
        return not self._changed

    @property
    def stale(self) -> str:
        """Why it is not current; empty where it is."""
        when = self.provenance["started"][0][:10]
        return f"was made on {when} with another {' and '.join(self._changed)}" if self._changed else ""

    @cached_property
    def _changed(self) -> list[str]:
        return currency.changed(self.provenance.get("model", {}), self.scenario.host)

    @cached_property
    def points(self) -> pd.DataFrame:
        """The points, one row each: the value of each key, in the unit that `units` tells."""
        return self._frame("points.csv")

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row for each point, arm, replicate and day: the values of the keys, and the endpoints."""
        return self._frame("sweep.csv")

    @cached_property
    def summary(self) -> pd.DataFrame:
        """One row for each point, arm, day and endpoint: mean over replicates, paired difference from the reference arm
        at the same point and from the same arm at the baseline point, with their 95 % intervals (Student)."""
        return self._frame("summary.csv")

    @cached_property
    def values(self) -> Values:
        """The values as one array, for whoever computes with them."""
        return Values.read(self.plan, self._files.read("sweep.csv"), str(self.path / "sweep.csv"))

    def _frame(self, name: str) -> pd.DataFrame:
        import pandas

        text = {"arm", "endpoint", "against", "key", "value", "measure", *texts(self.plan)}
        columns = read_columns(self._files.read(name), text, str(self.path / name))
        return pandas.DataFrame({column: counted(values) for column, values in columns.items()})

    # What it says of the keys

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """What each endpoint, and each arm's paired difference from the reference, hangs on: a row a key and measure.

        By design: `change` from the first value of a key (grid), or from the scenario as it is (each); `mu_star`, `mu`
        and `sigma` of elementary effects (morris); `total` and `first` index (sobol); `rank_correlation` (lhs).
        """
        return self._frame("sensitivity.csv")

    @cached_property
    def interaction(self) -> pd.DataFrame:
        """Of a grid of two doses, each from 0 on: `bliss_excess` and `loewe_index` of each endpoint at each pair of
        doses, in each arm that gives both, with 95 % intervals. KeyError for any other sweep."""
        if "interaction.csv" not in self._files.sums:
            raise KeyError("an interaction needs a grid of two doses, each from 0 on, and an arm that gives both")
        return self._frame("interaction.csv")

    def effects(self, endpoint: str | None = None, arm: str | None = None) -> pd.DataFrame:
        """The paired differences of the summary, with their intervals, where there are some.

        endpoint, arm : of which; by default all

        Of each arm from the reference at the same point, and from the same arm at the baseline point, the first of a
        grid. KeyError for a name that the sweep does not have.
        """
        frame = self.summary
        if endpoint is not None:
            frame = frame[frame.endpoint == names(endpoint, "endpoint", self.scenario.endpoints)[0]]
        if arm is not None:
            frame = frame[frame.arm == names(arm, "arm", self.arms)[0]]
        return frame.dropna(subset=["from_reference", "from_baseline"], how="all").reset_index(drop=True)

    @property
    def plot(self) -> SweepPlots:
        """Pictures that a notebook shows and `save` writes as .png, .pdf or .svg: `plot.response()` over one key,
        `plot.heat_map()` over two, `plot.interaction()` of two doses, `plot.tornado()` of many keys."""
        from tmesim.sweeps.plots import SweepPlots

        return SweepPlots(self.values)

    def _repr_html_(self) -> str:
        from tmesim.sweeps.card import sweep_card

        return sweep_card(self.values, self.whereabouts, self.stale)
