"""Numbers that stand for what a source states: worked out again from it."""

import pytest

from tmesim.catalogue import load_catalogue

CATALOGUE = load_catalogue()
HOSTS = ("mouse", "human")


@pytest.mark.parametrize("host", HOSTS)
def test_the_steady_level_of_hif_is_half_at_the_oxygen_that_was_measured(host):
    """HIF-1α in HeLa cells is half-maximal at 1.5 to 2 % oxygen, 11 to 15 mmHg (Jiang et al. 1996, source of the rule):
    gain and loss, each by its own rule, have to bring that about together."""
    cell, rules = CATALOGUE.cells["tumor"].behaviors, CATALOGUE.rules
    lack, oxygen = rules["low_oxygen_induces_hypoxia_response"], rules["oxygen_ends_hypoxia_response"]

    def rate(number, rule, mmhg):
        signal = (mmhg / rule.half_max.at(host)) ** rule.power.at(host)
        return (number.at(host) + rule.limit.at(host) * signal) / (1 + signal)

    def steady(mmhg):
        gain, loss = (
            rate(cell["hypoxia_response_gain"], lack, mmhg), rate(cell["hypoxia_response_loss"], oxygen, mmhg)
        )  # fmt: skip
        return gain / (gain + loss)

    assert steady(0.0) > 0.95
    assert steady(11.0) > steady(0.0) / 2 > steady(15.0)
    assert steady(40.0) < 0.05


def test_three_hits_kill_that_come_within_fifty_minutes_and_not_later():
    """Weigelin et al. 2021: three hits at intervals below 50 min tell death from survival."""
    lines = CATALOGUE.processes["leukocytes"]
    needed, half_life = lines["hits_needed"].at("mouse"), lines["damage_half_life"].at("mouse")

    def damage(minutes):
        kept = 0.5 ** (minutes / 60 / half_life)
        return 1 + kept + kept**2

    assert damage(48) > needed > damage(52)
