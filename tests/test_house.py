"""The repository itself: what lies where, what its evidence rests on, and what travels with the package."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import grimp
import networkx
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C where it was built
AGREED = {"CITATION.cff", "LICENSE", "README.md", "pyproject.toml"}
AGREED |= {"notebooks", "scenarios", "seeds", "tests", "tmesim"}


def tracked() -> list[str]:
    """Paths of the files under version control, relative to the root."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    files = [name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]
    if not files:
        pytest.skip("not a git checkout")
    return files


def texts() -> dict[str, str]:
    """Tracked files that are text."""
    found = {}
    for name in tracked():
        raw = (ROOT / name).read_bytes()
        if b"\0" not in raw:
            found[name] = raw.decode("utf-8")
    return found


# Layout


def test_the_top_level_holds_the_agreed_names_only():
    top = {name.split("/")[0] for name in tracked()}
    assert {name for name in top if not name.startswith(".")} <= AGREED


def test_no_text_names_a_place_on_some_machine():
    # Spelled in pieces, so that this file is no exception to its own rule.
    places = re.compile(r"(?<![\w.~/-])/(?:{})/\w".format("|".join(["home", "root", "work", "Users", "private"])))
    found = {name: match[0] for name, text in texts().items() if (match := places.search(text))}
    assert found == {}


def test_no_text_names_a_registry_or_a_host_inside_some_network():
    words = ["index" "-url", "find" "-links", "trusted" "-host", "artif" "actory", "python" "hosted", r"pypi\." "org"]
    hosts = re.compile("|".join([*words, r"https?://[\w.-]+\.(?:internal|local|lan|corp)\b"]), re.IGNORECASE)
    found = {name: match[0] for name, text in texts().items() if (match := hosts.search(text))}
    assert found == {}


def test_text_files_end_with_one_newline_and_have_no_carriage_returns():
    bad = [name for name, text in texts().items() if text and (not text.endswith("\n") or "\r" in text)]
    assert bad == []


def test_importing_the_package_loads_nothing_heavy():
    heavy = ["mesa", "numba", "scipy", "pandas", "matplotlib", "IPython", "ipywidgets", "rich", "typer"]
    code = f"import sys, tmesim; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_no_modules_import_one_another_in_a_circle():
    """Imports for the sake of types, and those within functions, count: who knows whom is the same question."""
    graph = grimp.build_graph("tmesim", cache_dir=None)
    edges = [(name, other) for name in graph.modules for other in graph.find_modules_directly_imported_by(name)]
    circles = [some for some in networkx.strongly_connected_components(networkx.DiGraph(edges)) if len(some) > 1]
    assert len(graph.modules) > 200 and len(edges) > 800
    assert [sorted(some) for some in circles] == []


# Evidence


def claims() -> list[dict]:
    return yaml.load((ROOT / "seeds" / "claims.yaml").read_text(encoding="utf-8"), LOADER)


def therapies() -> list[dict]:
    return yaml.load((ROOT / "seeds" / "therapies.yaml").read_text(encoding="utf-8"), LOADER)["therapies"]


def digests() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").glob("[0-9]*.md"))}


def mentioned(text: str) -> set[str]:
    """Claim and therapy ids in a digest: words in backticks with a hyphen or alone in lower case."""
    return set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)*)`", text))


def lost_writes(tree):
    """Lines of loops over `prange` that write through an attribute, which numba loses in more than one thread."""
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For)):
        if isinstance(loop.iter, ast.Call) and getattr(loop.iter.func, "id", "") == "prange":
            for node in ast.walk(loop):
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                if any(isinstance(part, ast.Attribute) for target in targets if target for part in ast.walk(target)
                       if isinstance(target, ast.Subscript) and part is target.value):  # fmt: skip
                    yield node.lineno


def test_no_threaded_loop_writes_through_an_attribute():
    """See kernels.compiling: such a body is one call."""
    assert list(lost_writes(ast.parse("for y in prange(3):\n    maps.matrix[0, y] = 1")))
    kernels = sorted((ROOT / "tmesim" / "kernels").glob("*.py"))
    assert kernels and {p.name: list(lost_writes(ast.parse(p.read_text(encoding="utf-8")))) for p in kernels} == {
        p.name: [] for p in kernels
    }


def test_ids_of_claims_and_therapies_are_unique():
    for table in (claims(), therapies()):
        ids = [entry["id"] for entry in table]
        assert len(ids) == len(set(ids)) > 0


def test_the_catalogue_and_the_seeds_list_the_same_claims():
    short = yaml.load((ROOT / "tmesim" / "catalogue" / "claims.yaml").read_text(encoding="utf-8"), LOADER)
    assert short == {claim["id"]: {"group": claim["group"], "priority": claim["priority"]} for claim in claims()}


def test_the_five_documents_have_a_digest_each():
    assert [name[:3] for name in digests()] == ["000", "001", "002", "003", "004"]


def test_digests_mention_existing_claims_and_therapies_only():
    known = {entry["id"] for entry in claims() + therapies()}
    unknown = {name: mentioned(text) - known for name, text in digests().items()}
    assert {name: ids for name, ids in unknown.items() if ids} == {}


def test_every_claim_and_therapy_is_mentioned_where_its_sources_say():
    texts_of = {name: mentioned(text) for name, text in digests().items()}
    for entry in claims() + therapies():
        assert entry["sources"]
        for source in entry["sources"]:
            assert entry["id"] in texts_of[source["file"]], f"{entry['id']} is missing in {source['file']}"


def test_therapies_rest_on_existing_claims():
    known = {claim["id"] for claim in claims()}
    unknown = {therapy["id"]: set(therapy["claim_ids"]) - known for therapy in therapies()}
    assert {name: ids for name, ids in unknown.items() if ids} == {}


def grounds(node: object) -> list[str]:
    """Every entry under `evidence`, `evidence_id` or `source`, at any depth."""
    if isinstance(node, list):
        return [ground for item in node for ground in grounds(item)]
    if not isinstance(node, dict):
        return []
    found = []
    for key, value in node.items():
        if key in ("evidence", "evidence_id", "source"):
            found += [str(item) for item in (value if isinstance(value, list) else [value])]
        else:
            found += grounds(value)
    return found


def test_ids_cited_by_the_catalogue_and_the_scenarios_resolve():
    known = {entry["id"] for entry in claims() + therapies()}
    files = [*(ROOT / "tmesim" / "catalogue").rglob("*.yaml"), *(ROOT / "scenarios").rglob("*.yaml")]
    cited = {
        (path.name, ground)
        for path in files
        for ground in grounds(yaml.load(path.read_text(encoding="utf-8"), LOADER))
        if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", ground)
    }
    assert cited, "nothing in the catalogue cites a claim"
    assert {(name, ground) for name, ground in cited if ground not in known} == set()


# The package


@pytest.mark.slow
def test_scenarios_catalogue_and_evidence_travel_in_the_wheel(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    expected = {name for name in tracked() if name.startswith("tmesim/")}
    expected |= {f"tmesim/{name}" for name in tracked() if name.startswith(("scenarios/", "seeds/"))}
    assert any(name.startswith("tmesim/scenarios/") for name in expected)
    assert any(name.startswith("tmesim/catalogue/") and name.endswith(".yaml") for name in expected)
    assert expected - inside == set()
    assert not [name for name in inside if name.startswith(("tests/", "notebooks/"))]
