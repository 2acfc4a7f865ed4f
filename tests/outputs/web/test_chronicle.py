"""What the page shows at a time is what the journal's own tables say of that time."""

from __future__ import annotations

import json
import math

import numpy as np
import pyproj
import pytest

import chowki
from chowki.core.records import EngagementState, WarningLevel
from chowki.outputs.recording import Recording
from chowki.outputs.web import wire
from chowki.run.serve import Replay


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("single-site")
    chowki.run("single-site", out=out, report=False)
    return out


@pytest.fixture(scope="module")
def replay(folder):
    found = Replay(folder)
    found.start()
    found.join()
    assert found.fault is None
    return found.session


@pytest.fixture(scope="module")
def tables(folder):
    return Recording(folder)


def _columns(table, *names):
    return [table[name].to_numpy() for name in names]


def test_the_span_is_the_run(replay):
    first, last = replay.span_s
    assert last - first == 600.0


def test_every_recorded_picture_is_shown_as_recorded(replay, tables):
    time_s, track, east, north, up = _columns(
        tables.tracks, "time_s", "track", "east_m", "north_m", "up_m"
    )
    station = tables.theatre.station
    pipeline = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 "
        f"+lat_0={station.lat_deg} +lon_0={station.lon_deg} +h_0={station.height_m} "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    for at in np.unique(time_s)[::7]:
        mine = time_s == at
        told_s, raw = wire.decode(replay.block(float(at)))
        assert told_s == at
        assert raw["track"].tolist() == track[mine].tolist()
        lon, lat, _ = pipeline.transform(east[mine], north[mine], up[mine])
        assert np.abs(raw["lat"] - lat).max() < 1e-5
        assert np.abs(raw["lon"] - lon).max() < 1e-5
        assert replay.state(float(at))["counts"]["tracks"] == mine.sum()


def test_the_level_of_every_place_is_the_last_one_told(replay, tables):
    time_s, place, level, expires_s = _columns(
        tables.warnings, "time_s", "place", "level", "expires_s"
    )
    first, last = replay.span_s
    raised = 0
    for at in np.linspace(first + 5.0, last - 5.0, 40):
        known = np.flatnonzero((time_s <= at) & (place == 0))
        expected = int(level[known[-1]]) if len(known) and expires_s[known[-1]] >= at else 0
        shown = replay.state(float(at))["places"][0]["level"]
        assert shown == expected
        raised += expected in (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)
    assert raised > 10


def test_engagements_stand_as_the_last_row_says(replay, tables):
    time_s, number, state = _columns(tables.engagements, "time_s", "engagement", "state")
    first, last = replay.span_s
    under_way = (EngagementState.ORDERED, EngagementState.IN_FLIGHT)
    seen = 0
    for at in np.linspace(first, last, 60):
        rows = np.flatnonzero(time_s <= at)
        standing = {int(number[k]): int(state[k]) for k in rows}
        expected = {k for k, s in standing.items() if s in under_way}
        shown = replay.state(float(at))["engagements"]
        assert {e["engagement"] for e in shown if e["state"] in under_way} == expected
        seen += len(expected)
    assert seen > 0


def test_rounds_left_are_what_the_sites_said(replay, tables):
    _, site, rounds = _columns(tables.statuses, "time_s", "site", "rounds_left")
    told = replay.state(None)["sites"]
    spent = 0
    for one in told:
        mine = np.flatnonzero((site == one["index"]) & (rounds >= 0))
        full = tables.theatre.sites[one["index"]].magazine
        assert one["rounds_left"] == (rounds[mine[-1]] if len(mine) else full)
        spent += full - one["rounds_left"]
    assert spent > 0


def test_between_two_pictures_a_track_lies_on_the_way(replay):
    first, _ = replay.span_s
    for at in (first + 200.0, first + 400.0):
        before, after = (
            dict(zip(raw["track"].tolist(), zip(raw["lat"], raw["lon"], strict=True), strict=True))
            for _, raw in (wire.decode(replay.block(at)), wire.decode(replay.block(at + 10.0)))
        )
        _, raw = wire.decode(replay.block(at + 5.0))
        between = dict(
            zip(raw["track"].tolist(), zip(raw["lat"], raw["lon"], strict=True), strict=True)
        )
        both = before.keys() & after.keys()
        assert both
        for track in both:
            middle = 0.5 * (np.array(before[track]) + np.array(after[track]))
            assert np.abs(np.array(between[track]) - middle).max() < 1e-4


