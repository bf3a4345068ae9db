"""Rules: the kernels against a plain twin that reads the catalogue itself, and the grammar by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tissues import OneTissue, bare, scenario, tissue, tumor

from tmesim.catalogue.compile import compile_biology
from tmesim.kernels import sense
from tmesim.kernels.compiling import kernel

SOURCE = "assumed: test"


def number(value, unit="1"):
    return {"value": value, "unit": unit, "source": SOURCE}


def rule(signal, effect, limit, half, power=1.0, **more):
    half_unit = {"oxygen": "mmHg", "vegf": "pM", "age": "h"}.get(signal, "1")
    return {
        "cell": "tumor", "signal": signal, "effect": effect, "behavior": "division", "limit": limit,
        "half_max": number(half, half_unit), "power": number(power), "evidence": SOURCE,
    } | more  # fmt: skip


FIELD = {
    "edge": {"kind": "zero_flux"},
    "diffusion": number(1e5, "µm²/h"),
    "decay": number(1, "1/h"),
    "evidence": SOURCE,
}
FIELDS = {
    "vegf": FIELD | {"unit": "pM", "start": number(4, "pM")},
    "oxygen": FIELD | {"unit": "mmHg", "start": number(9, "mmHg")},
}


def value_of(rules, base="0.02 1/h", **levels):
    """The division rate of one tumor cell under some rules at given levels of the fields."""
    t = bare(
        {"tumor": tumor(division=base)},
        16,
        {"tumor": [{"radius": "8 µm", "fill": 1.0, "at": ["127 µm", "127 µm"]}]},
        fields=FIELDS,
        rules=rules,
    )
    for name, level in levels.items():
        t.fields[name][:] = level
    t.run("treat")
    t.run("sense")
    row = t.cells.rows[0]
    return float(t.cells.value[row, t.biology.slot("tumor", "division")])


def test_without_rules_a_behavior_is_its_base():
    assert value_of({}) == pytest.approx(0.02)


def test_one_rule_halfway_at_its_half_maximum():
    rules = {"a": rule("vegf", "increases", number(0.1, "1/h"), 4.0, 3.0)}
    assert value_of(rules, vegf=4.0) == pytest.approx((0.02 + 0.1) / 2)
    assert value_of(rules, vegf=0.0) == pytest.approx(0.02)
    assert value_of(rules, vegf=4e6) == pytest.approx(0.1)


def test_up_signals_of_a_group_add_before_they_saturate():
    """S = 1 + 1 → U = 2/3, by hand; D from one rule at three times its half-maximum with power 2 → 9/10."""
    rules = {
        "a": rule("vegf", "increases", number(0.1, "1/h"), 4.0),
        "b": rule("oxygen", "increases", number(0.1, "1/h"), 9.0, 2.5),
        "c": rule("packing", "decreases", number(0.001, "1/h"), 0.5),
    }
    up = 0.02 + (0.1 - 0.02) * 2 / 3
    assert value_of(rules, vegf=4.0, oxygen=9.0) == pytest.approx(up)
    rules["d"] = rule("vegf", "decreases", number(0.001, "1/h"), 4 / 3, 2.0)
    assert value_of(rules, vegf=4.0, oxygen=9.0) == pytest.approx(0.1 * up + 0.9 * 0.001)


def test_groups_multiply_so_that_two_inhibitors_need_not_saturate_each_other():
    low = number(0.0)
    rules = {
        "a": rule("vegf", "decreases", low, 4.0, group="one"),
        "b": rule("oxygen", "decreases", low, 9.0, group="two"),
    }
    assert value_of(rules, vegf=4.0, oxygen=9.0) == pytest.approx(0.02 * 0.5 * 0.5)
    together = {name: r | {"group": "one"} for name, r in rules.items()}
    assert value_of(together, vegf=4.0, oxygen=9.0) == pytest.approx(0.02 / 3)


def test_an_overflowing_power_is_its_limit():
    rules = {"a": rule("vegf", "increases", number(0.1, "1/h"), 1e-6, 12.0)}
    assert value_of(rules, vegf=1e6) == pytest.approx(0.1)


def twin(catalogue, host, off, biology, cell, behavior, signals, factor):
    """The value of a behavior straight from the catalogue's rules, in plain Python."""
    number = catalogue.cells[cell].behaviors.get(behavior)
    groups = {"main": (number.at(host) if number is not None else 0.0, [], [], None, None)}
    rules = dict(catalogue.rules)
    for name in biology.drugs:
        rules |= catalogue.therapies[name].rules
    for name, r in rules.items():
        if cell not in r.cell or r.behavior != behavior:
            continue
        if name in off:
            if r.absent == "limit":
                groups["main"] = (r.limit.at(host), *groups["main"][1:])
            continue
        base, ups, downs, highest, lowest = groups.get(r.group, (r.base_value.at(host), [], [], None, None))
        term = (signals[biology.signals.index(r.signal)] / r.half_max.at(host)) ** r.power.at(host)
        if r.base is not None and r.group != "main":
            base = r.base.at(host)
        if r.effect == "increases":
            ups.append(term)
            highest = r.limit.at(host) if r.limit is not None else highest
        else:
            downs.append(term)
            lowest = r.limit.at(host) if r.limit is not None else lowest
        groups[r.group] = base, ups, downs, highest, lowest
    value = factor
    for base, ups, downs, highest, lowest in groups.values():
        up = sum(ups) / (1 + sum(ups))
        down = sum(downs) / (1 + sum(downs))
        top = base if highest is None else highest
        value *= (1 - down) * ((1 - up) * base + up * top) + down * (0.0 if lowest is None else lowest)
    return value


