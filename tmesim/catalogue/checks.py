"""What must hold between the entries of a catalogue: words that exist, groups that agree, evidence that is there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from tmesim import units
from tmesim.catalogue import synonyms, vocabulary
from tmesim.catalogue.claims import claims
from tmesim.catalogue.contents import Contents, folded
from tmesim.catalogue.entries import CellType, Rule
from tmesim.catalogue.files import ORGAN_FILES
from tmesim.catalogue.numbers import Number
from tmesim.catalogue.therapies import Drug, Radiation, Removal, Therapy
from tmesim.reading import DataPath, suggestion

C = TypeVar("C", bound=Contents)
Issue = tuple[DataPath, str]


def with_group_limits(catalogue: C) -> C:
    """The catalogue with, in each rule, the limit and base that another rule of its group states.

    Written into each rule, so that switching off the one that states it changes nothing for the others.
    """
    rules = catalogue.all_rules
    stated: dict[tuple[str, ...], Number] = {}
    for rule in rules.values():
        for part, group in _parts_of(rule):
            number = getattr(rule, part)
            if number is not None:
                stated.setdefault(group, number)
    filled: dict[str, Rule] = {}
    for name, rule in rules.items():
        new = {
            part: stated[group] for part, group in _parts_of(rule) if getattr(rule, part) is None and group in stated
        }
        if new:
            filled[name] = rule.model_copy(update=new)
    return catalogue.with_rules(filled)


def _parts_of(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a rule shares with others, and with whom: the limit with its side of the group, the base with all of it."""
    for cell in rule.cell:
        yield "limit", ("limit", cell, rule.behavior, rule.group, rule.effect)
        if rule.group != "main":
            yield "base", ("base", cell, rule.behavior, rule.group)


def mates(catalogue: Contents, name: str, part: str) -> set[str]:
    """Rules that share the limit or base of a rule, itself among them; a rule of two cell types joins both groups."""
    members: dict[tuple[str, ...], list[str]] = defaultdict(list)
    groups: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for other, rule in catalogue.all_rules.items():
        for what, group in _parts_of(rule):
            if what == part:
                members[group].append(other)
                groups[other].append(group)
    found, todo = {name}, [name]
    while todo:
        for group in groups[todo.pop()]:
            new = [other for other in members[group] if other not in found]
            found.update(new)
            todo += new
    return found


def issues(catalogue: Contents) -> list[Issue]:
    """Everything that is wrong, with its path."""
    found: list[Issue] = []
    for name, cell in catalogue.cells.items():
        found += _cell(catalogue, ("cells", name), cell)
    for name, rule in catalogue.rules.items():
        found += _rule(catalogue, ("rules", name), rule)
    for name, therapy in catalogue.therapies.items():
        found += _therapy(catalogue, ("therapies", name), therapy)
    found += _names(catalogue)
    found += synonyms.clashes(catalogue)
    found += _roles(catalogue)
    found += agreement(catalogue)
    for kind, name, entry in catalogue.entries():
        found += unknown_claims((kind, name, "evidence"), getattr(entry, "evidence", ()))
    for path, number in catalogue.placed_numbers.values():
        found += unknown_claims((*path, "source"), number.source)
    return found


def _known(catalogue: Contents, path: DataPath, what: str, name: str, known: Iterable[str]) -> Iterator[Issue]:
    if name not in known:
        yield path, f"there is no {what} '{name}'.{synonyms.suggest(catalogue, name, known)}"


