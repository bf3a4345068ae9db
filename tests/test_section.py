"""A section of a tissue: kept in files and read again, looked at while it lives, and the words for places in it."""

from dataclasses import replace

import numpy as np
import pytest
import toys
from tissues import OneTissue, check_layers

import tmesim
from tmesim.body import Body
from tmesim.reading import InputError
from tmesim.scenario import read_text
from tmesim.section import OUTLINE, Section, around
from tmesim.storage.arrays import pack, unpack
from tmesim.tissue.start import laid_out, put

TYPES = ("tumor", "necrotic", "ctl", "endothelial")

TEXT = """
name: small
question: What is there?
host: mouse
tissue: {size: [300 µm, 360 µm]}
start:
  tumor: {radius: 75 µm}
  densities: {fibroblast: 400 /mm², ctl: 80 /mm², treg: 50 /mm², m1: 50 /mm²}
  capillaries: 150 /mm²
  ecm: 0.2
time: {days: 1}
arms: {untreated: {}}
"""


@pytest.fixture(scope="module")
def tissue():
    tissue = OneTissue(read_text(TEXT), seed=5)
    for _ in range(4):
        tissue.step()
    return tissue


@pytest.fixture
def thinned(tissue):
    """The tissue with rows that hold nobody."""
    thinned = tissue.copy()
    for row in (3, 8, 11):
        thinned.kill(row)
    return thinned


def drawn(*rows, spacing=30.0):
    """A section from rows of letters (T tumor, N necrosis, C a cytotoxic T cell, V a segment); a dot is a free site."""
    letters = "TNCV"
    placed = [(letters.index(c), y, x) for y, row in enumerate(rows) for x, c in enumerate(row) if c != "."]
    kind, y, x = np.array(placed, int).reshape(-1, 3).T
    n = kind.size
    cells = {"type": kind.astype(np.uint8), "id": np.arange(n, dtype=np.uint64), "y": y, "x": x,
             "born": np.zeros(n, np.float32), "state.emt": np.linspace(0, 1, n, dtype=np.float32)}  # fmt: skip
    shape = (len(rows), len(rows[0]))
    maps = {"field.oxygen": np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape),
            "vessels.links": np.zeros(shape, np.uint8)}  # fmt: skip
    return Section(TYPES, cells, maps, shape, spacing, 6.0)


def shown(mask):
    return ["".join(".#"[int(v)] for v in row) for row in mask]


def assert_equal(one, other):
    assert (one.types, one.shape, one.spacing_um, one.hour) == (other.types, other.shape, other.spacing_um, other.hour)
    for mine, others in ((one.cells, other.cells), (one.maps, other.maps)):
        assert list(mine) == list(others)
        for name, values in mine.items():
            assert values.dtype == others[name].dtype and np.array_equal(values, others[name]), name


# Files


def test_a_section_read_from_its_files_is_the_section_of_the_tissue(thinned):
    section = Section.of(thinned)
    files = section.packed()
    again = Section.read(files["cells"], files["fields"])
    assert_equal(again, section.snapshot())
    assert again.packed() == files
    for name in section.types:
        mine = section.cells["type"] == section.types.index(name)
        assert again.count(name) == section.count(name) == np.count_nonzero(mine)
    assert np.array_equal(again.region, section.region) and section.region.any() and not section.region.all()
    assert np.array_equal(np.sort(again.state("emt", "tumor")), np.sort(section.state("emt", "tumor")))


def test_files_hold_the_living_in_the_order_of_their_ids_and_what_it_takes_to_read_them(thinned):
    tissue = thinned
    files = {kind: unpack(data) for kind, data in Section.of(tissue).packed().items()}
    cells, maps = files["cells"], files["fields"]
    living = np.sort(tissue.cells.id[tissue.cells.rows])
    assert living.size < tissue.cells.n and np.array_equal(cells["id"], living)
    assert list(cells)[:3] == ["type", "types", "id"] and list(cells)[-2:] == ["hour", "spacing_um"]
    assert {name for name in cells if name.startswith("state.")} == {f"state.{name}" for name in tissue.biology.states}
    assert float(cells["hour"]) == float(maps["hour"]) == 4.0 and float(maps["spacing_um"]) == 15.0
    for name, values in tissue.fields.items():
        assert maps[f"field.{name}"].dtype == np.float32 and np.array_equal(maps[f"field.{name}"], values)


