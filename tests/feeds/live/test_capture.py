"""Remote ID from a capture that grows, from a pipe, and from one that is finished."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter

import numpy as np
import pytest

from chowki.core.addresses import remote_id_address
from chowki.core.messages import Status
from chowki.feeds.live.clock import Clock
from chowki.feeds.pcap import packets
from chowki.feeds.remote_id import RemoteId
from chowki.kernels.geodesy import station_frame

PARROT = "remoteid/parrot_anafi4_real.pcapng"
PARROT_ADDRESS = remote_id_address("1588E040445AC004418")


def health(feeds):
    return feeds.sources()[0]


def heard(scans):
    return [scan for scan in scans if len(scan.detections)]


def frame():
    return station_frame(np.deg2rad(47.2), np.deg2rad(8.73), 0.0)


@pytest.fixture
def frames(recording):
    """Return packets of the real drone in flight."""
    captured = list(packets(recording(PARROT).read_bytes(), Counter()))
    return captured[len(captured) // 2 :]


@pytest.fixture
def positions(recording):
    theirs = RemoteId.detections(RemoteId(recording(PARROT)).reports(), frame())
    return set(zip(theirs.east_m, theirs.north_m, theirs.up_m, strict=True))


def test_a_finished_capture_is_played_as_if_it_came_now(
    recording, opened, until, scans_of, told, fast, positions
):
    """All of its two minutes, twenty times as fast: every position is one of the file's."""
    clock = fast(20.0)
    feeds = opened(f"remote-id:pcap:{recording(PARROT)}", clock=clock)
    events = until(feeds, seconds=125)
    looks = heard(scans_of(events))
    assert len(looks) > 100
    for scan in looks:
        d = scan.detections
        assert (d.east_m[0], d.north_m[0], d.up_m[0]) in positions
        assert d.address[0] == PARROT_ADDRESS
        assert -2.0 < scan.time_s - d.time_s[0] < 5.0
    pilots = [e for e in events if isinstance(e, Status) and e.kind == "pilot"]
    assert 18 <= len(pilots) <= 26
    assert {status.source for status in pilots} == {str(PARROT_ADDRESS)}
    until(feeds, lambda _: "played to its end" in health(feeds).note, 20)
    assert "played to its end" in health(feeds).note


def test_a_capture_that_grows_gives_what_is_added_and_not_what_it_held(
    captures, frames, opened, until, scans_of, tmp_path, positions
):
    """At the pace of the wall, because a file's time of change is the wall's."""
    clock = Clock()
    path = tmp_path / "growing.pcap"
    at_s = clock.now()
    path.write_bytes(captures.pcap([(at_s, p.data) for p in frames[:300]], link=127))
    feeds = opened(f"remote-id:pcap:{path}", clock=clock)
    before = until(feeds, seconds=1)
    assert scans_of(before) == [] or not heard(scans_of(before))
    octets = captures.pcap([(clock.now(), p.data) for p in frames[300:700]], link=127)[24:]
    with path.open("ab") as file:
        file.write(octets[:-7])
    events = until(feeds, lambda events: bool(heard(scans_of(events))), 3)
    with path.open("ab") as file:
        file.write(octets[-7:])
    (scan,) = heard(scans_of(events))
    d = scan.detections
    assert (d.east_m[0], d.north_m[0], d.up_m[0]) in positions
    assert d.address[0] == PARROT_ADDRESS
    assert health(feeds).state == "working"


def test_a_pipe_is_followed(captures, frames, opened, until, scans_of, tmp_path, clock, positions):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    feeds = opened(f"remote-id:pcap:{path}")
    sent = captures.pcap([(clock.now(), p.data) for p in frames[:400]], link=127)

    def write():
        with path.open("wb") as pipe:
            pipe.write(sent[:1_000])
            pipe.flush()
            time.sleep(0.05)
            pipe.write(sent[1_000:])
            time.sleep(0.3)

    writer = threading.Thread(target=write)
    writer.start()

    def named(events):
        return [s for s in heard(scans_of(events)) if PARROT_ADDRESS in s.detections.address]

    (scan,) = named(until(feeds, named, 20))  # once it has told its name
    d = scan.detections
    assert (d.east_m[-1], d.north_m[-1], d.up_m[-1]) in positions
    writer.join()


def test_a_capture_that_is_replaced_is_opened_anew(
    captures, frames, opened, until, scans_of, tmp_path
):
    clock, path = Clock(), tmp_path / "ring.pcap"
    path.write_bytes(captures.pcap([], link=127))
    feeds = opened(f"remote-id:pcap:{path}", clock=clock)
    until(feeds, seconds=1)
    other = tmp_path / "next.pcap"
    other.write_bytes(captures.pcap([], link=127))
    other.replace(path)
    time.sleep(1.0)
    with path.open("ab") as file:
        packed = captures.pcap([(clock.now(), p.data) for p in frames[:400]], link=127)
        file.write(packed[24:])
    assert heard(scans_of(until(feeds, lambda events: bool(heard(scans_of(events))), 4)))


def test_a_capture_that_is_not_there_yet_is_waited_for(opened, until, tmp_path, clock):
    feeds = opened(f"remote-id:pcap:{tmp_path / 'later.pcap'}")
    until(feeds, seconds=3)
    assert "no such file" in health(feeds).note
    assert health(feeds).state == "silent"


@pytest.mark.parametrize("content", [b"PK\3\4" * 20, b"MSG,3,1,1,406B90"])
def test_something_that_is_no_capture_is_told(opened, until, written, clock, content):
    feeds = opened(f"remote-id:pcap:{written('x.pcap', content)}")
    until(feeds, seconds=3)
    assert "no pcap or pcapng capture" in health(feeds).note


def test_a_damaged_capture_is_told_and_what_was_whole_enters(
    captures, frames, opened, until, scans_of, written
):
    clock = Clock()
    path = written("x.pcap", captures.pcap([], link=127))
    feeds = opened(f"remote-id:pcap:{path}", clock=clock)
    until(feeds, seconds=1)
    whole = captures.pcap([(clock.now(), p.data) for p in frames[:400]], link=127)[24:]
    with path.open("ab") as file:
        file.write(whole + b"\xff" * 64)
    events = until(feeds, lambda events: bool(heard(scans_of(events))), 4)
    assert heard(scans_of(events))
    until(feeds, lambda _: "contradicts itself" in health(feeds).note, 3)
    assert "contradicts itself" in health(feeds).note
