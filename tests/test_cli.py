"""The command line as a user meets it: a process, its output, its exit code, and what it leaves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import command

from tmesim.catalogue import claims, load_catalogue
from tmesim.cli.grounds import gathered
from tmesim.cli.lists import LISTS
from tmesim.evidence import ground, statements

ROOT = Path(__file__).resolve().parents[1]
SMALL = """
name: small
question: Does it run?
host: mouse
tissue: {size: [240 µm, 240 µm]}
start: {tumor: {radius: 60 µm}, densities: {ctl: 100 /mm², treg: 100 /mm²}, capillaries: 120 /mm², ecm: 0.2}
time: {days: 2, record_every: 12 h}
replicates: 2
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 1 d}]}
endpoints: [tumor_burden, n_treg]
"""


def tmesim(*arguments, cwd=None, **environment):
    env = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", "NO_COLOR": "1"} | environment
    return subprocess.run([sys.executable, "-m", "tmesim", *map(str, arguments)], cwd=cwd, env=env, capture_output=True,
                          text=True, check=False, timeout=300)  # fmt: skip


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    return path


def test_a_run_prints_the_answer_and_leaves_a_complete_directory(small, tmp_path):
    done = tmesim("run", small, "--workers", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Does it run?" in done.stdout and "tumor cells (cells)" in done.stdout and "runs/small" in done.stdout
    assert "replicate 1: " in done.stderr and "\x1b" not in done.stdout + done.stderr
    left = {p.name for p in (tmp_path / "runs" / "small").iterdir()}
    tables = {"timeseries.csv", "endpoints.csv", "comparison.csv"}
    assert left >= tables | {"scenario.yaml", "provenance.json", "cells", "fields", "figures", "complete.json"}
    assert "checkpoints" not in left and not list(tmp_path.rglob("*.draft"))
    again = tmesim("run", small, cwd=tmp_path)
    assert again.returncode == 0 and "replicate" not in again.stderr.partition("\n")[2]
    other = tmesim("run", small, "--seed", "9", cwd=tmp_path)
    assert other.returncode == 2 and "another run" in other.stderr and other.stdout == ""


def test_options_reach_the_run(small, tmp_path):
    done = tmesim("run", small, "--out", tmp_path / "o", "--seed", "5", "--replicates", "1", "--days", "1",
                  "--no-figures", "--arms", "untreated", "--set", "cells.tumor.behaviors.division=0.01 1/h",
                  "--quiet")  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = (tmp_path / "o" / "timeseries.csv").read_text().splitlines()
    assert [row.split(",")[:3] for row in rows[1:]] == [["untreated", "0", day] for day in ("0", "0.5", "1")]
    written = (tmp_path / "o" / "scenario.yaml").read_text()
    assert "0.01 1/h" in written and "seed: 5" in written
    assert not (tmp_path / "o" / "figures").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["run", "no_such_scenario"], "minimal"),
        (["run", "missing.yaml"], "no such file"),
        (["run", "{small}", "--arms", "placebo"], "untreated"),
        (["run", "{small}", "--set", "cells.tumor.behaviors.divison=0.01 1/h"], "division"),
        (["run", "{small}", "--set", "novalue"], "KEY=VALUE"),
        (["run", "{small}", "--replicates", "0"], "1"),
        (["run", "{small}", "--days", "-1"], "above 0"),
        (["run", "{small}", "--workers", "0"], "workers"),
        (["check", "{broken}"], "endpoints"),
        (["explain", "tregg"], "treg"),
        (["list", "cell"], "cells"),
        (["walk"], "walk"),
    ],
)
def test_wrong_input_ends_with_2_and_a_hint_and_writes_nothing(small, tmp_path, arguments, hint):
    broken = tmp_path / "broken.yaml"
    broken.write_text(SMALL.replace("n_treg", "n_tregs"), encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    done = tmesim(*[a.format(small=small, broken=broken) for a in arguments], cwd=tmp_path)
    assert done.returncode == 2
    assert hint in done.stderr and "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_check_reports_every_problem_with_its_line(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(SMALL.replace("mouse", "rat").replace("replicates: 2", "replicates: none"), encoding="utf-8")
    done = tmesim("check", path)
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if line.startswith(f"{path}:")]) >= 2


def test_check_tells_what_would_be_simulated(small):
    done = tmesim("check", small)
    assert done.returncode == 0
    assert "2 arms, 2 replicates, 2 days, 16 × 16 sites of 15 µm, mouse" in done.stdout
    assert "drug: anti_cd25" in done.stdout


def test_a_failure_is_one_line_and_1(small, tmp_path):
    (tmp_path / "ro").mkdir()
    (tmp_path / "ro" / "file").touch()
    done = tmesim("run", small, "--out", tmp_path / "ro" / "file" / "run", "--quiet")
    assert done.returncode in (1, 2) and len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", sorted(LISTS))
def test_lists_are_readable_and_machine_readable(kind, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    rows = json.loads(command("list", kind, "--json")[1])
    assert rows and all(row["name"] for row in rows)
    plain = command("list", kind)[1]
    assert all(row["name"] in plain for row in rows)


def test_list_alone_counts():
    done = tmesim("list", cwd=ROOT)
    assert all(kind in done.stdout for kind in LISTS)


def test_a_drug_is_explained_by_any_of_its_names():
    from tmesim.cli.pages import explain

    aliases = load_catalogue().therapies["anti_cd25"].aliases
    assert aliases
    for alias in aliases:
        assert "anti_cd25 is a therapy" in explain(alias)


def test_an_explanation_gives_the_rules_and_the_evidence_in_words():
    from tmesim.cli.pages import explain

    out = " ".join(explain("oxygen_fuels_division").split())
    assert "In tumor cells, oxygen raises division" in out and "off: [oxygen_fuels_division]" in out
    assert " ".join(statements()["tumour-proliferation"]["statement"].split()) in out


def test_evidence_counts_every_number_and_claim_once():
    found = gathered(load_catalogue())
    for host, kinds in found["numbers"].items():
        counted = sum(sum(counts.values()) for counts in kinds.values())
        assert counted == sum(host in number.hosts for _, number in load_catalogue().numbers())
    left = [name for names in found["claims"]["left_out"].values() for name in names]
    reasons = found["claims"]["not_modeled_because"]
    assert len(left) + len(found["claims"]["modeled"]) + len(reasons) == len(statements()) == 302
    assert not set(left) & set(found["claims"]["modeled"]) and set(reasons) <= set(statements())
    for path in found["assumed"]:
        hosts = load_catalogue().number(path).hosts
        assert any(ground(load_catalogue(), path, host) in ("assumed", "bounded") for host in hosts)
    assert json.loads(tmesim("evidence", "--json").stdout)["numbers"] == found["numbers"]


def test_a_claim_that_is_left_out_with_a_reason_is_nowhere_modeled():
    claims = gathered(load_catalogue())["claims"]
    assert set(claims["not_modeled_because"]) & set(claims["modeled"]) == set()
    assert all(len(reason.split()) > 4 for reason in claims["not_modeled_because"].values())


GROUPS = ["invasion-intravasation", "circulation", "exosome", "extravasation-dormancy-met",
          *(f"organ-{x}" for x in ("bone", "lung", "liver", "brain", "lymph"))]  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
def test_each_claim_of_the_way_to_organs_is_modeled_or_left_out_with_a_reason(group):
    found = gathered(load_catalogue())["claims"]
    told = {*found["modeled"], *found["not_modeled_because"]}
    assert {name for name, claim in claims().items() if claim.group == group} - told == set()


def test_evidence_sees_the_numbers_of_organs():
    modeled = gathered(load_catalogue())["claims"]["modeled"]
    assert "organs.bone.set.cells.arrested.behaviors.extravasation" in modeled["bone-sinusoids-permissive"]
    assert "bone-60-85-percent: epidemiology" in tmesim("evidence").stdout


def test_the_schema_is_a_json_schema():
    schema = json.loads(tmesim("schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org") and "arms" in schema["properties"]


def test_help_shows_examples_and_loads_nothing_heavy():
    done = tmesim("run", "--help")
    assert "tmesim run treg_depletion" in done.stdout and "--resume" in done.stdout
    code = """
import sys
sys.argv = ["tmesim", "--help"]
from tmesim.cli import main
try:
    main()
except SystemExit:
    pass
print([m for m in ("numpy", "numba", "mesa", "pandas", "matplotlib", "scipy", "pydantic", "yaml") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_the_version_is_the_packages():
    import tmesim as package

    assert tmesim("--version").stdout.strip() == f"tmesim {package.__version__}"


def test_output_into_a_closed_pipe_is_no_error():
    done = subprocess.run(f"{sys.executable} -m tmesim list parameters --json | head -1", shell=True, cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stderr == ""


def test_public_names_come_when_asked_for():
    code = "import sys, tmesim; n = len(sys.modules); tmesim.load; print('tmesim.scenario' in sys.modules, dir(tmesim))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True") and "TumorModel" in done.stdout
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        import tmesim as package

        package.lode  # noqa: B018
