"""How facts are put into words: counts, times, borders and kinds of place."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chowki.core.clock import format_clock, format_utc
from chowki.core.places import Place
from chowki.core.records import EffectorKind, Refusal, SensorFault
from chowki.outputs.sitrep.facts import SensorFact

BORDERS = {
    "LoC": "Line of Control",
    "IB": "International Border",
    "": "Behind the border or on the coast",
}
EFFECTORS = {
    EffectorKind.GUN: "gun",
    EffectorKind.MISSILE: "short-range missile",
    EffectorKind.JAMMER: "RF jammer",
    EffectorKind.INTERCEPTOR: "interceptor drone",
}
REFUSALS = {
    Refusal.NONE: "of no reason on record",
    Refusal.HOLD: "weapons control status was hold",
    Refusal.IDENTITY: "not held hostile as the posture asks (unknown is never engaged)",
    Refusal.NO_FIRE_VOLUME: "intercept inside a no-fire volume round an aircraft",
    Refusal.BORDER: "intercept beyond the defended side of the border",
    Refusal.CIVILIAN_HARM: "debris could have harmed people on the ground",
    Refusal.MAGAZINE: "no rounds left in reach",
    Refusal.SELF_PROTECTION: "kept for the site's own protection",
    Refusal.AUTHORISED_DRONE: "it was an authorised drone",
    Refusal.RELEASE_WITHHELD: "a person did not release it",
    Refusal.OUT_OF_REACH: "no site could reach it in time",
    Refusal.CEASE_FIRE: "fire was ceased and nobody released it",
}
FAULTS = {
    SensorFault.CLOCK_STEP: "clock stepped",
    SensorFault.CLOCK_DRIFT: "clock drifting",
    SensorFault.STUCK: "plots repeated",
    SensorFault.FLOOD: "flood of false plots",
    SensorFault.DUPLICATES: "plots doubled",
    SensorFault.SILENT: "silent",
    SensorFault.STROBE: "jam strobe",
    SensorFault.BIAS: "bias jumped",
}
OUTCOMES_DISCLAIMER = (
    "Outcomes are a model's. They come from a simulation with illustrative sensors and effectors "
    "at invented positions, and say nothing about any real system, site or event."
)
FEED_DISCLAIMER = (
    "Worked out from a recorded feed. Nothing was engaged: no engagement is built on a feed."
)
BORDER_DISCLAIMER = "Borders are coarse, for simulation only, and no statement on any boundary."


def faults(bits: int) -> str:
    """Return the faults of a sensor in words, or ``working``."""
    return " and ".join(word for fault, word in FAULTS.items() if bits & fault) or "working"


def border_of(place: Place) -> str:
    """Return the border that a place's sector names: ``LoC``, ``IB`` or empty."""
    first = place.sector.split(" ", 1)[0]
    return first if first in ("LoC", "IB") else ""


def is_military(place: Place) -> bool:
    """Return whether the scenario says that a military site is beside the place."""
    return "military" in place.kind


def is_civil(place: Place) -> bool:
    """Return whether people live there, by its kind."""
    return "civil" in place.kind


def count(number: int, one: str, many: str = "") -> str:
    """Return a counted noun, with ``no`` for zero.

    Examples
    --------
    >>> count(1, "track"), count(2, "track"), count(0, "aircraft", "aircraft")
    ('1 track', '2 tracks', 'no aircraft')
    """
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"


def opening(phrase: str) -> str:
    """Return a phrase with a capital first letter, as it opens a sentence."""
    return phrase[:1].upper() + phrase[1:]


def counted(number: int, one: str, many: str = "") -> str:
    """Return a counted noun that opens a sentence."""
    return opening(count(number, one, many))


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> listed(["Samba", "Jammu", "Bhuj"])
    'Samba, Jammu and Bhuj'
    """
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def clock(time_s: float) -> str:
    """Return the time of day in UTC, a dash when there is none."""
    return format_clock(time_s) if math.isfinite(time_s) else "-"


def minutes(seconds: float) -> str:
    """Return a duration as minutes and seconds, with its sign.

    Examples
    --------
    >>> minutes(125.0), minutes(-30.0), minutes(float("nan"))
    ('2:05', '-0:30', '-')
    """
    if not math.isfinite(seconds):
        return "-"
    whole = abs(round(seconds))
    return f"{'-' if seconds < 0 and whole else ''}{whole // 60}:{whole % 60:02d}"


def utc_or_none(time_s: float) -> str | None:
    """Return a time in ISO 8601, None when there is none."""
    return format_utc(time_s) if math.isfinite(time_s) else None


def number_or_none(value: float) -> float | None:
    """Return a number rounded to a tenth, None when there is none."""
    return round(value, 1) if math.isfinite(value) else None


def ground_and_mask(sensing: SensorFact) -> str:
    """Return what every coverage figure has to say beside it."""
    return f"ground: {sensing.ground}, mask: {'yes' if sensing.masks else 'no'}"
