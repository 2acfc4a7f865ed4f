"""The event log: what happened, in words, from recorded messages."""

from __future__ import annotations

import math
from typing import Any

from chowki.core.clock import format_clock
from chowki.core.codec import Conclusion
from chowki.core.messages import Act, Status
from chowki.core.places import Theatre
from chowki.core.reasons import reasons_of
from chowki.core.records import EngagementState, Identity, Refusal, WarningLevel
from chowki.outputs.web.pictures import Picture
from chowki.outputs.web.standing import Row, Standing, rows_of

INFO, NOTICE, WARNING, ALARM = range(4)
KEPT = 20_000
_LEVELS = {
    WarningLevel.ADVISORY: ("advisory", WARNING),
    WarningLevel.TAKE_COVER: ("take cover", ALARM),
    WarningLevel.ALL_CLEAR: ("all clear", NOTICE),
}
_STATES = {
    EngagementState.PROPOSED: ("engagement proposed", NOTICE),
    EngagementState.RELEASED: ("engagement released", NOTICE),
    EngagementState.ORDERED: ("engagement ordered", NOTICE),
    EngagementState.INTERCEPTED: ("held intercepted", NOTICE),
    EngagementState.MISSED: ("held missed", WARNING),
    EngagementState.ABORTED: ("engagement aborted", INFO),
    EngagementState.VIOLATION: ("crossed the border after a cease-fire", WARNING),
}
# Acts that say something about a track, a place or nobody but the log.
_QUIET_VERBS = ("seen",)


