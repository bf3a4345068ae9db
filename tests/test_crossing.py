"""Arms as combinations: each arm has all that its choices say, and a mistake in a choice is told once, at its line."""

import pytest

from tmesim.reading import InputError
from tmesim.scenario import json_schema, load, read_text

TEXT = """\
name: crossed
host: mouse
tissue: {size: [600 µm, 600 µm]}
start: {organ: lung, injection: {route: patch, cells: 8}}
time: {days: 8}
crossed:
  - lung: {}
    bone: {set: {start.organ: bone}}
  - hybrid: {}
    epithelial: {set: {start.injection.states.emt: 0.1}, off: [emt_slows_division]}
  - untreated: {}
    drugs: {therapies: [{use: anti_cd25, start: 2 d}], off: [ifng_slows_division]}
"""


def problems(text):
    with pytest.raises(InputError) as caught:
        read_text(text, "x.yaml")
    return [(problem.line, problem.path, problem.message) for problem in caught.value.problems]


def test_each_combination_of_a_choice_of_every_line_is_an_arm():
    scenario = read_text(TEXT)
    assert list(scenario.arms) == [
        f"{soil}__{seed}__{treatment}"
        for soil in ("lung", "bone")
        for seed in ("hybrid", "epithelial")
        for treatment in ("untreated", "drugs")
    ]
    assert scenario.reference == "lung__hybrid__untreated"


def test_an_arm_has_all_that_its_choices_say():
    arm = read_text(TEXT).arm("bone__epithelial__drugs")
    assert arm.start.organ == "bone" and arm.start.injection.states == {"emt": 0.1}
    assert set(arm.off) == {"emt_slows_division", "ifng_slows_division"}
    assert [dose.use for dose in arm.therapies] == ["anti_cd25"]
    plain = read_text(TEXT).arm("lung__hybrid__untreated")
    assert plain.start is None and not plain.off and not plain.therapies


def test_crossed_arms_are_those_that_somebody_would_have_written_by_hand():
    crossed = read_text(TEXT)
    again = read_text(crossed.to_yaml())
    assert again == crossed and "crossed:" not in crossed.to_yaml()


def test_arms_by_hand_stand_beside_crossed_ones():
    scenario = read_text(TEXT + "arms: {alone: {set: {start.organ: kidney}}}\n")
    assert len(scenario.arms) == 9 and scenario.reference == "alone"


def test_a_scenario_that_extends_one_may_cross_its_own_arms(tmp_path):
    (tmp_path / "base.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        "name: own\nextends: base\ncrossed: [{lung: {}, kidney: {set: {start.organ: kidney}}}]\n", encoding="utf-8"
    )
    assert list(load(tmp_path / "own.yaml").arms) == ["lung", "kidney"]


def test_a_mistake_in_a_choice_is_told_once_and_at_its_line():
    wrong = TEXT.replace("start.organ: bone", "start.organ: bonn").replace("use: anti_cd25", "use: anti_cd52")
    found = problems(wrong)
    assert [line for line, _, _ in found] == [8, 12]
    assert "no organ 'bonn'" in found[0][2] and "no therapy 'anti_cd52'" in found[1][2]


@pytest.mark.parametrize(
    "old, new, line, path, said",
    [
        (
            "    bone: {set: {start.organ: bone}}",
            "    bone: 3",
            8,
            "arms.bone__hybrid__untreated",
            "expected a mapping",
        ),
        ("  - lung: {}\n", "  - [lung]\n  - lung: {}\n", 7, "crossed[0]", "expected a mapping"),
        ("  - lung: {}\n", "  - {}\n  - lung: {}\n", 7, "crossed[0]", "must not be empty"),
        ("states.emt: 0.1}", "states.emt: 0.1, start.organ: kidney}", 10, "set.start.organ", "another choice"),
        ("epithelial: {set: {start.injection.states.emt: 0.1}", "a/b: {set: {}", 10, "", "cannot be the name"),
        ("off: [ifng", "from: 2 d, of: [ifng", 12, "of", "unknown key"),
    ],
)
def test_what_cannot_be_crossed_is_refused(old, new, line, path, said):
    assert old in TEXT
    found = problems(TEXT.replace(old, new))
    assert any(at == line and path in where and said in message for at, where, message in found), found


def test_a_thousand_arms_are_the_most():
    line = "{" + ", ".join(f"a{i}: {{}}" for i in range(40)) + "}"
    head = TEXT[: TEXT.index("crossed:")]
    assert any(
        "1600 arms; the limit is 1000" in message for *_, message in problems(f"{head}crossed: [{line}, {line}]\n")
    )


def test_an_arm_that_is_there_already_is_refused():
    found = problems(TEXT + "arms: {bone__hybrid__untreated: {}}\n")
    assert [(line, message) for line, _, message in found] == [
        (8, "makes the arm 'bone__hybrid__untreated', which is there already")
    ]


def test_editors_know_of_crossed_arms():
    assert "ArmPart" in str(json_schema()["properties"]["crossed"])