def _cell(catalogue: Contents, path: DataPath, cell: CellType) -> Iterator[Issue]:
    if not cell.agent.isidentifier():
        yield (*path, "agent"), f"'{cell.agent}' cannot be the name of a class"
    for index, name in enumerate(cell.targets):
        yield from _known(catalogue, (*path, "targets", index), "cell type", name, catalogue.cells)
    for index, name in enumerate(cell.states):
        yield from _known(catalogue, (*path, "states", index), "state", name, catalogue.states)
    for name in cell.starts:
        yield from _known(catalogue, (*path, "starts", name), "state of this cell type", name, cell.states)
    yield from _inheritance(catalogue, path, cell)
    for index, name in enumerate(cell.sorts_from):
        yield from _known(catalogue, (*path, "sorts_from", index), "cell type", name, catalogue.cells)
    if cell.sorts_from and (cell.layer != "tissue" or "speed" not in cell.behaviors):
        yield (*path, "sorts_from"), "is for cells of the tissue layer that have a 'speed'"
    attacks = "attachment" in cell.behaviors
    if (attacks and not cell.targets) or (cell.targets and not attacks):
        yield (*path, "targets"), "'targets' go with the behavior 'attachment'"
    if attacks and "hit_rate" not in cell.behaviors:
        yield (*path, "behaviors"), "a cell type with the behavior 'attachment' needs 'hit_rate' too"
    if attacks and cell.layer != "leukocyte":
        yield (*path, "layer"), f"only leukocytes attack, but this type lives in the {cell.layer} layer"
    for index, name in enumerate(cell.targets):
        if name in catalogue.cells and catalogue.cells[name].layer != "tissue":
            yield (*path, "targets", index), f"'{name}' lives in the {catalogue.cells[name].layer} layer, out of reach"
        elif name in catalogue.cells and catalogue.cells[name].extent is not None:
            yield (*path, "targets", index), f"'{name}' fills several sites, more than an attacker can reach"
    yield from _body(path, cell)
    yield from _emergence(catalogue, path, cell)
    words = vocabulary.of(catalogue).behaviors
    for name in cell.behaviors:
        yield from _known(catalogue, (*path, "behaviors", name), "behavior", name, words)
    for index, event in enumerate(cell.events):
        here = (*path, "events", index)
        yield from _known(catalogue, (*here, "behavior"), "behavior of this cell type", event.behavior, cell.behaviors)
        if (event.to is None) == (event.does == "become"):
            yield here, "'to' goes with does: become, and with it alone"
        if event.to is None:
            continue
        yield from _known(catalogue, (*here, "to"), "cell type", event.to, catalogue.cells)
        if event.to in catalogue.cells and catalogue.cells[event.to].layer != cell.layer:
            yield (*here, "to"), f"'{event.to}' lives in another layer ({catalogue.cells[event.to].layer})"


def _emergence(catalogue: Contents, path: DataPath, cell: CellType) -> Iterator[Issue]:
    """What a cell that comes out of a capillary asks for."""
    if (cell.emerges is None) == ("extravasation" in cell.behaviors):
        yield (*path, "emerges"), "'emerges' goes with the behavior 'extravasation'"
    if cell.emerges is None:
        return
    if cell.layer != "leukocyte":
        yield (*path, "layer"), "a cell that a capillary holds lives in the leukocyte layer"
    yield from _known(catalogue, (*path, "emerges"), "cell type", cell.emerges, catalogue.cells)
    other = catalogue.cells.get(cell.emerges)
    if other is not None and (other.layer != "tissue" or other.static or set(other.states) - set(cell.states)):
        yield (*path, "emerges"), f"'{cell.emerges}' must move in the tissue layer and have no state that this lacks"


def _inheritance(catalogue: Contents, path: DataPath, cell: CellType) -> Iterator[Issue]:
    """What a hierarchy and heritable differences ask for."""
    if cell.hierarchy is not None:
        here, state = (*path, "hierarchy", "state"), cell.hierarchy.state
        yield from _known(catalogue, here, "state of this cell type", state, cell.states)
        if "self_renewal" not in cell.behaviors:
            yield (*path, "hierarchy"), "needs the behavior 'self_renewal'"
        if not any(event.does == "divide" for event in cell.events):
            yield (*path, "hierarchy"), "is for cells that divide"
    for name in cell.heritable:
        yield from _known(catalogue, (*path, "heritable", name), "behavior of this cell type", name, cell.behaviors)
        if not cell.malignant:
            yield (*path, "heritable", name), "only malignant cells have clones"
        if name == "speed":
            yield (*path, "heritable", name), "how fast cells can get must be known before they mutate"


