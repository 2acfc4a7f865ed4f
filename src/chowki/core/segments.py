"""The bytes of a journal: segments of records, each with length, CRC-32 and its link of a chain.

Segment: ``magic 8 | crc32 | index u32 | first record u64 | chain 32``, then records of
``magic 4 | length u32 | crc32 | channel u32 | record u64 | chain 32 | payload``; little-endian.
A checksum covers all that follows it and the length; the chain links channel, number and payload
of every record to those before it and knows nothing of segments or commits.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from chowki.core.errors import JournalError

SUFFIX = ".chowki"
GENESIS = hashlib.sha256(b"chowki journal 1").digest()
_RECORD_MAGIC = b"CHKr"
_SEGMENT_MAGIC = b"CHOWKIJ1"
_RECORD = struct.Struct("<4sIIIQ32s")
_CHECKED = struct.Struct("<IIQ32s")
_LINKED = struct.Struct("<IQ")
_SEGMENT = struct.Struct("<8sIIQ32s")
_SEGMENT_CHECKED = struct.Struct("<IQ32s")
SEGMENT_HEAD_BYTES = _SEGMENT.size
RECORD_HEAD_BYTES = _RECORD.size


class Channel(IntEnum):
    """What a record is part of. Truth stands apart: only score and report may read it."""

    EVENT = 1
    FRAME = 2
    TRUTH = 3
    NOTE = 4
    CLOSING = 5


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a journal.

    Attributes
    ----------
    number : int
        Running number from 0.
    channel : int
        A ``Channel``.
    payload : bytes
        What was appended.
    chain : bytes
        SHA-256 over this record and all before it.
    offset, end : int
        Where it stands in its segment, bytes.
    """

    number: int
    channel: int
    payload: bytes
    chain: bytes
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing wrong with a journal, and where.

    Attributes
    ----------
    segment : str
        File name of the segment.
    offset : int
        Byte in it at which the damaged record (or the head of the segment, 0) starts.
    record : int
        Number of the first record concerned.
    what : str
        What is wrong, in words.
    torn : bool
        True when it is only an unfinished end: no whole record follows.
    """

    segment: str
    offset: int
    record: int
    what: str
    torn: bool = False

    def __str__(self) -> str:
        """Return the damage on one line."""
        return f"{self.segment}: byte {self.offset}, record {self.record}: {self.what}"


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a chain stands: the number of the next record, and the chain before it."""

    record: int = 0
    chain: bytes = GENESIS


def link(chain: bytes, channel: int, number: int, payload: bytes) -> bytes:
    """Return the chain after a record: SHA-256 of the one before, channel, number and payload."""
    return hashlib.sha256(chain + _LINKED.pack(channel, number) + payload).digest()


def record_bytes(tail: Tail, channel: int, payload: bytes) -> tuple[bytes, Tail]:
    """Return the head of a record (its payload follows), and where the chain stands after it."""
    number = tail.record
    chain = link(tail.chain, channel, number, payload)
    length = len(payload)
    crc = zlib.crc32(payload, zlib.crc32(_CHECKED.pack(length, channel, number, chain)))
    head = _RECORD.pack(_RECORD_MAGIC, length, crc, channel, number, chain)
    return head, Tail(number + 1, chain)


def segment_head(index: int, tail: Tail) -> bytes:
    """Return the head of a segment that starts where the chain stands."""
    crc = zlib.crc32(_SEGMENT_CHECKED.pack(index, tail.record, tail.chain))
    return _SEGMENT.pack(_SEGMENT_MAGIC, crc, index, tail.record, tail.chain)


def segment_name(index: int) -> str:
    """Return the file name of a segment.

    Examples
    --------
    >>> segment_name(3)
    '000003.chowki'
    """
    return f"{index:06d}{SUFFIX}"


