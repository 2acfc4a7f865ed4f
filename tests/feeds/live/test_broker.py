"""Remote ID from a broker that is not ours: mosquitto, as installed on the machine."""

from __future__ import annotations

import getpass
import json
import lzma
import shutil
import socket
import subprocess
import time

import numpy as np
import pytest

from chowki.core.addresses import remote_id_address
from chowki.core.messages import Status
from chowki.feeds.live import broker as broker_module
from chowki.feeds.live.positions import OFF_TIME
from chowki.feeds.remote_id import RemoteId
from chowki.kernels.geodesy import station_frame

PARROT = "remoteid/parrot_anafi4_real.pcapng"


@pytest.fixture
def mosquitto(tmp_path):
    """Return a function that starts a broker on a free port, by a configuration."""
    command = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if command is None:
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    running = []

    def start(*options, port=0):
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        configuration = tmp_path / f"{port}.conf"
        told = [f"listener {port} 127.0.0.1", f"user {getpass.getuser()}", *options]
        configuration.write_text("\n".join(told) + "\n")
        running.append(
            subprocess.Popen([command, "-c", configuration], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
        )  # fmt: skip
        _wait_for(port)
        return port, running[-1]

    yield start
    for process in running:
        process.terminate()
        process.wait(5.0)


def _wait_for(port):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the broker did not start")


@pytest.fixture
def detector():
    """Return a function that publishes to a broker, as detectors do."""
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    clients = []

    def connect(port, **login):
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if login:
            client.username_pw_set(login["user"], login["password"])
        client.connect("127.0.0.1", port)
        client.loop_start()
        clients.append(client)

        def say(topic, document):
            payload = document if isinstance(document, bytes) else json.dumps(document)
            client.publish(topic, payload).wait_for_publish(5.0)

        return say

    yield connect
    for client in clients:
        client.disconnect()
        client.loop_stop()


def health(feeds):
    return feeds.sources()[0]


def working(feeds):
    return bool(feeds.sources()) and health(feeds).state == "working"


def drone(now_s, **more):
    return {"id": "1588E040445AC004418", "time_s": now_s, "lat": 47.2, "lon": 8.73,
            "height_m": 600.0, "pilot_lat": 47.19, "pilot_lon": 8.74, **more}  # fmt: skip


def heard(scans):
    return [scan for scan in scans if len(scan.detections)]


ANYBODY = "allow_anonymous true"


def test_the_real_drone_over_mqtt_is_where_the_capture_has_it(
    recording, mosquitto, detector, opened, until, scans_of, clock
):
    port, _ = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: working(feeds))
    say = detector(port)
    recorded = RemoteId(recording(PARROT))
    reports = recorded.reports()[::80]
    for report in reports:
        say(
            "odid/roof/1",
            drone(clock.now(), lat=report.lat_deg, lon=report.lon_deg, height_m=report.height_m),
        )
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 1)
    frame = station_frame(np.deg2rad(47.2), np.deg2rad(8.73), 0.0)
    theirs = RemoteId.detections(reports, frame)
    known = set(zip(theirs.east_m, theirs.north_m, theirs.up_m, strict=True))
    for scan in heard(scans_of(events)):
        d = scan.detections
        assert (d.east_m[0], d.north_m[0], d.up_m[0]) in known
        assert d.address[0] == theirs.address[0] == remote_id_address("1588E040445AC004418")
    assert health(feeds).state == "working"


def test_the_pilot_is_told_at_most_every_five_seconds(
    mosquitto, detector, opened, until, clock, talking
):
    port, _ = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: working(feeds))
    say = detector(port)
    talking(lambda now_s: say("odid/1", drone(now_s)), 0.5)
    events = until(feeds, seconds=13)
    pilots = [e for e in events if isinstance(e, Status) and e.kind == "pilot"]
    assert 2 <= len(pilots) <= 3
    assert np.all(np.diff([status.time_s for status in pilots]) >= 5.0)
    assert {status.source for status in pilots} == {str(remote_id_address("1588E040445AC004418"))}
    assert [float(part) for part in pilots[0].note.split(",")] == [47.19, 8.74]


def test_quiet_is_normal_and_says_nothing_of_what_flies(
    mosquitto, opened, until, scans_of, told, fast
):
    port, _ = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#", clock=fast(30.0))
    events = until(feeds, seconds=60)
    assert told(events, "remote-id")[-1] == "working"
    assert health(feeds).note == "connected, nothing heard yet"
    assert scans_of(events) == []


