"""Kill assessment: what became of a target, by what the sensors then see. Truth has no part in it.

A site says that its rounds are spent, no more. From then on the track is watched: a detection from
after the intercept says that it still flies, looks that find nothing let its existence fall, and
with it the odds that it survived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Site
from chowki.core.records import EffectorKind, EngagementState, Tracks, TrackStatus
from chowki.core.table import F64
from chowki.defence.engagement import Engagement, EngagementBook

# Existence this near 0 or 1 is as good as certain; the odds stay finite.
_CERTAIN = 1e-9


class AssessmentParameters(BaseModel):
    """Figures of kill assessment; illustrative, each with its reason.

    Attributes
    ----------
    guard_s : float
        A detection counts as seen after the intercept when it is this much later: truth moves by
        the second, and clocks of sensors err by tenths.
    surviving_max, existence_max : float
        The target is held killed once the probability that it still flies is at most the first,
        and its existence at most the second: looks that miss one after the other are not as
        independent as the tracker takes them to be.
    longest_s : float
        An assessment ends this long after the intercept: two turns of a radar with a period of
        12 s, and the delay of its link.
    slowed : float
        A jammed drone is held stopped when its speed fell below this share of what it was.
    sinking_mps : float
        Or when it sinks this fast: twice what a multirotor sinks on purpose.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    guard_s: float = Field(default=1.0, ge=0)
    surviving_max: float = Field(default=0.1, gt=0, lt=1)
    existence_max: float = Field(default=0.5, gt=0, lt=1)
    longest_s: float = Field(default=30.0, gt=0)
    slowed: float = Field(default=0.5, ge=0, le=1)
    sinking_mps: float = Field(default=8.0, gt=0)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the picture holds of a target now: row of its track, -1 for none."""

    tracks: Tracks
    row: int

    @property
    def gone(self) -> bool:
        return self.row < 0 or self.tracks.status[self.row] == int(TrackStatus.DROPPED)

    @property
    def existence(self) -> float:
        return float(np.clip(self.tracks.existence[self.row], _CERTAIN, 1.0 - _CERTAIN))

    def velocity(self) -> tuple[float, float, float]:
        t = self.tracks
        east, north, up = t.v_east_mps[self.row], t.v_north_mps[self.row], t.v_up_mps[self.row]
        return float(east), float(north), float(up)


def assess(
    book: EngagementBook,
    tracks: Tracks,
    sites: tuple[Site, ...],
    time_s: float,
    figures: AssessmentParameters,
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book after a look at every target whose rounds were spent, and what is settled.

    Parameters
    ----------
    book : EngagementBook
        As it was left.
    tracks : Tracks
        The recognised air picture.
    sites : tuple of Site
        By index; ``assessment_s`` is the least time before anything is concluded.
    time_s : float
        UTC seconds.
    figures : AssessmentParameters
        Thresholds.
    """
    watched = [one for one in book.open.values() if one.state is EngagementState.MET]
    if not watched:
        return book, watched
    still, settled = dict(book.open), list[Engagement]()
    for one in watched:
        rows = np.flatnonzero(tracks.track == one.track)
        look = _Look(tracks, int(rows[0]) if len(rows) else -1)
        seen = _watched(one, look)
        still[one.number] = seen
        if time_s >= one.met_s + sites[one.site].assessment_s:
            state = _settled(seen, look, time_s, figures)
            if state is not EngagementState.MET:
                del still[one.number]
                settled.append(replace(seen, state=state))
    return replace(book, open=still), settled


def _watched(one: Engagement, look: _Look) -> Engagement:
    """Return the engagement with the highest existence that its track had since the intercept."""
    if look.gone or look.existence <= one.existence:
        return one
    return replace(one, existence=look.existence)


def _settled(
    one: Engagement, look: _Look, time_s: float, figures: AssessmentParameters
) -> EngagementState:
    """Return what is held of a target; who would have arrived by now can't be told from killed."""
    if time_s > one.arrives_s:
        return EngagementState.MISSED
    if look.gone:
        return EngagementState.INTERCEPTED
    if look.tracks.updated_s[look.row] > one.met_s + figures.guard_s:
        stopped = one.effector == int(EffectorKind.JAMMER) and _broken(one, look, figures)
        return EngagementState.INTERCEPTED if stopped else EngagementState.MISSED
    survives = surviving(one.kill_probability, one.existence, look.existence)
    if survives <= figures.surviving_max and look.existence <= figures.existence_max:
        return EngagementState.INTERCEPTED
    late = time_s >= one.met_s + figures.longest_s
    return EngagementState.MISSED if late else EngagementState.MET


def arrives_s(one: Engagement, place_m: F64, radius_m: float) -> float:
    """Return when a target that flies on comes within the radius of a place, infinity if never.

    Parameters
    ----------
    one : Engagement
        With the intercept, its time, and the velocity of the track when it was ordered.
    place_m : F64
        Shape (3,), station frame.
    radius_m : float
        How near it must come to have arrived.
    """
    away, v = np.array(one.point_m) - place_m, np.array(one.velocity_mps)
    a, b, c = float(v @ v), float(away @ v), float(away @ away) - radius_m**2
    if c <= 0.0:
        return one.intercept_s
    inside = b * b - a * c
    if a <= 0.0 or b >= 0.0 or inside < 0.0:
        return np.inf
    return one.intercept_s + (-b - np.sqrt(inside)) / a


def surviving(kill_probability: float, before: float, now: float) -> float:
    """Return the probability that a target which was shot at still flies.

    Bayes: odds (1 - p) / p before any look, times the factor by which looks that found nothing
    changed the odds of existence.

    Parameters
    ----------
    kill_probability : float
        As stated, single shot.
    before, now : float
        Existence probability at the intercept and now, both within (0, 1).

    Examples
    --------
    >>> round(surviving(0.5, 0.9, 0.9), 3), round(surviving(0.5, 0.9, 0.5), 3)
    (0.5, 0.1)
    """
    p = min(max(kill_probability, _CERTAIN), 1.0 - _CERTAIN)
    odds = (1.0 - p) / p * (now / (1.0 - now)) / (before / (1.0 - before))
    return odds / (1.0 + odds)


def _broken(one: Engagement, look: _Look, figures: AssessmentParameters) -> bool:
    """Return whether a drone no longer flies as it did: it hovers, sinks, or turned back."""
    was, is_ = np.array(one.velocity_mps), np.array(look.velocity())
    slow = np.linalg.norm(is_[:2]) < figures.slowed * np.linalg.norm(was[:2])
    back = float(was[:2] @ is_[:2]) < 0.0
    return bool(slow or back or is_[2] < -figures.sinking_mps)
