"""Every message comes back as it was: values, bits, shapes and what was left unsaid."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chowki.core.codec import (
    FORMAT,
    Conclusion,
    Decoder,
    Encoder,
    decode,
    encode,
    frame_digest,
)
from chowki.core.errors import JournalError
from chowki.core.messages import Act, Frame, Scan, Status, Tick
from chowki.core.places import (
    FlightPlan,
    Ground,
    Measures,
    Place,
    Sensor,
    Site,
    Station,
    Theatre,
    Volume,
)
from chowki.core.records import (
    Detections,
    EffectorKind,
    Engagements,
    Orders,
    Outcomes,
    Tasks,
    Threats,
    Tracks,
    Truth,
    Warnings,
)
from chowki.core.table import Column, Table

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
anything = st.floats(width=64)  # NaN and infinities too
words = st.text(st.characters(exclude_categories=[]), max_size=30)


ODD = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308])


def _column(column: Column, rows: int, draw: np.random.Generator) -> Any:
    """Return a column of arbitrary bytes: whole, or one entry repeated."""
    repeated = draw.random() < 0.3
    shape = (1 if repeated else rows, *column.shape)
    entries = int(np.prod(shape))
    values = np.frombuffer(draw.bytes(entries * column.dtype.itemsize), column.dtype).copy()
    if column.dtype.kind == "f":
        odd = draw.random(entries) < 0.3
        values[odd] = draw.choice(ODD, entries)[odd]
    values = values.reshape(shape)
    return np.broadcast_to(values, (rows, *column.shape)) if repeated else values


@st.composite
def tables(draw: st.DrawFn, kind: type[Table]) -> Any:
    rows, seed = draw(st.integers(0, 4)), draw(st.integers(0, 2**32))
    chance = np.random.default_rng(seed)
    known = {c.name: _column(c, rows, chance) for c in kind.schema() if chance.random() < 0.6}
    first = kind.schema()[0]
    return kind.of(**(known or {first.name: _column(first, rows, chance)}))


volumes = st.builds(Volume, *[anything] * 6)
plain = st.one_of(finite, st.sampled_from([np.nan, np.inf, -np.inf]))  # JSON knows one NaN
points = hnp.arrays(np.float64, (3,), elements=plain)
sensors = st.builds(
    Sensor,
    number=st.integers(0, 5),
    name=words,
    kind=words,
    position_m=points,
    axes=hnp.arrays(np.float64, (3, 3), elements=plain),
    measures=st.integers(0, 127).map(Measures),
    volume=volumes,
    period_s=anything,
    detection_probability=anything,
    clutter_per_look=anything,
    sigma_range_m=anything,
    horizon_azimuth_rad=hnp.arrays(np.float64, st.integers(0, 4), elements=plain),
    cued=st.booleans(),
)
scans = st.builds(
    Scan, anything, sensors, st.integers(-(2**63), 2**63 - 1), anything, anything, volumes,
    tables(Detections),
)  # fmt: skip
statuses = st.builds(
    Status, anything, words, words, words, words, st.integers(-1, 99), st.integers(-1, 99),
    tables(Outcomes),
)  # fmt: skip
acts = st.builds(Act, anything, words, words, words, words)
ticks = st.builds(Tick, anything)
frames = st.builds(
    Frame, anything, st.booleans(), tables(Tracks), tables(Threats), tables(Warnings),
    tables(Engagements), tables(Orders), tables(Tasks),
)  # fmt: skip
conclusions = st.builds(Conclusion, st.binary(min_size=32, max_size=32), st.booleans(), frames)


def same(a: Any, b: Any) -> bool:
    """Whether two messages are the same to the last bit, NaN included."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if is_dataclass(a):
        return type(a) is type(b) and all(
            same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)
        )
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and np.isnan(a):
        return bool(np.isnan(b))
    return type(a) is type(b) and a == b and str(a) == str(b)


@given(st.one_of(scans, statuses, acts, ticks, frames, conclusions, tables(Truth)))
def test_every_message_comes_back(message: Any) -> None:
    payload = encode(message)
    back = decode(payload)
    assert same(message, back)
    assert encode(back) == payload


@given(scans)
def test_columns_come_back_writable_aligned_and_repeated_ones_repeated(scan: Scan) -> None:
    back = decode(encode(scan)).detections
    for name, column in scan.detections.columns().items():
        mine = getattr(back, name)
        assert mine.flags.aligned
        if len(column) > 1 and column.strides[0] == 0:
            assert mine.strides[0] == 0
            assert not mine.flags.writeable
        elif len(column) > 1:
            assert mine.flags.c_contiguous
            assert mine.flags.writeable


def test_nothing_known_costs_one_entry_each() -> None:
    rows = 1000
    told = Detections.of(time_s=np.arange(rows, dtype=float))
    scan = Scan(0.0, _sensor(1), 0, 0.0, 1.0, Volume(0.0, 1.0), told)
    unsaid = len(Detections.schema()) - 1
    assert len(Encoder([scan.sensor]).encode(scan)) <= 8 * rows + 8 * unsaid + 112


def test_nan_keeps_its_payload_bits() -> None:
    odd = np.array([0x7FF8_0000_0000_0001, 0xFFF0_0000_0000_0001], np.uint64).view(np.float64)
    truth = decode(encode(Truth.of(target=[1, 2], east_m=odd)))
    assert truth.east_m.tobytes() == odd.tobytes()


