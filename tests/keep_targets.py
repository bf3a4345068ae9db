"""Keep the targets of finished runs as a figure of few colors and a table, to set what is now beside what was.

    python tests/keep_targets.py NAME RUN [RUN …]

For each run (of an untreated reference arm) `tests/kept/targets_NAME_HOST.png` and `.csv` are written.
"""

import argparse
import io
from pathlib import Path

from PIL import Image

import tmesim
from tmesim.drawing.targets import draw_targets
from tmesim.targets import found_in, table, table_bytes

KEPT = Path(__file__).parent / "kept"
COLORS = 64


def keep(name, run, folder=KEPT):
    """The two files of a run."""
    result = tmesim.Result(run)
    host = result.scenario.species
    drawn = Image.open(io.BytesIO(draw_targets(result).data("png"))).convert("RGB")
    files = [folder / f"targets_{name}_{host}.{ending}" for ending in ("png", "csv")]
    drawn.quantize(COLORS, dither=Image.Dither.NONE).save(files[0], optimize=True)
    files[1].write_bytes(table_bytes(table(found_in(result), host)))
    return files


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("name", help="such as before or after")
    options.add_argument("runs", nargs="+")
    chosen = options.parse_args()
    for run in chosen.runs:
        print(*keep(chosen.name, run), sep="\n")


if __name__ == "__main__":
    main()
