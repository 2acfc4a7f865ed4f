"""Engagements: the book of those that are open, and how each runs its course."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chowki.core.messages import Status
from chowki.core.places import Site
from chowki.core.records import Engagements, EngagementState, Refusal
from chowki.core.table import I64
from chowki.defence.desks import ReleaseDesk
from chowki.defence.spared import Spared

# How often it is noted that a proposal is still wanted.
RENEWED_S = 5.0
_UNDER_WAY = (EngagementState.ORDERED, EngagementState.IN_FLIGHT)
# What a site can say. What became of the target is none of it: ``defence.assessment`` looks.
_TOLD = (EngagementState.IN_FLIGHT, EngagementState.MET, EngagementState.ABORTED)


@dataclass(frozen=True, slots=True)
class Engagement:
    """One decision to intercept as it stands.

    Attributes
    ----------
    number, track, place, site : int
        Its number; the track; the place it defends; the site, -1 before one is chosen.
    effector : int
        EffectorKind of the site, -1 before.
    state : EngagementState
        Where it stands.
    proposed_s, ordered_s : float
        UTC times at which it was proposed and ordered, NaN before.
    kill_probability : float
        Stated single-shot kill probability over the track's classes.
    point_m : tuple of float
        Intercept point, station frame.
    intercept_s : float
        UTC time of the intercept.
    rounds : int
        Rounds claimed, then spent.
    refusal : Refusal
        Why it was refused or aborted.
    wanted_s : float
        UTC time at which its track was last found worth engaging, NaN before.
    met_s : float
        UTC time at which its last round met the prediction, NaN before.
    velocity_mps : tuple of float
        Of the track when it was ordered, station frame.
    existence : float
        Highest existence probability of the track since the rounds met, 0 before.
    arrives_s : float
        UTC time at which the track would come to its place if it flew on, infinity if never.
    harm : float
        P(at least one person hit) by debris.
    """

    number: int
    track: int
    place: int
    site: int = -1
    effector: int = -1
    state: EngagementState = EngagementState.PROPOSED
    proposed_s: float = math.nan
    ordered_s: float = math.nan
    kill_probability: float = math.nan
    point_m: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    intercept_s: float = math.nan
    rounds: int = 0
    refusal: Refusal = Refusal.NONE
    wanted_s: float = math.nan
    met_s: float = math.nan
    velocity_mps: tuple[float, float, float] = (math.nan, math.nan, math.nan)
    existence: float = 0.0
    arrives_s: float = math.inf
    harm: float = math.nan

    @property
    def under_way(self) -> bool:
        """Return whether a round is ordered or in flight."""
        return self.state in _UNDER_WAY

    @property
    def proposed(self) -> bool:
        """Return whether no round was ordered yet, released or not."""
        return self.state in (EngagementState.PROPOSED, EngagementState.RELEASED)


@dataclass(frozen=True, slots=True)
class EngagementBook:
    """All that engagement remembers.

    Attributes
    ----------
    open : mapping of int to Engagement
        Engagements that are proposed, ordered, in flight or watched, by number.
    rounds : I64
        Shape (s,): rounds that each site last reported, less those ordered since.
    cooling : tuple of (int, float)
        Sites whose channel reloads, and until when (UTC seconds).
    refused : mapping of int to int
        Last refusal recorded for each track.
    released, withheld : frozenset of int
        Tracks for which a person released, or refused, engagement.
    silent : frozenset of int
        Sites that report nothing, or no longer work.
    desks : mapping of int to ReleaseDesk
        What waits for release in each sector, by its index.
    violators : frozenset of int
        Tracks whose crossing after a cease-fire was recorded.
    spared : Spared
        What carried a no-fire volume of late.
    next_number : int
        Number of the next engagement.
    memory : Any
        What the allocator keeps from one question to the next.
    """

    open: Mapping[int, Engagement]
    rounds: I64
    cooling: tuple[tuple[int, float], ...] = ()
    refused: Mapping[int, int] = field(default_factory=dict)
    released: frozenset[int] = frozenset()
    withheld: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()
    desks: Mapping[int, ReleaseDesk] = field(default_factory=dict)
    violators: frozenset[int] = frozenset()
    spared: Spared = field(default_factory=Spared)
    next_number: int = 1
    memory: Any = None

    def proposals(self) -> dict[int, Engagement]:
        """Return engagements that are proposed, released or not, by track."""
        return {one.track: one for one in self.open.values() if one.proposed}

    def engaged_tracks(self) -> set[int]:
        """Return tracks with a round ordered, in flight, or spent and not yet assessed."""
        return {one.track for one in self.open.values() if not one.proposed}

    def free_channels(self, channels: I64, time_s: float) -> I64:
        """Return channels of each site that neither engage nor reload nor are silent."""
        free = channels.copy()
        for one in self.open.values():
            if one.under_way:
                free[one.site] -= 1
        for site, until_s in self.cooling:
            if until_s > time_s:
                free[site] -= 1
        free[list(self.silent)] = 0
        return np.maximum(free, 0)


def rows_of(engagements: Iterable[Engagement], time_s: float) -> Engagements:
    """Return engagements as rows at a time."""
    rows = list(engagements)
    if not rows:
        return Engagements.empty()
    return Engagements.of(
        engagement=[one.number for one in rows],
        time_s=[time_s] * len(rows),
        track=[one.track for one in rows],
        place=[one.place for one in rows],
        site=[one.site for one in rows],
        effector=[one.effector for one in rows],
        state=[int(one.state) for one in rows],
        refusal=[int(one.refusal) for one in rows],
        kill_probability=[one.kill_probability for one in rows],
        east_m=[one.point_m[0] for one in rows],
        north_m=[one.point_m[1] for one in rows],
        up_m=[one.point_m[2] for one in rows],
        intercept_s=[one.intercept_s for one in rows],
        rounds=[one.rounds for one in rows],
        harm=[one.harm for one in rows],
    )


def take_status(
    book: EngagementBook, status: Status, sites: tuple[Site, ...]
) -> tuple[EngagementBook, Engagements]:
    """Return the book after what a site reports, and the rows that changed."""
    if not 0 <= status.site < len(sites):
        return book, Engagements.empty()
    silent = status.kind in ("site", "link") and status.state == "silent"
    change = frozenset((status.site,))
    book = replace(book, silent=book.silent | change if silent else book.silent - change)
    book, changed = _take_outcomes(book, status, sites)
    if status.rounds_left >= 0:
        rounds = book.rounds.copy()
        rounds[status.site] = max(status.rounds_left - _unlaunched(book, status.site), 0)
        book = replace(book, rounds=rounds)
    return book, rows_of(changed, status.time_s)


def _unlaunched(book: EngagementBook, site: int) -> int:
    """Return rounds ordered at a site which it has not launched yet, so still counts as its own."""
    ordered = EngagementState.ORDERED
    return sum(o.rounds for o in book.open.values() if o.site == site and o.state is ordered)


def _take_outcomes(
    book: EngagementBook, status: Status, sites: tuple[Site, ...]
) -> tuple[EngagementBook, list[Engagement]]:
    still, cooling = dict(book.open), list(book.cooling)
    changed: list[Engagement] = []
    outcomes = status.outcomes
    for row in range(len(outcomes)):
        before = still.get(int(outcomes.engagement[row]))
        state = EngagementState(int(outcomes.state[row]))
        if before is None or not before.under_way or state is before.state or state not in _TOLD:
            continue
        spent = int(outcomes.rounds[row])
        after = replace(before, state=state, rounds=spent if spent >= 0 else before.rounds)
        if state is EngagementState.IN_FLIGHT:
            still[after.number] = after
        else:
            site = sites[after.site]
            busy_s = site.reload_s
            if state is EngagementState.MET:
                # the channel stays on the target until it could have been looked at
                busy_s = max(site.reload_s, site.assessment_s)
                after = replace(after, met_s=float(outcomes.time_s[row]))
                still[after.number] = after
            else:
                del still[after.number]
            cooling.append((after.site, status.time_s + busy_s))
        changed.append(after)
    return replace(book, open=still, cooling=tuple(cooling)), changed


def renew(book: EngagementBook, tracks: Collection[int], time_s: float) -> EngagementBook:
    """Return the book with the proposals on tracks that are worth engaging at a time.

    It is noted once in a few seconds only: what it decides takes far longer.
    """
    wanted = {
        one.number: replace(one, wanted_s=time_s)
        for one in book.open.values()
        if one.proposed and one.track in tracks and not time_s - one.wanted_s < RENEWED_S
    }
    return replace(book, open={**book.open, **wanted}) if wanted else book


def expire(
    book: EngagementBook, time_s: float, *, grace_s: float, proposal_s: float
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book without what is overdue, and those as aborted.

    An engagement is overdue when its outcome has not been reported ``grace_s`` after its
    intercept, a proposal when its track was not worth engaging for ``proposal_s``.
    """
    cooling = tuple(pair for pair in book.cooling if pair[1] > time_s)
    late = [
        replace(one, state=EngagementState.ABORTED)
        for one in book.open.values()
        if (one.under_way and time_s > one.intercept_s + grace_s)
        or (one.proposed and time_s > max(one.proposed_s, one.wanted_s) + proposal_s)
    ]
    if not late and len(cooling) == len(book.cooling):
        return book, []
    gone = {one.number for one in late}
    still = {number: one for number, one in book.open.items() if number not in gone}
    return replace(book, open=still, cooling=cooling), late


