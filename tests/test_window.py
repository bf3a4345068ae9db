"""A window inside a large lesion: all of it is tumor, it is written and read back, and nonsense is refused."""

import pytest
from tissues import OneTissue, scenario

from tmesim.observables import OBSERVABLES
from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.section import Section

INTERIOR = {"tumor": [], "interior": {"lesion_radius": "1 mm", "fill": 0.8},
            "densities": {"fibroblast": "800 /mm²", "ctl": "400 /mm²"}, "capillaries": "100 /mm²"}  # fmt: skip


def window(**start):
    return scenario("minimal", start=INTERIOR | start)


def test_a_window_is_all_tumor_with_the_stroma_that_it_asks_for():
    tissue = OneTissue(window(), seed=1)
    section = Section.of(tissue.tissue)
    area = section.region.size * section.site_mm2
    assert section.region.all()
    assert section.count("fibroblast") / area == pytest.approx(800, rel=0.15)
    assert section.count("ctl") / area == pytest.approx(400, rel=0.25)
    free = section.region.size - section.count("fibroblast")
    assert section.count("tumor") / free == pytest.approx(0.8, abs=0.04)
    y, x = section.sites("tumor")
    assert {0, 39} <= set(y) & set(x), "to the walls"


def test_a_window_states_its_lesion_and_a_whole_nest_shows_its_own():
    start = window().start
    assert start.lesion_radius_um == 1000 and start.walls == "mirrored" and start.has_tumor
    whole = scenario("minimal").start
    assert whole.lesion_radius_um is None and whole.walls == "open" and whole.has_tumor


def test_a_window_is_written_and_read_back():
    plan = window()
    again = read_text(plan.to_yaml())
    assert again == plan and again.start == plan.start
    assert "interior" not in scenario("minimal").to_yaml(), "nothing changes for whole nests"
    assert plan.hash != window(interior={"lesion_radius": "2 mm", "fill": 0.8}).hash


def test_an_arm_may_begin_with_another_fill():
    plan = scenario("minimal", start=INTERIOR, arms={"full": {}, "loose": {"set": {"start.interior.fill": 0.4}}},
                    reference="full")  # fmt: skip
    assert plan.start_of("loose").interior.fill == 0.4 and plan.start_of("full").interior.fill == 0.8
    assert read_text(plan.to_yaml()) == plan


def test_a_window_holds_no_nest_and_lies_within_its_lesion():
    with pytest.raises(InputError, match="all tumor: give no disks"):
        window(tumor=[{"radius": "100 µm"}])
    with pytest.raises(InputError, match="whose corners lie 425 µm"):
        window(interior={"lesion_radius": "400 µm"})


def test_growth_in_a_window_is_bounded_by_loss():
    """No cell more than there are sites, and the tumor stays the whole patch."""
    tissue = OneTissue(window(), seed=2)
    sites = tissue.tissue.shape[0] * tissue.tissue.shape[1]
    for _ in range(24):
        tissue.step()
    section = Section.of(tissue.tissue)
    assert section.count("tumor", "necrotic", "fibroblast", "caf") <= sites
    assert section.region.mean() > 0.95
    for name in ("tumor_oxygen", "hypoxic_fraction", "necrotic_fraction", "vessel_density"):
        assert OBSERVABLES[name](tissue.body) >= 0


def test_the_packaged_window_is_inside_of_a_mouse_lesion():
    plan = load("window")
    assert plan.host == "mouse" and plan.tissue.size_um == (900, 900) and plan.time.days == 14
    assert plan.start.lesion_radius_um == 2000 and not plan.start.tumor
