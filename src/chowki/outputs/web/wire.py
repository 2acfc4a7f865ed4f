"""The block of tracks on the wire: flat columns that the hello message describes.

Sixteen bytes of head (magic, number of tracks, UTC seconds), then each column in turn,
little-endian and without padding; wider columns come first, so that a browser reads every one in
place.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.records import Threats, Tracks
from chowki.core.table import Table

MAGIC = b"CHK1"
_HEAD = struct.Struct("<4sId")
Raw = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class WireColumn:
    """One column of the block.

    Attributes
    ----------
    name : str
        Its name on the page.
    dtype : str
        NumPy's short name of its type: ``u4``, ``f4``, ``i2``, ``u2`` or ``u1``.
    scale : float
        The value is the number sent times this.
    missing : int or None
        The number sent when nothing is known; None where something always is.
    unit, meaning : str
        SI unit, or degrees at this door; what the column says.
    """

    name: str
    dtype: str
    scale: float
    missing: int | None
    unit: str
    meaning: str

    @property
    def stored(self) -> np.dtype[Any]:
        """Return the little-endian type."""
        return np.dtype("<" + self.dtype)


# What is sent, under which name of which table: unit and meaning are the table's own.
_FROM_TABLES: dict[str, tuple[type[Table], str]] = {
    "track": (Tracks, "track"),
    "height_m": (Tracks, "height_m"),
    "agl_m": (Tracks, "height_agl_m"),
    "rank": (Threats, "rank"),
    "place": (Threats, "place"),
    "identity": (Tracks, "identity"),
    "object_class": (Tracks, "object_class"),
    "status": (Tracks, "status"),
    "existence": (Tracks, "existence"),
}
_OWN = {
    "lat": ("deg", "latitude, WGS 84"),
    "lon": ("deg", "longitude, WGS 84"),
    "speed": ("m/s", "horizontal speed"),
    "course": ("deg", "course over ground, clockwise from true north"),
    "climb": ("m/s", "rate of climb"),
    "age": ("s", "seconds since the last detection; the largest number stands for more"),
}
_LAYOUT: tuple[tuple[str, str, float, int | None], ...] = (
    ("track", "u4", 1.0, None),
    ("lat", "f4", 1.0, None),
    ("lon", "f4", 1.0, None),
    ("height_m", "i2", 1.0, -32768),
    ("agl_m", "i2", 1.0, -32768),
    ("speed", "u2", 0.1, 65535),
    ("course", "u2", 0.01, 65535),
    ("climb", "i2", 0.1, -32768),
    ("rank", "u2", 1.0, 0),
    ("place", "i2", 1.0, -1),
    ("identity", "u1", 1.0, None),
    ("object_class", "u1", 1.0, 255),
    ("status", "u1", 1.0, None),
    ("existence", "u1", 1.0 / 255.0, None),
    ("age", "u1", 1.0, None),
)


@cache
def columns() -> tuple[WireColumn, ...]:
    """Return the columns in the order in which they are sent."""
    return tuple(WireColumn(*entry, *_told(entry[0])) for entry in _LAYOUT)


@cache
def row_bytes() -> int:
    """Return the bytes that one track takes."""
    return sum(column.stored.itemsize for column in columns())


def describe() -> list[dict[str, Any]]:
    """Return the columns as the hello message names them."""
    return [{name: getattr(one, name) for name in WireColumn.__slots__} for one in columns()]


def encode(time_s: float, values: Mapping[str, NDArray[Any]]) -> bytes:
    """Return a block.

    Parameters
    ----------
    time_s : float
        UTC seconds of the picture.
    values : mapping of str to array
        Shape (n,) each, in the units of ``columns``; NaN where nothing is known.
    """
    raw = [_packed(column, np.asarray(values[column.name])) for column in columns()]
    return b"".join([_HEAD.pack(MAGIC, len(raw[0]), time_s), *(part.tobytes() for part in raw)])


def decode(block: bytes) -> tuple[float, Raw]:
    """Return UTC seconds and the numbers of a block as they were sent, by column.

    Raises
    ------
    ValueError
        If these bytes are no block.
    """
    if len(block) < _HEAD.size:
        raise ValueError("a block of tracks has at least its head")
    magic, n, time_s = _HEAD.unpack_from(block)
    if magic != MAGIC or len(block) != _HEAD.size + n * row_bytes():
        raise ValueError("these bytes are no block of tracks")
    raw: Raw = {}
    offset = _HEAD.size
    for column in columns():
        raw[column.name] = np.frombuffer(block, column.stored, n, offset)
        offset += n * column.stored.itemsize
    return time_s, raw


def rows(block: bytes) -> list[dict[str, Any]]:
    """Return the tracks of a block as dictionaries with real units; None where nothing is known."""
    _, raw = decode(block)
    named = {column.name: _plain(column, raw[column.name]) for column in columns()}
    return [dict(zip(named, entry, strict=True)) for entry in zip(*named.values(), strict=True)]


def _plain(column: WireColumn, raw: NDArray[Any]) -> list[Any]:
    if column.dtype == "f4":  # as many digits as the number carries, not as its double would show
        return [float(str(value)) for value in raw]
    whole = column.scale == 1.0
    values = raw.tolist() if whole else np.round(raw * column.scale, 3).tolist()
    lacks = (raw == column.missing).tolist() if column.missing is not None else [False] * len(raw)
    return [None if lack else value for value, lack in zip(values, lacks, strict=True)]


def _packed(column: WireColumn, values: NDArray[Any]) -> NDArray[Any]:
    stored = column.stored
    if stored.kind == "f":
        return values.astype(stored)
    limits = np.iinfo(stored)
    low, high = int(limits.min), int(limits.max)
    scaled = values if column.scale == 1.0 else values * (1.0 / column.scale)
    if scaled.dtype.kind != "f":
        return np.clip(scaled, low, high).astype(stored)
    if column.missing == low:  # kept for what is not known
        low += 1
    elif column.missing == high:
        high -= 1
    known = np.isfinite(scaled)
    lacking = 0 if column.missing is None else column.missing
    whole = np.clip(np.rint(np.where(known, scaled, 0.0)), low, high)
    return np.where(known, whole, lacking).astype(stored)


def _told(name: str) -> tuple[str, str]:
    if name in _OWN:
        return _OWN[name]
    table, column = _FROM_TABLES[name]
    found = next(one for one in table.schema() if one.name == column)
    return found.unit, found.meaning
