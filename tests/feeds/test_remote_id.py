"""Remote ID: frames counted by tshark, messages against the standard's layout, the real drone."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
from collections import Counter

import numpy as np
import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.addresses import remote_id_address
from chowki.core.errors import FeedError
from chowki.core.messages import Status
from chowki.core.records import AddressKind
from chowki.feeds.open_drone_id import (
    BasicId,
    Location,
    OperatorId,
    SelfId,
    System,
    odid_payload,
    said,
)
from chowki.feeds.pcap import Packet, packets, sound
from chowki.feeds.remote_id import RemoteId

PARROT = "remoteid/parrot_anafi4_real.pcapng"
BLUETOOTH = "remoteid/odid_bt5_lr_sample.pcapng"
BEACON = "remoteid/odid_wifi_bcn_sample.pcap"
NAN = "remoteid/odid_wifi_sample.pcap"
GEOD = pyproj.Geod(ellps="WGS84")


def frames(path):
    return [p for p in packets(path.read_bytes(), Counter()) if odid_payload(p)]


def tshark(path, display_filter, *fields):
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    wanted = [word for field in fields for word in ("-e", field)]
    return subprocess.run(
        ["tshark", "-r", path, "-Y", display_filter, "-T", "fields", *wanted],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip


@pytest.mark.parametrize(("name", "count"), [(PARROT, 1_140), (BEACON, 21), (NAN, 42)])
def test_the_known_number_of_frames_is_found(recording, name, count):
    assert len(frames(recording(name))) == count


@pytest.mark.parametrize(
    ("name", "display_filter", "number"),
    [
        (PARROT, "wlan.tag.oui == 0xfa0bbc", 1_140),
        (BEACON, "wlan.tag.oui == 0xfa0bbc", 21),
        (NAN, "wlan.tag.oui == 0xfa0bbc || wlan.fixed.publicact == 9", 42),
        (BLUETOOTH, "btcommon.eir_ad.entry.uuid_16 == 0xfffa", 273),
    ],
)
def test_tshark_finds_the_same_frames(recording, name, display_filter, number):
    path = recording(name)
    theirs = {float(t) for t in tshark(path, display_filter, "frame.time_epoch")}
    ours = {p.time_s for p in frames(path)}
    assert len(theirs) == number
    # Of the Bluetooth sample's 273, one has a broken header (and a wrong checksum): tshark guesses.
    assert len(ours) == number - (name == BLUETOOTH)
    assert all(min(abs(t - u) for u in theirs) < 1e-6 for t in ours)


def test_tshark_agrees_on_which_checksums_are_wrong(recording):
    path = recording(BLUETOOTH)
    bad = tshark(path, "nordic_ble.crcok == 0", "frame.time_epoch")
    ours = [p for p in packets(path.read_bytes(), Counter()) if not sound(p)]
    assert len(ours) == len(bad) == 30


def test_the_real_drone_is_where_it_was(recording, scans):
    feed = RemoteId(recording(PARROT))
    looks = scans(feed)
    (address,) = {report.address for report in feed.reports()}
    assert all(
        GEOD.inv(8.730, 47.199, report.lon_deg, report.lat_deg)[2] < 60.0
        for report in feed.reports()
    )
    yielded = sum(len(scan.detections) for scan in looks)
    assert yielded + sum(feed.skipped.values()) == feed.frames == 1_140
    assert feed.skipped["on the ground"] == 15
    assert address >= 0
    assert looks[0].detections.address_kind[0] == AddressKind.REMOTE_ID
    assert looks[-1].time_s - looks[0].time_s == pytest.approx(121.0, abs=1.0)
    lag = np.array([scan.time_s - scan.detections.time_s[0] for scan in looks if scan.detections])
    assert np.all((lag > -1.0) & (lag < 3.0))


def test_the_bluetooth_drone_had_no_position_and_that_is_said(recording):
    feed = RemoteId(recording(BLUETOOTH))
    with pytest.raises(FeedError, match="30 frame with a wrong checksum, 222 location without"):
        feed.first_fix()
    names = {
        message.name
        for packet in frames(recording(BLUETOOTH))
        if sound(packet)
        for message in said(odid_payload(packet)[1])
        if isinstance(message, BasicId) and message.name
    }
    assert names == {"SSEVTFG93700070"}


def test_the_beacon_drone_flies_with_its_own_speed(recording, scans):
    feed = RemoteId(recording(BEACON))
    (address,) = {int(a) for scan in scans(feed) for a in scan.detections.address}
    assert address == remote_id_address("MFG1A0123456789")
    for report in feed.reports():
        assert math.hypot(report.v_east_mps, report.v_north_mps) == pytest.approx(20.5)
        assert report.height_m == 237.0
        assert report.sigma_m == pytest.approx(30.0 / math.sqrt(2 * math.log(20)))


def test_without_a_name_the_radio_address_stands(recording, scans):
    feed = RemoteId(recording(NAN))
    (address,) = {int(a) for scan in scans(feed) for a in scan.detections.address}
    assert address == remote_id_address("84:cc:a8:60:43:24")


def location(lat=0.5, lon=-0.5, height=100.0, speed=10.0, direction=200, climb=-2.0, status=2):
    flags = status << 4 | (2 if direction >= 180 else 0)
    return struct.pack(
        "<BBBBbiiHHHBBHBx",
        0x12, flags, direction % 180, round(speed * 4), round(climb * 2),
        round(lat * 1e7), round(lon * 1e7), 0, round((height + 1000) * 2), 2000, 10, 0, 12_345, 0,
    )  # fmt: skip


def basic(name, id_type=1):
    return bytes([0x02, id_type << 4 | 2]) + name.encode().ljust(20, b"\0") + b"\0" * 3


def test_a_location_message_reads_as_written():
    (found,) = said(location())
    assert isinstance(found, Location)
    assert (found.lat_deg, found.lon_deg) == (0.5, -0.5)
    assert (found.geodetic_m, found.above_m) == (100.0, 0.0)
    assert math.isnan(found.pressure_m)
    assert (found.direction_deg, found.speed_mps, found.climb_mps) == (200.0, 10.0, -2.0)
    assert found.since_hour_s == pytest.approx(1234.5)
    (fast,) = said(location()[:1] + b"\x21" + location()[2:])
    assert fast.speed_mps == 40 * 0.75 + 63.75


def test_a_pack_holds_each_kind():
    operator = b"\x52\x00" + b"OP-1".ljust(23, b"\0")
    words = b"\x32\x00" + b"survey".ljust(23, b"\0")
    system = struct.pack("<BBii", 0x42, 0, 300_000_000, 740_000_000).ljust(25, b"\0")
    pack = bytes([0xF2, 25, 5]) + basic("X1") + location() + words + system + operator
    kinds = [type(message) for message in said(pack)]
    assert kinds == [BasicId, Location, SelfId, System, OperatorId]
    assert list(said(pack))[4] == OperatorId("OP-1")
    assert list(said(pack))[3] == System(30.0, 74.0)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x12",
        location()[:24],
        bytes([0xF2, 24, 1]) + location(),
        bytes([0xF2, 25, 10]),
        b"\xf2",
    ],
)
def test_a_broken_payload_is_one_unreadable_message(payload):
    assert list(said(payload)) == [None]


def test_a_pack_in_a_pack_is_not_followed():
    pack = bytes([0xF2, 25, 1]) + bytes([0xF2, 25, 1]) + location()[:22]
    assert list(said(pack)) == [None]


@settings(max_examples=300)
@given(st.binary(max_size=120), st.sampled_from([105, 127, 272]))
def test_any_octets_are_a_frame_or_nothing(octets, link):
    for data in (octets, b"\x80" + octets, b"\0\0\x08\0\0\0\0\0\xd0" + octets):
        found = odid_payload(Packet(0.0, link, data))
        for message in said(found[1] if found else octets):
            assert message is None or isinstance(
                message, BasicId | Location | SelfId | System | OperatorId
            )


def test_another_file_is_an_error(recording, written):
    with pytest.raises(FeedError, match="a pcap or pcapng capture is needed"):
        RemoteId(recording("adsb/aircraft.json")).first_fix()
    with pytest.raises(FeedError, match="no usable position report"):
        RemoteId(recording("asterix/asterix.pcap")).first_fix()


def system(lat=30.0, lon=74.0, kind=1, height=210.5, since_2019_s=200_000_000):
    """Return a system message as ASTM F3411-22a, table 9, lays it out."""
    place = struct.pack("<BBii", 0x42, kind, round(lat * 1e7), round(lon * 1e7))
    area = struct.pack("<HBHHB", 1, 0, 2000, 2000, 0)
    return place + area + struct.pack("<HIx", round((height + 1000) * 2), since_2019_s)


def test_a_system_message_says_where_the_pilot_is_and_when():
    (found,) = said(system())
    # 200,000,000 s after 2019-01-01T00:00:00Z is 2025-05-03T19:33:20Z
    assert found == System(30.0, 74.0, 1, 210.5, 1_746_300_800.0)
    (nobody,) = said(system(lat=0.0, lon=0.0, height=-1000.0, since_2019_s=0))
    assert all(math.isnan(v) for v in (nobody.lat_deg, nobody.height_m, nobody.time_s))


def test_the_real_pilot_is_told_every_five_seconds(recording, read):
    feed = RemoteId(recording(PARROT))
    events = read(feed)
    told = [event for event in events if isinstance(event, Status)]
    (address,) = {report.address for report in feed.reports()}
    assert {(status.kind, status.source) for status in told} == {("pilot", str(address))}
    for status in told:
        lat, lon = (float(part) for part in status.note.split(","))
        assert GEOD.inv(8.730, 47.199, lon, lat)[2] < 100.0
    gaps = np.diff([status.time_s for status in told])
    assert 20 <= len(told) <= 25  # 122 s
    assert np.all(gaps >= 5.0)
    times = [event.time_s for event in events]
    assert times == sorted(times)
