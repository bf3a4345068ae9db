"""What of a plan fits into a run, in words: the doses before its end, and what is never given because it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tmesim.scenario.parts import Arm, Dose, Time


def given(dose: Dose, time: Time) -> tuple[float, ...]:
    """The hours at which a course is given before the run ends."""
    return tuple(hour for hour in dose.hours() if hour < time.days * 24)


def changes(arm: Arm, time: Time) -> bool:
    """Whether numbers or rules of an arm change before the run ends."""
    return bool(arm.overlay) and arm.from_h < time.days * 24


def within(arm: Arm, time: Time) -> tuple[object, ...]:
    """All that an arm gets before the run ends: equal for arms between which nothing can tell."""
    doses = sorted((hour, d.use, d.dose, d.unit) for d in arm.therapies for hour in given(d, time))
    begun = (dict(arm.start_set), doses)
    return (*begun, arm.from_h, dict(arm.set), set(arm.off)) if changes(arm, time) else begun


def nothing_given(arm: Arm, time: Time) -> bool:
    """Whether an arm plans something, and the run ends before any of it."""
    planned = bool(arm.therapies or arm.overlay) and arm.start is None
    return planned and not changes(arm, time) and not any(given(dose, time) for dose in arm.therapies)


def fitting(dose: Dose, time: Time) -> str:
    """How much of a course fits into the run, in brackets to be put behind it; nothing if all of it does."""
    count = len(given(dose, time))
    if count == dose.times:
        return ""
    if count == 0:
        return f" (never given: {ending(dose.start_h, time)})"
    return f" ({count} of {dose.times} doses {'fits' if count == 1 else 'fit'})"


def ending(hour: float, time: Time) -> str:
    return f"planned for day {hour / 24:g}, the run ends on day {time.days:g}"


def plan(arm: Arm, time: Time) -> list[str]:
    """The courses and changes of an arm, and how much of each fits into the run."""
    since = f" from day {arm.from_h / 24:g}" if arm.from_h else ""
    late = since if changes(arm, time) else f" (never: {ending(arm.from_h, time)})"
    texts = [f"{d.label} × {d.times} from day {d.start_h / 24:g}{fitting(d, time)}" for d in arm.therapies]
    texts += [f"{key} = {value}" for key, value in arm.start_set.items()]
    texts += [f"{key} = {value}{late}" for key, value in arm.set.items()]
    return texts + [f"without {rule}{late}" for rule in arm.off]


def left_out(arm: Arm, time: Time, label: Callable[[str], str]) -> list[str]:
    """A sentence for each course of which no dose is given, and for changes that never begin.

    label : a therapy's name for people
    """
    sentences = [
        f"{label(dose.use)} was not given, because its first dose was planned for day {dose.start_h / 24:g} and the "
        f"run ended on day {time.days:g}."
        for dose in arm.therapies
        if not given(dose, time)
    ]
    if arm.overlay and not changes(arm, time):
        sentences.append(
            f"what it sets or switches off in the model never began, because that was planned for day "
            f"{arm.from_h / 24:g} and the run ended on day {time.days:g}."
        )
    return sentences
