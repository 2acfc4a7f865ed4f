"""Posture: one table of levels, which level each sector stands at, and where fire is ceased."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chowki.core.table import F64, I64

B8 = NDArray[np.bool_]


class WeaponsControlStatus(IntEnum):
    """Who may be engaged; stricter than standard usage: unknown never is."""

    HOLD = 0
    TIGHT = 1
    FREE = 2


class Releaser(IntEnum):
    """Who must release an engagement, from the least to the most restrained."""

    MACHINE = 0
    SECTOR = 1
    SENIOR = 2


class PostureLevel(BaseModel):
    """One row of the posture table.

    Attributes
    ----------
    name : str
        Name of the level.
    weapons_control_status : str
        ``hold``, ``tight`` or ``free``.
    release : str
        Who must release each engagement: ``machine``, at once under a standing delegation (at
        ``free`` only); ``sector``, the controller of the sector; ``senior``, an approver above.
    release_delay_s : float
        In simulation, mean of the time that this person takes for one decision.
    margin_factor : float
        Factor on every no-fire and border margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    weapons_control_status: Literal["hold", "tight", "free"]
    release: Literal["machine", "sector", "senior"] = "sector"
    release_delay_s: float = Field(default=5.0, ge=0)
    margin_factor: float = Field(default=1.0, ge=1.0)

    @property
    def status(self) -> WeaponsControlStatus:
        """Return the weapons control status."""
        return WeaponsControlStatus[self.weapons_control_status.upper()]

    @property
    def restraint(self) -> tuple[int, int, float]:
        """Return what any other level may lower only by stepping up: each part by itself."""
        return (-int(self.status), int(Releaser[self.release.upper()]), self.margin_factor)


