"""What the kernels share: the columns of the cells, the layers of the lattice, the compiled biology.

Each is a named tuple of arrays, built in one place with one dtype each, so that every kernel compiles once.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

A = NDArray

PAD = 8  # wall sites around each layer, so that nothing within reach needs a bounds check
EMPTY = -1
WALL = -2
COVERED = -16  # a site that a cell of several sites covers holds COVERED less the `way` to the site where it stands
SPAN = 7  # sites from there, in y and in x, that a cell may cover: its surface stays within REACH
DEAD = 255  # the type of a row that holds no cell
WORD_BITS = 32  # antigens that a word of bits tells apart
UNLIMITED = 255  # divisions left of a cell whose type has no hierarchy
NOBODY_TCR = 65535  # T-cell receptor of a bystander: recognizes nothing here
SITE_UM = 15.0  # the site for which amounts of the catalogue are given; the section is as thick
TILE = 16
STAMPS = 64  # sweeps that a step may have; each has its own stamp
REACH = 8  # whatever a cell reads or writes in one sweep stays this close (2 · REACH ≤ TILE)

TISSUE, LEUKOCYTE, VESSEL = 0, 1, 2
ALONG_Y = (0, -1, -1, -1, 0, 1, 1, 1)  # the neighbors by the bits of a link: E, NE, N, NW, W, SW, S, SE
ALONG_X = (1, 1, 0, -1, -1, -1, 0, 1)

# where a signal comes from
(
    FIELD, MATRIX, PACKING, CONTACT, CONTACT_STATE, PRESENTED, CONTACT_VESSEL, STATE, HYBRID, ENGAGEMENT, AGE, DRUG,
) = range(12)  # fmt: skip

# what an event does
DIVIDE, DIE, BECOME, LEAVE = 1, 2, 3, 4


CELL = np.dtype(
    [
        ("id", np.uint64),  # never 0
        ("mother", np.uint64),
        ("target", np.uint64),  # id of the cell in the synapse, 0 none
        ("born", np.float32),  # h
        ("hit_at", np.float32),  # h, when the last hit fell
        ("damage", np.float32),  # hits in force then
        ("engagement", np.float32),  # share of the last hour in a synapse
        ("births", np.uint32),  # divisions, and so the number of the next daughter
        ("stamp", np.uint32),  # the last sweep that has seen the cell
        ("y", np.int16),  # row of the lattice
        ("x", np.int16),
        ("tcr", np.uint16),  # the antigen that a T cell recognizes
        ("heading", np.uint8),  # direction of the last hop
        ("potential", np.uint8),  # divisions left, where the type has a hierarchy
        ("extent", np.uint8),  # sites in y or x from its own to the farthest that it covers, 0 of an ordinary cell
    ],
    align=True,
)


class Columns(NamedTuple):
    """The cells, a row each; a row with type DEAD is free."""

    type: A  # uint8 (rows,), beside the record because neighbors read it most
    event: A  # uint8 (rows,), 1 + index of the drawn event of its type, 0 none
    clone: A  # uint16 (rows,), 1 + index of its clone, 0 none
    antigens: A  # uint32 (rows, words), a bit for each antigen that is carried (tumor) or captured (dendritic)
    core: A  # CELL (rows,)
    state: A  # float32 (rows, states), in [0, 1]
    value: A  # float32 (rows, slots), behaviors of the last sensing


class Layers(NamedTuple):
    """Row at each site, (ny + 2 PAD, nx + 2 PAD) int32: EMPTY, WALL or a row.

    In the tissue layer a cell may cover sites beside its own, which hold COVERED less a way (see kernels.bodies).
    """

    tissue: A
    leukocyte: A
    vessel: A


class SiteMaps(NamedTuple):
    """What lies at the sites beside cells."""

    fields: A  # float32 (fields, ny, nx)
    loss: A  # float32 (fields, ny, nx), 1/h
    source: A  # float32 (fields, ny, nx), per h
    vmax: A  # float32 (saturable fields, ny, nx), per h
    matrix: A  # float32 (matrix maps, ny, nx): a density, or the amount of debris
    antigens: A  # uint32 (ny, nx, words), antigens in the debris
    perfusion: A  # float32 (ny, nx), 0 … 1 of a segment's flow
    length: A  # float32 (ny, nx), length of a segment in SITE_UM: 1 of one that crosses the plane
    links: A  # uint8 (ny, nx), bits of the directions in which a segment is joined to another
    root: A  # bool (ny, nx), segments that cross the plane and carry blood on their own
    tip: A  # bool (ny, nx), the growing ends of sprouts


def _record(*fields: tuple[str, type]) -> np.dtype:
    return np.dtype(list(fields), align=True)


ASKED = (
    "speed", "persistence", "attachment", "detachment", "hit_rate", "visibility",
    "sprouting", "tip_speed", "regression", "openness", "self_renewal", "fibers_along", "fibers_across",
)  # fmt: skip
KIND = _record(  # a cell type; each `…_first` begins a range that ends where the next type's begins
    *(
        (name, np.int32)
        for name in (
            "slot_first", "used_first", "state_first", "flux_first", "event_first", "taxis_first", "admission_first",
        )
    ),
    *((name, np.int32) for name in ASKED),  # slots of behaviors that processes ask for, -1: it has none
    ("guide", np.int32),  # the field that leads the sprouts of a vessel, -1 none
    ("ladder", np.int32),  # the state by which stem-like cells stand above their progeny, -1: no hierarchy
    ("divides", np.int32),  # slot of the hazard of division, -1 none
    ("threshold", np.float32),  # of that state, from which a cell is stem-like
    ("progeny", np.float32),  # that state of a daughter that differentiates
    ("divisions", np.uint8),  # of progeny, until it stops
    ("layer", np.uint8),
    ("reached", np.uint8),  # bits of the layers in which what it attacks lives
    ("needs", np.uint8),  # 1: counts its contacts
    ("captures", np.uint8),  # 1: takes up the antigens of debris
    ("specific", np.uint8),  # 1: has a receptor, and attacks only what it recognizes
    ("missing_self", np.uint8),  # 1: hits the more, the less visible its target is to T cells
    ("malignant", np.uint8),  # 1: the tumor's own
    ("sorts", np.uint8),  # 1: leaves the company of some types
    ("static", np.uint8),  # 1: is never pushed and never moves
    ("membrane", np.uint8),  # 1: leukocytes do not pass it
)  # fmt: skip
GROUP = _record(
    ("base", np.float32),
    ("highest", np.float32),
    ("lowest", np.float32),
    ("up_first", np.int32),  # terms up_first … down_first - 1 raise,
    ("down_first", np.int32),  # down_first … term_end - 1 lower
    ("term_end", np.int32),
)
TERM = _record(
    ("signal", np.int32),
    ("inverse", np.float32),  # 1 / half-maximum
    ("power", np.float32),
    ("halves", np.int32),  # twice the power where that is whole and at most 8, else 0: spares the general power
)
SIGNAL = _record(("kind", np.int32), ("index", np.int32))
FLUX = _record(("field", np.int32), ("slot", np.int32), ("how", np.int32), ("saturable", np.int32))
SECRETION, UPTAKE, SATURABLE_UPTAKE, EXCHANGE = range(4)
EVENT = _record(("slot", np.int32), ("does", np.int32), ("to", np.int32))
CHANGE = _record(("state", np.int32), ("gain", np.int32), ("loss", np.int32))  # slots or -1
TAXIS = _record(("field", np.int32), ("slot", np.int32))
ADMISSION = _record(("slot", np.int32), ("enters", np.int32))  # who comes out of a vessel, by which behavior of it


class RuleTables(NamedTuple):
    """The biology, compiled: type → behaviors (slots) → groups → terms."""

    kinds: A  # KIND (types + 1)
    group_first: A  # int32 (behaviors + 1)
    groups: A  # GROUP
    terms: A  # TERM
    signals: A  # SIGNAL
    used: A  # int32, signals that each type senses
    fluxes: A  # FLUX
    events: A  # EVENT
    changes: A  # CHANGE, integrated states
    taxes: A  # TAXIS, chemotaxis
    admissions: A  # ADMISSION, who enters through a type of vessel
    targets: A  # bool (types, types), whom each type attacks
    avoided: A  # bool (types, types), whose company each type leaves
    deposition: A  # int32 (types, matrix maps), slot of what each type lays down of a map, -1 nothing
    degradation: A  # int32 (types, matrix maps), slot of what each type removes of a map, -1 nothing
    spread: A  # float32 (states), how far a daughter may stray from her mother, on the logit scale
    barrier: np.int64  # the matrix map that slows leukocytes, -1 none
    debris: np.int64  # the matrix map that the dead become, -1 none
    fiber_cos: np.int64  # the matrix maps that hold the axis of fibers, -1 none: see kernels.fibers
    fiber_sin: np.int64
    settled: np.int64  # 1: some attackers live in another layer than leukocytes
    static: np.int64  # 1: some types are static


class StepInputs(NamedTuple):
    """What the step's clock and drugs say."""

    decay: A  # float32 (fields), 1/h
    blood: A  # float32 (fields), what perfused vessels carry
    drug: A  # float32 (drugs), occupancy or concentration signal of systemic drugs
    signal_factor: A  # float32 (types, signals), 1 where nothing blocks
    factor: A  # float32 (clones, behaviors), clone × drugs × the groups that no rule changes
    dilution: np.float32  # volume of a site of SITE_UM in that of a site: what a cell gives is spread over its own