def _body(path: DataPath, cell: CellType) -> Iterator[Issue]:
    """What a cell that stays in place, or fills several sites, can do."""
    if cell.membrane and not cell.static:
        yield (*path, "membrane"), "a membrane must be static"
    if cell.static and cell.layer != "tissue":
        yield (*path, "static"), f"is for cells of the tissue layer, this type lives in the {cell.layer} layer"
    if cell.static and "speed" in cell.behaviors:
        yield (*path, "behaviors", "speed"), "a static cell does not move"
    if cell.extent is not None and not cell.static:
        yield (*path, "extent"), "a cell of several sites must be static"
    if cell.extent is not None and any(event.does == "divide" for event in cell.events):
        yield (*path, "events"), "a cell of several sites cannot divide: there is no room for another"
    if cell.extent_spread is not None and cell.extent is None:
        yield (*path, "extent_spread"), "goes with 'extent'"


def _rule(catalogue: Contents, path: DataPath, rule: Rule) -> Iterator[Issue]:
    yield from _known(catalogue, (*path, "signal"), "signal", rule.signal, vocabulary.of(catalogue).signals)
    if rule.behavior not in vocabulary.of(catalogue).behaviors:
        yield from _known(catalogue, (*path, "behavior"), "behavior", rule.behavior, vocabulary.of(catalogue).behaviors)
        return
    if rule.base is not None and rule.group == "main":
        yield (*path, "base"), "the base of the group 'main' is the behavior of the cell type; give none here"
    if rule.limit is None:
        yield path, "'limit' is missing, here and in the other rules of its group"
    if rule.absent == "limit" and rule.group != "main":
        yield (*path, "absent"), "a factor is 1 without its rules; 'absent: limit' goes with the group 'main' alone"
    for cell in rule.cell:
        yield from _known(catalogue, (*path, "cell"), "cell type", cell, catalogue.cells)
        if cell not in catalogue.cells:
            continue
        kind = catalogue.cells[cell]
        what = f"behavior of cell type {cell}"
        yield from _known(catalogue, (*path, "behavior"), what, rule.behavior, kind.behaviors)
        for family in ("state", "hybrid"):
            if (own := vocabulary.SIGNALS[family].item(rule.signal)) is not None:
                yield from _known(catalogue, (*path, "signal"), f"state of cell type {cell}", own, kind.states)
        if rule.signal == "engagement" and not kind.targets:
            yield (*path, "signal"), f"cell type {cell} has no targets, so it is never engaged"
        base = rule.base_value if rule.group != "main" else kind.behaviors.get(rule.behavior)
        yield from _direction(path, rule, base)


def _direction(path: DataPath, rule: Rule, base: Number | None) -> Iterator[Issue]:
    """A rule that increases must lead up, one that decreases down."""
    if base is None or rule.limit is None:
        return
    missing = [host for host in base.hosts if host not in rule.limit.hosts]
    if missing:
        yield (*path, "limit"), f"has no value for {missing[0]}, but the behavior has"
        return
    up = rule.effect == "increases"
    wrong = [h for h in base.hosts if (rule.limit.at(h) < base.at(h) if up else rule.limit.at(h) > base.at(h))]
    if wrong:
        word, host = "below" if up else "above", wrong[0]
        limit, start = (units.show(n.at(host), n.unit_at(host)) for n in (rule.limit, base))
        yield (*path, "limit"), f"{rule.effect} toward {limit}, which is {word} the base of {start} ({host})"


def agreement(catalogue: Contents) -> Iterator[Issue]:
    """Rules of one group of a cell type's behavior state one maximum, one minimum and one base."""
    paths = catalogue.rule_paths
    stated: dict[tuple[str, ...], dict[str, Number]] = defaultdict(dict)
    for name, rule in catalogue.all_rules.items():
        for part, group in _parts_of(rule):
            number = getattr(rule, part)
            if number is not None:
                stated[group][name] = number
    reported = set()
    for key, numbers in stated.items():
        part, cell, behavior, name = key[:4]
        first, *others = numbers
        for other in others:
            if _same(numbers[first], numbers[other]) or (first, other, part) in reported:
                continue
            reported.add((first, other, part))
            message = f"{numbers[other]} disagrees with {numbers[first]} of '{first}'"
            yield (*paths[other], part), f"{message}; both are of the group '{name}' of {behavior} of {cell}"


def _same(one: Number, other: Number) -> bool:
    return one.hosts == other.hosts and all(one.at(host) == other.at(host) for host in one.hosts)


