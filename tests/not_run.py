"""A pytest plugin: what was skipped, because something is missing on this machine, is told in the closing lines."""

from collections import defaultdict


def reason_of(report):
    """Why a test or a file of tests was skipped."""
    where = report.longrepr
    return (where[2] if isinstance(where, tuple) else str(where)).removeprefix("Skipped: ")


def lines(reports):
    """A line a reason, with the tests that it kept from running."""
    kept = defaultdict(list)
    for report in reports:
        kept[reason_of(report)].append(report.nodeid)
    return [f"NOT RUN: {', '.join(sorted(names))}: {reason}" for reason, names in sorted(kept.items())]


def pytest_terminal_summary(terminalreporter):
    for line in lines(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line, yellow=True)
