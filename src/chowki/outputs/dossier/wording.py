"""Codes of the record in words."""

from __future__ import annotations

import math
from enum import IntEnum

from chowki.core.clock import format_utc
from chowki.core.records import (
    EffectorKind,
    EngagementState,
    Identity,
    ObjectClass,
    Refusal,
    TrackStatus,
    WarningLevel,
)
from chowki.outputs.sitrep import words


def plain(code: type[IntEnum], value: int) -> str:
    """Return the name of a code as words; a number that has no name stays a number.

    Examples
    --------
    >>> plain(TrackStatus, 1), plain(TrackStatus, 99)
    ('confirmed', '99')
    """
    try:
        return code(value).name.lower().replace("_", " ")
    except ValueError:
        return str(value)


def of_class(value: int) -> str:
    """Return a kind of object in words."""
    return plain(ObjectClass, value).replace("fixed wing", "fixed-wing")


def of_identity(value: int) -> str:
    """Return a standard identity as it is held of a track."""
    return f"held {plain(Identity, value)}"


def of_state(value: int) -> str:
    """Return the state of an engagement in words."""
    return plain(EngagementState, value)


def of_refusal(value: int) -> str:
    """Return why the rules refused, in the words of the situation report."""
    try:
        return words.REFUSALS[Refusal(value)]
    except (KeyError, ValueError):
        return plain(Refusal, value)


def of_effector(value: int) -> str:
    """Return a kind of effector in words."""
    try:
        return words.EFFECTORS[EffectorKind(value)]
    except ValueError:
        return "no effector"


def of_level(value: int) -> str:
    """Return the level of a warning in words."""
    return "ended" if value == WarningLevel.NONE else plain(WarningLevel, value)


def of_status(value: int) -> str:
    """Return the status of a track in words."""
    return plain(TrackStatus, value)


def when(time_s: float) -> str | None:
    """Return a time in ISO 8601 to the second, None when there is none."""
    return format_utc(time_s) if math.isfinite(time_s) else None


def rounded(value: float, digits: int = 0) -> float | None:
    """Return a rounded number, None when there is none; whole numbers as integers."""
    if not math.isfinite(value):
        return None
    return round(value, digits) if digits else round(value)
