"""What this interpreter makes of a busy tissue in some numbers of threads and of a small run, as hashes on one line.

Run as a script: with NUMBA_NUM_THREADS to have more threads than processors, or by another interpreter.
"""

import hashlib
import json
import sys
import tempfile

from test_cli import SMALL
from test_engine import busy
from toys import contents

import tmesim
from tmesim.scenario import read_text
from tmesim.trial.directory import COMPUTING, versions


def tissue_hash(threads, steps=12):
    tissue = busy(threads=threads)
    assert tissue.threads == threads
    for _ in range(steps):
        tissue.step()
    return tissue.hash()


def run_hash():
    with tempfile.TemporaryDirectory() as folder:
        tmesim.run(read_text(SMALL), out=f"{folder}/run", workers=1, figures=False, quiet=True)
        return hashlib.sha256(json.dumps(contents(f"{folder}/run")).encode()).hexdigest()


if __name__ == "__main__":
    numbers = [int(number) for number in sys.argv[1:]]
    found = {"versions": {name: versions()[name] for name in COMPUTING}}
    print(json.dumps(found | {"tissues": [tissue_hash(n) for n in numbers], "run": run_hash()}))
