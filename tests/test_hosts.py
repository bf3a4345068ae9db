"""Hosts: a species and untreated numbers of its own, each with its source, and none of a therapy."""

import re

import pytest

from tmesim.catalogue import catalogue_of, host_named, hosts, load_catalogue
from tmesim.catalogue.hosts import REFUSED, read_host
from tmesim.cli.pages import pages
from tmesim.reading import InputError, parse
from tmesim.scenario import load

NAMED = [name for name, host in hosts().items() if host.set]


def problems(text):
    return [str(problem) for problem in read_host(parse(text, "h.yaml"))[1]]


def test_the_named_hosts_are_there_beside_the_plain_species():
    assert list(hosts()) == ["mouse", "human", "pymt_like", "4t1_like", "emt6_like", "human_tnbc"]
    assert {name: hosts()[name].species for name in NAMED} == {
        "pymt_like": "mouse", "4t1_like": "mouse", "emt6_like": "mouse", "human_tnbc": "human",
    }  # fmt: skip
    assert catalogue_of("mouse") is load_catalogue() is catalogue_of("human")


@pytest.mark.parametrize("name", NAMED)
def test_a_host_differs_in_its_own_numbers_alone_and_keeps_their_sources(name):
    host, plain, own = hosts()[name], load_catalogue(), catalogue_of(name)
    differ = {path for path, number in own.numbers() if number != plain.number(path)}
    assert differ == set(host.set)
    for path, number in host.set.items():
        assert own.number(path).at(host.species) == number.at(host.species) != plain.number(path).at(host.species)
        assert own.number(path).source == number.source != ()
        low, high = number.range_at(host.species)
        assert low <= number.at(host.species) <= high


@pytest.mark.parametrize("name", NAMED)
def test_no_host_touches_a_therapy(name):
    assert [path for path in hosts()[name].set if path.startswith("therapies.")] == []


def test_a_number_of_a_therapy_is_refused_with_the_reason():
    line = "therapies.anti_cd25.dose: {value: 20, unit: mg/kg, source: 'assumed: why'}"
    text = f"label: x\nspecies: mouse\nset:\n  {line}\n"
    assert problems(text) == [f"h.yaml:4: set.therapies.anti_cd25.dose: {REFUSED}"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("processes.blood.mdcs: {value: 2, source: 'assumed: why'}", "Did you mean 'processes.blood.mdsc'"),
        ("processes.blood.mdsc: {value: 2}", "has no source"),
        ("processes.blood.mdsc: {value: -2, source: 'assumed: why'}", "must not be below 0"),
        ("processes.blood.mdsc: {value: {mouse: 2, human: 3}, source: 'assumed: why'}", "expected one value"),
        ("cells.tumor.behaviors.division: {value: 2, unit: pM, source: 'assumed: why'}", "1/h"),
        ("processes.blood.mdsc: {value: 2, source: no-such-claim}", "there is no claim 'no-such-claim'"),
    ],
)
def test_a_mistake_in_a_host_is_named_with_its_line(line, words):
    found = problems(f"label: x\nspecies: mouse\nset:\n  {line}\n")
    assert any(words in problem and problem.startswith("h.yaml:4") for problem in found), found


def test_a_scenario_takes_a_host_by_name_and_its_species_decides_doses():
    made = load("treg_depletion", set={"host": "4t1_like"})
    assert (made.host, made.species) == ("4t1_like", "mouse")
    plain = load("treg_depletion")
    assert made.arms["treg_depletion"].therapies == plain.arms["treg_depletion"].therapies
    assert made.content()["host"] == "4t1_like" and "set" not in made.content()
    assert made.hash != plain.hash
    assert load(made.content()) == made
    assert load("chemotherapy", set={"host": "human_tnbc"}).species == "human"


def test_the_cells_of_a_named_host_have_the_size_of_its_species():
    said = []
    for host in ("human", "human_tnbc"):
        with pytest.raises(InputError, match=r"the cells need .* of the area of the host tissue: adipocyte") as error:
            load("untreated", set={"host": host})
        said.append(str(error.value))
    assert said[0] == said[1]


def test_a_factor_multiplies_what_the_host_has():
    made = load("untreated", set={"host": "4t1_like", "processes.blood.mdsc": "x2"})
    assert made.catalogue.number("processes.blood.mdsc").at("mouse") == 2 * hosts()["4t1_like"].set[
        "processes.blood.mdsc"
    ].at("mouse")


def test_an_unknown_host_names_the_choices():
    with pytest.raises(InputError, match=r"there is no host '4t1like'\. Did you mean '4t1_like'"):
        load("untreated", set={"host": "4t1like"})
    with pytest.raises(LookupError, match="Did you mean 'pymt_like'"):
        host_named("pymt-like")


@pytest.mark.parametrize("name", list(hosts()))
def test_explain_reads_a_host_back_with_the_plain_value_beside(name):
    (page,) = pages(load_catalogue(), name)
    text = "\n".join(page)
    assert f"host: {name}" in text
    for path, number in hosts()[name].set.items():
        assert re.search(rf"{re.escape(path)}: .*where a plain .*{re.escape(number.source[0][:20])}", text)
