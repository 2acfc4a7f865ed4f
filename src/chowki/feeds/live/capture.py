"""Remote ID from a capture: followed while it grows, played when it is finished."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from chowki.feeds.live.clock import Clock
from chowki.feeds.live.health import Limits
from chowki.feeds.live.remote_ids import RemoteIdSource
from chowki.feeds.live.source import Lost
from chowki.feeds.live.spec import Spec
from chowki.feeds.pcap import CaptureReader, NotACapture, Packet

GROWING_S = 10.0  # a capture that was written to within this time is taken to grow
LOOK_EVERY_S = 0.2
MOST_OCTETS_A_READ = 1 << 16


class RemoteIdCapture(RemoteIdSource):
    """A pcap or pcapng file or pipe: ``remote-id:pcap:FILE``.

    A file written to within the last ten seconds, or a pipe, is followed: what it holds already
    only tells names. Any other file is finished: it is played once, at the pace at which it was
    captured, as if it came now. A file that is replaced or cut short is opened anew.
    """

    limits: ClassVar[Limits] = Limits(silent_s=60.0, most_hz=10_000.0)

    def __init__(self, spec: Spec, clock: Clock) -> None:
        super().__init__(spec, clock)
        self._path = Path(spec.path)

    def _attend(self) -> None:
        handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            found = os.fstat(handle)
            grows = stat.S_ISFIFO(found.st_mode) or self.clock.now() - found.st_mtime < GROWING_S
            self.opened()
            if grows:
                self._follow(handle, found.st_size)
            else:
                self._play(handle)
        except NotACapture as error:
            raise Lost(f"it is no pcap or pcapng capture: {error}") from None
        finally:
            os.close(handle)

    def _follow(self, handle: int, held: int) -> None:
        """Take what is written from now on."""
        reader, read = CaptureReader(self.meter.skipped), 0
        while self.listening:
            piece = _read(handle)
            if not piece and not self._still(handle, read):
                return
            for packet in reader.take(piece):
                self._packet(packet, 0.0, fresh=read >= held)
            read += len(piece)
            if reader.broken:
                raise Lost("the capture contradicts itself")
            if not piece:
                self.rest(LOOK_EVERY_S)

    def _play(self, handle: int) -> None:
        """Take what is held as if it came now; then wait until the file changes."""
        reader, shift_s = CaptureReader(self.meter.skipped), math.nan
        self.meter.noted["a finished capture, played as if it came now"] += 1
        for packet in _packets(handle, reader):
            if math.isnan(shift_s):
                shift_s = self.clock.now() - packet.time_s
            while self.listening and packet.time_s + shift_s > self.clock.now():
                self.rest(packet.time_s + shift_s - self.clock.now())
            if not self.listening:
                return
            self._packet(packet, shift_s, fresh=True)
        reader.end()
        self.meter.connected, self.meter.trouble = False, "the capture was played to its end"
        ended = os.fstat(handle).st_mtime_ns
        while self.listening and self._path.exists() and self._path.stat().st_mtime_ns == ended:
            self.rest(1.0)

    def _packet(self, packet: Packet, shift_s: float, *, fresh: bool) -> None:
        reports = list(self.reader.packet(packet))
        if not fresh:
            self.reader.pilots = []
            return
        now_s = self.clock.now()
        if self.admit(now_s):
            self.timing.take(now_s, packet.time_s + shift_s)
            self.heard(reports, now_s, shift_s)

    def _still(self, handle: int, read: int) -> bool:
        """Return whether the path still leads to the file that is open, not cut short."""
        found, opened = self._path.stat(), os.fstat(handle)
        if stat.S_ISFIFO(opened.st_mode):
            return True
        return (found.st_ino, found.st_dev) == (opened.st_ino, opened.st_dev) and (
            opened.st_size >= read
        )


def _read(handle: int) -> bytes:
    """Return what can be read now, empty when nothing is there."""
    try:
        return os.read(handle, MOST_OCTETS_A_READ)
    except BlockingIOError:
        return b""


def _packets(handle: int, reader: CaptureReader) -> Iterator[Packet]:
    while piece := _read(handle):
        yield from reader.take(piece)
