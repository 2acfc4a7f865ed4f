"""What stands on the made-up stage, and what acts change there."""

from __future__ import annotations

from typing import Any

from chowki.core.records import EngagementState as State
from chowki.outputs.web.session import ActRequest, Verdict
from page.invented import START_S, Fleet, Moment

Row = dict[str, Any]
POSTURES = [
    {"name": "hold", "weapons_control_status": "hold", "release": "senior"},
    {"name": "restrained", "weapons_control_status": "tight", "release": "senior"},
    {"name": "guarded", "weapons_control_status": "tight", "release": "sector"},
    {"name": "free", "weapons_control_status": "free", "release": "machine"},
]
# How long each state lasts, s, and what follows.
COURSE = {
    State.RELEASED: (3.0, State.ORDERED),
    State.ORDERED: (5.0, State.IN_FLIGHT),
    State.IN_FLIGHT: (20.0, State.MET),
    State.MET: (10.0, State.INTERCEPTED),
}
MOST_ALARMS = 12
OVER = (State.INTERCEPTED, State.MISSED, State.ABORTED, State.REFUSED)
OPENING = (
    [State.PROPOSED] * 5
    + [State.RELEASED, State.ORDERED, State.IN_FLIGHT, State.IN_FLIGHT]
    + [State.INTERCEPTED, State.MISSED, State.ABORTED, State.REFUSED]
)


