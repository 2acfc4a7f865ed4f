"""SBS-1 over a real socket: what comes is what the file gives, whatever the other side does."""

from __future__ import annotations

import re
import time
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from chowki.core.messages import Tick
from chowki.core.records import AddressKind
from chowki.feeds.live.positions import OFF_TIME
from chowki.feeds.sbs import Sbs, SbsReader
from chowki.kernels.geodesy import station_frame

DUTCH = {"lat": 51.7, "lon": 4.77}


def health(feeds, name="sbs"):
    return next(source for source in feeds.sources() if source.name == name)


def heard(scans):
    return [scan for scan in scans if len(scan.detections)]


def where(server):
    return f"sbs:tcp://127.0.0.1:{server.port}"


def stamped(text, time_s):
    at = datetime.fromtimestamp(time_s, UTC).strftime("%Y/%m/%d,%H:%M:%S.%f")[:-3]
    fields = text.split(",")
    return (",".join([*fields[:6], at, at, *fields[10:]]) + "\r\n").encode()


def test_what_comes_live_is_what_the_file_gives(
    recording, line, opened, until, scans_of, clock, talking
):
    """The lines of the recording, stamped as they are sent, in pieces that respect no line."""
    lines = recording("adsb/sbs_from_dump1090.txt").read_text().splitlines()
    server, rest = line(), list(lines)
    feeds = opened(where(server), **DUTCH)
    way = server.answer()

    def send(now_s):
        octets = b"".join(stamped(text, now_s) for text in rest[:30])
        way.sendall(octets[:777])
        way.sendall(octets[777:])
        del rest[:30]

    talking(send)
    events = until(feeds, lambda events: not rest and isinstance(events[-1], Tick), 60)
    reader = SbsReader(Counter(), Counter())
    reports = [report for text in lines if (report := reader.line(text))]
    frame = station_frame(np.deg2rad(51.7), np.deg2rad(4.77), 0.0)
    theirs = Sbs.detections(reports, frame)
    known = set(zip(theirs.east_m, theirs.north_m, theirs.up_m, strict=True))
    looks = heard(scans_of(events))
    assert len(looks) > 5
    for scan in looks:
        d = scan.detections
        assert (d.east_m[0], d.north_m[0], d.up_m[0]) in known
        assert (d.address_kind[0], d.callsign[0] in {b"", b"EZY85MH"}) == (AddressKind.ICAO, True)
        assert 0.0 <= scan.time_s - d.time_s[0] < 2.0
        assert (scan.sensor.number, scan.sensor.name) == (5, "sbs")
    source = health(feeds)
    used = sum(len(scan.detections) for scan in looks)
    assert used + sum(source.skipped.values()) <= len(lines) == feeds._sources[0].meter.heard
    assert not any("line" in why or "range" in why for why in source.skipped)


