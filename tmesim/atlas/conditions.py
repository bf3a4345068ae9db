"""What an arm is, as a class sees it: a seed in a soil, treated or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tmesim.atlas.groups import tumor_types
from tmesim.catalogue import BREAST, host_named, organ_named
from tmesim.scenario.courses import plan
from tmesim.scenario.crossing import JOINT
from tmesim.wording import words

if TYPE_CHECKING:
    from tmesim.scenario import Arm, Scenario

ORGAN = "start.organ"
SEEDS = ("start.clones", "start.injection.states")


def soils_of(scenario: Scenario) -> dict[str, str | None]:
    """The organ of each arm; None for all where the scenario is not about organs: no arm begins with injected cells or
    in another organ than the breast."""
    starts = {name: scenario.start_of(name) for name in scenario.arms}
    if all(start.organ == BREAST and start.injection is None for start in starts.values()):
        return dict.fromkeys(starts)
    return {name: start.organ for name, start in starts.items()}


def seed_of(scenario: Scenario, arm: Arm) -> str:
    """What makes the tumor cells of an arm others than the scenario's, as text that is equal for equal ones; "" where
    nothing does. An arm may set numbers of tumor cells, clones, and the states that injected cells bring."""
    own = _of_tumor(scenario)
    begun = {key: value for key, value in arm.start_set.items() if key.startswith(SEEDS)}
    whole: dict[str, Any] = {key: value for key, value in arm.set.items() if key.startswith(own)} | begun
    return json.dumps(whole, sort_keys=True, default=str) if whole else ""


def alters_soil(scenario: Scenario, arm: Arm) -> bool:
    """Whether an arm switches rules off or sets what is not of the tumor's cells: no organ as it is."""
    own, begun = _of_tumor(scenario), (ORGAN, "start.injection", *SEEDS)
    others = [key for key in arm.set if not key.startswith(own)] + [k for k in arm.start_set if not k.startswith(begun)]
    return bool(arm.off or others)


def _of_tumor(scenario: Scenario) -> tuple[str, ...]:
    """How the paths of numbers of tumor cells begin, those that capillaries hold among them."""
    return tuple(f"cells.{name}." for name in tumor_types(scenario.catalogue))


def choices_of(name: str) -> tuple[str, ...]:
    """The choices that an arm's name is made of, where arms are crossed; else the name."""
    return tuple(name.split(JOINT))


def numbers_of(organ: str) -> tuple[int, int]:
    """How many numbers an organ brings, and how many of them are assumed."""
    sources = [" ".join(number.source) for _, number in organ_named(organ).numbers()]
    return len(sources), sum("assumed" in source for source in sources)


def flow_to(scenario: Scenario, soils: Iterable[str | None]) -> dict[str, float]:
    """The share of the cells in the blood that each soil holds if nothing but flow and capillaries decides.

    They enter where the scenario injects them; where it puts them right into the patches, into the arteries.
    """
    wanted = list(dict.fromkeys(soil for soil in soils if soil is not None))
    if not wanted:
        return {}
    from tmesim.body.seeding import PATCH, held

    injections = [scenario.start_of(name).injection for name in scenario.arms]
    routes = [injection.route for injection in injections if injection is not None and injection.route != PATCH]
    species = host_named(scenario.host).species
    shares = held(scenario.catalogue, routes[0] if routes else "left_ventricle", species)
    return {soil: shares[soil] for soil in wanted if soil in shares}


def stands_for(scenario: Scenario, arm: str) -> float | None:
    """How many cells of the whole organ an arriving cell of the patch stands for; None where none arrive."""
    start = scenario.start_of(arm)
    if start.injection is None:
        return None
    from tmesim.body.seeding import sampled

    return 1.0 / sampled(start.organ, scenario.tissue, host_named(scenario.host).species)


def put_in(scenario: Scenario, arm: Arm) -> list[str]:
    """What makes an arm differ, but for its organ, in words. Whoever wrote the scenario set it: it proves nothing."""
    texts = [text for text in plan(arm, scenario.time) if not text.startswith(f"{ORGAN} ")]
    texts = [re.sub(r"^start\.injection\.states\.(\w+)", r"\1 of the cells that come", text) for text in texts]
    for dose in arm.therapies:
        texts = [text.replace(f"{dose.use} ", f"{words(dose.use)} ", 1) for text in texts]
    return texts
