"""What reports are worked out from: the tables of a recording, read column by column."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Theatre

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


class Evidence(Protocol):
    """The part of a recording that reports and scores read.

    Every table is a ``pyarrow.Table`` with the columns of the core table of its name;
    ``statuses`` holds ``time_s, source, kind, state, note, site, rounds_left``, ``scans`` holds
    ``time_s, sensor, look, detections``, ``acts`` holds ``time_s, person, verb, subject, value``.
    """

    @property
    def manifest(self) -> dict[str, Any]:
        """Return what the run wrote about itself."""
        ...

    @property
    def theatre(self) -> Theatre:
        """Return all that was known before the first event."""
        ...

    @property
    def tracks(self) -> Any:
        """Return the recognised air picture, one row per track and recorded time."""
        ...

    @property
    def threats(self) -> Any:
        """Return the pairs of track and place."""
        ...

    @property
    def warnings(self) -> Any:
        """Return one row for each change of a place's warning."""
        ...

    @property
    def engagements(self) -> Any:
        """Return one row for each change of an engagement, refusals included."""
        ...

    @property
    def acts(self) -> Any:
        """Return what people decided."""
        ...

    @property
    def truth(self) -> Any:
        """Return simulated reality; no rows for a real feed."""
        ...

    @property
    def detections(self) -> Any:
        """Return plots and reports."""
        ...

    @property
    def statuses(self) -> Any:
        """Return the health of sensors, links, sites and feeds."""
        ...

    @property
    def sensors(self) -> Any:
        """Return what the station made of its sensors: ``SensorStates``."""
        ...

    @property
    def scans(self) -> Any:
        """Return one row for each scan received."""
        ...


def column(table: Any, name: str) -> NDArray[Any]:
    """Return a column of an Arrow table as a NumPy array, shape (n,)."""
    return table.column(name).combine_chunks().to_numpy(zero_copy_only=False)


def vector(table: Any, name: str) -> F64:
    """Return a fixed-size list column as a NumPy array, shape (n, k)."""
    lists = table.column(name).combine_chunks()
    values = lists.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(len(lists), lists.type.list_size)


def positions(table: Any) -> F64:
    """Return positions in the station frame, metres, shape (n, 3)."""
    return np.column_stack([column(table, name) for name in ("east_m", "north_m", "up_m")])


def running_numbers(names: I64) -> I64:
    """Return numbers from 0 that stand for distinct names, in their order, shape (n,)."""
    return np.searchsorted(np.unique(names), names)


def last_rows(keys: I64, time_s: F64) -> I64:
    """Return the row of the latest time of each key, ordered by key.

    Of rows with the same key and time the one that was recorded last counts.

    Parameters
    ----------
    keys : I64
        Shape (n,).
    time_s : F64
        Shape (n,).
    """
    if len(keys) == 0:
        return np.empty(0, np.int64)
    rows = np.arange(len(keys))
    if np.any(np.diff(time_s) < 0):
        rows = np.argsort(time_s, kind="stable")
    numbers = running_numbers(keys)
    last = np.empty(int(numbers.max()) + 1, np.int64)
    last[numbers[rows]] = rows
    return last


def rows_of_track(tracks: Any, number: int) -> I64:
    """Return the rows of one track in order of time; none when it is not on record."""
    rows = np.flatnonzero(column(tracks, "track") == number)
    return rows[np.argsort(column(tracks, "time_s")[rows], kind="stable")]


def only_track(table: Any, number: int | None) -> Any:
    """Return the rows of a table that are of one track; all of them for None."""
    return table if number is None else table.filter(column(table, "track") == number)


def span(evidence: Evidence) -> tuple[float, float]:
    """Return UTC seconds of the first and last moment that the recording speaks of.

    A run without a single picture spans its planned start only.
    """
    start_s = evidence.theatre.station.start_s
    times = [column(t, "time_s") for t in (evidence.tracks, evidence.scans, evidence.statuses)]
    ends = [float(time_s.max()) for time_s in times if len(time_s)]
    starts = [float(time_s.min()) for time_s in times if len(time_s)]
    if not ends:
        return start_s, start_s
    if not np.isfinite(start_s) or start_s > min(ends):
        start_s = min(starts)
    return start_s, max(ends)
