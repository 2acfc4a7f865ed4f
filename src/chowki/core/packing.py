"""Tables as bytes and back: column after column, those of eight bytes first, so all stay aligned.

Head of a table: rows (u32), fingerprint of its schema (u32), which columns are repeated (u64).
A column of stride 0 ("nothing known", or one value for all rows) is written as one entry.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np

from chowki.core.errors import JournalError
from chowki.core.table import Column, Table, column_getter, missing_entry, nothings

_HEAD = struct.Struct("<IIQ")
_ALIGN = 8
T = TypeVar("T", bound=Table)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the columns of a table stand in bytes."""

    columns: tuple[
        tuple[int, int, bytes, Column], ...
    ]  # place in schema, bytes of an entry, missing
    fingerprint: int

    @classmethod
    def of(cls, kind: type[Table]) -> _Layout:
        """Return the layout of a kind of table: larger items first, else by the schema."""
        schema = kind.schema()
        told = repr([(c.name, c.dtype.str, c.shape) for c in schema]).encode()
        order = sorted(range(len(schema)), key=lambda i: -schema[i].dtype.itemsize)
        entries = {i: missing_entry(schema[i])[0] for i in order}
        columns = tuple((i, len(entries[i]), entries[i], schema[i]) for i in order)
        return cls(columns, zlib.crc32(told))


@cache
def _layout(kind: type[Table]) -> _Layout:
    return _Layout.of(kind)


@cache
def _empty(kind: type[Table]) -> bytes:
    return _HEAD.pack(0, _layout(kind).fingerprint, 0)


def pack(table: Table, parts: list[bytes]) -> None:
    """Append a table as bytes; the sum of what is appended is a multiple of 8 bytes.

    Parameters
    ----------
    table : Table
        Any table; columns of another byte order or type are converted to those of the schema.
    parts : list of bytes
        Taken up in place.
    """
    kind = type(table)
    rows = len(table)
    if rows == 0:
        parts.append(_empty(kind))
        return
    values = column_getter(kind)(table)
    layout = _layout(kind)
    head = len(parts)
    parts.append(b"")
    repeated = 0
    short = 0
    for place, entry, _, column in layout.columns:
        value = values[place]
        if value.dtype is not column.dtype and value.dtype != column.dtype:
            value = value.astype(column.dtype)
        if rows > 1 and value.strides[0] == 0:
            repeated |= 1 << place
            parts.append(value[:1].tobytes())
            short += entry
        else:
            parts.append(value.tobytes())
            short += entry * rows
    parts[head] = _HEAD.pack(rows, layout.fingerprint, repeated)
    if short % _ALIGN:
        parts.append(bytes(_ALIGN - short % _ALIGN))


def digest(head: bytes, *tables: Table) -> bytes:
    """Return the SHA-256 of a head and the rows of tables: values only, however they are stored."""
    parts = [head]
    for table in tables:
        kind, rows = type(table), len(table)
        if rows == 0:
            parts.append(_empty(kind))
            continue
        parts.append(_HEAD.pack(rows, _layout(kind).fingerprint, 0))
        parts += [column.tobytes() for column in column_getter(kind)(table)]
    return hashlib.sha256(b"".join(parts)).digest()


class Unpacker:
    """Reads one payload from front to back.

    Parameters
    ----------
    payload : bytes
        The whole record. Columns read from it are writable copies, aligned; repeated ones are
        read-only and of stride 0, as they were written.
    start : int
        Where reading starts; a multiple of 8.
    """

    __slots__ = ("_buffer", "_payload", "offset")

    def __init__(self, payload: bytes, start: int = 0) -> None:
        self._payload = payload
        self._buffer = bytearray(payload)
        self.offset = start

    def take(self, count: int) -> bytes:
        """Return some bytes, and step over the padding after them.

        Raises
        ------
        JournalError
            If the payload ends before.
        """
        end = self.offset + count
        if end > len(self._payload):
            raise JournalError(f"record ends at byte {len(self._payload)}, expected {end}")
        taken = self._payload[self.offset : end]
        self.offset = end + -end % _ALIGN
        return taken

    def table(self, kind: type[T]) -> T:
        """Return the next table.

        Raises
        ------
        JournalError
            If the bytes are of another schema, or too few.
        """
        rows, fingerprint, repeated = _HEAD.unpack(self.take(_HEAD.size))
        layout = _layout(kind)
        if fingerprint != layout.fingerprint:
            raise JournalError(f"{kind.__name__} was written with other columns by another version")
        return self._columns(kind, layout, rows, repeated) if rows else kind.empty()

    def _columns(self, kind: type[T], layout: _Layout, rows: int, repeated: int) -> T:
        values = dict(nothings(kind, rows))
        at = self.offset
        self._expect(layout, rows, repeated)
        for place, entry, missing, column in layout.columns:
            shape = (rows, *column.shape)
            if not repeated >> place & 1:
                values[column.name] = np.ndarray(shape, column.dtype, self._buffer, at)
                at += entry * rows
                continue
            strides = values[column.name].strides
            if self._payload[at : at + entry] != missing:
                values[column.name] = np.ndarray(shape, column.dtype, self._payload, at, strides)
            at += entry
        return kind(**values)

    def _expect(self, layout: _Layout, rows: int, repeated: int) -> None:
        """Step over the columns, refusing a payload too short for them."""
        self.take(sum(e * (1 if repeated >> p & 1 else rows) for p, e, _, _ in layout.columns))

    def finish(self) -> None:
        """Refuse bytes left over.

        Raises
        ------
        JournalError
            If not everything was read.
        """
        if self.offset != len(self._payload):
            raise JournalError(f"{len(self._payload) - self.offset} bytes too many in a record")
