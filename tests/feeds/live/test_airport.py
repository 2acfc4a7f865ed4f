"""One airport tonight: the scenario of ``chowki new``, two live sources, and their picture."""

from __future__ import annotations

import json
import math
import socket

import numpy as np
import pytest

from chowki import scenario
from chowki.core.addresses import remote_id_address
from chowki.core.messages import Tick
from chowki.core.places import Station
from chowki.core.records import TrackStatus
from chowki.feeds.live import open_live
from chowki.scenario.building import build_for_feed


@pytest.fixture(params=[True, False], ids=["as written", "without its border"])
def airport(request, tmp_path):
    text = scenario.new("airport", 47.20, 8.73)
    if not request.param:
        start, end = text.index("[border]"), text.index("# Positions are given")
        text = text[:start] + text[end:]
    path = tmp_path / "airport.toml"
    path.write_text(text, encoding="utf-8")
    return scenario.load(path)


def test_an_airliner_and_a_drone_are_tracks_and_nothing_is_proposed(airport, web, talking, clock):
    """Both fly straight on; each is one confirmed track where it is, by its own address."""
    start_s = clock.now()
    drone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def lon(speed_mps, now_s):
        return 8.73 + speed_mps * (now_s - start_s) / (111_320.0 * math.cos(math.radians(47.2)))

    def sky(_path):
        now_s = clock.now()
        told = {"hex": "3c6444", "flight": "DLH9LF", "alt_geom": 30_000, "track": 90.0}
        plane = {**told, "lat": 47.3, "lon": lon(200.0, now_s), "gs": 388.77, "seen_pos": 0.0}
        return json.dumps({"now": now_s, "aircraft": [plane]}).encode()

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def say(now_s):
        row = {"sensor": "drone radar", "time_s": now_s, "lat": 47.21, "lon": lon(15.0, now_s),
               "height_m": 150.0, "sigma_m": 8.0}  # fmt: skip
        drone.sendto(json.dumps(row).encode(), ("127.0.0.1", port))

    talking(say, 0.5)
    here = Station("now", 0.0, 0.0, 0.0, start_s, np.inf)
    bare = build_for_feed(airport, here, ()).theatre
    feeds = open_live([f"aircraft-json:{web(sky)}", f"plots:udp://127.0.0.1:{port}"], bare, 9_000,
                      clock=clock)  # fmt: skip
    try:
        built = build_for_feed(airport, here, feeds.sensors)
        assert built.world is None
        for event in feeds.events():
            frame = built.station.step(event)
            assert len(frame.orders) == len(frame.engagements) == 0
            if isinstance(event, Tick) and event.time_s > start_s + 25.0:
                break
    finally:
        feeds.stop()
        drone.close()
    tracks = frame.tracks.take(frame.tracks.status == TrackStatus.CONFIRMED)
    assert len(tracks) == 2
    assert set(tracks.address) == {0x3C6444, -1}
    assert remote_id_address("DLH9LF") not in tracks.address
    now_s = frame.time_s
    by_address = dict(zip(tracks.address.tolist(), range(2), strict=True))
    for address, speed_mps, north_m in ((0x3C6444, 200.0, 11_120.0), (-1, 15.0, 1_112.0)):
        row = by_address[address]
        assert tracks.east_m[row] == pytest.approx(speed_mps * (now_s - start_s), abs=120.0)
        assert tracks.north_m[row] == pytest.approx(north_m, abs=100.0)
        assert tracks.v_east_mps[row] == pytest.approx(speed_mps, abs=3.0)
