"""Notebooks are stored without output, and their code runs from top to bottom."""

import json
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def cells(path):
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_there_is_a_notebook_to_begin_with():
    assert "first_steps.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_output(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert code
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)


def test_the_first_steps_run_and_slower_division_means_fewer_cells():
    names = {}
    for cell in cells(next(path for path in NOTEBOOKS if path.name == "first_steps.ipynb")):
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    burden, slower = (names[name].endpoints["tumor_burden"].mean() for name in ("result", "slower"))
    assert slower < burden
    assert len(names["tumor"]) > 50
