"""Planning of engagements: candidates, reach, veto, allocation, veto again, orders.

Built in a simulated world only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.ports import Allocator
from chowki.core.records import Engagements, EngagementState, Orders, Refusal, Threats, Tracks
from chowki.core.table import F64, I8, I64
from chowki.defence import engagement as course
from chowki.defence.engagement import Engagement, EngagementBook
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.posture import Posture, PostureTable
from chowki.defence.rules import (
    Requests,
    RulesParameters,
    Situation,
    judge,
    judge_requests,
    judge_tracks,
    positions,
    velocities,
)
from chowki.kernels.geodesy import vertical_and_height
from chowki.kernels.intercept import reach


class EngagementParameters(BaseModel):
    """Figures of the course of an engagement.

    Attributes
    ----------
    candidates_max : int
        Tracks considered at once, the worst threats first.
    salvo_max : int
        Rounds on one track at once when there is no time to look before shooting again;
        otherwise one (shoot, look, shoot).
    proposal_s : float
        A proposal that could not be ordered for this long is aborted.
    grace_s : float
        An outcome not reported this long after the intercept counts as aborted.
    urgent_s : float
        A track out of every site's reach is recorded as such once it may arrive within this
        time; earlier it may still come into reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    candidates_max: int = Field(default=400, ge=1)
    salvo_max: int = Field(default=2, ge=1)
    proposal_s: float = Field(default=30.0, gt=0)
    grace_s: float = Field(default=30.0, gt=0)
    urgent_s: float = Field(default=60.0, ge=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one second of planning concluded."""

    book: EngagementBook | None
    engagements: Engagements
    orders: Orders


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Threatening tracks, one entry each: its worst pair with a place."""

    row: I64
    track: I64
    place: I64
    value: F64
    to_go_low_s: F64
    to_go_high_s: F64

    def take(self, rows: I64) -> _Candidates:
        return _Candidates(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class _Options:
    """Pairs of site and candidate in reach: what could be asked for, and what it would be worth."""

    candidate: I64
    asked: Requests
    kill: F64
    refusal: I8


class EngagementPlanner:
    """Turns threats into engagements and orders under the rules.

    Parameters
    ----------
    theatre : Theatre
        Must be simulated.
    rules : RulesParameters
        Figures of the veto.
    parameters : EngagementParameters
        Figures of the course.
    allocator : Allocator
        Spends the rounds.
    postures : PostureTable
        Reads the posture.

    Raises
    ------
    ValueError
        If the theatre is not simulated.
    """

    def __init__(
        self,
        theatre: Theatre,
        rules: RulesParameters,
        parameters: EngagementParameters,
        allocator: Allocator,
        postures: PostureTable,
    ) -> None:
        if not theatre.simulated:
            raise ValueError("engagements exist in a simulated world only")
        self._sites = theatre.sites
        self._ground = GroundPlan.of(theatre)
        self._rules = rules
        self._figures = parameters
        self._allocator = allocator
        self._postures = postures
        self._cycle_s = np.array([s.reaction_s + s.assessment_s for s in theatre.sites])

    def start(self) -> EngagementBook:
        """Return the book with full magazines."""
        return EngagementBook({}, self._ground.magazine.copy())

    def plan(
        self,
        book: EngagementBook,
        posture: Posture,
        tracks: Tracks,
        threats: Threats,
        time_s: float,
    ) -> Plan:
        """Return what is proposed, refused, aborted and ordered at a time."""
        figures = self._figures
        book, changed = course.expire(
            book, time_s, grace_s=figures.grace_s, proposal_s=figures.proposal_s
        )
        situation = self._situation(book, posture, tracks, time_s)
        found = _candidates(tracks, threats, figures.candidates_max)
        of_track = judge_tracks(situation, found.row, found.place, self._rules)
        free = (of_track == 0) & ~np.isin(found.track, book.engaged_tracks())
        able = np.flatnonzero(free)
        options = self._options(situation, found.take(able))
        refusals = self._refusals(found, of_track, able, options)
        book, aborted = course.abort_proposals(book, refusals)
        places = dict(zip(found.track.tolist(), found.place.tolist(), strict=True))
        book, refused = course.record_refusals(book, refusals, places)
        chosen = self._choose(book, found.take(able), options, time_s)
        book, proposed = self._propose(book, found.take(able), options, chosen, time_s)
        book, ordered, orders = self._order(book, situation, posture, options, chosen)
        rows = [*changed, *aborted, *refused, *proposed, *ordered]
        return Plan(book, course.rows_of(rows, time_s), orders)

    def _situation(
        self, book: EngagementBook, posture: Posture, tracks: Tracks, time_s: float
    ) -> Situation:
        return Situation(
            time_s=time_s,
            tracks=tracks,
            status=self._postures.status(posture),
            margin=self._postures.margin_factor(posture),
            rounds=book.rounds,
            withheld=book.withheld,
            plan=self._ground,
        )

    def _options(self, situation: Situation, able: _Candidates) -> _Options:
        """Return every pair of site and track in reach, with what the rules say of it."""
        tracks, ground = situation.tracks, self._ground
        pairs, numbers = reach(
            self._motion(tracks, able),
            np.ascontiguousarray(tracks.class_probability[able.row]),
            ground.site_m,
            ground.site_figures,
            ground.site_kill,
        )
        site, candidate = pairs[:, 0], pairs[:, 1]
        asked = Requests(
            row=able.row[candidate],
            place=able.place[candidate],
            site=site,
            rounds=np.ones(len(site), dtype=np.int64),
            delay_s=np.ascontiguousarray(numbers[:, 0]),
            point_m=np.ascontiguousarray(numbers[:, 1:4]),
            height_m=np.ascontiguousarray(numbers[:, 4]),
        )
        refusal = judge_requests(situation, asked, self._rules)
        return _Options(candidate, asked, np.ascontiguousarray(numbers[:, 5]), refusal)

    def _motion(self, tracks: Tracks, able: _Candidates) -> F64:
        """Return rows of motion, height, climb and latest useful intercept for ``reach``."""
        motion = np.empty((len(able.row), 9))
        motion[:, :3] = positions(tracks, able.row)
        motion[:, 3:6] = velocities(tracks, able.row)
        motion[:, 6] = tracks.height_agl_m[able.row]
        for k, (x, y, z, vx, vy, vz) in enumerate(motion[:, :6].tolist()):
            e, n, u, _ = vertical_and_height(self._ground.frame, x, y, z)
            motion[k, 7] = e * vx + n * vy + u * vz
        motion[:, 8] = able.to_go_high_s
        return motion

    def _refusals(
        self, found: _Candidates, of_track: I8, able: I64, options: _Options
    ) -> dict[int, int]:
        """Return the refusal of each candidate by track, 0 where a site may engage it.

        Of several sites the one that came furthest through the rules speaks for the track.
        """
        best = np.full(len(able), -1, dtype=np.int64)
        np.maximum.at(best, options.candidate, _PROGRESS[options.refusal])
        reason = _BY_PROGRESS[best]
        unreached = best < 0
        urgent = found.to_go_low_s[able] <= self._figures.urgent_s
        reason[unreached] = np.where(urgent[unreached], int(Refusal.OUT_OF_REACH), 0)
        whole = of_track.astype(np.int64)
        whole[able] = reason
        return dict(zip(found.track.tolist(), whole.tolist(), strict=True))

    def _choose(
        self, book: EngagementBook, able: _Candidates, options: _Options, time_s: float
    ) -> dict[int, list[int]]:
        """Return the options chosen for each candidate, best first."""
        allowed = np.flatnonzero(options.refusal == 0)
        if not len(allowed):
            return {}
        site, candidate = options.asked.site, options.candidate
        columns, column = np.unique(candidate[allowed], return_inverse=True)
        kill = np.zeros((len(self._sites), len(columns)))
        kill[site[allowed], column] = options.kill[allowed]
        index = np.full(kill.shape, -1, dtype=np.int64)
        index[site[allowed], column] = allowed
        rounds = np.minimum(book.rounds, book.free_channels(self._ground.channels, time_s))
        spent = self._allocator.assign(able.value[columns], kill, np.maximum(rounds, 0))
        picked = index[(spent > 0) & (index >= 0)]
        order = picked[np.argsort(-options.kill[picked], kind="stable")]
        chosen: dict[int, list[int]] = {}
        for option in order.tolist():
            chosen.setdefault(int(candidate[option]), []).append(option)
        return {k: self._salvo(able, options, k, picks) for k, picks in chosen.items()}

    def _salvo(
        self, able: _Candidates, options: _Options, candidate: int, picks: list[int]
    ) -> list[int]:
        """Return one pick when there is time to look and shoot again, else several."""
        first = picks[0]
        again = options.asked.delay_s[first] + self._cycle_s[options.asked.site[first]]
        short = able.to_go_low_s[candidate] < again
        return picks[: self._figures.salvo_max if short else 1]

    def _propose(
        self,
        book: EngagementBook,
        able: _Candidates,
        options: _Options,
        chosen: dict[int, list[int]],
        time_s: float,
    ) -> tuple[EngagementBook, list[Engagement]]:
        """Return the book with a proposal for each chosen track that had none."""
        proposals, number = book.proposals(), book.next_number
        new: list[Engagement] = []
        for candidate, picks in chosen.items():
            track = int(able.track[candidate])
            if track not in proposals:
                bare = Engagement(number, track, int(able.place[candidate]), proposed_s=time_s)
                new.append(self._placed(bare, options, picks[0], time_s))
                number += 1
        still = {**book.open, **{one.number: one for one in new}}
        return (replace(book, open=still, next_number=number), new) if new else (book, new)

    def _placed(
        self, bare: Engagement, options: _Options, option: int, time_s: float
    ) -> Engagement:
        """Return an engagement with the site and intercept of an option."""
        asked, site = options.asked, int(options.asked.site[option])
        x, y, z = asked.point_m[option].tolist()
        return replace(
            bare,
            site=site,
            effector=course.effector_of(self._sites[site]),
            kill_probability=float(options.kill[option]),
            point_m=(x, y, z),
            intercept_s=time_s + float(asked.delay_s[option]),
        )

    def _order(
        self,
        book: EngagementBook,
        situation: Situation,
        posture: Posture,
        options: _Options,
        chosen: dict[int, list[int]],
    ) -> tuple[EngagementBook, list[Engagement], Orders]:
        """Return the book, the engagements and the orders that leave now.

        The veto is asked again of each, whole and with the rounds that the ones before it left.
        """
        proposals = book.proposals()
        delay = self._postures.release_delay_s(posture)
        ordered: list[Engagement] = []
        rows: list[int] = []
        for picks in chosen.values():
            row = int(options.asked.row[picks[0]])
            proposal = proposals[int(situation.tracks.track[row])]
            wait = delay[self._ground.place_sector[proposal.place]]
            released = proposal.track in book.released
            if situation.time_s - proposal.proposed_s < wait and not released:
                continue
            for option in picks:
                now = replace(situation, rounds=book.rounds)
                asked = options.asked.take(np.array([option]))
                if judge(now, asked, self._rules)[0] != 0:
                    continue
                book, one = self._commit(book, proposal, options, option, situation.time_s)
                ordered.append(one)
                rows.append(row)
        return book, ordered, _orders(ordered, situation.tracks, rows, situation.time_s)

    def _commit(
        self,
        book: EngagementBook,
        proposal: Engagement,
        options: _Options,
        option: int,
        time_s: float,
    ) -> tuple[EngagementBook, Engagement]:
        """Return the book with an ordered engagement; its rounds leave the magazine now."""
        taken = proposal.number in book.open and not book.open[proposal.number].under_way
        number = proposal.number if taken else book.next_number
        one = replace(
            self._placed(proposal, options, option, time_s),
            number=number,
            state=EngagementState.ORDERED,
            rounds=int(options.asked.rounds[option]),
        )
        rounds = book.rounds.copy()
        rounds[one.site] -= one.rounds
        following = book.next_number if taken else number + 1
        still = {**book.open, number: one}
        return replace(book, open=still, rounds=rounds, next_number=following), one


_ORDER_OF_RULES = (
    Refusal.MAGAZINE,
    Refusal.SELF_PROTECTION,
    Refusal.NO_FIRE_VOLUME,
    Refusal.BORDER,
    Refusal.CIVILIAN_HARM,
    Refusal.NONE,
)
_BY_PROGRESS: I64 = np.array([*_ORDER_OF_RULES, Refusal.OUT_OF_REACH], dtype=np.int64)
_PROGRESS: I64 = np.array(
    [_ORDER_OF_RULES.index(r) if r in _ORDER_OF_RULES else 0 for r in Refusal], dtype=np.int64
)


def _candidates(tracks: Tracks, threats: Threats, candidates_max: int) -> _Candidates:
    """Return each threatening track once, with its worst place; the worst tracks first."""
    _, first = np.unique(threats.track, return_index=True)
    first = np.sort(first)[:candidates_max]
    order = np.argsort(tracks.track, kind="stable")
    row = order[np.searchsorted(tracks.track, threats.track[first], sorter=order)]
    return _Candidates(
        row=row,
        track=threats.track[first],
        place=threats.place[first],
        value=threats.score[first],
        to_go_low_s=threats.time_to_go_low_s[first],
        to_go_high_s=threats.time_to_go_high_s[first],
    )


def _orders(ordered: list[Engagement], tracks: Tracks, rows: list[int], time_s: float) -> Orders:
    if not ordered:
        return Orders.empty()
    row = np.array(rows, dtype=np.int64)
    motion = ("east_m", "north_m", "up_m", "v_east_mps", "v_north_mps", "v_up_mps")
    return Orders.of(
        engagement=[one.number for one in ordered],
        time_s=[time_s] * len(ordered),
        site=[one.site for one in ordered],
        track=[one.track for one in ordered],
        rounds=[one.rounds for one in ordered],
        **{name: getattr(tracks, name)[row] for name in motion},
    )
