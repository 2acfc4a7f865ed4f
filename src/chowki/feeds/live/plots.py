"""Plots as JSON lines over UDP: the door for one's own sensors.

Each line of a datagram is a JSON object; its keys are the columns of ``feeds.tabular``. A line with
``sensor`` and ``time_s`` that says nowhere is a look in which nothing was seen.
"""

from __future__ import annotations

import socket
import sys
from collections import deque
from typing import ClassVar

from chowki.core.messages import Event
from chowki.core.places import Sensor
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import LATE, Limits
from chowki.feeds.live.plot_looks import PlotLooks
from chowki.feeds.live.plot_rows import PlotRow, read_row
from chowki.feeds.live.positions import OFF_TIME
from chowki.feeds.live.source import BREATH_S, MOST_WAITING, Footing, LiveSource
from chowki.feeds.live.spec import Spec
from chowki.feeds.plot_table import Layout
from chowki.feeds.reports import OLDEST_S, number
from chowki.feeds.source import FirstFix, known_time

LARGEST_DATAGRAM = 16_384
MOST_OCTETS_WAITING = 1 << 20
WAKE_S = 0.2
_OVERFLOWS = 40  # SO_RXQ_OVFL of Linux: datagrams that the machine dropped come with the next one


class PlotDatagrams(LiveSource):
    """JSON lines that arrive at a UDP port: ``plots:udp://HOST:PORT``.

    HOST is where chowki waits: 127.0.0.1 for programs on the same machine. A datagram holds one or
    more lines, 16 KiB at most. Whoever reaches the port can draw plots: let only your sensors.
    """

    limits: ClassVar[Limits] = Limits()

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._waiting: deque[PlotRow] = deque(maxlen=MOST_WAITING)
        self._looks = PlotLooks(self.meter.skipped)

    @property
    def sensors(self) -> tuple[Sensor, ...]:
        """Return the sensors heard so far."""
        return self._looks.sensors

    def place(self, footing: Footing) -> None:
        """Take where the station stands; sensors follow as they are heard."""
        self._looks.place(footing)

    def collect(self, end_s: float) -> list[Event]:
        """Return the looks that are complete by a whole second."""
        while self._waiting and self._waiting[0].received_s <= end_s:
            self._looks.take(self._waiting.popleft())
        return list(self._looks.complete(end_s))

    def _attend(self) -> None:
        family = socket.AF_INET6 if ":" in self.spec.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as way:
            way.bind((self.spec.host, self.spec.port))
            way.settimeout(WAKE_S)
            way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MOST_OCTETS_WAITING)
            if sys.platform == "linux":
                way.setsockopt(socket.SOL_SOCKET, _OVERFLOWS, 1)
            self.opened()
            self._listen(way)

    def _listen(self, way: socket.socket) -> None:
        dropped = 0
        while self.listening:
            try:
                datagram, about, _, _ = way.recvmsg(LARGEST_DATAGRAM + 1, 64)
            except TimeoutError:
                continue
            for level, kind, octets in about:
                if (level, kind) == (socket.SOL_SOCKET, _OVERFLOWS):
                    so_far = int.from_bytes(octets[:4], sys.byteorder)
                    self.meter.surplus += (so_far - dropped) & 0xFFFF_FFFF
                    dropped = so_far
            self._datagram(datagram, self.clock.now())

    def _datagram(self, datagram: bytes, now_s: float) -> None:
        if len(datagram) > LARGEST_DATAGRAM:
            self.meter.heard += 1
            self.meter.skipped["datagram larger than 16 KiB"] += 1
            return
        surplus = self.meter.surplus
        for line in datagram.splitlines():
            if line.strip() and self.admit(now_s):
                self._line(line, now_s)
        if self.meter.surplus > surplus:
            self.rest(BREATH_S)

    def _line(self, line: bytes, now_s: float) -> None:
        row = read_row(line, now_s, self.meter.skipped)
        if row is None:
            return
        self.timing.take(now_s, row.time_s)
        off_s = self.timing.correction()
        if off_s is None:
            self.meter.skipped[OFF_TIME] += 1
            return
        row = row._replace(time_s=row.time_s - off_s)
        if not known_time(row.time_s) or row.time_s - now_s > OLDEST_S:
            self.meter.skipped["dated after its receipt"] += 1
        elif now_s - row.time_s > OLDEST_S:
            self.meter.skipped[LATE] += 1
        else:
            self._keep(row)

    def _keep(self, row: PlotRow) -> None:
        if row.layout is Layout.GEODETIC and self.first_fix is None:
            lat, lon = (number(str(row.cells[name])) for name in ("lat", "lon"))
            if abs(lat) <= 90.0 and abs(lon) <= 180.0:
                self.first_fix = FirstFix(lat, lon, 0.0, row.received_s)
        if len(self._waiting) == MOST_WAITING:
            self.meter.surplus += 1
        self._waiting.append(row)
