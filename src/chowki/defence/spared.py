"""Memory of what must not be hit: it stays spared for a while when its track ends or says less.

An aircraft whose track was lost is still there, and one whose address went to another track for a
moment has not become a drone. Both keep their no-fire volume for some seconds, and a track that
was spared by its own word is not engaged meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chowki.core.records import Tracks, TrackStatus
from chowki.core.table import F64, I64
from chowki.defence.rules import RulesParameters, no_fire_rows, spared_by_word
from chowki.defence.situation import NoFireVolumes

# Widening of the volume of a lost track, as a share of the way that it has flown since: an
# airliner turns by up to 1.5 degrees a second.
LOST_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Spared:
    """Tracks that carried a no-fire volume of late, one entry each.

    Attributes
    ----------
    track : I64
        Track numbers, ascending.
    word_s, seen_s : F64
        UTC times at which it was last spared by its own word (-inf never), and last in the
        picture.
    motion, margin_m : F64
        Shapes (n, 6), (n, 2): as it was then; ``NoFireVolumes``.
    """

    track: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    word_s: F64 = field(default_factory=lambda: np.empty(0))
    seen_s: F64 = field(default_factory=lambda: np.empty(0))
    motion: F64 = field(default_factory=lambda: np.empty((0, 6)))
    margin_m: F64 = field(default_factory=lambda: np.empty((0, 2)))


def remember(
    before: Spared, tracks: Tracks, motion: F64, time_s: float, figures: RulesParameters
) -> tuple[Spared, NoFireVolumes, frozenset[int]]:
    """Return the memory at a time, the volumes that stand, and tracks spared by an earlier word.

    Parameters
    ----------
    before : Spared
        As it was left.
    tracks : Tracks
        The recognised air picture.
    motion : F64
        Shape (n, 6): of every track.
    time_s : float
        UTC seconds.
    figures : RulesParameters
        Margins, and ``spared_s``: how long the memory lasts.
    """
    rows, margin = no_fire_rows(tracks, figures)
    there = tracks.track[tracks.status != int(TrackStatus.DROPPED)]
    lost_rows = np.flatnonzero(time_s - before.seen_s <= figures.spared_s)
    lost_rows = lost_rows[~np.isin(before.track[lost_rows], there)]
    held, of_before = _still_by_word(before, tracks, rows, time_s, figures)
    now = np.concatenate((rows, held))
    word_s = np.concatenate((_word_s(before, tracks, rows, time_s), before.word_s[of_before]))
    here = np.full(len(now), time_s)
    margin = np.concatenate((margin, before.margin_m[of_before]))
    after = Spared(
        track=np.concatenate((tracks.track[now], before.track[lost_rows])),
        word_s=np.concatenate((word_s, before.word_s[lost_rows])),
        seen_s=np.concatenate((here, before.seen_s[lost_rows])),
        motion=np.concatenate((motion[now], before.motion[lost_rows])),
        margin_m=np.concatenate((margin, before.margin_m[lost_rows])),
    )
    return _ordered(after), _volumes(after, time_s), frozenset(tracks.track[held].tolist())


def _still_by_word(
    before: Spared, tracks: Tracks, rows: I64, time_s: float, figures: RulesParameters
) -> tuple[I64, I64]:
    """Return rows that carry no volume by themselves now but did by their own word of late."""
    lately = np.flatnonzero(time_s - before.word_s <= figures.spared_s)
    lately = lately[~np.isin(before.track[lately], tracks.track[rows])]
    if not len(lately) or not len(tracks):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(tracks.track, kind="stable")
    place = np.searchsorted(tracks.track[order], before.track[lately])
    row = order[np.minimum(place, len(order) - 1)]
    known = (tracks.track[row] == before.track[lately]) & (
        tracks.status[row] != int(TrackStatus.DROPPED)
    )
    return row[known], lately[known]


def _word_s(before: Spared, tracks: Tracks, rows: I64, time_s: float) -> F64:
    """Return when tracks that carry a volume now were last spared by their own word."""
    word_s = np.full(len(rows), -np.inf)
    if len(before.track):
        place = np.minimum(np.searchsorted(before.track, tracks.track[rows]), len(before.track) - 1)
        known = before.track[place] == tracks.track[rows]
        word_s[known] = before.word_s[place[known]]
    word_s[spared_by_word(tracks)[rows]] = time_s
    return word_s


def _volumes(spared: Spared, time_s: float) -> NoFireVolumes:
    """Return the volumes as they stand now: those of lost tracks moved on, and widened."""
    age_s = time_s - spared.seen_s
    motion, margin_m = spared.motion.copy(), spared.margin_m.copy()
    motion[:, :3] += age_s[:, None] * motion[:, 3:]
    margin_m[:, 0] += LOST_SHARE * age_s * np.sqrt((motion[:, 3:] ** 2).sum(axis=1))
    return NoFireVolumes(motion, margin_m)


def _ordered(spared: Spared) -> Spared:
    order = np.argsort(spared.track, kind="stable")
    return Spared(
        spared.track[order],
        spared.word_s[order],
        spared.seen_s[order],
        spared.motion[order],
        spared.margin_m[order],
    )
