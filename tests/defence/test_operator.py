"""Operator mode: what is proposed waits for a person, and a person's word is what is done."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.messages import Act
from chowki.core.records import EngagementState, Refusal
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.assignment import Greedy
from chowki.defence.threat import DestinationThreat

PROPOSED, RELEASED = int(EngagementState.PROPOSED), int(EngagementState.RELEASED)
ORDERED, ABORTED = int(EngagementState.ORDERED), int(EngagementState.ABORTED)
REFUSED = int(EngagementState.REFUSED)
LEVELS = [
    {"name": "hold", "weapons_control_status": "hold", "release": "senior"},
    {"name": "tight", "weapons_control_status": "tight", "release_delay_s": 0.0},
    {"name": "senior", "weapons_control_status": "tight", "release": "senior",
     "release_delay_s": 0.0},
    {"name": "free", "weapons_control_status": "free", "release_delay_s": 0.0},
    {"name": "delegated", "weapons_control_status": "free", "release": "machine"},
]  # fmt: skip


@pytest.fixture
def keep(make):
    def build(*, operator=True, **posture):
        figures = DefenceParameters.model_validate(
            {"posture": {"levels": LEVELS, "operator": operator} | posture}
        )
        theatre = make.theatre(sites=(make.site(),))
        return AirDefence(theatre, figures, DestinationThreat(theatre, figures.threat), Greedy())

    return build


class Night:
    """A defence that is stepped once a second, with acts between."""

    def __init__(self, make, defence, n=1, **columns):
        self.make, self.defence, self.columns, self.n = make, defence, columns, n
        self.state, self.second, self.rows, self.orders = defence.start(), 0, [], []
        self.first = make.tracks(n, **columns)

    def run(self, seconds):
        for _ in range(seconds):
            self._decide()
            self.second += 1
        return self

    def act(self, verb, subject="", value="", person="R. Singh"):
        """Let a person act between two seconds; the station decides at once."""
        now = self.make.now_s + self.second - 0.5
        self.state = self.defence.act(self.state, Act(now, person, verb, subject, value))
        self._decide(-0.5)
        return self

    def _decide(self, earlier=0.0):
        second = self.second + earlier
        moved = self.first.east_m + self.first.v_east_mps * second
        now = self.make.now_s + second
        tracks = self.make.tracks(self.n, time_s=now, **(self.columns | {"east_m": moved}))
        self.state, decision = self.defence.decide(self.state, tracks, now)
        self.orders += [(second, track) for track in decision.orders.track.tolist()]
        e = decision.engagements
        for row in zip(e.state.tolist(), e.refusal.tolist(), e.track.tolist(), strict=True):
            self.rows.append((second, *row))

    def vanish(self):
        """Let the picture be empty from now on, as after a lost track."""
        self.n, self.first = 0, self.make.tracks(0)

    def states(self, track=1):
        return [state for _, state, _, of in self.rows if of == track]

    def when(self, state):
        return [second for second, found, _, _ in self.rows if found == state]


def test_nothing_is_released_by_itself(make, keep):
    night = Night(make, keep()).run(60)
    assert night.states() == [PROPOSED]
    assert night.orders == []
    assert len(night.state.book.proposals()) == 1
    simulated = Night(make, keep(operator=False)).run(60)
    assert simulated.states()[:3] == [PROPOSED, RELEASED, ORDERED]


@pytest.mark.parametrize("level", ["tight", "senior", "free"])
def test_a_released_proposal_leaves_at_once(make, keep, level):
    night = Night(make, keep(start=level)).run(20)
    assert night.orders == []
    night.act("release", "1")
    assert night.states() == [PROPOSED, RELEASED, ORDERED]
    assert night.orders == [(19.5, 1)]
    assert night.state.acts_late == 0


def test_where_the_machine_may_release_it_does(make, keep):
    night = Night(make, keep(start="delegated")).run(5)
    assert night.states() == [PROPOSED, RELEASED, ORDERED]


def test_one_release_is_one_engagement(make, keep):
    night = Night(make, keep()).run(10).act("release", "1").run(40)
    assert night.orders == [(9.5, 1)]
    # its outcome was never reported: what follows is proposed, and waits again
    assert night.state.book.released == frozenset()


def test_only_what_was_released_leaves(make, keep):
    night = Night(make, keep(), 2, north_m=np.array([0.0, 900.0])).run(10)
    assert len(night.state.book.proposals()) == 2
    night.act("release", "2").run(20)
    assert [track for _, track in night.orders] == [2]


def test_a_refusal_withdraws_at_once_and_is_remembered(make, keep):
    night = Night(make, keep()).run(10).act("refuse", "1")
    withheld = int(Refusal.RELEASE_WITHHELD)
    assert night.rows[1:] == [(9.5, ABORTED, withheld, 1), (9.5, REFUSED, withheld, 1)]
    night.run(30)
    assert len(night.rows) == 3
    assert night.state.book.proposals() == {}


def test_a_refused_track_may_be_proposed_again_only_after_a_release(make, keep):
    night = Night(make, keep()).run(10).act("cease-fire").act("refuse", "1").run(5)
    assert night.orders == []
    night.act("release", "1")
    assert [track for _, track in night.orders] == [1]


def test_a_refusal_reaches_a_proposal_that_nobody_looks_at_any_more(make, keep):
    """Also while its track does not matter enough to be judged: it does not wait to expire."""
    night = Night(make, keep()).run(10)
    night.vanish()
    night.run(2).act("refuse", "1")
    assert night.states()[:2] == [PROPOSED, ABORTED]


def test_a_release_is_heard_while_nothing_threatens(make, keep):
    """Also while its track does not matter enough to be judged: it is not told as too late."""
    night = Night(make, keep()).run(10)
    night.vanish()
    night.run(2).act("release", "1")
    assert night.states() == [PROPOSED, RELEASED]
    assert night.state.acts_late == 0


def test_a_release_that_comes_too_late_is_counted_and_not_kept(make, keep):
    night = Night(make, keep())
    night.act("release", "1")
    assert (night.state.acts_late, night.orders) == (1, [])
    night.run(20)
    assert night.states() == [PROPOSED]
    night.act("release", "77")
    assert night.state.acts_late == 2


def test_a_release_ends_with_its_proposal(make, keep):
    """Released, and held by posture before it left: the next proposal is asked for anew."""
    night = Night(make, keep()).run(10)
    for verb, subject, value in (("release", "1", ""), ("set-posture", "", "hold")):
        act = Act(make.now_s + 9.5, "R. Singh", verb, subject, value)
        night.state = night.defence.act(night.state, act)
    assert night.state.book.released == {1}
    night.run(1)
    assert night.states()[:2] == [PROPOSED, ABORTED]
    assert night.state.book.released == frozenset()
    night.act("set-posture", value="tight").run(20)
    assert night.states()[-1] == PROPOSED
    assert night.orders == []


def test_under_a_cease_fire_a_person_releases_what_nobody_proposed(make, keep):
    night = Night(make, keep()).act("cease-fire").run(10)
    assert night.states() == [REFUSED]
    night.act("release", "1")
    assert [track for _, track in night.orders] == [1]
    assert night.state.acts_late == 0


@pytest.mark.parametrize("verb", ["release", "refuse"])
def test_on_a_feed_there_is_nothing_to_release(make, verb):
    """Operator mode builds no planner: what is said of engagements is heard by nobody."""
    theatre = make.theatre(simulated=False)
    figures = DefenceParameters.model_validate({"posture": {"operator": True, "start": "free"}})
    defence = AirDefence(theatre, figures, DestinationThreat(theatre, figures.threat), None)
    night = Night(make, defence).run(5).act(verb, "1").run(5)
    assert (night.rows, night.orders) == ([], [])
    assert night.state.acts_ignored == 1
    assert night.state.book is None
