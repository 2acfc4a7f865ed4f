"""Air defence: threats, warnings, tasks and, in a simulated world, engagements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.messages import Act, Decision, Status
from chowki.core.places import Theatre
from chowki.core.ports import Allocator, ThreatModel
from chowki.core.records import Engagements, Orders, Threats, Tracks
from chowki.defence import engagement as course
from chowki.defence.engagement import EngagementBook
from chowki.defence.options import Candidates, find_candidates
from chowki.defence.picks import AllocationParameters
from chowki.defence.planning import EngagementParameters, EngagementPlanner, Plan
from chowki.defence.posture import Posture, PostureParameters, PostureTable, set_ceased
from chowki.defence.rules import RulesParameters
from chowki.defence.tasks import LookBook, Tasker, TaskParameters
from chowki.defence.threat import ThreatParameters, worst_of_each
from chowki.defence.warning import WarningBoard, WarningKeeper, WarningParameters


class DefenceParameters(BaseModel):
    """All figures of defence; each part owns its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threat: ThreatParameters = Field(default_factory=ThreatParameters)
    rules: RulesParameters = Field(default_factory=RulesParameters)
    posture: PostureParameters = Field(default_factory=PostureParameters)
    engagement: EngagementParameters = Field(default_factory=EngagementParameters)
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
    board : WarningBoard
        What every place has been told.
    looks : LookBook
        What cued sensors look at.
    book : EngagementBook or None
        Engagements; None outside a simulated world.
    acts_ignored : int
        Acts that named a verb, subject or value not known here.
    """

    time_s: float
    posture: Posture
    threats: Threats
    board: WarningBoard
    looks: LookBook
    book: EngagementBook | None = None
    acts_ignored: int = 0


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
    ) -> None:
        if allocator is not None and not theatre.simulated:
            raise ValueError("an allocator is given, but this world is not simulated")
        self._sites = theatre.sites
        self._sectors = tuple(sorted({place.sector for place in theatre.places}))
        self._postures = PostureTable(parameters.posture)
        self._threat_model = threat_model
        self._warner = WarningKeeper(theatre, parameters.warning)
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
            )

    def start(self) -> Defence:
        """Return the defence before anything happened."""
        return Defence(
            time_s=-np.inf,
            posture=self._postures.start(self._sectors),
            threats=Threats.empty(),
            board=self._warner.start(),
            looks=self._tasker.start(),
            book=None if self._planner is None else self._planner.start(),
        )

    def decide(self, defence: Defence, tracks: Tracks, time_s: float) -> tuple[Defence, Decision]:
        """Return the defence and what it concluded from the picture at a time."""
        threats = self._threat_model.evaluate(tracks, time_s)
        row, whose, first, probability = worst_of_each(tracks, threats)
        evidence = self._warner.weigh(threats, tracks, whose)
        board, warnings = self._warner.update(defence.board, threats, evidence, time_s)
        score = np.zeros(len(tracks))
        score[row] = threats.score[first]
        looks, tasks = self._tasker.assign(defence.looks, tracks, score, time_s)
        found = find_candidates(threats, row, first, probability)
        plan = self._plan(defence, tracks, found, time_s)
        after = replace(
            defence, time_s=time_s, threats=threats, board=board, looks=looks, book=plan.book
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
        (subject: sector or empty), ``release`` and ``refuse`` (subject: track number). Another
        verb is someone else's; a verb with an unknown subject or value changes nothing and is
        counted.
        """
        if act.verb in ("release", "refuse"):
            return self._release(defence, act)
        posture = defence.posture
        match act.verb:
            case "set-weapons-control-status":
                changed = self._postures.set_status(posture, act.subject, act.value)
            case "set-posture":
                changed = self._postures.set_level(posture, act.subject, act.value)
            case "cease-fire":
                changed = set_ceased(posture, act.subject, ceased=True)
            case "lift-cease-fire":
                changed = set_ceased(posture, act.subject, ceased=False)
            case _:
                return defence
        if changed is None:
            return replace(defence, acts_ignored=defence.acts_ignored + 1)
        return replace(defence, posture=changed)

    def _release(self, defence: Defence, act: Act) -> Defence:
        """Return the defence after a track was released for engagement, or refused."""
        if defence.book is None or not act.subject.isdecimal():
            return replace(defence, acts_ignored=defence.acts_ignored + 1)
        track = frozenset((int(act.subject),))
        book = defence.book
        if act.verb == "release":
            released, withheld = book.released | track, book.withheld - track
        else:
            released, withheld = book.released - track, book.withheld | track
        return replace(defence, book=replace(book, released=released, withheld=withheld))
