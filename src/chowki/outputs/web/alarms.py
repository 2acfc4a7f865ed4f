"""When the alarm goes: on a take-cover that is new, and on one that got worse; never by a renewal.

Worse is: twice as many tracks inbound as when it last went, and two more at least; or a first
arrival earlier by ``sooner_s``; or somebody inbound again after a lull. What is inbound is counted
in recorded pictures, and must hold in two of them: a track that flickers is no raid.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from chowki.core.records import Threats


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Figures of the alarm.

    Attributes
    ----------
    again_s : float
        A place gives at most one alarm in this time, unless it got worse.
    probability, within_s : float
        A track counts as inbound from this probability on, within this time.
    factor, more : float, int
        So many times as many tracks inbound, and so many more, are worse.
    sooner_s : float
        A first arrival that is earlier by this much is worse.
    lull_s : float
        When nobody was inbound for this long, whoever comes then is worse.
    kept : int
        Alarms that are kept on the list at most.
    """

    again_s: float = 120.0
    probability: float = 0.5
    within_s: float = 600.0
    factor: float = 2.0
    more: int = 2
    sooner_s: float = 120.0
    lull_s: float = 60.0
    kept: int = 200


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm.

    Attributes
    ----------
    number : int
        Its number, never reused.
    warning, place, level : int
        Of the row of ``Warnings`` that gave rise to it.
    raised_s : float
        UTC seconds.
    why : str
        ``new``, or in which way it got worse: ``from advisory``, ``more``, ``sooner``, ``again``.
    inbound : int
        Tracks inbound then.
    arrival_s : float
        UTC seconds of the first expected arrival, NaN when unknown.
    shelved : bool
        Listed, but not sounded.
    seen : tuple of str
        Who had it before their eyes.
    acknowledged_s : float
        UTC seconds, NaN before.
    acknowledged_by : str
        Who.
    over : bool
        Whether the warning has ended.
    """

    number: int
    warning: int
    place: int
    level: int
    raised_s: float
    why: str
    inbound: int
    arrival_s: float
    shelved: bool = False
    seen: tuple[str, ...] = ()
    acknowledged_s: float = math.nan
    acknowledged_by: str = ""
    over: bool = False

    @property
    def acknowledged(self) -> bool:
        """Return whether somebody acknowledged it."""
        return not math.isnan(self.acknowledged_s)


@dataclass(frozen=True, slots=True)
class Inbound:
    """How many tracks mean a place, and when the first arrives (UTC s, infinity for none)."""

    tracks: int = 0
    arrival_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Cover:
    """A place that is to take cover, or for which that is proposed.

    Attributes
    ----------
    numbers : frozenset of int
        Warnings and proposals that say so.
    level : int
        WarningLevel of the last of them.
    base : Inbound or None
        What was inbound when the alarm last went; None until the next picture tells.
    before : Inbound
        What was inbound in the picture before.
    seen_s : float
        UTC seconds of the last picture with somebody inbound, -infinity before the first picture.
    """

    numbers: frozenset[int]
    level: int
    base: Inbound | None = None
    before: Inbound = Inbound()
    seen_s: float = -math.inf


def inbound_of_each(threats: Threats, places: int, time_s: float, f: AlarmFigures) -> list[Inbound]:
    """Return what is inbound to each place in a picture."""
    means = (threats.probability >= f.probability) & (threats.time_to_go_s <= f.within_s)
    place = threats.place[means]
    first_s = np.full(places, np.inf)
    np.minimum.at(first_s, place, time_s + threats.time_to_go_s[means])
    tracks = np.bincount(place, minlength=places)
    return [Inbound(n, at_s) for n, at_s in zip(tracks.tolist(), first_s.tolist(), strict=True)]


def look(cover: Cover, now: Inbound, time_s: float, f: AlarmFigures) -> tuple[Cover, str]:
    """Return a covered place after a picture, and why the alarm goes again; empty if it does not.

    The lower of two successive pictures counts, and the later of their arrivals.
    """
    base, before = cover.base, cover.before
    there = now.tracks > 0 or base is None
    after = replace(cover, before=now, seen_s=time_s if there else cover.seen_s)
    if base is None:
        return replace(after, base=now), ""
    held = Inbound(min(now.tracks, before.tracks), max(now.arrival_s, before.arrival_s))
    if time_s - after.seen_s >= f.lull_s:
        return replace(after, base=Inbound()), ""
    why = _worse(base, held, f)
    return (replace(after, base=held), why) if why else (after, "")


def _worse(base: Inbound, held: Inbound, f: AlarmFigures) -> str:
    """Return in which way it is worse than before, empty if in none."""
    if base.tracks == 0:
        return "again" if held.tracks > 0 else ""
    if held.tracks >= max(f.factor * base.tracks, base.tracks + f.more):
        return "more"
    return "sooner" if held.arrival_s <= base.arrival_s - f.sooner_s else ""
