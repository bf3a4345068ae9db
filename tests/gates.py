"""What the gate commands share: a kept table to which each finished row is added at once, and runs in processes.

A table says in its first line when it was begun and on which biology: a hash of the catalogue's numbers and one of the
code that takes part in a job, without what decides nothing. Rows of another biology are not added to: `--anew` begins a
new table.
"""

import argparse
import csv
import datetime
import hashlib
import io
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

KEPT = Path(__file__).parent / "kept"
WORKERS = 2


def biology(*species):
    """What the tables of today stand for: the numbers of some species, by default of all, and the engine's code."""
    from tmesim.catalogue import HOSTS
    from tmesim.fingerprint import fingerprint

    known = [fingerprint(each) for each in species or HOSTS]
    numbers = hashlib.sha256("".join(each["catalogue"] for each in known).encode()).hexdigest()
    return f"numbers {numbers[:12]}, engine {known[0]['engine'][:12]}"


class Table:
    """A kept table of named columns, of which the first `keys` tell which row it is. of : what its rows hang on"""

    def __init__(self, path, columns, keys, of=None):
        self.path, self.columns, self.keys = Path(path), tuple(columns), keys
        self.of = of or (lambda: biology())

    @property
    def head(self):
        """The first line without its mark; "" where there is no table."""
        if not self.path.is_file():
            return ""
        return self.path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")

    @property
    def is_current(self):
        """Whether its rows are of the present biology."""
        return self.head.endswith(self.of())

    def rows(self):
        """Each row as a dict of texts; one that a killed process left half written is none."""
        if not self.path.is_file():
            return []
        whole = self.path.read_text(encoding="utf-8").rpartition("\n")[0].split("\n")[1:]
        found = [row for row in csv.DictReader(whole) if None not in row.values() and None not in row]
        assert not found or tuple(found[0]) == self.columns, f"{self.path} has other columns than {self.columns}"
        return found

    def done(self):
        """The keys of the rows that there are."""
        return {self.key(row) for row in self.rows()}

    def key(self, row):
        return tuple(str(row[name]) for name in self.columns[: self.keys])

    def begin(self, anew=False):
        """Make the file, or leave it where it is of the present biology; SystemExit where it is of another."""
        if anew or not self.path.is_file():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            date = datetime.date.today().isoformat()
            self._write("w", [self.columns], head=f"# {date}, {self.of()}\n")
        elif not self.is_current:
            raise SystemExit(f"{self.path} is of another biology ({self.head}); --anew begins a new one")
        else:  # what a killed process left half written goes
            text = self.path.read_text(encoding="utf-8")
            if not text.endswith("\n"):
                self.path.write_text(text.rpartition("\n")[0] + "\n", encoding="utf-8")

    def add(self, rows):
        """Append some rows in one piece, and see them on the disk."""
        self._write("a", [[row[name] for name in self.columns] for row in rows])

    def _write(self, mode, rows, head=""):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        with open(self.path, mode, newline="", encoding="utf-8") as file:
            file.write(head + text.getvalue())
            file.flush()
            os.fsync(file.fileno())


def fill(table, work, jobs, workers=WORKERS):
    """Do the jobs whose rows are not in the table yet, and add the rows of each as it is finished.

    work : a function of a module, from the arguments of a job to its row (a dict) or rows; jobs : {key: arguments}
    """
    done = table.done()
    left = {key: job for key, job in jobs.items() if tuple(map(str, key)) not in done}
    print(f"{len(jobs) - len(left)} of {len(jobs)} are done", flush=True)
    if workers == 1:
        for n, job in enumerate(left.values(), 1):
            tell(table, work(*job), n, len(left))
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        waiting = [pool.submit(work, *job) for job in left.values()]
        try:
            for n, each in enumerate(as_completed(waiting), 1):
                tell(table, each.result(), n, len(left))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def tell(table, made, n, of):
    rows = [made] if isinstance(made, dict) else made
    table.add(rows)
    for row in rows:
        print(f"{n}/{of}", *(row[name] for name in table.columns), flush=True)


def short(value):
    """A number as a table keeps it."""
    return f"{value:.6g}"


def command(doc, table, work, jobs, told, **repeated):
    """What each gate's command does: do the jobs that the table lacks, and say what it holds.

    table : of a path or None; work, jobs : as in `fill`, the jobs from the options chosen; told : rows → lines
    repeated : name and default of the option that says how often
    """
    options = argparse.ArgumentParser(description=doc.split("\n")[0])
    options.add_argument("--anew", action="store_true", help="begin a new table")
    options.add_argument("--workers", type=int, default=WORKERS)
    options.add_argument("--only", help="names with commas")
    options.add_argument("--out", type=Path, help="another file than the kept one")
    options.add_argument("--days", type=float, help="another horizon, to try it out")
    options.add_argument("--summary", action="store_true", help="say what the table holds, and simulate nothing")
    for name, default in repeated.items():
        options.add_argument(f"--{name}", type=int, default=default)
    chosen = options.parse_args()
    kept = table(chosen.out)
    if not chosen.summary:
        kept.begin(chosen.anew)
        fill(kept, work, jobs(chosen), chosen.workers)
    print(*told(kept.rows()), sep="\n")


def chosen_from(names, only):
    """The names that --only asks for, or all; SystemExit for one that there is not."""
    wanted = list(names) if only is None else only.split(",")
    if unknown := [name for name in wanted if name not in names]:
        raise SystemExit(f"there is no {unknown[0]!r} here; known: {', '.join(names)}")
    return wanted