def test_a_broker_that_goes_is_flagged_and_found_again(
    mosquitto, detector, opened, until, scans_of, told, clock
):
    port, process = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}")
    before = until(feeds, lambda _: working(feeds))
    process.terminate()
    process.wait(5.0)
    gone = until(feeds, lambda _: health(feeds).state == "degraded", 30)
    assert "no connection" in health(feeds).note
    mosquitto(ANYBODY, port=port)
    back = until(feeds, lambda _: working(feeds), 90)
    states = [state for events in (before, gone, back) for state in told(events, "remote-id")]
    assert states[-1] == "working"
    say = detector(port)
    say("any/topic", drone(clock.now()))
    assert heard(scans_of(until(feeds, lambda events: len(heard(scans_of(events))) >= 1)))


def test_a_broker_that_refuses_is_told(mosquitto, opened, until, clock):
    port, _ = mosquitto("allow_anonymous false")
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: "refuses" in feeds.sources()[0].note, 30)
    assert "not authori" in health(feeds).note
    assert health(feeds).state == "silent"


def test_a_name_and_a_password_are_given(mosquitto, opened, until, tmp_path):
    passwords = tmp_path / "passwords"
    if shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto_passwd is not installed: apt-get install mosquitto")
    subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "tower", "s@cret"], check=True)
    passwords.chmod(0o644)
    port, _ = mosquitto("allow_anonymous false", f"password_file {passwords}")
    feeds = opened(f"remote-id:mqtt://tower:s%40cret@127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: working(feeds), 30)
    assert working(feeds)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"nonsense", "message that is no JSON object"),
        (b'{"lat": ', "message that is no JSON object"),
        (lzma.compress(b"x" * 200_000), "message larger than 64 KiB, or badly compressed"),
        (lzma.compress(b"{}")[:-9] + b"\0" * 9, "message larger than 64 KiB, or badly compressed"),
        (json.dumps(drone(1.0)).encode(), OFF_TIME),
    ],
)
def test_a_bad_message_is_counted_and_the_others_enter(
    mosquitto, detector, opened, until, scans_of, clock, payload, reason
):
    port, _ = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: working(feeds))
    say = detector(port)
    say("odid/1", payload)
    for _ in range(3):
        say("odid/1", lzma.compress(json.dumps(drone(clock.now())).encode()))
    events = until(feeds, lambda events: len(heard(scans_of(events))) >= 1)
    assert len(heard(scans_of(events))[0].detections) == 1
    assert health(feeds).skipped[reason] == 1


def test_a_message_that_is_too_large_is_never_sent_here(
    mosquitto, detector, opened, until, scans_of, clock
):
    """The broker was told, so the connection stands and nothing of it arrives."""
    port, _ = mosquitto(ANYBODY)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#")
    until(feeds, lambda _: working(feeds))
    say = detector(port)
    say("odid/1", b"x" * 1_000_000)
    say("odid/1", drone(clock.now()))
    until(feeds, lambda events: len(heard(scans_of(events))) >= 1)
    assert feeds._sources[0].meter.heard == 1
    assert feeds._sources[0].meter.losses == 0


def test_one_who_floods_a_broker_is_dropped_and_flagged(
    mosquitto, detector, opened, until, told, fast, talking
):
    port, _ = mosquitto(ANYBODY, "max_queued_messages 0")
    clock = fast(2.0)
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{port}/odid/#", clock=clock)
    until(feeds, lambda _: working(feeds))
    from paho.mqtt import client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)

    def pour(now_s):
        for _ in range(400):
            client.publish("odid/1", json.dumps(drone(now_s)))
        client.loop(0.0)

    talking(pour, 0.1, clock)
    began_s = time.perf_counter()
    until(feeds, lambda _: "it floods" in health(feeds).note, 10)
    assert time.perf_counter() - began_s < 8.0
    assert "it floods" in health(feeds).note


def test_something_that_is_no_broker_is_told(line, opened, until, clock):
    server = line()
    feeds = opened(f"remote-id:mqtt://127.0.0.1:{server.port}/odid")
    server.answer()
    until(feeds, lambda _: "does not answer" in feeds.sources()[0].note, 30)
    assert "the broker does not answer" in health(feeds).note


def test_nothing_is_ever_published():
    """The wall: what listens to a broker has no word for sending to it."""
    from pathlib import Path

    assert "publish(" not in Path(broker_module.__file__).read_text(encoding="utf-8")
