"""Where compiled kernels are kept, and for what they were compiled.

The folder belongs to the user, not to a checkout or a virtual environment, so a second clone starts warm. Its name is
a hash of all that machine code depends on, with the contents of the kernels' sources and not their times: an edited
kernel never meets the code of its past.

Who loads machine code runs it. So a folder is used only if nobody else can have written to it.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import platform
import re
import shutil
import stat
import sys
import tempfile
import time
from contextlib import suppress
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

FORMAT = 1
"""Counts up when files of this cache are written in another way."""
PRIVATE = "TMESIM_PRIVATE_CACHE"
"""The variable by which processes find the temporary folder of the one that started them."""
CODELESS = frozenset(
    f"NUMBA_{name}"
    for name in (
        "CACHE_DIR", "CACHE_LOCATOR_CLASSES", "COLOR_SCHEME", "DEBUG_CACHE", "DISABLE_JIT", "NUM_THREADS",
        "THREADING_LAYER", "THREADING_LAYER_PRIORITY", "WARNINGS",
    )
)  # fmt: skip
"""Numba's options that change no machine code."""
MARK = "warm"
KEPT_FOLDERS, KEPT_DAYS = 5, 7.0
unkept: list[str] = []
"""Why kernels that this process compiled could not be kept."""
_DAY = 86400.0


class Source(NamedTuple):
    """A source file when it was read."""

    path: str
    signature: tuple[int, ...]
    digest: str

    def unchanged(self) -> bool:
        try:
            return _signature(self.path) == self.signature
        except OSError:
            return False


def read_source(path: str | os.PathLike[str]) -> Source:
    signature = _signature(path)
    return Source(os.fspath(path), signature, hashlib.sha256(Path(path).read_bytes()).hexdigest())


def _signature(path: str | os.PathLike[str]) -> tuple[int, ...]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_kernels() -> tuple[Source, ...]:
    """The sources of all kernels as they are now."""
    return tuple(read_source(path) for path in sorted(Path(__file__).parent.glob("*.py")))


def key_of(kernels: tuple[Source, ...]) -> str:
    """The name of the folder for these kernels, this Python, numba, processor and numba's options."""
    sources = [(Path(kernel.path).name, kernel.digest) for kernel in kernels]
    options = sorted((k, v) for k, v in os.environ.items() if k.startswith("NUMBA_") and k not in CODELESS)
    return hashlib.sha256(repr((FORMAT, sources, _machine(), options)).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _machine() -> tuple[object, ...]:
    import llvmlite.binding as llvm

    try:
        features = llvm.get_host_cpu_features().flatten()
    except RuntimeError:  # numba does without them too
        features = ""
    # The last two bring the vector mathematics that numba calls where it finds it.
    packages = [_version(name) for name in ("numba", "llvmlite", "numpy", "icc-rt", "intel-cmplr-lib-rt")]
    python = sys.version, sys.flags.optimize, sys.platform, platform.machine()
    return *python, llvm.get_host_cpu_name(), features, packages


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def folder_of(key: str) -> Path | None:
    """The folder of a key, which is made if need be; None if there is no place for it.

    It lies in NUMBA_CACHE_DIR if that is set, else in the user's cache folder. If it cannot be used there, one line
    says so, and a temporary folder takes its place for this process and those that it starts.
    """
    names = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", PRIVATE)
    return _folder_of(key, tuple(os.environ.get(name) for name in names))


@lru_cache(maxsize=32)
def _folder_of(key: str, places: tuple[str | None, ...]) -> Path | None:
    root: object = "the user's cache folder"
    try:
        root = _root()
        return _opened(root, key)
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
    if given := os.environ.get(PRIVATE):
        with suppress(OSError):
            return _opened(Path(given), key)
    tell(
        f"compiled kernels cannot be kept in {root} ({why}), so they are compiled anew for this run; "
        "NUMBA_CACHE_DIR may name a folder of yours for them"
    )
    try:
        private = tempfile.mkdtemp(prefix="tmesim-kernels-")  # readable and writable by its owner only
    except OSError:
        return None
    atexit.register(_remove, private, os.getpid())
    os.environ[PRIVATE] = private
    return _opened(Path(private), key)


def _root() -> Path:
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        user = f"-{os.geteuid()}" if hasattr(os, "geteuid") else ""
        return Path(given).absolute() / f"tmesim{user}"  # others may have asked for the same place
    elif sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    else:
        given = os.environ.get("XDG_CACHE_HOME", "")
        cache = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return cache / "tmesim"


def _opened(root: Path, key: str) -> Path:
    """The folder of a key below a root; OSError if it cannot be made, is not ours alone, or cannot be filled."""
    root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / "kernels" / key
    for part in (root, root / "kernels", folder):
        with suppress(FileExistsError):
            part.mkdir(mode=0o700)
        if why := refused(part):
            raise PermissionError(None, why)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) and not is_warm(folder):
        raise PermissionError(None, "it cannot be written to")
    with suppress(OSError):
        if folder.stat().st_mtime < time.time() - _DAY:
            os.utime(folder)  # in use
    return folder


def refused(folder: Path) -> str:
    """Why machine code must not be loaded from a folder; empty if only its owner, this user, may write there."""
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode):
        return f"{folder} is a symbolic link"
    if not stat.S_ISDIR(found.st_mode):
        return f"{folder} is not a folder"
    return not_ours(found, folder)


def not_ours(found: os.stat_result, path: Path) -> str:
    """Why a file or folder with this status may hold what somebody else wrote; empty if it does not."""
    if not hasattr(os, "geteuid"):  # on Windows, %LOCALAPPDATA% is closed to others
        return ""
    if found.st_uid != os.geteuid():
        return f"{path} belongs to another user"
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write to {path}"
    return ""


def _remove(folder: str, maker: int) -> None:
    if os.getpid() == maker:  # not a fork of it
        shutil.rmtree(folder, ignore_errors=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that others see whole or not at all; what lies under its name is replaced and never followed."""
    number, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".draft")
    try:
        with open(number, "wb") as file:
            file.write(data)
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise


def mark_warm(folder: Path) -> None:
    """Note that the kernels which lie in a folder now are all that a run needs."""
    names = sorted(path.name for path in folder.glob("*.nbc"))
    write_whole(folder / MARK, "\n".join(names).encode())


def is_warm(folder: Path) -> bool:
    """Whether a folder was marked, and what was there then still is."""
    try:
        names = (folder / MARK).read_text(encoding="utf-8").split("\n")
        return {*filter(None, names)} <= {*os.listdir(folder)}
    except (OSError, ValueError):
        return False


def prune(folder: Path) -> None:
    """Remove the folders beside one that are neither among the last used nor used lately, and what writers that were
    killed left in it."""
    with suppress(OSError):
        now = time.time()
        beside = [path for path in folder.parent.iterdir() if re.fullmatch("[0-9a-f]{16}", path.name)]
        ages = {path: now - path.lstat().st_mtime for path in beside if path != folder}
        for path in sorted(ages, key=ages.__getitem__)[KEPT_FOLDERS - 1 :]:
            if ages[path] > KEPT_DAYS * _DAY:
                shutil.rmtree(path, ignore_errors=True)
        for draft in folder.glob(".*.draft"):
            if now - draft.lstat().st_mtime > _DAY:
                draft.unlink(missing_ok=True)


def tell(text: str) -> None:
    """A line on standard error, if there is one."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):
            print(f"tmesim: {text}", file=sys.stderr, flush=True)
