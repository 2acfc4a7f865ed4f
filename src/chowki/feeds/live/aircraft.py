"""``aircraft.json`` of readsb and dump1090, asked for once a second."""

from __future__ import annotations

import math
import ssl
from typing import ClassVar

from chowki.feeds.aircraft_json import AircraftJson, MomentReader, NoMoment
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.fetch import FETCH_S, fetch
from chowki.feeds.live.health import Limits
from chowki.feeds.live.positions import PositionSource
from chowki.feeds.live.spec import Spec
from chowki.feeds.reports import Report, ReportFeed

EVERY_S = 1.0
SAME_S = 0.5  # ``seen_pos`` is rounded: the same position comes with a time that trembles


class AircraftJsonPoll(PositionSource):
    """``aircraft.json`` from a web server: ``aircraft-json:http://HOST[:PORT]/PATH``, or https.

    An answer whose ``now`` is that of the answer before is not news: a file that nobody writes any
    more makes the source silent. Each answer with news is a look, an empty one too.
    """

    limits: ClassVar[Limits] = Limits(silent_s=10.0, most_hz=20_000.0)
    recorded: ClassVar[type[ReportFeed]] = AircraftJson
    polled: ClassVar[bool] = True

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._reader = MomentReader(self.meter.skipped, self.meter.noted)
        self._now_s = math.nan
        self._places: dict[int, tuple[float, float, float]] = {}
        self._trusted: ssl.SSLContext | None = None

    def _context(self) -> ssl.SSLContext | None:
        """Return whom to trust over TLS: whom the machine trusts."""
        if self.spec.secure and self._trusted is None:
            self._trusted = ssl.create_default_context()
        return self._trusted

    def _attend(self) -> None:
        while self.listening:
            asked_s = self.clock.now()
            body = fetch(self.spec, self.clock.real_s(FETCH_S), self._context())
            self.opened()
            self._moment(body, self.clock.now())
            self.rest(max(asked_s + EVERY_S - self.clock.now(), 0.1))

    def _renewed(self, report: Report) -> bool:
        """Return whether an aircraft has told another position than in the answer before."""
        before = self._places.get(report.address)
        place = (report.time_s, report.lat_deg, report.lon_deg)
        if before and before[1:] == place[1:] and abs(before[0] - place[0]) < SAME_S:
            self.meter.skipped["position not renewed (same address and time)"] += 1
            return False
        self._places[report.address] = place
        return True

    def forget(self, before_s: float) -> None:
        """Forget where aircraft were before a time (UTC s)."""
        self._places = {a: place for a, place in self._places.items() if place[0] >= before_s}

    def _moment(self, body: bytes, received_s: float) -> None:
        try:
            reports = self._reader.moment(body.decode("utf-8-sig", errors="replace"))
        except NoMoment:
            self.meter.heard += 1
            self.meter.skipped["answer that is no aircraft.json"] += 1
            return
        now_s = self._reader.now_s
        if now_s == self._now_s:
            self.meter.noted["answer not renewed"] += 1
            return
        self._now_s = now_s
        self.timing.take(received_s, now_s)
        self.meter.last_s = self.meter.alive_s = received_s
        for report in reports:
            if self.admit(received_s) and self._renewed(report):
                self.take(report, received_s)
        self.looked(received_s)
