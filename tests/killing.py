"""Runs that are killed at their n-th file operation, gone on with, and compared. As a script it prints a line a kill.

A process of its own forks the runs, so that nothing is set up anew for each.
"""

import os
import re
import shutil
import signal
import sys
from pathlib import Path

from toys import contents, run

from tmesim.scenario import read_text

TINY = """
name: tiny
question: Does it go on?
host: mouse
tissue: {size: [180 µm, 150 µm]}
start: {tumor: {radius: 30 µm}, capillaries: 100 /mm², ecm: 0.2}
time: {days: 0.25, record_every: 2 h, snapshots: [0 d, 0.25 d]}
replicates: 2
seed: 7
arms:
  untreated: {}
  drug: {therapies: [{use: anti_cd25, start: 3 h}]}
  late: {therapies: [{use: anti_cd25, start: 4 h}]}
endpoints: [tumor_burden, kills]
"""
WATCHED = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir")


def dies_at(root, moment):
    """Kill this process at its `moment`-th operation on the files below root, or count them all."""
    seen = [0]

    def hook(event, args):
        if event not in WATCHED or not isinstance(args[0], str | os.PathLike):
            return
        path, inside = str(args[0]), event in ("os.remove", "os.rmdir") and args[-1] >= 0
        if not (path.startswith(root) or inside):
            return
        seen[0] += 1
        if seen[0] == moment:
            name = re.sub(r"\.\d+\.draft", ".draft", path.removeprefix(root + os.sep))
            os.write(1, f"{moment} {event} {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return seen


def forked(root, moment, **options):
    """How many operations a run made that was killed at one of them, or 0 when it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        seen = dies_at(str(root), moment)
        run(read_text(TINY), root, checkpoint_every=0, **options)
        os.write(writing, b"%d" % seen[0])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        total = int(pipe.read() or 0)
    if not total and os.WTERMSIG(status) != signal.SIGKILL:
        raise SystemExit(f"the run of moment {moment} ended by itself: {status}")
    return total


def main(folder, every, first, drawing):
    """Kill at every `every`-th moment from the `first` on; drawing: only where figures and report are put in place."""
    folder = Path(folder)
    os.fsync = lambda number: None  # no machine stops here
    figures = drawing == "drawing"
    run(read_text(TINY), folder / "whole", checkpoint_every=0, figures=figures)
    expected = contents(folder / "whole")
    root = folder / "run"
    total = forked(root, 0, figures=figures)
    start = 1
    if figures:
        shutil.rmtree(root)
        start = forked(root, 0) - 20  # what a run without figures does, but for its end
    for moment in range(start + int(first), total + 1, int(every)):
        shutil.rmtree(root, ignore_errors=True)
        forked(root, moment, figures=figures)
        run(read_text(TINY), root, resume=True, checkpoint_every=0, figures=figures)
        found = contents(root)
        if different := sorted(name for name, _ in found.items() ^ expected.items()):
            raise SystemExit(f"moment {moment}: different: {different}")
    print("total", total)


if __name__ == "__main__":
    main(*sys.argv[1:])
