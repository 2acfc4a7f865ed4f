"""The night watch: alarms and what people did about them, authorised drones, pilots, handovers.

A fold over what was recorded, so that it is the same live, in a replay, and at any time one looks
back to. Acknowledging an alarm says that somebody knows; it changes nothing about the next one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from chowki.core.clock import format_clock
from chowki.core.codec import Conclusion
from chowki.core.messages import Act, Frame, Status
from chowki.core.places import Theatre
from chowki.core.records import AddressKind, Tracks, WarningLevel
from chowki.outputs.web.alarms import Alarm, AlarmFigures, Cover, inbound_of_each, look
from chowki.outputs.web.permissions import place_of
from chowki.outputs.web.watch import Authorised, Handover, Pilot, Shelf, Watch

ADVISED = (WarningLevel.ADVISORY, WarningLevel.PROPOSED_ADVISORY)
COVERED = (WarningLevel.TAKE_COVER, WarningLevel.PROPOSED_TAKE_COVER)


class NightWatch:
    """Takes recorded messages into a watch.

    Parameters
    ----------
    theatre : Theatre
        Places, and the drones that the scenario authorises.
    figures : AlarmFigures, optional
        When the alarm goes.
    """

    def __init__(self, theatre: Theatre, figures: AlarmFigures | None = None) -> None:
        self._names = tuple(place.name for place in theatre.places)
        self._listed = theatre.authorised_addresses
        self._figures = figures or AlarmFigures()

    def start(self) -> Watch:
        """Return the watch before the first message."""
        listed = {address: Authorised("listed from the start", "") for address in self._listed}
        return Watch(authorised=listed)

    def take(self, watch: Watch, message: Any) -> tuple[Watch, tuple[Alarm, ...]]:
        """Return the watch after a message, and the alarms that it raised.

        The same watch comes back when the message is nothing to it.
        """
        if isinstance(message, Conclusion):
            return self._conclude(watch, message)
        if isinstance(message, Act):
            return self._act(watch, message), ()
        if isinstance(message, Status) and message.kind == "pilot":
            return _with_pilot(watch, message), ()
        return watch, ()

    def status(self, alarm: Alarm) -> Status:
        """Return what goes into the journal of an alarm, by way of the inbox."""
        proposed = alarm.level == WarningLevel.PROPOSED_TAKE_COVER
        level = "take cover proposed" if proposed else "take cover"
        parts = [f"{alarm.number}: {level}", alarm.why, f"{alarm.inbound} inbound"]
        if alarm.arrival_s < math.inf:
            parts.append(f"first at {format_clock(alarm.arrival_s)}")
        if alarm.shelved:
            parts.append("shelved")
        name = self._names[alarm.place]
        return Status(alarm.raised_s, name, "alarm", "raised", ", ".join(parts))

    def _conclude(self, watch: Watch, conclusion: Conclusion) -> tuple[Watch, tuple[Alarm, ...]]:
        frame, raised = conclusion.frame, list[Alarm]()
        if len(frame.warnings):
            watch = self._warnings(watch, frame, raised)
        if conclusion.picture:
            watch = self._picture(watch, frame, raised)
        return watch, tuple(raised)

    def _warnings(self, watch: Watch, frame: Frame, raised: list[Alarm]) -> Watch:
        rows = frame.warnings
        columns = (rows.warning, rows.place, rows.level, rows.inbound, rows.expected_arrival_s)
        told = list(zip(*(column.tolist() for column in columns), strict=True))
        # what begins goes before what ends: a proposal that was sent is the same take-cover
        for number, place, level, inbound, arrival_s in told:
            if place < 0:
                continue
            if level in COVERED:
                seed = Alarm(0, number, place, level, frame.time_s, "new", inbound, arrival_s)
                watch = self._covered(watch, seed, raised)
            elif level in ADVISED:
                watch = replace(watch, advised={**watch.advised, number: place})
        for number, place, level, _, _ in told:
            if place >= 0 and level not in (*COVERED, *ADVISED):
                watch = _ended(watch, number, place)
        return watch

    def _covered(self, watch: Watch, seed: Alarm, raised: list[Alarm]) -> Watch:
        """Return the watch after a row of a take-cover, sent or proposed."""
        cover = watch.covers.get(seed.place)
        if cover is not None:
            same = seed.warning in cover.numbers and seed.level == cover.level
            changed = replace(cover, numbers=cover.numbers | {seed.warning}, level=seed.level)
            return watch if same else replace(watch, covers={**watch.covers, seed.place: changed})
        stood = seed.place in watch.advised.values()
        advised = {n: p for n, p in watch.advised.items() if n != seed.warning}
        fresh = Cover(frozenset((seed.warning,)), seed.level)
        watch = replace(watch, covers={**watch.covers, seed.place: fresh}, advised=advised)
        last_s = watch.alarmed_s.get(seed.place, -math.inf)
        if not stood and seed.raised_s - last_s < self._figures.again_s:
            return watch
        why = "from advisory" if stood else "new"
        return self._raise(watch, replace(seed, why=why), raised, worse=False)

    def _picture(self, watch: Watch, frame: Frame, raised: list[Alarm]) -> Watch:
        """Return the watch after a whole picture: who carries which address, and what got worse."""
        carried = _carried(frame.tracks)
        if carried != watch.carried:
            watch = replace(watch, carried=carried)
        if not watch.covers:
            return watch
        now = inbound_of_each(frame.threats, len(self._names), frame.time_s, self._figures)
        for place, cover in watch.covers.items():
            after, why = look(cover, now[place], frame.time_s, self._figures)
            if after != cover:
                watch = replace(watch, covers={**watch.covers, place: after})
            if why:
                alarm = Alarm(
                    0, max(cover.numbers), place, cover.level, frame.time_s, why,
                    now[place].tracks, now[place].arrival_s,
                )  # fmt: skip
                watch = self._raise(watch, alarm, raised, worse=True)
        return watch

    def _raise(self, watch: Watch, alarm: Alarm, raised: list[Alarm], *, worse: bool) -> Watch:
        """Return the watch with an alarm; one that got worse sounds from the shelf, too."""
        shelf = watch.shelved.get(alarm.place)
        shelved = not worse and shelf is not None and alarm.raised_s < shelf.until_s
        number = watch.last_alarm + 1
        alarm = replace(alarm, number=number, shelved=shelved)
        raised.append(alarm)
        kept = list(watch.alarms.values())[-self._figures.kept + 1 :]
        return replace(
            watch,
            alarms={one.number: one for one in (*kept, alarm)},
            alarmed_s={**watch.alarmed_s, alarm.place: alarm.raised_s},
            last_alarm=number,
        )

    def _act(self, watch: Watch, act: Act) -> Watch:
        match act.verb:
            case "acknowledge" | "seen":
                return _noticed(watch, act)
            case "shelve" | "unshelve":
                return self._shelved(watch, act)
            case "mute":
                until_s = act.time_s + _seconds(act.value)
                return replace(watch, muted={**watch.muted, act.person: until_s})
            case "authorise-drone" | "withdraw-authorisation":
                return _authorised(watch, act)
            case "handover":
                return replace(watch, handover=Handover(act.time_s, act.person, act.value))
            case _:
                return watch

    def _shelved(self, watch: Watch, act: Act) -> Watch:
        place = place_of(act.subject, self._names)
        if place < 0:
            return watch
        until_s = act.time_s + (_seconds(act.value) if act.verb == "shelve" else 0.0)
        return replace(watch, shelved={**watch.shelved, place: Shelf(until_s, act.person)})


def _carried(tracks: Tracks) -> dict[int, tuple[int, str]]:
    """Return track and call sign of each Remote ID address in a picture."""
    rows = (tracks.address_kind == AddressKind.REMOTE_ID) & (tracks.address >= 0)
    found = tracks.take(rows)
    names = [name.decode("ascii", "replace") for name in found.callsign.tolist()]
    pairs = zip(found.track.tolist(), names, strict=True)
    return dict(zip(found.address.tolist(), pairs, strict=True))


def _ended(watch: Watch, number: int, place: int) -> Watch:
    """Return the watch after a warning, or a proposal, has ended."""
    advised = {n: p for n, p in watch.advised.items() if n != number}
    if len(advised) < len(watch.advised):
        watch = replace(watch, advised=advised)
    cover = watch.covers.get(place)
    if cover is None or number not in cover.numbers:
        return watch
    left = cover.numbers - {number}
    if left:
        return replace(watch, covers={**watch.covers, place: replace(cover, numbers=left)})
    alarms = {
        k: replace(one, over=True) if one.place == place else one for k, one in watch.alarms.items()
    }
    covers = {p: c for p, c in watch.covers.items() if p != place}
    return replace(watch, covers=covers, alarms=_listed(alarms.values()))


def _listed(alarms: Iterable[Alarm]) -> dict[int, Alarm]:
    """Return the alarms that stay on the list: not acknowledged, or of a warning that stands."""
    return {one.number: one for one in alarms if not (one.over and one.acknowledged)}


def _noticed(watch: Watch, act: Act) -> Watch:
    """Return the watch after an alarm was seen or acknowledged; the first to do so counts."""
    one = watch.alarms.get(int(act.subject)) if act.subject.isdecimal() else None
    if one is None or (act.verb == "acknowledge" and one.acknowledged):
        return watch
    seen = one.seen if act.person in one.seen else (*one.seen, act.person)
    one = replace(one, seen=seen)
    if act.verb == "acknowledge":
        one = replace(one, acknowledged_s=act.time_s, acknowledged_by=act.person)
    return replace(watch, alarms=_listed({**watch.alarms, one.number: one}.values()))


def _authorised(watch: Watch, act: Act) -> Watch:
    if not act.subject.isdecimal():
        return watch
    address = int(act.subject)
    authorised = {k: one for k, one in watch.authorised.items() if k != address}
    if act.verb == "authorise-drone":
        authorised[address] = Authorised(act.value, act.person)
    return replace(watch, authorised=authorised)


def _with_pilot(watch: Watch, status: Status) -> Watch:
    """Return the watch with where a pilot stands; what cannot be read is left out."""
    lat, _, lon = status.note.partition(",")
    pilot = Pilot(_seconds(lat), _seconds(lon), status.time_s)
    known = abs(pilot.lat_deg) <= 90.0 and abs(pilot.lon_deg) <= 180.0
    if not (known and status.source.isdecimal()):
        return watch
    return replace(watch, pilots={**watch.pilots, int(status.source): pilot})


def _seconds(value: str) -> float:
    """Return a number as it was said, NaN when it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan
