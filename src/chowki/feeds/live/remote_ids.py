"""What the live sources of Remote ID share: reports of drones, and where their pilots are."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from chowki.core.messages import Event
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.positions import PositionSource
from chowki.feeds.live.spec import Spec
from chowki.feeds.remote_id import Pilot, PilotNews, RemoteId, RemoteIdReader
from chowki.feeds.reports import Report, ReportFeed

MOST_PILOTS = 1_000


class RemoteIdSource(PositionSource):
    """A receiver of Remote ID; a base for the two ways it comes.

    ``reader`` turns messages into reports; ``heard`` takes these on, with the pilots.
    """

    recorded: ClassVar[type[ReportFeed]] = RemoteId

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self.reader = RemoteIdReader(self.meter.skipped, self.meter.noted)
        self._pilots: deque[Pilot] = deque(maxlen=MOST_PILOTS)
        self._news = PilotNews()

    def heard(self, reports: Iterable[Report], received_s: float, shift_s: float = 0.0) -> None:
        """Take what the reader made of a message.

        Parameters
        ----------
        reports : iterable of Report
            Positions, timed by the receiver's clock.
        received_s : float
            UTC seconds of receipt here.
        shift_s : float
            What to add to their times, where a finished capture is played.
        """
        for report in reports:
            self.take(report._replace(time_s=report.time_s + shift_s), received_s)
        pilots, self.reader.pilots = self.reader.pilots, []
        self._pilots.extend(pilot._replace(received_s=received_s) for pilot in pilots)

    def collect(self, end_s: float) -> list[Event]:
        """Return the scan of the second that ends now, and where pilots are."""
        pilots: list[Pilot] = []
        while self._pilots and self._pilots[0].received_s <= end_s:
            pilots.append(self._pilots.popleft())
        news = (replace(status, time_s=end_s) for status in self._news.of(pilots))
        return [*super().collect(end_s), *news]


def timed(received_s: float, stated_s: float) -> float:
    """Return the receiver's own time, or that of receipt where it states none."""
    return received_s if math.isnan(stated_s) else stated_s
