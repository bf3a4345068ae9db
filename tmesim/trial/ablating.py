"""Ablating: a run again with groups of rules switched off in turn, from the moment on at which its arms part.

It is one scenario whose arms are those of the run and each of them without each group, so that branches, workers,
resuming and pairing are those of any run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tmesim import trial
from tmesim.ablation import WITHOUT
from tmesim.arguments import settings, texts, whole
from tmesim.catalogue import vocabulary
from tmesim.catalogue.mechanisms import grouped, mechanisms
from tmesim.catalogue.reach import LEAVING, trimmed
from tmesim.reading import InputError, Problem, suggestion
from tmesim.scenario.schedule import begins_at
from tmesim.shown import Ablation
from tmesim.trial.case import Case
from tmesim.trial.execution import Execution
from tmesim.units import show

if TYPE_CHECKING:
    from tmesim.catalogue.models import Rule
    from tmesim.result import Result
    from tmesim.scenario import Scenario

STATE = vocabulary.SIGNALS["state"]
REPLICATES = 4
RECORD_H = 24.0
"""Rows of an ablation are so far apart, h: it has many arms, and is read at the end."""


@dataclass(frozen=True)
class Plan:
    """An ablation that can be run. scenario : with all arms; groups : rules of each group that is switched off"""

    scenario: Scenario
    groups: Mapping[str, tuple[str, ...]]
    from_h: float

    @property
    def steps(self) -> int:
        """Steps over all branches and replicates."""
        return self.scenario.replicates * Case(self.scenario, 0, 0).work


def acting(scenario: Scenario, arms: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The rules that can act in a scenario with some arms, by group."""
    used = {dose.use for arm in arms for dose in scenario.arm(arm).therapies}
    known = Possible(scenario, used)
    return grouped(scenario.catalogue.all_rules, known.rules)


class Possible:
    """What can be in a scenario with some therapies: rules whose signal can be there and whose behavior can be more
    than nothing, and states that something can raise, each of which may need others."""

    def __init__(self, scenario: Scenario, used: Collection[str]) -> None:
        catalogue, self.species = scenario.catalogue, scenario.species
        self.all, self.used, self.places = catalogue, used, bool(scenario.places)
        self.left = trimmed(catalogue, scenario.reached, used)
        unused = [therapy for name, therapy in catalogue.therapies.items() if name not in used]
        self.idle = {rule for therapy in unused for rule in therapy.rules}
        self.states = {state for state in self.left.states if self._begins(state)}
        self.rules: list[str] = []
        while True:
            self.rules = [name for name in catalogue.all_rules if self._acts(name)]
            raised = {
                state for state in self.left.states if state not in self.states
                and any(self._raises(catalogue.all_rules[name], f"{state}_gain") for name in self.rules)
            }  # fmt: skip
            if not raised:
                return
            self.states |= raised

    def _begins(self, state: str) -> bool:
        """Whether a state is more than 0 from the start, by itself, by mutation or by radiation."""
        cells = self.left.cells.values()
        starts = [cell.starts[state].at(self.species) for cell in cells if state in cell.starts]
        mutation = self.all.states[state].mutation
        by_rays = any(getattr(self.all.therapies[name], "state", None) == state for name in self.used)
        gains = any(self._at_rest(name, f"{state}_gain") for name in self.left.cells)
        return any(starts) or gains or by_rays or (mutation is not None and mutation.at(self.species) > 0)

    def _at_rest(self, cell: str, behavior: str) -> bool:
        """Whether a cell does something without any rule."""
        number = self.left.cells[cell].behaviors.get(behavior)
        return number is not None and number.at(self.species) > 0

    def _raises(self, rule: Rule, behavior: str) -> bool:
        return rule.behavior == behavior and rule.effect == "increases" and rule.group == "main"

    def _acts(self, name: str) -> bool:
        rule = self.all.all_rules[name]
        if name in self.idle or not (self._is_felt(rule.signal) and self._is_heeded(rule.behavior)):
            return False
        own, mine = STATE.item(rule.signal), [cell for cell in rule.cell if cell in self.left.cells]
        mine = [cell for cell in mine if own not in self.all.states or own in self.left.cells[cell].states]
        return any(self._raises(rule, rule.behavior) or self._does(cell, rule.behavior) for cell in mine)

    def _does(self, cell: str, behavior: str) -> bool:
        """Whether a behavior can be more than nothing, by itself or by a rule."""
        rules = self.all.all_rules.items()
        return self._at_rest(cell, behavior) or any(
            cell in rule.cell and self._raises(rule, behavior) and name not in self.idle and self._is_felt(rule.signal)
            for name, rule in rules
        )

    def _is_heeded(self, behavior: str) -> bool:
        """Whether it makes a difference what cells do: not of a field or cell that is not there."""
        item = behavior.partition(".")[2]
        if item in self.all.fields:
            return item in self.left.fields
        if item in self.all.cells:
            return item in self.left.cells
        return behavior not in LEAVING or self.places

    def _is_felt(self, signal: str) -> bool:
        """Whether a signal can be more than nothing."""
        kind, _, item = signal.partition(".")
        if item in self.all.cells:
            return item in self.left.cells
        if item in self.all.states:
            return item in self.states
        if signal in self.all.fields:
            return signal in self.left.fields
        return kind != "drug" or item in self.used


