"""A GPS track as a cooperative sensor."""

from __future__ import annotations

import csv

import pytest

from chowki.core.clock import parse_utc
from chowki.core.errors import FeedError
from chowki.core.records import AddressKind
from chowki.feeds.gps import Gps


def test_the_whole_flight_is_there_second_by_second(recording, scans):
    path = recording("surveillance/UAV_Rot.csv")
    feed = Gps(path)
    looks = scans(feed)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert len(looks) == len(rows) == 965
    assert not feed.skipped
    for scan, row in zip(looks[::50], rows[::50], strict=True):
        report = scan.detections
        assert scan.time_s == parse_utc(row["time"])
        assert report.v_east_mps[0] == pytest.approx(float(row["Vx m/s"]), abs=0.01)
        assert report.v_north_mps[0] == pytest.approx(float(row["Vy m/s"]), abs=0.01)
        assert report.up_m[0] == pytest.approx(float(row["altitude (m)"]), abs=2.0)
        assert report.address_kind[0] == AddressKind.REMOTE_ID
    assert len({int(scan.detections.address[0]) for scan in looks}) == 1


def test_times_may_be_seconds_and_names_short(written, scans):
    text = "time,lat,lon,altitude\n1000000.0,30.0,70.0,120\n1000001.0,30.0001,70.0,121\n"
    looks = scans(Gps(written("track.csv", text)))
    assert [scan.time_s for scan in looks] == [1_000_000.0, 1_000_001.0]


def test_bad_rows_are_counted(written, scans):
    text = (
        "time,lat,lon,altitude\n2020-01-01 00:00:00,30,70,100\nyesterday,30,70,100\n"
        "2020-01-01 00:00:01,nan,70,100\n2020-01-01 00:00:02,30,70,inf\n"
        "2020-01-01 00:00:00,30,70,100\n2020-01-01 00:00:03,30\n2020-01-01 00:00:04,30,70,100\n"
    )
    feed = Gps(written("track.csv", text))
    assert sum(len(scan.detections) for scan in scans(feed)) == 2
    assert feed.skipped == {
        "time out of range": 1,
        "position out of range": 2,
        "height out of range": 1,
        "position not renewed (same address and time)": 1,
    }


def test_a_wrong_header_names_what_is_allowed(written):
    with pytest.raises(FeedError, match=r"no column latitude, longitude.*allowed: time or"):
        Gps(written("track.csv", "time,height_m\n1,2\n")).first_fix()
