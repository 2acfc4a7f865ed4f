"""Plots as JSON lines over UDP: each layout, looks, what is no plot, and who stands where."""

from __future__ import annotations

import csv
import io
import json
import socket
import time

import numpy as np
import pytest

from chowki.core.places import Measures
from chowki.feeds.live.plots import LARGEST_DATAGRAM
from chowki.feeds.tabular import Plots


@pytest.fixture
def plots(opened, clock):
    """Return open feeds and a function that sends rows to them."""
    free = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
    free.close()
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def open_with(**options):
        feeds = opened(f"plots:udp://127.0.0.1:{port}", **options)
        while not feeds._sources[0].meter.connected:
            clock_wait = feeds._sources[0].rest
            clock_wait(0.1)

        def send(*rows):
            lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
            sender.sendto(b"\n".join(lines), ("127.0.0.1", port))

        return feeds, send

    yield open_with
    sender.close()


def health(feeds):
    return feeds.sources()[0]


def geodetic(time_s, lat=47.21, **more):
    return {"time_s": time_s, "lat": lat, "lon": 8.73, "height_m": 900.0, **more}


def some(scans_of, number):
    return lambda events: len(scans_of(events)) >= number


def test_what_comes_live_is_what_the_file_gives(plots, until, scans_of, clock, theatre_at, written):
    feeds, send = plots()
    now_s = round(clock.now(), 3)
    rows = [
        geodetic(now_s, 47.2 + 0.01 * k, sensor="north", v_east_mps=10.0 * k, v_north_mps=-5.0,
                 v_up_mps=0.5, sigma_m=12.0, snr_db=15.0, rcs_dbsm=-20.0, address="3c4591",
                 callsign="DLH1", squawk="1000", mood="glad")
        for k in range(5)
    ]  # fmt: skip
    send(*rows[:3])
    send(*rows[3:])
    (scan,) = scans_of(until(feeds, some(scans_of, 1)))
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    recorded = Plots(written("plots.csv", text.getvalue()), 5)
    recorded.place(theatre_at(47.2, 8.73))
    (theirs,) = recorded.events()
    for name, column in theirs.detections.columns().items():
        np.testing.assert_array_equal(getattr(scan.detections, name), column, err_msg=name)
    ours, stated = scan.sensor, theirs.sensor
    assert (ours.number, ours.name, ours.measures) == (stated.number, "north", stated.measures)
    assert ours.sigma_position_m == stated.sigma_position_m == 12.0
    assert scan.time_s == float(int(scan.time_s)) >= now_s


def test_polar_plots_belong_to_a_sensor_of_the_scenario(plots, until, scans_of, clock, a_sensor):
    feeds, send = plots(sensors=[a_sensor("west", (100.0, 0.0, 0.0))])
    polar = {"sensor": "west", "time_s": clock.now(), "range_m": 1_000.0, "azimuth_deg": -90.0,
             "look": 7}  # fmt: skip
    send(polar, {**polar, "sensor": "east"})
    send({**polar, "look": 8}, {**polar, "sensor": "east", "look": 8})
    (scan,) = scans_of(until(feeds, some(scans_of, 1)))
    assert scan.detections.azimuth_rad[0] == pytest.approx(1.5 * np.pi)
    assert (scan.sensor.name, scan.sensor.number) == ("west", 5)
    assert scan.sensor.position_m[0] == 100.0
    assert scan.sensor.measures == Measures.RANGE | Measures.AZIMUTH
    assert health(feeds).skipped["plot of a sensor that the scenario does not place"] == 1