def test_speed_course_and_climb_are_those_over_the_ground(replay, tables):
    """Held to the way flown over the ellipsoid by pyproj's geodesic, for what flies straight."""
    geod = pyproj.Geod(ellps="WGS84")
    first, _ = replay.span_s
    _, a = wire.decode(replay.block(first + 300.0))
    _, b = wire.decode(replay.block(first + 310.0))
    held = 0
    for k, track in enumerate(a["track"].tolist()):
        at = np.flatnonzero(b["track"] == track)
        speed = a["speed"][k] * 0.1
        if not len(at) or speed < 60.0 or a["age"][k] > 4 or b["age"][at[0]] > 4:
            continue
        m = at[0]
        azimuth, _, way_m = geod.inv(a["lon"][k], a["lat"][k], b["lon"][m], b["lat"][m])
        turn = (azimuth - a["course"][k] * 0.01 + 180.0) % 360.0 - 180.0
        assert abs(turn) < 10.0
        assert abs(way_m / 10.0 - speed) < 0.15 * speed + 5.0
        held += 1
    assert held >= 2


def test_detail_says_what_the_record_says_and_which_sensor_fits(replay, tables):
    first, _ = replay.span_s
    at = first + 300.0
    threats = replay.state(at)["threats"]
    found = replay.detail(threats[0]["track"], at)
    time_s, track, reasons = _columns(tables.tracks, "time_s", "track", "reasons")
    row = np.flatnonzero((time_s == at) & (track == found["track"]))[0]
    assert reasons[row] != 0
    assert found["reasons"]
    assert found["ellipse"]["major_m"] >= found["ellipse"]["minor_m"] > 0.0
    horizontal = math.hypot(found["ellipse"]["major_m"], found["ellipse"]["minor_m"])
    assert horizontal == pytest.approx(found["sd_horizontal_m"], rel=1e-6)
    assert len(found["history"]) >= 3
    assert [point[0] for point in found["history"]] == sorted(
        point[0] for point in found["history"]
    )
    said = found["said"]
    assert said
    assert all(at - 90.0 <= one["time_s"] <= at + 1.0 for one in said)
    assert replay.detail(10**9, at) is None


def test_messages_are_json_that_every_browser_takes(replay):
    first, last = replay.span_s
    for message in (replay.hello(), replay.state(None), replay.state(first), replay.series(-1.0)):
        json.dumps(message, allow_nan=False)
    json.dumps(replay.events(0), allow_nan=False)
    assert replay.state(last)["time_s"] == last


def test_truth_is_never_shown(replay):
    """No message names the fate of a target or a target's number."""
    text = json.dumps([replay.hello(), replay.state(None), replay.events(0)])
    assert '"fate"' not in text
    assert '"target"' not in text


def test_the_log_tells_each_warning_and_order_once(replay, tables):
    events = replay.events(0)
    assert [entry["id"] for entry in events] == list(range(1, len(events) + 1))
    state = tables.engagements["state"].to_numpy()
    ordered = [entry for entry in events if "engagement ordered" in entry["text"]]
    assert len(ordered) == (state == EngagementState.ORDERED).sum()
    assert replay.events(events[-1]["id"]) == []
    assert replay.events(events[-3]["id"]) == events[-2:]


def test_series_count_what_the_tables_hold(replay, tables):
    series = replay.series(-math.inf)
    time_s, identity = _columns(tables.tracks, "time_s", "identity")
    for k, at in enumerate(series["time_s"]):
        mine = time_s == at
        assert series["tracks"][k] == mine.sum()
        assert series["suspect_hostile"][k] == (identity[mine] >= 5).sum()
    later = replay.series(series["time_s"][-3])
    assert later["time_s"] == series["time_s"][-2:]


def test_nothing_can_be_done_in_a_recording(replay):
    from chowki.outputs.web.session import ActRequest

    verdict = replay.submit(ActRequest("R. Singh", "approver", "release", "1"))
    assert (verdict.accepted, verdict.code) == (False, 403)
    assert not replay.control("R. Singh", 30.0, paused=None).accepted


def test_names_are_those_of_the_last_picture(replay, tables):
    time_s, track, address, callsign = _columns(
        tables.tracks, "time_s", "track", "address", "callsign"
    )
    last = time_s == time_s.max()
    named = {
        int(t)
        for t, a, c in zip(track[last], address[last], callsign[last], strict=True)
        if a >= 0 or c
    }
    told = replay.names()
    assert {one["track"] for one in told} == named
    assert any(one["callsign"] for one in told)
    assert all(one["address"].startswith(("ICAO ", "Remote ID ")) for one in told if one["address"])


def test_a_sensor_was_heard_when_the_record_says(replay, tables):
    """Looking back, too: to the ten seconds between whole pictures."""
    time_s, sensor = _columns(tables.scans, "time_s", "sensor")
    first, last = replay.span_s
    for at in (first + 301.0, first + 455.0, last):
        for one in replay.state(at)["sensors"]:
            heard = time_s[(sensor == one["number"]) & (time_s <= at)]
            if len(heard):
                assert heard.max() - 10.0 <= one["last_s"] <= heard.max() + 1e-5
            else:
                assert one["last_s"] is None
