"""Tables of plots: three layouts, CSV and Parquet alike, bad rows counted."""

from __future__ import annotations

import math

import numpy as np
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from chowki.core.errors import FeedError
from chowki.core.messages import Scan
from chowki.core.places import Measures
from chowki.feeds.tabular import Plots

GEODETIC = "time_s,lat,lon,height_m\n1700000000,30,74,100\n1700000001,30.01,74,100\n"


@pytest.fixture
def placed_scans(theatre_at, a_sensor):
    def scans_of(feed, *names):
        feed.place(theatre_at(30.0, 74.0, 0.0, [a_sensor(name) for name in names]))
        return [event for event in feed.events() if isinstance(event, Scan)]

    return scans_of


def test_geodetic_rows_stand_where_they_say(written, scans):
    looks = scans(Plots(written("plots.csv", GEODETIC)))
    assert [len(scan.detections) for scan in looks] == [1, 1]
    last = looks[1].detections
    # 0.01 degrees of latitude at 30 degrees: 1,108.5 m on WGS 84
    assert (last.east_m[0], last.north_m[0]) == pytest.approx((0.0, 1108.5), abs=0.5)
    assert looks[0].sensor.measures == Measures.POSITION
    assert looks[0].sensor.name == "plots"


def test_parquet_gives_what_csv_gives(tmp_path, written, scans):
    csv_path = written("plots.csv", GEODETIC)
    pq.write_table(pa_csv.read_csv(csv_path), tmp_path / "plots.parquet")
    ours, theirs = scans(Plots(csv_path)), scans(Plots(tmp_path / "plots.parquet"))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        for name, column in a.detections.columns().items():
            np.testing.assert_array_equal(column, b.detections.columns()[name])


def test_every_optional_column_arrives(written, scans):
    text = (
        "time_s,lat,lon,height_m,sensor,look,received_s,v_east_mps,v_north_mps,v_up_mps,sigma_m,"
        "snr_db,rcs_dbsm,address,callsign,squawk,mood\n"
        "1700000000,30,74,100,north,7,1700000002,10,20,1,5,12,-10,3c4591,DLH1,1000,glad\n"
    )
    feed = Plots(written("plots.csv", text))
    (scan,) = scans(feed)
    d = scan.detections
    assert scan.time_s == 1_700_000_002.0
    assert (d.v_east_mps[0], d.v_north_mps[0], d.v_up_mps[0]) == pytest.approx((10, 20, 1))
    assert (d.sigma_m[0], d.snr_db[0], d.rcs_dbsm[0]) == (5, 12, -10)
    assert (d.address[0], d.callsign[0], d.squawk[0]) == (0x3C4591, b"DLH1", 1000)
    assert scan.sensor.name == "north"
    assert scan.sensor.sigma_position_m == 5.0
    assert scan.sensor.measures == Measures.POSITION | Measures.VELOCITY | Measures.ADDRESS
    assert feed.noted == {"column not used: mood": 1}


def test_station_rows_are_taken_as_they_are(written, placed_scans):
    text = "time_s,x_m,y_m,z_m\n10,1,2,3\n10,4,5,6\n"
    (scan,) = placed_scans(Plots(written("plots.csv", text)))
    assert scan.detections.east_m.tolist() == [1.0, 4.0]
    assert scan.detections.up_m.tolist() == [3.0, 6.0]


def test_polar_rows_belong_to_a_sensor_of_the_scenario(written, placed_scans):
    text = (
        "time_s,sensor,range_m,azimuth_deg,range_rate_mps\n10,west,1000,-90,-5\n12,east,900,45,2\n"
    )
    feed = Plots(written("plots.csv", text), 4)
    west, east = placed_scans(feed, "west", "east")
    assert west.detections.azimuth_rad[0] == pytest.approx(1.5 * math.pi)
    assert east.detections.range_rate_mps[0] == 2.0
    assert [(s.name, s.number) for s in feed.sensors] == [("west", 4), ("east", 5)]
    assert west.sensor.measures == Measures.RANGE | Measures.AZIMUTH | Measures.RANGE_RATE
    assert west.sensor.sigma_range_m == 50.0


