"""Captures: both formats, both byte orders, every cut; tshark counts the same packets."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.feeds.pcap import (
    TRUNCATED,
    CaptureReader,
    NotACapture,
    Packet,
    packets,
    sound,
    udp_payload,
    wifi_frame,
)

SENT = [(1_700_000_000.25 + i, bytes([i]) * (20 + i)) for i in range(5)]
RECORDINGS = [
    "asterix/asterix.pcap",
    "asterix/cat_001_002.pcap",
    "asterix/cat_034_048.pcap",
    "asterix/cat_062_065.pcap",
    "remoteid/odid_bt5_lr_sample.pcapng",
    "remoteid/odid_wifi_bcn_sample.pcap",
    "remoteid/odid_wifi_sample.pcap",
    "remoteid/parrot_anafi4_real.pcapng",
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        ("pcap", {}),
        ("pcap", {"nanoseconds": True}),
        ("pcapng", {}),
        ("pcapng", {"exponent": 9}),
        ("pcapng", {"exponent": 0x80 | 20}),
        ("pcapng", {"offset_s": 1_600_000_000}),
    ],
)
def test_every_format_gives_the_packets_that_went_in(captures, make, options, order):
    skipped = Counter()
    content = getattr(captures, make)(SENT, order=order, **options)
    found = list(packets(content, skipped))
    assert [p.data for p in found] == [data for _, data in SENT]
    assert [p.time_s for p in found] == pytest.approx([t for t, _ in SENT], abs=2e-6)
    assert not skipped


@pytest.mark.parametrize("name", ["pcap", "pcapng"])
def test_a_cut_at_any_octet_gives_the_whole_packets_before_it(captures, name):
    make = getattr(captures, name)
    whole = make(SENT)
    ends = {len(make(SENT[:n])): n for n in range(6)}
    for cut in range(len(make([])), len(whole)):
        skipped = Counter()
        found = list(packets(whole[:cut], skipped))
        assert len(found) == max(n for end, n in ends.items() if end <= cut)
        assert skipped == ({} if cut in ends else {TRUNCATED: 1})


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 11, b"\xa1\xb2\xc3\xd4" + b"\0" * 10, b"PK\3\4" * 9]
)
def test_anything_else_is_no_capture(content):
    with pytest.raises(NotACapture):
        list(packets(content, Counter()))


@pytest.mark.parametrize("name", RECORDINGS)
def test_tshark_counts_the_same_packets_and_times(recording, name):
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    path = recording(name)
    said = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch", "-e", "frame.cap_len"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    found = list(packets(path.read_bytes(), Counter()))
    assert [len(p.data) for p in found] == [int(n) for n in said[1::2]]
    assert [p.time_s for p in found] == pytest.approx([float(t) for t in said[::2]], abs=1e-6)


def test_the_payload_is_found_behind_every_header(captures):
    payload = b"\x30\x00\x05hi"
    for frame in (
        captures.udp(payload),
        captures.udp(payload, vlan=True),
        captures.udp(payload, version=6),
        captures.udp(payload, vlan=True, version=6),
    ):
        assert udp_payload(Packet(0.0, 1, frame)) == payload
    assert udp_payload(Packet(0.0, 101, captures.udp(payload)[14:])) == payload
    cooked = b"\0" * 14 + captures.udp(payload)[12:]
    assert udp_payload(Packet(0.0, 113, cooked)) == payload


def test_tcp_fragments_and_other_links_have_no_payload(captures):
    frame = bytearray(captures.udp(b"hello"))
    frame[14 + 9] = 6
    assert udp_payload(Packet(0.0, 1, bytes(frame))) is None
    frame = bytearray(captures.udp(b"hello"))
    frame[14 + 6] = 0x20
    assert udp_payload(Packet(0.0, 1, bytes(frame))) is None
    assert udp_payload(Packet(0.0, 127, captures.udp(b"hello"))) is None


def test_udp_payloads_of_the_recording_are_those_of_tshark(recording):
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    path = recording("asterix/cat_034_048.pcap")
    said = subprocess.run(
        ["tshark", "-r", str(path), "-T", "fields", "-e", "udp.payload"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    found = [udp_payload(p) for p in packets(path.read_bytes(), Counter())]
    assert [f.hex() for f in found] == said


def test_a_radio_frame_with_a_flipped_bit_is_not_sound(recording):
    found = packets(recording("remoteid/parrot_anafi4_real.pcapng").read_bytes(), Counter())
    packet = next(found)
    assert sound(packet)
    assert (
        len(wifi_frame(packet)) == len(packet.data) - struct.unpack("<H", packet.data[2:4])[0] - 4
    )
    flipped = bytearray(packet.data)
    flipped[-20] ^= 1
    assert not sound(packet._replace(data=bytes(flipped)))


@settings(max_examples=300)
@given(st.binary(max_size=400), st.sampled_from([1, 101, 105, 113, 127, 272, 7]))
def test_any_octets_give_packets_or_nothing(captures, octets, link):
    for start in (b"", captures.pcap([])[:24], captures.pcapng([])):
        try:
            for packet in packets(start + octets, Counter()):
                udp_payload(packet)
        except NotACapture:
            assert not start
    packet = Packet(0.0, link, octets)
    udp_payload(packet), wifi_frame(packet), sound(packet)


@pytest.mark.parametrize("name", ["pcap", "pcapng"])
@pytest.mark.parametrize("piece", [1, 7, 64])
def test_a_capture_that_grows_gives_each_packet_once_it_is_whole(captures, name, piece):
    make = getattr(captures, name)
    whole = make(SENT)
    reader, found = CaptureReader(Counter()), []
    for at in range(0, len(whole), piece):
        found += reader.take(whole[at : at + piece])
        ends = sum(len(make(SENT[:n])) <= at + piece for n in range(1, 6))
        assert len(found) == ends
    assert [p.data for p in found] == [data for _, data in SENT]
    assert not reader.broken


def test_a_capture_that_contradicts_itself_is_left_at_that_place(captures):
    skipped = Counter()
    reader = CaptureReader(skipped)
    good = captures.pcap(SENT[:2])
    found = list(reader.take(good + b"\xff" * 40))
    assert (len(found), reader.broken, skipped) == (2, True, {TRUNCATED: 1})
    assert list(reader.take(captures.pcap(SENT)[24:])) == []
