"""A folder that is written to: each new file is read as a recording, at once."""

from __future__ import annotations

import math
import os
from collections import Counter, deque
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from chowki.core.errors import FeedError, UsageError
from chowki.core.messages import Event, Scan, Status
from chowki.core.places import Sensor
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import LATE, Limits
from chowki.feeds.live.source import Footing, LiveSource, Lost
from chowki.feeds.live.spec import Spec
from chowki.feeds.reports import OLDEST_S, ReportFeed
from chowki.feeds.source import FileFeed

EVERY_S = 1.0
LARGEST_FILE = 64 << 20
MOST_FILES, MOST_EVENTS = 10_000, 5_000
UNFINISHED = (".tmp", ".part", ".partial", ".swp", "~")


class _Heard(NamedTuple):
    """An event of a file, and when the file was read."""

    received_s: float
    event: Scan | Status


class WatchedFolder(LiveSource):
    """New files of a folder, each read by the recorded feed of its kind: ``KIND:dir:FOLDER``.

    A file is complete when it has not changed for a second; names that begin with a dot or end like
    unfinished ones (``.tmp``, ``.part``) are left alone, and so is what was there at the start. A
    file that changes later is read again. Looks older than ten seconds then are counted and left
    out: files should come often and hold little.

    Raises
    ------
    UsageError
        If no recorded feed is of that kind.
    """

    limits: ClassVar[Limits] = Limits(silent_s=120.0)
    sets_clock_right: ClassVar[bool] = False

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._recorded = recorded_kind(spec.kind)
        self._folder = Path(spec.path)
        self._footing: Footing | None = None
        self._sensors: dict[str, Sensor] = {}
        self._looks: Counter[int] = Counter()
        self._waiting: deque[_Heard] = deque(maxlen=MOST_EVENTS)
        self._done: dict[str, tuple[int, int]] | None = None
        self._seen: dict[str, tuple[int, int]] = {}

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors known so far."""
        return tuple(self._sensors.values())

    def place(self, footing: Footing) -> None:
        """Take where the station stands; files are read from now on."""
        if issubclass(self._recorded, ReportFeed):
            stated = self._recorded.stated(0, self._recorded.kind, np.zeros(3), np.eye(3))
            self._known(stated, footing)
        self._footing = footing

    def collect(self, end_s: float) -> list[Event]:
        """Return what the files held that were read by a whole second."""
        found: list[Event] = []
        while self._waiting and self._waiting[0].received_s <= end_s:
            heard = self._waiting.popleft()
            if isinstance(heard.event, Status):
                found.append(replace(heard.event, time_s=end_s))
            elif self._footing is not None:
                found.append(self._scan(heard.event, end_s, self._footing))
        return found

    def _scan(self, scan: Scan, end_s: float, footing: Footing) -> Scan:
        sensor = self._known(scan.sensor, footing)
        self._looks[sensor.number] += 1
        ends_s = min(scan.end_s, end_s)  # a recorded look may end later than its file came
        return replace(
            scan,
            time_s=end_s,
            sensor=sensor,
            look=self._looks[sensor.number],
            start_s=min(scan.start_s, ends_s),
            end_s=ends_s,
        )

    def _known(self, sensor: Sensor, footing: Footing) -> Sensor:
        """Return a file's sensor as it is called here: one number for all files."""
        name = self.name if sensor.name == self._recorded.kind else sensor.name
        if name not in self._sensors:
            known = footing.placed.known.get(name)
            at = known or sensor
            self._sensors[name] = replace(
                sensor,
                number=footing.number(),
                name=name,
                position_m=at.position_m,
                axes=at.axes,
            )
        return self._sensors[name]

    def _attend(self) -> None:
        while self.listening:
            files = self._files()
            self.opened()
            if self._done is None:
                self._done = files
            for name, mark in files.items():
                if self._done.get(name) != mark and self._seen.get(name) == mark:
                    self._file(self._folder / name, mark, self._done)
            self._seen = files
            self._done = {name: mark for name, mark in self._done.items() if name in files}
            self.rest(EVERY_S)

    def _files(self) -> dict[str, tuple[int, int]]:
        """Return size and time of change of each file that may be complete."""
        if not self._folder.is_dir():
            raise Lost("it is no folder")
        found: dict[str, tuple[int, int]] = {}
        with os.scandir(self._folder) as entries:
            for entry in entries:
                unfinished = entry.name.startswith(".") or entry.name.endswith(UNFINISHED)
                if unfinished or not entry.is_file():
                    continue
                if len(found) >= MOST_FILES:
                    raise Lost(f"it holds more than {MOST_FILES} files")
                held = entry.stat()
                if held.st_size:
                    found[entry.name] = (held.st_size, held.st_mtime_ns)
        return found

    def _file(self, path: Path, mark: tuple[int, int], done: dict[str, tuple[int, int]]) -> None:
        """Read a file; one that only tells where the station may stand is read again later."""
        if mark[0] > LARGEST_FILE:
            self.meter.skipped["file larger than 64 MiB"] += 1
            done[path.name] = mark
            return
        feed = self._recorded(path)
        try:
            if self.first_fix is None:
                fix = feed.first_fix()
                self.first_fix = None if math.isnan(fix.lat_deg) else fix
            if self._footing is None:
                return
            feed.place(self._footing.theatre)
            self._take(list(feed.events()))
        except FeedError:
            self.meter.skipped[f"file that is no {self.kind} feed"] += 1
        self.meter.skipped.update(feed.skipped)
        self.meter.noted.update(feed.noted)
        done[path.name] = mark

    def _take(self, events: list[Event]) -> None:
        now_s = self.clock.now()
        self.meter.last_s = self.meter.alive_s = now_s
        if events:
            self.timing.take(now_s, max(_newest_s(event) for event in events))
        for event in events:
            if not isinstance(event, Scan | Status):
                continue
            rows = len(event.detections) if isinstance(event, Scan) else 1
            self.meter.heard += rows
            if now_s - _newest_s(event) > OLDEST_S:
                self.meter.skipped[LATE] += rows
            elif _newest_s(event) - now_s > OLDEST_S:
                self.meter.skipped["dated after its receipt"] += rows
            else:
                self.meter.surplus += len(self._waiting) == MOST_EVENTS
                self._waiting.append(_Heard(now_s, event))


def _newest_s(event: Event) -> float:
    """Return the time of the newest thing that an event speaks of."""
    if isinstance(event, Scan) and len(event.detections):
        return float(event.detections.time_s.max())
    return event.time_s


def recorded_kind(kind: str) -> type[FileFeed]:
    """Return the recorded feed of a kind.

    Raises
    ------
    UsageError
        If there is none.
    """
    kinds = {point.name: point for point in entry_points(group="chowki.feed")}
    if kind not in kinds:
        raise UsageError(f"feed {kind}:dir: files of no known kind; kinds: {', '.join(kinds)}")
    return kinds[kind].load()
