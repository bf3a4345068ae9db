"""A scenario's own words for its class page: what they may say, and how a mistake in them is told."""

import pytest

from tmesim.reading import InputError
from tmesim.scenario import load, read_text
from tmesim.scenario.telling import languages, table, values_in

TEXT = """\
name: own_words
host: mouse
tissue: {size: [600 µm, 600 µm]}
start: {organ: lung, injection: {route: patch, cells: 8}}
time: {days: 8}
words:
  question: {en: Where does it grow?, de: Wo wächst es?}
  arm.hybrid: {de: Mischzellen}
  step.see.soil: {en: "Look at {left} and {right}."}
crossed:
  - {lung: {}, bone: {set: {start.organ: bone}}}
  - {hybrid: {}, slow: {off: [emt_slows_division]}}
"""


def test_words_come_back_from_a_file_and_make_another_scenario():
    made = read_text(TEXT)
    assert made.words["arm.hybrid"] == {"de": "Mischzellen"}
    assert read_text(made.to_yaml()) == made != read_text(TEXT.replace("Mischzellen", "Zellen"))
    assert "words" not in load("minimal").content()


def test_a_scenario_that_extends_one_tells_its_own_story(tmp_path):
    (tmp_path / "base.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "own.yaml").write_text("name: own\nextends: base\n", encoding="utf-8")
    assert load(tmp_path / "own.yaml").words == {}


def test_words_of_arms_that_are_left_out_go_with_them():
    made = read_text(TEXT).with_options(arms=["lung__slow"])
    assert set(made.words) == {"question", "step.see.soil"}
    assert "arm.hybrid" in read_text(TEXT).with_options(arms=["bone__hybrid"]).words


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("arm.hybrid", "arm.hybird", 8, "the page has no words 'arm.hybird'. Did you mean 'arm.hybrid'?"),
        ("step.see.soil", "step.sea.soil", 9, "Did you mean 'step.see.soil'?"),
        ("{de: Misch", "{fr: Misch", 8, "the page does not speak 'fr'. Known: de, en"),
        ("{right}.", "{rihgt}.", 9, "there is no value {rihgt} here. Known: {left}, {other}, {right}, {start}"),
        ("{de: Mischzellen}", "{}", 8, "must not be empty"),
        ("Mischzellen", "'  '", 8, "expected a text of 1 to 2000 letters"),
        ("Mischzellen", "3", 8, "expected text"),
    ],
)
def test_a_mistake_in_a_word_is_told_with_its_line(old, new, line, said):
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        read_text(TEXT.replace(old, new), "x.yaml")
    found = [(problem.line, str(problem)) for problem in caught.value.problems]
    assert len(found) == 1 and found[0][0] == line and said in found[0][1], found


def test_the_page_speaks_two_languages_and_values_stand_in_braces():
    assert languages() == ("en", "de") and len(table()) > 100
    assert values_in("{left} and {right}, {left}") == {"left", "right"}
