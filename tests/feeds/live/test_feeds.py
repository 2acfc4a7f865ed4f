"""Live feeds as one: ticks, people, names, a first position, falling behind."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from chowki.core.errors import FeedError
from chowki.core.inbox import Inbox
from chowki.core.messages import Act, Scan, Status, Tick
from chowki.core.ports import Feed
from chowki.feeds.live import open_live
from chowki.feeds.live.clock import Clock


def ticks(events):
    return [event.time_s for event in events if isinstance(event, Tick)]


def test_there_is_a_tick_each_second_of_utc(opened, until, line, clock):
    feeds = opened(f"sbs:tcp://127.0.0.1:{line().port}")
    assert isinstance(feeds, Feed)
    before_s = clock.now()
    times = ticks(until(feeds, seconds=12))
    assert times[0] - before_s < 1.2
    assert np.all(np.diff(times) == 1.0)
    assert all(time_s == int(time_s) for time_s in times)
    assert abs(times[-1] - clock.now()) < 1.0


def test_what_a_person_decides_comes_at_once_and_in_order(opened, line, clock):
    inbox = Inbox()
    feeds = opened(f"sbs:tcp://127.0.0.1:{line().port}", inbox=inbox)
    events, waited = [], []

    def decide():
        put_s = clock.now()
        inbox.put(Act(0.0, "R. Singh", "set-identity", "7", "friend"))
        waited.append(put_s)

    timer = threading.Timer(0.33, decide)
    timer.start()
    for event in feeds.events():
        events.append(event)
        if isinstance(event, Act):
            waited.append(clock.now())
            break
    acts = [event for event in events if isinstance(event, Act)]
    assert waited[1] - waited[0] < 0.5  # 50 ms of the wall
    assert acts[0].time_s == pytest.approx(waited[0], abs=0.5)
    assert [event.time_s for event in events] == sorted(event.time_s for event in events)
    timer.join()


def test_stop_ends_the_events_and_the_threads(opened, line):
    before = threading.active_count()
    feeds = opened(f"sbs:tcp://127.0.0.1:{line().port}", "plots:udp://127.0.0.1:9")
    seen = []
    reader = threading.Thread(target=lambda: seen.extend(feeds.events()))
    reader.start()
    feeds.stop()
    reader.join(3.0)
    assert not reader.is_alive()
    assert threading.active_count() == before


def test_sources_are_told_apart_and_their_sensors_numbered(opened, line, a_sensor):
    place = f"sbs:tcp://127.0.0.1:{line().port}"
    tower = a_sensor("tower", (500.0, 0.0, 10.0))
    feeds = opened(place, place, f"{place}?name=tower", sensors=[tower], first=11)
    assert [(s.number, s.name) for s in feeds.sensors] == [
        (11, "sbs"), (12, "sbs-2"), (13, "tower"),
    ]  # fmt: skip
    assert feeds.sensors[2].position_m.tolist() == [500.0, 0.0, 10.0]
    assert feeds.sensors[0].position_m.tolist() == [0.0, 0.0, 0.0]


def test_without_a_scenario_the_first_position_is_the_origin(line, clock, sbs, until, scans_of):
    server = line()
    threading.Timer(0.1, lambda: server.answer().sendall(sbs(clock.now(), 51.5, 4.5))).start()
    feeds = open_live([f"sbs:tcp://127.0.0.1:{server.port}"], clock=clock)
    try:
        station = feeds.theatre.station
        assert (station.lat_deg, station.lon_deg) == (51.5, 4.5)
        assert station.start_s == pytest.approx(clock.now(), abs=2.0)
        assert station.duration_s == np.inf
    finally:
        feeds.stop()


def test_without_scenario_and_position_it_says_what_is_missing(line, fast):
    server = line()
    server.close()
    clock, alive = fast(100.0), threading.active_count()
    with pytest.raises(FeedError, match="no position was received within 30 s") as caught:
        open_live([f"sbs:tcp://127.0.0.1:{server.port}"], clock=clock)
    assert "connection refused" in str(caught.value)
    assert "give a scenario" in str(caught.value)
    assert threading.active_count() == alive


def test_a_station_that_falls_behind_leaves_seconds_out_and_says_so(opened, line, fast, sbs):
    server, clock = line(), fast(200.0)
    feeds = opened(f"sbs:tcp://127.0.0.1:{server.port}", clock=clock, lat=51.7, lon=4.77)
    way = server.answer()
    events, slept = [], False
    for event in feeds.events():
        events.append(event)
        if len(ticks(events)) == 3 and not slept:
            way.sendall(sbs(clock.now(), 51.7, 4.77))
            threading.Event().wait(0.6)  # two minutes
            slept = True
        if len(ticks(events)) > 8:
            break
    times = ticks(events)
    assert times == sorted(times)
    assert np.diff(times).max() > 60.0
    (behind,) = [e for e in events if isinstance(e, Status) and e.source == "station"]
    assert "fell behind" in behind.note
    assert [e.time_s for e in events] == sorted(e.time_s for e in events)
    late = [e for e in events if isinstance(e, Scan) and len(e.detections)]
    assert late == []


def test_a_source_that_breaks_what_reads_it_stops_no_other(opened, until, line, clock, monkeypatch):
    place = f"sbs:tcp://127.0.0.1:{line().port}"
    feeds = opened(place, place)

    def broken(_end_s):
        raise ValueError("unthought of")

    monkeypatch.setattr(feeds._sources[0], "collect", broken)
    events = until(feeds, seconds=5)
    assert len(ticks(events)) == 5
    words = "look that could not be used (ValueError)"
    assert feeds.sources()[0].skipped[words] >= 5
    assert words in feeds.sources()[0].note


def test_a_clock_set_back_is_come_near_to_and_one_set_forward_followed(monkeypatch):
    import time

    wall, steady = [1_000.0], [50.0]
    monkeypatch.setattr(time, "time", lambda: wall[0])
    monkeypatch.setattr(time, "monotonic", lambda: steady[0])
    clock = Clock()

    def after(wall_s, steady_s):
        wall[0] += wall_s
        steady[0] += steady_s
        return clock.now()

    assert after(1.0, 1.0) == pytest.approx(1_001.0)
    assert after(61.0, 1.0) == pytest.approx(1_062.0)  # an hour hand moved forward
    assert after(-9.0, 1.0) == pytest.approx(1_062.9)  # and back: a tenth of each second
    reached = [after(1.0, 1.0) for _ in range(200)]
    assert np.all(np.diff(reached) > 0.0)
    assert reached[-1] == pytest.approx(wall[0])