def test_a_sensor_nobody_places_is_an_error(written, placed_scans):
    text = "time_s,sensor,range_m,azimuth_deg\n10,west,1000,90\n"
    with pytest.raises(FeedError, match="give a scenario with a sensor named 'west'"):
        placed_scans(Plots(written("plots.csv", text)), "east")


@pytest.mark.parametrize(
    "text",
    ["time_s,x_m,y_m,z_m\n10,1,2,3\n", "time_s,sensor,range_m,azimuth_deg\n10,west,1000,90\n"],
)
def test_relative_positions_need_a_scenario(written, theatre_at, text):
    path = written("plots.csv", text)
    assert math.isnan(Plots(path).first_fix().lat_deg)
    with pytest.raises(FeedError, match="give a scenario"):
        Plots(path).place(theatre_at(math.nan, math.nan))


def test_rows_of_one_period_are_one_look_unless_looks_are_named(written, placed_scans):
    times = [0, 0.1, 0.2, 4, 4.1, 8]
    rows = "".join(f"{t},r,{1000 + i},10\n" for i, t in enumerate(times))
    looks = placed_scans(Plots(written("a.csv", "time_s,sensor,range_m,azimuth_deg\n" + rows)), "r")
    assert [len(scan.detections) for scan in looks] == [3, 2, 1]
    assert [scan.look for scan in looks] == [1, 2, 3]
    rows = "".join(f"{t},r,{1000 + i},10,{i // 2}\n" for i, t in enumerate(times))
    named = Plots(written("b.csv", "time_s,sensor,range_m,azimuth_deg,look\n" + rows))
    assert [len(scan.detections) for scan in placed_scans(named, "r")] == [2, 2, 2]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("nan,30,74,100", "time not a number or out of range"),
        ("-5,30,74,100", "time not a number or out of range"),
        ("1e300,30,74,100", "time not a number or out of range"),
        ("1700000000,nan,74,100", "position not a number or out of range"),
        ("1700000000,30,inf,100", "position not a number or out of range"),
        ("1700000000,90.1,74,100", "position not a number or out of range"),
        ("1700000000,30,74,1e7", "position not a number or out of range"),
        ("1700000000,30,74,100", "duplicate row"),
        ("1700000000,30,74", "row with a wrong number of cells"),
        ("1700000000,30,north,100", "position not a number or out of range"),
    ],
)
def test_a_bad_row_is_counted_and_the_others_kept(written, scans, bad, reason):
    feed = Plots(written("plots.csv", GEODETIC + bad + "\n"))
    assert sum(len(scan.detections) for scan in scans(feed)) == 2
    assert feed.skipped == {reason: 1}


def test_time_running_backwards_is_sorted_and_noted(written, scans):
    text = "time_s,lat,lon,height_m\n30,30,74,1\n10,30,74,2\n20,30,74,3\n"
    feed = Plots(written("plots.csv", text))
    assert [scan.time_s for scan in scans(feed)] == [10.0, 20.0, 30.0]
    assert feed.noted == {"out of time order, sorted": 1}


@pytest.mark.parametrize(
    "header",
    ["", "a,b", "lat,lon,height_m", "time_s,lat,lon", "time_s,lat,lon,height_m,x_m,y_m,z_m"],
)
def test_a_wrong_header_names_the_columns_allowed(written, header):
    with pytest.raises(FeedError, match=r"allowed: time_s, and exactly one of: lat, lon, height_m"):
        Plots(written("plots.csv", header + "\n1,2,3,4\n")).first_fix()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(200) + b"PAR1"])
def test_a_broken_parquet_file_is_an_error(written, content):
    with pytest.raises(FeedError, match="a whole Parquet file is needed"):
        Plots(written("plots.parquet", content)).first_fix()