def test_a_snapshot_outlasts_the_next_step(tissue):
    history = tissue.copy()
    section, kept = Section.of(history), Section.of(history).packed()
    lasting = section.snapshot()
    history.step()
    assert lasting.packed() == kept != Section.of(history).packed()


@pytest.mark.parametrize(
    ("kind", "name", "value", "said"),
    [
        ("fields", "hour", np.array(7.0), "the cells are of hour 6"),
        ("fields", "field.oxygen", np.zeros((2, 9), np.float32), "field.oxygen: expected a map of 2 × 4 sites"),
        ("cells", "born", np.zeros(9, np.float32), "born: expected 2 cells"),
        ("cells", "x", np.array([0, 4]), "x: expected numbers from 0 to 3"),
        ("cells", "type", np.array([0, 4], np.uint8), "type: expected numbers from 0 to 3"),
    ],
)
def test_files_that_are_of_no_one_section_are_refused(kind, name, value, said):
    files = drawn("T..C", "....").packed()
    assert Section.read(**files).count("tumor", "ctl") == 2
    files[kind] = pack(unpack(files[kind]) | {name: value})
    with pytest.raises(ValueError, match=said):
        Section.read(**files)


def test_a_result_names_the_file_of_a_section_whose_parts_do_not_belong_together(tmp_path):
    plan = read_text(toys.TEXT)
    result = toys.run(plan, tmp_path / "run")
    assert result.snapshot(2, "drug").count("tumor") == len(result.cells(2, "drug")) > 20
    (result.path / "complete.json").unlink()  # with it, its checksum would tell
    at = result.path / "fields" / "drug"
    (at / "replicate_000_day_002.00.npz").write_bytes((at / "replicate_000_day_004.00.npz").read_bytes())
    with pytest.raises(InputError, match=r"cells.drug.replicate_000_day_002\.00\.npz: is no section: the cells are of"):
        tmesim.Result(result.path, plan).snapshot(2, "drug")


# Looking at a living tissue


def test_looking_at_a_tissue_copies_nothing(tissue):
    section = Section.of(tissue)
    columns = tissue.cells.columns
    assert np.shares_memory(section.cells["type"], columns.type)
    for name in ("id", "y", "x", "born"):
        assert np.shares_memory(section.cells[name], columns.core), name
    for name in tissue.biology.states:
        assert np.shares_memory(section.cells[f"state.{name}"], columns.state), name
    for name, values in tissue.fields.items():
        assert np.shares_memory(section.maps[f"field.{name}"], values), name
    assert np.shares_memory(section.maps["matrix.ecm"], tissue.matrix["ecm"])
    assert np.shares_memory(section.maps["vessels.links"], tissue.vessels.links)


def test_rows_that_hold_nobody_are_in_no_count(thinned):
    section = Section.of(thinned)
    living = sum(section.count(name) for name in section.types)
    assert section.cells["type"].size - 3 == living == thinned.cells.rows.size
    assert section.count("unheard_of") == 0 == section.rows("unheard_of").size
    assert section.state("unheard_of", "tumor").size == 0


# Places, counted by hand on sites of 30 µm, where the region looks one site around


NEST = (
    ".......",
    "..TTT..",
    ".TTNTT.",
    "..TTT..",
    ".......",
    "C.....C",
)


def test_a_site_is_within_the_tumor_when_a_third_of_those_around_it_hold_tumor_or_necrosis():
    section = drawn(*NEST)
    assert shown(section.region) == ["..###..", ".#####.", ".#####.", ".#####.", "...#...", "......."]
    assert section.region_sites.tolist() == np.flatnonzero(section.region).tolist()
    assert section.region_mm2 == pytest.approx(19 * 0.03**2)
    assert section.within("tumor") == 10 and section.within("ctl") == 0 and section.count("ctl") == 2


def test_the_rim_is_the_host_tissue_within_60_um_of_the_tumor():
    section = drawn(*["." * 11] * 4, *["....TTT...."] * 3, *["." * 11] * 4)
    upper = ["...........", "...#####...", "..#######..", ".####.####.", ".###...###."]
    assert shown(section.rim) == [*upper, ".##.....##.", *upper[::-1]]
    assert section.region[5, 3] and not section.region[4, 3]  # what is left out in the middle


