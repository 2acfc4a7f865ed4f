"""Messages as bytes and back: deterministic, aligned, and nothing in them but the message.

Each record starts with its kind, the version of the format, and flags. Sensors are described
once in a stream and then named by number.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from chowki.core.document import canonical, document, restore
from chowki.core.errors import JournalError
from chowki.core.messages import Act, Frame, Scan, Status, Tick
from chowki.core.packing import Unpacker, digest, pack
from chowki.core.places import Sensor, Theatre, Volume
from chowki.core.records import (
    Detections,
    Engagements,
    Orders,
    Outcomes,
    SensorStates,
    Tasks,
    Threats,
    Tracks,
    Truth,
    Warnings,
)

FORMAT = 4
_DESCRIBED = 1
_COMPLETE = 1
_PICTURE = 2
_HEAD = struct.Struct("<BBHi")
_SCAN = struct.Struct("<BBHiq9d")
_STATUS = struct.Struct("<BBHidqq")
_TIME = struct.Struct("<BBHid")
_LENGTH = struct.Struct("<Q")
_TABLES = (Tracks, Threats, Warnings, Engagements, Orders, Tasks, SensorStates)


class Kind(IntEnum):
    """What a record holds: the first byte of its payload."""

    SCAN = 1
    STATUS = 2
    ACT = 3
    TICK = 4
    FRAME = 5
    CONCLUSION = 6
    TRUTH = 7
    THEATRE = 8
    NOTE = 9


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the journal keeps of a frame: a digest of the whole, and the rows worth keeping.

    Attributes
    ----------
    digest : bytes
        SHA-256 of the whole frame, by ``frame_digest``.
    picture : bool
        True when the tracks and the worst threats of a complete frame are kept.
    frame : Frame
        The frame with the rows that are kept.
    """

    digest: bytes
    picture: bool
    frame: Frame


Message = Scan | Status | Act | Tick | Frame | Conclusion | Truth | Theatre | dict[str, Any]


def frame_digest(frame: Frame) -> bytes:
    """Return the SHA-256 of a frame and all its rows; of values, however columns are stored."""
    return digest(_frame_head(frame), *_tables(frame))


class Encoder:
    """Turns messages into bytes.

    Parameters
    ----------
    sensors : iterable of Sensor
        Those that the reader knows already from the theatre; others are described once.
    """

    def __init__(self, sensors: Iterable[Sensor] = ()) -> None:
        self._known = {sensor.number: sensor for sensor in sensors}
        self._by_type: dict[type, Callable[[Any], bytes]] = {
            Scan: self._scan,
            Status: _status,
            Act: _act,
            Tick: _tick,
            Frame: _frame,
            Conclusion: _conclusion,
            Truth: _truth,
            Theatre: _theatre,
            dict: _note,
        }

    def encode(self, message: Message) -> bytes:
        """Return a message as bytes.

        Raises
        ------
        TypeError
            If it is no message.
        """
        by_type = self._by_type.get(type(message))
        if by_type is None:
            raise TypeError(f"{type(message).__name__} is no message of the journal")
        return by_type(message)

    def _scan(self, scan: Scan) -> bytes:
        sensor, volume = scan.sensor, scan.volume
        described = self._known.get(sensor.number) is not sensor and self._is_new(sensor)
        head = _SCAN.pack(
            Kind.SCAN,
            FORMAT,
            _DESCRIBED if described else 0,
            sensor.number,
            scan.look,
            scan.time_s,
            scan.start_s,
            scan.end_s,
            volume.range_min_m,
            volume.range_max_m,
            volume.azimuth_from_rad,
            volume.azimuth_span_rad,
            volume.elevation_min_rad,
            volume.elevation_max_rad,
        )
        parts = [head]
        if described:
            parts.append(_told(document(sensor)))
        pack(scan.detections, parts)
        return b"".join(parts)

    def _is_new(self, sensor: Sensor) -> bool:
        """Return whether the reader must be told of a sensor; from now on it knows."""
        known = self._known.get(sensor.number)
        self._known[sensor.number] = sensor
        return known is None or canonical(document(known)) != canonical(document(sensor))


class Decoder:
    """Turns the bytes of one stream back into messages, in their order.

    Parameters
    ----------
    sensors : iterable of Sensor
        Those that the writer took as known.
    """

    def __init__(self, sensors: Iterable[Sensor] = ()) -> None:
        self._known = {sensor.number: sensor for sensor in sensors}
        self._by_kind: dict[int, Callable[[bytes], Any]] = {
            Kind.SCAN: self._scan,
            Kind.STATUS: _read_status,
            Kind.ACT: _read_act,
            Kind.TICK: _read_tick,
            Kind.FRAME: _read_frame,
            Kind.CONCLUSION: _read_conclusion,
            Kind.TRUTH: _read_truth,
            Kind.THEATRE: _read_theatre,
            Kind.NOTE: _read_note,
        }

    def decode(self, payload: bytes) -> Any:
        """Return the message of a record.

        Raises
        ------
        JournalError
            If the kind or the version is unknown, or the bytes are no whole message.
        """
        if len(payload) < _HEAD.size or len(payload) % _HEAD.size:
            raise JournalError(f"a record of {len(payload)} bytes is no message")
        if payload[1] != FORMAT:
            raise JournalError(f"format {payload[1]} is unknown; this version reads {FORMAT}")
        by_kind = self._by_kind.get(payload[0])
        if by_kind is None:
            raise JournalError(f"kind {payload[0]} of record is unknown")
        try:
            return by_kind(payload)
        except (struct.error, ValueError, TypeError, KeyError, AttributeError) as error:
            raise JournalError(f"{Kind(payload[0]).name} cannot be read: {error}") from error

    def _scan(self, payload: bytes) -> Scan:
        bytes_ = Unpacker(payload)
        _, _, flags, number, look, time_s, start_s, end_s, *volume = _SCAN.unpack(
            bytes_.take(_SCAN.size)
        )
        if flags & _DESCRIBED:
            self._known[number] = restore(Sensor, _read_told(bytes_))
        if number not in self._known:
            raise JournalError(f"scan of sensor {number}, which was never described")
        detections = bytes_.table(Detections)
        bytes_.finish()
        sensor = self._known[number]
        return Scan(time_s, sensor, look, start_s, end_s, Volume(*volume), detections)


