"""Air defence: threats, warnings, tasks and, in a simulated world, engagements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.clock import parse_utc
from chowki.core.messages import Act, Decision, Status
from chowki.core.places import Theatre
from chowki.core.ports import Allocator, ThreatModel
from chowki.core.records import Engagements, Orders, Threats, Tracks
from chowki.defence import engagement as course
from chowki.defence.assessment import AssessmentParameters
from chowki.defence.engagement import EngagementBook
from chowki.defence.engagement_parameters import EngagementParameters
from chowki.defence.options import Candidates, find_candidates
from chowki.defence.picks import AllocationParameters
from chowki.defence.planning import EngagementPlanner, Plan
from chowki.defence.posture import (
    Posture,
    PostureParameters,
    PostureTable,
    cease_when_due,
    set_ceased,
)
from chowki.defence.rules import RulesParameters
from chowki.defence.tasks import LookBook, Tasker, TaskParameters
from chowki.defence.threat import worst_of_each
from chowki.defence.threat_parameters import ThreatParameters
from chowki.defence.warning import (
    WARNING_VERBS,
    WarningBoards,
    WarningKeeper,
    WarningParameters,
)


class DefenceParameters(BaseModel):
    """All figures of defence; each part owns its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threat: ThreatParameters = Field(default_factory=ThreatParameters)
    rules: RulesParameters = Field(default_factory=RulesParameters)
    posture: PostureParameters = Field(default_factory=PostureParameters)
    engagement: EngagementParameters = Field(default_factory=EngagementParameters)
    assessment: AssessmentParameters = Field(default_factory=AssessmentParameters)
    allocation: AllocationParameters = Field(default_factory=AllocationParameters)
    warning: WarningParameters = Field(default_factory=WarningParameters)
    tasks: TaskParameters = Field(default_factory=TaskParameters)


@dataclass(frozen=True, slots=True)
class Defence:
    """The state of defence: one of the three values of a watch post.

    Attributes
    ----------
    time_s : float
        UTC seconds of the last decision, -inf before the first.
    posture : Posture
        Where every sector stands.
    threats : Threats
        Ranked pairs at that time.
    boards : WarningBoards
        What every place and area has been told.
    looks : LookBook
        What cued sensors look at.
    book : EngagementBook or None
        Engagements; None outside a simulated world.
    acts_ignored : int
        Acts that named a verb, subject or value not known here.
    acts_refused : int
        Acts that would have stepped up without the name of a person, in operator mode.
    acts_late : int
        Releases that came when their proposal was gone, in operator mode.
    threat_memory : Any
        What the threat model keeps of each track.
    """

    time_s: float
    posture: Posture
    threats: Threats
    boards: WarningBoards
    looks: LookBook
    book: EngagementBook | None = None
    acts_ignored: int = 0
    acts_refused: int = 0
    acts_late: int = 0
    threat_memory: Any = None


