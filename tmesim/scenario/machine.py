"""What this machine has: its memory, and the room on its disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def memory_bytes(root: Path = Path("/")) -> float | None:
    """Bytes of memory that this process may take: the machine's, or less in a container; None if nobody says.

    root : where the files of the kernel are looked for
    """
    found = [size for size in (_physical(), *_allowed(root)) if size > 0]
    return min(found, default=None)


def disk_bytes(folder: Path = Path()) -> float | None:
    """Free bytes on the disk of a folder; None if nobody says."""
    try:
        return float(shutil.disk_usage(folder).free)
    except OSError:
        return None


def _physical() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return 0.0


def _allowed(root: Path) -> Iterator[float]:
    """The limits of the control groups of this process and of those around them, of versions 1 and 2."""
    mount = root / "sys/fs/cgroup"
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, own = (*line.split(":", 2), "", "")[:3]
        if controllers not in ("", "memory") and "memory" not in controllers.split(","):
            continue
        base, name = (mount / "memory", "memory.limit_in_bytes") if controllers else (mount, "memory.max")
        group = base / own.strip("/")
        for folder in (group, *group.parents):
            text = _text(folder / name).strip()
            if text.isdecimal():  # version 2 writes `max` for no limit
                yield float(text)
            if folder == base:
                break


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
