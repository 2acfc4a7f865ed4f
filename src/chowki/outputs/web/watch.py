"""How the night watch stands, and what the page is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chowki.outputs.web.alarms import Alarm, Cover

Document = dict[str, Any]
Revision = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A place whose alarms are listed but not sounded: until when (UTC s), and by whom."""

    until_s: float
    person: str


@dataclass(frozen=True, slots=True)
class Authorised:
    """A drone that may fly: why, and who said so; nobody when the scenario lists it."""

    note: str
    person: str


@dataclass(frozen=True, slots=True)
class Pilot:
    """Where the pilot of a drone stands: degrees, and when that was received (UTC s)."""

    lat_deg: float
    lon_deg: float
    time_s: float


@dataclass(frozen=True, slots=True)
class Handover:
    """The note of whoever went off watch."""

    time_s: float
    person: str
    note: str


@dataclass(frozen=True, slots=True)
class Watch:
    """How the watch stands: a value.

    Attributes
    ----------
    alarms : mapping of int to Alarm
        By number: those not acknowledged, and those whose warning stands.
    covers : mapping of int to Cover
        Places that are to take cover.
    advised : mapping of int to int
        Place of each advisory that stands or is proposed, by number of the warning.
    alarmed_s : mapping of int to float
        When each place last gave an alarm, UTC seconds.
    shelved : mapping of int to Shelf
        By place; also those whose time is over.
    muted : mapping of str to float
        Until when (UTC s) each person has no sound.
    authorised : mapping of int to Authorised
        By Remote ID address.
    pilots : mapping of int to Pilot
        By Remote ID address.
    carried : mapping of int to (int, str)
        Track and call sign of each Remote ID address in the last picture.
    handover : Handover or None
        The last one.
    last_alarm : int
        Number of the last alarm.
    """

    alarms: Mapping[int, Alarm] = field(default_factory=dict)
    covers: Mapping[int, Cover] = field(default_factory=dict)
    advised: Mapping[int, int] = field(default_factory=dict)
    alarmed_s: Mapping[int, float] = field(default_factory=dict)
    shelved: Mapping[int, Shelf] = field(default_factory=dict)
    muted: Mapping[str, float] = field(default_factory=dict)
    authorised: Mapping[int, Authorised] = field(default_factory=dict)
    pilots: Mapping[int, Pilot] = field(default_factory=dict)
    carried: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    handover: Handover | None = None
    last_alarm: int = 0


def watch_part(watch: Watch, time_s: float, revision: Revision) -> Document:
    """Return what the state message tells of the watch at a time.

    Parameters
    ----------
    watch : Watch
        As it stood then.
    time_s : float
        UTC seconds.
    revision : callable
        Revision of a thing, by its key in ``Revisions``.
    """
    return {
        "alarms": [_alarm(one, revision) for one in watch.alarms.values()],
        "shelved": [
            {"place": place, "until_s": shelf.until_s, "person": shelf.person}
            for place, shelf in watch.shelved.items()
            if time_s < shelf.until_s
        ],
        "muted": [
            {"person": person, "until_s": until_s}
            for person, until_s in watch.muted.items()
            if time_s < until_s
        ],
        "authorised": [_drone(watch, *item) for item in watch.authorised.items()],
        "pilots": [_pilot(watch, *item) for item in watch.pilots.items()],
        "handover": _handover(watch.handover),
    }


def _alarm(one: Alarm, revision: Revision) -> Document:
    return {
        "alarm": one.number,
        "warning": one.warning,
        "place": one.place,
        "level": one.level,
        "raised_s": one.raised_s,
        "why": one.why,
        "inbound": one.inbound,
        "arrival_s": one.arrival_s,
        "seen": list(one.seen),
        "acknowledged_s": one.acknowledged_s,
        "acknowledged_by": one.acknowledged_by,
        "shelved": one.shelved,
        "over": one.over,
        "revision": revision(f"alarm/{one.number}"),
    }


def _drone(watch: Watch, address: int, one: Authorised) -> Document:
    track, callsign = watch.carried.get(address, (None, ""))
    name = callsign or f"Remote ID {address:012X}"
    told = {"address": address, "name": name, "note": one.note, "person": one.person}
    return told | {"track": track}


def _pilot(watch: Watch, address: int, one: Pilot) -> Document:
    track, _ = watch.carried.get(address, (None, ""))
    where = {"lat": one.lat_deg, "lon": one.lon_deg, "time_s": one.time_s}
    return {"address": address, "track": track} | where


def _handover(one: Handover | None) -> Document | None:
    if one is None:
        return None
    return {"time_s": one.time_s, "person": one.person, "note": one.note}
