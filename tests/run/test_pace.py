"""The pace of a loop: when an event is due, and acts that come between."""

from __future__ import annotations

import threading

import pytest

from chowki.core.inbox import Inbox
from chowki.core.messages import Act, Tick
from chowki.run.pace import Pace, paced


def _ticks(n):
    return [Tick(100.0 + k) for k in range(1, n + 1)]


class Wall:
    """A clock that is set by hand."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def wall() -> Wall:
    return Wall()


def test_an_event_is_due_when_its_time_has_come_at_the_speed_asked_for(wall):
    pace = Pace(100.0, 50.0, wall)
    assert pace.wait_s(101.0) == pytest.approx(0.02)
    wall.now_s += 0.03
    assert pace.wait_s(101.0) == 0.0
    assert pace.wait_s(150.0) == pytest.approx(0.97)


def test_as_fast_as_it_goes_waits_for_nothing(wall):
    pace = Pace(100.0, float("inf"), wall)
    assert [pace.wait_s(100.0 + k) for k in range(50)] == [0.0] * 50
    assert list(paced(_ticks(50), pace, Inbox(), threading.Event())) == _ticks(50)


def test_a_change_of_speed_counts_from_the_event_that_was_last(wall):
    pace = Pace(100.0, 1.0, wall)
    pace.now_s = 104.0
    wall.now_s += 4.0
    pace.set(10.0)
    assert pace.wait_s(114.0) == pytest.approx(1.0)


def test_time_does_not_run_on_while_paused(wall):
    pace = Pace(100.0, 1.0, wall)
    pace.set(paused=True)
    wall.now_s += 500.0
    assert pace.wait_s(101.0) > 0.0
    pace.set(paused=False)
    assert pace.wait_s(101.0) == pytest.approx(1.0)


def test_a_loop_that_falls_behind_starts_anew_and_does_not_race(wall):
    pace = Pace(100.0, 10.0, wall)
    wall.now_s += 20.0
    assert pace.wait_s(101.0) == 0.0
    assert pace.wait_s(111.0) == pytest.approx(1.0)


def test_an_act_has_the_time_of_the_event_before_it_and_comes_while_paused():
    pace, inbox, asked = Pace(100.0, 1e6), Inbox(), threading.Event()
    stream = paced(_ticks(3), pace, inbox, asked)
    assert next(stream) == Tick(101.0)
    pace.set(paused=True)
    inbox.put(Act(0.0, "R. Singh", "cease-fire"))
    assert next(stream) == Act(101.0, "R. Singh", "cease-fire")
    threading.Timer(0.05, lambda: pace.set(paused=False)).start()
    assert next(stream) == Tick(102.0)


def test_an_act_after_the_last_event_is_not_lost():
    inbox = Inbox()
    stream = paced(_ticks(1), Pace(100.0, 1e6), inbox, threading.Event())
    assert next(stream) == Tick(101.0)
    inbox.put(Act(0.0, "R. Singh", "acknowledge", "1"))
    assert list(stream) == [Act(101.0, "R. Singh", "acknowledge", "1")]


def test_a_wait_ends_when_the_speed_is_raised():
    """Left alone, five ticks would take ten seconds of the wall each."""
    pace = Pace(100.0, 0.1)
    threading.Timer(0.05, lambda: pace.set(1e6)).start()
    assert len(list(paced(_ticks(5), pace, Inbox(), threading.Event()))) == 5
    assert pace.speed == 1e6


def test_being_asked_to_stop_ends_the_wait():
    """Left alone, the first tick would come after a quarter of an hour."""
    pace, asked = Pace(100.0, 1e-3), threading.Event()
    threading.Timer(0.05, asked.set).start()
    assert list(paced(_ticks(5), pace, Inbox(), asked)) == []
