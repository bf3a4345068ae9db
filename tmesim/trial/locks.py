"""Locks that end with the process that holds them, so that none is left by one that was killed.

Systems and file systems that know no such locks keep nobody out.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO


def lock(path: Path) -> IO[str]:
    """Hold a file, made if it is not there, until it is closed; BlockingIOError while somebody else holds it."""
    return _flocked(open(path, "w"), shared=False)


def lock_of(path: Path, shared: bool) -> IO[str]:
    """The same with a file that is there; those who share it keep out only who wants it alone."""
    return _flocked(open(path), shared)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file. Nothing is made or changed."""
    try:
        lock_of(path, shared=True).close()
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _flocked(file: IO[str], shared: bool) -> IO[str]:
    try:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except (ImportError, OSError):
        pass
    return file
