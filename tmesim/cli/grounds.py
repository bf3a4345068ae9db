"""`evidence`: what the model says, on what grounds, and what of the documents it leaves out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tmesim.catalogue import BREAST, HOSTS, Catalogue, claims, load_catalogue, organs, unmodeled
from tmesim.catalogue.folds import assumptions
from tmesim.evidence import GROUNDS, ground, statements
from tmesim.influence import kept
from tmesim.text import json_text, say, say_all


def claim(text: str) -> str:
    """A piece of evidence in full: a claim with its statement, anything else as it is written."""
    entry = statements().get(text)
    return f"{text}: {entry['statement']}" if entry else text


def modeled(c: Catalogue) -> dict[str, list[str]]:
    """Where the catalogue names each claim that it rests on: entries and numbers by their paths, sorted."""
    known = claims()
    return {text: sorted(set(where)) for text, where in _named(c).items() if text in known}


def switches(where: Iterable[str]) -> list[str]:
    """How a scenario takes away what expresses a claim: rules that it switches off, numbers that it sets, organs that
    it begins without; none for what cannot be taken out by itself."""
    found: dict[str, list[str]] = {"off": [], "set": [], "start.organs without": []}
    for path in where:
        kind, name, *rest = path.split(".")
        rule = rest[1] if kind == "therapies" and rest[:1] == ["rules"] else name
        if kind == "rules" or rule != name:
            found["off"].append(rule)
        elif kind == "organs" and name != BREAST:
            own = rest[:1] == ["set"]
            found["set" if own else "start.organs without"].append(".".join(rest[1:]) if own else name)
        elif rest and kind not in ("organs", "therapies"):
            found["set"].append(path)
    return [f"{how}: {', '.join(dict.fromkeys(names))}" for how, names in found.items() if names]


def _named(c: Catalogue) -> dict[str, list[str]]:
    """Where each piece of evidence of the catalogue stands."""
    named: dict[str, list[str]] = {}
    for kind, name, entry in c.entries():
        texts = list(getattr(entry, "evidence", ()))
        for rule_name, rule in entry.rules.items() if kind == "therapies" else ():
            texts += rule.evidence
            for text in rule.evidence:
                named.setdefault(text, []).append(f"therapies.{name}.rules.{rule_name}")
        for text in texts:
            named.setdefault(text, []).append(f"{kind}.{name}")
    for path, number in c.numbers():
        for text in number.source:
            named.setdefault(text, []).append(path)
    for name, organ in organs().items():
        for text in organ.evidence:
            named.setdefault(text, []).append(f"organs.{name}")
        for place, number in organ.numbers():
            for text in number.source:
                named.setdefault(text, []).append(".".join(["organs", name, *map(str, place)]))
    return named


def gathered(c: Catalogue) -> dict[str, Any]:
    """Everything `evidence` prints, as plain data."""
    known, reasons, named = claims(), unmodeled(), modeled(c)
    numbers: dict[str, dict[str, Counter[str]]] = {host: {} for host in HOSTS}
    for path, number in c.numbers():
        for host in number.hosts:
            numbers[host].setdefault(path.split(".")[0], Counter())[ground(c, path, host)] += 1
    on_claims = [name for name, rule in c.all_rules.items() if any(text in known for text in rule.evidence)]
    return {
        "numbers": {
            host: {kind: {g: counts[g] for g in GROUNDS if counts[g]} for kind, counts in by_kind.items()}
            for host, by_kind in numbers.items()
        },
        "assumed": [path for path, number in c.numbers() if number.assumed],
        "rules": {"all": len(c.all_rules), "on_claims": len(on_claims)},
        "sensitivity": None if (told := kept.kept()) is None else told | {"stale": kept.staleness(told)},
        "claims": {
            "modeled": named,
            "core": {
                name: {"switch": switches(named[name]), "moves": " ".join(statements()[name]["observable"].split())}
                for name, entry in known.items()
                if entry.priority == "core" and name in named and name in statements()
            },
            "not_modeled_because": dict(reasons),
            "left_out": {
                priority: [
                    name
                    for name, entry in known.items()
                    if entry.priority == priority and name not in named and name not in reasons
                ]
                for priority in ("core", "extended", "context-only")
            },
        },
    }


def print_assumed(c: Catalogue) -> None:
    """Every assumed number, in a line with those that say the same of other cell types."""
    found = assumptions(c)
    numbers = dict(c.numbers())
    count = sum(len(each.paths) for each in found)
    close = sum(any(ground(c, path, host) == "bounded" for host in n.hosts) for path, n in numbers.items())
    say(
        f"{count} of {len(numbers)} numbers are assumed for a host or both, {close} of them within a factor of\n"
        "two of what a publication states. Rules that say the same of several cell types stand in one line, and so do\n"
        "numbers that several entries have; in brackets is how many assumed numbers a line holds."
    )
    for kind in dict.fromkeys(each.kind for each in found):
        mine = [each for each in found if each.kind == kind]
        say(f"\n{kind}: {counted(sum(len(each.paths) for each in mine), 'number')}, {counted(len(mine), 'line')}")
        say_all(f"- {each.text} ({len(each.paths)})" for each in mine)


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _say_numbers(host: str, kinds: dict[str, dict[str, int]]) -> None:
    """A line for each kind of entry: how many numbers of a host rest on what."""
    titles = {"source": "cited", "named": "named", "definition": "by definition", "bounded": "near"}
    titles["assumed"] = "assumed"
    say(f"\n{f'Numbers of a {host}':20s} {' '.join(f'{title:>13s}' for title in titles.values())}")
    total: Counter[str] = Counter()
    for kind, counts in [*kinds.items(), ("all", total)]:
        total.update(counts if kind != "all" else {})
        say(f"  {kind:18s} {' '.join(f'{counts.get(g, 0):13d}' for g in titles)}")
    count = max(1, total.total() - total["definition"])
    shares = ", ".join(f"{total[g] / count:.0%} are {titles[g]}" for g in ("source", "bounded", "assumed"))
    say(f"Of those that are not definitions, {shares}.")


def print_evidence(as_json: bool, assumed: bool = False) -> None:
    if assumed and not as_json:
        print_assumed(load_catalogue())
        return
    found = gathered(load_catalogue())
    if as_json:
        say(json_text(found))
        return
    known = claims()
    named, left, reasons = (found["claims"][part] for part in ("modeled", "left_out", "not_modeled_because"))
    say(f"Claims of the documents that some part of the model rests on: {len(named)} of {len(known)}")
    groups: dict[str, Counter[str]] = {}
    for name, entry in known.items():
        groups.setdefault(entry.group, Counter())["all"] += 1
        groups[entry.group]["modeled"] += name in named
        groups[entry.group]["told"] += name in reasons
    for group, counts in groups.items():
        told = f", {counts['told']} left out with a reason" if counts["told"] else ""
        say(f"  {group:28s} {counts['modeled']:4d} of {counts['all']:3d}{told}")
    say(f"\nRules: {found['rules']['all']}, of which {found['rules']['on_claims']} rest on a claim of the documents")
    for host, kinds in found["numbers"].items():
        _say_numbers(host, kinds)
    say(
        "\nCited: nothing of it is assumed, and its text names, by author and year, a work with an identifier that\n"
        "was looked up, in this host. Named: a work or label that was not, or has no identifier. Near: assumed, and\n"
        "within a factor of two of what a work states. Each assumed number says why: tmesim evidence --assumed."
    )
    say("")
    say_all(kept.lines())
    say(f"\nClaims that are left out with a reason ({len(reasons)}):")
    for name, reason in reasons.items():
        say(f"  {name}: {reason}")
    core = ", ".join(left["core"])
    say(f"\nClaims marked as core that nothing names yet ({len(left['core'])}): {core or 'none'}")
    say("What expresses a core claim, how to switch that off, and what must move: tmesim explain CLAIM.")
    say(
        f"Not named either: {len(left['extended'])} extended claims, {len(left['context-only'])} that are context only."
    )
