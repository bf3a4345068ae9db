"""Reading YAML: nothing is guessed, nothing is lost, and each problem has its place."""

import json
import pickle
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError

from tmesim.reading import Document, InputError, Position, Problem, dotted, parse, problems_of, read_yaml, suggestion
from tmesim.reading.yaml12 import MAX_DEPTH, MAX_NODES, resolve


def problems(text: str | bytes) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse(text, "x.yaml")
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("1.0e5", 1e5),
        ("-2.5E-3", -0.0025),
        (".5", 0.5),
        ("12", 12),
        ("007", 7),
        ("0o17", 15),
        ("0x1F", 31),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        (".inf", float("inf")),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("017o", "017o"),
        ("2024-01-02", "2024-01-02"),
        ("'1e3'", "1e3"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("5 µm/min", "5 µm/min"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    found = parse(f"a: {text}").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_keys_stay_the_text_they_are_written_as():
    assert parse("no: 1\non: 2\n1: 3\n1e3: 4\n").data == {"no": 1, "on": 2, "1": 3, "1e3": 4}


def test_a_key_given_twice_is_an_error_at_its_second_line():
    assert problems("a:\n  b: 1\n  c: 2\n  b: 3\n") == ["x.yaml:4: a.b: the key is given twice, first in line 2"]


def test_every_duplicate_is_reported():
    assert len(problems("a: 1\na: 2\nb: [{c: 1, c: 2}]\n")) == 2


def test_a_second_document_is_an_error():
    assert problems("a: 1\n---\nb: 2\n") == ["x.yaml:2: a second document starts here; a file holds one"]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_an_error(text):
    assert problems(text) == ["x.yaml: the file is empty; expected a mapping of keys to values"]


@pytest.mark.parametrize("text", ["- 1\n- 2\n", "just text", "3.5"])
def test_the_top_must_be_a_mapping(text):
    assert "x.yaml:1: expected a mapping (key: value) at the top" in problems(text)[0]


def test_a_tab_is_named_as_such():
    assert problems("a:\n\tb: 1\n") == ["x.yaml:2: a tab is used to indent; YAML wants spaces"]


def test_bytes_that_are_no_utf8_are_found():
    assert problems("a: 1\nb: größe\n".encode("latin-1"))[0].startswith("x.yaml:2: byte 0xf6 is not UTF-8")


def test_utf16_is_refused():
    assert "UTF-8" in problems("a: 1\n".encode("utf-16"))[0]


def test_a_byte_order_mark_is_no_part_of_the_first_key():
    assert parse(b"\xef\xbb\xbfa: 1").data == {"a": 1}
    assert parse("\ufeffa: 1").data == {"a": 1}


def test_control_characters_are_refused_with_their_line():
    assert problems("a: 1\nb: \x07\n") == ["x.yaml:2: holds a control character (U+0007)"]


@pytest.mark.parametrize(
    "text",
    ["a: [1, 2", "a: b: c", "a: 'x", "a: @b", "a: 1\n  b: 2", "a: }", "%YAML 9.9\n---\na: 1", "a: &", "? a\n? b\n: :"],
)
def test_broken_syntax_is_an_input_error_and_never_a_traceback(text):
    try:
        parse(text, "x.yaml")
    except InputError as error:
        assert str(error).startswith("x.yaml")


@given(st.text(max_size=60))
def test_any_text_reads_or_is_an_input_error(text):
    try:
        assert isinstance(parse(text).data, dict)
    except InputError as error:
        assert error.problems


@given(st.binary(max_size=60))
def test_any_bytes_read_or_are_an_input_error(content):
    try:
        assert isinstance(parse(content).data, dict)
    except InputError as error:
        assert error.problems


def test_an_alias_bomb_is_refused_before_it_is_built():
    lines = ["l0: &l0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, 40)]
    assert str(MAX_NODES) in problems("\n".join(lines))[0]


def test_aliases_cannot_build_what_is_too_deep_to_write():
    lines = ["l0: &l0 [1]", *(f"l{i}: &l{i} [*l{i - 1}]" for i in range(1, 200))]
    assert "levels deep" in problems("\n".join(lines))[0]


def test_an_alias_that_holds_itself_is_refused():
    assert problems("a: &x [1, *x]") == ["x.yaml:1: the alias *x holds itself"]


def test_an_unknown_alias_is_refused():
    assert "the alias *y has no anchor before it" in problems("a: *y")[0]


def test_a_modest_alias_is_a_copy():
    assert parse("a: &x {b: 1}\nc: *x").data == {"a": {"b": 1}, "c": {"b": 1}}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 5, 5000, 100_000])
def test_deep_nesting_is_an_error_and_no_crash(depth):
    assert "nested deeper" in problems("a: " + "[" * depth)[0]


def test_integers_of_thousands_of_digits_are_refused():
    assert "too many digits" in problems("a: " + "9" * 5000)[0]


def test_tags_run_no_code():
    assert "not allowed" in problems("a: !!python/object/apply:os.getcwd []")[0]
    assert "not allowed" in problems("a: !thing x")[0]


def test_merge_keys_are_refused_not_ignored():
    assert "merge keys" in problems("a: {b: 1}\nc:\n  <<: {b: 1}\n")[0]


def test_each_value_knows_its_line_and_column():
    document = parse("a:\n  b: [10, {c: 1}]\n  'd e': 2\n", "x.yaml")
    assert document.position(("a", "b")) == Position("x.yaml", 2, 3)
    assert document.position(("a", "b", 0)) == Position("x.yaml", 2, 7)
    assert document.position(("a", "b", 1, "c")) == Position("x.yaml", 2, 12)
    assert document.position(("a", "d e")) == Position("x.yaml", 3, 3)
    assert document.position(("a", "b", 1, "missing", "deep")).line == 2


def test_a_missing_file_a_directory_and_a_huge_file_are_input_errors(tmp_path):
    for path, word in ((tmp_path / "none.yaml", "no such file"), (tmp_path, "directory")):
        with pytest.raises(InputError, match=word):
            read_yaml(path)
    (tmp_path / "big.yaml").write_bytes(b"a: " + b"x" * 4_000_001)
    with pytest.raises(InputError, match="larger than"):
        read_yaml(tmp_path / "big.yaml")


def test_problems_are_sorted_joined_and_survive_pickling():
    error = InputError([Problem("b", "k", "x.yaml", 9), Problem("a", "", "x.yaml", 2), Problem("a", "", "x.yaml", 2)])
    assert str(error) == "x.yaml:2: a\nx.yaml:9: k: b"
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_paths_read_like_a_user_writes_them():
    assert dotted(("arms", "combo", "therapies", 1, "start")) == "arms.combo.therapies[1].start"


def test_suggestions_name_the_near_and_the_known():
    assert suggestion("ifgn", ["ifng", "il10"]) == " Did you mean 'ifng'? Known: ifng, il10"
    assert "Did you mean 'anti_pd_l1'?" in suggestion("ANTI-PD-L1", ["anti_pd_l1", "anti_vegf"])
    assert "Did you mean" not in suggestion("zzz", ["ifng"])
    assert len(suggestion("x", (f"name{i}" for i in range(500)))) < 300


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    level: float


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: dict[str, tuple[_Inner, ...]]
    name: str


def test_errors_of_pydantic_get_file_line_key_and_choices():
    document = parse("parts:\n  a:\n    - level: 1\n    - lvel: 2\n      level: x\nname: 3\n", "x.yaml")
    with pytest.raises(ValidationError) as caught:
        _Outer.model_validate(document.data)
    lines = [str(problem) for problem in problems_of(caught.value, document, _Outer)]
    assert any(line.startswith("x.yaml:4: parts.a[1].lvel: unknown key. Did you mean 'level'?") for line in lines)
    assert any(line.startswith("x.yaml:5: parts.a[1].level: ") and "got 'x'" in line for line in lines)
    assert "x.yaml:6: name: expected text, got '3'" in lines


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cn", "Co", "Cs", "Zl", "Zp")), max_size=8)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words.filter(bool), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words.filter(bool), plain, min_size=1, max_size=4))
def test_json_is_read_as_it_stands(data):
    """JSON is YAML 1.2, and says itself what it means."""
    assert parse(json.dumps(data, ensure_ascii=False)).data == data


CATALOGUE = Path(__file__).parents[1] / "tmesim" / "catalogue"


@pytest.mark.parametrize("path", sorted(CATALOGUE.glob("*.yaml")), ids=lambda p: p.stem)
def test_where_yaml_1_1_and_1_2_agree_so_do_we_and_pyyaml(path):
    """On files that hold none of the traps, the plain loader is an independent judge."""

    def floats(data):
        if isinstance(data, dict):
            return {str(key): floats(value) for key, value in data.items()}
        if isinstance(data, list):
            return [floats(value) for value in data]
        # PyYAML takes 1e3 and 5.0e4 without a sign for text
        value = resolve(data) if isinstance(data, str) else data
        return value if not isinstance(value, int) or isinstance(value, bool) else float(value)

    document = read_yaml(path)
    assert isinstance(document, Document)
    assert floats(document.data) == floats(yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader))


def test_a_blank_that_is_no_space_is_told():
    assert str(Problem("'\u00a0' is no name", "name", "x.yaml", 1)) == r"x.yaml:1: name: '\xa0' is no name"
