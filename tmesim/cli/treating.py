"""`explain` of therapies: how each is given, and what it does."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tmesim.catalogue import Catalogue, Drug, Number, Therapy, english


def treatment(c: Catalogue, name: str) -> list[str]:
    """The page of a therapy, but for its evidence."""
    e = c.therapies[name]
    others = english.joined((*e.aliases, *e.synonyms)) or "none"
    page = [f"{name} is a therapy: {e.label} ({e.therapy_class}). Other names: {others}."]
    page += [e.meaning] if e.meaning else []
    page.append(_course(e))
    if isinstance(e, Drug):
        way = "plasma, then tissue, then its target"
        way = way if e.delivery == "systemic" else "a field that perfused vessels feed"
        page.append(f"It reaches cells through {way}; half of the target is occupied at {e.occupancy.kd}.")
        page += _kinetics(e)
        page += ["", "What it does:", *_effects(e)]
    else:
        page.append("It acts on the tissue in which the tumor begins.")
        page += [
            "",
            "What it does:",
            *(f"- {text}  [{_why(*numbers)}]" for text, numbers in english.local_effects(c, e)),
        ]
    return page + [f"- {n}: {c.sentence(r)}" for n, r in e.rules.items()]


def _course(e: Therapy) -> str:
    """What is given, how often and how many times."""
    if e.usual_dose is None or e.regimen is None:
        return "It has no dose, and is done once."
    times = ", ".join(f"{e.regimen.times_at(host)} times ({host})" for host in e.regimen.every.hosts)
    return f"Usual course: {e.usual_dose}, every {e.regimen.every}, {times}."


def _effects(e: Drug) -> Iterator[str]:
    for effect in e.effects:
        where = f" in {english.joined(effect.cells)}" if effect.cells else ""
        what = (f"blocks {effect.fraction} of {effect.blocks}" if effect.blocks
                else f"scales {effect.scales} to {effect.to} times its value")  # fmt: skip
        why = number.source if (number := effect.fraction or effect.to) else ()
        yield f"- At full occupancy it {what}{where}.  [{'; '.join((*why, *effect.evidence))}]"
    for kill in e.kills:
        who = english.joined(kill.cells) or "all leukocytes"
        where = "that rest in blood and lymph node" if kill.state == "resting" else "that divide in the lymph node"
        yield (f"- At full occupancy it kills {who} {where} at {kill.rate}."
               f"  [{'; '.join((*kill.rate.source, *kill.evidence))}]")  # fmt: skip


def _kinetics(e: Drug) -> list[str]:
    """Where a dose goes: the compartments with their half-lives, and organs that it reaches otherwise."""
    pk = e.pk
    rooms = "one compartment" if pk.compartments == 1 else "two compartments"
    page = ["", f"Pharmacokinetics, {rooms}:"]
    for part in type(pk).model_fields:
        number = getattr(pk, part)
        if part != "compartments" and number is not None:
            page.append(f"- {part.replace('_', ' ')}: {number}  [{_why(number)}]")
    hosts = [host for host in pk.clearance.hosts if pk.clearance.at(host) > 0]
    lives = [f"{math.log(2) * pk.central_volume.at(h) / pk.clearance.at(h):.3g} h ({h})" for h in hosts]
    if lives:
        page.append(f"- half-life by clearance alone: {', '.join(lives)}")
    if e.tissue is not None:
        page.append(f"- tissue follows plasma × {e.tissue.partition} at {e.tissue.rate}"
                    f"  [{_why(e.tissue.partition, e.tissue.rate)}]")  # fmt: skip
    if e.molecule is not None:
        page.append(f"- its access to the tissue of an organ is that of a molecule of the kind {e.molecule}")
    page += [f"- access to the {organ}: {number}  [{_why(number)}]" for organ, number in e.access.items()]
    page.append(f"- half of the target is occupied at {e.occupancy.kd}  [{_why(e.occupancy.kd)}]")
    return page


def _why(*numbers: Number) -> str:
    return "; ".join(text for number in numbers for text in number.source)
