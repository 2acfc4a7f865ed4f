"""Captured packets: pcap and pcapng, and the payloads of UDP and of 802.11 under radiotap.

Every length is checked against what is there before it is used; a file that ends within a
packet gives the packets before it and says so.

Sources: draft-ietf-opsawg-pcap (classic), draft-ietf-opsawg-pcapng (blocks), RFC 791, RFC 8200,
RFC 768, IEEE 802.3 and 802.1Q, radiotap.org, tcpdump.org/linktypes.html.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

LINK_ETHERNET = 1
LINK_RAW_IP = 101
LINK_80211 = 105
LINK_LINUX_COOKED = 113
LINK_RADIOTAP = 127
LINK_NORDIC_BLE = 272

LARGEST_PACKET = 1 << 18  # a capture's usual snapshot limit
LARGEST_BLOCK = 1 << 24  # of pcapng; options and name tables are far smaller

TRUNCATED = "capture ends within a packet"

# magic (big-endian reading) -> byte order, seconds in one unit of the fraction
_CLASSIC = {
    0xA1B2C3D4: (">", 1e-6),
    0xD4C3B2A1: ("<", 1e-6),
    0xA1B23C4D: (">", 1e-9),
    0x4D3CB2A1: ("<", 1e-9),
}
_SECTION = 0x0A0D0D0A
_INTERFACE, _SIMPLE, _ENHANCED = 1, 3, 6
_BYTE_ORDER = 0x1A2B3C4D
_FCS_AT_END, _BAD_FCS = 0x10, 0x40


class Packet(NamedTuple):
    """One captured packet: when, on what kind of link, what."""

    time_s: float
    link: int
    data: bytes


class NotACapture(ValueError):
    """The bytes don't begin as a pcap or pcapng file does."""


def packets(content: bytes, skipped: Counter[str]) -> Iterator[Packet]:
    """Yield the packets of a capture.

    Parameters
    ----------
    content : bytes
        The whole file.
    skipped : Counter of str
        Gets one more for each packet or block that can't be used.

    Raises
    ------
    NotACapture
        If it is neither pcap nor pcapng.
    """
    if len(content) < 12:
        raise NotACapture("shorter than any capture's header")
    magic = int.from_bytes(content[:4], "big")
    if magic in _CLASSIC and len(content) < 24:
        raise NotACapture("its header is cut off")
    if magic not in _CLASSIC and magic != _SECTION:
        raise NotACapture(f"it begins with {content[:4].hex()}")
    return _all_of(CaptureReader(skipped), content)


def _all_of(reader: CaptureReader, content: bytes) -> Iterator[Packet]:
    yield from reader.take(content)
    reader.end()