class Stage:
    """Engagements, warnings, alarms and postures that stand, with a revision each."""

    def __init__(self, places: list[Row], sites: list[Row], fleet: Fleet, simulated: bool) -> None:
        self.places, self.sites, self.fleet, self.simulated = places, sites, fleet, simulated
        self.engagements: list[Row] = []
        self.warnings: dict[int, Row] = {}
        self.alarms: dict[int, Row] = {}
        self.shelved: list[Row] = []
        self.authorised: list[Row] = []
        self.handover: Row | None = None
        self.done: list[Row] = []
        self.postured = [self._sector(name) for name in self.sectors()]
        self._last: dict[tuple[str, str], tuple[int, str]] = {}

    def sectors(self) -> list[str]:
        """Return the names of the sectors, north to south."""
        return list(dict.fromkeys(place["sector"] for place in self.places))

    def postures(self) -> list[Row]:
        """Return the posture table."""
        return POSTURES if self.simulated else []

    @staticmethod
    def _sector(name: str) -> Row:
        return {
            "sector": name,
            "level": "guarded",
            "weapons_control_status": "tight",
            "release": "sector",
            "since_s": START_S,
            "person": "",
            "cease_fire_s": None,
            "revision": 0,
        }

    def advance(self, moment: Moment) -> None:
        """Let time pass on the stage."""
        self._warn(moment)
        if not self.simulated:
            return
        for row in self.engagements:
            lasts = COURSE.get(row["state"])
            if lasts and moment.time_s - row["time_s"] > lasts[0]:
                row["state"], row["time_s"] = lasts[1], moment.time_s
                row["revision"] += 1
        self.engagements = [
            row
            for row in self.engagements
            if row["state"] not in OVER or moment.time_s - row["time_s"] < 60.0
        ]
        self._propose(moment)

    def _propose(self, moment: Moment) -> None:
        busy = {row["track"] for row in self.engagements}
        opening = not self.engagements
        for row in moment.worst[:60].tolist():
            if len(self.engagements) >= len(OPENING):
                return
            if row + 1 not in busy:
                state = OPENING[len(self.engagements)] if opening else State.PROPOSED
                self.engagements.append(self._engagement(row, state, moment))

    def _engagement(self, row: int, state: State, moment: Moment) -> Row:
        number = max((one["engagement"] for one in self.engagements), default=0) + 1
        site = self.sites[row % len(self.sites)]
        return {
            "engagement": number,
            "track": row + 1,
            "place": int(self.fleet.place[row]),
            "site": site["index"],
            "effector": site["effector"],
            "state": int(state),
            "refusal": 5 if state == State.REFUSED else 0,
            "kill_probability": 0.35 + 0.05 * (row % 12),
            "lat": float(moment.lat[row]),
            "lon": float(moment.lon[row]),
            "time_s": moment.time_s,
            "intercept_s": moment.time_s + 40.0,
            "rounds": 1 + row % 2,
            "harm": 0.01 * (row % 5),
            "revision": 0,
        }

    def _warn(self, moment: Moment) -> None:
        soonest: dict[int, tuple[float, int, int]] = {}
        for row in moment.worst.tolist():
            place = int(self.fleet.place[row])
            first = soonest.get(place, (float(moment.time_to_go_s[row]), row, 0))
            soonest[place] = (first[0], first[1], first[2] + 1)
        for place, (left, row, inbound) in soonest.items():
            level = 2 if left < 300 else 1 if left < 900 else 0
            self._set_warning(place, level, row, moment, left, inbound)

    def _set_warning(
        self, place: int, level: int, row: int, moment: Moment, left: float, inbound: int
    ) -> None:
        stands = self.warnings.get(place)
        if level == 0 and (stands is None or stands["level"] == 3):
            return
        told = level or 3
        if stands is None or stands["level"] != told:
            where = self.places[place]
            self.warnings[place] = stands = {
                "warning": place + 1,
                "place": place,
                "cell": -1,
                "lat": where["lat"],
                "lon": where["lon"],
                "level": told,
                "proposed": place % 9 == 4 and self.simulated,
                "time_s": moment.time_s,
                "issued_s": moment.time_s,
                "revision": 0 if stands is None else stands["revision"] + 1,
            }
            if told == 2:
                self._alarm(place, moment.time_s)
        stands |= {
            "expires_s": moment.time_s + 900.0,
            "arrival_s": moment.time_s + left,
            "inbound": inbound,
            "track": row + 1,
            "probability": 0.6,
        }

    def _alarm(self, place: int, time_s: float) -> None:
        number = max(self.alarms, default=0) + 1
        shelved = any(row["place"] == place and row["until_s"] > time_s for row in self.shelved)
        self.alarms[number] = {
            "alarm": number,
            "warning": place + 1,
            "place": place,
            "level": 2,
            "raised_s": time_s,
            "seen": [],
            "acknowledged_s": None,
            "acknowledged_by": "",
            "shelved": shelved,
            "revision": 0,
        }

        for old in sorted(self.alarms)[:-MOST_ALARMS]:
            del self.alarms[old]

    def act(self, request: ActRequest, time_s: float) -> Verdict:
        """Take an act, or say why not."""
        row = self._row(request)
        if row is None:
            return Verdict(False, 404, f"there is no {request.subject!r} to {request.verb}")
        if request.revision is not None and request.revision != row["revision"]:
            words = row.get("changed", "it changed by itself")
            return Verdict(False, 409, f"somebody was first: {words}", row["revision"])
        if request.verb in {"release", "refuse"} and row["state"] != State.PROPOSED:
            return Verdict(
                False, 409, row.get("changed", "it is proposed no more"), row["revision"]
            )
        self._change(row, request, time_s)
        row["revision"] += 1
        row["changed"] = f"{request.person}: {request.verb} {request.value}".strip()
        about = " ".join(filter(None, (request.verb, request.subject, request.value)))
        self.done.append({"time_s": time_s, "text": about, "person": request.person})
        return Verdict(True, 200, f"done: {about}", row["revision"])

    def _row(self, request: ActRequest) -> Row | None:
        verb, subject = request.verb, request.subject
        if verb in {"release", "refuse"}:
            rows = [one for one in self.engagements if one["state"] not in OVER]
            return _found(rows, "track", subject) if self.simulated else None
        if verb in {"set-posture", "set-weapons-control-status", "cease-fire", "lift-cease-fire"}:
            if not subject:
                return self.postured[0]
            return _found(self.postured, "sector", subject)
        if verb in {"send-warning", "cancel-warning"}:
            names = {place["name"]: str(place["index"]) for place in self.places}
            rows = list(self.warnings.values())
            return _found(rows, "place", names.get(subject, subject))
        if verb in {"acknowledge", "seen"}:
            return _found(list(self.alarms.values()), "alarm", subject)
        return {"revision": 0}

    def _change(self, row: Row, request: ActRequest, time_s: float) -> None:
        verb, value = request.verb, request.value
        if verb in {"release", "refuse"}:
            state = State.RELEASED if verb == "release" else State.REFUSED
            row |= {"state": int(state), "time_s": time_s, "refusal": 9 * (verb == "refuse")}
        elif verb == "set-posture":
            found = next((one for one in POSTURES if one["name"] == value), POSTURES[0])
            row |= {**found, "level": found["name"], "since_s": time_s, "person": request.person}
            row.pop("name")
        elif verb == "set-weapons-control-status":
            row |= {"weapons_control_status": value, "since_s": time_s, "person": request.person}
        elif verb.endswith("cease-fire"):
            for one in self.postured if not request.subject else [row]:
                one["cease_fire_s"] = None if verb.startswith("lift") else time_s
        elif verb == "send-warning":
            level = 2 if value == "take-cover" else 1
            row |= {"proposed": False, "issued_s": time_s, "level": level}
        elif verb == "cancel-warning":
            row |= {"proposed": False, "issued_s": time_s, "level": 3}
        elif verb == "acknowledge":
            row |= {"acknowledged_s": time_s, "acknowledged_by": request.person}
        elif verb == "seen":
            row["seen"] = sorted({*row["seen"], request.person})
        else:
            self._change_else(request, time_s)

    def _change_else(self, request: ActRequest, time_s: float) -> None:
        verb, subject, value = request.verb, request.subject, request.value
        if verb == "set-identity" and subject.isdigit() and 0 < int(subject) <= len(self.fleet):
            names = ["pending", "unknown", "assumed friend", "friend", "neutral", "suspect"]
            names.append("hostile")
            word = value.replace("_", " ").replace("-", " ").lower()
            if word in names:
                self.fleet.identity[int(subject) - 1] = names.index(word)
        elif verb == "shelve":
            until = time_s + float(value or 600.0)
            self.shelved.append({"place": int(subject), "until_s": until, "person": request.person})
        elif verb == "unshelve":
            self.shelved = [row for row in self.shelved if str(row["place"]) != subject]
        elif verb == "authorise-drone":
            self.authorised.append(
                {
                    "address": subject,
                    "name": value or subject,
                    "note": "",
                    "person": request.person,
                    "track": None,
                }
            )
        elif verb == "withdraw-authorisation":
            self.authorised = [row for row in self.authorised if row["address"] != subject]
        elif verb == "handover":
            self.handover = {"time_s": time_s, "person": request.person, "note": value}


def _found(rows: list[Row], key: str, subject: str) -> Row | None:
    return next((row for row in rows if str(row[key]) == subject), None)
