"""Names and numbers in words, as tables, pictures and pages say them."""

from __future__ import annotations

import math
import re
from typing import Protocol

SPELLINGS = {
    r"(anti|low dose|high dose) (?=\w)": lambda m: m[1].replace(" ", "-") + ("-" if m[1] == "anti" else " "),
    r"pd ?l?1\b": lambda m: "PD-L1" if "l" in m[0] else "PD-1",
    r"(il|ctla) ?(\d+)\b": lambda m: f"{m[1].upper()}-{m[2]}",
    r"(cd\d+|vegf|emt|ecm|nk|m[12]|cxcl\d+|ccl\d+)\b": lambda m: m[1].upper(),
    r"(ctl|caf)(s?)\b": lambda m: m[1].upper() + m[2],
    r"(treg|th\d)(s?)\b": lambda m: m[0].capitalize(),
    r"(tgf ?b|ifn ?g)\b": lambda m: "TGF-β" if m[0][0] == "t" else "IFN-γ",
}
"""How biologists write what names write in small letters: a pattern from the start of a word on, and its spelling."""


def words(name: str) -> str:
    """A name as prose, as a biologist would write it: `anti_pd_l1` is anti-PD-L1."""
    text = name.replace("_", " ")
    for pattern, spelling in SPELLINGS.items():
        text = re.sub(rf"\b{pattern}", spelling, text)
    return text


def capital(text: str) -> str:
    """Text that begins a sentence."""
    return text[:1].upper() + text[1:]


def compact(value: float) -> str:
    """A number for people: three digits (two below 1), no exponent where it can be avoided, `–` for NaN."""
    if math.isnan(value):
        return "–"
    size = abs(value)
    if size >= 9_999.5:
        return f"{value:,.0f}".replace(",", "\u202f")  # a narrow space
    if size >= 99.95 or value == int(value):
        return f"{value:.0f}"
    if size >= 1:
        return f"{value:#.3g}"
    return f"{value:#.2g}" if size >= 0.001 else f"{value:.1e}"


def signed(value: float) -> str:
    """`compact` of a change: with its sign, a minus that is one."""
    text = compact(abs(value))
    return f"−{text}" if value < 0 else f"+{text}" if value > 0 else text


def p_value(p: float) -> str:
    """A p value: two digits, `–` for NaN; below a thousandth its size says nothing more."""
    if math.isnan(p):
        return "–"
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def in_bytes(size: float) -> str:
    """A size in bytes with the unit that suits it, in steps of 1000."""
    for unit, one in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if size < 999.5 * one:
            return f"{size / one:.3g} {unit}"
    return f"{compact(size / 1e12)} TB"


HUGE = 100.0
"""A relative change beyond which its size says no more than that nothing bounds it."""


def percent(change: float) -> str:
    """A relative change in percent, with its sign."""
    return f"{100 * change:+.0f}" if change <= HUGE else f"> +{100 * HUGE:.0f}"


def factor(change: float) -> str:
    """A relative change as a factor."""
    return compact(1 + change) if change <= HUGE else f"> {HUGE:.0f}"


class RelativeChange(Protocol):
    """A change as a share of the reference, with its interval; NaN where there is none."""

    @property
    def relative_change(self) -> float: ...
    @property
    def relative_low(self) -> float: ...
    @property
    def relative_high(self) -> float: ...


def change(c: RelativeChange, bounds: bool = True) -> str:
    """The relative change in percent, as a factor when it is large."""
    if not math.isfinite(c.relative_change):
        return "–"
    low, high = c.relative_low, c.relative_high
    if c.relative_change > 3:
        first, interval = f"× {compact(1 + c.relative_change)}", f"{factor(low)}, {factor(high)}"
    else:
        first, interval = f"{100 * c.relative_change:+.0f} %", f"{percent(low)}, {percent(high)}"
    return f"{first} [{interval}]" if bounds and math.isfinite(c.relative_low) else first
