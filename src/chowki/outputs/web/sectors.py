"""Where every sector stands, folded from the acts on record: posture, cease-fire, who said so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from chowki.core.clock import parse_utc
from chowki.core.messages import Act
from chowki.core.places import Theatre
from chowki.outputs.postures import level_named, level_of, sectors_of, starts_at, steps_up

POSTURE_VERBS = ("set-posture", "set-weapons-control-status")


@dataclass(frozen=True, slots=True)
class Sector:
    """Where one sector stands.

    Attributes
    ----------
    name : str
        The sector.
    level : str
        Name of the level of the posture table, empty when none is on record.
    since_s : float
        UTC seconds of the act that set it, NaN for the start of the run.
    person : str
        Who set it, empty for the start of the run.
    ceased_s : float
        UTC seconds since which fire is ceased, infinity where it is not.
    """

    name: str
    level: str
    since_s: float = math.nan
    person: str = ""
    ceased_s: float = math.inf


class SectorBoard:
    """All sectors, changed by acts; a value in all but name: ``take`` returns a new board.

    Parameters
    ----------
    table : dict
        The posture table as the journal notes it with the scenario; empty on a bare feed.
    sectors : tuple of Sector
        As they stand.
    due_s : float
        UTC seconds of the cease-fire that is set and still to come, infinity for none.
    """

    def __init__(self, table: dict[str, Any], sectors: tuple[Sector, ...], due_s: float) -> None:
        self._table = table
        self._due_s = due_s
        self.sectors = sectors

    @classmethod
    def start(cls, theatre: Theatre, table: dict[str, Any]) -> SectorBoard:
        """Return the board before the first act."""
        due_s = math.inf
        if table.get("cease_fire_s") is not None:
            due_s = theatre.station.start_s + float(table["cease_fire_s"])
        elif table.get("cease_fire"):
            due_s = parse_utc(table["cease_fire"])
        names = sectors_of(theatre)
        return cls(table, tuple(Sector(name, starts_at(table, name)) for name in names), due_s)

    def take(self, act: Act) -> SectorBoard:
        """Return the board after an act; the same one if the act is about something else."""
        if act.verb not in (*POSTURE_VERBS, "cease-fire", "lift-cease-fire"):
            return self
        come = act.time_s >= self._due_s
        changed = tuple(
            self._changed(one, act) if act.subject in ("", one.name) else one
            for one in (self._ceased() if come else self.sectors)
        )
        return SectorBoard(self._table, changed, math.inf if come else self._due_s)

    def document(self, time_s: float) -> list[dict[str, Any]]:
        """Return the sectors as the page is told of them."""
        return [self._told(one, time_s) for one in self.sectors]

    def _ceased(self) -> tuple[Sector, ...]:
        """Return the sectors after the cease-fire that was set for a time."""
        return tuple(replace(one, ceased_s=min(one.ceased_s, self._due_s)) for one in self.sectors)

    def _changed(self, one: Sector, act: Act) -> Sector:
        nameless = bool(self._table.get("operator")) and not act.person.strip()
        if act.verb == "cease-fire":
            return replace(one, ceased_s=min(one.ceased_s, act.time_s))
        if act.verb == "lift-cease-fire":
            return one if nameless else replace(one, ceased_s=math.inf)
        level = level_named(self._table, act.verb, act.value)
        if level is None or (nameless and steps_up(self._table, one.level, level)):
            return one
        return replace(one, level=level, since_s=act.time_s, person=act.person)

    def _told(self, one: Sector, time_s: float) -> dict[str, Any]:
        level = level_of(self._table, one.level)
        ceased_s = min(one.ceased_s, self._due_s)
        return {
            "sector": one.name,
            "level": one.level,
            "weapons_control_status": level.get("weapons_control_status", ""),
            "release": level.get("release", ""),
            "since_s": one.since_s,
            "person": one.person,
            "cease_fire_s": ceased_s if ceased_s <= time_s else None,
        }