def _therapy(catalogue: Contents, path: DataPath, therapy: Therapy) -> Iterator[Issue]:
    if isinstance(therapy, Drug):
        yield from _drug(catalogue, path, therapy)
    if isinstance(therapy, Radiation):
        yield from _radiation(catalogue, path, therapy)
    if isinstance(therapy, Removal):
        yield from _removal(catalogue, path, therapy)
    for name, rule in therapy.rules.items():
        yield from _rule(catalogue, (*path, "rules", name), rule)
        yield from unknown_claims((*path, "rules", name, "evidence"), rule.evidence)


def _radiation(catalogue: Contents, path: DataPath, therapy: Radiation) -> Iterator[Issue]:
    yield from _known(catalogue, (*path, "state"), "state", therapy.state, catalogue.states)
    if therapy.oxygen is not None:
        yield from _known(catalogue, (*path, "oxygen", "field"), "field", therapy.oxygen.field, catalogue.fields)
    for index, resistance in enumerate(therapy.resistance):
        yield from _known(catalogue, (*path, "resistance", index, "state"), "state", resistance.state, catalogue.states)
        yield from unknown_claims((*path, "resistance", index, "evidence"), resistance.evidence)
    seen: set[str] = set()
    for index, survival in enumerate(therapy.survival):
        for place, cell in enumerate(survival.cells):
            here = (*path, "survival", index, "in", place)
            yield from _known(catalogue, here, "cell type", cell, catalogue.cells)
            if cell in catalogue.cells and therapy.state in catalogue.states:
                if therapy.state not in catalogue.cells[cell].states:
                    yield here, f"'{cell}' has no state '{therapy.state}'"
            if cell in seen:
                yield here, f"the survival of '{cell}' is said already"
            seen.add(cell)


def _removal(catalogue: Contents, path: DataPath, therapy: Removal) -> Iterator[Issue]:
    for part, names in (("in", therapy.cells), ("instead", therapy.instead)):
        for index, cell in enumerate(names):
            yield from _known(catalogue, (*path, part, index), "cell type", cell, catalogue.cells)
    if therapy.marked is None:
        if both := set(therapy.cells) & set(therapy.instead):
            yield (*path, "instead"), f"'{min(both)}' is meant to stay; without 'marked' all cells of a type are meant"
        return
    state = therapy.marked.state
    yield from _known(catalogue, (*path, "marked", "state"), "state", state, catalogue.states)
    for index, cell in enumerate(therapy.cells if state in catalogue.states else ()):
        if cell in catalogue.cells and state not in catalogue.cells[cell].states:
            yield (*path, "in", index), f"'{cell}' has no state '{state}'"


def _drug(catalogue: Contents, path: DataPath, therapy: Drug) -> Iterator[Issue]:
    for index, effect in enumerate(therapy.effects):
        here = (*path, "effects", index)
        if effect.blocks is not None:
            yield from _known(catalogue, (*here, "blocks"), "signal", effect.blocks, vocabulary.of(catalogue).signals)
        for place, cell in enumerate(effect.cells):
            yield from _known(catalogue, (*here, "in", place), "cell type", cell, catalogue.cells)
            if effect.scales is not None and cell in catalogue.cells:
                own = catalogue.cells[cell].behaviors
                yield from _known(catalogue, (*here, "scales"), f"behavior of cell type {cell}", effect.scales, own)
        if effect.scales is not None:
            behaviors = vocabulary.of(catalogue).behaviors
            yield from _known(catalogue, (*here, "scales"), "behavior", effect.scales, behaviors)
        yield from unknown_claims((*here, "evidence"), effect.evidence)
    for index, kill in enumerate(therapy.kills):
        for place, cell in enumerate(kill.cells):
            yield from _known(catalogue, (*path, "kills", index, "in", place), "cell type", cell, catalogue.cells)
        yield from unknown_claims((*path, "kills", index, "evidence"), kill.evidence)
    for organ in therapy.access:
        yield from _known(catalogue, (*path, "access", organ), "organ", organ, ORGAN_FILES)
    if therapy.field is not None:
        yield from unknown_claims((*path, "field", "evidence"), therapy.field.evidence)
    for host in therapy.dose.hosts:
        volume = therapy.pk.central_volume
        if host in volume.hosts and ("/kg" in therapy.dose.unit_at(host)) != ("/kg" in volume.unit_at(host)):
            message = f"a dose in {therapy.dose.unit_at(host)} does not go with a volume in {volume.unit_at(host)}"
            yield (*path, "dose"), f"{message} ({host}): both per kg, or neither"


