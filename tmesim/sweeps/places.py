"""Where a key is written in a scenario: what a value of it sets, by path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tmesim import units
from tmesim.catalogue import folded
from tmesim.reading import brief, suggestion
from tmesim.scenario.file import StartPart
from tmesim.scenario.overrides import steps_of
from tmesim.sweeps.keys import OFF, Level, is_switch

if TYPE_CHECKING:
    from tmesim.scenario import Scenario

COURSE = ("dose", "start", "every", "times")
"""What a file says of a course, and `WORD.DRUG` of each course of a treatment."""
FIXED = {
    "seed": "all points share the seeds of the replicates; give another one with --seed",
    "replicates": "all points have the same ones; say how many with --replicates",
    "arms": "all points have the same arms; vary what one of them says, such as arms.NAME.therapies.0.dose",
    "reference": "all points have the same one",
    "endpoints": "all points have the same ones; name them with --endpoints",
    "off": "switch a rule with rules.NAME=on,off",
}
"""What cannot be varied, and why."""

Place = Callable[[Level, dict[str, Any]], None]
"""Writes a value into the settings of a point."""


def place_of(name: str, scenario: Scenario) -> Place:
    """Where a key is written; ValueError when there is no such treatment or rule. What else is wrong with a path is for
    the check of a point to say."""
    if name in FIXED:
        raise ValueError(f"'{name}' cannot be varied: {FIXED[name]}")
    if is_switch(name):
        return _switching(name, scenario)
    if (found := _course(name, scenario)) is not None:
        return _dosing(*found, scenario)
    return lambda level, settings: settings.__setitem__(name, level.said)


def unit_of(name: str, scenario: Scenario) -> str | None:
    """The unit in which the numbers of a key are told, where the scenario knows it."""
    if scenario.catalogue.has_number(name):
        return scenario.catalogue.number(name).unit_at(scenario.species)
    if (found := _course(name, scenario)) is not None and found[0] in ("dose", "times"):
        return next((dose.unit for _, _, dose in _courses(found[1], scenario)), "") if found[0] == "dose" else ""
    return None


def grain_of(name: str, scenario: Scenario) -> str:
    """What the values of a key are multiples of: moments and intervals of the step, numbers of doses of 1."""
    steps, course = steps_of(name), _course(name, scenario)
    word = course[0] if course is not None else steps[-1] if steps[0] == "arms" else ""
    if word == "times":
        return "1"
    return units.show(scenario.time.step_h, "h") if word in ("start", "every", "from") else ""


def _switching(name: str, scenario: Scenario) -> Place:
    """Switch rules, several with `+` between them, over what the scenario switches off."""
    catalogue = scenario.catalogue
    known = {**{rule: rule for rule in scenario.off}, **{rule: rule for rule in catalogue.all_rules}}
    rules = []
    for text in name.partition(".")[2].split("+"):
        rule = known.get(text.strip()) or catalogue.rule_name(text.strip())
        if rule is None:
            raise ValueError(f"there is no rule '{brief(text)}'.{suggestion(text, known)}")
        rules.append(rule)

    def switch(level: Level, settings: dict[str, Any]) -> None:
        off = [rule for rule in settings.get("off", scenario.off) if rule not in rules]
        settings["off"] = [*off, *rules] if level.said == OFF else off

    return switch


def _course(name: str, scenario: Scenario) -> tuple[str, str] | None:
    """The word and the treatment of `dose.anti_cd25`; None for any other key."""
    word, _, drug = name.partition(".")
    part = steps_of(name)[1:2]
    if word not in COURSE or not drug or (word == "start" and part[0] in StartPart.model_fields):
        return None
    return word, scenario.catalogue.aliases.get(folded(drug), drug)


def _courses(use: str, scenario: Scenario) -> Iterator[tuple[str, int, Any]]:
    """Arm, index and content of each course of a treatment."""
    for arm, part in scenario.arms.items():
        for index, dose in enumerate(part.therapies):
            if dose.use == use:
                yield arm, index, dose


def _dosing(word: str, use: str, scenario: Scenario) -> Place:
    """Say a word of every course of a treatment; a factor multiplies what the scenario says of each."""
    courses = list(_courses(use, scenario))
    if not courses:
        given = dict.fromkeys(dose.use for arm in scenario.arms.values() for dose in arm.therapies)
        if use not in scenario.catalogue.therapies:
            fields = StartPart.model_fields if word == "start" else ()
            raise ValueError(f"there is no therapy '{brief(use)}'.{suggestion(use, [*given, *fields])}")
        raise ValueError(f"no arm gives {use}. Given: {', '.join(given) or 'nothing'}")
    arms = [arm for arm, _, _ in courses]
    if word == "start" and len(set(arms)) < len(arms):
        arm = next(arm for arm in arms if arms.count(arm) > 1)
        told = f"the arm '{arm}' has several courses of {use}, which would all begin at once"
        raise ValueError(f"{told}; vary arms.{arm}.therapies.0.start")

    def dose(level: Level, settings: dict[str, Any]) -> None:
        for arm, index, course in courses:
            by = units.factor(level.said)
            own = level.said if by is None else _times(word, course, float(by), scenario.time.step_h)
            settings[f"arms.{arm}.therapies.{index}.{word}"] = own

    return dose


def _times(word: str, course: Any, by: float, step_h: float) -> Any:
    """What the scenario says of a course, times a factor."""
    if word == "dose":
        return units.show(course.dose * by, course.unit)
    if word == "times":
        return round(course.times * by)
    hours = {"start": course.start_h, "every": course.every_h}[word] * by
    return units.show(round(hours / step_h) * step_h, "h")


def settings_of(places: Mapping[str, Place], values: Mapping[str, Level | None]) -> dict[str, Any]:
    """What a point sets, by path; a key without a value is left as the scenario says it."""
    settings: dict[str, Any] = {}
    for name, level in values.items():
        if level is not None:
            places[name](level, settings)
    return settings
