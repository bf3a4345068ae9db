"""One rule for all moments: doses, `from`, snapshots and rows are multiples of the step; what is not is refused."""

import numpy as np
import pytest
import yaml
from tissues import OneTissue, scenario
from toys import run

from tmesim.reading import InputError
from tmesim.scenario import read_text
from tmesim.scenario.schedule import calendar_of, schedule_of
from tmesim.trial.replicate import snapshot_file

DOSE = {"use": "anti_cd25", "start": "4 h", "times": 1}


def content(**arm):
    made = scenario("minimal").content()
    made |= {"arms": {"untreated": {}, "a": arm}, "reference": "untreated"}
    return made | {"time": {"days": 2, "step": "2 h", "record_every": "2 h"}}


@pytest.mark.parametrize(
    ("arm", "place", "found", "near"),
    [
        ({"therapies": [DOSE | {"start": "5 h"}]}, "therapies[0].start", "5 h", "4 h and 6 h"),
        ({"therapies": [DOSE | {"times": 2, "every": "3 h"}]}, "therapies[0].every", "3 h", "2 h and 4 h"),
        ({"set": {"cells.tumor.behaviors.division": "0 1/h"}, "from": "4.5 h"}, "from", "4.5 h", "4 h and 6 h"),
        ({"set": {"cells.tumor.behaviors.division": "0 1/h"}, "from": "47 h"}, "from", "47 h", "46 h and 48 h"),
    ],
)
def test_a_moment_between_two_steps_is_refused(arm, place, found, near):
    with pytest.raises(InputError) as caught:
        read_text(yaml.safe_dump(content(**arm), allow_unicode=True))
    assert f"arms.a.{place}: {found} is not a multiple of the step of 2 h; {near} are" in str(caught.value)


def test_the_usual_interval_of_a_drug_may_not_fit_the_step_either():
    made = content(therapies=[{"use": "anti_cd25", "start": "0 h", "times": 2}])
    made["time"] = {"days": 35, "step": "2.5 h", "record_every": "2.5 h"}
    with pytest.raises(InputError, match=r"the usual interval of anti_cd25, .* not a multiple of the step of 2\.5 h"):
        read_text(yaml.safe_dump(made, allow_unicode=True))


def test_changes_and_doses_act_from_their_moment_on():
    """cases/from-in-last-step: at 4 h both act in the step that begins there; at 46 h in the last step."""
    set_ = {"cells.tumor.behaviors.division": "0 1/h"}
    made = content(therapies=[DOSE]) | {}
    made["arms"] |= {"stop": {"set": set_, "from": "4 h"}, "late": {"set": set_, "from": "46 h"}}
    plan = read_text(yaml.safe_dump(made, allow_unicode=True))
    given, stopped = OneTissue(plan, seed=1, arm="a"), OneTissue(plan, seed=1, arm="stop")
    for hour in (2, 4):
        given.step()
        stopped.step()
        assert given.hour == hour and given.drug("anti_cd25")["plasma"] == 0
    births = stopped.counters["births.tumor"]
    for _ in range(10):
        given.step()
        stopped.step()
    assert given.drug("anti_cd25")["plasma"] > 0 and stopped.counters["births.tumor"] == births
    assert schedule_of(plan.arms["late"], 2.0).changes_from == 23
    late = OneTissue(plan, seed=1, arm="late")
    late.clock.step = 23
    late.step()
    assert late.counters["births.tumor"] == 0


def test_each_snapshot_has_a_file_of_its_own():
    """Days rounded to hundredths were the same for hours 1 and 1.1."""
    hours = np.round(np.arange(0, 30, 0.1), 3)
    names = {snapshot_file("cells", "a", 0, float(hour)) for hour in hours}
    assert len(names) == hours.size
    assert snapshot_file("cells", "a", 0, 168.0) == "cells/a/replicate_000_day_007.00.npz"


def test_every_snapshot_that_is_asked_for_is_kept_and_is_that_of_its_moment(tmp_path):
    text = """
name: toy
question: Are all there?
host: mouse
tissue: {size: [180 µm, 150 µm]}
start: {tumor: {radius: 30 µm}, capillaries: 100 /mm², ecm: 0.2}
time: {days: 1, record_every: 12 h, snapshots: [0 h, 1 h, 2 h, 3 h, 7 h, 1 d]}
arms: {untreated: {}}
endpoints: [tumor_burden]
replicates: 1
"""
    result = run(read_text(text), tmp_path / "run")
    hours = [0, 1, 2, 3, 7, 24]
    assert [round(day * 24, 3) for day in result.snapshot_days] == hours
    for hour in hours:
        assert result.snapshot(hour / 24).hour == hour


def test_rows_frames_and_snapshots_ask_one_calendar_and_the_last_step_has_all_but_snapshots():
    made = content()
    made["time"] = {"days": 2, "step": "2 h", "record_every": "10 h", "snapshots": ["0 d", "6 h"]}
    calendar = calendar_of(read_text(yaml.safe_dump(made, allow_unicode=True)).time)
    steps = range(25)
    assert [step for step in steps if step in calendar.rows] == [0, 5, 10, 15, 20, 24]
    assert [step for step in steps if step in calendar.snapshots] == [0, 3]
    assert [step for step in steps if step in calendar.frames] == list(steps)  # each hour, as often as there are steps
