"""What people decided, as the acts on record tell it: postures, cease-fires, releases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from chowki.core.clock import format_clock, parse_utc
from chowki.core.places import Theatre
from chowki.outputs.evidence import Evidence

POSTURE_VERBS = ("set-posture", "set-weapons-control-status", "cease-fire", "lift-cease-fire")
TRACK_VERBS = ("release", "refuse", "set-identity")
_RANK = {"hold": 0, "tight": 1, "free": 2}


@dataclass(frozen=True, slots=True)
class ActFact:
    """One act of a person.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    person, verb, subject, value : str
        As in ``core.messages.Act``.
    """

    time_s: float
    person: str
    verb: str
    subject: str
    value: str


@dataclass(frozen=True, slots=True)
class CeaseFire:
    """A span in which fire was ceased in a sector.

    Attributes
    ----------
    sector : str
        The sector, empty when no place is defended.
    from_s, to_s : float
        UTC seconds; ``to_s`` is infinite when it was never lifted.
    person : str
        Who ordered it; ``scenario`` when it was set from the start.
    """

    sector: str
    from_s: float
    to_s: float
    person: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The posture of a sector at one time.

    Attributes
    ----------
    level : str
        Name of the level, empty when the journal does not tell.
    since_s : float
        UTC seconds of the act that set it, NaN for the start of the run.
    person : str
        Who set it, empty for the start of the run.
    releaser : str
        Who releases at that level, empty when the journal does not tell.
    cease_fire : CeaseFire or None
        What stood besides.
    """

    level: str
    since_s: float
    person: str
    releaser: str
    cease_fire: CeaseFire | None

    @property
    def in_words(self) -> str:
        """Return the posture as a report tells it."""
        level = self.level or "not on record"
        words = f"{level} since the start"
        if math.isfinite(self.since_s):
            words = f"{level} since {format_clock(self.since_s)} by {self.person or 'unnamed'}"
        if self.cease_fire is None:
            return words
        since = format_clock(self.cease_fire.from_s)
        return f"{words}; cease-fire since {since} by {self.cease_fire.person or 'unnamed'}"


def acts_of(evidence: Evidence, *verbs: str) -> list[ActFact]:
    """Return the acts with one of some verbs, all without any, in order of time."""
    names = ("time_s", "person", "verb", "subject", "value")
    rows: list[dict[str, Any]] = evidence.acts.select(list(names)).to_pylist()
    facts = [ActFact(float(r["time_s"]), *(str(r[n] or "") for n in names[1:])) for r in rows]
    return sorted((f for f in facts if not verbs or f.verb in verbs), key=lambda f: f.time_s)


def sectors_of(theatre: Theatre) -> tuple[str, ...]:
    """Return the sectors of a theatre, as defence names them; one without a name if none is."""
    return tuple(sorted({place.sector for place in theatre.places})) or ("",)


def posture_table(evidence: Evidence) -> dict[str, Any]:
    """Return the posture table as the journal notes it with the scenario; empty on a feed."""
    return posture_table_of(evidence.manifest)


def posture_table_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the posture table that a manifest holds with its scenario; empty without one."""
    told: Any = manifest
    for key in ("scenario", "defence", "posture"):
        told = told.get(key) if isinstance(told, dict) else None
    return told if isinstance(told, dict) else {}


def cease_fires(evidence: Evidence) -> list[CeaseFire]:
    """Return the spans of every cease-fire, sector by sector, in order of time."""
    sectors = sectors_of(evidence.theatre)
    standing: dict[str, ActFact] = {}
    spans: list[CeaseFire] = []
    for act in _cease_fire_acts(evidence):
        for sector in sectors if act.subject == "" else (act.subject,):
            if sector not in sectors:
                continue
            if act.verb == "cease-fire":
                standing.setdefault(sector, act)
            elif sector in standing:
                since = standing.pop(sector)
                spans.append(CeaseFire(sector, since.time_s, act.time_s, since.person))
    spans += [CeaseFire(s, act.time_s, math.inf, act.person) for s, act in standing.items()]
    return sorted(spans, key=lambda span: (span.from_s, span.sector))


def standing_cease_fire(spans: list[CeaseFire], sector: str, time_s: float) -> CeaseFire | None:
    """Return the cease-fire that stood in a sector at a time, None when there was none."""
    for span in spans:
        if span.sector == sector and span.from_s <= time_s < span.to_s:
            return span
    return None


def posture_at(evidence: Evidence, sector: str, time_s: float) -> Standing:
    """Return at which posture a sector stood at a time."""
    table = posture_table(evidence)
    level = starting_level(evidence, sector)
    since_s, person = math.nan, ""
    for act in acts_of(evidence, "set-posture", "set-weapons-control-status"):
        named = level_named(table, act.verb, act.value)
        if act.subject not in ("", sector) or act.time_s > time_s or named is None:
            continue
        if steps_up(table, level, named) and table.get("operator") and not act.person:
            continue  # in operator mode nobody steps up without a name
        level, since_s, person = named, act.time_s, act.person
    stood = standing_cease_fire(cease_fires(evidence), sector, time_s)
    releaser = str(level_of(table, level).get("release", ""))
    return Standing(level, since_s, person, releaser, stood)


def starting_level(evidence: Evidence, sector: str) -> str:
    """Return the name of the level at which a sector started, empty when it is not told."""
    return starts_at(posture_table(evidence), sector)


def starts_at(table: dict[str, Any], sector: str) -> str:
    """Return the name of the level at which a sector starts by a posture table."""
    by_sector = table.get("start_by_sector") or {}
    return str(by_sector.get(sector, table.get("start", "")))


def steps_up(table: dict[str, Any], before: str, after: str) -> bool:
    """Return whether one level of a posture table lets more be engaged than another."""
    return _RANK.get(_status(table, after), 0) > _RANK.get(_status(table, before), 0)


def level_of(table: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the row of a posture table with a name, empty if there is none."""
    levels: list[dict[str, Any]] = table.get("levels") or []
    return next((one for one in levels if one.get("name") == name), {})


def _status(table: dict[str, Any], name: str) -> str:
    return str(level_of(table, name).get("weapons_control_status", ""))


def level_named(table: dict[str, Any], verb: str, value: str) -> str | None:
    """Return the level that an act of this verb and value sets; None when there is none such."""
    key = "name" if verb == "set-posture" else "weapons_control_status"
    levels: list[dict[str, Any]] = table.get("levels") or []
    if not levels:
        return value
    return next((str(one["name"]) for one in levels if one.get(key) == value), None)


def _cease_fire_acts(evidence: Evidence) -> list[ActFact]:
    """Return acts on cease-fires in order of time, the one that the scenario sets among them."""
    table, start_s = posture_table(evidence), evidence.theatre.station.start_s
    acts = acts_of(evidence, "cease-fire", "lift-cease-fire")
    if table.get("operator"):
        acts = [act for act in acts if act.person or act.verb == "cease-fire"]
    if table.get("cease_fire_s") is not None:
        due_s = start_s + float(table["cease_fire_s"])
        acts.append(ActFact(due_s, "scenario", "cease-fire", "", ""))
    elif table.get("cease_fire"):
        acts.append(ActFact(parse_utc(table["cease_fire"]), "scenario", "cease-fire", "", ""))
    return sorted(acts, key=lambda act: act.time_s)
