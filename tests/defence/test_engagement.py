"""The book of engagements: outcomes, channels, magazines, what is overdue."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.messages import Status
from chowki.core.records import EngagementState, Outcomes
from chowki.defence.engagement import (
    Engagement,
    EngagementBook,
    abort_proposals,
    expire,
    record_refusals,
    rows_of,
    take_status,
)

T0 = 1_000.0


def ordered(number=1, track=10, site=0, rounds=1, **other):
    state = other.pop("state", EngagementState.ORDERED)
    return Engagement(
        number, track, 0, site, 1, state, T0, T0, 0.7, (0.0, 0.0, 0.0), T0 + 30.0, rounds, **other
    )


def book_of(*engagements, rounds=(8, 8)):
    return EngagementBook({one.number: one for one in engagements}, np.array(rounds))


def report(state, number=1, site=0, rounds_left=-1, time_s=T0 + 5.0, rounds=1):
    outcomes = Outcomes.of(
        engagement=[number], time_s=[time_s], site=[site], state=[int(state)], rounds=[rounds]
    )
    return Status(time_s, "site", "site", "working", "", site, rounds_left, outcomes)


@pytest.fixture
def sites(make):
    return (make.site(0), make.site(1))


def test_launch_then_the_rounds_meet(sites):
    book, rows = take_status(book_of(ordered()), report(EngagementState.IN_FLIGHT), sites)
    assert rows.state.tolist() == [int(EngagementState.IN_FLIGHT)]
    assert book.engaged_tracks() == {10}
    book, rows = take_status(book, report(EngagementState.MET, time_s=T0 + 30.0), sites)
    assert rows.state.tolist() == [int(EngagementState.MET)]
    assert rows.time_s.tolist() == [T0 + 30.0]
    assert book.engaged_tracks() == {10}
    assert book.open[1].met_s == T0 + 30.0


@pytest.mark.parametrize("claim", [EngagementState.INTERCEPTED, EngagementState.MISSED])
def test_what_a_site_claims_of_the_target_is_not_taken(sites, claim):
    book, _ = take_status(book_of(ordered()), report(EngagementState.IN_FLIGHT), sites)
    after, rows = take_status(book, report(claim), sites)
    assert len(rows) == 0
    assert after.open == book.open


def test_a_report_told_twice_changes_nothing_the_second_time(sites):
    book, _ = take_status(book_of(ordered()), report(EngagementState.IN_FLIGHT), sites)
    again, rows = take_status(book, report(EngagementState.IN_FLIGHT), sites)
    assert len(rows) == 0
    assert again.open == book.open


def test_a_report_on_an_engagement_nobody_knows_is_left_alone(sites):
    book, rows = take_status(book_of(ordered()), report(EngagementState.MISSED, number=99), sites)
    assert len(rows) == 0
    assert list(book.open) == [1]


@pytest.mark.parametrize("site", [-1, 2, 99])
def test_a_status_of_no_site_here_changes_nothing(sites, site):
    before = book_of(ordered())
    book, rows = take_status(before, report(EngagementState.MISSED, site=site), sites)
    assert book is before
    assert len(rows) == 0


def test_a_channel_is_taken_until_it_has_reloaded(sites):
    channels = np.array([2, 2])
    book = book_of(ordered())
    assert book.free_channels(channels, T0).tolist() == [1, 2]
    book, _ = take_status(book, report(EngagementState.MET, time_s=T0 + 30.0), sites)
    assert book.free_channels(channels, T0 + 33.0).tolist() == [1, 2]
    assert book.free_channels(channels, T0 + 34.0).tolist() == [2, 2]


def test_a_proposal_takes_no_channel():
    book = book_of(ordered(state=EngagementState.PROPOSED))
    assert book.free_channels(np.array([2, 2]), T0).tolist() == [2, 2]


def test_a_silent_site_has_no_channels_until_it_works_again(sites):
    silent = Status(T0, "site 0", "site", "silent", "", 0)
    book, _ = take_status(book_of(), silent, sites)
    assert book.free_channels(np.array([2, 2]), T0).tolist() == [0, 2]
    working = Status(T0, "site 0", "site", "working", "", 0)
    book, _ = take_status(book, working, sites)
    assert book.free_channels(np.array([2, 2]), T0).tolist() == [2, 2]


def test_rounds_reported_before_a_launch_do_not_give_ordered_rounds_back(sites):
    # two rounds ordered and not yet launched: of the 8 that the site still counts, 6 are free
    book, _ = take_status(
        book_of(ordered(rounds=2), rounds=(6, 8)),
        report(EngagementState.ORDERED, number=99, rounds_left=8),
        sites,
    )
    assert book.rounds.tolist() == [6, 8]
    book, _ = take_status(book, report(EngagementState.IN_FLIGHT, rounds_left=6, rounds=2), sites)
    assert book.rounds.tolist() == [6, 8]


def test_what_is_never_reported_is_aborted_in_the_end():
    book = book_of(ordered(1), ordered(2, track=11, state=EngagementState.PROPOSED))
    same, gone = expire(book, T0 + 20.0, grace_s=30.0, proposal_s=30.0)
    assert same is book
    assert gone == []
    book, gone = expire(book, T0 + 31.0, grace_s=30.0, proposal_s=30.0)
    assert [one.number for one in gone] == [2]
    book, gone = expire(book, T0 + 61.0, grace_s=30.0, proposal_s=30.0)
    assert [one.state for one in gone] == [EngagementState.ABORTED]
    assert not book.open


def test_a_proposal_that_the_rules_no_longer_allow_is_aborted_with_the_reason():
    book = book_of(
        ordered(1, state=EngagementState.PROPOSED), ordered(2, track=11), ordered(3, track=12)
    )
    book, gone = abort_proposals(book, {10: 3, 11: 3})
    assert [(one.number, int(one.refusal)) for one in gone] == [(1, 3)]
    assert sorted(book.open) == [2, 3]


def test_a_refusal_is_recorded_once_and_again_when_its_reason_changes():
    tracks, places = np.array([10, 11]), np.array([4, 5])
    book, rows = record_refusals(book_of(), {10: 3, 11: 1}, tracks, places)
    assert [(one.number, one.track, one.place) for one in rows] == [(1, 10, 4), (2, 11, 5)]
    book, rows = record_refusals(book, {10: 3, 11: 1}, tracks, places)
    assert rows == []
    book, rows = record_refusals(book, {10: 4}, tracks, places)
    assert [(one.number, int(one.refusal)) for one in rows] == [(3, 4)]
    table = rows_of(rows, T0)
    assert table.state.tolist() == [int(EngagementState.REFUSED)]
    assert table.refusal.tolist() == [4]
    assert table.site.tolist() == [-1]
