"""`explain` of one thing: its page, as lines, by what kind of thing it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tmesim.catalogue import Catalogue, NumberSpec, english, hosts, organs, unmodeled
from tmesim.catalogue.derivations import told
from tmesim.catalogue.glossary import glossary
from tmesim.catalogue.models import Rule
from tmesim.catalogue.synonyms import synonyms_of
from tmesim.catalogue.vocabulary import BEHAVIORS, SIGNALS
from tmesim.cli.grounds import claim, modeled, switches
from tmesim.cli.keys import key_page
from tmesim.cli.lists import AWAY
from tmesim.cli.treating import treatment
from tmesim.evidence import statements
from tmesim.observables import observables_of
from tmesim.units import show


def pages_of(c: Catalogue, name: str) -> list[list[str]]:
    """The pages of all that has exactly this name; none where nothing has."""
    return [page for look in PAGES if (page := look(c, name))]


def _cell(c: Catalogue, name: str) -> list[str]:
    if name not in c.cells:
        return []
    e = c.cells[name]
    page = [f"{name} is a cell type: {e.label} (agent class {e.agent}), in the {e.layer} layer."]
    page += [e.meaning] if e.meaning else []
    page += _also(c, name)
    if e.targets:
        who = " that carry an antigen its receptor recognizes" if e.antigen_specific else ""
        how = ", and hits the more, the less visible to T cells its target is" if e.missing_self else ""
        page.append(f"It attacks {english.joined(english.plural(c, t) for t in e.targets)}{who}{how}.")
    if e.emerges is not None:
        page.append(f"At the rate of its behavior extravasation it leaves its capillary as a {e.emerges} cell.")
    if e.states:
        page.append(f"It carries slow states between 0 and 1: {english.joined(e.states)}.")
    does = {"divide": "divides", "die": "dies or vanishes", "leave": "leaves the tissue"}
    for event in e.events:
        what = f"becomes {event.to}" if event.does == "become" else does[event.does]
        page.append(f"- At the rate of its behavior {event.behavior} it {what}.")
    if (ladder := e.hierarchy) is not None:
        page.append(
            f"With {ladder.state} at {ladder.threshold} or above it is stem-like: a daughter is so too with the "
            f"probability self_renewal, else she is progeny, which divides {ladder.divisions} times."
        )
    if e.heritable:
        page.append(f"Clones that its mutants found differ in {english.joined(list(e.heritable))}.")
    if e.primed is not None:
        page += ["", "In the lymph node, for each antigen:"]
        numbers = {part: getattr(e.primed, part) for part in type(e.primed).model_fields}
        page += [f"- {part.replace('_', ' ')}: {n}  [{'; '.join(n.source)}]" for part, n in numbers.items()]
    page += ["", "At rest:"]
    page += [f"- {behavior}: {number}  [{'; '.join(number.source)}]" for behavior, number in e.behaviors.items()]
    page += _rules_about(c, lambda rule: name in rule.cell, "Rules of this cell type:")
    page += _rules_about(c, lambda rule: rule.signal == SIGNALS["contact"].word(name), "Rules of cells that touch it:")
    return page + _evidence(e.evidence)


PARTS_OF_A_RULE = {"base": "base", "limit": "limit", "half_max": "half-maximum", "power": "Hill coefficient"}


def _rule(c: Catalogue, name: str) -> list[str]:
    name = name.rpartition(".")[2]
    rule = c.all_rules.get(name)
    if rule is None:
        return []
    factor = "" if rule.group == "main" else f", as its factor '{rule.group}'"
    page = [f"{name} is a rule. {c.sentence(rule)}"]
    page += [f"Written: in {english.joined(rule.cell)}, {rule.signal} {rule.effect} {rule.behavior}{factor}."]
    page += [rule.note] if rule.note else []
    for part, what in PARTS_OF_A_RULE.items():
        number = getattr(rule, part)
        if number is not None and number.source:
            page.append(f"- {what} {number}: {'; '.join(number.source)}")
    off = f"A scenario switches it off with  off: [{name}]. Then {english.absence(rule)}."
    return [*page, *_evidence(rule.evidence), "", off]


def _parameter(c: Catalogue, name: str) -> list[str]:
    paths = [path for path, _ in c.numbers() if path == name or path.endswith(f".{name}")]
    if len(paths) != 1 and name not in paths:
        return []
    name = name if name in paths else paths[0]  # the end of a path will do where it is the only one
    number, spec = c.number(name), c.spec(name)
    kind, entry, *rest = name.split(".")
    page = [f"{name} is a number of the catalogue: {number}."]
    for host in number.hosts:
        span = number.range_at(host)
        if span is not None:
            ends = f"{show(span[0])} to {show(span[1], number.unit_at(host))}"
            page.append(f"- Plausible{f' in the {host}' if isinstance(number.range, Mapping) else ''}: {ends}.")
        if not isinstance(number.range, Mapping):
            break
    page.append(f"- Possible: {bounds(spec, number.unit_at(number.hosts[0]))}.")
    page += [f"- {claim(text)}" for text in number.source] or ["- It rests on the evidence of its entry."]
    page += [f"- Worked out: {line}." for line in told(c, name)]
    page += [number.note] if number.note else []
    word = ".".join(rest[1:]) if kind == "cells" and rest[0] == "behaviors" else ""
    if word:
        page += _rules_about(c, lambda r: entry in r.cell and r.behavior == word, "Rules that start from it:")
    elif kind == "rules":
        page += ["", c.sentence(c.rules[entry])]
    elif kind == "processes":
        page += ["", f"It belongs to the process {entry}: tmesim explain {entry}"]
    example = f"{show(number.at(number.hosts[0]), number.unit_at(number.hosts[0]))}"
    return [*page, "", "A scenario sets it with", "", f"    set: {{{_key(name)}: {example}}}", "",
            "and one run with", "", f'    tmesim run SCENARIO --set "{name}={example}"']  # fmt: skip


def _key(path: str) -> str:
    return f'"{path}"' if "[" in path else path


def bounds(spec: NumberSpec, unit: str) -> str:
    """The bounds of a number in words."""
    low = "above 0" if spec.positive else f"from {show(max(spec.low, -1e300))}"
    return f"{low} to {show(spec.most(unit), unit)}" + (", whole numbers only" if spec.whole else "")


def _therapy(c: Catalogue, name: str) -> list[str]:
    try:
        name = c.therapy_id(name)
    except LookupError:
        return []
    return treatment(c, name) + _evidence(c.therapies[name].evidence)


def _matrix(c: Catalogue, name: str) -> list[str]:
    e = c.matrix.get(name)
    if e is None:
        return []
    page = [f"{name} is a map of the sites that does not diffuse: {e.label}. {e.meaning}".strip()]
    page += [f"- decay {e.decay}  [{'; '.join(e.decay.source)}]"] if e.decay is not None else []
    page += _rules_about(c, lambda rule: rule.signal == name, "What it does:")
    page += _rules_about(c, lambda rule: rule.behavior.endswith(f".{name}"), "What lays it down and removes it:")
    return page + _evidence(e.evidence)


def _process(c: Catalogue, name: str) -> list[str]:
    e = c.processes.get(name)
    if e is None:
        return []
    page = [f"{name} is a process: what cannot be written as a rule is code, and these are its numbers."]
    for key, number in e.items():
        page.append(f"- processes.{name}.{key}: {number}  [{'; '.join(number.source)}]")
    return [*page, "", "tmesim explain processes.NAME.NUMBER says how to set one."]


def _host(c: Catalogue, name: str) -> list[str]:
    e = hosts().get(name)
    if e is None:
        return []
    page = [f"{name} is a host, a {e.species}: {e.label}; {e.meaning}."]
    if e.set:
        page += ["", "Untreated numbers of its own; how its tumors respond to treatment is a prediction:"]
    for path, number in e.set.items():
        page.append(f"- {path}: {number}, where a plain {e.species} has {_plain(c, path, e.species)}"
                    f"  [{'; '.join(number.source)}]")  # fmt: skip
    return [*page, *_evidence(e.evidence), "", "A scenario takes it with", "", f"    host: {name}"]


def _organ(c: Catalogue, name: str) -> list[str]:
    e = organs().get(name)
    if e is None:
        return []
    where = {"venous": "all venous blood passes it first", "portal": "the blood of gut and spleen passes it"}
    page = [f"{name} is an organ that tumor cells may come to: {e.meaning or e.label}.", ""]
    page += [f"Beside its share of arterial blood {where[e.receives]}."] if e.receives in where else []
    for (key, *rest), number in e.numbers():
        told = " ".join(map(str, (key, *rest))) if key != "set" else f"in it, {rest[0]}"
        page.append(f"- {told}: {number}  [{'; '.join(number.source)}]")
    return [*page, *_evidence(e.evidence), "", "A scenario begins in it with", "", "    start:", f"      organ: {name}"]


def _plain(c: Catalogue, path: str, species: str) -> str:
    number = c.number(path)
    return show(number.at(species), number.unit_at(species))


def _scenario(c: Catalogue, name: str) -> list[str]:
    from tmesim import spreads
    from tmesim.scenario import load, named
    from tmesim.scenario.courses import plan
    from tmesim.trial.identity import identity

    if name not in named():
        return []
    made = load(name)
    page = [f"{name} is a scenario: {made.question}", " ".join(made.story.split()), ""]
    for arm, part in made.arms.items():
        page.append(f"- arm {arm}: {'; '.join(plan(part, made.time)) or 'nothing given'}")
    page.append(f"- endpoints: {english.joined(made.endpoints)}")
    return [*page, "", *spreads.page(made, identity(made)), "", f"    tmesim run {name}"]


def _field(c: Catalogue, name: str) -> list[str]:
    e = c.fields.get(name)
    if e is None:
        return []
    page = [f"{name} is a field: {e.label}, in {e.unit}. {e.meaning}".strip()]
    page += _also(c, name)
    page.append(f"- diffusion {e.diffusion}  [{'; '.join(e.diffusion.source)}]")
    page.append(f"- decay {e.decay}  [{'; '.join(e.decay.source)}]")
    for family, words in (("secretion", "Secreted by"), ("uptake", "Taken up by")):
        who = [cell for cell, entry in c.cells.items() if BEHAVIORS[family].word(name) in entry.behaviors]
        page += [f"- {words} {english.joined(who)}."] if who else []
    page += _rules_about(c, lambda rule: rule.signal == name, "What it does:")
    page += _rules_about(
        c, lambda rule: rule.behavior == BEHAVIORS["secretion"].word(name), "What drives its secretion:"
    )
    return page + _evidence(e.evidence)


def _state(c: Catalogue, name: str) -> list[str]:
    name = SIGNALS["state"].item(name) or name
    e = c.states.get(name)
    if e is None:
        return []
    sensed, between = (SIGNALS[family].word(name) for family in ("state", "hybrid"))
    page = [f"{name} is a slow state between 0 and 1, which rules sense as {sensed}: {e.label}; {e.meaning}."]
    page += _also(c, name)
    page += [f"As {between} they sense how close it is to the middle, 4 z (1 - z)."]
    page += [f"It belongs to {english.joined([cell for cell, entry in c.cells.items() if name in entry.states])}."]
    if e.spread is not None:
        page += [f"A daughter's odds differ from her mother's by a logistic spread of {e.spread}."]
    if e.mutation is not None:
        page += [f"At a division of a malignant cell a mutation sets it to 1 with a probability of {e.mutation}."]
    page += _rules_about(c, lambda rule: rule.behavior == BEHAVIORS["gain"].word(name), "What raises it:")
    page += _rules_about(c, lambda rule: rule.behavior == BEHAVIORS["loss"].word(name), "What changes its loss:")
    page += _rules_about(c, lambda rule: rule.signal in (sensed, between), "What it does:")
    return page + _evidence(e.evidence)


def _term(c: Catalogue, name: str) -> list[str]:
    page = []
    if name in c.signals() and name not in c.fields and name not in c.matrix and SIGNALS["state"].item(name) is None:
        term = c.signals()[name]
        page += [f"{name} is a signal ({term.unit}): {term.meaning}."]
        page += _rules_about(c, lambda rule: rule.signal == name, "What it does:")
    if name in c.behaviors():
        term = c.behaviors()[name]
        page += [f"{name} is a behavior ({term.unit}): the cell {term.meaning}."]
        page += _also(c, name)
        page += [f"- {cell}: {e.behaviors[name]} at rest" for cell, e in c.cells.items() if name in e.behaviors]
        page += _rules_about(c, lambda rule: rule.behavior == name, "Rules that change it:")
    return page


def _observable(c: Catalogue, name: str) -> list[str]:
    o = observables_of(c, c.therapies, AWAY).get(name)
    if o is None:
        return []
    return [f"{name} is an observable ({o.unit}), a column of timeseries.csv. {o.meaning}", *_also(c, name)]


def _claim(c: Catalogue, name: str) -> list[str]:
    entry = statements().get(name)
    if entry is None:
        return []
    page = [f"{name} is a claim of the seed documents: {entry['statement']}"]
    page += [f"- {s['file']}: {s['where']}" for s in entry["sources"]]
    where = modeled(c).get(name, [])
    if where:
        page.append(f"What expresses it: {', '.join(where)}.")
    page += [f"To take that away: {how}." for how in switches(where)]
    if name in unmodeled():
        page.append(f"Nothing expresses it: {unmodeled()[name]}.")
    page.append(f"What must move: {entry['observable']}")
    return page + _rules_about(c, lambda rule: name in rule.evidence, "Rules that rest on it:")


def _term_of_the_program(c: Catalogue, name: str) -> list[str]:
    term = glossary().get(name)
    if term is None:
        return []
    page = [f"{name} is a word of the program. {term.says}"]
    page += [f"Other words: {', '.join(term.also)}."] if term.also else []
    return page + ([f"See also: {', '.join(term.see)}."] if term.see else [])


PAGES: tuple[Callable[[Catalogue, str], list[str]], ...] = (
    _cell, _rule, _therapy, _field, _matrix, _state, _process, _parameter, _term, _observable, _claim, _host, _organ,
    _scenario, key_page, _term_of_the_program,
)  # fmt: skip


def _rules_about(c: Catalogue, test: Callable[[Rule], bool], title: str) -> list[str]:
    found = [f"- {c.sentence(rule)}  [{name}]" for name, rule in c.all_rules.items() if test(rule)]
    return ["", title, *found] if found else []


def _also(c: Catalogue, name: str) -> list[str]:
    others = synonyms_of(c, name)
    return [f"Other words: {', '.join(others)}."] if others else []


def _evidence(evidence: Iterable[str]) -> list[str]:
    lines = [f"- {claim(text)}" for text in evidence]
    return ["", "Evidence:", *lines] if lines else []
