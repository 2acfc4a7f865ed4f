"""Simulated time at a pace that people can follow: as fast as asked, paused, or with acts between.

Nothing here changes what follows from an event: the pace says only when it is taken up, and a
person's act gets the time of the event before it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from chowki.core.inbox import Inbox
from chowki.core.messages import Event

BEHIND_S = 1.0  # wall seconds that the loop may be late before the pace starts anew from there
LONGEST_WAIT_S = 0.05  # how soon a change of pace or an act is noticed


class Pace:
    """How fast scenario time runs against the wall; changed from any thread.

    Parameters
    ----------
    start_s : float
        UTC seconds of the scenario now.
    speed : float
        Scenario seconds per second of the wall; infinity for as fast as it goes.
    clock : callable
        Seconds of the wall, that only rise.
    """

    def __init__(
        self, start_s: float, speed: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock, self._clock = threading.Lock(), clock
        self._speed, self._paused = speed, False
        self._anchor = (start_s, self._clock())
        self.now_s = start_s

    @property
    def speed(self) -> float:
        """Return scenario seconds per second of the wall."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Return whether time stands still."""
        return self._paused

    def set(self, speed: float | None = None, *, paused: bool | None = None) -> None:
        """Change speed, pause or go on, from this instant."""
        with self._lock:
            self._anchor = (self.now_s, self._clock())
            self._speed = self._speed if speed is None else speed
            self._paused = self._paused if paused is None else paused

    def wait_s(self, time_s: float) -> float:
        """Return wall seconds until an event of a time is due, 0 when it is due now."""
        with self._lock:
            if self._paused:
                return LONGEST_WAIT_S
            from_s, since = self._anchor
            late_s = (self._clock() - since) - (time_s - from_s) / self._speed
            if late_s > BEHIND_S:
                self._anchor = (time_s, self._clock())
            return max(-late_s, 0.0)


def paced(
    events: Iterable[Event], pace: Pace, inbox: Inbox, asked: threading.Event
) -> Iterator[Event]:
    """Yield events when they are due, and what waits in the inbox as soon as it is there.

    Parameters
    ----------
    events : iterable of Event
        In order of time.
    pace : Pace
        How fast time runs.
    inbox : Inbox
        Acts and statuses; they get the time of the last event before them.
    asked : threading.Event
        Set to end.
    """
    for event in events:
        while True:
            yield from inbox.drain(pace.now_s)
            wait_s = pace.wait_s(event.time_s)
            if wait_s <= 0.0 or asked.wait(min(wait_s, LONGEST_WAIT_S)):
                break
        if asked.is_set():
            return
        pace.now_s = event.time_s
        yield event
    yield from inbox.drain(pace.now_s)
