"""Merging: time never runs backwards, each second has its tick, what is left out is told."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chowki.core.messages import Scan, Status, Tick
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Feed
from chowki.core.records import Detections, Tasks
from chowki.feeds.merge import merge
from chowki.testing import parts


class Told:
    """A feed that tells what it was given."""

    def __init__(self, events, kind="told", skipped=None):
        self.kind = kind
        self.skipped = Counter(skipped or {})
        self._events = events

    def events(self):
        return iter(self._events)

    def heed(self, tasks: Tasks) -> None:
        raise AssertionError("a recording is not steered")


@pytest.fixture
def scan_at(a_sensor):
    def make(time_s, look=1, number=0):
        sensor = replace(a_sensor("radar"), number=number)
        return Scan(time_s, sensor, look, time_s - 1.0, time_s, sensor.volume, Detections.empty())

    return make


def test_feeds_come_out_by_time_of_receipt_with_a_tick_after_each_second(scan_at):
    one = Told([scan_at(100.2), scan_at(101.0, 2), scan_at(103.5, 3)])
    two = Told([scan_at(100.1, number=1), scan_at(102.0, 2, number=1)])
    events = list(merge([one, two], 100.0, math.inf))
    assert [(type(e).__name__, e.time_s) for e in events] == [
        ("Tick", 100.0),
        ("Scan", 100.1),
        ("Scan", 100.2),
        ("Scan", 101.0),
        ("Tick", 101.0),
        ("Scan", 102.0),
        ("Tick", 102.0),
        ("Tick", 103.0),
        ("Scan", 103.5),
        ("Tick", 104.0),
    ]


def test_the_span_is_kept(scan_at):
    feed = Told([scan_at(50.0), scan_at(95.0, 2), scan_at(101.0, 3), scan_at(109.0, 4)])
    events = list(merge([feed], 100.0, 105.0))
    assert [e.time_s for e in events if isinstance(e, Scan)] == [100.0, 101.0]
    assert [e.time_s for e in events if isinstance(e, Tick)] == [100.0 + i for i in range(6)]
    (status,) = [e for e in events if isinstance(e, Status)]
    assert "1 skipped: event before the start" in status.note
    assert "1 noted: event late" in status.note


def test_faults_are_counted_and_never_fatal(scan_at):
    scans = [
        scan_at(100.0, 1),
        scan_at(math.nan, 2),
        scan_at(105.0, 3),
        scan_at(105.0, 3),
        scan_at(101.0, 4),
        scan_at(120.0, 5),
        scan_at(102.0, 6),
        scan_at(math.inf, 7),
        scan_at(121.0, 8),
    ]
    events = list(merge([Told(scans)], 100.0, math.inf))
    kept = [(e.look, e.time_s) for e in events if isinstance(e, Scan)]
    assert kept == [(1, 100.0), (3, 105.0), (4, 105.0), (5, 120.0), (8, 121.0)]
    note = next(e.note for e in events if isinstance(e, Status))
    for words in ("2 skipped: event without a time", "1 skipped: time ran backwards",
                  "1 skipped: look repeated", "1 noted: event late"):  # fmt: skip
        assert words in note


def test_what_a_feed_skipped_is_told_once_and_again_when_it_changes(scan_at):
    feed = Told([scan_at(100.0 + 30.0 * i, i + 1) for i in range(6)], skipped={"bad row": 3})
    told = [e for e in merge([feed], 100.0, math.inf) if isinstance(e, Status)]
    assert [(s.source, s.kind, s.state, s.note) for s in told] == [
        ("told", "feed", "degraded", "3 skipped: bad row")
    ]


def test_a_long_silence_costs_a_status_and_not_its_ticks(scan_at):
    events = list(merge([Told([scan_at(100.0), scan_at(4e9, 2)])], 100.0, math.inf))
    ticks = [e.time_s for e in events if isinstance(e, Tick)]
    assert len(ticks) < 1_000
    assert ticks == sorted(ticks)
    assert any(e.state == "silent" for e in events if isinstance(e, Status))
    assert events[-1].time_s >= 4e9


@given(
    st.lists(
        st.lists(st.one_of(st.floats(), st.floats(90.0, 300.0)), max_size=12),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_the_times_the_merged_ones_never_fall(times):
    volume = Volume(0.0, 1e5)
    feeds = []
    for number, feed_times in enumerate(times):
        sensor = Sensor(
            number, "s", "radar", np.zeros(3), np.eye(3), Measures.RANGE, volume, 4.0, 0.9, 1.0
        )
        feeds.append(
            Told(
                [
                    Scan(t, sensor, look, t, t, volume, Detections.empty())
                    for look, t in enumerate(feed_times)
                ]
            )
        )
    merged = [e.time_s for e in merge(feeds, 100.0, 400.0)]
    assert all(b >= a for a, b in pairwise(merged))
    assert all(100.0 <= t <= 400.0 for t in merged)


def test_every_kind_is_a_feed_that_can_not_be_ordered(tmp_path):
    assert {entry.name for entry in parts("feed")} >= {
        "opensky", "sbs", "aircraft-json", "asterix", "remote-id", "gps", "plots"
    }  # fmt: skip
    for entry in parts("feed"):
        feed = entry.load()(tmp_path / "none")
        assert isinstance(feed, Feed)
        assert feed.kind == entry.name
        feed.heed(Tasks.empty())
        assert not hasattr(feed, "obey")
