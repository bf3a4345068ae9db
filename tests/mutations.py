"""Scenarios gone wrong: valid files with keys, values and text changed at random, and the command that must bear it."""

import contextlib
import copy
import io
import os

import yaml
from hypothesis import strategies as st
from typer.main import get_command

from tmesim.catalogue import load_catalogue
from tmesim.cli import app
from tmesim.scenario import find, load

COMMAND = get_command(app)  # once: Typer takes half as long to build it as a check takes
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
BASES = ("minimal", "untreated", "treg_depletion", "combination", "chemotherapy")
RAW = {name: find(name).read_bytes() for name in BASES}  # once: a file that changes meanwhile is no news
WHOLE = {name: load(name).content() for name in BASES}
for _content in WHOLE.values():
    _content.pop("catalogue")
NUMBERS = [parameter.path for parameter in load_catalogue().numbers()]
RULES = list(load_catalogue().all_rules)
KEYS = ("name", "extends", "host", "tissue", "size", "spacing", "start", "clones", "densities", "ecm", "time", "step",
        "arms", "set", "off", "add", "drop", "from", "therapies", "reference", "endpoints", "catalogue", "<<", "", "no",
        "1", "a.b", "ünïcode", "x" * 300)  # fmt: skip
UNITS = ("", " µm", " um", " mm", " h", " d", " min", " 1/h", " /mm²", " mg/kg", " mg", " pM", " nM", " mmHg",
         " µm/min", " %", " parsec", " µm²/h", "/h/h", " 1/h/kg", " kDa")  # fmt: skip
SIZES = ("0", "-0.0", "1", "-1", "0.5", "3", "15", "1e3", "1e6", "1e9", "1e30", "1e300", "-1e300", "1e-9", "1e-300",
         "1e999", "1e-999", "nan", ".nan", "inf", "-.inf", "0x1F", "1_000", "1,5", "12:30", "9" * 400, "１２", "½",
         "1/3")  # fmt: skip
ODD = (None, True, False, 0, 1, -1, 2**31, 2**63, 10**40, 0.5, 1e300, 1e-300, -0.0, float("inf"), float("nan"), "",
       " ", "~", "no", "null", "a\nb", "a\tb", "\x00", "\x1b[31mred", "\u202egnp", "\ud7ff", "é" * 200, "x" * 5000,
       "../../etc/passwd", "/dev/null", "con", "a/b", "*alias", "&anchor", "!!python/none", "{}", "[]", "%", "@", "`",
       "- a", "a: b", "#", [], {}, [[]], [{}], {"": 1}, {"a": {"b": {"c": []}}}, [1, [2, [3, [4]]]], [None],
       {"1": None})  # fmt: skip

quantities = st.tuples(st.sampled_from(SIZES), st.sampled_from(UNITS)).map("".join)
names = st.sampled_from(
    [*NUMBERS[::7], *RULES[::5], *load_catalogue().cells, *load_catalogue().aliases, "untreated", "minimal"]
)
overrides = st.dictionaries(
    st.sampled_from(NUMBERS), quantities | st.sampled_from(ODD).map(copy.deepcopy), min_size=1, max_size=3
)
values = (
    st.sampled_from(ODD)
    | quantities
    | names
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.integers(1, 90).map(lambda depth: _nest(depth))
).map(copy.deepcopy)  # later changes may go into what is drawn here


def _nest(depth):
    inner = 1
    for level in range(depth):
        inner = [inner] if level % 2 else {"k": inner}
    return inner