def test_a_second_in_which_nothing_was_heard_is_empty_and_silence_is_none(
    line, opened, until, scans_of, clock, sbs
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    server.answer().sendall(sbs(clock.now(), 51.7, 4.77))
    scans = scans_of(until(feeds, seconds=16))
    assert len(scans[0].detections) == 1
    assert 8 <= len(scans) <= 11  # after ten seconds nobody knows whether it is still there
    assert all(len(scan.detections) == 0 for scan in scans[1:])
    assert np.all(np.diff([scan.time_s for scan in scans]) == 1.0)


def test_a_source_that_stops_is_silent_and_is_called_again(
    line, opened, until, told, clock, sbs, talking
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    server.answer().sendall(sbs(clock.now(), 51.7, 4.77))
    before = until(feeds, seconds=3)
    server.close()
    gone = until(feeds, lambda events: "degraded" in told(events, "sbs"), 10)
    assert "no connection" in health(feeds).note
    until(feeds, seconds=3)
    way = line(server.port).answer()
    talking(lambda now_s: way.sendall(sbs(now_s, 51.8, 4.77)))
    back = until(feeds, lambda events: "working" in told(events, "sbs"), 20)
    states = [state for state in told([*before, *gone, *back], "sbs") if state != "silent"]
    assert states == ["working", "degraded", "working"]
    assert health(feeds).rate_hz > 0.0


def test_a_source_that_comes_and_goes_is_flagged(line, opened, until, told, clock, sbs):
    server = line()
    feeds = opened(where(server), **DUTCH)

    def once_more(_events):
        way = server.answer()
        way.sendall(sbs(clock.now(), 51.7, 4.77))
        way.close()
        return "degraded" in told(_events, "sbs") and "lost" in health(feeds).note

    until(feeds, once_more, 20)
    assert re.match(r"lost \d+ times in the last minute", health(feeds).note)


def test_nobody_there_is_silent_and_is_tried_less_and_less(line, opened, until, told, fast):
    server = line()
    server.close()
    clock = fast(40.0)
    feeds = opened(where(server), clock=clock)
    events = until(feeds, seconds=20)
    assert told(events, "sbs") == ["silent"]
    assert "connection refused" in health(feeds).note


def test_a_connected_source_that_says_nothing_is_silent_after_30_s(
    line, opened, until, told, fast, sbs
):
    server, clock = line(), fast(40.0)
    feeds = opened(where(server), clock=clock, **DUTCH)
    server.answer().sendall(sbs(clock.now(), 51.7, 4.77))
    events = until(feeds, lambda events: told(events, "sbs")[-1:] == ["silent"], 50)
    ticks = sum(isinstance(event, Tick) for event in events)
    assert told(events, "sbs") == ["working", "silent"]
    assert 28 <= ticks <= 34
    assert "nothing heard for 3" in health(feeds).note


def test_an_octet_now_and_then_is_no_sign_of_life(line, opened, until, told, fast, talking):
    """Slow loris: a line that never ends. After a minute the line is cut and opened again."""
    server, clock = line(), fast(60.0)
    feeds = opened(where(server), clock=clock)
    way = server.answer()
    talking(lambda _: way.sendall(b"M"), 5.0, clock)
    events = until(feeds, lambda _: len(server.open) > 1 or _answered(server), 90)
    assert set(told(events, "sbs")) == {"silent"}
    assert len(server.open) == 2


def _answered(server):
    server._server.settimeout(0.001)
    try:
        server.answer()
    except TimeoutError:
        return False
    return True


def test_a_flood_is_dropped_counted_and_flagged_and_stalls_nobody(
    line, opened, until, scans_of, told, sbs, talking, fast
):
    clock = fast(2.0)
    good, bad = line(), line()
    feeds = opened(f"{where(good)}?name=good", f"{where(bad)}?name=bad", clock=clock, **DUTCH)
    ways = {"good": good.answer(), "bad": bad.answer()}
    talking(lambda now_s: ways["good"].sendall(sbs(now_s, 51.7, 4.77)), 0.3, clock)
    talking(lambda now_s: ways["bad"].sendall(sbs(now_s, 51.8, 4.77) * 5_000), 0.05, clock)
    began_s = time.perf_counter()
    events = until(feeds, seconds=6)
    assert time.perf_counter() - began_s < 10.0  # six seconds of a clock twice as fast, not stalled
    scans = scans_of(events)
    times = [scan.time_s for scan in heard(scans) if scan.sensor.name == "good"]
    assert len(times) >= 4
    assert np.all(np.diff(times) == 1.0)
    assert told(events, "bad")[-1] == "degraded"
    assert "it floods" in health(feeds, "bad").note
    assert "more than 5000 a second" in health(feeds, "bad").note
    assert health(feeds, "good").state == "working"


@pytest.mark.parametrize("hours", [-2, 5.5])
def test_a_clock_in_local_time_is_flagged_and_set_right(
    line, opened, until, scans_of, told, clock, sbs, talking, hours
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    way = server.answer()
    talking(lambda now_s: way.sendall(sbs(now_s + 3600.0 * hours, 51.7, 4.77)))
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 3, 20)
    source = health(feeds)
    assert source.state == "degraded"
    assert source.clock_offset_s == pytest.approx(3600.0 * hours, abs=0.5)
    assert f"{abs(3600 * hours):,.0f}"[:5] in source.note
    assert source.skipped[OFF_TIME] > 0  # the first records, until the clock was known
    for scan in heard(scans_of(events)):
        assert abs(scan.time_s - scan.detections.time_s[0]) < 2.0


def test_garbage_between_lines_is_counted_and_the_good_lines_enter(
    line, opened, until, scans_of, told, clock, sbs, talking
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    way = server.answer()
    garbage = b"\xff\x00\x01garbage\r\n" + b"x" * 9_000 + b"\nMSG,3,broken\n"

    def send(now_s):
        way.sendall(garbage + sbs(now_s, 51.7, 4.77) + sbs(now_s, 95.0, 4.77, "ABCDEF"))

    talking(send)
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 3, 20)
    assert told(events, "sbs")[-1] == "degraded"
    source = health(feeds)
    assert {"line that is no MSG of 22 fields", "position out of range", "line too long"} <= set(
        source.skipped
    )
    assert "faulty records in the last minute" in source.note


def test_what_base_stations_say_besides_is_no_fault(
    line, opened, until, scans_of, clock, sbs, talking
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    way = server.answer()
    other = b"AIR,,333,1,3C6444,1,,,,\r\nSTA,,5,179,3C6444,10103,,,,,RM\r\nSEL,,4,5,6,7\r\n\r\n"
    talking(lambda now_s: way.sendall(other + sbs(now_s, 51.7, 4.77)))
    until(feeds, lambda events: len(heard(scans_of(events))) >= 3, 20)
    assert health(feeds).state == "working"


def test_an_aircraft_on_the_other_side_of_the_earth_is_not_believed(
    line, opened, until, clock, sbs, talking
):
    server = line()
    feeds = opened(where(server), **DUTCH)
    way = server.answer()
    talking(lambda now_s: way.sendall(sbs(now_s, 51.7, 4.77) + sbs(now_s, -30.0, 150.0, "ABCDEF")))
    until(feeds, lambda _: any("farther" in why for s in feeds.sources() for why in s.skipped), 20)
    assert health(feeds).skipped["farther than 1,000 km from the station"] > 0