def _names(catalogue: Contents) -> Iterator[Issue]:
    """Names that would hide one another."""
    owner = {folded(name): name for name in catalogue.therapies}
    for name, therapy in catalogue.therapies.items():
        for index, alias in enumerate(therapy.aliases):
            other = owner.setdefault(folded(alias), name)
            if other != name:
                yield ("therapies", name, "aliases", index), f"'{alias}' already means the therapy '{other}'"
    rules = {name: "rules" for name in catalogue.rules}
    for name, therapy in catalogue.therapies.items():
        for rule in therapy.rules:
            if rule in rules:
                yield ("therapies", name, "rules", rule), f"'{rule}' is already a rule in {rules[rule]}"
            rules[rule] = f"therapies.{name}"
    for name in catalogue.fields.keys() & catalogue.matrix.keys():
        yield ("matrix", name), f"'{name}' is already a field"
    for name, state in catalogue.states.items():
        if state.shown and (name in catalogue.cells or name == "vessel"):
            yield ("states", name), f"'contact.{name}' already means contact with a cell of this name"


def _roles(catalogue: Contents) -> Iterator[Issue]:
    """Parts that cells and maps play: in the layer where they can, and one alone where only one is asked for."""
    for name, cell in catalogue.cells.items():
        if cell.malignant and cell.layer != "tissue":
            yield (
                ("cells", name, "malignant"),
                f"only cells of the tissue layer can be, {name} is of the {cell.layer} layer",
            )
        if cell.guided_by is not None:
            yield from _known(catalogue, ("cells", name, "guided_by"), "field", cell.guided_by, catalogue.fields)
            if cell.layer != "vessel":
                yield (
                    ("cells", name, "guided_by"),
                    f"is for cells of the vessel layer, {name} is of the {cell.layer} layer",
                )
    several = [
        (("cells", name, "malignant"), "malignant cell type") for name, c in catalogue.cells.items() if c.malignant
    ]
    yield from _one(several)
    membranes = [name for name, cell in catalogue.cells.items() if cell.membrane]
    yield from _one([(("cells", name, "membrane"), "type of membrane") for name in membranes])
    fibers = {e.role for e in catalogue.matrix.values()} & set(vocabulary.FIBERS)
    if len(fibers) == 1:
        both = " and ".join(vocabulary.FIBERS)
        yield ("matrix",), f"'{fibers.pop()}' is half of the axis of fibers, which takes the roles {both}"
    for role in ("barrier", "debris", *vocabulary.FIBERS):
        yield from _one(
            [(("matrix", m, "role"), f"map that is {role}") for m, e in catalogue.matrix.items() if e.role == role]
        )


def _one(found: Sequence[tuple[DataPath, str]]) -> Iterator[Issue]:
    """All but the first of what there can be one of."""
    for path, what in found[1:]:
        yield path, f"there is one {what} only, and '{found[0][0][1]}' is one already"


def unknown_claims(path: DataPath, texts: Iterable[str]) -> Iterator[Issue]:
    """What looks like a claim's id must be one."""
    for text in texts:
        if re.fullmatch(r"[a-z0-9-]+", text) and text not in claims():
            yield path, f"there is no claim '{text}'.{suggestion(text, claims())}"


def missing_sources(catalogue: Contents) -> Iterator[Issue]:
    """Numbers of the packaged catalogue without a source; a power and a base may rest on its rule's evidence."""
    for path, number in catalogue.placed_numbers.values():
        if not number.source and path[-1] not in ("power", "base"):
            yield path, "has no source: name a claim, a publication, or 'assumed: why'"
    for kind, name, entry in catalogue.entries():
        if kind not in ("cells", "processes", "matrix") and not entry.evidence:
            yield (kind, name), "has no evidence"
