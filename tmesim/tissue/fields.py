"""Diffusing fields of one tissue: oxygen and the signals, solved on the lattice of sites.

Every field c obeys   D ∇²c − loss(x) · c − vmax(x) · c / (half_max + c) + source(x) = 0,
a slow one when a step is given   (c − c_before) / dt = the same, implicitly in time.
The tissue fills `loss`, `source` and `vmax` each step; `solve` finds `values`, from where they stand.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tmesim.kernels import coarsening, lattice_rows, multigrid

EDGES = ("zero_flux", "dirichlet", "robin")


@dataclass(frozen=True)
class FieldSpec:
    """What stays fixed about a field: how it spreads, what stands outside, and how its uptake saturates."""

    name: str
    diffusion: float  # µm²/h
    decay: float = 0.0  # 1/h; fills `loss` at the start, the tissue includes it ever after
    edge: str = "zero_flux"
    level: float = 0.0  # concentration outside, for dirichlet and robin
    exchange: float = 0.0  # µm/h, for robin: flux in = exchange · (level − c at the face)
    half_max: float | None = None  # concentration; None: uptake is linear
    start: float = 0.0  # concentration
    slow: bool = False

    def __post_init__(self) -> None:
        problems = []
        if self.edge not in EDGES:
            problems.append(f"edge is {self.edge!r}; known: {', '.join(EDGES)}")
        if not (np.isfinite(self.diffusion) and self.diffusion > 0):
            problems.append(f"diffusion is {self.diffusion}; it must be above 0 µm²/h")
        if self.edge == "robin" and not (np.isfinite(self.exchange) and self.exchange > 0):
            problems.append(f"exchange is {self.exchange}; a robin edge needs one above 0 µm/h")
        if self.half_max is not None and not (np.isfinite(self.half_max) and self.half_max > 0):
            problems.append(f"half_max is {self.half_max}; it must be above 0")
        for key in ("decay", "level", "start"):
            value = getattr(self, key)
            if not (np.isfinite(value) and value >= 0):
                problems.append(f"{key} is {value}; it must be 0 or above")
        if problems:
            raise ValueError(f"field {self.name}: " + "; ".join(problems))

    def face(self, spacing: float) -> float:
        """Conductance of an outer face by itself, 1/h: 0 sealed, inf held at the level."""
        return {"zero_flux": 0.0, "dirichlet": np.inf, "robin": self.exchange / spacing}[self.edge]


class FieldReport(NamedTuple):
    """How the last solve of one field went; the norms are those of `multigrid.solve_field`."""

    name: str
    cycles: int
    residual: float  # share of what the sites exchange that is not accounted for
    floor: float  # what float32 rounding alone leaves of it
    change: float  # largest change of the last cycle, of the field's maximum
    converged: bool


class MassBalance(NamedTuple):
    """Amounts a time over the whole tissue, concentration · µm²/h."""

    production: float  # sources
    consumption: float  # loss · c and saturating uptake (a vessel's backflow is in here, its inflow in production)
    edge_flux: float  # inwards
    storage: float  # of a slow field over its last step

    @property
    def error(self) -> float:
        """What is not accounted for, relative to the larger of what comes in and what goes."""
        gap = self.production + self.edge_flux - self.consumption - self.storage
        largest = max(abs(term) for term in self)
        return gap / largest if largest else 0.0


GONE = 1e-20
"""A slow field that nothing makes any more and that has fallen below this everywhere is taken as 0: it would go on
falling, unevenly, until it leaves the range of the solver."""


class SolveError(RuntimeError):
    """A field did not converge; `reports` holds the reports of all fields of that solve."""

    def __init__(self, message: str, reports: tuple[FieldReport, ...]) -> None:
        super().__init__(message)
        self.reports = reports


class _Workspace:
    """Lattices with parted columns and scratch rows for one solve at a time."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.levels = coarsening.level_table(*shape)
        width = coarsening.parted_width(shape[1])
        last = self.levels[-1]
        coarse = int(last[2] + last[0] * coarsening.parted_width(last[1]))
        self.error, self.load, self.drain = np.zeros((3, coarse), dtype=np.float32)
        self.lattices = np.zeros((4, shape[0], width), dtype=np.float32)
        self.scratch = np.zeros((lattice_rows.SCRATCH_LINES, width + 2), dtype=np.float32)
        self.extra = np.zeros_like(self.lattices[0])
        self._unused = self.start = self.supply = self.lattices[0]  # made by the first slow field

    def prepare(self, slow: bool) -> None:
        """Make what slow fields need, for one."""
        if slow and self.start is self._unused:
            self.start, self.supply = np.zeros_like(self._unused), np.zeros_like(self._unused)

    @property
    def nbytes(self) -> int:
        """Memory of all arrays, bytes."""
        return sum(array.nbytes for array in vars(self).values() if array.base is not self.lattices)


