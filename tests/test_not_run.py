"""What a machine cannot test is told where one looks: in the last lines of pytest."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TESTS = """
import pytest

@pytest.mark.skipif(True, reason="no browser here")
def test_page(): pass

def test_link(): pytest.skip("no browser here")

def test_movie(): pytest.importorskip("no_such_encoder", reason="no encoder here")

@pytest.mark.xfail(strict=True)
def test_known(): assert False

def test_fine(): pass
"""


def test_each_skipped_test_is_told_with_its_reason_just_above_the_closing_line(tmp_path):
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_file.py").write_text("import pytest\npytest.skip('not here', allow_module_level=True)\n")
    command = [sys.executable, "-m", "pytest", "-p", "not_run", "-p", "no:cacheprovider", "-q", "-n", "1", "."]
    env = {**os.environ, "PYTHONPATH": str(HERE)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-4:-1] == [
        "NOT RUN: test_some.py::test_link, test_some.py::test_page: no browser here",
        "NOT RUN: test_some.py::test_movie: no encoder here",
        "NOT RUN: test_file.py: not here",
    ], done.stdout
    assert "1 passed, 4 skipped, 1 xfailed" in done.stdout.splitlines()[-1]