class CaptureReader:
    """Reads a capture piece by piece, as it grows.

    Parameters
    ----------
    skipped : Counter of str
        Gets one more for each packet or block that can't be used.

    Attributes
    ----------
    broken : bool
        True once the capture contradicts itself, so that nothing behind can be found.
    """

    def __init__(self, skipped: Counter[str]) -> None:
        self.broken = False
        self._skipped = skipped
        self._rest = b""
        self._step: Callable[[bytes, int], _Found | None] | None = None
        self._section = _Section("<", [])

    def take(self, piece: bytes) -> Iterator[Packet]:
        """Yield the packets that are whole with the next piece of the file.

        Raises
        ------
        NotACapture
            If it is neither pcap nor pcapng.
        """
        content, at = self._rest + piece, 0
        if self._step is None:
            at = self._begin(content)
        while self._step is not None and not self.broken and at < len(content):
            found = self._step(content, at)
            if found is None:
                break
            at += found.length
            if found.packet:
                yield found.packet
        self._rest = b"" if self.broken else content[at:]

    def end(self) -> None:
        """Count a packet that is not whole when the file ends."""
        if self._rest and not self.broken:
            self._break(TRUNCATED)

    def _begin(self, content: bytes) -> int:
        """Choose how to read by the first octets; return where packets begin."""
        if len(content) < 4:
            return 0
        magic = int.from_bytes(content[:4], "big")
        if magic == _SECTION:
            self._step = self._block
            return 0
        if magic not in _CLASSIC:
            raise NotACapture(f"it begins with {content[:4].hex()}")
        if len(content) < 24:
            return 0
        order, unit_s = _CLASSIC[magic]
        link = struct.unpack_from(order + "I", content, 20)[0] & 0xFFFF
        self._step = _classic(order, unit_s, link, self._break)
        return 24

    def _break(self, why: str) -> None:
        self._skipped[why] += 1
        self.broken = True

    def _block(self, content: bytes, at: int) -> _Found | None:
        """Return the block of pcapng that begins here, None while it is not whole."""
        if at + 12 > len(content):
            return None
        if content[at : at + 4] == b"\n\r\r\n":
            order = _order_of(content[at + 8 : at + 12])
            if order is None:
                self._break("pcapng section of unknown byte order")
                return None
            self._section = _Section(order, [])
        kind, length = struct.unpack_from(self._section.order + "II", content, at)
        if length < 12 or length % 4 or length > LARGEST_BLOCK:
            self._break(TRUNCATED)
            return None
        if at + length > len(content):
            return None
        body = content[at + 8 : at + length - 4]
        return _Found(length, _packet_of(self._section, kind, body, self._skipped))


class _Found(NamedTuple):
    """A packet or another block, and how many octets it takes in the file."""

    length: int
    packet: Packet | None


def _classic(
    order: str, unit_s: float, link: int, broken: Callable[[str], None]
) -> Callable[[bytes, int], _Found | None]:
    """Return what reads the packet of a classic capture that begins at a place."""
    header = struct.Struct(order + "IIII")

    def step(content: bytes, at: int) -> _Found | None:
        if at + 16 > len(content):
            return None
        seconds, fraction, length, _ = header.unpack_from(content, at)
        if length > LARGEST_PACKET:
            broken(TRUNCATED)
            return None
        if at + 16 + length > len(content):
            return None
        data = content[at + 16 : at + 16 + length]
        return _Found(16 + length, Packet(seconds + fraction * unit_s, link, data))

    return step


@dataclass(slots=True)
class _Section:
    """What a pcapng section has said so far: byte order, and link and clock of each interface."""

    order: str
    interfaces: list[tuple[int, float, int]]  # link type, seconds in a unit, offset in seconds


def _order_of(mark: bytes) -> str | None:
    for order in ("<", ">"):
        if len(mark) == 4 and struct.unpack(order + "I", mark)[0] == _BYTE_ORDER:
            return order
    return None


def _packet_of(section: _Section, kind: int, body: bytes, skipped: Counter[str]) -> Packet | None:
    """Return the packet of a block; take note of an interface; leave other blocks alone."""
    if kind == _INTERFACE:
        section.interfaces.append(_interface(section.order, body))
        return None
    if kind == _SIMPLE:
        skipped["packet without a time"] += 1
        return None
    if kind != _ENHANCED:
        return None
    if len(body) < 20:
        skipped["packet block too short"] += 1
        return None
    which, high, low, captured, _ = struct.unpack_from(section.order + "5I", body)
    if which >= len(section.interfaces) or captured > min(len(body) - 20, LARGEST_PACKET):
        skipped["packet block that contradicts itself"] += 1
        return None
    link, unit_s, offset_s = section.interfaces[which]
    time_s = ((high << 32) | low) * unit_s + offset_s
    return Packet(time_s, link, body[20 : 20 + captured])