class PostureParameters(BaseModel):
    """The posture table, and the level at which every sector starts.

    Attributes
    ----------
    levels : tuple of PostureLevel
        The table. A person takes longer to release where each engagement is released singly
        (tight), and margins are widest where nothing should happen (hold).
    start : str
        Name of the first level of every sector.
    start_by_sector : dict of str
        First level of single sectors, by the sector's name.
    operator : bool
        Operator mode: a person is in the loop. No simulated desk decides: a proposal waits until
        it is released, refused or expires, except where the machine releases under a standing
        delegation. Stepping up (a level that permits more, a cease-fire lifted, a track released)
        needs the name of a person; stepping down is always free. Warnings are proposed first, see
        ``defence.warning.person_s``.
    cease_fire_s : float or None
        Seconds after the start from which fire is ceased in every sector.
    cease_fire : str or None
        The same as a time in UTC, ISO 8601.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: tuple[PostureLevel, ...] = (
        PostureLevel(
            name="hold", weapons_control_status="hold", release="senior", margin_factor=1.5
        ),
        PostureLevel(name="tight", weapons_control_status="tight", release_delay_s=5.0),
        PostureLevel(name="free", weapons_control_status="free", release_delay_s=2.0),
    )
    start: str = "tight"
    start_by_sector: dict[str, str] = Field(default_factory=dict)
    operator: bool = False
    cease_fire_s: float | None = None
    cease_fire: str | None = None

    @model_validator(mode="after")
    def _levels_agree(self) -> PostureParameters:
        names = [level.name for level in self.levels]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each level once; twice: {', '.join(twice)}")
        for name in (self.start, *self.start_by_sector.values()):
            if name not in names:
                raise ValueError(f"start at one of the levels {names}, not at {name!r}")
        for level in self.levels:
            if level.release == "machine" and level.weapons_control_status != "free":
                raise ValueError(
                    f"level {level.name!r}: at {level.weapons_control_status} a person releases, "
                    "never the machine"
                )
        for strict in self.levels:
            for loose in self.levels:
                if strict.status < loose.status and strict.margin_factor < loose.margin_factor:
                    raise ValueError(
                        f"level {strict.name!r} permits less than {loose.name!r}, so its "
                        "margin_factor must not be smaller"
                    )
        if self.cease_fire is not None and self.cease_fire_s is not None:
            raise ValueError("cease_fire or cease_fire_s, not both")
        return self


@dataclass(frozen=True, slots=True)
class Posture:
    """Where every sector stands.

    Attributes
    ----------
    sectors : tuple of str
        Names of the sectors.
    level : tuple of int
        Row of the posture table, for each sector.
    ceased_s : tuple of float
        UTC seconds since which fire is ceased in each sector; infinity where it is not.
    due_s : float
        UTC seconds of the cease-fire that is set and still to come; infinity for none.
    """

    sectors: tuple[str, ...]
    level: tuple[int, ...]
    ceased_s: tuple[float, ...]
    due_s: float = math.inf

    @property
    def ceased(self) -> tuple[bool, ...]:
        """Return where fire is ceased: nothing is engaged unless a person releases it."""
        return tuple(since < math.inf for since in self.ceased_s)


class PostureTable:
    """Reads the table, and turns acts into postures.

    Parameters
    ----------
    parameters : PostureParameters
        The table.
    """

    def __init__(self, parameters: PostureParameters) -> None:
        self.operator = parameters.operator
        self._levels = parameters.levels
        self._names = [level.name for level in parameters.levels]
        self._status = np.array([level.status for level in self._levels], dtype=np.int64)
        self._by_person = np.array([level.release != "machine" for level in self._levels])
        delays = [0.0 if lv.release == "machine" else lv.release_delay_s for lv in self._levels]
        self._delay = np.array(delays)
        self._margin = np.array([level.margin_factor for level in self._levels])
        self._start = parameters.start
        self._starts = parameters.start_by_sector

    def start(self, sectors: tuple[str, ...], cease_fire_s: float = math.inf) -> Posture:
        """Return the posture at the start; a cease-fire may be set for a UTC time."""
        first = tuple(self._names.index(self._starts.get(name, self._start)) for name in sectors)
        return Posture(sectors, first, (math.inf,) * len(sectors), cease_fire_s)

    def status(self, posture: Posture) -> I64:
        """Return the weapons control status of each sector."""
        return self._status[list(posture.level)]

    def release_delay_s(self, posture: Posture) -> F64:
        """Return the mean time of one decision in each sector; 0 under a standing delegation."""
        return self._delay[list(posture.level)]

    def by_person(self, posture: Posture) -> B8:
        """Return the sectors where a person in the loop releases: none outside operator mode."""
        return self._by_person[list(posture.level)] & self.operator

    def margin_factor(self, posture: Posture) -> F64:
        """Return the factor on margins in each sector."""
        return self._margin[list(posture.level)]

    def set_status(self, posture: Posture, sector: str, status: str) -> Posture | None:
        """Return the posture with a sector at the first level of that weapons control status.

        None when sector or status are not known; an empty sector means all.
        """
        fitting = [
            k for k, level in enumerate(self._levels) if level.weapons_control_status == status
        ]
        return _set_level(posture, sector, fitting[0]) if fitting else None

    def set_level(self, posture: Posture, sector: str, name: str) -> Posture | None:
        """Return the posture with a sector at a named level, None when one is not known."""
        known = name in self._names
        return _set_level(posture, sector, self._names.index(name)) if known else None

    def steps_up(self, before: Posture, after: Posture) -> bool:
        """Return whether a sector permits more than before in any respect."""
        pairs = zip(before.level, after.level, strict=True)
        return any(
            now < then
            for was, is_ in pairs
            for then, now in zip(
                self._levels[was].restraint, self._levels[is_].restraint, strict=True
            )
        ) or any(
            now == math.inf and then < math.inf
            for then, now in zip(before.ceased_s, after.ceased_s, strict=True)
        )


def cease_when_due(posture: Posture, time_s: float) -> Posture:
    """Return the posture at a time: fire is ceased everywhere once its set time has come."""
    if time_s < posture.due_s:
        return posture
    since = tuple(min(before, posture.due_s) for before in posture.ceased_s)
    return replace(posture, ceased_s=since, due_s=math.inf)


def set_ceased(posture: Posture, sector: str, time_s: float, *, ceased: bool) -> Posture | None:
    """Return the posture with fire ceased, or no longer, in a sector; None if it is not known.

    Where it is ceased already, it stays so since then.
    """
    if not _known(posture, sector):
        return None
    changed = tuple(
        before if sector not in ("", name) else min(before, time_s) if ceased else math.inf
        for name, before in zip(posture.sectors, posture.ceased_s, strict=True)
    )
    return replace(posture, ceased_s=changed)


def _set_level(posture: Posture, sector: str, level: int) -> Posture | None:
    if not _known(posture, sector):
        return None
    changed = tuple(
        level if sector in ("", name) else before
        for name, before in zip(posture.sectors, posture.level, strict=True)
    )
    return replace(posture, level=changed)


def _known(posture: Posture, sector: str) -> bool:
    return sector in ("", *posture.sectors)
