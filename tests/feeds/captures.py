"""Captures, datagrams and radars made up for tests: encoders apart from the readers."""

from __future__ import annotations

import math
import struct


def pcap(packets, link=1, order="<", nanoseconds=False, snap=65535):
    """Return a classic capture of (time_s, data)."""
    magic = 0xA1B23C4D if nanoseconds else 0xA1B2C3D4
    unit = 1e9 if nanoseconds else 1e6
    out = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)
    for time_s, data in packets:
        fraction = round((time_s % 1.0) * unit)
        out += struct.pack(order + "IIII", int(time_s), fraction, len(data), len(data)) + data
    return out


def pcapng(packets, link=1, order="<", exponent=None, offset_s=0):
    """Return a capture in blocks, one interface."""

    def block(kind, body):
        body += b"\0" * (-len(body) % 4)
        length = len(body) + 12
        return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)

    options = b""
    if exponent is not None:
        options += struct.pack(order + "HHB3x", 9, 1, exponent)
    if offset_s:
        options += struct.pack(order + "HHq", 14, 8, offset_s)
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack(order + "HHI", link, 0, 0) + options)
    unit = 10.0 ** (exponent if exponent is not None and exponent < 128 else 6)
    if exponent is not None and exponent >= 128:
        unit = 2.0 ** (exponent - 128)
    for time_s, data in packets:
        ticks = round((time_s - offset_s) * unit)
        head = struct.pack(
            order + "IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(data), len(data)
        )
        out += block(6, head + data)
    return out


def udp(payload, vlan=False, version=4):
    """Return an Ethernet frame with a UDP datagram."""
    datagram = struct.pack(">HHHH", 4001, 4001, 8 + len(payload), 0) + payload
    if version == 4:
        head = struct.pack(
            ">BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(datagram),
            0,
            0,
            9,
            17,
            0,
            b"\x0a\0\0\1",
            b"\x0a\0\0\2",
        )
    else:
        head = struct.pack(">IHBB", 6 << 28, len(datagram), 17, 9) + b"\0" * 32
    kind = b"\x08\x00" if version == 4 else b"\x86\xdd"
    tag = b"\x81\x00\x00\x05" if vlan else b""
    return b"\xff" * 12 + tag + kind + head + datagram + b"\0" * max(0, 18 - len(payload))


def block(category, *records):
    content = b"".join(records)
    return bytes([category]) + (len(content) + 3).to_bytes(2, "big") + content


def plot(
    time_s,
    range_m,
    azimuth_rad,
    *,
    sac=25,
    sic=201,
    level_m=math.nan,
    address=-1,
    squawk="",
    kind=0xA0,
):
    """Return a CAT048 record: items 010, 140, 020, 040 and, if given, 070, 090, 220."""
    presence = [0b11110001, 0b00000000]
    body = bytes([sac, sic])
    body += (round(time_s * 128) % (86400 * 128)).to_bytes(3, "big") + bytes([kind])
    body += round(range_m / 1852 * 256).to_bytes(2, "big")
    body += (round(azimuth_rad / (2 * math.pi) * 65536) % 65536).to_bytes(2, "big")
    if squawk:
        presence[0] |= 0b00001000
        body += int(squawk, 8).to_bytes(2, "big")
    if not math.isnan(level_m):
        presence[0] |= 0b00000100
        body += (round(level_m / 0.3048 / 25) & 0x3FFF).to_bytes(2, "big")
    if address >= 0:
        presence[1] |= 0b10000000
        body += address.to_bytes(3, "big")
    return bytes(presence) + body


def service(time_s, azimuth_rad, *, sac=25, sic=201, north=False, rotation_s=math.nan, site=None):
    """Return a CAT034 north or sector record, with rotation time and position if given."""
    presence = [0b11100000, 0]
    body = bytes([sac, sic, 1 if north else 2])
    body += (round(time_s * 128) % (86400 * 128)).to_bytes(3, "big")
    if not north:
        presence[0] |= 0b00010000
        body += bytes([round(azimuth_rad / (2 * math.pi) * 256) % 256])
    if not math.isnan(rotation_s):
        presence[0] |= 0b00001000
        body += round(rotation_s * 128).to_bytes(2, "big")
    if site is not None:
        presence[0] |= 1
        presence[1] |= 0b00010000
        lat, lon, height = site
        body += int(height).to_bytes(2, "big", signed=True)
        body += round(lat * 2**23 / 180).to_bytes(3, "big", signed=True)
        body += round(lon * 2**23 / 180).to_bytes(3, "big", signed=True)
    head = bytes(presence) if presence[0] & 1 else bytes(presence[:1])
    return head + body
