"""What is known of a live source: whether it speaks, how much, how late, and what is wrong."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from chowki.feeds.live.timing import Timing

RATE_S, MINUTE_S = 10.0, 60.0
FEW_FAULTS, FAULTY_SHARE = 3, 0.02
MANY_LOSSES = 3  # of the connection, in a minute

# Reasons to leave a record out that tell of aircraft and receivers, not of a fault.
HARMLESS = frozenset({
    "aircraft without position",
    "location without position",
    "MSG,3 without position",
    "older than 10 s when received",
    "older than the address's last position",
    "on the ground",
    "position not renewed (same address and time)",
    "position without height",
    "superseded within the same look",
})  # fmt: skip
LATE = "older than 10 s when received"


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """What is known of one live source at one time.

    Attributes
    ----------
    name, kind : str
        Its name among the sources; ``sbs``, ``plots``, ...
    state : str
        ``working``; ``degraded``: it speaks, and something is wrong; ``silent``: it doesn't speak.
    rate_hz : float
        Records a second over the last ten seconds.
    delay_s, clock_offset_s : float
        See ``Timing``; NaN while unknown.
    last_s : float
        UTC seconds of receipt of its last record, NaN before the first.
    note : str
        What is wrong, or worth knowing, in words; may be empty.
    skipped : Mapping of str to int
        Records left out so far, by reason.
    """

    name: str
    kind: str
    state: str
    rate_hz: float
    delay_s: float
    clock_offset_s: float
    last_s: float
    note: str
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Meter:
    """What the thread of a source counts; everybody else only reads it.

    Attributes
    ----------
    heard, surplus : int
        Records that came, those dropped among them; those dropped because there were too many.
    last_s : float
        Receipt of the last record, NaN before the first.
    alive_s : float
        Last sign of life of the other side, which may be no record; NaN before the first.
    connected : bool
        Whether the way to the source is open.
    trouble : str
        Why it isn't, in words.
    losses : int
        How often a way that was open has closed.
    skipped, noted : Counter of str
        Records left out, and those that needed care, by reason.
    """

    heard: int = 0
    surplus: int = 0
    last_s: float = math.nan
    alive_s: float = math.nan
    connected: bool = False
    trouble: str = "not tried yet"
    losses: int = 0
    skipped: Counter[str] = field(default_factory=Counter[str])
    noted: Counter[str] = field(default_factory=Counter[str])


@dataclass(frozen=True, slots=True)
class Limits:
    """What is asked of a source of one kind.

    Attributes
    ----------
    silent_s : float
        Seconds without a record (or sign of life, where quiet is normal) until it is silent.
    most_hz : float
        Records a second above which the surplus is dropped.
    quiet_is_normal : bool
        True where no record for hours may mean that nothing flies.
    """

    silent_s: float = 30.0
    most_hz: float = 5_000.0
    quiet_is_normal: bool = False


class _Past(NamedTuple):
    time_s: float
    heard: int
    surplus: int
    faults: int
    losses: int


class Review:
    """Judges a source once a second, from what was counted.

    Parameters
    ----------
    meter, timing : Meter, Timing
        What the thread of the source counts.
    limits : Limits
        What is asked of it.
    """

    def __init__(self, meter: Meter, timing: Timing, limits: Limits) -> None:
        self._meter, self._timing, self._limits = meter, timing, limits
        self._past: deque[_Past] = deque()
        self._since_s = math.nan

    def at(self, name: str, kind: str, time_s: float) -> tuple[SourceHealth, tuple[str, ...]]:
        """Return the health at a time (UTC s) and, to compare, what is wrong in single words."""
        meter = self._meter
        if math.isnan(self._since_s):
            self._since_s = time_s
        self._remember(time_s)
        wrong = self._silence(time_s) | self._faults(time_s)
        silent = "silent" in wrong or "unheard" in wrong
        state = "silent" if silent else "degraded" if wrong else "working"
        note = "; ".join([*wrong.values(), *([] if wrong else self._remarks(time_s))])
        timing = self._timing
        health = SourceHealth(
            name, kind, state, self._rate(time_s), timing.delay_s, timing.clock_offset_s,
            meter.last_s, note, dict(meter.skipped),
        )  # fmt: skip
        return health, (state, *wrong)

    def _remember(self, time_s: float) -> None:
        meter = self._meter
        skipped = dict(meter.skipped)
        faults = sum(n for why, n in skipped.items() if why not in HARMLESS)
        self._past.append(_Past(time_s, meter.heard, meter.surplus, faults, meter.losses))
        while self._past[0].time_s < time_s - MINUTE_S:
            self._past.popleft()

    def _ago(self, time_s: float) -> _Past:
        """Return what was counted at a time, or as soon after as known."""
        later = (past for past in self._past if past.time_s >= time_s)
        return next(later, self._past[-1])

    def _rate(self, time_s: float) -> float:
        then, now = self._ago(time_s - RATE_S), self._past[-1]
        span_s = now.time_s - then.time_s
        return (now.heard - then.heard) / span_s if span_s > 0.0 else 0.0

    def _silence(self, time_s: float) -> dict[str, str]:
        """Return in which way it doesn't speak, if so."""
        meter, limit_s = self._meter, self._limits.silent_s
        quiet = self._limits.quiet_is_normal
        last_s = meter.alive_s if quiet else meter.last_s
        never = math.isnan(last_s)
        silent_s = time_s - (self._since_s if never else last_s)
        if not meter.connected:
            key = "silent" if never or silent_s > limit_s else "lost"
            return {key: f"no connection ({meter.trouble}); it is tried again"}
        if never and not quiet:
            return {"unheard": f"connected, nothing heard for {silent_s:.0f} s"}
        if silent_s > limit_s:
            return {"silent": f"nothing heard for {silent_s:.0f} s"}
        return {}

    def _faults(self, time_s: float) -> dict[str, str]:
        then, now = self._ago(time_s - MINUTE_S), self._past[-1]
        wrong: dict[str, str] = {}
        if now.surplus > then.surplus:
            wrong["flood"] = (
                f"it floods: {now.surplus - then.surplus} records dropped in the last minute "
                f"(more than {self._limits.most_hz:g} a second)"
            )
        if now.losses - then.losses >= MANY_LOSSES:
            wrong["flaps"] = f"lost {now.losses - then.losses} times in the last minute"
        if self._timing.wrong:
            wrong["clock"] = _clock_words(self._timing)
        faults, heard = now.faults - then.faults, now.heard - then.heard
        if faults >= max(FEW_FAULTS, FAULTY_SHARE * heard):
            wrong["faulty"] = f"{faults} faulty records in the last minute: {self._worst()}"
        return wrong

    def _worst(self) -> str:
        """Return the three most frequent faults so far, in words."""
        counts = Counter({why: n for why, n in self._meter.skipped.items() if why not in HARMLESS})
        return ", ".join(f"{n} {why}" for why, n in counts.most_common(3)) + " so far"

    def _remarks(self, time_s: float) -> list[str]:
        """Return what is worth knowing of a source with which nothing is wrong."""
        meter = self._meter
        if not self._limits.quiet_is_normal:
            return []
        if math.isnan(meter.last_s):
            return ["connected, nothing heard yet"]
        silent_s = time_s - meter.last_s
        return [f"nothing heard for {silent_s:.0f} s"] if silent_s > self._limits.silent_s else []


def _clock_words(timing: Timing) -> str:
    if not timing.sets_right:
        return "its times are off by more than 10 s; what is older than 10 s is left out"
    if timing.correction() is None:
        return "its times are off by more than 10 s; its records wait until the clock is known"
    ahead_s = timing.clock_offset_s
    which = "ahead" if ahead_s > 0.0 else "behind"
    return f"its clock is {abs(ahead_s):,.1f} s {which}; times are set right"
