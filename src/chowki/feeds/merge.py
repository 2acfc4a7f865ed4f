"""Several feeds as one, in order of receipt, with a tick at each whole second."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from chowki.core.messages import Event, Scan, Status, Tick
from chowki.core.ports import Feed

LATE_S = 10.0  # an event may come this much late; more is a fault of the feed
LONGEST_GAP_S = 900.0  # no tick is given beyond this much silence: every track has ended long ago
REPORT_S = 60.0


def merge(feeds: Sequence[Feed], start_s: float, end_s: float) -> Iterator[Event]:
    """Yield the events of all feeds by time of receipt, ticks and what had to be left out.

    Parameters
    ----------
    feeds : sequence of Feed
        Each in its own order of receipt. Feeds with ``skipped`` (and ``noted``) counters have them
        reported as ``Status`` of kind ``feed`` at most once a minute, and at the end.
    start_s, end_s : float
        Span in UTC seconds; events before are left out (counted), the end may be infinite and
        then is the last event's.

    Yields
    ------
    Event
        Never running backwards: an event up to 10 s late is given the time of the one before it,
        a later one, a repeated look or one without a time is left out; all are counted.
    """
    watches = [_Watch(feed, start_s) for feed in feeds]
    clock = _Clock(start_s, end_s)
    said_s = start_s
    for event in heapq.merge(*(watch.events() for watch in watches), key=_time):
        if event.time_s > end_s:
            break
        yield from clock.until(event.time_s)
        yield event
        if clock.now_s - said_s >= REPORT_S:
            said_s = clock.now_s
            yield from _statuses(watches, clock.now_s)
    yield from clock.finish()
    yield from _statuses(watches, clock.now_s, last=True)


class _Clock:
    """Gives each whole second that passes."""

    def __init__(self, start_s: float, end_s: float) -> None:
        self.now_s = start_s
        self._next_s = float(math.ceil(start_s))
        self._end_s = end_s

    def until(self, time_s: float) -> Iterator[Event]:
        """Yield the ticks before a time; a long silence ends with a status, not with its ticks.

        A tick at a time comes after everything received by then.
        """
        stop_s = min(time_s, self._next_s + LONGEST_GAP_S)
        while self._next_s < stop_s:
            self.now_s = self._next_s
            self._next_s += 1.0
            yield Tick(self.now_s)
        if stop_s < time_s:
            note = f"nothing was received for {time_s - stop_s + LONGEST_GAP_S:.0f} s"
            yield Status(self.now_s, "feeds", "feed", "silent", note)
            self._next_s = float(math.ceil(time_s))
        self.now_s = max(self.now_s, time_s)

    def finish(self) -> Iterator[Event]:
        """Yield the ticks up to the end, or one that takes in the last event."""
        end_s = self._end_s if math.isfinite(self._end_s) else float(math.ceil(self.now_s))
        while self._next_s <= min(end_s, self.now_s + LONGEST_GAP_S):
            self.now_s = self._next_s
            self._next_s += 1.0
            yield Tick(self.now_s)


class _Watch:
    """Keeps one feed's time from running backwards, and counts what it leaves out."""

    def __init__(self, feed: Feed, start_s: float) -> None:
        self.feed = feed
        self.name = str(getattr(feed, "kind", type(feed).__name__))
        self.skipped: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()
        self.told: dict[str, int] = {}
        self._start_s = start_s

    def events(self) -> Iterator[Event]:
        """Yield the feed's events with times that never fall."""
        last_s = self._start_s
        looks: dict[int, int] = {}
        for event in self.feed.events():
            fault = self._fault(event, last_s, looks)
            if fault:
                self.skipped[fault] += 1
                continue
            if event.time_s < last_s:
                self.noted["event late, given the time of the one before"] += 1
                event = replace(event, time_s=last_s)  # noqa: PLW2901 - the same event, later
            last_s = event.time_s
            yield event

    def _fault(self, event: Event, last_s: float, looks: dict[int, int]) -> str | None:
        if not math.isfinite(event.time_s):
            return "event without a time"
        if event.time_s < self._start_s - LATE_S:
            return "event before the start"
        if event.time_s < last_s - LATE_S:
            return "time ran backwards"
        if isinstance(event, Scan):
            if event.look <= looks.get(event.sensor.number, event.look - 1):
                return "look repeated"
            looks[event.sensor.number] = event.look
        return None

    def counts(self) -> Iterable[tuple[str, str, int]]:
        """Yield (words, reason, number) of all that was left out or needed care."""
        own: tuple[tuple[str, Mapping[str, int]], ...] = (
            ("skipped", getattr(self.feed, "skipped", {})),
            ("skipped", self.skipped),
            ("noted", getattr(self.feed, "noted", {})),
            ("noted", self.noted),
        )
        for words, counter in own:
            for reason, number in counter.items():
                yield words, reason, number


def _time(event: Event) -> float:
    return event.time_s


def _statuses(watches: list[_Watch], time_s: float, *, last: bool = False) -> Iterator[Status]:
    """Yield one status for each feed whose counts have changed since they were told."""
    for watch in watches:
        now = {f"{words}: {reason}": number for words, reason, number in watch.counts()}
        if now == watch.told or (not now and not last):
            continue
        watch.told = now
        note = "; ".join(f"{number} {what}" for what, number in now.items())
        state = "degraded" if any(what.startswith("skipped") for what in now) else "working"
        yield Status(time_s, watch.name, "feed", state, note)
