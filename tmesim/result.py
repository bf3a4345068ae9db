"""Tables and sections of a finished run, read from its directory; no drawing.

Tables are plain columns inside, so that a run draws its figures without pandas; `timeseries`, `endpoints` and
`comparison` are DataFrames for those who ask.
"""

from __future__ import annotations

import math
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from tmesim.arguments import names, number, whole
from tmesim.observables import observables_of
from tmesim.reading import InputError, Problem, suggestion
from tmesim.section import NEEDED, Section, snapshot_name
from tmesim.statistics import COLUMNS, CONFIDENCE, Comparison, compare_arms
from tmesim.storage.arrays import unpack
from tmesim.storage.checksums import ALWAYS, CAUSES, MARKER, PROVENANCE, Checksums, read_sealed
from tmesim.storage.tables import counted, read_columns
from tmesim.tables import NAMES, lacking
from tmesim.text import line

if TYPE_CHECKING:
    import pandas as pd

    from tmesim.observables import Observable
    from tmesim.scenario import Scenario


UNREADABLE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What reading an .npz raises when it is damaged."""


class Result:
    """What a run left in its directory: tables and sections. `tmesim.Result` is one that draws too, and tells the
    arguments and errors of both."""

    def __init__(
        self, path: str | Path, scenario: Scenario | None = None, keep: TemporaryDirectory | None = None
    ) -> None:
        self.path = Path(path)
        self._keep = keep
        self._files = Checksums(self.path)
        if scenario is None:
            _refuse_what_is_no_run(self.path)
            self._files.check(name for name in ALWAYS if name in self._files.sums)
            if (note := self._files.unchecked()) is not None:
                warnings.warn(note, stacklevel=2)
            from tmesim.scenario import load

            scenario = load(self.path / "scenario.yaml")
        self.scenario = scenario
        self.arms: tuple[str, ...] = tuple(scenario.arms)
        self.reference: str = scenario.reference
        self.replicates: int = scenario.replicates

    def __repr__(self) -> str:
        arms = ", ".join(self.arms)
        return f"<Result of {self.scenario.name}: {arms}; {self.replicates} replicates; {self.whereabouts}>"

    @property
    def is_temporary(self) -> bool:
        """Whether its files live only as long as it does."""
        return self._keep is not None

    @property
    def whereabouts(self) -> str:
        """Where the files are, and how they are read again."""
        if self._keep is not None:
            return f"files in {line(self.path)}, as long as this result lives"
        return f"files in {line(self.path)}, read again with tmesim.Result({str(self.path)!r})"

    @property
    def files(self) -> Checksums:
        """The files of the run and what they should be; of a run that is just being completed, as soon as it is."""
        if not self._files.complete:
            self._files = Checksums(self.path)
        return self._files

    # Tables

    @cached_property
    def timeseries(self) -> pd.DataFrame:
        """One row for each arm, replicate and recorded day; an observable a column."""
        return self._frame("timeseries.csv")

    @cached_property
    def endpoints(self) -> pd.DataFrame:
        """One row for each arm and replicate; an endpoint a column."""
        return self._frame("endpoints.csv")

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """One row for each endpoint and arm that is not the reference, as the run wrote them."""
        frame = self._frame("comparison.csv")
        texts = (*NAMES["comparison.csv"], "n", "replicates")
        return frame.astype({name: float for name in COLUMNS if name not in texts})

    @cached_property
    def causes(self) -> pd.DataFrame:
        """Gains and losses of cells since hour 0, one row for each arm, replicate, day, cell type, way, cause and zone.

        A way is "gain", "loss", or "held" of births that were due and found no room. Of each type, gains less losses up
        to a day are the cells that there are then. InputError for a run of an earlier version, which counted none.
        """
        return self._frame("causes.csv")

    def compare(
        self,
        endpoints: str | Iterable[str] | None = None,
        arms: str | Iterable[str] | None = None,
        *,
        reference: str | None = None,
        day: float | None = None,
        confidence: float = CONFIDENCE,
    ) -> pd.DataFrame:
        """Paired comparisons: one row for each observable and arm that is not the reference, columns as `comparison`.

        endpoints : any observables; by default the endpoints of the scenario
        arms : to be compared with the reference; by default all others
        reference : by default that of the scenario
        day : a recorded day; by default the last
        confidence : of the intervals, between 0 and 1

        Without arguments this is `comparison`. `p_adjusted` controls the false discovery rate over the rows asked for.
        """
        import pandas

        rows = self.comparisons_at(endpoints, arms, reference=reference, day=day, confidence=confidence)
        return pandas.DataFrame([[getattr(c, f) for f in COLUMNS] for c in rows], columns=list(COLUMNS))

    def comparisons_at(
        self,
        endpoints: str | Iterable[str] | None = None,
        arms: str | Iterable[str] | None = None,
        *,
        reference: str | None = None,
        day: float | None = None,
        confidence: float = CONFIDENCE,
    ) -> list[Comparison]:
        """The rows of `compare` as records; arguments as in `Result.compare`."""
        if not 0 < number(confidence, "confidence", least=0, most=1) < 1:
            raise ValueError(f"confidence: expected a number between 0 and 1, such as 0.95, got {confidence!r}")
        wanted = self.scenario.endpoints if endpoints is None else names(endpoints, "endpoints", self.observables)
        against = self.reference if reference is None else self._arm(reference, "reference")
        others = [arm for arm in self.arms if arm != against]
        chosen = others if arms is None else names(arms, "arms", self.arms)
        at = self.row_day(day)
        values = {arm: {name: self.at_day(name, arm, at) for name in wanted} for arm in (against, *chosen)}
        return compare_arms(wanted, values, against, confidence)

    def row_day(self, day: float | None = None) -> float:
        """The recorded day nearest to a day, at most an hour away; the last one by default. KeyError when there is
        none so near, ValueError for a day that is no number."""
        days = self.series(self.observables[0], self.reference)[0]
        if day is None:
            return float(days[-1])
        day = number(day, "day", unit="days")
        near = np.argsort(np.abs(days - day))
        if abs(days[near[0]] - day) > 1 / 24 + 1e-9:
            closest = " and ".join(f"{d:g}" for d in sorted(days[near[:2]]))
            raise KeyError(f"no row at day {day:g}; the nearest are days {closest} of {days[0]:g} to {days[-1]:g}")
        return float(days[near[0]])

    def at_day(self, observable: str, arm: str, day: float) -> np.ndarray:
        """One value a replicate, (replicates,), of an observable in an arm at the recorded day nearest to `day`."""
        days, values = self.series(observable, arm)
        return values[:, int(np.argmin(np.abs(days - day)))]

    def known(self, observable: str) -> Observable:
        """What an observable of this run is called, and its unit."""
        table = observables_of(self.scenario.catalogue, self.scenario.catalogue.therapies, self.scenario.places)
        if observable not in self.observables:
            raise KeyError(f"no observable '{observable}' in this run.{suggestion(observable, self.observables)}")
        return table[observable]

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Seed, hashes, versions, platform, command, agent classes, and wall times (s) of the run."""
        return read_sealed(self.path / PROVENANCE)

    def _frame(self, name: str) -> pd.DataFrame:
        import pandas

        return pandas.DataFrame({column: counted(values) for column, values in self.columns(name).items()})

    def columns(self, name: str) -> dict[str, np.ndarray]:
        """A table of the run as columns; InputError when it is not whole.

        name : of its file, such as "timeseries.csv"
        """
        if name not in self._tables:
            if name == CAUSES and not self.files.holds(CAUSES):
                told = "is missing: this run is of an earlier version, which counted no causes; run the scenario again"
                raise InputError([self.files.problem(CAUSES, told)])
            columns = read_columns(self.files.read(name), NAMES[name], str(self.path / name))
            if wrong := lacking(name, columns, self.arms, self.replicates):
                raise InputError([self.files.problem(name, f"is not the table of this run: {wrong}")])
            self._tables[name] = columns
        return self._tables[name]

    @cached_property
    def _tables(self) -> dict[str, dict[str, np.ndarray]]:
        return {}

    @property
    def _columns(self) -> dict[str, np.ndarray]:
        return self.columns("timeseries.csv")

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the columns of `timeseries` that were measured."""
        return tuple(name for name in self._columns if name not in ("arm", "replicate", "day"))

    def series(self, observable: str, arm: str) -> tuple[np.ndarray, np.ndarray]:
        """Days (times,) and values (replicates, times) of an observable in an arm, in the unit of `known(observable)`.
        KeyError, with the choices, for a name that this run does not have."""
        columns = self._columns
        if observable not in columns:
            raise KeyError(f"no observable '{observable}' in this run.{suggestion(observable, self.observables)}")
        mine = columns["arm"] == arm
        if not mine.any():
            raise KeyError(f"no arm '{arm}' in this run; there are {', '.join(self.arms)}")
        values = columns[observable][mine].reshape(self.replicates, -1)
        return columns["day"][mine].reshape(self.replicates, -1)[0], values

    @cached_property
    def comparisons(self) -> tuple[Comparison, ...]:
        """The rows of the comparison as records."""
        columns = self.columns("comparison.csv")
        count = len(columns["endpoint"])
        rows = [{name: values[i].item() for name, values in columns.items()} for i in range(count)]
        for row in rows:
            row |= {key: int(row[key]) for key in ("n", "replicates") if key in row}  # runs of before have no second
        return tuple(Comparison(**row) for row in rows)

    def endpoint(self, name: str, arm: str) -> np.ndarray:
        """One value a replicate, (replicates,), of the endpoint `name` in an `arm` at the end of the run."""
        columns = self.columns("endpoints.csv")
        return columns[name][columns["arm"] == arm]

    def _arm(self, arm: str, argument: str = "arm") -> str:
        """An arm of this run, or a KeyError with those there are."""
        if arm not in self.arms:
            raise KeyError(f"{argument}: no arm {arm!r} in this run; there are {', '.join(self.arms)}")
        return arm

    def known_replicate(self, replicate: int) -> int:
        """A replicate of this run, or an error with those there are."""
        try:
            return whole(replicate, "replicate", 0, self.replicates - 1)
        except ValueError as error:
            raise KeyError(str(error)) from None

    # Snapshots

    @cached_property
    def snapshot_days(self) -> tuple[float, ...]:
        """The days of which cells and fields were kept."""
        names = self.files.names(f"cells/{self.arms[0]}")
        return tuple(sorted({float(m[1]) for name in names if (m := re.search(r"_day_([\d.]+)\.npz$", name))}))

    def last_snapshot_day(self) -> float:
        """KeyError when the run kept no snapshots."""
        if not self.snapshot_days:
            raise KeyError("this run kept no snapshots; time.snapshots of a scenario names the days of some")
        return self.snapshot_days[-1]

    def snapshot(
        self, day: float | None = None, arm: str | None = None, replicate: int = 0, organ: str | None = None
    ) -> Section:
        """A stored section.

        day : within an hour of one that was stored; by default the last
        arm : by default the reference
        replicate : from 0 on
        organ : one beside the tissue; by default the tissue itself
        KeyError names the days, arms, replicates or organs that there are.
        """
        day = self.last_snapshot_day() if day is None else number(day, "day", unit="days")
        arm = self.reference if arm is None else self._arm(arm)
        replicate = self.known_replicate(replicate)
        near = min(self.snapshot_days, key=lambda d: abs(d - day), default=math.inf)
        if abs(near - day) > 1 / 24 + 1e-9:
            days = ", ".join(f"{d:g}" for d in self.snapshot_days)
            raise KeyError(f"no snapshot at day {day:g}; there are days {days or '(none)'}")
        beside = tuple(self.scenario.start_of(arm).organs)
        if organ is not None and organ not in beside:
            raise KeyError(f"no organ {organ!r} beside the tissue; there are {', '.join(beside) or '(none)'}")
        name = "/".join([*([organ] if organ else []), snapshot_name(replicate, near)])
        cells, maps = (self.arrays(f"{kind}/{arm}/{name}", needs) for kind, needs in NEEDED.items())
        try:
            return Section.from_arrays(cells, maps)
        except ValueError as error:
            raise InputError([self.files.problem(f"cells/{arm}/{name}", f"is no section: {error}")]) from None

    def arrays(self, name: str, needs: Iterable[str] = ()) -> dict[str, np.ndarray]:
        """The arrays of an .npz of this run.

        name : its path below the run directory
        needs : names of arrays that must be there
        InputError when the file is damaged or lacks one.
        """
        data = self.files.read(name)
        try:
            arrays = unpack(data)
        except UNREADABLE:
            raise InputError([self.files.problem(name, "is not a whole .npz file")]) from None
        if absent := [each for each in needs if each not in arrays]:
            raise InputError([self.files.problem(name, f"is not a snapshot of this kind: no {', '.join(absent)}")])
        return arrays

    def cells(self, day: float | None = None, arm: str | None = None, replicate: int = 0) -> pd.DataFrame:
        """The living cells at a snapshot (default: the last), one row a cell; arguments as in `Result.snapshot`.

        Columns: id, type, x and y (µm), age (h), states in [0, 1] and more.
        """
        import pandas

        section = self.snapshot(day, arm, replicate)
        columns, spacing = dict(section.cells), section.spacing_um
        frame = {
            "id": columns.pop("id"),
            "type": pandas.Categorical.from_codes(
                columns.pop("type").astype(np.int16), categories=pandas.Index(section.types)
            ),
            "x_um": (columns.pop("x") + 0.5) * spacing,
            "y_um": (columns.pop("y") + 0.5) * spacing,
            "age_h": np.float32(section.hour) - columns.pop("born"),
        }
        return pandas.DataFrame(frame | {name.removeprefix("state."): values for name, values in columns.items()})

    def fields(self, day: float | None = None, arm: str | None = None, replicate: int = 0) -> dict[str, np.ndarray]:
        """Site maps (ny, nx) at a snapshot (default: the last); arguments as in `Result.snapshot`.

        Each field by its name in its unit, `ecm`, `debris`, and `vessels.perfused`, `vessels.links` (bits E, NE, N, NW,
        W, SW, S, SE), `vessels.root`, `vessels.tip`.
        """
        maps = self.snapshot(day, arm, replicate).maps
        return {name.removeprefix("field.").removeprefix("matrix."): values for name, values in maps.items()}


def _refuse_what_is_no_run(path: Path) -> None:
    """InputError for what is not the directory of a finished run, with what it is."""
    from tmesim.scenario import named

    if (path / MARKER).is_file():
        return
    if path.suffix in (".yaml", ".yml") or (not path.exists() and str(path) in named()):
        told = f"is a scenario and no directory of a run; tmesim.load({str(path)!r}) reads it, tmesim.run simulates it"
    elif (path / PROVENANCE).is_file():
        told = "holds a run that is not complete; tmesim.run(…, out=…, resume=True) resumes it"
    elif path.is_dir():
        told = "holds no run; expected the directory of a finished one, such as 'runs/treg_depletion'"
    else:
        told = f"there is no run here; expected the directory of a finished one{_runs_beside(path)}"
    raise InputError([Problem(told, file=str(path))])


def _runs_beside(path: Path) -> str:
    """The runs in the same folder, for the message about one that is not there."""
    there = path.parent.iterdir() if path.parent.is_dir() else ()
    return suggestion(path.name, (each.name for each in there if (each / MARKER).is_file()))
