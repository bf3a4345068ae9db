"""What the engine can bear: sizes, sweeps and rates, told at the check and not in the middle of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from tmesim import units
from tmesim.catalogue import Catalogue, load_catalogue, organs
from tmesim.catalogue.models import Drug, Rule
from tmesim.reading import suggestion
from tmesim.scenario import machine
from tmesim.scenario.parts import Arm, Clone, Time, TissueBox
from tmesim.scenario.schedule import MOST_FRAMES
from tmesim.wording import in_bytes

MAX_SIDE = 16_000  # sites; positions are 16-bit
MAX_STEPS = 10_000_000
MAX_RECORDS = 100_000
MAX_FRAMES_KEPT = 2000  # of one history, in memory until it ends
MAX_DOSES = 100_000  # of all arms together; each is an event that is kept
MAX_ROWS = 100_000_000  # of all arms and replicates together
MAX_FILES = 10_000_000
MAX_DISK = 100e12  # bytes
MAX_WORK = 1e16  # sites times steps; a processor makes about 1e6 of them a second
MAX_SWEEPS = 64  # a step; kernels.arrays.STAMPS
MAX_HOPS = 6  # of a leukocyte in one substep; kernels.leukocytes.roam
MAX_ADVANCE = 3  # sites that a vessel tip can gain in a step; kernels.sprouting.MOST_ADVANCE
MAX_TYPES = 250  # cell types; a cell has its type in 8 bits
MAX_EXCHANGE = 1e4  # 1/h, between the compartments of a drug
Finding = tuple[str, str]  # where, in the words of the scenario, and what


def memory(shape: tuple[int, int], catalogue: Catalogue) -> float:
    """Bytes that a tissue takes, about: fields with their solver, layers, and a cell a site."""
    slots = max((len(cell.behaviors) for cell in catalogue.cells.values()), default=0)
    cell = 89 + 4 * (len(catalogue.states) + slots)
    return float(shape[0]) * shape[1] * (14 * len(catalogue.fields) + 60 + cell)


def fastest(
    catalogue: Catalogue, rules: Mapping[str, Rule], host: str, cell: str, behavior: str, factor: float = 1.0
) -> float:
    """The most that rules can make of a behavior of a cell type, in its unit."""
    number = catalogue.cells[cell].behaviors.get(behavior)
    if number is None:
        return 0.0
    groups: dict[str, list[float]] = {"main": [number.at(host)]}
    for rule in rules.values():
        if cell in rule.cell and rule.behavior == behavior:
            base = number if rule.group == "main" else rule.base_value
            groups.setdefault(rule.group, []).append(base.at(host))
            if rule.limit is not None:
                groups[rule.group].append(rule.limit.at(host))
    return factor * math.prod(max(values) for values in groups.values())


def sweeps(
    catalogue: Catalogue, used: Iterable[str], host: str, spacing: float, step: float, clones: tuple[Clone, ...]
) -> Iterator[Finding]:
    """Cells must not outrun the sweeps and the reach that a step of `step` h on sites of `spacing` µm has."""
    rules = dict(catalogue.rules)
    for name in used:
        rules |= catalogue.therapies[name].rules
    boost = max((clone.multipliers.get("speed", 1.0) for clone in clones), default=1.0)

    def champion(layer: str) -> tuple[float, str]:
        best = (0.0, "")
        for name, entry in catalogue.cells.items():
            if entry.layer == layer:
                factor = boost if entry.malignant else 1.0
                best = max(best, (fastest(catalogue, rules, host, name, "speed", factor), name))
        return best

    substep = catalogue.processes["leukocytes"]["substep"].at(host)
    speed, who = champion("tissue")
    substeps = max(round(step * 60 / substep), 1)
    moves = max(math.ceil(speed * 60 * step / spacing), 1)
    if substeps + moves > MAX_SWEEPS:
        each = 60 / substep + speed * 60 / spacing
        fits = math.floor((MAX_SWEEPS - 2) / each * 20) / 20
        remedy = f"a step of {units.show(fits, 'h')} would do" if fits > 0 else "take wider sites or slower cells"
        yield (
            "time.step",
            f"{units.show(step, 'h')} holds {substeps} substeps of leukocytes ({units.show(substep, 'min')} each) and "
            f"{moves} hops of the fastest tissue cell ({who}, {speed:g} µm/min on sites of {units.show(spacing, 'µm')})"
            f": {substeps + moves} sweeps; the limit is {MAX_SWEEPS}; {remedy}",
        )
    speed, who = champion("leukocyte")
    minutes = step * 60 / substeps
    if speed * minutes / spacing > MAX_HOPS:
        fits = math.floor(MAX_HOPS * spacing / speed * 100) / 100
        yield (
            "tissue.spacing",
            f"{who} moves up to {speed:g} µm/min, which is {speed * minutes / spacing:.3g} sites of "
            f"{units.show(spacing, 'µm')} in a substep of {minutes:g} min; the limit is {MAX_HOPS}: take wider sites, "
            f"or set processes.leukocytes.substep to {fits:g} min or less",
        )
    vessels = [name for name, entry in catalogue.cells.items() if entry.layer == "vessel"]
    tips = max((fastest(catalogue, rules, host, name, "tip_speed") for name in vessels), default=0.0)
    if tips * step / spacing > MAX_ADVANCE:
        yield (
            "time.step",
            f"vessel tips grow up to {tips:g} µm/h, which is {tips * step / spacing:.3g} sites in a step of "
            f"{units.show(step, 'h')}; the limit is {MAX_ADVANCE}: take shorter steps or wider sites",
        )


def blood(catalogue: Catalogue, host: str) -> Iterator[Finding]:
    """Organs and gut together have no more blood than the heart pumps."""
    if "circulation" not in catalogue.processes:
        return
    organs_have = math.fsum(o.measured(o.blood_share, "1", host) for o in organs().values() if o.lives_in(host))
    gut = catalogue.processes["circulation"]["gut_share"].at(host)
    if organs_have + gut > 1 + 1e-9:
        most = units.show(round(1 - organs_have, 4))
        yield "processes.circulation.gut_share", (
            f"{units.show(gut)} of the cardiac output, with the {organs_have:.3g} that the organs have, is more than "
            f"all of it; at most {most} is left"
        )


def levels(catalogue: Catalogue, used: Iterable[str], host: str) -> Iterator[Finding]:
    """Each field must have a way out that does not die, as cells that take it up may while those that make it live."""
    rules = dict(catalogue.rules)
    for name in used:
        rules |= catalogue.therapies[name].rules
    for name, entry in catalogue.fields.items():
        if entry.edge.kind != "zero_flux" or entry.decay.at(host) > 0:
            continue
        ways = {way: [c for c, e in catalogue.cells.items() if f"{way}.{name}" in e.behaviors]
                for way in ("secretion", "uptake", "exchange")}  # fmt: skip
        makers = [c for c in ways["secretion"] if fastest(catalogue, rules, host, c, f"secretion.{name}") > 0]
        if not ways["uptake"] and not ways["exchange"]:
            message = "nothing takes it away: with zero_flux edges it needs a decay, or an uptake by some cell"
            yield f"fields.{name}.decay", message
        elif makers:
            takers = ", ".join(dict.fromkeys(ways["uptake"] + ways["exchange"]))
            message = f"{', '.join(makers)} make it and only cells take it away ({takers}), which may die out"
            yield f"fields.{name}.decay", f"{message}: with zero_flux edges it needs a decay above 0"


def drugs(given: Mapping[str, Drug], host: str) -> Iterator[Finding]:
    """Compartments of a drug must not exchange faster than steps can follow."""
    for name, drug in given.items():
        pk = drug.pk
        for flow, volume in (("clearance", "central_volume"), ("intercompartment", "central_volume"),
                             ("intercompartment", "peripheral_volume")):  # fmt: skip
            rate, room = getattr(pk, flow), getattr(pk, volume)
            if rate is None or room is None:
                continue
            hourly = rate.at(host) / room.at(host)
            if hourly > MAX_EXCHANGE:
                message = f"{rate} through a {volume.replace('_', ' ')} of {room} is {hourly:.3g} an hour"
                yield f"therapies.{name}.pk.{flow}", f"{message}; the limit is {MAX_EXCHANGE:g}"


def size(tissue: TissueBox, catalogue: Catalogue) -> str | None:
    """What is wrong with the size of a tissue on this machine, if anything."""
    ny, nx = tissue.shape
    needs, has = memory(tissue.shape, catalogue), machine.memory_bytes()
    sites = f"{nx} × {ny} sites of {units.show(tissue.spacing, 'µm')}"
    wrong = []
    if max(nx, ny) > MAX_SIDE:
        wrong.append(f"the limit is {MAX_SIDE} sites along a side")
    if has is not None and needs > has:
        wrong.append(f"this machine has {in_bytes(has)}")
    return f"a tissue of {sites} needs about {in_bytes(needs)} of memory; {' and '.join(wrong)}" if wrong else None


def types(number: int) -> str | None:
    """What is wrong with a number of cell types, if anything."""
    return f"makes {number} cell types; the limit is {MAX_TYPES}" if number > MAX_TYPES else None


def doses(arms: Mapping[str, Arm]) -> str | None:
    """What is wrong with the doses of all arms together, if anything."""
    courses = [dose for arm in arms.values() for dose in arm.therapies]
    total = sum(dose.times for dose in courses)
    if total <= MAX_DOSES:
        return None
    return f"ask for {total:,} doses in {len(courses):,} courses; the limit is {MAX_DOSES:,} in all arms together"


def sites_of(tissue: TissueBox, organs: int) -> int:
    """Sites of a tissue and of some organs beside it."""
    return math.prod(tissue.shape) + organs * math.prod(tissue.of_organs.shape)


def amounts(
    tissue: TissueBox, time: Time, arms: int, replicates: int, catalogue: Catalogue, organs: int = 0
) -> Iterator[Finding]:
    """What a whole trial would compute and write must be within what can be computed and written.

    organs : beside the tissue
    """
    histories = arms * replicates
    of = f"{arms} arm{'s' * (arms > 1)} × {replicates} replicate{'s' * (replicates > 1)}"
    sites = sites_of(tissue, organs)
    work, rows = float(histories) * sites * time.steps, histories * (time.days * 24 / time.record_every_h + 1)
    files = histories * (2 * (1 + organs) * len(time.snapshots_h) + 1)
    if work > MAX_WORK:
        what = f"{of} × {time.steps} steps × {sites} sites"
        yield "replicates", f"{what} are {work:.2g} updates; the limit is {MAX_WORK:g}"
    if rows > MAX_ROWS:
        yield "time.record_every", f"{of} make {rows:.3g} rows; the limit is {MAX_ROWS:g}"
    if files > MAX_FILES:
        yield "time.snapshots", f"{of} make {files:.3g} files; the limit is {MAX_FILES:g}"
    needs = disk(tissue, time, histories, catalogue, organs)
    if needs > MAX_DISK:
        yield "time.snapshots", f"{of} write about {in_bytes(needs)}; the limit is {in_bytes(MAX_DISK)}"
    back, has = disk(tissue, time, arms, catalogue, organs), machine.memory_bytes()
    if has is not None and back > has:
        message = f"a replicate of {arms} arm{'s' * (arms > 1)} hands back about {in_bytes(back)} in memory"
        yield "time.snapshots", f"{message}; this machine has {in_bytes(has)}: fewer snapshots, or fewer arms at a time"


def disk(tissue: TissueBox, time: Time, histories: int, catalogue: Catalogue, organs: int = 0) -> float:
    """Bytes that a trial writes, about: snapshots and frames after compression, and rows. organs : beside the tissue"""
    kept = float(sites_of(tissue, organs))
    snapshot = 2 * len(catalogue.fields) + 2 * len(catalogue.matrix) + 20 + 2 * len(catalogue.states)
    rows = time.days * 24 / time.record_every_h + 1
    frames = MOST_FRAMES if time.frames_every_h is None else time.days * 24 / time.frames_every_h + 1
    return histories * (kept * snapshot * len(time.snapshots_h) + kept * frames + rows * 1000)


def frames(hours: float, every_h: float) -> str | None:
    """What is wrong with the interval of the frames of a run, if anything."""
    count = hours / every_h
    if count <= MAX_FRAMES_KEPT:
        return None
    return f"every {units.show(every_h, 'h')} makes {count:.3g} frames; the limit is {MAX_FRAMES_KEPT}"


def color_map(name: str) -> str | None:
    """What is wrong with the name of a color map, if anything; matplotlib is asked only about those not in use here."""
    packaged = load_catalogue()
    own = {field.color_map for field in packaged.fields.values()} | {m.color_map for m in packaged.matrix.values()}
    if name in own | {"viridis"}:
        return None
    from matplotlib import colormaps

    known = list(colormaps)
    return None if name in known else f"there is no color map '{name[:100]}'.{suggestion(name, known)}"
