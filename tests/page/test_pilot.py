"""A drone that tells of itself and of its pilot, from a real capture and over a broker."""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
from playwright.sync_api import expect

from chowki.core.addresses import remote_id_address

OPERATOR, LOOPBACK = "R. Singh", "127.0.0.1"
PARROT, SERIAL = "remoteid/parrot_anafi4_real.pcapng", "1588E040445AC004418"
LAT, LON = 47.2, 8.73


@pytest.fixture
def mosquitto(tmp_path):
    """Return the port of a broker on loopback that takes anybody's word."""
    command = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if command is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    with socket.create_server((LOOPBACK, 0)) as free:
        port = free.getsockname()[1]
    told = [f"listener {port} {LOOPBACK}", f"user {getpass.getuser()}", "allow_anonymous true"]
    (tmp_path / "broker.conf").write_text("\n".join(told) + "\n")
    process = subprocess.Popen(
        [command, "-c", tmp_path / "broker.conf"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield port
    process.terminate()
    process.wait(5.0)


class Detector:
    """A detector of Remote ID that publishes a drone, and its pilot, twice a second."""

    def __init__(self, port: int) -> None:
        from paho.mqtt import client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.connect_async(LOOPBACK, port)
        self._client.loop_start()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.feed = f"remote-id:mqtt://{LOOPBACK}:{port}/odid/#"

    def _run(self) -> None:
        while not self._ended.wait(0.5):
            now_s = time.time()
            east = (now_s % 1000.0) * 5e-5
            document = {"id": SERIAL, "time_s": now_s, "lat": LAT, "lon": LON + east,
                        "height_m": 600.0, "pilot_lat": 47.19, "pilot_lon": 8.74}  # fmt: skip
            self._client.publish("odid/1", json.dumps(document))

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(5.0)
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(params=["capture", "broker"])
def drone_feed(request, playing):
    """Return a feed with a drone that tells its pilot: the real one, or one over a broker."""
    if request.param == "capture":
        return f"remote-id:pcap:{request.getfixturevalue('recording')(PARROT)}"
    return playing(Detector, request.getfixturevalue("mosquitto")).feed


def degrees_in(element):
    """Return latitude and longitude as they are written."""
    return [float(part) for part in re.findall(r"\d+\.\d{3,}", element.inner_text())]


def test_the_pilot_of_a_drone_is_shown_and_the_drone_authorised(drone_feed, listened):
    stage, page = listened(drone_feed, tracks=1)
    watch = page.locator("#panel-watch")
    page.locator("#panel-watch-tab").click()
    pilots = watch.locator("table.drones").nth(1).locator("tbody tr")
    expect(pilots).to_have_count(1, timeout=30_000)
    address = remote_id_address(SERIAL)
    expect(pilots).to_contain_text(f"Remote ID {address:012X}")
    shown = degrees_in(pilots)
    expect(pilots.locator(".time").first).to_have_text(re.compile(r"\d"), timeout=20_000)
    track = pilots.locator(".time").first.inner_text()
    page.keyboard.press("/")
    page.keyboard.type(track)
    page.keyboard.press("Enter")
    details = page.locator("#panel-details")
    expect(details).to_contain_text(f"{address:012X}")
    pilot = details.locator("div", has_text=re.compile("^Pilot")).last
    expect(pilot).to_contain_text("° N")
    walked = degrees_in(pilot)  # the pilot may have moved meanwhile
    details.get_by_label("Note on the authorised drone").fill("river survey")
    details.get_by_role("button", name="Mark as authorised").click()
    page.locator("#panel-watch-tab").click()
    drones = watch.locator("table.drones").first.locator("tbody tr")
    expect(drones).to_contain_text(f"river survey, by {OPERATOR}")
    recording = stage.recording(page)
    notes = [r for r in recording.statuses.to_pylist() if r["kind"] == "pilot"]
    assert {row["source"] for row in notes} == {str(address)}
    said = [[float(part) for part in row["note"].split(",")] for row in notes]
    for place in (shown, walked):
        assert any(place == pytest.approx(where, abs=6e-5) for where in said), place
    acts = [
        (act["person"], act["verb"], act["subject"], act["value"])
        for act in recording.acts.to_pylist()
    ]
    assert acts == [(OPERATOR, "authorise-drone", str(address), "river survey")]
