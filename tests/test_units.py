"""Units: text becomes a number in the unit of its place, or an error that says which."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmesim.units import UnitError, convert, describe, parse_unit, quantity, same_dimension, show, split


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5 µm/min", "µm/min", 5.0),
        ("5 µm/min", "µm/h", 300.0),
        ("5 um/min", "µm/min", 5.0),
        ("5 \u03bcm/min", "µm/min", 5.0),  # the Greek letter, not the micro sign
        ("30 µM", "pM", 3e7),
        ("30 uM", "pM", 3e7),
        ("0.4 nM", "pM", 400.0),
        ("40 pM", "pM", 40.0),
        ("10 mg/kg", "mg/kg", 10.0),
        ("10000 µg/kg", "mg/kg", 10.0),
        ("3 d", "h", 72.0),
        ("90 min", "h", 1.5),
        ("1 day", "hours", 24.0),
        ("2 days", "week", 2 / 7),
        ("3600 s", "hour", 1.0),
        ("2 weeks", "d", 14.0),
        ("1.5 mm", "µm", 1500.0),
        ("0.1 mm", "µm", 100.0),
        ("120 /mm²", "/mm²", 120.0),
        ("120 1/mm^2", "/mm²", 120.0),
        ("120 mm^-2", "/mm²", 120.0),
        ("120 mm⁻²", "/mm²", 120.0),
        ("12000 /cm²", "/mm²", 120.0),
        ("0.2 L/d", "L/h", 0.2 / 24),
        ("10 mL/d/kg", "L/h/kg", 0.01 / 24),
        ("0.03 1/h", "1/h", 0.03),
        ("0.03/h", "1/h", 0.03),
        ("0.72 /d", "1/h", 0.03),
        ("2000 µm²/s", "µm²/h", 7.2e6),
        ("10 mmHg/s", "mmHg/h", 36_000.0),
        ("21 %", "1", 0.21),
        ("145 kDa", "g/mol", 145_000.0),
        ("543.5 g/mol", "kDa", 0.5435),
        ("101.325 kPa", "mmHg", 760.0),
        ("1e3 µm", "mm", 1.0),
        ("-3 d", "h", -72.0),
        ("\u22123 d", "h", -72.0),  # a typeset minus
        ("3 cells", "1", 3.0),
        ("2 µm·mm", "µm²", 2000.0),
        ("10 mg/g", "1", 0.01),  # a ratio of two masses is a plain number
        ("2", "1", 2.0),
        (2, "1", 2.0),
        (0.25, "1", 0.25),
    ],
)
def test_text_becomes_the_number_a_hand_would_write(text, unit, value):
    assert quantity(text, unit) == pytest.approx(value, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("5 mmHg", "1/h", "expected a rate (1/h), got '5 mmHg', a pressure"),
        ("21 %", "mmHg", "expected a pressure (mmHg), got '21 %', a plain number"),
        ("10 mg", "mg/kg", "expected a dose per body weight (mg/kg), got '10 mg', a mass"),
        ("5", "µm", "'5' has no unit: expected a length (µm), for example '5 µm'"),
        (5, "µm", "5 has no unit: expected a length (µm), for example '5 µm'"),
        ("5 parsec", "µm", "unknown unit 'parsec'"),
        ("5 mmhg", "mmHg", "unknown unit 'mmhg'. Did you mean 'mmHg'?"),
        ("5 µm//h", "µm/h", "not a unit that can be read"),
        ("fast", "µm/min", "does not start with a number"),
        ("", "µm", "does not start with a number"),
        ("1,5 mm", "µm", "decimal point"),
        ("1 500 µm", "µm", "do not group digits"),
        ("1_500 µm", "µm", "do not group digits"),
        ("1.5.2 mm", "µm", "number"),
        ("inf h", "h", "not finite"),
        ("nan", "1", "not finite"),
        (math.nan, "1", "not finite"),
        (math.inf, "1", "not finite"),
        ("1e999 h", "h", "too large"),
        (True, "1", "expected a plain number such as '3', got True"),
        (None, "h", "expected a time (h) such as '3 h', got nothing"),
        ([3], "h", "expected a time (h) such as '3 h', got a list"),
    ],
)
def test_what_does_not_fit_is_an_error_that_says_what_is_expected(text, unit, words):
    with pytest.raises(UnitError) as caught:
        quantity(text, unit)
    assert words in str(caught.value)


def test_a_drugs_mass_and_a_bodys_are_not_the_same():
    assert not same_dimension("kg", "mg")
    assert not same_dimension("mg/kg", "1")


def test_a_volume_of_plasma_is_no_cube_of_a_length():
    assert not same_dimension("L", "mm^3")


def test_exponents_multiply_the_factor():
    assert parse_unit("mm²").factor == 10**6
    assert parse_unit("1/mm²").factor * parse_unit("mm²").factor == 1


def test_a_unit_may_be_written_in_any_order():
    assert parse_unit("L/d/kg") == parse_unit("L/kg/d")


@pytest.mark.parametrize("unit", ["1/h", "µm", "µm²/h", "pM", "mmHg", "mg/kg", "L/h/kg", "kDa"])
def test_units_of_the_catalogue_have_names(unit):
    assert describe(unit).endswith(f"({unit})")
    assert "quantity" not in describe(unit)


UNITS = ["1", "µm", "h", "1/h", "µm/min", "pM", "mmHg", "mg/kg", "/mm²", "L/h/kg", "µm²/h"]


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(UNITS))
def test_what_is_shown_reads_back_to_the_last_bit(value, unit):
    assert quantity(show(value, unit), unit) == value


@given(st.floats(1e-9, 1e9), st.sampled_from([("h", "d"), ("µm", "mm"), ("pM", "nM"), ("1/h", "1/d"), ("L/h", "mL/d")]))
def test_there_and_back_is_the_same_to_rounding(value, pair):
    assert convert(convert(value, *pair), *reversed(pair)) == pytest.approx(value, rel=1e-14, abs=0)


@given(st.floats(0, 1e6), st.sampled_from([("d", "h"), ("min", "h"), ("mm", "µm"), ("kDa", "g/mol")]))
def test_a_number_counts_as_the_decimal_it_is_written_as(value, pair):
    assert convert(value, *pair) == quantity(f"{value!r} {pair[0]}", pair[1])


@given(st.decimals(0, 10**6, places=6))
def test_the_decimal_that_is_written_counts(number):
    assert convert(split(f"{number} mm")[0], "mm", "µm") == float(number * 1000)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_unit_error(text):
    try:
        assert math.isfinite(quantity(text, "1"))
    except UnitError as error:
        assert str(error)
