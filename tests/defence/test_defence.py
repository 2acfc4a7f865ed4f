"""Defence as a whole: from tracks to threats, engagements, orders, warnings and tasks."""

from __future__ import annotations

import pytest

from chowki.core.records import (
    EngagementState,
)
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.assignment import GreedyAllocator
from chowki.defence.threat import ApproachThreat


@pytest.fixture
def keeper(make):
    def build(theatre, **parameters):
        figures = DefenceParameters(**parameters)
        allocator = GreedyAllocator() if theatre.simulated else None
        return AirDefence(theatre, figures, ApproachThreat(theatre, figures.threat), allocator)

    return build


def run(defence, tracks_at, start_s, seconds, acts=None, state=None):
    """Step a defence once a second and return all its decisions."""
    state, decisions = state or defence.start(), []
    for second in range(seconds):
        for act in (acts or {}).get(second, []):
            state = defence.act(state, act)
        state, decision = defence.decide(state, tracks_at(second), start_s + second)
        decisions.append(decision)
    return state, decisions


def flying(make, **columns):
    def at(second):
        east = columns.get("east_m", -10_000.0) + 50.0 * second
        return make.tracks(**{**columns, "east_m": east, "time_s": make.now_s + second})

    return at


def states(decisions):
    return [EngagementState(s) for d in decisions for s in d.engagements.state.tolist()]


def test_a_hostile_drone_is_proposed_then_ordered_after_release(make, keeper):
    defence = keeper(make.theatre(sites=(make.site(),)))
    _, decisions = run(defence, flying(make), make.now_s, 8)
    assert states(decisions) == [EngagementState.PROPOSED, EngagementState.ORDERED]
    (second,) = [k for k, d in enumerate(decisions) if len(d.orders)]
    assert second == 5
    orders = decisions[second].orders
    assert orders.site.tolist() == [0]
    assert orders.track.tolist() == [1]
    assert orders.east_m[0] == -10_000.0 + 50.0 * second
