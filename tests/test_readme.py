"""What the README promises is true: its commands run, its scenarios are valid, its links lead somewhere.

The two commands that set everything up are run by `.ci/run`, each in a fresh environment.
"""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import mutations
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The code block of the README that follows `<!-- ci:mark -->`."""
    match = re.search(rf"^<!-- ci:{mark} -->\n```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert match, f"README has no block marked ci:{mark}"
    return match[1].strip()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def shown_commands() -> list[str]:
    """Lines of the shell blocks that call tmesim, and commands within sentences that are complete."""
    lines = [line for text in blocks("sh") for line in text.splitlines() if line.startswith("tmesim ")]
    inline = [span for span in re.findall(r"`(tmesim [^`]+)`", README) if "…" not in span]
    return list(dict.fromkeys(lines + inline))


def tmesim(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tmesim", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_commands_of_the_readme_do_all_the_setting_up():
    for mark in ("run", "test"):
        steps = [step.split() for step in block(mark).split(" && ")]
        assert "\n" not in block(mark), "one line each"
        assert steps[0] == ["python3", "-m", "venv", ".venv"]
        assert steps[1][:2] == [".venv/bin/pip", "install"]
        assert steps[2][0] == ".venv/bin/python"


def test_the_run_command_names_an_existing_scenario_and_the_test_command_an_existing_extra():
    scenario = block("run").split()[-1]
    assert (ROOT / scenario).is_file()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(re.findall(r"\[(\w+)\]\"", "".join(blocks("sh"))))
    assert "test" in extras and extras <= set(project["optional-dependencies"])
    assert "pytest" in project["optional-dependencies"]["test"]


def test_every_command_in_the_readme_exists():
    prose = re.findall(r"`tmesim (\w+)", README)
    shown = re.findall(r"^tmesim (\w+)", "\n".join(blocks("sh")), re.MULTILINE)
    assert "run" in shown
    assert [name for name in sorted({*prose, *shown}) if mutations.command(name, "--help")[0] != 0] == []


def test_every_option_in_the_readme_exists():
    used = set(re.findall(r"tmesim run [^`\n#]*?(--[a-z-]+)", README)) | {"--out", "--replicates", "--days", "--set"}
    known = re.sub(r"\x1b\[[0-9;]*m", "", tmesim("run", "--help").stdout)
    assert [option for option in sorted(used) if option not in known] == []


def test_python_in_the_readme_compiles():
    assert blocks("python")
    for code in blocks("python"):
        ast.parse(code)


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_scenarios_in_the_readme_are_valid(number, tmp_path):
    path = tmp_path / "scenario.yaml"
    path.write_text(blocks("yaml")[number], encoding="utf-8")
    answer = tmesim("check", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_links_and_pictures_of_the_readmes_lead_somewhere():
    for name in ("README.md", "seeds/README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r"src=\"([^\"]+)\"", text)
        inside = [link for link in links if "://" not in link]
        assert [link for link in inside if not (ROOT / name).parent.joinpath(link).exists()] == []


def test_every_notebook_is_in_the_readme():
    names = [path.name for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert [name for name in names if f"(notebooks/{name})" not in README] == []


def test_the_ci_script_runs_the_commands_of_the_readme():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert all(f"$({part})" in script for part in ("readme run", "installation test", "last_step test"))
    extract = re.search(r"^readme\(\) \{\n.*?^\}\n", script, re.DOTALL | re.MULTILINE)
    halves = re.findall(r"^(?:installation|last_step)\(\) .*\n", script, re.MULTILINE)
    assert extract and len(halves) == 2
    for call, expected in (
        ("readme run", block("run")),
        ("readme test", block("test")),
        ("installation test", block("test").rpartition(" && ")[0]),
        ("last_step test", block("test").rpartition(" && ")[2]),
    ):
        code = extract[0] + "".join(halves) + call
        answer = subprocess.run(["bash", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert answer.stdout.strip() == expected


def test_the_stages_of_the_ci_script_end_within_ninety_minutes_together():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    limits = re.findall(r'^\s*stage "[^"]+" (\d+) (?:show|hide) ', script, re.MULTILINE)
    beside = re.findall(r"timeout (\d+)m", script)
    assert len(limits) == len(re.findall(r"^\s*stage ", script, re.MULTILINE)) and len(beside) == 1
    assert sum(map(int, limits + beside)) < 90


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder as a reader has it: the scenarios, and the first one of the README as `my_scenario.yaml`."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    for text in blocks("yaml"):
        (folder / f"{yaml.safe_load(text)['name']}.yaml").write_text(text, encoding="utf-8")
    (folder / "my_scenario.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    return folder


SHORT = {
    "atlas": ["--days", "4", "--replicates", "2"], "demo": ["--no-browser"],
    "predict": ["anti_cd25_controls", "--pairs", "2", "--set", "tissue.size=[300 µm, 300 µm]",
                "--set", "start.tumor.radius=75 µm", "--set", "time.days=8"],
    "sweep": ["--days", "8", "--replicates", "1"], "why": ["--groups", "exhaustion", "--replicates", "2"],
}  # fmt: skip
"""What makes a command shorter; of an option that is given twice the last counts."""


@pytest.mark.slow
def test_every_command_of_the_readme_runs(desk):
    """In the order of the page; RUN is the directory of the first run. A run that says not how long goes on to the day
    after the first dose, on two replicates: `.ci/run` runs the main job whole."""
    commands = shown_commands()
    assert len(commands) > 8
    first = desk / "runs" / "first"
    for number, command in enumerate(commands):
        words = [str(first) if word == "RUN" else word for word in shlex.split(command, comments=True)]
        if words[1] == "run" and "--out" not in words:
            named = first.with_name(Path(words[2]).stem)
            named = first if not first.exists() else named if not named.exists() else f"{named}_{number}"
            words += ["--out", str(named)]
            words += [] if "--days" in words else ["--days", "3" if "--until" in words else "8"]
            words += [] if {"--replicates", "--until"} & {*words} else ["--replicates", "2"]
        if not (words[1] == "why" and "--ablate" not in words) and "--list" not in words:
            words += SHORT.get(words[1], [])
        answer = tmesim(*words[1:], cwd=desk)
        assert answer.returncode == 0, f"{command}\n{answer.stdout}{answer.stderr}"


@pytest.mark.slow
def test_the_python_of_the_readme_runs(desk):
    """Line by line, on a small tissue and three weeks instead of four: `.ci/run` runs the main job whole."""
    whole, small = "replicates=4)", 'replicates=2, days=21, set={"tissue.size": ["0.6 mm", "0.6 mm"]})'
    assert sum(code.count(whole) for code in blocks("python")) == 1
    for code in (each.replace(whole, small) for each in blocks("python")):
        answer = subprocess.run(
            [sys.executable, "-c", code],
            cwd=desk,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
