"""What sensors said of late: kept while a loop runs, looked up in a finished journal."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from chowki.core.codec import Decoder
from chowki.core.errors import JournalError
from chowki.core.messages import Scan
from chowki.core.places import Theatre

KEPT_S = 90.0
Wanted = Callable[[int], bool]


class Scans(Protocol):
    """Scans before a time."""

    def before(self, time_s: float, wanted: Wanted) -> Iterator[Scan]:
        """Yield scans of wanted sensors received up to a time, the newest first.

        Parameters
        ----------
        time_s : float
            UTC seconds; nothing older than 90 s before it is given.
        wanted : callable
            Returns whether the sensor of a number matters.
        """
        ...


class RecentScans:
    """The scans of the last seconds of a running loop."""

    def __init__(self) -> None:
        self._kept: deque[Scan] = deque()

    def add(self, scan: Scan) -> None:
        """Keep a scan; those that are too old go."""
        self._kept.append(scan)
        while self._kept[0].time_s < scan.time_s - KEPT_S:
            self._kept.popleft()

    def before(self, time_s: float, wanted: Wanted) -> Iterator[Scan]:
        """Yield scans of wanted sensors received up to a time, the newest first."""
        return iter(
            [
                scan
                for scan in reversed(tuple(self._kept))
                if time_s - KEPT_S <= scan.time_s <= time_s and wanted(scan.sensor.number)
            ]
        )


class RecordedScans:
    """Where every scan of a journal stands in its segments; read again when it is asked for.

    Parameters
    ----------
    paths : list of Path
        The segments.
    theatre : Theatre
        Of the journal.
    """

    def __init__(self, paths: list[Path], theatre: Theatre) -> None:
        self._paths, self._theatre = paths, theatre
        self._time_s = array("d")
        self._sensor = array("q")
        self._where = array("Q")  # segment, first byte and length of each payload, in a row

    def note(self, scan: Scan, segment: int, first: int, length: int) -> None:
        """Note where a scan stands."""
        self._where.extend((segment, first, length))
        self._sensor.append(scan.sensor.number)
        self._time_s.append(scan.time_s)  # last: whoever reads meanwhile counts these

    def before(self, time_s: float, wanted: Wanted) -> Iterator[Scan]:
        """Yield scans of wanted sensors received up to a time, the newest first."""
        decoder = Decoder(self._theatre.sensors)
        for k in range(bisect_right(self._time_s, time_s) - 1, -1, -1):
            if self._time_s[k] < time_s - KEPT_S:
                return
            if wanted(self._sensor[k]):
                yield self._read(decoder, *self._where[3 * k : 3 * k + 3])

    def _read(self, decoder: Decoder, segment: int, first: int, length: int) -> Scan:
        path = self._paths[segment]
        try:
            with path.open("rb") as file:
                return decoder.decode(os.pread(file.fileno(), length, first))
        except OSError as error:
            raise JournalError(f"{path}: can't be read: {error.strerror}") from error