def segment_paths(folder: Path) -> list[Path]:
    """Return the segments of a journal in order.

    Raises
    ------
    JournalError
        If there are none.
    """
    paths = sorted(folder.glob(f"*{SUFFIX}"))
    if not paths:
        raise JournalError(f"{folder}: no journal here (no *{SUFFIX} file)")
    return paths


def read_segment(path: Path) -> bytes:
    """Return the bytes of a segment.

    Raises
    ------
    JournalError
        If it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error


def walk(data: bytes, name: str, index: int, tail: Tail) -> Iterator[Record | Damage]:
    """Yield every record of a segment, and every damage between them.

    Parameters
    ----------
    data : bytes
        The whole segment.
    name : str
        Its file name.
    index : int
        Its place among the segments.
    tail : Tail
        Where the chain stood at the end of the segment before.
    """
    wrong = _head_wrong(data, index, tail)
    if wrong:
        yield Damage(name, 0, tail.record, wrong, torn=len(data) < SEGMENT_HEAD_BYTES)
    offset = SEGMENT_HEAD_BYTES
    trusted = not wrong
    while offset < len(data):
        record = _record_at(data, offset)
        if isinstance(record, str):
            following = _next_whole(data, offset + 1)
            torn = following < 0
            yield Damage(name, offset, tail.record, record, torn)
            if torn:
                return
            offset = following
            trusted = False
            continue
        wrong = _link_wrong(record, tail, trusted)
        if wrong:
            yield Damage(name, offset, min(tail.record, record.number), wrong)
        yield record
        tail = Tail(record.number + 1, record.chain)
        offset = record.end
        trusted = True


def _head_wrong(data: bytes, index: int, tail: Tail) -> str:
    """Return what is wrong with the head of a segment, or nothing."""
    if len(data) < SEGMENT_HEAD_BYTES:
        return f"segment ends within its head, after {len(data)} bytes"
    magic, crc, told_index, first, chain = _SEGMENT.unpack_from(data)
    if magic != _SEGMENT_MAGIC:
        return "not a segment of a chowki journal, or its first bytes were changed"
    if crc != zlib.crc32(_SEGMENT_CHECKED.pack(told_index, first, chain)):
        return "head of the segment does not match its checksum"
    if told_index != index:
        return f"this is segment {told_index}, expected {index}: one is missing or out of order"
    if (first, chain) != (tail.record, tail.chain):
        return f"segment starts at record {first} of another chain, expected {tail.record}"
    return ""


def _record_at(data: bytes, offset: int) -> Record | str:
    """Return the record at an offset, or why there is none."""
    start = offset + RECORD_HEAD_BYTES
    if start > len(data):
        return f"record ends within its head, {start - len(data)} bytes are missing"
    magic, length, crc, channel, number, chain = _RECORD.unpack_from(data, offset)
    if magic != _RECORD_MAGIC:
        return "no record starts here"
    end = start + length
    if end > len(data):
        return f"record ends after the segment, {end - len(data)} bytes are missing"
    payload = data[start:end]
    if crc != zlib.crc32(payload, zlib.crc32(_CHECKED.pack(length, channel, number, chain))):
        return "record does not match its checksum"
    return Record(number, channel, payload, chain, offset, end)


def _next_whole(data: bytes, offset: int) -> int:
    """Return where the next whole record starts, -1 if there is none."""
    while (offset := data.find(_RECORD_MAGIC, offset)) >= 0:
        if isinstance(_record_at(data, offset), Record):
            return offset
        offset += 1
    return -1


def _link_wrong(record: Record, tail: Tail, trusted: bool) -> str:
    """Return what is wrong with the place of a whole record in the chain, or nothing.

    After damage the chain before the record is not known, and only its number can be judged.
    """
    if record.number < tail.record:
        return f"record {record.number} stands here again"
    if not trusted:
        return ""
    if record.number > tail.record:
        return f"records {tail.record} to {record.number - 1} are missing"
    if record.chain != link(tail.chain, record.channel, record.number, record.payload):
        return "record does not fit the chain: it or one before it was replaced"
    return ""