def test_the_edge_runs_around_the_region():
    section = drawn(*["." * 9] * 3, *["...TTT..."] * 3, *["." * 9] * 3)
    inside = section.edge >= OUTLINE
    assert (inside <= section.region).all()  # corners are rounded, nothing is added
    assert shown(inside) == shown(around(section.region, 1) >= 0.5)
    assert inside[4, 4] and not inside[0].any()


@pytest.mark.parametrize("spacing", [10.0, 15.0, 20.0, 30.0])
def test_the_area_within_a_tumor_hangs_little_on_the_sites(spacing):
    at = np.arange(600 / spacing) * spacing + spacing / 2 - 300
    disk = np.hypot(at[:, None], at) <= 150
    section = drawn(*("".join(".T"[int(v)] for v in row) for row in disk), spacing=spacing)
    assert section.region_mm2 == pytest.approx(np.pi * 0.16**2, rel=0.1)


def test_a_cropped_section_is_what_lies_there_counted_from_its_corner():
    section = drawn(*NEST)
    part = section.cropped((slice(1, 4), slice(2, 7)))
    assert part.shape == (3, 5) and part.count("tumor") == 9 and part.count("necrotic") == 1
    assert part.sites("necrotic") == (1, 1)
    assert np.array_equal(part.maps["field.oxygen"], section.maps["field.oxygen"][1:4, 2:7])
    assert part.count("ctl") == 0 and section.count("ctl") == 2
    assert replace(part, hour=48.0).day == 2


# Put into a tissue


def empty(tissue, **options):
    body = Body(tissue.scenario, seed=tissue.seed, populate=False, **options)
    return body.tissue


def test_a_section_that_is_put_into_a_tissue_is_the_section_of_that_tissue(tissue):
    """Cells with all that a file keeps of them, matrix, fields, and the network of vessels; also through files."""
    section = Section.of(tissue).snapshot()
    for one in (section, Section.read(*section.packed().values())):
        twin = empty(tissue, types=tissue.scenario.catalogue.cells)
        put(twin, one)
        check_layers(twin)
        found = Section.of(twin).snapshot()
        assert found.cells["id"].size == section.cells["id"].size > 150
        for name, column in section.cells.items():
            if name != "type":
                assert np.array_equal(found.cells[name], column), name
        kinds = [[each.types[code] for code in each.cells["type"]] for each in (found, section)]
        assert kinds[0] == kinds[1]
        for name, values in section.maps.items():
            if name != "vessels.perfused" and name in found.maps:  # flow follows from the network
                assert np.array_equal(found.maps[name], values), name


def test_a_start_is_a_section_before_it_is_a_tissue(tissue):
    body = Body(tissue.scenario, seed=7, populate=False)
    plan = laid_out(body.tissue, body.start, body.blood.receptors(body.node))
    started = Section.of(Body(tissue.scenario, seed=7).tissue)
    assert plan.hour == 0 and plan.count("tumor") == started.count("tumor") > 30
    assert np.array_equal(plan.region, started.region)
    assert np.array_equal(plan.maps["vessels.root"], started.maps["vessels.root"])
    assert set(plan.cells["id"].tolist()) == set(started.snapshot().cells["id"].tolist())


def test_a_section_that_fits_no_tissue_is_refused_and_nothing_is_put(tissue):
    section = Section.of(tissue).snapshot()
    y, x = section.cells["y"].copy(), section.cells["x"].copy()
    tumor = section.rows("tumor")
    y[tumor[1]], x[tumor[1]] = y[tumor[0]], x[tumor[0]]
    doubled = replace(section, cells=dict(section.cells) | {"y": y, "x": x})
    renamed = replace(section, types=tuple("mole" if name == "tumor" else name for name in section.types))
    for wrong, message in (
        (doubled, "two cells"), (renamed, "no cell type 'mole'"),
        (replace(section, spacing_um=10.0), "10 µm does not fit"),
        (section.cropped((slice(0, 10), slice(0, 12))), r"\(10, 12\) sites"),
    ):  # fmt: skip
        twin = empty(tissue)
        with pytest.raises(ValueError, match=message):
            put(twin, wrong)
        assert twin.cells.n == 0 and twin.layers.tissue.max() < 0