class AirDefence:
    """Composes threat, rules, assignment, engagement and warning (``core.ports.DefenceKeeper``).

    Parameters
    ----------
    theatre : Theatre
        All that is known before the first event.
    parameters : DefenceParameters
        Figures.
    threat_model : ThreatModel
        Says which place a track threatens.
    allocator : Allocator or None
        Spends rounds; None unless the theatre is simulated.
    seed : int
        Seed of the run, for the time that a simulated person takes to release.

    Raises
    ------
    ValueError
        If an allocator is given for a theatre that is not simulated.
    """

    def __init__(
        self,
        theatre: Theatre,
        parameters: DefenceParameters,
        threat_model: ThreatModel,
        allocator: Allocator | None = None,
        *,
        seed: int = 0,
    ) -> None:
        if allocator is not None and not theatre.simulated:
            raise ValueError("an allocator is given, but this world is not simulated")
        self._sites = theatre.sites
        self._sectors = tuple(sorted({place.sector for place in theatre.places}))
        self._postures = PostureTable(parameters.posture)
        self._cease_fire_s = cease_fire_s(parameters.posture, theatre.station.start_s)
        self._threat_model = threat_model
        in_loop = parameters.posture.operator
        self._warner = WarningKeeper(theatre, parameters.warning, operator=in_loop)
        self._tasker = Tasker(theatre, parameters.tasks)
        self._planner = None
        if allocator is not None:
            self._planner = EngagementPlanner(
                theatre,
                parameters.rules,
                parameters.engagement,
                parameters.allocation,
                allocator,
                self._postures,
                parameters.assessment,
                seed=seed,
            )

    def start(self) -> Defence:
        """Return the defence before anything happened."""
        return Defence(
            time_s=-np.inf,
            posture=self._postures.start(self._sectors, self._cease_fire_s),
            threats=Threats.empty(),
            boards=self._warner.start(),
            looks=self._tasker.start(),
            book=None if self._planner is None else self._planner.start(),
            threat_memory=self._threat_model.start(),
        )

    def decide(self, defence: Defence, tracks: Tracks, time_s: float) -> tuple[Defence, Decision]:
        """Return the defence and what it concluded from the picture at a time."""
        defence = _standing(defence, cease_when_due(defence.posture, time_s))
        memory, threats = self._threat_model.evaluate(defence.threat_memory, tracks, time_s)
        row, whose, first, probability = worst_of_each(tracks, threats)
        boards, warnings = self._warner.decide(defence.boards, threats, tracks, whose, time_s)
        score = np.zeros(len(tracks))
        score[row] = threats.score[first]
        looks, tasks = self._tasker.assign(defence.looks, tracks, score, time_s)
        found = find_candidates(threats, row, first, probability)
        plan = self._plan(defence, tracks, found, time_s)
        after = replace(
            defence,
            time_s=time_s,
            threats=threats,
            boards=boards,
            looks=looks,
            book=plan.book,
            threat_memory=memory,
        )
        return after, Decision(threats, warnings, plan.engagements, plan.orders, tasks)

    def _plan(self, defence: Defence, tracks: Tracks, found: Candidates, time_s: float) -> Plan:
        if self._planner is None or defence.book is None:
            return Plan(None, Engagements.empty(), Orders.empty())
        return self._planner.plan(defence.book, defence.posture, tracks, found, time_s)

    def status(self, defence: Defence, status: Status) -> tuple[Defence, Decision]:
        """Return the defence after a status: rounds left, outcomes of engagements."""
        if defence.book is None or status.site < 0:
            return defence, Decision()
        book, changed = course.take_status(defence.book, status, self._sites)
        return replace(defence, book=book), Decision(engagements=changed)

    def act(self, defence: Defence, act: Act) -> Defence:
        """Return the defence after a person's act.

        ``set-weapons-control-status`` (subject: sector or empty for all; value: hold, tight,
        free), ``set-posture`` (value: name of a level), ``cease-fire`` and ``lift-cease-fire``
        (subject: sector or empty), ``release`` and ``refuse`` (subject: track number),
        ``send-warning`` (subject: place by name or index, or ``cell:NUMBER``; value: advisory,
        take-cover) and ``cancel-warning`` (what is proposed there, else what stands). Another
        verb is someone else's; a verb with an unknown subject or value changes nothing and is
        counted. In operator mode what steps up needs the name of a person, and is refused and
        counted without; and a release without a proposal comes too late, is counted, and is not
        kept for the next one.
        """
        if act.verb in ("release", "refuse"):
            return self._release(defence, act)
        if act.verb in WARNING_VERBS:
            return self._warn(defence, act)
        posture = defence.posture
        match act.verb:
            case "set-weapons-control-status":
                changed = self._postures.set_status(posture, act.subject, act.value)
            case "set-posture":
                changed = self._postures.set_level(posture, act.subject, act.value)
            case "cease-fire":
                changed = set_ceased(posture, act.subject, act.time_s, ceased=True)
            case "lift-cease-fire":
                changed = set_ceased(posture, act.subject, act.time_s, ceased=False)
            case _:
                return defence
        if changed is None:
            return replace(defence, acts_ignored=defence.acts_ignored + 1)
        if self._nameless(act) and self._postures.steps_up(posture, changed):
            return replace(defence, acts_refused=defence.acts_refused + 1)
        return _standing(defence, changed)

    def _nameless(self, act: Act) -> bool:
        """Return whether an act lacks the name that operator mode asks of who steps up."""
        return self._postures.operator and not act.person.strip()

    def _warn(self, defence: Defence, act: Act) -> Defence:
        """Return the defence after a person sent or cancelled a warning."""
        boards = self._warner.act(defence.boards, act)
        if boards is None:
            return replace(defence, acts_ignored=defence.acts_ignored + 1)
        if self._nameless(act):
            return replace(defence, acts_refused=defence.acts_refused + 1)
        return replace(defence, boards=boards)

    def _comes_late(self, posture: Posture, book: EngagementBook, track: int) -> bool:
        """Return whether a person releases what is no longer proposed.

        Under a cease-fire the rules propose nothing before a person has released it by name.
        """
        return self._postures.operator and not any(posture.ceased) and track not in book.proposals()

    def _release(self, defence: Defence, act: Act) -> Defence:
        """Return the defence after a track was released for engagement, or refused."""
        if defence.book is None or not act.subject.isdecimal():
            return replace(defence, acts_ignored=defence.acts_ignored + 1)
        if act.verb == "release" and self._nameless(act):
            return replace(defence, acts_refused=defence.acts_refused + 1)
        track = frozenset((int(act.subject),))
        book = defence.book
        if act.verb == "release" and self._comes_late(defence.posture, book, int(act.subject)):
            return replace(defence, acts_late=defence.acts_late + 1)
        if act.verb == "release":
            released, withheld = book.released | track, book.withheld - track
        else:
            released, withheld = book.released - track, book.withheld | track
        return replace(defence, book=replace(book, released=released, withheld=withheld))


def cease_fire_s(posture: PostureParameters, start_s: float) -> float:
    """Return the UTC seconds of the cease-fire that is set, infinity for none."""
    if posture.cease_fire is not None:
        return parse_utc(posture.cease_fire)
    return np.inf if posture.cease_fire_s is None else start_s + posture.cease_fire_s


def _standing(defence: Defence, posture: Posture) -> Defence:
    """Return the defence under a posture; what was released before a cease-fire no longer is."""
    if posture is defence.posture:
        return defence
    book = defence.book
    before = zip(defence.posture.ceased, posture.ceased, strict=True)
    if book is not None and any(now and not then for then, now in before):
        book = replace(book, released=frozenset())
    return replace(defence, posture=posture, book=book)
