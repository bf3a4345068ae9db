"""The same bits from another process, from more threads than there are processors, and from another interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from digest import run_hash, tissue_hash

HERE = Path(__file__).parent
OTHER = "TMESIM_OTHER_PYTHON"


def digest(python, *threads):
    env = {**os.environ, "PYTHONPATH": str(HERE.parent), "NUMBA_NUM_THREADS": str(max(threads)), "PYTHONHASHSEED": "7"}
    command = [python, str(HERE / "digest.py"), *map(str, threads)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def here():
    return digest(sys.executable, 1)


def test_another_process_gives_the_same_bits(here):
    """With an order of hashes of its own."""
    assert (here["tissues"], here["run"]) == ([tissue_hash(1)], run_hash())


@pytest.mark.slow  # takes most of a minute to compile, once for all of the group
@pytest.mark.xdist_group("threads")
def test_one_two_and_four_threads_give_the_same_bits(here):
    tissues = digest(sys.executable, 1, 2, 4)["tissues"]
    assert len(tissues) == 3 and {*tissues} == {*here["tissues"]}


def test_another_interpreter_gives_the_same_bits(here):
    """Another Python with another Mesa computes the same, where what computes has the same versions."""
    other = os.environ.get(OTHER)
    if not other:
        pytest.skip(f"{OTHER} names no second interpreter")
    there = digest(other, 1)
    if there["versions"] != here["versions"]:
        pytest.skip(f"{other} computes with other versions: {there['versions']}, here {here['versions']}")
    assert (there["tissues"], there["run"]) == (here["tissues"], here["run"])
