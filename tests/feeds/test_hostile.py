"""Hostile input: whatever the bytes, a feed ends, and ends in events or in a FeedError."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chowki.core.errors import FeedError
from chowki.core.messages import Scan
from chowki.core.places import Station, Theatre
from chowki.feeds.merge import merge
from chowki.feeds.opensky import OpenSky
from chowki.testing import part

HEADERS = {
    "opensky": b"time,icao24,lat,lon,velocity,heading,vertrate,onground,geoaltitude\n",
    "sbs": b"MSG,3,1,1,406B90,1,2026/01/02,12:00:00.000,2026/01/02,12:00:00.000,,1000,,,51,7,,\n",
    "aircraft-json": b'{"now": 1700000000, "aircraft": [{"hex": "abcdef", "lat": 1, "lon": 2, ',
    "asterix": bytes.fromhex("300030"),
    "remote-id": bytes.fromhex("d4c3b2a1020004000000000000000000ffff00007f000000"),
    "gps": b"time,lat,lon,altitude\n",
    "plots": b"time_s,lat,lon,height_m,sensor,look\n",
}
RECORDINGS = {
    "opensky": "surveillance/OpenSky_Plane_States.csv",
    "sbs": "adsb/sbs_from_dump1090.txt",
    "aircraft-json": "adsb/aircraft.json",
    "asterix": "asterix/cat_034_048.pcap",
    "remote-id": "remoteid/odid_wifi_bcn_sample.pcap",
    "gps": "surveillance/UAV_Rot.csv",
}
LARGEST = 40_000


def read_all(kind, path):
    """Read a feed as a run does; return how many events came, -1 for a FeedError."""
    feed = part("feed", kind).load()(path)
    try:
        fix = feed.first_fix()
        station = Station("test", fix.lat_deg, fix.lon_deg, fix.height_m, fix.time_s, np.inf)
        feed.place(Theatre(station))
        last_s, events = -np.inf, 0
        for event in merge([feed], fix.time_s, np.inf):
            assert event.time_s >= last_s
            last_s, events = event.time_s, events + 1
            if isinstance(event, Scan):
                assert np.all(np.isfinite(event.detections.time_s))
                assert np.all(
                    np.isfinite(event.detections.east_m) | ~np.isnan(event.detections.range_m)
                )
        return events
    except FeedError:
        return -1


@pytest.mark.parametrize("kind", list(HEADERS))
@settings(
    max_examples=60, deadline=5_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(octets=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_any_octets_end_in_events_or_a_feed_error(kind, octets, tmp_path):
    for number, start in enumerate((b"", HEADERS[kind])):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(start + octets)
        read_all(kind, path)


@pytest.mark.parametrize("kind", list(RECORDINGS))
@settings(
    max_examples=25, deadline=20_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_recording_ends_in_events_or_a_feed_error(kind, data, recording, tmp_path):
    octets = bytearray(recording(RECORDINGS[kind]).read_bytes()[:LARGEST])
    changes = st.tuples(st.integers(0, len(octets) - 1), st.integers(0, 255))
    for at, value in data.draw(st.lists(changes, min_size=1, max_size=30)):
        octets[at] = value
    cut = data.draw(st.integers(0, len(octets)))
    path = tmp_path / "damaged.bin"
    path.write_bytes(octets if cut % 3 else octets[:cut])
    begun_s = time.perf_counter()
    read_all(kind, path)
    assert time.perf_counter() - begun_s < 15.0


def test_three_hundred_damaged_asterix_captures_end(recording, tmp_path):
    whole = recording(RECORDINGS["asterix"]).read_bytes()
    chance = np.random.Generator(np.random.Philox(7))
    path = tmp_path / "damaged.pcap"
    ends = {"events": 0, "errors": 0}
    for _ in range(300):
        octets = np.frombuffer(whole, np.uint8).copy()
        places = chance.integers(24, len(octets), size=chance.integers(1, 60))
        octets[places] = chance.integers(0, 256, size=len(places))
        path.write_bytes(octets.tobytes())
        ends["events" if read_all("asterix", path) >= 0 else "errors"] += 1
    assert ends["events"] > 100


def test_one_wild_time_does_not_make_a_feed_tick_for_ever(written):
    text = "time_s,lat,lon,height_m\n1700000000,30,74,1\n1700000001,30,74,2\n4100000000,30,74,3\n"
    begun_s = time.perf_counter()
    events = read_all("plots", written("plots.csv", text))
    assert 3 < events < 2_000
    assert time.perf_counter() - begun_s < 5.0


def test_a_file_that_may_not_be_read_is_an_error(written, monkeypatch):
    path = written("states.csv", HEADERS["opensky"])

    def refuse(_self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(FeedError, match=r"states\.csv.*Permission denied"):
        OpenSky(path).first_fix()