def abort_proposals(
    book: EngagementBook, refusals: Mapping[int, int]
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book without proposals on tracks that the rules now refuse, and those.

    A track that no site reaches at the moment keeps its proposal: a look missed or a turn is soon
    made good, and what is not expires.
    """
    gone = [
        replace(one, state=EngagementState.ABORTED, refusal=Refusal(refusals[track]))
        for track, one in book.proposals().items()
        if refusals.get(track, Refusal.OUT_OF_REACH) != Refusal.OUT_OF_REACH
    ]
    numbers = {one.number for one in gone}
    still = {number: one for number, one in book.open.items() if number not in numbers}
    return (replace(book, open=still), gone) if gone else (book, gone)


def withdraw_refused(book: EngagementBook) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book without proposals on tracks that a person refused, and those."""
    if not book.withheld:
        return book, []
    return abort_proposals(book, dict.fromkeys(book.withheld, int(Refusal.RELEASE_WITHHELD)))


def lapse(book: EngagementBook, ended: Iterable[Engagement]) -> EngagementBook:
    """Return the book without releases of proposals that ended: the next one is asked for anew."""
    gone = {one.track for one in ended if one.state is EngagementState.ABORTED}
    return replace(book, released=book.released - gone) if gone & book.released else book


def record_refusals(
    book: EngagementBook, refusals: Mapping[int, int], tracks: I64, places: I64
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book and a row for each track whose refusal is new or another than before."""
    new = {t: r for t, r in refusals.items() if book.refused.get(t) != r}
    if not new:
        return book, []
    place = dict(zip(tracks.tolist(), places.tolist(), strict=True))
    state, first = EngagementState.REFUSED, book.next_number
    rows = [
        Engagement(first + k, track, place[track], state=state, refusal=Refusal(refusal))
        for k, (track, refusal) in enumerate(new.items())
    ]
    refused = {**book.refused, **new}
    return replace(book, refused=refused, next_number=first + len(rows)), rows
