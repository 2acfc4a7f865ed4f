"""SBS-1: positions with the last velocity and name; times of a fast replay built anew."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pyproj
import pytest

from chowki.core.errors import FeedError
from chowki.core.units import FOOT_M, KNOT_MPS
from chowki.feeds.aircraft_json import AircraftJson
from chowki.feeds.sbs import Sbs

GEOD = pyproj.Geod(ellps="WGS84")


def line(kind, clock="12:00:00.000", address="406B90", **fields):
    cells = ["MSG", str(kind), "1", "1", address, "1", "2026/01/02", clock, "2026/01/02", clock]
    cells += [""] * 12
    places = {
        "callsign": 10, "altitude": 11, "speed": 12, "track": 13, "lat": 14, "lon": 15,
        "climb": 16, "squawk": 17, "ground": 21,
    }  # fmt: skip
    for name, value in fields.items():
        cells[places[name]] = str(value)
    return ",".join(cells)


def position(clock, lat=51.0, lon=7.0, **more):
    return line(3, clock, altitude=36000, lat=lat, lon=lon, **more)


def test_a_position_carries_the_last_velocity_name_and_code(written, scans):
    lines = [
        line(1, callsign="EZY85MH "),
        line(4, speed=480, track=90, climb=600),
        line(6, squawk=2301),
        position("12:00:00.500"),
    ]
    feed = Sbs(written("sbs.txt", "\n".join(lines)))
    (scan,) = scans(feed)
    report = scan.detections
    assert report.v_east_mps[0] == pytest.approx(480 * KNOT_MPS)
    assert report.v_north_mps[0] == pytest.approx(0.0, abs=1e-9)
    assert report.v_up_mps[0] == pytest.approx(10 * FOOT_M)
    assert report.up_m[0] == pytest.approx(36000 * FOOT_M)
    assert (report.callsign[0], report.squawk[0]) == (b"EZY85MH", 2301)
    assert report.address[0] == 0x406B90


def test_an_old_velocity_is_not_passed_on(written, scans):
    lines = [line(4, speed=480, track=90, climb=0), position("12:01:00.000")]
    (scan,) = scans(Sbs(written("sbs.txt", "\n".join(lines))))
    assert math.isnan(scan.detections.v_east_mps[0])


def test_every_position_of_the_recording_is_accounted_for(recording, scans):
    path = recording("adsb/sbs_from_dump1090.txt")
    feed = Sbs(path)
    yielded = sum(len(scan.detections) for scan in scans(feed))
    positions = sum(text.startswith("MSG,3") for text in path.read_text().splitlines())
    assert yielded + sum(feed.skipped.values()) == positions == 445
    assert feed.skipped["MSG,3 without position"] == 7
    assert {report.address for report in feed.reports()} == {0x406B90}


def test_times_of_a_fast_replay_are_those_of_the_flight(recording):
    # The lines were made within 14 ms from messages that came in 730 s, while the aircraft flew on
    # to where aircraft.json has it: at one speed, the lines' part of the way takes that part.
    feed = Sbs(recording("adsb/sbs_from_dump1090.txt"))
    reports = feed.reports()
    moment = json.loads(recording("adsb/aircraft.json").read_text())["aircraft"][0]
    first, last = reports[0], reports[-1]
    flown = GEOD.inv(first.lon_deg, first.lat_deg, last.lon_deg, last.lat_deg)[2]
    whole = GEOD.inv(first.lon_deg, first.lat_deg, moment["lon"], moment["lat"])[2]
    built_s = last.time_s - first.time_s
    assert feed.noted["times built from distance over speed (replayed faster than flown)"] == 438
    assert built_s == pytest.approx(730.0 * flown / whole, rel=0.02)
    assert all(b.time_s > a.time_s for a, b in pairwise(reports))


def test_lines_and_aircraft_json_tell_of_the_same_flight(recording):
    line_last = Sbs(recording("adsb/sbs_from_dump1090.txt")).reports()[-1]
    (moment,) = AircraftJson(recording("adsb/aircraft.json")).reports()
    assert moment.address == line_last.address
    assert moment.callsign.strip() == line_last.callsign
    assert moment.height_m == line_last.height_m
    course, _, way_m = GEOD.inv(
        line_last.lon_deg, line_last.lat_deg, moment.lon_deg, moment.lat_deg
    )
    told = math.degrees(math.atan2(line_last.v_east_mps, line_last.v_north_mps))
    assert course == pytest.approx(told, abs=2.0)
    assert 50_000.0 < way_m < 150_000.0


def test_true_times_are_left_alone(written, scans):
    lines = [line(4, speed=480, track=90, climb=0)]
    lines += [position(f"12:00:{s:02d}.000", lon=7.0 + s * 0.0035) for s in range(40)]
    feed = Sbs(written("sbs.txt", "\n".join(lines)))
    assert [scan.time_s for scan in scans(feed)][-1] == 1767355239.0
    assert set(feed.noted) == {"height from pressure altitude"}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("MSG,3,1", "line that is no MSG of 22 fields"),
        ("SEL,,496,2286,4CA4E5,27215,2010/02/19,18:06:07.710", "line that is no MSG of 22 fields"),
        (position("12:00:0x.000"), "line without address or time"),
        (line(3, address="zzz", lat=1, lon=1, altitude=1000), "line without address or time"),
        (position("12:00:01.000", lat=95), "position out of range"),
        (position("12:00:01.000", ground="-1"), "on the ground"),
        (line(3, address="ABCDEF", lat=1, lon=1), "position without height"),
        (position("12:00:00.000"), "position not renewed (same address and time)"),
    ],
)
def test_a_bad_line_is_counted_and_the_others_kept(written, scans, bad, reason):
    path = written("sbs.txt", "\n".join([position("12:00:00.000"), bad, position("12:00:02.000")]))
    feed = Sbs(path)
    kept = sum(len(scan.detections) for scan in scans(feed))
    assert (kept, dict(feed.skipped)) == (2, {reason: 1})


def test_a_file_without_positions_is_an_error(written):
    with pytest.raises(FeedError, match="no usable position report"):
        Sbs(written("sbs.txt", line(1, callsign="A"))).first_fix()
