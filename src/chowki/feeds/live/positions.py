"""Live sources of aircraft that tell their own position: reports in, one scan a second out."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from typing import ClassVar

import numpy as np

from chowki.core.messages import Event
from chowki.core.places import Sensor
from chowki.core.records import Detections
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.reach import HEARD_A_SECOND, Reach
from chowki.feeds.live.source import MOST_WAITING, Footing, LiveSource
from chowki.feeds.live.spec import Spec
from chowki.feeds.reports import SUPERSEDED, Report, ReportFeed, Sieve, latest_of, look_of
from chowki.feeds.source import FirstFix, as_known

ALIVE_S = 10.0  # after this much silence nobody knows whether the receiver is still there
FORGET_S, FORGET_EVERY_S = 60.0, 15.0
FARTHEST_M = 1_000_000.0  # from the station; no receiver of one airport hears that far
OFF_TIME = "time off by more than 10 s, the clock not yet known"


class PositionSource(LiveSource):
    """A receiver of position reports; a base for the kinds in this room.

    A look is one second and is received at its end; it holds the latest report of each address.
    Where the receiver showed that it lives, a second without reports is an empty scan; where it did
    not, there is no scan. Looks are numbered by the second. Three in ten targets are stated to be
    heard in a second, as far out as the receiver has shown to hear.
    """

    recorded: ClassVar[type[ReportFeed]]
    polled: ClassVar[bool] = False  # asked each second: only an answer tells that nothing was there

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._waiting: deque[Report] = deque(maxlen=MOST_WAITING)
        self._sieve, self._reach = Sieve(self.meter.skipped), Reach()
        self._forgot_s = self._first_s = math.nan
        self._sensor: Sensor | None = None
        self._looked: deque[float] = deque(maxlen=MOST_WAITING)

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the receiver; known after ``place``."""
        return () if self._sensor is None else (self._sensor,)

    def place(self, footing: Footing) -> None:
        """Stand the receiver where the scenario has one of its name, else at the station."""
        sensor = self.recorded.stated(footing.number(), self.name, np.zeros(3), np.eye(3))
        self._frame = footing.placed.frame
        heard = replace(sensor, detection_probability=HEARD_A_SECOND)
        self._sensor = as_known(heard, footing.placed)

    def take(self, report: Report, received_s: float) -> None:
        """Take a report; its time is still the source's own."""
        off_s = self.timing.correction()
        if off_s is None:
            self.meter.skipped[OFF_TIME] += 1
            return
        report = report._replace(received_s=received_s, time_s=report.time_s - off_s)
        if not self._sieve.passes(report):
            return
        if self.first_fix is None:
            self.first_fix = FirstFix(report.lat_deg, report.lon_deg, 0.0, received_s)
        if len(self._waiting) == MOST_WAITING:
            self.meter.surplus += 1
        self._waiting.append(report)
        self._forget(received_s)

    def looked(self, received_s: float) -> None:
        """Note that the receiver showed all that it hears, be it nothing."""
        self._looked.append(received_s)

    def forget(self, before_s: float) -> None:
        """Forget what was heard before a time (UTC s); for kinds that keep more than this one."""

    def collect(self, end_s: float) -> list[Event]:
        """Return the scan of the second that ends now, if the receiver is there."""
        reports: list[Report] = []
        while self._waiting and self._waiting[0].received_s <= end_s:
            reports.append(self._waiting.popleft())
        there = self._there(end_s)
        if self._sensor is None or not (reports or there):
            return []
        if math.isnan(self._first_s):
            self._first_s = end_s
        look = round(end_s - self._first_s) + 1
        found = self._detections(reports)
        scan = look_of(self._sensor, look, end_s, found)
        return [replace(scan, volume=self._reach.volume(self._sensor, found))]

    def _there(self, end_s: float) -> bool:
        """Return whether the receiver was there in the second that ends now."""
        if self.polled:
            answers = 0
            while self._looked and self._looked[0] <= end_s:
                answers += self._looked.popleft() > end_s - 1.0
            return answers > 0
        return self.meter.connected and self.meter.last_s > end_s - ALIVE_S

    def _detections(self, reports: list[Report]) -> Detections:
        if not reports:
            return Detections.empty()
        latest = latest_of(reports)
        self._count(SUPERSEDED, len(reports) - len(latest))
        found = self.recorded.detections([reports[row] for row in latest], self._frame)
        near = np.hypot(found.east_m, found.north_m) <= FARTHEST_M
        self._count("farther than 1,000 km from the station", int(np.count_nonzero(~near)))
        return found.take(near)

    def _count(self, reason: str, number: int) -> None:
        if number:
            self.meter.skipped[reason] += number

    def _forget(self, received_s: float) -> None:
        if math.isnan(self._forgot_s):
            self._forgot_s = received_s
        elif received_s > self._forgot_s + FORGET_EVERY_S:
            self._forgot_s = received_s
            self._sieve.forget(received_s - FORGET_S)
            self.forget(received_s - FORGET_S)
