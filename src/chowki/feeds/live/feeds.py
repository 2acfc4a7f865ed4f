"""All live sources behind one door: events in order of receipt, a tick each second of UTC."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from chowki.core.errors import FeedError
from chowki.core.messages import Event, Status, Tick
from chowki.core.places import Sensor, Station, Theatre
from chowki.core.records import Tasks
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import SourceHealth
from chowki.feeds.live.source import Footing, LiveSource
from chowki.feeds.source import FirstFix, Placed
from chowki.kernels.geodesy import station_frame

BEHIND_S = 60.0  # a station that falls behind by more leaves seconds out
LOOK_AGAIN_S = 0.05


class Mailbox(Protocol):
    """Where people leave what they decide, from any thread; ``core.inbox.Inbox`` is one."""

    def drain(self, time_s: float) -> list[Event]:
        """Take out everything that waits, stamped with a time (UTC s)."""
        ...

    def on_put(self, callback: Callable[[], None]) -> None:
        """Have a function called after each event that is put."""
        ...


class LiveFeeds:
    """Several live sources as one feed.

    At each whole second of UTC come the scans of that second, then what has changed about the
    sources, then the tick; what people decide comes at once. Scans are received at the second that
    ends their look. A station that falls behind is given the seconds that it missed, up to a minute
    of them.

    Parameters
    ----------
    sources : sequence of LiveSource
        Not started yet.
    clock : Clock
        UTC.
    inbox : Mailbox, optional
        What people decide.
    """

    def __init__(
        self, sources: Sequence[LiveSource], clock: Clock, inbox: Mailbox | None = None
    ) -> None:
        self._sources, self._clock, self._inbox = tuple(sources), clock, inbox
        self._wake, self._ended = threading.Event(), threading.Event()
        self._health: dict[str, SourceHealth] = {}
        self._wrong: dict[str, tuple[str, ...]] = {}
        self._theatre: Theatre | None = None
        if inbox is not None:
            inbox.on_put(self._wake.set)

    @property
    def theatre(self) -> Theatre:
        """Return the theatre that the feeds were placed in.

        Raises
        ------
        RuntimeError
            If ``place`` was not called: a fault of the caller.
        """
        if self._theatre is None:
            raise RuntimeError("live feeds are placed before they are read")
        return self._theatre

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors known so far; a sensor that turns up later comes with its scans."""
        return tuple(sensor for source in self._sources for sensor in source.sensors)

    def sources(self) -> list[SourceHealth]:
        """Return what is known of each source, as of the last second; from any thread."""
        health = self._health
        return [health[source.name] for source in self._sources if source.name in health]

    def start(self) -> None:
        """Begin to listen."""
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        """Stop listening; ``events`` ends. From any thread."""
        self._ended.set()
        self._wake.set()
        for source in self._sources:
            source.stop()

    def first_fix(self, within_s: float) -> FirstFix:
        """Return the first position that any source tells.

        Raises
        ------
        FeedError
            If none comes in time.
        """
        until_s = self._clock.now() + within_s
        while self._clock.now() < until_s and not self._ended.is_set():
            fixes = [source.first_fix for source in self._sources]
            found = next((fix for fix in fixes if fix is not None), None)
            if found is not None:
                return found
            self._ended.wait(self._clock.real_s(LOOK_AGAIN_S))
        raise FeedError(
            f"live feeds: no position was received within {within_s:.0f} s "
            f"({'; '.join(self._troubles())}); check the sources, "
            "or give a scenario that says where the station stands"
        )

    def place(
        self, theatre: Theatre, first_sensor_number: int = 0, *, by_scenario: bool = True
    ) -> None:
        """Stand all sources at the station.

        Parameters
        ----------
        theatre : Theatre
            Where the station stands, and the scenario's sensors.
        first_sensor_number : int
            Number of the first sensor of the feeds.
        by_scenario : bool
            Whether a scenario says so; else it was a first position.
        """
        station = theatre.station
        frame = station_frame(
            float(np.deg2rad(station.lat_deg)), float(np.deg2rad(station.lon_deg)), station.height_m
        )
        placed = Placed(frame, {sensor.name: sensor for sensor in theatre.sensors})
        numbers = itertools.count(first_sensor_number)
        for source in self._sources:
            source.place(Footing(theatre, placed, lambda: next(numbers), by_scenario))
        self._theatre = theatre

    def events(self) -> Iterator[Event]:
        """Yield events as they are received, until ``stop``.

        Yields
        ------
        Event
            Never running backwards; a tick comes after everything received by then.
        """
        last_s = self._clock.now()
        self._leave_out(last_s)
        next_s = math.floor(last_s) + 1.0
        while not self._ended.is_set():
            self._wake.clear()
            now_s = self._clock.now()
            if self._inbox is not None:
                yield from self._inbox.drain(min(now_s, next_s))
            if now_s < next_s:
                self._wake.wait(self._clock.real_s(next_s - now_s))
                continue
            if now_s - next_s > BEHIND_S:
                missed_s = math.floor(now_s) - next_s
                next_s += missed_s
                yield self._behind(next_s, missed_s)
            yield from self._second(next_s)
            next_s += 1.0

    def heed(self, tasks: Tasks) -> None:
        """Ignore tasks: no source can be steered."""

    def _second(self, end_s: float) -> Iterator[Event]:
        for source in self._sources:
            yield from _collected(source, end_s)
        for source in self._sources:
            health, wrong = source.review(end_s)
            self._health = {**self._health, source.name: health}
            if self._wrong.get(source.name) != wrong:
                self._wrong[source.name] = wrong
                yield Status(end_s, source.name, "feed", health.state, health.note)
        yield Tick(end_s)

    def _behind(self, time_s: float, missed_s: float) -> Status:
        """Return word of a station that was too slow, or asleep; what it missed is left out."""
        self._leave_out(time_s - 1.0)
        note = f"the station fell behind: {missed_s:.0f} s were left out"
        return Status(time_s - 1.0, "station", "feed", "degraded", note)

    def _leave_out(self, until_s: float) -> None:
        """Throw away what was received before the station was there to hear it."""
        for source in self._sources:
            _collected(source, until_s - 1.0)

    def _troubles(self) -> list[str]:
        return [
            f"{source.name} {source.spec.where}: {source.meter.trouble or 'connected'}"
            for source in self._sources
        ]


def _collected(source: LiveSource, end_s: float) -> list[Event]:
    """Return what a source has; one that sends something unthought of stops no other."""
    try:
        return source.collect(end_s)
    except Exception as error:
        source.meter.skipped[f"look that could not be used ({type(error).__name__})"] += 1
        return []


def station_at(fix: FirstFix) -> Station:
    """Return a station at a first position, without an end."""
    start_s = float(math.floor(fix.time_s))
    return Station("live", fix.lat_deg, fix.lon_deg, fix.height_m, start_s, math.inf)