class Fields:
    """All fields of a tissue, as contiguous float32 arrays.

    values : (fields, rows, cols) concentration
    loss : (fields, rows, cols) 1/h, ≥ 0, everything included: decay, linear uptake, exchange with vessels
    source : (fields, rows, cols) concentration/h, ≥ 0: secretion, exchange · level of vessels
    vmax : (saturating fields, rows, cols) concentration/h, ≥ 0; field f has row `vmax_row[f]`, −1 without
    """

    def __init__(
        self, names: Sequence[str], shape: tuple[int, int], spacing: float, specs: Sequence[FieldSpec]
    ) -> None:
        if [spec.name for spec in specs] != list(names) or len(set(names)) != len(names):
            raise ValueError(f"names {list(names)} must be those of specs {[spec.name for spec in specs]}, each once")
        if min(shape) < 4 or spacing <= 0:
            raise ValueError(f"a tissue of {shape} sites of {spacing} µm: need 4 × 4 sites at least, spacing above 0")
        self.names = tuple(names)
        self.specs = tuple(specs)
        self.shape = (int(shape[0]), int(shape[1]))
        self.spacing = float(spacing)
        count = len(self.names)
        saturating = [f for f, spec in enumerate(self.specs) if spec.half_max is not None]
        self.vmax_row = np.full(count, -1, dtype=np.int64)
        self.vmax_row[saturating] = np.arange(len(saturating))
        self.values = np.zeros((count, *self.shape), dtype=np.float32)
        self.loss = np.zeros((count, *self.shape), dtype=np.float32)
        self.source = np.zeros((count, *self.shape), dtype=np.float32)
        self.vmax = np.zeros((len(saturating), *self.shape), dtype=np.float32)
        for f, spec in enumerate(self.specs):
            self.values[f] = spec.start
            self.loss[f] = spec.decay
        self._last_step: dict[int, tuple[float, float]] = {}  # slow field → dt, amount before it
        self._prepare()

    def tune(self, specs: Sequence[FieldSpec]) -> None:
        """Take over other numbers for the same fields; their values stay, and the next solve starts from them."""
        specs = tuple(specs)
        if specs == self.specs:
            return
        if [(spec.name, spec.slow, spec.half_max is None) for spec in specs] != [
            (spec.name, spec.slow, spec.half_max is None) for spec in self.specs
        ]:
            raise ValueError("other numbers are for the same fields of the same kinds")
        self.specs = specs
        self._prepare()

    def _prepare(self) -> None:
        """Everything that follows from specs, shape and spacing, and is not state."""
        lengths = coarsening.level_table(*self.shape)[:, :2].T
        self._axes = []
        for spec in self.specs:
            rate = spec.diffusion / self.spacing**2
            face = spec.face(self.spacing)
            self._axes.append([coarsening.make_axis(axis, rate, face) for axis in lengths])
        self._workspaces = [_Workspace(self.shape)]

    def __getstate__(self) -> dict:
        return {key: value for key, value in vars(self).items() if key not in ("_axes", "_workspaces")}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self._prepare()

    def index(self, name: str) -> int:
        """Position of a field in the arrays."""
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"no field {name!r}; known: {', '.join(self.names)}") from None

    def __getitem__(self, name: str) -> np.ndarray:
        return self.values[self.index(name)]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    @property
    def nbytes(self) -> int:
        """Memory of all arrays, bytes."""
        arrays = [self.values, self.loss, self.source, self.vmax, *(axis for pair in self._axes for axis in pair)]
        return sum(array.nbytes for array in arrays) + sum(work.nbytes for work in self._workspaces)

    def state(self) -> dict[str, np.ndarray]:
        """Copies of the values by field name: all that the next step remembers of this one."""
        return {name: self.values[f].copy() for f, name in enumerate(self.names)}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Put back what `state` returned."""
        if set(state) != set(self.names):
            raise ValueError(f"state has fields {sorted(state)}; expected {sorted(self.names)}")
        for name in self.names:
            if state[name].shape != self.shape:
                raise ValueError(f"state of {name} has shape {state[name].shape}; expected {self.shape}")
        for f, name in enumerate(self.names):
            self.values[f] = state[name]

    def solve(
        self, dt: float | None = None, tol: float = 1e-4, max_cycles: int = 60, threads: int = 1
    ) -> tuple[FieldReport, ...]:
        """Bring all fields to balance with loss, source and vmax; slow ones by one step of dt (h) if it is given.

        Stops a field when its residual is within tol, and its last change or what is left to change (see
        `multigrid.solve_field`).
        `threads` fields are solved side by side, each with a workspace of its own; the bits do not depend on it.
        Raises ValueError where no unique solution exists, SolveError where max_cycles did not do.
        """
        if dt is not None and not dt > 0:
            raise ValueError(f"dt is {dt}; it must be above 0 h")
        count = len(self.names)
        threads = max(1, min(threads, count))
        if threads == 1:
            outcomes = [self._solve_one(f, dt, tol, max_cycles, self._workspaces[0]) for f in range(count)]
        else:
            while len(self._workspaces) < threads:
                self._workspaces.append(_Workspace(self.shape))
            free = list(self._workspaces)

            def solve_with_a_free_workspace(f: int) -> tuple:
                workspace = free.pop()
                try:
                    return self._solve_one(f, dt, tol, max_cycles, workspace)
                finally:
                    free.append(workspace)

            with ThreadPoolExecutor(threads) as pool:
                outcomes = list(pool.map(solve_with_a_free_workspace, range(count)))
        reports = tuple(
            FieldReport(name, cycles, residual, floor, change, status == multigrid.CONVERGED)
            for name, (cycles, residual, floor, change, status) in zip(self.names, outcomes, strict=True)
        )
        problems = [self._diagnose(f, reports[f], outcomes[f][-1]) for f in range(count) if not reports[f].converged]
        if problems:
            if any(outcome[-1] in (multigrid.SINGULAR, multigrid.NOT_FINITE) for outcome in outcomes):
                raise ValueError("; ".join(problems))
            raise SolveError("; ".join(problems), reports)
        return reports

    def _solve_one(self, f: int, dt: float | None, tol: float, max_cycles: int, work: _Workspace) -> tuple:
        spec = self.specs[f]
        values = self.values[f]
        step = dt if spec.slow else None
        if step is not None and values.max() < GONE and not self.source[f].any():
            values[:] = 0.0
        rate = spec.diffusion / self.spacing**2
        hold = coarsening.face_conductance(rate, spec.face(self.spacing))
        saturates = spec.half_max is not None
        vmax = self.vmax[self.vmax_row[f]] if saturates else self.loss[f]
        self._last_step.pop(f, None)
        if step is not None:
            self._last_step[f] = (step, float(values.sum(dtype=np.float64)))
        elif hold * spec.level == 0 and self.source[f].max() == 0:
            # Nothing comes in: zero everywhere; or, where nothing goes out either, what there is evens out.
            sealed = hold == 0 and not self.loss[f].any() and not vmax.any()
            values.fill(values.mean(dtype=np.float64) if sealed else 0)
            return 0, 0.0, 0.0, 0.0, multigrid.CONVERGED
        elif saturates and hold == 0 and not self.loss[f].any() and self.source[f].sum() >= vmax.sum() > 0:
            return 0, 0.0, 0.0, 0.0, multigrid.SINGULAR  # the field would rise for ever
        across, along = self._axes[f]
        work.prepare(step is not None)
        return multigrid.solve_field(
            values, self.loss[f], self.source[f], vmax, np.float32(spec.half_max or 1.0),
            np.float32(0.0 if step is None else 1.0 / step), np.float32(rate), np.float32(hold), np.float32(spec.level),
            saturates, across, along, work.levels, work.lattices, work.extra, work.start, work.supply,
            work.error, work.load, work.drain, work.scratch, float(tol), int(max_cycles),
        )  # fmt: skip

    def _diagnose(self, f: int, report: FieldReport, status: int) -> str:
        """One sentence on why field f was not solved."""
        spec = self.specs[f]
        inputs = {"loss": self.loss[f], "source": self.source[f]}
        if spec.half_max is not None:
            inputs["vmax"] = self.vmax[self.vmax_row[f]]
        for key, array in inputs.items():
            bad = ~(np.isfinite(array) & (array >= 0))
            if bad.any():
                y, x = np.argwhere(bad)[0]
                return f"field {spec.name}: {key} is {array[y, x]} at site ({y}, {x}); it must be finite and 0 or above"
        if status == multigrid.SINGULAR and "vmax" in inputs and inputs["vmax"].any():
            made, taken = (float(inputs[key].sum()) for key in ("source", "vmax"))
            return f"field {spec.name}: no balance: sources make {made:g} an hour, uptake takes at most {taken:g}"
        if status == multigrid.SINGULAR:
            return (
                f"field {spec.name}: zero-flux edges and no loss anywhere leave its level undetermined; "
                "give it a decay, an uptake or another edge"
            )
        return (
            f"field {spec.name}: not converged after {report.cycles} cycles "
            f"(residual {report.residual:.1e}, change {report.change:.1e})"
        )

    def mass_balance(self, name: str) -> MassBalance:
        """What is made, used, let in and stored, from the values as they stand (float64 sums)."""
        f = self.index(name)
        spec = self.specs[f]
        c = self.values[f].astype(np.float64)
        used = self.loss[f] * c
        if spec.half_max is not None:
            used += self.vmax[self.vmax_row[f]] * c / (spec.half_max + c)
        rate = spec.diffusion / self.spacing**2
        hold = coarsening.face_conductance(rate, spec.face(self.spacing))
        rim = sum((spec.level - side).sum() for side in (c[0], c[-1], c[:, 0], c[:, -1]))
        stored = 0.0
        if f in self._last_step:
            dt, before = self._last_step[f]
            stored = (c.sum() - before) / dt
        area = self.spacing**2
        made = self.source[f].sum(dtype=np.float64)
        return MassBalance(*(float(area * term) for term in (made, used.sum(), hold * rim, stored)))
