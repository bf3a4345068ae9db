"""The catalogue of a scenario: the packaged one with add, drop, set and off; what is wrong with them, all at once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tmesim import units
from tmesim.catalogue import (
    BREAST,
    KINDS,
    Catalogue,
    catalogue_in,
    checks,
    folded,
    host_named,
    load_catalogue,
    validated,
)
from tmesim.catalogue.models import Drug, Radiation, frozendict
from tmesim.catalogue.synonyms import suggest
from tmesim.reading import DataPath, Document, brief, dotted, suggestion
from tmesim.reserved import taken
from tmesim.scenario import lasting, limits
from tmesim.scenario.file import ADDABLE
from tmesim.scenario.freezing import frozen
from tmesim.scenario.overlay import NOTHING, Overlay
from tmesim.scenario.partwise import Parts, in_order


class Biology(Parts):
    """The parts of a document that change the catalogue."""

    def __init__(self, document: Document) -> None:
        self.overlay = NOTHING
        self.known_issues: set[tuple[DataPath, str]] = set()  # told of the added entries, not to be told again
        super().__init__(document)

    @property
    def species(self) -> str | None:
        """The species of the host, None without one that can be read."""
        return None if (host := self.part("host")) is None else host_named(host).species

    def catalogue(self) -> Catalogue:
        """The catalogue of the host with add, drop, set and off, as far as they are sound; what is not is told."""
        host, start = self.part("host"), self.part("start")
        base = load_catalogue() if host is None else catalogue_in(BREAST if start is None else start.organ, host)
        catalogue = self._without_dropped(self._with_added(base))
        values, off = self.part("set") or {}, self.part("off") or ()
        count = len(self.problems)
        for path in values:
            if (why := lasting.idle_anywhere(path)) is not None:
                self.blame(("set", path), why)
        with_numbers, result = self.changed(catalogue, values, off, ())
        if len(self.problems) == count:
            self.overlay = Overlay(
                set=written(with_numbers, values),
                off=self._rule_names(catalogue, off),
                add=frozen(self.part("add") or {}),
                drop=tuple(sorted({*getattr(self.part("drop"), "fields", ())})),
            )
        return result

    def _with_added(self, base: Catalogue) -> Catalogue:
        """The catalogue with those added entries that can be read."""
        added: dict[str, dict[str, Any]] = {}
        document = replace(self.document, data={"add": in_order(self.part("add") or {})})
        for kind, entries in document.data["add"].items():
            if kind not in ADDABLE:
                self._not_addable(kind, entries)
                continue
            added[kind], found = validated(document, kind, ("add", kind))
            self.problems += found
            self.unreadable |= {name for name in entries if name not in added[kind]}
            for name in entries:
                if name in getattr(base, kind):
                    self.blame(
                        ("add", kind, name), "exists already; change its numbers with 'set', or choose another name"
                    )
                    added[kind].pop(name, None)
        for name in taken(added.get("states", {})):
            self.blame(("add", "states", name), f"'{name}' means something for every cell already; choose another name")
        if message := limits.types(len(base.cells) + len(added.get("cells", ()))):
            self.blame(("add", "cells"), message)
        for name, cell in added.get("cells", {}).items():
            if cell.layer == "vessel":
                self.blame(("add", "cells", name, "layer"), "the vessel layer holds endothelial cells alone")
        for path, name in color_maps(added):
            if message := limits.color_map(name):
                self.blame(("add", *path), message)
        catalogue, issues = base.plus(added)
        for path, message in issues:
            self.known_issues.add((path, message))
            inside = len(path) > 1 and path[1] in added.get(str(path[0]), {})
            self.blame(("add", *path) if inside else ("add",), message if inside else f"{dotted(path)}: {message}")
        return catalogue

    def _not_addable(self, kind: str, entries: Mapping[str, Any]) -> None:
        self.unreadable |= set(entries)
        if kind not in KINDS:
            self.blame(("add", kind), f"there is no '{brief(kind)}' in the catalogue.{suggestion(kind, ADDABLE)}")
            return
        why = "a process without its code does nothing. Their numbers can be changed with 'set'"
        self.blame(("add", kind), f"{kind} cannot be added: {why}")

    def _without_dropped(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue without the fields that the scenario drops; the rules that need one must be off."""
        part = self.part("drop")
        names: dict[str, DataPath] = {}
        for index, name in enumerate(part.fields if part is not None else ()):
            path: DataPath = ("drop", "fields", index)
            if name not in catalogue.fields:
                self.blame(path, f"there is no field '{brief(name)}'.{suggest(catalogue, name, catalogue.fields)}")
            else:
                names.setdefault(name, path)
        needed: set[str] = set()
        for name, message in self._needing(catalogue, names):
            needed.add(name)
            self.blame(names[name], message)
        return catalogue.dropping(name for name in names if name not in needed)

    def _needing(self, catalogue: Catalogue, names: Container[str]) -> Iterator[tuple[str, str]]:
        """Which of some fields are needed, and what for."""
        off = None if "off" in self.broken else self._rule_names(catalogue, self.part("off"))
        for rule_name, rule in catalogue.all_rules.items():
            if off is None or rule_name in off:
                continue
            for name in dict.fromkeys((rule.signal, rule.behavior.partition(".")[2])):
                if name in names:
                    what = "reads" if rule.signal == name else f"drives {rule.behavior}, so it needs"
                    yield name, f"the rule '{rule_name}' {what} '{name}'; switch it off too, with 'off'"
        for use in self._therapies_used(catalogue):
            therapy = catalogue.therapies[use]
            if isinstance(therapy, Radiation) and therapy.oxygen is not None and therapy.oxygen.field in names:
                field = therapy.oxygen.field
                yield field, f"the therapy '{use}' kills by the level of '{field}', and an arm uses it"
            for effect in therapy.effects if isinstance(therapy, Drug) else ():
                word = str(effect.blocks if effect.blocks in names else (effect.scales or "").partition(".")[2])
                if word in names:
                    yield word, f"the therapy '{use}' acts on '{word}', and an arm uses it"

    def _therapies_used(self, catalogue: Catalogue) -> list[str]:
        """The therapies that the arms use, each once."""
        uses = [dose.use for arm in (self.part("arms") or {}).values() for dose in arm.therapies]
        known = [catalogue.aliases[folded(use)] for use in uses if folded(use) in catalogue.aliases]
        return list(dict.fromkeys(known))

    @staticmethod
    def _rule_names(catalogue: Catalogue, off: Iterable[str]) -> tuple[str, ...]:
        """The rules that are switched off, by their bare names, sorted; unknown ones are left out."""
        return tuple(sorted({name for text in off if (name := catalogue.rule_name(text)) is not None}))

    def changed(
        self, catalogue: Catalogue, values: Mapping[str, Any], off: Iterable[str], at: DataPath
    ) -> tuple[Catalogue, Catalogue]:
        """A catalogue with numbers set, as told in the document at a path, as far as they can be; and with rules off.

        Rules that are off are not asked whether the new numbers suit them.
        """
        values = self._absolute(catalogue, values, at)
        result, wrong = catalogue.with_numbers(values)
        for path, message in wrong.items():
            rule = path.split(".")[-2] if path.count(".") > 1 else ""
            gone = rule in load_catalogue().all_rules and rule not in catalogue.all_rules
            self.blame((*at, "set", path), f"the scenario switches the rule '{rule}' off" if gone else message)
        known = {*catalogue.all_rules, *load_catalogue().all_rules}  # an arm may repeat what the scenario says
        for index, name in enumerate(off):
            if catalogue.rule_name(name) is None and load_catalogue().rule_name(name) is None:
                self.blame((*at, "off", index), f"there is no rule '{brief(name)}'.{suggestion(name, known)}")
        left = result.without(self._rule_names(catalogue, off))
        issues = checks.issues(left) if len(wrong) < len(values) else []
        told = {message for found, message in issues if dotted(found) in values}
        for found, message in issues:
            where = dotted(found)
            # A limit or base that is set is that of its whole group, so that the mates of its rule say the same.
            if (found, message) in self.known_issues or (message in told and where not in values):
                continue
            if where in values:
                self.blame((*at, "set", where), message)
                continue
            # The number that was set is fine by itself, but not beside the rules it meets.
            rule_met = left.all_rules.get(str(found[-2]))
            bases = [f"cells.{cell}.behaviors.{rule_met.behavior}" for cell in rule_met.cell] if rule_met else []
            near = [name for name in values if name in bases or name.startswith(f"{dotted(found[:2])}.")]
            place = (*at, "set", near[0]) if near else (*at, "set")
            self.blame(place, f"{where} {message}; set that too, or switch the rule off")
        return result, left

    def _absolute(self, catalogue: Catalogue, values: Mapping[str, Any], at: DataPath) -> dict[str, Any]:
        """Factors as what they make of the number for the host, which is what will be written."""
        host, made = self.species, dict(values)
        for path, value in values.items():
            by = units.factor(value)
            if by is None or host is None or not catalogue.has_number(path):
                continue
            number = catalogue.number(path)
            if host not in number.hosts:
                self.blame((*at, "set", path), f"has no value for {host} that could be multiplied")
                del made[path]
            else:
                made[path] = units.scaled(units.show(number.at(host), number.unit_at(host)), by)
        return made


def color_maps(added: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[DataPath, str]]:
    """Where added entries name a color map, and which."""
    for kind in ("fields", "matrix"):
        for name, entry in added.get(kind, {}).items():
            yield (kind, name, "color_map"), entry.color_map
    for name, therapy in added.get("therapies", {}).items():
        if isinstance(therapy, Drug) and therapy.field is not None:
            yield ("therapies", name, "field", "color_map"), therapy.field.color_map


def written(catalogue: Catalogue, values: Mapping[str, Any]) -> frozendict:
    """Overrides in the unit of their slot, as text that reads back exactly, in the order of their paths."""
    made = {}
    for path in sorted(values):
        number = catalogue.number(path)
        host = number.hosts[0]
        made[path] = units.show(number.at(host), number.unit_at(host))
    return frozendict(made)