def plan(
    source: Scenario,
    groups: Iterable[str] | None = None,
    arms: Iterable[str] | None = None,
    *,
    replicates: int = REPLICATES,
    days: float | None = None,
    set: Mapping[str, Any] | None = None,
) -> Plan:
    """What is to be run to see what each group contributes in a scenario; InputError with all that is not right.

    groups : by default all that can act; arms : the treated ones, by default all; days, set : as of a run
    """
    problems: list[Problem] = []
    treated = [arm for arm in source.arms if arm != source.reference] if arms is None else list(arms)
    for arm in treated:
        if arm not in source.arms:
            problems.append(Problem(f"unknown arm '{arm}'.{suggestion(arm, source.arms)}", "--arms"))
        elif arm == source.reference:
            problems.append(Problem(f"'{arm}' is the reference, which takes part anyway", "--arms"))
    if not treated:
        problems.append(Problem("this run has one arm, so there is no effect to be explained", "--ablate"))
    if problems:
        raise InputError(problems)
    kept = [source.reference, *treated]
    there = acting(source, kept)
    chosen = list(there) if groups is None else list(dict.fromkeys(groups))
    for group in chosen:
        if group not in mechanisms():
            problems.append(Problem(f"unknown group '{group}'.{suggestion(group, there)}", "--groups"))
        elif group not in there:
            problems.append(Problem(f"no rule of the group '{group}' can act in this scenario", "--groups"))
    begins = [hour for arm in kept if (hour := begins_at(source.arm(arm))) is not None]
    from_h = min(begins, default=0.0)
    for arm in kept:
        entry = source.arm(arm)
        if entry.overlay and entry.from_h != from_h:
            problems.append(Problem(
                f"the arm '{arm}' changes numbers or rules from hour {entry.from_h:g} on, but the arms part at hour "
                f"{from_h:g}, from which on groups are switched off; leave it out", "--arms",
            ))  # fmt: skip
    if problems:
        raise InputError(problems)
    content = source.content()
    bases = {arm: content["arms"][arm] for arm in kept}
    made = dict(bases)
    for group in chosen:
        for arm, entry in bases.items():
            off = [*entry.get("off", []), *(rule for rule in there[group] if rule not in entry.get("off", []))]
            made[f"{arm}{WITHOUT}{group}"] = entry | {"off": off} | ({"from": show(from_h, "h")} if from_h else {})
    content |= {"name": f"{source.name}_ablated", "arms": made, "replicates": replicates}
    content["question"] = f"What does each mechanism contribute? ({source.question})"
    content["time"] |= {"snapshots": [], "record_every": show(max(RECORD_H, source.time.record_every_h), "h")}
    return Plan(trial.prepare(content, days=days, set=set), {name: there[name] for name in chosen}, from_h)


def place_of(result: Result) -> Path:
    """Where the ablation of a run lies unless somebody says otherwise."""
    return result.path.with_name(f"{result.path.name}_ablated")


def carry_out(planned: Plan, out: Path | None, execution: Execution) -> Ablation:
    """Run it, draw what comes of it, and read it; what is there of it already is taken up.

    out : None: the files live as long as the result
    """
    ablation = Ablation(trial.run(planned.scenario, out, replace(execution, figures=False, resume=True)))
    if execution.figures:
        ablation.plot().save(ablation.result.path / "figures" / "ablation.png")
    return ablation


def ablate(
    result: Result,
    *,
    groups: str | Iterable[str] | None = None,
    arms: str | Iterable[str] | None = None,
    replicates: int = REPLICATES,
    days: float | None = None,
    set: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    figures: bool = True,
    quiet: bool = False,
) -> Ablation:
    """Switch groups of rules off in turn, from the first dose on, to see what each contributes to the effects of a run.

    result : a finished run with at least one arm beside its reference
    groups : names of groups (`tmesim.catalogue.mechanisms`); by default all that can act in the run
    arms : the treated arms; by default all
    replicates : how many, from 1 on; by default 4
    days : length, days; by default that of the run
    set : numbers and settings as of `tmesim.run`, such as a smaller tissue
    out : the directory of the ablation, which is taken up again where it was interrupted; by default that of the run
        with `_ablated` behind it, of a temporary run a temporary one
    workers : processes on this machine; by default as many as there are processors
    figures : whether its figure is drawn
    quiet : whether nothing is said on the way

    InputError for unknown groups or arms, groups that cannot act, and a run that compares nothing.
    """
    chosen = None if groups is None else texts(groups, "groups")
    treated = None if arms is None else texts(arms, "arms")
    planned = plan(
        result.scenario, chosen, treated, replicates=whole(replicates, "replicates", 1), days=days,
        set=None if set is None else settings(set, "set"),
    )  # fmt: skip
    path = Path(out) if out is not None else None if result.is_temporary else place_of(result)
    return carry_out(planned, path, Execution(workers, figures=figures, quiet=quiet))
