"""Planning of engagements: candidates, veto, allocation, release, veto again, orders.

Built in a simulated world only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chowki.core.chance import key
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
from chowki.defence.assessment import AssessmentParameters, arrives_s, assess
from chowki.defence.engagement import Engagement, EngagementBook
from chowki.defence.engagement_parameters import EngagementParameters
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.options import Candidates, Options, find_options, refusal_of_each
from chowki.defence.picks import AllocationParameters, Picker
from chowki.defence.posture import Posture, PostureTable
from chowki.defence.release import release
from chowki.defence.rules import RulesParameters, judge, judge_tracks
from chowki.defence.situation import NoFireVolumes, Requests, Situation, motion_of
from chowki.defence.spared import remember
from chowki.defence.violations import find_violations

_DRONES = [int(kind) for kind in DRONE_CLASSES]


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
    assessment : AssessmentParameters
        Figures of kill assessment.
    seed : int
        Seed of the run, for the time that a person takes to release.

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
        assessment: AssessmentParameters | None = None,
        *,
        seed: int = 0,
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
        self._assessment = assessment or AssessmentParameters()
        self._release_key = key(seed, "release.time")

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
        book, over = self._settle(book, posture, tracks, time_s)
        motion = motion_of(tracks)
        spared, volumes, by_word = remember(book.spared, tracks, motion, time_s, self._rules)
        book = replace(book, spared=spared)
        serious = np.flatnonzero(self._serious(tracks, found))
        if not len(serious):
            return self._nothing_serious(book, posture, over, time_s)
        found = found.take(serious[: self._figures.candidates_max])
        situation = self._situation(book, posture, tracks, motion, volumes, by_word, time_s)
        of_track = judge_tracks(situation, found.row, found.place, self._rules)
        free = np.flatnonzero((of_track == 0) & ~_engaged(book, found))
        able = found.take(free)
        ahead = self._allocation
        options = find_options(situation, able, self._rules, ahead.slot_s, ahead.slots)
        standing = self._refusals(found, of_track, free, options)
        book, aborted = course.abort_proposals(book, standing)
        book = self._lapsed(book, [*over, *aborted])
        at_once = options.take(np.flatnonzero(options.slot == 0))
        refusals = self._refusals(found, of_track, free, at_once)
        book, refused = course.record_refusals(book, refusals, found.track, found.place)
        book = course.renew(book, frozenset(able.track.tolist()), time_s)
        means = self._postures.release_delay_s(posture)
        ready_s = self._ready_s(book, means, able)
        memory, picks = self._picker.pick(book, able, options, ready_s, time_s)
        book = replace(book, memory=memory)
        book, proposed = self._propose(book, able, options, picks.wanted, time_s)
        sector = self._ground.place_sector
        by_person = self._postures.by_person(posture)
        book, released = release(book, sector, means, by_person, self._release_key, time_s)
        book, ordered, orders = self._order(book, situation, options, picks.now)
        rows = [*over, *aborted, *refused, *proposed, *released, *ordered]
        return Plan(book, course.rows_of(rows, time_s), orders, picks.answer)

    def _settle(
        self, book: EngagementBook, posture: Posture, tracks: Tracks, time_s: float
    ) -> tuple[EngagementBook, list[Engagement]]:
        """Return the book after what ended by itself, by assessment or by a person, and rows."""
        figures = self._figures
        book, assessed = assess(book, tracks, self._sites, time_s, self._assessment)
        book, overdue = course.expire(
            book, time_s, grace_s=figures.grace_s, proposal_s=figures.proposal_s
        )
        book, withdrawn = course.withdraw_refused(book)
        book, violations = find_violations(
            book, tracks, posture.ceased_s, self._ground, figures.drone_probability
        )
        return book, [*assessed, *overdue, *withdrawn, *violations]

    def _nothing_serious(
        self, book: EngagementBook, posture: Posture, over: list[Engagement], time_s: float
    ) -> Plan:
        """Return the plan of a second without a threat; a person's release is heard all the same.

        The simulated desks decide while there is something to judge.
        """
        book, released = self._lapsed(book, over), list[Engagement]()
        if self._postures.operator:
            means, by_person = np.zeros(len(posture.level)), self._postures.by_person(posture)
            sector = self._ground.place_sector
            book, released = release(book, sector, means, by_person, self._release_key, time_s)
        return Plan(book, course.rows_of([*over, *released], time_s), Orders.empty())

    def _lapsed(self, book: EngagementBook, ended: list[Engagement]) -> EngagementBook:
        """Return the book after proposals ended; in operator mode their release ends with them."""
        return course.lapse(book, ended) if self._postures.operator else book

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
        self,
        book: EngagementBook,
        posture: Posture,
        tracks: Tracks,
        motion: F64,
        volumes: NoFireVolumes,
        by_word: frozenset[int],
        time_s: float,
    ) -> Situation:
        return Situation(
            time_s=time_s,
            tracks=tracks,
            motion=motion,
            volumes=volumes,
            status=self._postures.status(posture),
            margin=self._postures.margin_factor(posture),
            rounds=book.rounds,
            withheld=book.withheld,
            plan=self._ground,
            ceased=frozenset(k for k, ceased in enumerate(posture.ceased) if ceased),
            released=book.released,
            spared=by_word,
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

    def _ready_s(self, book: EngagementBook, mean_s: F64, able: Candidates) -> F64:
        """Return seconds until an order on each candidate may be expected to leave.

        A person decides one proposal after the other; how long one has waited says nothing of how
        long it still will (the drawn times are exponential).
        """
        sector = self._ground.place_sector
        before = np.zeros(len(mean_s), dtype=np.int64)
        ahead = dict.fromkeys(book.released, -1)
        for track, one in sorted(book.proposals().items(), key=lambda item: item[1].number):
            if one.state is EngagementState.RELEASED or track in book.released:
                ahead[track] = -1
            else:
                ahead[track] = int(before[sector[one.place]])
                before[sector[one.place]] += 1
        desk = sector[able.place]
        places = [ahead.get(t, n) for t, n in zip(able.track, before[desk], strict=True)]
        return mean_s[desk] * (1.0 + np.array(places, dtype=np.float64))

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
        options: Options,
        picks: dict[int, list[int]],
    ) -> tuple[EngagementBook, list[Engagement], Orders]:
        """Return the book, the engagements and the orders that leave now.

        The veto is asked again of each, whole, counting the rounds that leave before it.
        """
        released = {
            track: one
            for track, one in book.proposals().items()
            if one.state is EngagementState.RELEASED
        }
        tracks = situation.tracks.track[options.asked.row]
        leaving = [pick for spent in picks.values() for pick in spent if tracks[pick] in released]
        if not leaving:
            return book, [], Orders.empty()
        asked = _together(options.asked, leaving)
        allowed = judge(situation, asked, self._rules) == 0
        ordered: list[Engagement] = []
        for pick in (pick for pick, good in zip(leaving, allowed.tolist(), strict=True) if good):
            proposal = released[int(tracks[pick])]
            book, one = self._commit(book, proposal, options, pick, situation)
            ordered.append(one)
        return book, ordered, _orders(ordered, situation.tracks, asked.row[allowed])

    def _commit(
        self,
        book: EngagementBook,
        proposal: Engagement,
        options: Options,
        pick: int,
        situation: Situation,
    ) -> tuple[EngagementBook, Engagement]:
        """Return the book with an ordered engagement; its rounds leave the magazine now.

        The first pick of a track turns its proposal into the engagement, others get new numbers.
        """
        first = not book.open[proposal.number].under_way
        number = proposal.number if first else book.next_number
        east_mps, north_mps, up_mps = situation.motion[options.asked.row[pick], 3:].tolist()
        one = replace(
            self._placed(proposal, options, pick, situation.time_s),
            number=number,
            state=EngagementState.ORDERED,
            rounds=1,
            ordered_s=situation.time_s,
            velocity_mps=(east_mps, north_mps, up_mps),
        )
        ground = self._ground
        due_s = arrives_s(one, ground.place_m[one.place], float(ground.place_radius_m[one.place]))
        one = replace(one, arrives_s=due_s)
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
