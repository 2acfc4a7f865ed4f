"""SBS-1 lines over TCP, as dump1090 and readsb serve them on port 30003."""

from __future__ import annotations

import math
import socket
from typing import ClassVar

from chowki.feeds.live.clock import Clock
from chowki.feeds.live.lines import Lines
from chowki.feeds.live.positions import FORGET_S, PositionSource
from chowki.feeds.live.source import BREATH_S, Lost
from chowki.feeds.live.spec import Spec
from chowki.feeds.reports import ReportFeed
from chowki.feeds.sbs import Sbs, SbsReader

CONNECT_S, WAKE_S = 5.0, 0.2
MOST_OCTETS_A_READ, MOST_OCTETS_WAITING = 1 << 16, 1 << 18

# What else a base station sends: selections, new aircraft, new call signs, states, clicks.
_OTHER_KINDS = ("SEL,", "ID,", "AIR,", "STA,", "CLK,")


class SbsStream(PositionSource):
    """SBS-1 lines from a TCP server: ``sbs:tcp://HOST:PORT``.

    Lines state the receiver's own time, in its local time zone for some programs: that counts as a
    clock that is off. A server from which nothing comes for a minute is left and called again.
    """

    recorded: ClassVar[type[ReportFeed]] = Sbs

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._reader = SbsReader(self.meter.skipped, self.meter.noted)
        self._line_s = math.nan

    def _attend(self) -> None:
        address = (self.spec.host, self.spec.port)
        with socket.create_connection(address, CONNECT_S) as way:
            way.settimeout(WAKE_S)
            way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MOST_OCTETS_WAITING)
            self.opened()
            self._listen(way, Lines(self.meter.skipped))

    def _listen(self, way: socket.socket, lines: Lines) -> None:
        heard_s = self.clock.now()
        while self.listening:
            try:
                piece = way.recv(MOST_OCTETS_A_READ)
            except TimeoutError:
                piece = None
            now_s = self.clock.now()
            if piece == b"":
                return
            whole = lines.take(piece) if piece else []
            if whole:
                heard_s = now_s
            elif now_s - heard_s > 2.0 * self.limits.silent_s:
                raise Lost(f"nothing came for {now_s - heard_s:.0f} s")
            surplus = self.meter.surplus
            for line in whole:
                self._line(line, now_s)
            if self.meter.surplus > surplus:
                self.rest(BREATH_S)

    def _line(self, line: bytes, now_s: float) -> None:
        if not self.admit(now_s):
            return
        text = line.decode("utf-8", errors="replace")
        if text.startswith(_OTHER_KINDS):
            self.meter.noted["line that tells no position"] += 1
            return
        report = self._reader.line(text)
        if not math.isnan(self._reader.time_s):
            self._line_s = self._reader.time_s
            self.timing.take(now_s, self._line_s)
        if report:
            self.take(report, now_s)

    def forget(self, before_s: float) -> None:
        """Forget aircraft that no line told of for a minute."""
        self._reader.forget(self._line_s - FORGET_S)
