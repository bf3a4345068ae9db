"""Keep what an ensemble said in the package, and write README's part from what is kept.

    python tests/keep_ensemble.py [DIR]

DIR is a finished `tmesim ensemble`, which its `--keep` keeps as well; without it README's part is written anew.
"""

import argparse
from collections import Counter
from pathlib import Path

from tmesim.conclusions import OUTCOMES
from tmesim.conclusions.kept import keep, kept
from tmesim.wording import capital

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- ensemble: written by tests/keep_ensemble.py -->\n", "<!-- /ensemble -->\n"
NONE = "No ensemble of parameter sets has been run to its end yet: which conclusions hold in them is not known.\n"


def part(known):
    """What README says between its marks. known : what is kept, or None"""
    if known is None:
        return NONE
    said = known.said
    hosts = " and ".join(
        f"{each['sets']} of the {host} (fitted on {each['fitted']}{by}; patches of {each['patch_um'][0] / 1000:g} mm, "
        f"{each['days']:g} days)"
        for host, each in said["hosts"].items() for by in [", by another model" if each["fitted_stale"] else ""]
    )  # fmt: skip
    rows = [
        f"| {capital(each.conclusion.says(each.outcome))} | {each.count(each.outcome)} of {each.row['sets']:.0f} "
        f"| {100 * each.share(each.outcome):.0f} [{100 * each.row['low']:.0f}, {100 * each.row['high']:.0f}] "
        f"| {each.verdict} |" for each in known.told.values() if each.outcome in OUTCOMES
    ]  # fmt: skip
    count = Counter(each.verdict for each in known.told.values())
    changed = {name for host in said["hosts"] for name in known.changed(host)}
    stale = f"**Stale**: {' and '.join(sorted(changed))} changed since. " if changed else ""
    return (
        f"{stale}Parameter sets that fit untreated tumors: {hosts}, each in {said['pairs']} pairs, {said['date']}. "
        f"About the same is within ± {100 * said['margin']:.0f} %. Of {len(known.told)} conclusions {count['yes']} "
        f"hold: at least {100 * said['holds_from']:.0f} % of the sets agree once the chance of few pairs is taken off, "
        f"at the low end of the interval too. {count['no']} hang on the numbers, and {count['open']} are left open by "
        "so few pairs:\n\n"
        "| conclusion | sets | chance taken off, % | holds |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
    )


def between(text):
    """What stands between the marks, with what is before and behind."""
    before, _, rest = text.partition(BEGIN)
    inside, _, behind = rest.partition(END)
    return before + BEGIN, inside, END + behind


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path, nargs="?")
    chosen = options.parse_args()
    if chosen.folder is not None:
        keep(chosen.folder)
    before, _, behind = between(README.read_text(encoding="utf-8"))
    README.write_text(before + "\n" + part(kept()) + "\n" + behind, encoding="utf-8")


if __name__ == "__main__":
    main()