def encode(message: Message) -> bytes:
    """Return one message as bytes that can be read on their own."""
    return Encoder().encode(message)


def decode(payload: bytes) -> Any:
    """Return the message of bytes made by ``encode``.

    Raises
    ------
    JournalError
        If the kind or the version is unknown, or the bytes are no whole message.
    """
    return Decoder().decode(payload)


def _told(what: Any) -> bytes:
    """Return a document with its length, padded to eight bytes."""
    text = canonical(what).encode("ascii")
    return _LENGTH.pack(len(text)) + text + bytes(-len(text) % 8)


def _read_told(bytes_: Unpacker) -> Any:
    (length,) = _LENGTH.unpack(bytes_.take(_LENGTH.size))
    return json.loads(bytes_.take(length))


def _tables(frame: Frame) -> tuple[Any, ...]:
    return (
        frame.tracks,
        frame.threats,
        frame.warnings,
        frame.engagements,
        frame.orders,
        frame.tasks,
        frame.sensors,
    )


def _status(status: Status) -> bytes:
    head = _STATUS.pack(Kind.STATUS, FORMAT, 0, 0, status.time_s, status.site, status.rounds_left)
    parts = [head, _told([status.source, status.kind, status.state, status.note])]
    pack(status.outcomes, parts)
    return b"".join(parts)


def _read_status(payload: bytes) -> Status:
    bytes_ = Unpacker(payload)
    *_, time_s, site, rounds_left = _STATUS.unpack(bytes_.take(_STATUS.size))
    source, kind, state, note = _read_told(bytes_)
    outcomes = bytes_.table(Outcomes)
    bytes_.finish()
    return Status(time_s, source, kind, state, note, site, rounds_left, outcomes)


def _act(act: Act) -> bytes:
    head = _TIME.pack(Kind.ACT, FORMAT, 0, 0, act.time_s)
    return head + _told([act.person, act.verb, act.subject, act.value])


def _read_act(payload: bytes) -> Act:
    bytes_ = Unpacker(payload)
    *_, time_s = _TIME.unpack(bytes_.take(_TIME.size))
    person, verb, subject, value = _read_told(bytes_)
    bytes_.finish()
    return Act(time_s, person, verb, subject, value)


def _tick(tick: Tick) -> bytes:
    return _TIME.pack(Kind.TICK, FORMAT, 0, 0, tick.time_s)


def _read_tick(payload: bytes) -> Tick:
    *_, time_s = _TIME.unpack(payload)
    return Tick(time_s)


def _frame_head(frame: Frame) -> bytes:
    return _TIME.pack(Kind.FRAME, FORMAT, _COMPLETE if frame.complete else 0, 0, frame.time_s)


def _frame(frame: Frame) -> bytes:
    parts = [_frame_head(frame)]
    for table in _tables(frame):
        pack(table, parts)
    return b"".join(parts)


def _read_frame(payload: bytes) -> Frame:
    return _take_frame(Unpacker(payload))


def _take_frame(bytes_: Unpacker) -> Frame:
    _, _, flags, _, time_s = _TIME.unpack(bytes_.take(_TIME.size))
    tables = [bytes_.table(kind) for kind in _TABLES]
    bytes_.finish()
    return Frame(time_s, bool(flags & _COMPLETE), *tables)  # pyright: ignore[reportArgumentType]


def _conclusion(conclusion: Conclusion) -> bytes:
    flags = _PICTURE if conclusion.picture else 0
    head = _HEAD.pack(Kind.CONCLUSION, FORMAT, flags, 0)
    return head + conclusion.digest + _frame(conclusion.frame)


def _read_conclusion(payload: bytes) -> Conclusion:
    bytes_ = Unpacker(payload)
    _, _, flags, _ = _HEAD.unpack(bytes_.take(_HEAD.size))
    sha = bytes_.take(32)
    return Conclusion(sha, bool(flags & _PICTURE), _take_frame(bytes_))


def _truth(truth: Truth) -> bytes:
    parts = [_HEAD.pack(Kind.TRUTH, FORMAT, 0, 0)]
    pack(truth, parts)
    return b"".join(parts)


def _read_truth(payload: bytes) -> Truth:
    bytes_ = Unpacker(payload, _HEAD.size)
    truth = bytes_.table(Truth)
    bytes_.finish()
    return truth


def _theatre(theatre: Theatre) -> bytes:
    return _HEAD.pack(Kind.THEATRE, FORMAT, 0, 0) + _told(document(theatre))


def _read_theatre(payload: bytes) -> Theatre:
    return restore(Theatre, _read_note(payload))


def _note(note: dict[str, Any]) -> bytes:
    return _HEAD.pack(Kind.NOTE, FORMAT, 0, 0) + _told(note)


def _read_note(payload: bytes) -> Any:
    bytes_ = Unpacker(payload, _HEAD.size)
    told = _read_told(bytes_)
    bytes_.finish()
    return told
