"""aircraft.json: one moment, or a folder of them."""

from __future__ import annotations

import json
import math

import pytest

from chowki.core.errors import FeedError
from chowki.core.units import FOOT_M, KNOT_MPS
from chowki.feeds.aircraft_json import AircraftJson
from chowki.feeds.reports import sigma_of_nacp

NOW = 1_795_329_435.5
READSB = {
    "hex": "3c6444", "flight": "DLH9LF  ", "alt_baro": 36000, "alt_geom": 36500, "gs": 450.0,
    "track": 180.0, "baro_rate": -640, "squawk": "1000", "nac_p": 9, "lat": 50.0, "lon": 8.0,
    "seen_pos": 0.5,
}  # fmt: skip


def moment(*aircraft, now=NOW):
    return json.dumps({"now": now, "aircraft": list(aircraft)})


def test_the_recording_says_where_its_aircraft_was(recording, scans):
    feed = AircraftJson(recording("adsb/aircraft.json"))
    (scan,) = scans(feed)
    (report,) = feed.reports()
    assert (report.lat_deg, report.lon_deg) == (51.700031, 4.773407)
    assert report.time_s == pytest.approx(1795329435.5 - 1.7)
    assert scan.detections.callsign[0] == b"EZY85MH"
    assert feed.noted == {"height from pressure altitude": 1}


def test_readsb_names_are_read_too(written):
    (report,) = AircraftJson(written("aircraft.json", moment(READSB))).reports()
    assert report.height_m == 36500 * FOOT_M
    assert report.v_north_mps == pytest.approx(-450 * KNOT_MPS)
    assert report.v_up_mps == pytest.approx(-640 * FOOT_M / 60)
    assert report.sigma_m == sigma_of_nacp(9)
    assert (report.address, report.squawk) == (0x3C6444, 1000)


def test_a_folder_is_a_series_of_moments(tmp_path, scans):
    for i in range(5):
        entry = {**READSB, "lat": 50.0 + i * 0.01}
        (tmp_path / f"history_{i}.json").write_text(moment(entry, now=NOW + i))
    (tmp_path / "receiver.json").write_text('{"version": "1"}')
    (tmp_path / "broken.json").write_text('{"now": 1')
    feed = AircraftJson(tmp_path)
    assert [len(scan.detections) for scan in scans(feed)] == [1] * 5
    assert feed.skipped == {"file that is no aircraft.json": 2}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({}, "aircraft without position"),
        ("text", "entry that is no aircraft"),
        ({**READSB, "lat": math.nan}, "aircraft without position"),
        ({**READSB, "lon": 999}, "position out of range"),
        ({**READSB, "alt_geom": None, "alt_baro": "ground"}, "on the ground"),
        ({**READSB, "alt_geom": 10**400, "alt_baro": None}, "height out of range"),
        ({**READSB, "hex": "abcdef", "seen_pos": 120}, "older than 10 s when received"),
        (READSB, "position not renewed (same address and time)"),
    ],
)
def test_a_bad_entry_is_counted_and_the_others_kept(written, bad, reason):
    feed = AircraftJson(written("aircraft.json", moment(READSB, bad)))
    feed.reports()
    assert dict(feed.skipped) == {reason: 1}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"now": "x", "aircraft": []}',
        "[" * 100_000,
        "9" * 10_000,
        b"\xff\x00",
    ],
)
def test_something_else_is_an_error(written, content):
    with pytest.raises(FeedError, match=r"aircraft\.json"):
        AircraftJson(written("aircraft.json", content)).first_fix()
