"""The block of tracks: what comes out is what went in, to the step of each column."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chowki.outputs.web import wire

REAL = {
    "track": (0, 2**32 - 1),
    "lat": (-90.0, 90.0),
    "lon": (-180.0, 180.0),
    "height_m": (-500.0, 30_000.0),
    "agl_m": (-500.0, 30_000.0),
    "speed": (0.0, 3_000.0),
    "course": (0.0, 359.99),
    "climb": (-300.0, 300.0),
    "rank": (0, 60_000),
    "place": (-1, 30_000),
    "identity": (0, 6),
    "object_class": (0, 6),
    "status": (0, 3),
    "existence": (0.0, 1.0),
    "age": (0.0, 200.0),
}


def _column(name: str, n: int):
    low, high = REAL[name]
    if isinstance(low, int):
        return hnp.arrays(np.int64, n, elements=st.integers(low, high))
    return hnp.arrays(np.float64, n, elements=st.floats(low, high))


tables = st.integers(0, 30).flatmap(
    lambda n: st.fixed_dictionaries({name: _column(name, n) for name in REAL})
)


@given(tables, st.floats(0.0, 4e9))
def test_what_is_decoded_is_what_was_encoded_to_half_a_step(values, time_s):
    block = wire.encode(time_s, values)
    told_s, raw = wire.decode(block)
    assert told_s == time_s
    for column in wire.columns():
        given_values, got = values[column.name].astype(float), raw[column.name] * column.scale
        step = 1e-5 if column.dtype == "f4" else 0.5 * column.scale + 1e-9
        assert np.abs(got - given_values).max(initial=0.0) <= step, column.name


def test_a_track_takes_no_more_than_32_bytes():
    n = 5_000
    block = wire.encode(0.0, {name: np.zeros(n) for name in REAL})
    assert len(block) / n <= 32.0


def test_the_head_is_what_the_page_reads():
    """Magic, number, time: read here as a browser's DataView does."""
    block = wire.encode(1.5, {name: np.arange(2) for name in REAL})
    assert block[:4] == b"CHK1"
    assert struct.unpack_from("<I", block, 4) == (2,)
    assert struct.unpack_from("<d", block, 8) == (1.5,)
    assert struct.unpack_from("<2I", block, 16) == (0, 1)


def test_every_column_starts_where_a_typed_array_may():
    offset = 16
    for column in wire.columns():
        assert offset % column.stored.itemsize == 0, column.name
        offset += 8 * column.stored.itemsize  # eight tracks: any multiple of the widest column


def test_nothing_known_is_told_apart_from_zero():
    values = {name: np.zeros(2) for name in REAL} | {
        "height_m": np.array([np.nan, 0.0]),
        "rank": np.array([0, 1]),
        "place": np.array([-1, 0]),
        "speed": np.array([np.nan, 0.0]),
    }
    rows = wire.rows(wire.encode(0.0, values))
    lacking, known = rows
    assert [lacking[name] for name in ("height_m", "rank", "place", "speed")] == [None] * 4
    assert [known[name] for name in ("height_m", "rank", "place", "speed")] == [0, 1, 0, 0.0]


def test_what_does_not_fit_is_held_at_the_end_and_never_wraps():
    values = {name: np.zeros(2) for name in REAL} | {
        "age": np.array([1e9, 254.6]),
        "height_m": np.array([1e6, -1e6]),
        "climb": np.array([np.inf, 9e9]),
    }
    _, raw = wire.decode(wire.encode(0.0, values))
    assert raw["age"].tolist() == [255, 255]
    assert raw["height_m"].tolist() == [32767, -32767]
    assert raw["climb"].tolist() == [-32768, 32767]


@pytest.mark.parametrize("wrong", [b"", b"CHK1", b"XXXX" + bytes(12), b"CHK1" + bytes(13)])
def test_bytes_that_are_no_block_are_refused(wrong):
    with pytest.raises(ValueError, match="block"):
        wire.decode(wrong)


def test_the_description_names_units_and_meanings_of_the_tables():
    from chowki.core.records import Tracks

    told = {one["name"]: one for one in wire.describe()}
    schema = {column.name: column for column in Tracks.schema()}
    assert told["height_m"]["meaning"] == schema["height_m"].meaning
    assert told["existence"]["meaning"] == schema["existence"].meaning
    assert all(one["meaning"] for one in told.values())