class EventLog:
    """Numbered entries, oldest first; the oldest go when there are too many.

    Parameters
    ----------
    theatre : Theatre
        Names of places and sites.
    """

    def __init__(self, theatre: Theatre) -> None:
        self._places = {place.index: place for place in theatre.places}
        self._sites = {site.index: site.name for site in theatre.sites}
        self._entries: list[Row] = []
        self._last = 0
        self._looked: dict[int, tuple[int, bool]] = {}  # identity, and whether it had crossed

    def since(self, after: int) -> list[Row]:
        """Return the entries with a higher number."""
        first = self._entries[0]["id"] if self._entries else 1
        return self._entries[max(after + 1 - first, 0) :]

    def take(self, message: Any, before: Standing) -> None:
        """Enter what a message tells, given what stood before it."""
        match message:
            case Conclusion():
                for row in rows_of(message.frame.warnings):
                    self._warning(row, before.warnings.get(row["warning"]))
                for row in rows_of(message.frame.engagements):
                    self._engagement(row)
                for row in rows_of(message.frame.sensors):
                    self._sensor(row, before)
            case Act():
                self._act(message)
            case Status():
                self._status(message, before)
            case _:
                pass

    def look(self, picture: Picture) -> None:
        """Enter which tracks became suspect or hostile, and which were seen to cross the border."""
        tracks, before = picture.tracks, self._looked
        self._looked = {
            track: (int(tracks.identity[row]), not math.isnan(tracks.crossed_border_s[row]))
            for track, row in picture.row.items()
        }
        for track, (identity, crossed) in self._looked.items():
            row = picture.row[track]
            was, had_crossed = before.get(track, (0, False))
            if identity >= Identity.SUSPECT and was < identity:
                words = f"track {track} held {Identity(identity).name.lower()}: "
                self._track(picture, row, "identity", NOTICE, words + reasons_of(tracks, row))
            if crossed and not had_crossed:
                at = format_clock(float(tracks.crossed_border_s[row]))
                self._track(
                    picture, row, "border", NOTICE, f"track {track} crossed the border at {at}"
                )

    def remark(self, act: Act, words: str) -> None:
        """Enter what became of an act, when it is not what its person wanted."""
        self._enter(act.time_s, "act", WARNING, f"{act.person}: {words}", person=act.person)

    def _warning(self, row: Row, before: Row | None) -> None:
        if before is not None and before["level"] == row["level"]:
            return
        words, severity = _LEVELS.get(row["level"], ("", INFO))
        place = self._places.get(row["place"])
        if not words or (place is None and row["level"] == WarningLevel.ALL_CLEAR):
            return
        where = place.name if place else "an area under a track"
        inbound = f", {row['inbound']} inbound" if row["inbound"] > 0 else ""
        self._enter(
            row["time_s"], "warning", severity, f"{where}: {words}{inbound}",
            track=row["track"] if row["track"] >= 0 else None, place=row["place"],
        )  # fmt: skip

    def _engagement(self, row: Row) -> None:
        words, severity = _STATES.get(row["state"], ("", INFO))
        if row["state"] == EngagementState.REFUSED:
            refusal = str(Refusal(row["refusal"]).name).lower().replace("_", " ")
            words, severity = f"engagement refused: {refusal}", INFO
        if words:
            site = self._sites.get(row["site"])
            by = f", {site}" if site else ""
            self._enter(
                row["time_s"], "engagement", severity, f"track {row['track']}: {words}{by}",
                track=row["track"], place=row["place"],
            )  # fmt: skip

    def _sensor(self, row: Row, before: Standing) -> None:
        known = before.sensors.get(row["sensor"])
        if known is not None and known["faults"] == row["faults"]:
            return
        if known is None and row["faults"] == 0:
            return
        after = Standing(before.sectors, sensors={row["sensor"]: row})
        faults = ", ".join(after.faults(row["sensor"])) or "no fault any more"
        severity = WARNING if row["faults"] else INFO
        self._enter(row["time_s"], "sensor", severity, f"sensor {row['sensor']}: {faults}")

    def _act(self, act: Act) -> None:
        if act.verb in _QUIET_VERBS:
            return
        words = " ".join(part for part in (act.verb, act.subject, act.value) if part)
        subject = int(act.subject) if act.subject.isdecimal() else None
        track = subject if act.verb in ("release", "refuse", "set-identity") else None
        person = act.person or "unnamed"
        self._enter(act.time_s, "act", NOTICE, f"{person}: {words}", track=track, person=person)

    def _status(self, status: Status, before: Standing) -> None:
        if status.kind in ("pilot", "account"):
            return
        if status.kind == "alarm":
            words = f"{status.source}: alarm {status.state}: {status.note}"
            place = next((p.index for p in self._places.values() if p.name == status.source), None)
            self._enter(status.time_s, "alarm", ALARM, words, place=place)
            return
        known = (before.stated | before.feeds).get(status.source)
        if status.site >= 0:
            known = before.sites.get(status.site)
        if status.state == (known.state if known else "working"):
            return
        severity = INFO if status.state == "working" else WARNING
        note = f" ({status.note})" if status.note else ""
        kind = "feed" if status.kind.startswith("feed") else "sensor"
        words = f"{status.kind} {status.source}: {status.state}{note}"
        self._enter(status.time_s, kind, severity, words)

    def _track(self, picture: Picture, row: int, kind: str, severity: int, words: str) -> None:
        self._enter(
            picture.time_s, kind, severity, words, track=int(picture.tracks.track[row]),
            lat=round(float(picture.lat_deg[row]), 5), lon=round(float(picture.lon_deg[row]), 5),
        )  # fmt: skip

    def _enter(self, time_s: float, kind: str, severity: int, text: str, **more: Any) -> None:
        self._last += 1
        entry: Row = {"id": self._last, "time_s": time_s, "kind": kind, "severity": severity}
        entry |= {"text": text, "track": None, "place": None, "lat": None, "lon": None}
        entry |= {"person": None} | more
        place = self._places.get(-1 if entry["place"] is None else entry["place"])
        if place is not None and entry["lat"] is None:
            entry |= {"lat": place.lat_deg, "lon": place.lon_deg}
        self._entries.append(entry)
        if len(self._entries) > KEPT:
            del self._entries[: KEPT // 10]
