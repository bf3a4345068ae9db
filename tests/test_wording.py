"""Names and numbers in words: hand-picked values at the places where their form changes."""

import math
from types import SimpleNamespace

import pytest

from tmesim.wording import capital, change, compact, in_bytes, p_value, words


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"), (1, "1"), (12, "12"), (-3, "-3"), (0.5, "0.50"), (0.0123, "0.012"), (0.00042, "4.2e-04"),
        (1.234, "1.23"), (12.34, "12.3"), (99.94, "99.9"), (99.96, "100"), (123.4, "123"), (9999.4, "9999"),
        (9999.6, "10\u202f000"), (1234567.8, "1\u202f234\u202f568"), (-99.96, "-100"), (math.nan, "–"),
        (math.inf, "inf"),
    ],
)  # fmt: skip
def test_a_number_has_three_digits_and_neither_a_bare_point_nor_needless_exponents(value, said):
    assert compact(value) == said


def test_every_number_is_said_to_within_its_last_digit():
    for exponent in range(-20, 60):
        value = 1.0371 * 1.3**exponent
        read = float(compact(value).replace("\u202f", ""))
        assert not compact(value).endswith(".")
        assert read == pytest.approx(value, rel=0.05 if value < 1 else 0.005, abs=0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("anti_pd_l1", "anti-PD-L1"), ("anti_cd25", "anti-CD25"), ("low_dose_cyclophosphamide",
        "low-dose cyclophosphamide"), ("tgfb_inhibitor", "TGF-β inhibitor"), ("m2_share", "M2 share"),
        ("il10_in_tumor", "IL-10 in tumor"), ("treg_depletion", "Treg depletion"), ("untreated", "untreated"),
    ],
)  # fmt: skip
def test_names_are_written_as_biologists_write_them(name, said):
    assert words(name) == said
    assert capital(said)[1:] == said[1:] and capital(said)[0].isupper()


def of(value, low=math.nan, high=math.nan):
    return SimpleNamespace(relative_change=value, relative_low=low, relative_high=high)


def test_a_change_is_a_percentage_or_a_factor_where_it_is_large():
    assert change(of(-0.183, -0.4, 0.1)) == "-18 % [-40, +10]"
    assert change(of(-0.183, -0.4, 0.1), bounds=False) == "-18 %"
    assert change(of(4.5, 1.0, 200.0)) == "× 5.50 [2, > 100]"
    assert change(of(0.5, 0.1, 150.0)) == "+50 % [+10, > +10000]"
    assert change(of(0.5)) == "+50 %" and change(of(math.nan)) == "–"


def test_a_p_value_has_two_digits_down_to_a_thousandth():
    assert [p_value(p) for p in (1.0, 0.03125, 0.0625, 0.001, 0.00012, math.nan)] == [
        "1", "0.031", "0.062", "0.001", "< 0.001", "–",
    ]  # fmt: skip


def test_a_size_has_the_unit_that_suits_it():
    sizes = (0, 512, 999_400, 999_600, 23.4e9, 999.7e9, 4.2e15)
    assert [in_bytes(size) for size in sizes] == [
        "0 kB", "0.512 kB", "999 kB", "1 MB", "23.4 GB", "1.0 TB", "4200 TB",
    ]  # fmt: skip
