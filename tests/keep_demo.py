"""Make the page that `tmesim demo` shows, and keep it in the package with its date and the hash of its catalogue.

    python tests/keep_demo.py RUN

RUN is where the run is made (two minutes on one idle core), or where it lies already. Its pictures get few colors and
its movie twenty-two frames, so that the page weighs below three megabytes.
"""

import argparse
import datetime
import hashlib
import io
import json
from pathlib import Path

from PIL import Image

import tmesim
from tmesim.markup import tag
from tmesim.report import page

DEMO = Path(tmesim.__file__).parent / "demo"
SCENARIO = "treg_depletion"
ARMS = ("untreated", "treg_depletion")
FRAMES = "32 h"
COLORS = 64
COMMAND = f"tmesim run {SCENARIO} --arms {','.join(ARMS)}"


def lighter(data, colors=COLORS):
    """A PNG with few colors."""
    made = io.BytesIO()
    image = Image.open(io.BytesIO(data)).convert("RGB")
    image.quantize(colors, dither=Image.Dither.NONE).save(made, "PNG", optimize=True)
    return made.getvalue()


def note(result, date):
    """What the page says of itself."""
    return tag(
        "p",
        f"This is the demo that comes with tmesim {tmesim.__version__}: the scenario {result.scenario.name} with "
        f"{len(result.arms)} of its arms, simulated on {date}. ",
        tag("code", COMMAND),
        " makes it anew on your machine.",
        class_="warning",
    )


def keep(result, folder=DEMO, date=None):
    """Write `report.html` and `made.json` of a run into a folder."""
    date = date or datetime.date.today().isoformat()
    for file in sorted((result.path / "figures").glob("*.png")):
        file.write_bytes(lighter(file.read_bytes()))
    facts = result.provenance
    # Of this machine the page tells no more than matters: where the run lay and the build of its kernel do not.
    facts["command"] = COMMAND.split()
    facts["platform"] = facts["platform"] | {"system": facts["platform"]["system"].split("-")[0]}
    text = page(result, note(result, date))
    scenario = result.scenario
    made = {
        "scenario": scenario.name, "question": scenario.question, "arms": list(result.arms),
        "replicates": result.replicates, "days": scenario.time.days, "date": date, "version": tmesim.__version__,
        "catalogue": tmesim.load(SCENARIO).content()["catalogue"], "scenario_hash": scenario.hash,
        "sha256": hashlib.sha256(text.encode()).hexdigest(), "command": COMMAND,
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "report.html").write_text(text, encoding="utf-8", newline="\n")
    (folder / "made.json").write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return made


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("run", type=Path)
    place = options.parse_args().run
    result = tmesim.run(SCENARIO, arms=ARMS, set={"time.frames_every": FRAMES}, out=place, resume=place.exists())
    made = keep(result)
    print(f"{(DEMO / 'report.html').stat().st_size / 1e6:.2f} MB, {made['date']}, catalogue {made['catalogue'][:12]}")


if __name__ == "__main__":
    main()
