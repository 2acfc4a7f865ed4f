"""What ASTERIX records say: plots of CAT048 and service messages of CAT034, in SI units.

Items are named as in EUROCONTROL-SPEC-0149-4 (CAT048) and SPEC-0149-2b (CAT034).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from chowki.core.units import FLIGHT_LEVEL_M, NAUTICAL_MILE_M
from chowki.feeds.asterix_decode import Record, blocks, records

DAY_S = 86_400.0
REPEAT_WINDOW = 256  # blocks; a second network path delivers its copy well within

_RANGE_LSB_M = NAUTICAL_MILE_M / 256.0
_AZIMUTH_LSB_RAD = 2.0 * math.pi / 65_536.0
_LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ     " + " " * 16 + "0123456789      "


class Site(NamedTuple):
    """Position of a radar as it states it (I034/120)."""

    lat_deg: float
    lon_deg: float
    height_m: float


class Message(NamedTuple):
    """One plot, or one north or sector message, of one radar.

    ``range_m`` is NaN for a service message; ``level_m`` is the pressure height (flight level),
    NaN when not told; ``rotation_s`` and ``site`` come with service messages only.
    """

    received_s: float
    radar: tuple[int, int]
    time_s: float
    azimuth_rad: float
    range_m: float = math.nan
    level_m: float = math.nan
    address: int = -1
    callsign: str = ""
    squawk: int = -1
    rotation_s: float = math.nan
    site: Site | None = None

    @property
    def is_plot(self) -> bool:
        """Return whether this is a plot."""
        return not math.isnan(self.range_m)


def messages(payloads: Iterator[tuple[float, bytes]], skipped: Counter[str]) -> Iterator[Message]:
    """Yield the messages of datagrams, with time of day not yet made into UTC.

    Parameters
    ----------
    payloads : iterator of (float, bytes)
        Time of receipt (NaN when not known) and content of each datagram or raw file.
    skipped : Counter of str
        Gets what is left out, by reason. Blocks that repeat a recent one are left out.
    """
    recent: dict[tuple[int, bytes], None] = {}
    for received_s, payload in payloads:
        for category, content in blocks(payload, skipped):
            if (category, content) in recent:
                skipped["block repeated"] += 1
                continue
            recent[category, content] = None
            if len(recent) > REPEAT_WINDOW:
                del recent[next(iter(recent))]
            for record in records(category, content, skipped):
                message = _message(received_s, record, skipped)
                if message:
                    yield message


def _message(received_s: float, record: Record, skipped: Counter[str]) -> Message | None:
    items = record.items
    fault = _fault(record)
    if fault:
        skipped[fault] += 1
        return None
    radar = (items["010"][0], items["010"][1])
    if record.category == 34:
        return _service(received_s, radar, items)
    rho = int.from_bytes(items["040"][:2], "big")
    theta = int.from_bytes(items["040"][2:], "big")
    return Message(
        received_s,
        radar,
        time_of_day(items["140"]),
        theta * _AZIMUTH_LSB_RAD,
        rho * _RANGE_LSB_M,
        flight_level(items.get("090")),
        int.from_bytes(items["220"], "big") if "220" in items else -1,
        identification(items.get("240")),
        mode_3a(items.get("070")),
    )


def _fault(record: Record) -> str | None:
    """Return why a record tells nothing of a real aircraft or antenna, or None."""
    items = record.items
    if "010" not in items:
        return f"record of category {record.category} without SAC/SIC"
    if ("030" if record.category == 34 else "140") not in items:
        return f"record of category {record.category} without time of day"
    if record.category == 34:
        kind = items.get("000", b"\0")[0]
        return None if kind in {1, 2} else "service message that is neither north nor sector"
    if "040" not in items or not any(items["040"][:2]):
        return "plot without range and azimuth"
    described = items.get("020", b"\0")
    if described[0] & 0x10 or (len(described) > 1 and described[1] & 0x80):
        return "simulated or test plot"
    return "plot of a field monitor" if described[0] & 0x02 else None


def _service(received_s: float, radar: tuple[int, int], items: dict[str, bytes]) -> Message:
    north = items["000"][0] == 1
    sector = 0 if north or "020" not in items else items["020"][0]
    rotation = int.from_bytes(items["041"], "big") / 128.0 if "041" in items else math.nan
    return Message(
        received_s,
        radar,
        time_of_day(items["030"]),
        sector * (2.0 * math.pi / 256.0),
        rotation_s=rotation or math.nan,
        site=_site(items["120"]) if "120" in items else None,
    )


def _site(octets: bytes) -> Site | None:
    """Return the position in I034/120; None when it is not on the earth."""
    lat = int.from_bytes(octets[2:5], "big", signed=True) * (180.0 / 2**23)
    lon = int.from_bytes(octets[5:8], "big", signed=True) * (180.0 / 2**23)
    height_m = float(int.from_bytes(octets[:2], "big", signed=True))
    return Site(lat, lon, height_m) if abs(lat) <= 90.0 else None


def time_of_day(octets: bytes) -> float:
    """Return seconds since midnight UTC, 1/128 s the least step (I048/140, I034/030)."""
    return int.from_bytes(octets, "big") / 128.0


def flight_level(octets: bytes | None) -> float:
    """Return the pressure height in metres (I048/090), NaN when absent, garbled or not valid.

    Examples
    --------
    >>> round(flight_level(bytes.fromhex("0528")), 1)
    10058.4
    """
    if octets is None or octets[0] & 0xC0:
        return math.nan
    level = int.from_bytes(octets, "big") & 0x3FFF
    return (level - 0x4000 if level & 0x2000 else level) * 0.25 * FLIGHT_LEVEL_M


def mode_3a(octets: bytes | None) -> int:
    """Return the Mode 3/A code as its digits read (I048/070); -1 when absent, garbled or invalid.

    Examples
    --------
    >>> mode_3a(bytes.fromhex("0200")), mode_3a(bytes.fromhex("8200"))
    (1000, -1)
    """
    if octets is None or octets[0] & 0xC0:
        return -1
    return int(f"{int.from_bytes(octets, 'big') & 0x0FFF:o}")


def identification(octets: bytes | None) -> str:
    """Return the call sign: eight letters of six bits (I048/240, ICAO Annex 10 table 3-9)."""
    if octets is None:
        return ""
    bits = int.from_bytes(octets, "big")
    return "".join(_LETTERS[bits >> shift & 0x3F] for shift in range(42, -1, -6)).strip()


def days_between(time_of_day_s: float, near_s: float) -> float:
    """Return UTC seconds of a time of day: of the three days round a time, the nearest.

    Examples
    --------
    >>> days_between(86399.0, 86400.5) - 86400.5
    -1.5
    """
    midnight_s = near_s // DAY_S * DAY_S
    return min(
        (midnight_s + offset * DAY_S + time_of_day_s for offset in (-1.0, 0.0, 1.0)),
        key=lambda time_s: abs(time_s - near_s),
    )
