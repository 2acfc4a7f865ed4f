"""Tables: what was not said takes no memory, and a wrong column is refused."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.records import Detections, Tracks, Truth


def test_unsaid_columns_are_missing_read_only_and_take_no_memory() -> None:
    table = Detections.of(time_s=[1.0, 2.0], address=[5, 6])
    assert len(table) == 2
    assert np.isnan(table.range_m).all()
    assert table.squawk.tolist() == [-1, -1]
    assert table.callsign.tolist() == [b"", b""]
    assert table.range_m.strides == (0,)
    with pytest.raises(ValueError, match="read-only"):
        table.range_m[0] = 1.0


def test_said_columns_take_the_type_of_the_schema() -> None:
    table = Tracks.of(track=[1.0, 2.0], status=[1, 1], callsign=["AB", "C"])
    assert table.track.dtype == np.int64
    assert table.status.dtype == np.int8
    assert table.callsign.tolist() == [b"AB", b"C"]
    assert table.class_probability.shape == (2, 7)


def test_wrong_columns_are_refused() -> None:
    with pytest.raises(TypeError, match="Truth has no column colour, size"):
        Truth.of(target=[1], size=[2.0], colour=[3.0])
    with pytest.raises(ValueError, match="unequal length"):
        Truth.of(target=[1], east_m=[1.0, 2.0])


def test_rows_can_be_taken_and_put_together_again() -> None:
    table = Truth.of(target=np.arange(5), east_m=np.arange(5.0))
    odd, even = table.take(np.arange(5) % 2 == 1), table.take(slice(0, 5, 2))
    assert table.take([4, 4]).target.tolist() == [4, 4]
    with pytest.raises(IndexError, match="mask of 2 rows for a table of 5"):
        table.take(np.array([True, False]))
    both = Truth.concat([odd, even])
    assert both.target.tolist() == [1, 3, 0, 2, 4]
    assert both.columns().keys() == {column.name for column in Truth.schema()}
    assert len(Truth.concat([])) == 0


def test_tables_made_one_after_another_share_nothing_that_can_change() -> None:
    first = Truth.of(target=[1, 2])
    second = Truth.of(target=[3, 4], up_m=[1.0, 2.0])
    assert np.isnan(first.up_m).all()
    second.up_m[0] = 9.0
    assert np.isnan(Truth.of(target=[5, 6]).up_m).all()