@kernel
def behave(behavior, clones, rules, hour, signals):
    value = np.empty((3, clones.size), np.float32)
    sense.behave(behavior, clones.size, clones, rules, hour, signals, value[0], value[1], value[2])
    return value[0]


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(["mouse", "human"]))
def test_every_behavior_of_the_catalogue_agrees_with_its_plain_twin(seed, host):
    """All cell types and behaviors at random signals: also with a rule switched off and a drug's factors."""
    s = scenario("chemotherapy", host=host)
    rng = np.random.default_rng(seed)
    off = frozenset(rng.choice(sorted(s.catalogue.rules), 3, replace=False))
    biology = compile_biology(s.catalogue.without(off), host, ("chemotherapy",))
    signals = rng.gamma(0.5, 4.0, len(biology.signals)).astype(np.float32)
    signals[rng.random(signals.size) < 0.2] = 0
    factor = rng.random((1, len(biology.behaviors))).astype(np.float32)
    hour = TEMPLATE.inputs_now._replace(factor=factor * biology.constant)
    lanes = np.stack([np.zeros_like(signals), signals, signals], axis=1)
    for index, (cell, behavior) in enumerate(biology.behaviors):
        found = behave(index, np.zeros(3, np.int64), biology.rules, hour, lanes)
        due = twin(s.catalogue, host, off, biology, cell, behavior, signals.astype(float), float(factor[0, index]))
        assert found[1] == pytest.approx(due, rel=3e-4, abs=1e-10), (cell, behavior)
        assert found[2] == found[1], "equal cells side by side do the same"


TEMPLATE = OneTissue(scenario("minimal"), seed=1)


def test_states_approach_their_target_exactly_whatever_the_step():
    """dz/dt = g (1 − z) − l z from z₀: z∞ + (z₀ − z∞) e^{−(g+l)t}."""
    g, loss, z0 = 0.03, 0.01, 0.1
    cell = tumor(emt_gain=f"{g} 1/h", emt_loss=f"{loss} 1/h") | {"states": ["emt"], "starts": {"emt": number(z0)}}
    states = {"emt": {"label": "EMT", "meaning": "test", "evidence": SOURCE}}
    for step in ("1 h", "30 min"):
        plan = {"days": 2, "step": step, "record_every": "6 h"}
        t = bare({"tumor": cell}, 16, {"densities": {"tumor": "500 /mm²"}}, states=states, time=plan)
        for _ in range(round(40 / t.dt)):
            t.step()
        end = g / (g + loss)
        due = end + (z0 - end) * np.exp(-(g + loss) * 40)
        assert t.cells.state[0][t.cells.rows] == pytest.approx(due, rel=1e-5)


def test_clones_multiply_their_own_behaviors():
    clones = [
        {"name": "a", "share": 0.5, "antigens": 1},
        {"name": "b", "share": 0.5, "antigens": 2, "multipliers": {"division": 3.0}},
    ]
    t = tissue("minimal", start={"clones": clones})
    t.step()
    slot = t.biology.slot("tumor", "division")
    means = []
    for clone in (1, 2):
        rows = t.cells.rows[(t.cells.clone[t.cells.rows] == clone)]
        assert rows.size > 20
        assert set(t.cells.antigens[rows, 0]) == {(1 << clone) - 1}
        means.append(np.median(t.cells.value[rows[t.cells.potential[rows] > 0], slot]))
    assert means[1] / means[0] == pytest.approx(3.0, rel=0.2)


def test_a_rule_switched_off_by_an_arm_acts_from_its_hour_on():
    arms = {"untreated": {}, "blind": {"off": ["oxygen_fuels_division"], "from": "3 h"}}
    assert "oxygen_fuels_division" in scenario("minimal").catalogue.rules
    t = OneTissue(scenario("minimal", arms=arms), seed=1)
    t.treat("blind")
    t.fields["oxygen"][:] = 0.1
    medians = []
    for _ in range(5):
        t.step()
        rows = t.cells.rows[t.cells.type[t.cells.rows] == t.biology.code("tumor")]
        medians.append(float(np.median(t.cells.value[rows, t.biology.slot("tumor", "division")])))
        t.fields["oxygen"][:] = 0.1
    assert max(medians[1:3]) < 0.2 * min(medians[3:])