def places(data, path=()):
    """Every path in plain data, the root left out."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def _holder(data, path):
    for step in path[:-1]:
        data = data[step]
    return data


@st.composite
def broken_data(draw):
    """The plain data of a valid scenario after one to four changes."""
    base = draw(st.sampled_from(BASES))
    if draw(st.booleans()):
        data = copy.deepcopy(WHOLE[base])
    else:
        data = yaml.safe_load(RAW[base])
    if draw(st.booleans()) and isinstance(data.get("tissue"), dict):
        data["tissue"]["size"] = ["600 µm", "600 µm"]
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(data))
        path = draw(st.sampled_from(found)) if found else None
        change = draw(
            st.sampled_from(("replace", "quantity", "drop", "rename", "swap", "wrap", "insert", "override", "entry"))
        )
        if path is None:
            break
        holder, last = _holder(data, path), path[-1]
        if change == "replace":
            holder[last] = draw(values)
        elif change == "quantity":
            holder[last] = draw(quantities)
        elif change == "drop":
            del holder[last]
        elif change == "rename" and isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS)) if draw(st.booleans()) else f"{last}s"] = holder.pop(last)
        elif change == "swap":
            other = draw(st.sampled_from(found))
            shorter = min(len(path), len(other))
            if path[:shorter] != other[:shorter]:
                there = _holder(data, other)
                holder[last], there[other[-1]] = there[other[-1]], holder[last]
        elif change == "wrap":
            holder[last] = [holder[last]] if draw(st.booleans()) else {"value": holder[last]}
        elif change == "insert" and isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = draw(values)
        elif change == "override":
            data["set"] = draw(overrides)
            if draw(st.booleans()):
                data["off"] = draw(st.lists(names | values, max_size=3))
        elif change == "entry":
            data["add"] = draw(broken_entries())
    return data


@st.composite
def broken_entries(draw):
    """Entries of the catalogue under another name, one thing in each changed."""
    catalogue = load_catalogue()
    kind = draw(st.sampled_from(("cells", "rules", "fields", "therapies", "states", "processes", "matrix")))
    name = draw(st.sampled_from(list(getattr(catalogue, kind))))
    entry = yaml.safe_load(
        yaml.safe_dump(_plain(getattr(catalogue, kind)[name].model_dump(mode="json", exclude_none=True)))
    )
    found = list(places(entry))
    for _ in range(draw(st.integers(0, 2))):
        path = draw(st.sampled_from(found))
        try:
            _holder(entry, path)[path[-1]] = draw(values)
        except (KeyError, IndexError, TypeError):
            pass
    return {kind: {draw(st.sampled_from((f"{name}_new", name, "Bad Name", "x"))): entry}}


def _plain(data):
    if isinstance(data, dict):
        return {str(key): _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list | tuple) else data


@st.composite
def broken_text(draw):
    """The bytes of a valid scenario file after one to three changes that know nothing of YAML."""
    raw = RAW[draw(st.sampled_from(BASES))]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(raw) - 1, 0)))
        lines = raw.split(b"\n")
        line = draw(st.integers(0, len(lines) - 1))
        change = draw(
            st.sampled_from(("cut", "tab", "bytes", "delete", "twice", "indent", "token", "document", "encoding"))
        )
        if change == "cut":
            raw = raw[:at]
        elif change == "bytes":
            raw = raw[:at] + draw(st.binary(min_size=1, max_size=4)) + raw[at + draw(st.integers(0, 3)) :]
        elif change == "token":
            raw = raw[:at] + draw(st.sampled_from(TOKENS)) + raw[at:]
        elif change == "encoding":
            raw = raw.decode("utf-8", "replace").encode(
                draw(st.sampled_from(("latin-1", "utf-16", "utf-8-sig"))), "replace"
            )
        else:
            changed = {
                "tab": [b"\t" + lines[line]],
                "delete": [],
                "twice": [lines[line]] * 2,
                "indent": [b" " * draw(st.integers(1, 5)) + lines[line]],
                "document": [b"---", lines[line]],
            }[change]
            raw = b"\n".join([*lines[:line], *changed, *lines[line + 1 :]])
    return raw


TOKENS = (b"{", b"}", b"[", b"]", b": ", b",", b"- ", b"? ", b"| ", b"> ", b"&a ", b"*a ", b"!!int ", b"!x ", b"# ",
          b"'", b'"', b"%", b"@", b"`", b"<<: *a\n", b"---\n", b"...\n", b"\\u0000", b"\x85", b"\xe2\x80\xa8",
          b"\xef\xbb\xbf", b"\r", b"~", b"0o17", b"[" * 70, b"{a: " * 70)  # fmt: skip


@st.composite
def daring(draw):
    """A small tissue with all of the biology and numbers that have the right unit and an extreme size."""
    catalogue = load_catalogue()
    data = copy.deepcopy(WHOLE[draw(st.sampled_from(("untreated", "combination")))])
    spacing = draw(st.sampled_from((15, 15, 15, 15, 20, 10, 30, 100, 5)))
    data["tissue"] = {
        "size": [f"{spacing * 24} µm", f"{spacing * draw(st.integers(5, 24))} µm"],
        "spacing": f"{spacing} µm",
    }
    data["start"]["tumor"] = {"radius": f"{2 * spacing} µm", "fill": draw(st.sampled_from((0, 0.5, 1)))}
    per_mm2 = 1e6 / spacing**2
    data["start"]["densities"] = {
        name: f"{draw(st.sampled_from((0, 0.01, 0.1))) * per_mm2!r} /mm²"
        for name, cell in catalogue.cells.items()
        if cell.layer != "vessel"
    }
    data["start"]["capillaries"] = f"{draw(st.sampled_from((0, 1e-6, 0.02, 1))) * per_mm2!r} /mm²"
    data["start"]["clones"] = [{"name": "a", "share": 1, "antigens": draw(st.integers(0, 32)), "multipliers": {
        draw(st.sampled_from(list(catalogue.cells["tumor"].behaviors))): draw(st.sampled_from((0, 0.5, 30,
        1000)))}}]  # fmt: skip
    step = draw(st.sampled_from((1, 1, 1, 1, 0.001, 0.5, 2, 3)))
    data["time"] = {"days": 24 * step, "step": f"{step} h", "record_every": f"{step} h"}
    for arm in data["arms"].values():
        for dose in arm.get("therapies", ()):
            dose |= {"start": "0 h", "dose": f"{draw(st.sampled_from((0, 1e-9, 10, 1e6)))} mg/kg"}
        arm.pop("from", None)
    data["set"] = {}
    for path in draw(st.lists(st.sampled_from(NUMBERS), max_size=5)):
        number, slot = catalogue.number(path), catalogue.spec(path)
        unit = number.unit_at("mouse")
        size = draw(st.sampled_from((0.0, 1e-9, 1e-6, 1.0, slot.low, slot.most(unit), None, None)))
        if size is None:
            size = number.at("mouse") * 10.0 ** draw(st.integers(-4, 4))
        data["set"][path] = f"{size!r} {unit}"
        if path.startswith("cells."):  # otherwise most rules of the behavior would not suit it
            cell, behavior = path.split(".")[1], path.split(".behaviors.")[-1]
            data.setdefault("off", []).extend(
                name for name, rule in catalogue.all_rules.items() if cell in rule.cell and rule.behavior == behavior
            )
    data["off"] = [*data.get("off", []), *draw(st.lists(st.sampled_from(RULES), max_size=4))]
    return data


def written(data) -> bytes:
    return yaml.dump(data, Dumper=DUMPER, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


broken = broken_data().map(written) | broken_text()


def command(*arguments) -> tuple[int, str, str]:
    """The whole command in this process: exit code, standard output, standard error. Tracebacks come through."""
    out, err = io.StringIO(), io.StringIO()
    before = os.environ.get("TMESIM_TRACEBACK")
    os.environ["TMESIM_TRACEBACK"] = "1"
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                COMMAND(args=[str(argument) for argument in arguments], prog_name="tmesim")
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    finally:
        os.environ.pop("TMESIM_TRACEBACK") if before is None else os.environ.update(TMESIM_TRACEBACK=before)
    return code, out.getvalue(), err.getvalue()