def _interface(order: str, body: bytes) -> tuple[int, float, int]:
    """Return link type, time unit and time offset of an interface description."""
    if len(body) < 8:
        return -1, 1e-6, 0
    link = struct.unpack_from(order + "H", body)[0]
    unit_s, offset_s = 1e-6, 0
    at = 8
    while at + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + length]
        if code == 0 or len(value) < length:
            break
        if code == 9 and length == 1:
            unit_s = 2.0 ** -(value[0] & 0x7F) if value[0] & 0x80 else 10.0 ** -value[0]
        if code == 14 and length == 8:
            offset_s = struct.unpack(order + "q", value)[0]
        at += 4 + length + (-length) % 4
    return link, unit_s, offset_s


def udp_payload(packet: Packet) -> bytes | None:
    """Return the payload of a UDP datagram over Ethernet, Linux cooked or raw IP; None for others.

    A fragment is not put together again: only whole datagrams count.
    """
    data = packet.data
    if packet.link == LINK_RAW_IP:
        return _ip_payload(data)
    if packet.link == LINK_LINUX_COOKED:
        return _ip_payload(data[16:]) if data[14:16] in {b"\x08\x00", b"\x86\xdd"} else None
    if packet.link != LINK_ETHERNET:
        return None
    at = 12
    while data[at : at + 2] in {b"\x81\x00", b"\x88\xa8"}:
        at += 4
    if data[at : at + 2] not in {b"\x08\x00", b"\x86\xdd"}:
        return None
    return _ip_payload(data[at + 2 :])


def _ip_payload(data: bytes) -> bytes | None:
    if len(data) < 20:
        return None
    version = data[0] >> 4
    if version == 4:
        header, total = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
        fragment = int.from_bytes(data[6:8], "big") & 0x3FFF
        if data[9] != 17 or fragment or header < 20:
            return None
        return _udp(data[header : max(total, header)])
    if version == 6 and len(data) >= 40 and data[6] == 17:
        return _udp(data[40 : 40 + int.from_bytes(data[4:6], "big")])
    return None


def _udp(data: bytes) -> bytes | None:
    if len(data) < 8:
        return None
    length = int.from_bytes(data[4:6], "big")
    return data[8:length] if 8 <= length <= len(data) else None


def wifi_frame(packet: Packet) -> bytes | None:
    """Return an 802.11 frame without radiotap header and check sequence; None for others."""
    data = packet.data
    if packet.link == LINK_80211:
        return data
    length = _radiotap_length(packet)
    if not length:
        return None
    return data[length:-4] if _radiotap_flags(data[:length]) & _FCS_AT_END else data[length:]


def sound(packet: Packet) -> bool:
    """Return whether a radio frame's checksum is right; True where none was captured.

    An 802.11 check sequence is worked out again (IEEE 802.3 CRC-32); of Bluetooth, Nordic's
    sniffer says whether the CRC was right.
    """
    if packet.link == LINK_NORDIC_BLE:
        return len(packet.data) > 8 and bool(packet.data[8] & 1)
    length = _radiotap_length(packet)
    flags = _radiotap_flags(packet.data[:length]) if length else 0
    if flags & _BAD_FCS:
        return False
    if not flags & _FCS_AT_END:
        return True
    frame = packet.data[length:]
    return zlib.crc32(frame[:-4]) == int.from_bytes(frame[-4:], "little")


def _radiotap_length(packet: Packet) -> int:
    """Return the octets of a radiotap header, 0 when there is no whole one."""
    if packet.link != LINK_RADIOTAP or len(packet.data) < 8:
        return 0
    length = int.from_bytes(packet.data[2:4], "little")
    return length if 8 <= length <= len(packet.data) else 0


def _radiotap_flags(header: bytes) -> int:
    """Return radiotap's flags field, 0 when the header has none."""
    present = int.from_bytes(header[4:8], "little")
    at = 8
    while int.from_bytes(header[at - 4 : at], "little") & 0x8000_0000 and at + 4 <= len(header):
        at += 4
    if present & 1:  # time in microseconds, aligned to eight
        at = (at + 7) // 8 * 8 + 8
    return header[at] if present & 2 and at < len(header) else 0
