"""Compiled kernels: where they are kept, whose folder that may be, and what becomes of damaged ones."""

import importlib.util
import json
import os
import pickle
import pkgutil
import shutil
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import tmesim
from tmesim.kernels import cache, cache_folder, compiling
from tmesim.kernels.cache_folder import folder_of, is_warm, key_of, mark_warm, prune, read_kernels

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(tmesim.__file__).parent
USER = f"tmesim-{os.geteuid()}" if hasattr(os, "geteuid") else "tmesim"
TEXT = "from tmesim.kernels.compiling import kernel\n\n\n@kernel\ndef scaled(x):\n    return {factor} * x\n"


def module_at(folder, factor=2):
    """A module with one kernel, imported anew; as if from another clone when the folder is another."""
    folder.mkdir(exist_ok=True)
    file = folder / "scaling.py"
    file.write_text(TEXT.format(factor=factor), encoding="utf-8")
    return imported(file)


def imported(file):
    cache._read_source.cache_clear()  # as in a process that begins
    # Python takes bytecode for current whose source has the same size and second.
    shutil.rmtree(Path(file).parent / "__pycache__", ignore_errors=True)
    spec = importlib.util.spec_from_file_location("scaling", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hits(function):
    return sum(function.stats.cache_hits.values())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache folder of a user who has asked for one in an empty place."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache_folder, "unkept", [])
    return folder_of(cache.KEY)


@pytest.fixture
def nowhere(monkeypatch):
    """No temporary folder that another process of this tree has made."""
    monkeypatch.setenv(cache_folder.PRIVATE, "")
    cache_folder._folder_of.cache_clear()


# What is kept for whom


def test_every_kernel_goes_through_this_cache():
    found = {}
    for info in pkgutil.walk_packages(tmesim.__path__, "tmesim."):
        if not info.name.endswith("__main__"):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                for part in (value, getattr(value, "plain", None), getattr(value, "threaded", None)):
                    if hasattr(part, "py_func") and hasattr(part, "_cache"):
                        found[f"{info.name}.{name}", part.py_func.__name__] = part._cache
    assert len(found) > 50
    assert {names for names, kept in found.items() if not isinstance(kept, cache.KernelCache)} == set()


def test_a_copy_of_a_kernel_elsewhere_is_not_compiled_again(folder, tmp_path):
    first = module_at(tmp_path / "one")
    assert first.scaled(3) == 6 and hits(first.scaled) == 0
    second = module_at(tmp_path / "two")
    os.utime(second.__file__, (1e9, 1e9))
    second = imported(second.__file__)
    assert second.scaled(5) == 10 and hits(second.scaled) == 1
    assert len(list(folder.glob("*.nbc"))) == 1


def test_other_types_options_and_sources_have_files_of_their_own(folder, tmp_path):
    module_at(tmp_path / "one").scaled(3)
    module_at(tmp_path / "one").scaled(3.5)
    third = module_at(tmp_path / "one", factor=3)
    assert third.scaled(3) == 9 and hits(third.scaled) == 0
    fourth = compiling.side_by_side(third.scaled.py_func)
    assert fourth(3) == 9 and hits(fourth) == 0
    assert len(list(folder.glob("*.nbc"))) == 4


def test_a_source_edited_after_its_import_keeps_nothing_and_meets_nothing(folder, tmp_path):
    module = module_at(tmp_path / "one")
    Path(module.__file__).write_text(TEXT.format(factor=10), encoding="utf-8")
    assert module.scaled(3) == 6  # as imported
    assert not list(folder.glob("*.nbc"))
    assert imported(module.__file__).scaled(3) == 30


def test_the_key_hangs_on_contents_versions_and_options_but_not_on_times(tmp_path, monkeypatch):
    copy = tmp_path / "kernels"
    shutil.copytree(PACKAGE / "kernels", copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.iterdir():
        os.utime(file, (1e9, 1e9))

    def key():
        return key_of(tuple(cache_folder.read_source(path) for path in sorted(copy.glob("*.py"))))

    usual = key()
    assert usual == key_of(read_kernels()) == cache.KEY
    monkeypatch.setenv("NUMBA_NUM_THREADS", "3")
    assert key() == usual
    monkeypatch.setenv("NUMBA_OPT", "1")
    assert key() != usual
    monkeypatch.delenv("NUMBA_OPT")
    for changed in ("numba", "llvmlite", "numpy"):
        with monkeypatch.context() as patch:
            patch.setattr(cache_folder, "_version", lambda name, changed=changed: str(name == changed))
            cache_folder._machine.cache_clear()
            assert key() != usual
    cache_folder._machine.cache_clear()
    assert key() == usual
    with open(copy / "chance.py", "a", encoding="utf-8") as file:
        file.write("#")
    assert key() != usual


def script(text, root, *arguments, **variables):
    """Run Python text with a package elsewhere; what it says on both channels."""
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    command = [sys.executable, "-c", textwrap.dedent(text), *map(str, arguments)]
    done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_an_edit_of_a_callee_in_another_module_is_met_at_once(tmp_path):
    """Numba by itself looks at the file of the caller alone. The edit bears the time and size of what it replaces."""
    kernels = tmp_path / "tmesim" / "kernels"
    shutil.copytree(PACKAGE / "kernels", kernels, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tmesim" / "__init__.py").touch()
    (kernels / "caller.py").write_text(
        "from tmesim.kernels.callee import f\nfrom tmesim.kernels.compiling import kernel\n\n"
        "@kernel\ndef g():\n    return f()\n"
    )
    run = """
        from tmesim.kernels.caller import g
        print(g(), sum(g.stats.cache_hits.values()))
    """
    answers = []
    for number in (1, 2, 2):
        callee = kernels / "callee.py"
        callee.write_text(
            f"from tmesim.kernels.compiling import inner\n\n@inner\ndef f():\n    return {number}\n", encoding="utf-8"
        )
        os.utime(callee, (1e9, 1e9))
        answers.append(script(run, tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "cache")))
    assert answers == [("1 0", ""), ("2 0", ""), ("2 1", "")]


def second_clone(place):
    for name in ("scenarios", "seeds", "tmesim"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in place.rglob("*"):
        os.utime(file, (1e9, 1e9))


def test_a_second_clone_compiles_nothing(tmp_path):
    from tmesim.trial.compiling import is_cold, warm

    if is_cold():
        warm(os.cpu_count() or 1)
    second_clone(tmp_path / "clone")
    run = """
        import sys, tmesim
        print(tmesim.__file__)
        tmesim.run("treg_depletion", days=0.25, replicates=1, out=sys.argv[1], workers=1, figures=False, quiet=True)
    """
    told = script(run, tmp_path / "clone", tmp_path / "run")
    assert told == (str(tmp_path / "clone" / "tmesim" / "__init__.py"), "")
    assert json.loads((tmp_path / "run" / "provenance.json").read_text())["compile_s"] == 0
    assert not list((tmp_path / "clone").rglob("*.nb[ci]"))


# Whose folder


def test_the_folder_is_open_to_its_owner_alone(folder, tmp_path):
    assert folder == tmp_path / "cache" / USER / "kernels" / cache.KEY
    for part in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(part.stat().st_mode) == 0o700
    module_at(tmp_path / "one").scaled(3)
    mark_warm(folder)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the desktop's convention for Linux")
def test_the_users_cache_folder_is_where_the_desktop_says(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for given, where in ((str(tmp_path / "xdg"), "xdg"), ("relative", "home/.cache"), ("", "home/.cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", given)
        assert folder_of("0" * 16) == tmp_path / where / "tmesim" / "kernels" / ("0" * 16)


def symlink(place):
    victim = place.parent / "victim"
    victim.mkdir(parents=True)
    place.symlink_to(victim)
    return victim


def open_to_others(place):
    place.mkdir(parents=True)
    place.chmod(0o777)
    return place


def open_to_the_group(place):
    place.mkdir(parents=True)
    place.chmod(0o770)
    return place


def a_file(place):
    place.parent.mkdir(parents=True)
    place.touch()
    return None


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes")
@pytest.mark.parametrize("part", [USER, f"{USER}/kernels", f"{USER}/kernels/{cache.KEY}"])
@pytest.mark.parametrize("plant", [symlink, open_to_others, open_to_the_group, a_file])
def test_a_planted_folder_is_not_used(plant, part, tmp_path, monkeypatch, nowhere, capfd):
    place = tmp_path / "cache" / part
    target = plant(place)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    used = folder_of(cache.KEY)
    told = capfd.readouterr().err
    assert not used.is_relative_to(tmp_path) and stat.S_IMODE(used.stat().st_mode) == 0o700
    assert told.count("\n") == 1 and str(place) in told and "NUMBA_CACHE_DIR" in told
    assert target is None or not list(target.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes")
def test_a_folder_of_another_user_is_not_used(folder, monkeypatch, nowhere, capfd):
    owner = os.geteuid()
    folder.parent.parent.rename(folder.parent.parent.with_name(f"tmesim-{owner + 1}"))
    with monkeypatch.context() as patch:
        patch.setattr(cache_folder.os, "geteuid", lambda: owner + 1)
        with pytest.raises(OSError, match=f"tmesim-{owner + 1} belongs to another user"):
            cache_folder._opened(cache_folder._root(), cache.KEY)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners and modes")
def test_users_who_ask_for_the_same_place_have_folders_of_their_own_there(folder, monkeypatch):
    ours = cache_folder._root()
    assert folder.is_relative_to(ours)
    monkeypatch.setattr(cache_folder.os, "geteuid", lambda: 12345)
    assert cache_folder._root() == ours.with_name("tmesim-12345")


def test_a_file_of_another_user_or_behind_a_link_is_not_loaded(folder, tmp_path, monkeypatch):
    module_at(tmp_path / "one").scaled(3)
    (file,) = folder.glob("*.nbc")
    with monkeypatch.context() as patch:
        patch.setattr(cache_folder, "not_ours", lambda found, path: "not ours" if path == file else "")
        other = module_at(tmp_path / "two")
        assert other.scaled(3) == 6 and hits(other.scaled) == 0
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    third = module_at(tmp_path / "three")
    assert third.scaled(3) == 6 and hits(third.scaled) == 0
    assert (tmp_path / "elsewhere").read_bytes() == before and not file.is_symlink()


def test_a_mark_planted_as_a_link_harms_no_file_behind_it(folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (folder / cache_folder.MARK).symlink_to(victim)
    mark_warm(folder)
    assert victim.read_text(encoding="utf-8") == "mine" and is_warm(folder)


def test_processes_share_the_temporary_folder_of_the_one_that_started_them(tmp_path, monkeypatch, nowhere, capfd):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    used = folder_of(cache.KEY)
    assert capfd.readouterr().err.count("\n") == 1
    ask = "import sys\nfrom tmesim.kernels.cache_folder import folder_of\nprint(folder_of(sys.argv[1]))"
    assert script(ask, ROOT, cache.KEY) == (str(used), "")
    monkeypatch.setenv(cache_folder.PRIVATE, "")
    alone, told = script(ask, ROOT, cache.KEY)
    assert alone != str(used) and told.count("NUMBA_CACHE_DIR") == 1
    assert not Path(alone).exists()  # it ends with its process


def test_without_any_place_kernels_run_all_the_same(tmp_path, monkeypatch, nowhere):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").touch()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(cache_folder.tempfile, "mkdtemp", full)
    assert folder_of(cache.KEY) is None
    module = module_at(tmp_path / "one")
    assert module.scaled(3) == 6 and module.scaled.stats.cache_path is None


def without_rights():
    """The beginning of a command that runs it without a superuser's right to write everywhere."""
    if not hasattr(os, "geteuid"):
        pytest.skip("no modes")
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("a superuser without setpriv")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


@pytest.fixture
def read_only(tmp_path):
    """An install and a home that cannot be written to."""
    command = without_rights()
    (tmp_path / "home").mkdir()
    (tmp_path / "tmp").mkdir()
    second_clone(tmp_path / "install")
    (tmp_path / "install" / "scaling.py").write_text(TEXT.format(factor=2), encoding="utf-8")
    closed = [tmp_path / "home", tmp_path / "install", *(tmp_path / "install").rglob("*")]
    for path in closed:
        path.chmod(path.stat().st_mode & ~0o222)
    env = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", cache_folder.PRIVATE)}
    env |= {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(tmp_path / "install")}

    def run(*arguments):
        return subprocess.run(
            [*command, sys.executable, *arguments], env=env, cwd=tmp_path / "install", capture_output=True, text=True,
            timeout=900,
        )  # fmt: skip

    yield run
    for path in closed:
        path.chmod(path.stat().st_mode | 0o700)


def test_kernels_run_from_a_read_only_install_with_a_read_only_home(read_only, tmp_path):
    done = read_only("-c", "import scaling, tmesim.tissue; print(scaling.scaled(3))")
    assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr
    assert done.stderr.count("\n") == 1 and "NUMBA_CACHE_DIR" in done.stderr and str(tmp_path / "home") in done.stderr
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.slow
def test_a_run_goes_through_from_a_read_only_install_with_a_read_only_home(read_only, tmp_path):
    done = read_only(
        "-m", "tmesim", "run", "treg_depletion", "--days", "0.25", "--replicates", "2", "--workers", "2",
        "--no-figures", "--out", str(tmp_path / "tmp" / "run"),
    )  # fmt: skip
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    assert done.stderr.count("NUMBA_CACHE_DIR") == 1
    assert [path.name for path in (tmp_path / "tmp").iterdir()] == ["run"]


# Damage


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:7],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"garbage" * 99,
        lambda data: bytes(len(data)),
        lambda data: flipped(data, len(data) // 2),
        lambda data: flipped(data, len(data) - 1),
    ],
    ids=["empty", "beginning", "half", "short", "garbage", "zeros", "bit", "digest"],
)
def test_a_damaged_file_is_named_removed_and_compiled_again(damage, folder, tmp_path, capfd):
    module_at(tmp_path / "one").scaled(3)
    (file,) = folder.glob("*.nbc")
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    again = module_at(tmp_path / "two")
    assert again.scaled(3) == 6 and hits(again.scaled) == 0
    told = capfd.readouterr().err
    assert told.count("\n") == 1 and str(file) in told and "damaged" in told and "removed" in told
    third = module_at(tmp_path / "three")
    assert third.scaled(3) == 6 and hits(third.scaled) == 1
    assert capfd.readouterr().err == ""


def test_a_whole_file_that_numba_cannot_read_is_compiled_again(folder, tmp_path, capfd):
    module_at(tmp_path / "one").scaled(3)
    (file,) = folder.glob("*.nbc")
    sig, _ = pickle.loads(cache.read_sealed(file))
    cache.write_sealed(file, pickle.dumps((sig, ("of", "another", "numba"))))
    again = module_at(tmp_path / "two")
    assert again.scaled(3) == 6 and hits(again.scaled) == 0
    assert str(file) in capfd.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_with_a_full_disk_kernels_run_and_it_is_told_once(folder, tmp_path, monkeypatch, capfd):
    names = iter(range(99))

    def on_a_full_disk(dir, prefix, suffix):
        path = Path(dir) / f"{prefix}{next(names)}{suffix}"
        path.symlink_to("/dev/full")
        return os.open(path, os.O_WRONLY), str(path)

    monkeypatch.setattr(cache_folder.tempfile, "mkstemp", on_a_full_disk)
    module = module_at(tmp_path / "one")
    assert (module.scaled(3), module.scaled(1.5)) == (6, 3.0)
    told = capfd.readouterr().err
    assert told.count("\n") == 1 and "No space left on device" in told and "NUMBA_CACHE_DIR" in told
    assert len(cache_folder.unkept) == 1 and not list(folder.iterdir())


def test_a_function_without_a_file_runs_uncached(folder):
    names = {}
    exec(TEXT.format(factor=2), names)
    assert names["scaled"](3) == 6 and not list(folder.iterdir())


def test_a_numba_made_in_another_way_keeps_kernels_as_it_does(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(compiling, "KernelCache", None)
    module = module_at(tmp_path / "one")
    assert module.scaled(3) == 6
    assert list(folder.rglob("scaling.scaled*.nbi")) and Path(module.scaled.stats.cache_path).is_relative_to(folder)
    monkeypatch.setattr(type(module.scaled), "enable_caching", lambda self: self.no_such_thing)
    assert module_at(tmp_path / "one").scaled(3) == 6


# Marks and folders no longer used


def test_a_folder_is_warm_when_marked_and_nothing_is_missing(folder):
    assert not is_warm(folder)
    (folder / "a.nbc").touch()
    (folder / "b.nbc").touch()
    assert not is_warm(folder)
    mark_warm(folder)
    assert is_warm(folder)
    (folder / "c.nbc").touch()
    assert is_warm(folder)
    (folder / "a.nbc").unlink()
    assert not is_warm(folder)


def test_folders_used_lately_and_the_last_five_stay(tmp_path):
    now = time.time()

    def kept(ages):
        shutil.rmtree(tmp_path / "kernels", ignore_errors=True)
        for i, days in enumerate(ages):
            folder = tmp_path / "kernels" / f"{i:016x}"
            folder.mkdir(parents=True)
            (folder / "x.nbc").touch()
            os.utime(folder, (now - days * 86400, now - days * 86400))
        (tmp_path / "kernels" / "notes").mkdir()
        prune(tmp_path / "kernels" / f"{0:016x}")
        names = sorted(path.name for path in (tmp_path / "kernels").iterdir())
        assert names.pop() == "notes"
        return [int(name, 16) for name in names]

    assert kept([0, 9, 8, 20, 10, 30, 11, 12]) == [0, 1, 2, 4, 6]
    assert kept([0, 1, 2, 3, 4, 5, 6, 6.9]) == list(range(8))
    assert kept([40, 9, 8]) == [0, 1, 2]


def test_a_folder_in_use_counts_as_used(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    folder = folder_of(cache.KEY)
    os.utime(folder, (1e9, 1e9))
    cache_folder._folder_of.cache_clear()  # as in a process that begins
    folder_of(cache.KEY)
    assert time.time() - folder.stat().st_mtime < 60
