"""Files that appear whole or not at all, and what is in them: arrays, tables, checksums."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

DRAFT = ".draft"
"""Ending of a file that is being written; one that a killed process left is swept away when the run completes."""

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskFull(OSError):
    """There is no room for a file. What was written before is whole."""


@contextmanager
def making_room_known(path: Path) -> Iterator[None]:
    """Turn the errors of a full disk, quota or file size limit into one that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(f"no room to write {path} ({error.strerror})") from None
        raise


def write(path: Path, data: bytes | str) -> None:
    """Write a file so that it appears whole or not at all, even when the machine stops."""
    with making_room_known(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{machine()}-{os.getpid()}-{threading.get_ident()}{DRAFT}")
        try:
            with open(draft, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove the drafts that killed processes left below a folder; those of the living, and of processes elsewhere of
    which nobody here knows, stay."""
    for draft in folder.rglob(f".*{DRAFT}"):
        if is_left(draft.name):
            draft.unlink(missing_ok=True)


def is_left(draft: str) -> bool:
    """Whether the process that was writing a draft is known to be gone, by the draft's name."""
    whose = re.search(rf"\.([0-9a-f]+)-([0-9a-f]+)-(\d+)-\d+{re.escape(DRAFT)}$", draft)
    if whose is None:
        return False
    here, now = machine().split("-")
    if whose[1] != here:
        return False
    return whose[2] != now or not is_alive(int(whose[3]))


def is_alive(process: int) -> bool:
    """Whether a process of this machine runs; where that cannot be asked, it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    with suppress(OSError):  # a zombie has ended, and nobody has asked how
        return ") Z " not in Path(f"/proc/{process}/stat").read_text(errors="replace")
    return True


@cache
def machine() -> str:
    """This machine (within it, this container), and since when it runs: hashes that two processes share only if each
    can tell by its number whether the other is alive."""
    place, since = platform.node(), ""
    with suppress(OSError):
        place += os.readlink("/proc/self/ns/pid")
    with suppress(OSError):
        since = Path("/proc/sys/kernel/random/boot_id").read_text()
    return "-".join(hashlib.sha256(text.encode()).hexdigest()[:8] for text in (place, since))
