"""OpenSky state vectors: every row accounted for, every position where the row puts it."""

from __future__ import annotations

import csv
import math

import numpy as np
import pyproj
import pytest

from chowki.core.errors import FeedError
from chowki.core.places import Measures
from chowki.feeds.opensky import OpenSky

HEADER = (
    "time,icao24,lat,lon,velocity,heading,vertrate,callsign,onground,alert,spi,squawk,"
    "baroaltitude,geoaltitude,lastposupdate,lastcontact"
)


def row(
    time=1626098400, icao24="3c4591", lat=51.5, lon=-0.4, ground="False", geo=10843.3, last=None
):
    last = float(time) - 1 if last is None else last
    return (
        f"{time},{icao24},{lat},{lon},250.0,90.0,0.0,BOX413  ,{ground},False,False,1174.0,"
        f"10668.0,{geo},{last},{time}"
    )


@pytest.fixture
def recorded(recording):
    return recording("surveillance/OpenSky_Plane_States.csv")


def test_every_row_of_the_recording_is_accounted_for(recorded, scans):
    feed = OpenSky(recorded)
    looks = scans(feed)
    yielded = sum(len(scan.detections) for scan in looks)
    addresses = {int(a) for scan in looks for a in scan.detections.address}
    assert (len(looks), len(addresses)) == (121, 84)
    assert yielded + sum(feed.skipped.values()) == 6_052
    assert feed.skipped == {
        "position not renewed (same address and time)": 645,
        "older than 10 s when received": 2,
    }


def test_positions_and_velocities_agree_with_pyproj(recorded, scans):
    feed = OpenSky(recorded)
    looks = scans(feed)
    fix = feed.first_fix()
    with recorded.open() as file:
        rows = {(r["icao24"], float(r["lastposupdate"])): r for r in csv.DictReader(file)}
    to_station = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +proj=cart +ellps=WGS84 +step +proj=topocentric +ellps=WGS84 "
        f"+lat_0={fix.lat_deg} +lon_0={fix.lon_deg} +h_0=0"
    )
    for scan in looks[::20]:
        detections = scan.detections
        for i in range(len(detections)):
            said = rows[f"{detections.address[i]:06x}", detections.time_s[i]]
            lon, lat, height = (float(said[k]) for k in ("lon", "lat", "geoaltitude"))
            here = to_station.transform(lon, lat, height)
            found = (detections.east_m[i], detections.north_m[i], detections.up_m[i])
            assert found == pytest.approx(here, abs=1e-3)
            speed, heading = float(said["velocity"]), math.radians(float(said["heading"]))
            step_deg = speed / 111_320.0 * 1e-3
            ahead = to_station.transform(
                lon + step_deg * math.sin(heading) / math.cos(math.radians(lat)),
                lat + step_deg * math.cos(heading),
                height + float(said["vertrate"]) * 1e-3,
            )
            v = (detections.v_east_mps[i], detections.v_north_mps[i], detections.v_up_mps[i])
            assert v == pytest.approx((np.array(ahead) - here) * 1e3, abs=0.01 * speed + 0.5)


def test_the_sensor_is_cooperative_and_states_the_usual_error(recorded, scans):
    feed = OpenSky(recorded)
    looks = scans(feed)
    sensor = feed.sensors[0]
    assert sensor.measures == Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS
    assert sensor.sigma_position_m == pytest.approx(92.6 / math.sqrt(2 * math.log(20)))
    assert all(scan.time_s >= scan.detections.time_s.max() for scan in looks if scan.detections)
    assert sensor.number == 0
    assert OpenSky(recorded, 7).first_sensor_number == 7


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (row(lat="nan"), "position out of range"),
        (row(lon="inf"), "position out of range"),
        (row(lat=91), "position out of range"),
        (row(lon=-181), "position out of range"),
        (row(time="nan"), "time out of range"),
        (row(time="1e400"), "time out of range"),
        (row(geo=1e9), "height out of range"),
        (row(ground="True"), "on the ground"),
        (row(icao24="abcdef", last=1626098370), "older than 10 s when received"),
        (row(last=1626098450), "dated after its receipt"),
        (row(), "position not renewed (same address and time)"),
    ],
)
def test_a_bad_row_is_counted_and_the_others_kept(written, scans, bad, reason):
    path = written("states.csv", "\n".join([HEADER, row(), bad, row(time=1626098410)]) + "\n")
    feed = OpenSky(path)
    looks = scans(feed)
    assert feed.skipped == {reason: 1}
    assert [len(scan.detections) for scan in looks] == [1, 1]


def test_rows_out_of_time_order_are_sorted_and_noted(written, scans):
    rows = [row(time=1626098420), row(time=1626098400), row(time=1626098410)]
    feed = OpenSky(written("states.csv", "\n".join([HEADER, *rows])))
    times = [scan.time_s for scan in scans(feed)]
    assert times == [1626098400.0, 1626098410.0, 1626098420.0]
    assert feed.noted == {"out of time order, sorted": 1}


def test_a_silent_batch_is_an_empty_scan_and_a_long_silence_is_none(written, scans):
    rows = [row(time=1626098400), row(time=1626098430), row(time=1626099430)]
    feed = OpenSky(written("states.csv", "\n".join([HEADER, *rows])))
    assert [len(scan.detections) for scan in scans(feed)] == [1, 0, 0, 1, 1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no column time, icao24, lat, lon"),
        ("a,b,c\n1,2,3\n", "no column time"),
        ("time,icao24,lat,lon\n1,2,3,4\n", "geoaltitude or baroaltitude"),
        (HEADER + "\n", "no usable position report"),
        (HEADER + "\n" + row(lat="nan") + "\n", "1 position out of range"),
        (b"\x00\xff\xfe" * 100, "no column"),
        (HEADER + '\n"' + "x" * 200_000, "field larger than field limit"),
    ],
)
def test_a_file_that_is_something_else_is_an_error_that_names_it(written, content, words):
    with pytest.raises(FeedError, match=words) as caught:
        OpenSky(written("states.csv", content)).first_fix()
    assert "states.csv" in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    with pytest.raises(FeedError, match="does not exist"):
        OpenSky(tmp_path / "nothing.csv").first_fix()
    with pytest.raises(FeedError, match="folder"):
        OpenSky(tmp_path).first_fix()


def test_a_feed_is_placed_before_it_is_read(written):
    feed = OpenSky(written("states.csv", HEADER + "\n" + row()))
    with pytest.raises(RuntimeError, match="placed"):
        list(feed.events())