def test_strided_and_foreign_columns_are_written_as_the_schema_says() -> None:
    spread = np.arange(12, dtype=np.float64).reshape(4, 3)
    table = Truth.of(target=np.arange(4), east_m=spread[:, 1])
    back = decode(encode(table))
    assert np.array_equal(back.east_m, [1.0, 4.0, 7.0, 10.0])
    columns = table.columns() | {"target": np.arange(4, dtype=np.int32)}
    assert np.array_equal(decode(encode(Truth(**columns))).target, np.arange(4))


def _sensor(number: int, name: str = "here") -> Sensor:
    return Sensor(
        number, name, "radar", np.array([0.1, -0.0, np.nan]), np.eye(3), Measures.RANGE,
        Volume(0.0, 1e5), 4.0, 0.9, 1.0,
    )  # fmt: skip


def test_sensors_are_described_once_then_by_number() -> None:
    known, stranger = _sensor(1), _sensor(2)
    encoder, decoder = Encoder([known]), Decoder([known])

    def scan(sensor: Sensor) -> Scan:
        return Scan(0.0, sensor, 0, 0.0, 1.0, Volume(0.0, 1.0), Detections.empty())

    lengths = []
    for sensor in (known, stranger, stranger, _sensor(2), _sensor(2, "elsewhere"), known):
        payload = encoder.encode(scan(sensor))
        lengths.append(len(payload))
        assert same(decoder.decode(payload).sensor, sensor)
    short = lengths[0]
    assert [length > short for length in lengths] == [False, True, False, False, True, False]
    assert decoder.decode(encoder.encode(scan(known))).sensor is known


def test_a_scan_of_a_sensor_never_described_is_refused() -> None:
    scan = Scan(0.0, _sensor(7), 0, 0.0, 1.0, Volume(0.0, 1.0), Detections.empty())
    with pytest.raises(JournalError, match="sensor 7"):
        decode(Encoder([scan.sensor]).encode(scan))


def test_a_theatre_comes_back_exactly() -> None:
    station = Station("front", 0.1 + 0.2, -74.0, 1e-300, 1_746_800_000.25, np.inf)
    place = Place(
        0, "Köln “x”", "n", "civil", 1.0, 2.0, np.array([1.0, 2.0, 3.0]), 5.0, 0, 0.5, True
    )
    site = Site(
        0, "gun", EffectorKind.GUN, np.zeros(3), 0.0, 1.0, 2.0, np.inf, np.full(7, 0.3), 1.0, 2.0,
        3.0, 4, 5, 6.0, 7.0,
    )  # fmt: skip
    plan = FlightPlan("ABC1", -1, np.ones((2, 3)) / 3.0, np.array([1.0, 2.0]), 9.0)
    ground = Ground(3.0, np.arange(2.0), np.arange(3.0), np.ones((2, 3)), 1.25)
    theatre = Theatre(
        station, (place,), np.array([0.1]), np.array([0.2]), (_sensor(3),), (site,), (plan,),
        (1, 2**40), ground, simulated=True,
    )  # fmt: skip
    assert same(decode(encode(theatre)), theatre)
    assert decode(encode(Theatre(station))).ground.height_m.shape == (0, 0)


@given(st.one_of(scans, statuses, acts, frames, conclusions), st.data())
def test_bytes_cut_short_are_refused(message: Any, data: st.DataObject) -> None:
    payload = encode(message)
    cut = data.draw(st.integers(0, len(payload) - 1))
    with pytest.raises(JournalError):
        decode(payload[:cut])
    with pytest.raises(JournalError):
        decode(payload + bytes(8))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_journal_error(noise: bytes) -> None:
    for payload in (noise, bytes([noise[0] % 10 if noise else 0, 1]) + noise):
        try:
            decode(payload)
        except JournalError:
            continue


def test_unknown_kind_version_and_schema_are_named() -> None:
    payload = encode(Tick(1.0))
    with pytest.raises(JournalError, match="kind 99"):
        decode(bytes([99]) + payload[1:])
    with pytest.raises(JournalError, match=f"format {FORMAT + 1}"):
        decode(payload[:1] + bytes([FORMAT + 1]) + payload[2:])
    truth = bytearray(encode(Truth.of(target=[1])))
    truth[12] ^= 1
    with pytest.raises(JournalError, match="other columns"):
        decode(bytes(truth))
    with pytest.raises(TypeError):
        encode(object())  # pyright: ignore


@given(frames)
def test_the_digest_is_of_values_however_they_are_stored(frame: Frame) -> None:
    tracks = Tracks(**{n: np.array(c) for n, c in frame.tracks.columns().items()})
    whole = Frame(
        frame.time_s, frame.complete, tracks, frame.threats, frame.warnings,
        frame.engagements, frame.orders, frame.tasks,
    )  # fmt: skip
    assert frame_digest(frame) == frame_digest(whole)


def test_the_digest_sees_every_column_row_time_and_completeness() -> None:
    tracks = Tracks.of(track=[1, 2])
    seen = {frame_digest(Frame(0.0, True, tracks)), frame_digest(Frame(1.0, True, tracks))}
    seen |= {frame_digest(Frame(0.0, False, tracks)), frame_digest(Frame(0.0, True))}
    for column in Tracks.schema():
        changed = {n: np.array(c) for n, c in tracks.columns().items()}
        changed[column.name][1] = 7
        seen.add(frame_digest(Frame(0.0, True, Tracks(**changed))))
    assert len(seen) == 4 + len(Tracks.schema())
