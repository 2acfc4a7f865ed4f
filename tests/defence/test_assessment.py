"""Kill assessment: what the picture shows after the intercept decides, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chowki.core.records import EffectorKind, EngagementState, TrackStatus
from chowki.defence.assessment import AssessmentParameters, arrives_s, assess, surviving
from chowki.defence.engagement import Engagement, EngagementBook

MET, HIT, MISSED = EngagementState.MET, EngagementState.INTERCEPTED, EngagementState.MISSED
FIGURES = AssessmentParameters()


def watched(now_s, **changes):
    plain = {
        "number": 1,
        "track": 1,
        "place": 0,
        "site": 0,
        "effector": int(EffectorKind.MISSILE),
        "state": MET,
        "kill_probability": 0.6,
        "met_s": now_s,
        "velocity_mps": (50.0, 0.0, 0.0),
        "existence": 0.9999,
    }
    return Engagement(**(plain | changes))


def look(make, after_s, one=None, **columns):
    """Return how the engagement stands after a look at one track."""
    one = one or watched(make.now_s)
    now_s = make.now_s + after_s
    seen = {"updated_s": make.now_s - 2.0, "existence": 0.9999} | columns
    tracks = make.tracks(1, time_s=now_s, **seen)
    book = EngagementBook({1: one}, np.array([8]))
    book, settled = assess(book, tracks, (make.site(),), now_s, FIGURES)
    assert bool(settled) == (1 not in book.open)
    return settled[0].state if settled else MET


def test_nothing_is_concluded_before_the_site_could_have_looked(make):
    assert look(make, 2.0, updated_s=make.now_s + 1.5) is MET
    assert look(make, 2.0, existence=1e-6) is MET
    assert look(make, 3.0, updated_s=make.now_s + 1.5) is MISSED


def test_who_is_seen_after_the_intercept_was_missed(make):
    assert look(make, 5.0, updated_s=make.now_s + 4.0) is MISSED
    # a detection from just about the intercept may be of the moment before it
    assert look(make, 5.0, updated_s=make.now_s + 0.5) is MET


@pytest.mark.parametrize(
    ("existence", "expected"), [(0.9999, MET), (0.9, MET), (0.6, MET), (0.4, HIT), (1e-3, HIT)]
)
def test_who_is_looked_for_and_not_found_is_held_killed(make, existence, expected):
    assert look(make, 6.0, existence=existence) is expected


def test_a_track_that_ended_is_held_killed(make):
    assert look(make, 4.0, status=int(TrackStatus.DROPPED)) is HIT
    assert look(make, 4.0, track=np.array([77])) is HIT


def test_who_would_have_arrived_by_then_is_not(make):
    """Where a drone that was missed would have ended its flight, an empty sky proves nothing."""
    one = watched(make.now_s, arrives_s=make.now_s + 5.0)
    assert look(make, 4.0, one, existence=1e-4) is HIT
    assert look(make, 6.0, one, existence=1e-4) is MISSED


def test_where_nobody_looks_it_ends_as_missed(make):
    assert look(make, 29.0) is MET
    assert look(make, 30.0) is MISSED


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, MISSED),
        ({"v_east_mps": 10.0}, HIT),
        ({"v_east_mps": -50.0}, HIT),
        ({"v_up_mps": -15.0}, HIT),
    ],
)
def test_a_jammed_drone_that_hovers_turns_back_or_falls_is_held_stopped(make, columns, expected):
    jammed = watched(make.now_s, effector=int(EffectorKind.JAMMER))
    assert look(make, 6.0, jammed, updated_s=make.now_s + 5.0, **columns) is expected
    assert look(make, 6.0, updated_s=make.now_s + 5.0, **columns) is MISSED


def test_the_highest_existence_since_the_intercept_is_what_it_fell_from(make):
    book = EngagementBook({1: watched(make.now_s, existence=0.2)}, np.array([8]))
    up = make.tracks(1, time_s=make.now_s + 1.0, existence=0.99, updated_s=make.now_s)
    book, settled = assess(book, up, (make.site(),), make.now_s + 1.0, FIGURES)
    assert not settled
    assert book.open[1].existence == 0.99


@pytest.mark.parametrize(("looks", "seen"), [(1, 0.9), (2, 0.7), (4, 0.5)])
def test_the_odds_are_those_of_independent_looks(looks, seen):
    """Bayes by enumeration: prior, and looks that each find a living target with P(seen)."""
    p, before = 0.6, 0.999
    miss = (1.0 - seen) ** looks
    now = before * miss / (before * miss + 1.0 - before)
    exact = (1.0 - p) * miss / ((1.0 - p) * miss + p)
    assert surviving(p, before, now) == pytest.approx(exact, rel=1e-9)


def test_arrival_is_where_a_straight_flight_enters_the_radius():
    one = Engagement(
        1, 1, 0, point_m=(-5_000.0, 600.0, 0.0), velocity_mps=(50.0, 0.0, 0.0), intercept_s=100.0
    )
    place = np.zeros(3)
    assert arrives_s(one, place, 1_000.0) == pytest.approx(100.0 + (5_000.0 - 800.0) / 50.0)
    assert arrives_s(one, place, 500.0) == math.inf
    assert arrives_s(one, np.array([-5_100.0, 600.0, 0.0]), 1_000.0) == 100.0
    assert arrives_s(one, np.array([-9_000.0, 600.0, 0.0]), 1_000.0) == math.inf
