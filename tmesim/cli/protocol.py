"""`explain model`: the model as an ODD protocol (Grimm et al. 2020), written from the catalogue and the processes.

Whatever can change (entities, numbers, rules, the order of a step, defaults) is read off what runs, so that the text
cannot go stale.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator

from tmesim.body.step import STEP
from tmesim.catalogue import HOSTS, Catalogue, english, hosts, load_catalogue, organs
from tmesim.catalogue.vocabulary import BEHAVIORS, SIGNALS
from tmesim.observables import observables_of
from tmesim.report import grounds
from tmesim.scenario.file import TimePart, TissuePart
from tmesim.targets import targets_of
from tmesim.version import __version__

ODD = (
    "Grimm V, Railsback SF, Vincenot CE, et al. The ODD protocol for describing agent-based and other simulation "
    "models: a second update to improve clarity, replication, and structural realism. J Artif Soc Soc Simul 2020; "
    "23(2):7. doi:10.18564/jasss.4259"
)


def protocol() -> str:
    """The protocol as Markdown."""
    c = load_catalogue()
    parts = (_purpose(), _entities(c), _schedule(), _concepts(c), _start(), _input(c), _submodels(c))
    head = [
        f"# tmesim {__version__}: model description (ODD)",
        "",
        f"This follows the ODD protocol ({ODD}). It is written from the catalogue {c.hash[:12]} and the code "
        "that runs.",
    ]
    return "\n".join(line for part in (head, *parts) for line in ("", *part)).strip()


def _purpose() -> list[str]:
    lines = [
        "## 1. Purpose and patterns",
        "",
        "The model asks what a breast tumor and its neighbors do in weeks, and what they would have done under another "
        "treatment. It is for ranking treatments and mechanisms and for saying why one helps. It does not predict "
        "months of survival, doses for patients, or what a whole body does.",
        "",
        "Patterns: untreated tumors are held against published intervals (`tmesim targets RUN`), which have set no "
        "number.",
        "",
    ]
    for host in ("mouse", "human"):
        with_interval = [t for t in targets_of(host) if t.low is not None or t.high is not None]
        groups = Counter(t.group for t in with_interval)
        told = english.joined(f"{group} ({count})" for group, count in groups.items())
        lines.append(f"- {host}: {len(with_interval)} patterns with an interval, of {told}.")
    return lines


def _entities(c: Catalogue) -> list[str]:
    box, time = TissuePart.model_fields, TimePart.model_fields
    cells = (
        (f"`{name}`", e.label, e.layer, english.joined(e.states) or "none",
         english.joined(sorted(_events(e.events))) or "none")
        for name, e in c.cells.items()
    )  # fmt: skip
    states = ((f"`{name}`", e.label, e.meaning) for name, e in c.states.items())
    fields = ((f"`{n}`", e.label, e.unit, "slow" if e.slow else "in balance", e.edge.kind) for n, e in c.fields.items())
    matrix = ((f"`{name}`", e.label, e.unit) for name, e in c.matrix.items())
    return [
        "## 2. Entities, state variables and scales",
        "",
        f"**Cells.** {len(c.cells)} types. Each cell has a type, a site, an identity and that of its mother, a time of "
        "birth, a clone, the antigens it carries or recognizes, a synapse and the damage that hits have done to "
        "it, and "
        "the slow states of its type.",
        "",
        *_table(("type", "what it is", "layer", "states", "fates"), cells),
        "",
        f"**Slow states.** {len(c.states)}, each between 0 and 1.",
        "",
        *_table(("state", "label", "meaning"), states),
        "",
        f"**Fields.** {len(c.fields)} substances that diffuse, one level a site.",
        "",
        *_table(("field", "label", "unit", "in time", "edge"), fields),
        "",
        f"**Matrix.** {len(c.matrix)} maps of the sites that do not diffuse.",
        "",
        *_table(("map", "label", "unit"), matrix),
        "",
        "**Vessels** are a graph of endothelial segments over the lattice with flow, age, permeability and pericyte "
        "cover.",
        "",
        "**The body** holds what tissues share: drugs in plasma, blood with its leukocytes, a lymph node in which T "
        f"cells are primed, and the circulation to {len(organs()) - 1} organs beside the breast "
        f"({english.joined(name for name in organs() if name != 'breast')}).",
        "",
        f"**Hosts.** {english.joined(f'{name} ({e.label})' for name, e in hosts().items())}.",
        "",
        f"**Scales.** A site is {box['spacing'].default:g} µm wide and a section one cell thick; a patch is one to two "
        f"millimeters wide. A step is {time['step'].default:g} h, in which leukocytes move in substeps of "
        f"{c.processes['leukocytes']['substep']}. Runs last days to weeks.",
    ]


def _events(events: Iterable[object]) -> Iterator[str]:
    for event in events:
        to = getattr(event, "to", None)
        yield f"become {to}" if to else str(getattr(event, "does", ""))


def _schedule() -> list[str]:
    lines = [
        "## 3. Process overview and scheduling",
        "",
        f"A step is {len(STEP)} processes in this order, those of the body once and those of a tissue in each. "
        "Within a "
        "process, sites are visited in tiles whose offset and order are drawn anew in each step, so that no place is "
        "always first.",
        "",
    ]
    lines += [f"{n}. **{p.name}** ({p.scope}): {_first(p)}" for n, p in enumerate(STEP, 1)]
    return lines


def _concepts(c: Catalogue) -> list[str]:
    claims = sum(any(not text.startswith("assumed") for text in rule.evidence) for rule in c.all_rules.values())
    senses = english.joined(sorted(SIGNALS))
    told = {
        "Basic principles": f"Biology is data: {len(c.all_rules)} rules, each one sentence (in a cell type, a signal "
        "increases or decreases a behavior, because of evidence). Within a group the signals of rules add up in a Hill "
        "response; groups multiply. Behaviors are rates that compete for a cell.",
        "Emergence": "Growth, hypoxia, necrosis, where vessels and leukocytes are, and what treatments do come "
        "of cells "
        "and their rules; none of them is imposed.",
        "Adaptation": "Cells change what they do with what they sense, and their slow states give them a "
        "memory. No cell "
        "weighs alternatives.",
        "Objectives": "None.",
        "Learning": "None. The lymph node expands the T cells whose antigens are brought to it.",
        "Prediction": "None.",
        "Sensing": f"{len(c.signals())} signals, of these kinds: {senses}. A cell knows its own site and at most its "
        "eight neighbors.",
        "Interaction": "By contact (killing, synapses, contact signals), by fields, by room (one cell of the "
        "tissue and "
        "one leukocyte a site), by matrix and vessels, and through blood and lymph node.",
        "Stochasticity": "Division, death, conversion, movement, hits, entry, sprouting and mutation are drawn. A draw "
        "is a function of the seed, the purpose, the tissue, the step, the cell and an index, so that arms share their "
        "luck until their histories differ.",
        "Collectives": "Clones, clusters of tumor cells that travel together, and lesions.",
        "Observation": f"{len(observables_of(c, ()))} observables (cell counts, and measures of growth, oxygen, "
        "vessels, "
        "immunity and stroma) at every recorded hour, and whole sections on some days.",
    }
    lines = ["## 4. Design concepts", ""]
    lines += [f"- **{concept}.** {text}" for concept, text in told.items()]
    share = "All rules" if claims == len(c.all_rules) else f"{claims} of the rules"
    return [*lines, "", f"{share} name a claim of the seed documents or a publication for their direction."]


def _start() -> list[str]:
    return [
        "## 5. Initialization",
        "",
        "A scenario says how a tissue begins:",
        "",
        *_keys("start"),
        "",
        "Cells are placed at random by the seed: the tumor's in its disks, those of the host around it at the "
        "densities "
        "given. All arms of a replicate begin alike, unless an arm sets the start itself.",
    ]


def _input(c: Catalogue) -> list[str]:
    return [
        "## 6. Input data",
        "",
        "No time series drive the model. What comes from outside is the schedule of treatments: "
        f"{len(c.therapies)} therapies, {len(c.drugs)} of them drugs, given by arms with",
        "",
        *_keys("arms.ARM.therapies"),
    ]


def _submodels(c: Catalogue) -> list[str]:
    table = grounds.without_none(grounds.counted(c, HOSTS[0]))
    lines = ["## 7. Submodels", "", "### Rules", ""]
    lines += [
        f"{len(c.all_rules)} rules with {sum(1 for path, _ in c.numbers() if '.rules.' in f'.{path}')} numbers set the "
        "behaviors of cells (`tmesim list rules`):",
        "",
        *_table(("behavior", "unit", "the cell …", "rules", "cell types"), _behaviors(c)),
        "",
        "### Processes",
        "",
    ]
    for p in STEP:
        lines += [f"**{p.name}.** " + " ".join((inspect.getdoc(p) or "").split()), ""]
    lines += ["### Numbers of the processes", ""]
    for name, process in c.processes.items():
        lines += [f"- **{name}**: {'; '.join(f'{key} = {number}' for key, number in process.items())}"]
    total = sum(table.values())
    grounded = "; ".join(f"{count} {grounds.GROUNDS[g]}" for g, count in table.items())
    return [
        *lines,
        "",
        f"Of all {total} numbers of the catalogue for a {HOSTS[0]}: {grounded}. `tmesim list parameters` gives each "
        "with its source.",
    ]


def _behaviors(c: Catalogue) -> Iterator[tuple[str, ...]]:
    """A row for each form of behavior that rules drive."""
    for family in BEHAVIORS.values():
        rules = [rule for rule in c.all_rules.values() if family.item(rule.behavior) is not None]
        rules = [rule for rule in rules if _form(rule.behavior) == family.form]
        if rules:
            cells = dict.fromkeys(cell for rule in rules for cell in rule.cell)
            does = family.meaning.format(name="NAME", label="NAME", plural="NAME", unit="unit", uptake_unit="unit/h",
                                         meaning="")  # fmt: skip
            unit = family.unit.format(unit="unit", uptake_unit="unit/h")
            yield f"`{family.form.format(name='NAME')}`", unit, does, str(len(rules)), str(len(cells))


def _form(behavior: str) -> str:
    """The form of a behavior: a single word before the words of families."""
    plain = [f.form for f in BEHAVIORS.values() if f.form == behavior]
    return plain[0] if plain else next(f.form for f in BEHAVIORS.values() if f.item(behavior) is not None)


def _first(p: type) -> str:
    return (p.__doc__ or "").split("\n")[0]


def _keys(path: str) -> list[str]:
    """The keys of a part of a scenario, a line each."""
    from tmesim.cli.keys import told_keys

    return [f"- `{path}.{name}`: {text}" for name, text in told_keys(path.split("."))]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    cells = [[text.replace("|", "\\|") for text in row] for row in rows]
    lines = [names, ["---"] * len(names), *cells]
    return [f"| {' | '.join(row)} |" for row in lines]
