"""Locks that end with the process that holds them, so that none is left by one that was killed."""

from __future__ import annotations

from pathlib import Path
from typing import IO


def lock(path: Path) -> IO[str]:
    """Hold a file until it is closed; BlockingIOError while somebody else holds it.

    Systems and file systems that know no such locks keep nobody out.
    """
    file = open(path, "w")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except (ImportError, OSError):
        pass
    return file
