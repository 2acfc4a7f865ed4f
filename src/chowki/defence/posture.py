"""Posture: one table of levels, and which level each sector stands at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from chowki.core.table import F64, I64


class WeaponsControlStatus(IntEnum):
    """Who may be engaged; stricter than standard usage: unknown never is."""

    HOLD = 0
    TIGHT = 1
    FREE = 2


class PostureLevel(BaseModel):
    """One row of the posture table.

    Attributes
    ----------
    name : str
        Name of the level.
    weapons_control_status : str
        ``hold``, ``tight`` or ``free``.
    release_delay_s : float
        In simulation a person releases an engagement this long after it was proposed.
    margin_factor : float
        Factor on every no-fire and border margin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weapons_control_status: Literal["hold", "tight", "free"]
    release_delay_s: float = Field(default=5.0, ge=0)
    margin_factor: float = Field(default=1.0, ge=1.0)


class PostureParameters(BaseModel):
    """The posture table and the level at which every sector starts.

    Attributes
    ----------
    levels : tuple of PostureLevel
        The table. A person takes longer to release where each engagement is released singly
        (tight), and margins are widest where nothing should happen (hold).
    start : str
        Name of the first level of every sector.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: tuple[PostureLevel, ...] = (
        PostureLevel(name="hold", weapons_control_status="hold", margin_factor=1.5),
        PostureLevel(name="tight", weapons_control_status="tight", release_delay_s=5.0),
        PostureLevel(name="free", weapons_control_status="free", release_delay_s=2.0),
    )
    start: str = "tight"

    @model_validator(mode="after")
    def _start_is_a_level(self) -> PostureParameters:
        names = [level.name for level in self.levels]
        if self.start not in names or len(set(names)) < len(names):
            raise ValueError(f"start must be one of the levels, and these differ: {names}")
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
    ceased : tuple of bool
        True where fire is ceased: nothing is engaged until it is lifted.
    """

    sectors: tuple[str, ...]
    level: tuple[int, ...]
    ceased: tuple[bool, ...]


class PostureTable:
    """Reads the table, and turns acts into postures.

    Parameters
    ----------
    parameters : PostureParameters
        The table.
    """

    def __init__(self, parameters: PostureParameters) -> None:
        self._levels = parameters.levels
        self._names = [level.name for level in parameters.levels]
        self._status = np.array(
            [WeaponsControlStatus[level.weapons_control_status.upper()] for level in self._levels],
            dtype=np.int64,
        )
        self._delay = np.array([level.release_delay_s for level in self._levels])
        self._margin = np.array([level.margin_factor for level in self._levels])
        self._first = self._names.index(parameters.start)

    def start(self, sectors: tuple[str, ...]) -> Posture:
        """Return the posture at the start."""
        return Posture(sectors, (self._first,) * len(sectors), (False,) * len(sectors))

    def status(self, posture: Posture) -> I64:
        """Return the weapons control status of each sector; hold where fire is ceased."""
        ceased = np.array(posture.ceased, dtype=np.bool_)
        return np.where(ceased, int(WeaponsControlStatus.HOLD), self._status[list(posture.level)])

    def release_delay_s(self, posture: Posture) -> F64:
        """Return the delay of a release in each sector."""
        return self._delay[list(posture.level)]

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


def set_ceased(posture: Posture, sector: str, *, ceased: bool) -> Posture | None:
    """Return the posture with fire ceased, or no longer, in a sector; None if it is not known."""
    if not _known(posture, sector):
        return None
    changed = tuple(
        ceased if sector in ("", name) else before
        for name, before in zip(posture.sectors, posture.ceased, strict=True)
    )
    return replace(posture, ceased=changed)


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
