"""The script that plays recordings: four sources at once, each of them heard and placed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chowki.core.addresses import remote_id_address
from chowki.core.messages import Status
from chowki.feeds.live.clock import Clock

PLAYER = Path(__file__).parents[3] / "docs/examples/play_recordings.py"


@pytest.fixture
def player(recording, tmp_path):
    """Return the feeds that the script says it plays; it is ended after the test."""
    folder = recording("remoteid").parent
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--sbs", "0", "--aircraft", "0", "--plots", str(port), "--loop", "--speed", "4"]
    running = subprocess.Popen(
        [sys.executable, PLAYER, folder, *options, "--capture", tmp_path / "drone.pcap"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    yield [running.stdout.readline().removeprefix("--feed ").strip() for _ in range(4)]
    running.terminate()
    running.wait(5.0)
    running.stdout.close()


def test_everything_that_is_played_is_heard_and_lies_where_it_should(
    player, opened, until, scans_of
):
    clock = Clock()
    feeds = opened(*player, clock=clock)
    names = ["sbs", "aircraft-json", "remote-id", "plots"]

    def all_heard(events):
        heard = {scan.sensor.name for scan in scans_of(events) if len(scan.detections)}
        pilots = any(isinstance(e, Status) and e.kind == "pilot" for e in events)
        return pilots and heard >= {"sbs", "aircraft-json", "remote-id", "radar"}

    events = until(feeds, all_heard, 30)
    assert all_heard(events)
    assert [source.name for source in feeds.sources()] == names
    assert [source.state for source in feeds.sources()] == ["working"] * 4
    for scan in scans_of(events):
        d = scan.detections
        away_m = np.hypot(d.east_m, d.north_m)
        assert np.all(away_m < (500_000.0 if scan.sensor.kind == "ads-b" else 2_000.0))
    drone = remote_id_address("1588E040445AC004418")
    assert {e.source for e in events if isinstance(e, Status) and e.kind == "pilot"} == {str(drone)}
