"""Tracks for the page: thinned, as small binary columns in base64."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.reasons import in_words
from chowki.core.records import DRONE_CLASSES, TrackStatus
from chowki.outputs.evidence import I64, column

ROWS_MAX = 240_000
LEVELS = 65_535.0


def packed(values: NDArray[Any], dtype: str) -> str:
    """Return a column as base64 of little-endian numbers, out-of-range values clipped."""
    info = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else None
    if info is not None:
        values = np.clip(np.rint(np.nan_to_num(values)), info.min, info.max)
    return base64.b64encode(np.ascontiguousarray(values.astype(dtype)).tobytes()).decode("ascii")


def trails(tracks: Any, start_s: float, end_s: float) -> dict[str, Any]:
    """Return confirmed and coasting tracks as columns for the page.

    Positions are 16-bit steps of each track's own box; a track of 300 km is drawn to 5 m.

    Parameters
    ----------
    tracks : pyarrow.Table
        The recorded picture.
    start_s, end_s : float
        UTC seconds that the page spans.

    Returns
    -------
    dict
        ``time_step_s``; per track ``number, start (row offsets), east0_m, north0_m, step_m, kind,
        armed (per cent), sensors, reasons (words), names (call sign or address)``; per row ``time,
        east, north, height_agl_m, speed, identity`` (speed in 2 m/s, time in ``time_step_s``,
        16 added to the identity while the track coasts).
    """
    rows, number = _rows(tracks)
    starts = _edges(number)
    time_step_s = max(0.5, (end_s - start_s) / LEVELS)
    plane = [column(tracks, name)[rows] for name in ("east_m", "north_m")]
    low, step_m = _boxes(plane, starts)
    of_track = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    speed = np.hypot(column(tracks, "v_east_mps")[rows], column(tracks, "v_north_mps")[rows])
    status = column(tracks, "status")[rows].astype(np.int64)
    identity = column(tracks, "identity")[rows] + 16 * (status == TrackStatus.COASTING)
    return {
        **_of_tracks(tracks, rows, starts),
        "time_step_s": time_step_s,
        "start": packed(starts, "<u4"),
        "east0_m": packed(low[0], "<f4"),
        "north0_m": packed(low[1], "<f4"),
        "step_m": packed(step_m, "<f4"),
        "time": packed((column(tracks, "time_s")[rows] - start_s) / time_step_s, "<u2"),
        "east": packed((plane[0] - low[0][of_track]) / step_m[of_track], "<u2"),
        "north": packed((plane[1] - low[1][of_track]) / step_m[of_track], "<u2"),
        "height_agl_m": packed(column(tracks, "height_agl_m")[rows], "<u2"),
        "speed": packed(speed / 2.0, "<u1"),
        "identity": packed(identity, "<u1"),
    }


def _rows(tracks: Any) -> tuple[I64, I64]:
    """Return the rows to draw, by track and time, and their track numbers."""
    status = column(tracks, "status")
    rows = np.flatnonzero((status == TrackStatus.CONFIRMED) | (status == TrackStatus.COASTING))
    number, time_s = column(tracks, "track")[rows], column(tracks, "time_s")[rows]
    rows = rows[np.lexsort((time_s, number))]
    number = column(tracks, "track")[rows]
    drones = np.isin(column(tracks, "object_class")[rows], [int(c) for c in DRONE_CLASSES])
    identity = column(tracks, "identity")[rows]
    for stride in (1, 2, 3, 4, 6, 8, 12, 24, 48):
        kept = _thinned(number, identity, np.where(drones, stride, 2 * stride))
        if kept.sum() <= ROWS_MAX:
            break
    return rows[kept], number[kept]


def _thinned(number: I64, identity: Any, stride: I64) -> NDArray[np.bool_]:
    """Return which rows to keep: the ends of each track, changes of identity, and each n-th."""
    if len(number) == 0:
        return np.empty(0, np.bool_)
    first = np.append(True, number[1:] != number[:-1])
    last = np.append(first[1:], True)
    changed = np.append(True, identity[1:] != identity[:-1])
    index = np.arange(len(number))
    within = index - np.maximum.accumulate(np.where(first, index, 0))
    return first | last | changed | (within % stride == 0)


def _edges(number: I64) -> I64:
    """Return where each track starts, and the number of rows at the end."""
    if len(number) == 0:
        return np.zeros(1, np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(number)) + 1, [len(number)]])


def _boxes(plane: list[Any], starts: I64) -> tuple[list[Any], Any]:
    """Return each track's lower corner, and the metres of one of its 16-bit steps."""
    if len(starts) < 2:
        return [np.empty(0), np.empty(0)], np.empty(0)
    low = [np.minimum.reduceat(axis, starts[:-1]) for axis in plane]
    high = [np.maximum.reduceat(axis, starts[:-1]) for axis in plane]
    size = np.maximum(high[0] - low[0], high[1] - low[1])
    return low, np.maximum(size, 1.0) / LEVELS


def _of_tracks(tracks: Any, rows: I64, starts: I64) -> dict[str, Any]:
    """Return what is said of each track once: mostly its last row."""
    last = rows[starts[1:] - 1]
    armed = column(tracks, "armed_probability")[rows]
    most = np.maximum.reduceat(armed, starts[:-1]) if len(starts) > 1 else np.empty(0)
    return {
        "number": packed(column(tracks, "track")[last], "<u4"),
        "kind": packed(column(tracks, "object_class")[last], "<u1"),
        "armed": packed(100.0 * np.nan_to_num(most), "<u1"),
        "sensors": packed(column(tracks, "sensors")[last], "<u1"),
        "reasons": _reasons(tracks, last),
        "names": _names(tracks, last),
    }


def _names(tracks: Any, last: I64) -> dict[str, str]:
    """Return call sign or address of the tracks that sent one, by place in the list."""
    address, callsign = column(tracks, "address")[last], column(tracks, "callsign")[last]
    kind = column(tracks, "address_kind")[last]
    names: dict[str, str] = {}
    for i in np.flatnonzero(address >= 0).tolist():
        sign = _ascii(callsign[i])
        code = f"{address[i]:06X}" if kind[i] == 0 else "Remote ID"
        names[str(i)] = f"{sign} ({code})" if sign else code
    return names


def _ascii(name: Any) -> str:
    return (name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)).strip()


def _reasons(tracks: Any, last: I64) -> list[str]:
    """Return why each track has its last identity, in words."""
    speed = np.hypot(column(tracks, "v_east_mps")[last], column(tracks, "v_north_mps")[last])
    rows = zip(
        column(tracks, "reasons")[last].tolist(),
        speed.tolist(),
        column(tracks, "height_agl_m")[last].tolist(),
        column(tracks, "crossed_border_s")[last].tolist(),
        strict=True,
    )
    return [
        in_words(bits, speed_mps=speed_mps, height_agl_m=height_m, crossed_border_s=crossed_s)
        for bits, speed_mps, height_m, crossed_s in rows
    ]
