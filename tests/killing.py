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
    """Kill this process at its `moment`-th operation on the files below root; returns the list of those it made."""
    made = []

    def hook(event, args):
        if event not in WATCHED or not isinstance(args[0], str | os.PathLike):
            return
        path, inside = str(args[0]), event in ("os.remove", "os.rmdir") and args[-1] >= 0
        if not (path.startswith(root) or inside):
            return
        name = re.sub(r"\.[\w-]+\.draft", ".draft", path.removeprefix(root).lstrip(os.sep))
        made.append(f"{event} {name}")
        if len(made) == moment:
            os.write(1, f"{moment} {made[-1]}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return made


def forked(root, moment, **options):
    """Run in another process that is killed at a moment; returns the operations of one that was not killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        made = dies_at(str(root), moment)
        run(read_text(TINY), root, checkpoint_s=0, **options)
        whole = "\n".join(made).encode()
        while whole:
            whole = whole[os.write(writing, whole) :]
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        made = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    if not made and os.WTERMSIG(status) != signal.SIGKILL:
        raise SystemExit(f"the run of moment {moment} ended by itself: {status}")
    return made


def chosen(made, which):
    """The moments to try: by a number n, each n-th; `kinds`, the beginning and the last of each kind of file that is
    put in its place; or `drawing`, each figure, and what follows."""
    moments = range(1, len(made) + 1)
    if which.isdigit():
        return list(moments)[int(which) // 2 :: int(which)]
    if which == "drawing":
        begun = made.index("os.mkdir figures")
        return [n for n in moments if n > begun and (made[n - 1].startswith("os.r") or n % 9 == 0)]
    ends = [n for n in moments if re.match(r"os.rename|os.rmdir|os.remove (?!.*draft)", made[n - 1])]
    last = {re.sub(r"\d+|untreated|drug|late", "", made[n - 1]): n for n in ends}
    return [*range(4, 14), *sorted(n for n in last.values() if n > 13)]


def main(folder, which):
    folder = Path(folder)
    os.fsync = lambda number: None  # no machine stops here
    figures = which == "drawing"
    run(read_text(TINY), folder / "whole", checkpoint_s=0, figures=figures)
    expected = contents(folder / "whole")
    root = folder / "run"
    made = forked(root, 0, figures=figures)
    for moment in chosen(made, which):
        shutil.rmtree(root, ignore_errors=True)
        forked(root, moment, figures=figures)
        run(read_text(TINY), root, resume=True, checkpoint_s=0, figures=figures)
        found = contents(root)
        if different := sorted(name for name, _ in found.items() ^ expected.items()):
            raise SystemExit(f"moment {moment}: different: {different}")


if __name__ == "__main__":
    main(*sys.argv[1:])
