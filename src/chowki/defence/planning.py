"""Planning of engagements: candidates, veto, allocation, release, veto again, orders.

Built in a simulated world only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.ports import Allocator
from chowki.core.questions import Answer
from chowki.core.records import (
    DRONE_CLASSES,
    Engagements,
    EngagementState,
    Identity,
    Orders,
    Refusal,
    Tracks,
)
from chowki.core.table import F64, I8, I64
from chowki.defence import engagement as course
from chowki.defence.engagement import Engagement, EngagementBook
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.options import Candidates, Options, find_options, refusal_of_each
from chowki.defence.picks import AllocationParameters, Picker
from chowki.defence.posture import Posture, PostureTable
from chowki.defence.rules import RulesParameters, judge, judge_tracks, no_fire_volumes
from chowki.defence.situation import Requests, Situation, motion_of

_DRONES = [int(kind) for kind in DRONE_CLASSES]


class EngagementParameters(BaseModel):
    """Figures of the course of an engagement.

    Attributes
    ----------
    probability_min : float
        A track is considered from this probability on that it means any place at all: below it
        there is nothing to engage, and nothing to refuse.
    candidates_max : int
        Tracks considered at once, the worst threats first.
    proposal_s : float
        A proposal that could not be ordered for this long is aborted.
    grace_s : float
        An outcome not reported this long after the intercept counts as aborted.
    drone_probability : float
        A track held neither suspect nor hostile is considered, and refused for its identity, from
        this probability of a drone on: below it nobody would have engaged it.
    within_s : float
        A track that is not held hostile is considered, and refused, once it may arrive within
        this time: earlier hardly a site reaches it (12 km at 40 m/s).
    urgent_s : float
        A track out of every site's reach is recorded as such once it may arrive within this
        time; earlier it may still come into reach.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probability_min: float = Field(default=0.2, ge=0, le=1)
    candidates_max: int = Field(default=400, ge=1)
    proposal_s: float = Field(default=30.0, gt=0)
    grace_s: float = Field(default=30.0, gt=0)
    drone_probability: float = Field(default=0.9, ge=0, le=1)
    within_s: float = Field(default=300.0, gt=0)
    urgent_s: float = Field(default=60.0, ge=0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one second of planning concluded; the book is None outside a simulated world.

    ``answer`` tells how good the allocator's plan is; None when it was not asked.
    """

    book: EngagementBook | None
    engagements: Engagements
    orders: Orders
    answer: Answer | None = None


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
    allocation : AllocationParameters
        Figures of what the allocator is asked.
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
        allocation: AllocationParameters,
        allocator: Allocator,
        postures: PostureTable,
    ) -> None:
        if not theatre.simulated:
            raise ValueError("engagements exist in a simulated world only")
        self._sites = theatre.sites
        self._ground = GroundPlan.of(theatre)
        self._rules = rules
        self._figures = parameters
        self._picker = Picker(theatre.sites, self._ground, allocator, allocation)
        self._allocation = allocation
        self._postures = postures

    def start(self) -> EngagementBook:
        """Return the book with full magazines."""
        return EngagementBook({}, self._ground.magazine.copy(), memory=self._picker.start())

    def plan(
        self,
        book: EngagementBook,
        posture: Posture,
        tracks: Tracks,
        found: Candidates,
        time_s: float,
    ) -> Plan:
        """Return what is proposed, refused, aborted and ordered at a time."""
        figures = self._figures
        book, overdue = course.expire(
            book, time_s, grace_s=figures.grace_s, proposal_s=figures.proposal_s
        )
        serious = np.flatnonzero(self._serious(tracks, found))
        if not len(serious):
            return Plan(book, course.rows_of(overdue, time_s), Orders.empty())
        found = found.take(serious[: figures.candidates_max])
        situation = self._situation(book, posture, tracks, time_s)
        of_track = judge_tracks(situation, found.row, found.place, self._rules)
        free = np.flatnonzero((of_track == 0) & ~_engaged(book, found))
        able = found.take(free)
        ahead = self._allocation
        options = find_options(situation, able, self._rules, ahead.slot_s, ahead.slots)
        standing = self._refusals(found, of_track, free, options)
        book, aborted = course.abort_proposals(book, standing)
        at_once = options.take(np.flatnonzero(options.slot == 0))
        refusals = self._refusals(found, of_track, free, at_once)
        book, refused = course.record_refusals(book, refusals, found.track, found.place)
        ready_s = self._ready_s(book, posture, able, time_s)
        memory, picks = self._picker.pick(book, able, options, ready_s, time_s)
        book = replace(book, memory=memory)
        book, proposed = self._propose(book, able, options, picks.wanted, time_s)
        book, ordered, orders = self._order(book, situation, posture, options, picks.now)
        rows = [*overdue, *aborted, *refused, *proposed, *ordered]
        return Plan(book, course.rows_of(rows, time_s), orders, picks.answer)

    def _serious(self, tracks: Tracks, found: Candidates) -> np.ndarray:
        """Return which threats anybody would engage if the rules let them."""
        figures = self._figures
        identity = tracks.identity[found.row]
        drone = tracks.class_probability[found.row][:, _DRONES].sum(axis=1)
        likely = (identity == int(Identity.SUSPECT)) | (drone >= figures.drone_probability)
        soon = found.earliest_s <= figures.within_s
        means = found.probability >= figures.probability_min
        return means & ((identity == int(Identity.HOSTILE)) | (likely & soon))

    def _situation(
        self, book: EngagementBook, posture: Posture, tracks: Tracks, time_s: float
    ) -> Situation:
        motion = motion_of(tracks)
        return Situation(
            time_s=time_s,
            tracks=tracks,
            motion=motion,
            volumes=no_fire_volumes(tracks, motion, self._rules),
            status=self._postures.status(posture),
            margin=self._postures.margin_factor(posture),
            rounds=book.rounds,
            withheld=book.withheld,
            plan=self._ground,
        )

    def _refusals(
        self, found: Candidates, of_track: I8, free: I64, options: Options
    ) -> dict[int, int]:
        """Return by track the refusals that stand."""
        urgent = found.earliest_s[free] <= self._figures.urgent_s
        unreached = np.where(urgent, int(Refusal.OUT_OF_REACH), 0)
        whole = of_track.astype(np.int64)
        whole[free] = refusal_of_each(len(free), options, unreached)
        refused = np.flatnonzero(whole)
        return dict(zip(found.track[refused].tolist(), whole[refused].tolist(), strict=True))

    def _ready_s(
        self, book: EngagementBook, posture: Posture, able: Candidates, time_s: float
    ) -> F64:
        """Return seconds until an order on each candidate may leave: release takes time."""
        wait_s = self._postures.release_delay_s(posture)[self._ground.place_sector[able.place]]
        proposals = book.proposals()
        released = book.released | self._released(book, time_s, posture).keys()
        for k, track in enumerate(able.track.tolist()):
            if track in released:
                wait_s[k] = 0.0
            elif track in proposals:
                wait_s[k] = max(wait_s[k] - (time_s - proposals[track].proposed_s), 0.0)
        return wait_s

    def _propose(
        self,
        book: EngagementBook,
        able: Candidates,
        options: Options,
        wanted: dict[int, int],
        time_s: float,
    ) -> tuple[EngagementBook, list[Engagement]]:
        """Return the book with a proposal for each wanted track that had none."""
        proposals, new = book.proposals(), list[Engagement]()
        for candidate, option in wanted.items():
            track, place = int(able.track[candidate]), int(able.place[candidate])
            if track not in proposals:
                number = book.next_number + len(new)
                bare = Engagement(number, track, place, proposed_s=time_s)
                new.append(self._placed(bare, options, option, time_s))
        if not new:
            return book, new
        still = {**book.open, **{one.number: one for one in new}}
        return replace(book, open=still, next_number=book.next_number + len(new)), new

    def _placed(self, one: Engagement, options: Options, pick: int, time_s: float) -> Engagement:
        """Return an engagement with the site and intercept of a pick."""
        asked, site = options.asked, int(options.asked.site[pick])
        east_m, north_m, up_m = asked.point_m[pick].tolist()
        return replace(
            one,
            site=site,
            effector=int(self._sites[site].effector),
            kill_probability=float(options.kill[pick]),
            point_m=(east_m, north_m, up_m),
            intercept_s=time_s + float(asked.delay_s[pick]),
            harm=float(options.harm[pick]),
        )

    def _order(
        self,
        book: EngagementBook,
        situation: Situation,
        posture: Posture,
        options: Options,
        picks: dict[int, list[int]],
    ) -> tuple[EngagementBook, list[Engagement], Orders]:
        """Return the book, the engagements and the orders that leave now.

        The veto is asked again of each, whole, counting the rounds that leave before it.
        """
        released = self._released(book, situation.time_s, posture)
        tracks = situation.tracks.track[options.asked.row]
        leaving = [pick for spent in picks.values() for pick in spent if tracks[pick] in released]
        if not leaving:
            return book, [], Orders.empty()
        asked = _together(options.asked, leaving)
        allowed = judge(situation, asked, self._rules) == 0
        ordered: list[Engagement] = []
        for pick in (pick for pick, good in zip(leaving, allowed.tolist(), strict=True) if good):
            proposal = released[int(tracks[pick])]
            book, one = self._commit(book, proposal, options, pick, situation.time_s)
            ordered.append(one)
        return book, ordered, _orders(ordered, situation.tracks, asked.row[allowed])

    def _released(
        self, book: EngagementBook, time_s: float, posture: Posture
    ) -> dict[int, Engagement]:
        """Return proposals, by track, that a person has released or would have by now."""
        delay = self._postures.release_delay_s(posture)[self._ground.place_sector]
        return {
            track: one
            for track, one in book.proposals().items()
            if track in book.released or time_s - one.proposed_s >= delay[one.place]
        }

    def _commit(
        self,
        book: EngagementBook,
        proposal: Engagement,
        options: Options,
        pick: int,
        time_s: float,
    ) -> tuple[EngagementBook, Engagement]:
        """Return the book with an ordered engagement; its rounds leave the magazine now.

        The first pick of a track turns its proposal into the engagement, others get new numbers.
        """
        first = not book.open[proposal.number].under_way
        number = proposal.number if first else book.next_number
        placed = self._placed(proposal, options, pick, time_s)
        ordered = EngagementState.ORDERED
        one = replace(placed, number=number, state=ordered, rounds=1, ordered_s=time_s)
        rounds = book.rounds.copy()
        rounds[one.site] -= one.rounds
        after = replace(
            book,
            open={**book.open, number: one},
            rounds=rounds,
            released=book.released - {one.track},
            next_number=book.next_number + (0 if first else 1),
        )
        return after, one


def _engaged(book: EngagementBook, found: Candidates) -> np.ndarray:
    """Return which candidates have a round ordered or in flight."""
    engaged = book.engaged_tracks()
    return np.array([track in engaged for track in found.track.tolist()], dtype=np.bool_)


def _together(asked: Requests, leaving: list[int]) -> Requests:
    """Return the requests of picks that leave together, each counting those before it."""
    options = np.array(leaving, dtype=np.int64)
    before: dict[int, int] = {}
    rounds: list[int] = []
    for site in asked.site[options].tolist():
        before[site] = before.get(site, 0) + 1
        rounds.append(before[site])
    return replace(asked.take(options), rounds=np.array(rounds, dtype=np.int64))


def _orders(ordered: list[Engagement], tracks: Tracks, rows: I64) -> Orders:
    """Return orders; rows are those of their tracks in the picture."""
    motion = ("east_m", "north_m", "up_m", "v_east_mps", "v_north_mps", "v_up_mps")
    return Orders.of(
        engagement=[one.number for one in ordered],
        time_s=[one.ordered_s for one in ordered],
        site=[one.site for one in ordered],
        track=[one.track for one in ordered],
        rounds=[one.rounds for one in ordered],
        **{name: getattr(tracks, name)[rows] for name in motion},
    )