def test_a_numbered_look_ends_with_the_next_one_and_another_by_time(
    plots, until, scans_of, clock, talking
):
    feeds, send = plots()
    turn = iter(range(1_000))
    start_s = clock.now()

    def radar(now_s):
        """Four seconds a turn, five plots a second, and a sensor that numbers nothing."""
        k = next(turn)
        send(geodetic(now_s, 47.2 + k * 1e-4, sensor="turning", look=int((now_s - start_s) // 4)))
        send(geodetic(now_s, 47.3 + k * 1e-4, sensor="staring"))

    talking(radar)
    scans = scans_of(until(feeds, seconds=15))
    turning = [scan for scan in scans if scan.sensor.name == "turning"]
    staring = [scan for scan in scans if scan.sensor.name == "staring"]
    assert len(turning) == 3
    assert all(len(scan.detections) > 10 for scan in turning)
    assert all(3.0 < scan.end_s - scan.start_s < 5.5 for scan in turning)
    assert len({scan.time_s for scan in staring}) >= 13
    assert all(
        len(scan.detections) == 1 for scan in staring
    )  # the same target, five times a second
    assert [scan.look for scan in staring] == list(range(1, len(staring) + 1))


def test_a_target_is_shown_once_in_a_look_and_two_targets_are_two(plots, until, scans_of, clock):
    """Two drones 40 m apart, seen at once four times a second by a sensor that numbers nothing."""
    feeds, send = plots()
    start_s = clock.now()
    for k in range(3):
        time_s = start_s + 0.25 * k
        send(*[geodetic(time_s, 47.2 + 0.00036 * j + 4e-5 * k, sigma_m=5.0) for j in range(2)])
    scans = scans_of(until(feeds, lambda events: len(scans_of(events)) >= 3))
    assert [len(scan.detections) for scan in scans] == [2, 2, 2]
    for scan in scans:
        assert np.ptp(scan.detections.time_s) == 0.0
        assert np.diff(scan.detections.north_m)[0] == pytest.approx(40.0, abs=1.0)


def test_a_look_of_a_known_period_takes_that_long(plots, until, scans_of, clock, talking, a_sensor):
    feeds, send = plots(sensors=[a_sensor("known")])  # looks every 4 s
    turn = iter(range(1_000))
    talking(lambda now_s: send(geodetic(now_s, 47.2 + next(turn) * 1e-4, sensor="known")))
    scans = scans_of(until(feeds, seconds=14))
    assert 3 <= len(scans) <= 4
    assert np.all(np.diff([scan.time_s for scan in scans]) <= 5.0)


def test_a_look_in_which_nothing_was_seen_is_an_empty_scan(plots, until, scans_of, clock):
    feeds, send = plots()
    send({"time_s": clock.now(), "sensor": "north"})
    send(geodetic(clock.now(), sensor="north"))
    first = scans_of(until(feeds, some(scans_of, 1)))
    send({"time_s": clock.now(), "sensor": "north"})
    second = scans_of(until(feeds, some(scans_of, 1)))
    assert [len(scan.detections) for scan in [*first, *second]] == [1, 0]
    assert scans_of(until(feeds, seconds=3)) == []  # silence is none
    assert health(feeds).skipped["look without plots of a sensor not heard before"] == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"not json", "line that is no JSON object"),
        (b"[1, 2]", "line that is no JSON object"),
        (b'{"time_s": 1', "line that is no JSON object"),
        (b"[" * 5_000, "line that is no JSON object"),
        ({"lat": 47.2, "lon": 8.7, "height_m": 1}, "row without a time"),
        ({"time_s": "soon", "lat": 47.2, "lon": 8.7, "height_m": 1}, "row without a time"),
        ({"time_s": 1, "lat": 47.2}, "row that does not say where, or says it twice"),
        (geodetic(1, x_m=1, y_m=1, z_m=1), "row that does not say where, or says it twice"),
        (geodetic(1.7e9), "older than 10 s when received"),
        (geodetic(1.9e12), "dated after its receipt"),
        (b"x" * (LARGEST_DATAGRAM + 10), "datagram larger than 16 KiB"),
    ],
)
def test_a_bad_line_is_counted_and_the_others_enter(plots, until, scans_of, clock, bad, reason):
    feeds, send = plots()
    good = [geodetic(clock.now(), 47.2 + 0.01 * k) for k in range(3)]
    for datagram in [[*good, bad]] if len(bad) < LARGEST_DATAGRAM else [good, [bad]]:
        send(*datagram)
    events = until(feeds, lambda _: reason in health(feeds).skipped)
    assert [len(scan.detections) for scan in scans_of(events)] == [3]
    assert health(feeds).skipped[reason] == 1


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"lat": 91.0}, "position not a number or out of range"),
        ({"lon": "east"}, "position not a number or out of range"),
        ({"height_m": [1]}, "position not a number or out of range"),
        ({}, "duplicate row"),
    ],
)
def test_a_bad_position_is_counted_and_the_others_enter(plots, until, scans_of, clock, bad, reason):
    feeds, send = plots()
    now_s = clock.now()
    send(geodetic(now_s), {**geodetic(now_s), **bad})
    (scan,) = scans_of(until(feeds, some(scans_of, 1)))
    assert len(scan.detections) == 1
    assert health(feeds).skipped[reason] == 1


def test_a_flood_of_datagrams_is_flagged_and_time_goes_on(plots, until, told, fast, talking):
    """125,000 rows a second; what the machine drops before they are read is counted too."""
    clock = fast(2.0)
    feeds, send = plots(clock=clock)

    def pour(now_s):
        for k in range(50):
            send(*[geodetic(now_s, 47.0 + 0.001 * k + 1e-5 * j) for j in range(50)])

    talking(pour, 0.04, clock)
    began_s = time.perf_counter()
    events = until(feeds, seconds=5)
    assert time.perf_counter() - began_s < 10.0  # a clock twice as fast, not stalled
    assert told(events, "plots")[-1] == "degraded"
    assert "it floods" in health(feeds).note
    meter = feeds._sources[0].meter
    assert meter.surplus > 0


def test_one_who_invents_sensors_is_stopped_at_a_hundred(plots, until, scans_of, clock):
    feeds, send = plots()
    for k in range(150):
        send(geodetic(clock.now(), sensor=f"ghost {k}"))
    until(feeds, some(scans_of, 100))
    assert len(feeds.sensors) == 100
    assert health(feeds).skipped["more than 100 sensors"] == 50


def test_a_port_that_is_taken_is_told(opened, until, clock):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        feeds = opened(f"plots:udp://127.0.0.1:{other.getsockname()[1]}")
        until(feeds, seconds=2)
        assert "address already in use" in health(feeds).note
