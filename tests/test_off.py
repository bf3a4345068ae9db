"""A rule that is switched off is absent: what it says does not happen, and `explain` says what that means."""

import numpy as np
import pytest
from tissues import tissue

from tmesim.catalogue import english, load_catalogue
from tmesim.catalogue.compile import compile_biology
from tmesim.cli.pages import pages

CATALOGUE = load_catalogue()
THERAPIES = tuple(CATALOGUE.therapies)
RULES = list(CATALOGUE.all_rules)
HUGE = 1e12


def value(catalogue, host, cell, behavior, signals):
    """A behavior of a cell type straight from the catalogue's rules: groups multiply, each one Hill response."""
    number = catalogue.cells[cell].behaviors.get(behavior)
    groups = {"main": (number.at(host) if number is not None else 0.0, [], [])}
    for rule in catalogue.all_rules.values():
        if cell in rule.cell and rule.behavior == behavior:
            base = groups.get(rule.group, (rule.base_value.at(host), [], []))[0]
            groups.setdefault(rule.group, (base, [], []))[1 if rule.effect == "increases" else 2].append(rule)
    made = 1.0
    for base, ups, downs in groups.values():
        up, down = (
            sum((signals[r.signal] / r.half_max.at(host)) ** r.power.at(host) for r in rs) for rs in (ups, downs)
        )
        up, down = up / (1 + up), down / (1 + down)
        top = ups[0].limit.at(host) if ups else base
        low = downs[0].limit.at(host) if downs else 0.0
        made *= (1 - down) * ((1 - up) * base + up * top) + down * low
    return made


@pytest.mark.parametrize("name", RULES)
def test_a_rule_that_is_off_acts_as_its_mechanism_would_without_its_cause(name):
    """Off equals on with the signal absent; of a lack (`absent: limit`), on with the signal ample. A factor that has no
    rule left is 1, which lies between its ends."""
    rule, off = CATALOGUE.all_rules[name], CATALOGUE.without([name])
    assert name not in off.all_rules
    host = "mouse"
    for cell in rule.cell:
        quiet = dict.fromkeys(CATALOGUE.signals(), 0.0)
        without = value(off, host, cell, rule.behavior, quiet)
        alone = [r for r in CATALOGUE.all_rules.values() if cell in r.cell and r.behavior == rule.behavior
                 and r.group == rule.group]  # fmt: skip
        ample = quiet | {rule.signal: HUGE}
        ends = {"without the signal": value(CATALOGUE, host, cell, rule.behavior, quiet),
                "with ample signal": value(CATALOGUE, host, cell, rule.behavior, ample)}  # fmt: skip
        if rule.absent == "limit":
            assert without == pytest.approx(ends["with ample signal"], rel=1e-3, abs=1e-12)
        elif rule.group == "main":
            assert without == pytest.approx(ends["without the signal"], rel=1e-6, abs=1e-12)
        elif len(alone) == 1:  # what is left of the behavior is what the other factors make of it
            base, limit = rule.base_value.at(host), rule.limit.at(host)
            assert min(base, limit) <= 1 <= max(base, limit), "being absent is no more than the rule itself could do"
            if base > 0:
                assert without * base == pytest.approx(ends["without the signal"], rel=1e-6, abs=1e-12)


def test_the_engine_and_the_catalogue_agree_on_what_is_absent():
    """The compiled tables without a rule: the lack of oxygen neither kills nor alarms."""
    off = CATALOGUE.without(["anoxia_kills", "low_oxygen_induces_hypoxia_response"])
    biology = compile_biology(off, "mouse", THERAPIES)
    for behavior in ("necrosis", "hypoxia_response_gain"):
        b = biology.index("tumor", behavior)
        groups = biology.rules.groups[biology.rules.group_first[b] : biology.rules.group_first[b + 1]]
        assert biology.constant[b] * np.prod(groups["base"]) == 0


@pytest.mark.parametrize(("rule", "counter"), [("anoxia_kills", "changes.tumor")])
def test_without_anoxia_no_tumor_cell_dies_of_it(rule, counter):
    """Before, switching the rule off killed the tumor: 1284 cells to 8."""
    plan = {"start": {"capillaries": "0 /mm²"}, "time": {"days": 2}}
    on, off = tissue("minimal", **plan), tissue("minimal", off=[rule], **plan)
    for _ in range(36):
        on.step()
        off.step()
    assert on.counters[counter] > 20
    assert off.counters[counter] == 0


def test_without_the_hypoxia_rule_nobody_answers_to_hypoxia():
    plan = {"start": {"capillaries": "0 /mm²"}, "time": {"days": 2}}
    t = tissue("minimal", off=["low_oxygen_induces_hypoxia_response"], **plan)
    for _ in range(24):
        t.step()
    rows = np.flatnonzero(t.cells.type[: t.cells.n] == t.biology.code("tumor"))
    assert rows.size > 50
    assert t.cells.columns.state[rows, t.biology.states.index("hypoxia_response")].max() < 0.05


@pytest.mark.parametrize("name", RULES)
def test_explain_says_what_off_means(name):
    text = "\n".join(pages(CATALOGUE, name)[0])
    assert f"off: [{name}]. Then {english.absence(CATALOGUE.all_rules[name])}." in text
