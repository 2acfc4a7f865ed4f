"""Release takes human time, one decision at a time: the desk against Erlang, and in the whole."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

from chowki.core.chance import key
from chowki.core.records import EngagementState
from chowki.defence.desks import ReleaseDesk, ask, decide, drawn_s, withdraw
from chowki.defence.engagement import Engagement, EngagementBook
from chowki.defence.release import release

MEAN_S, BETWEEN_S = 6.0, 10.0
KEY = key(5, "release.time")
NOBODY = np.zeros(2, dtype=bool)


def service(number):
    return drawn_s(KEY, 0, number, MEAN_S)


def arrivals(n, seed):
    draws = np.random.Generator(np.random.Philox(seed))
    return np.cumsum(draws.exponential(BETWEEN_S, n)), draws


def batch_error(values, batches=50):
    """Return the standard error of a mean of correlated values, by batch means."""
    means = [part.mean() for part in np.array_split(np.asarray(values, float), batches)]
    return float(np.std(means, ddof=1) / math.sqrt(batches))


def waits(when):
    """Return how long each case waited before it was begun."""
    desk, done = ReleaseDesk(), {}
    for number, time_s in enumerate(when):
        desk, decided = decide(desk, time_s, service)
        done.update(decided)
        desk = ask(desk, [number], time_s)
    _, decided = decide(desk, math.inf, service)
    done.update(decided)
    return np.array([done[k] - time_s - service(k) for k, time_s in enumerate(when)])


def test_what_waits_for_one_person_queues_as_erlang_c_says():
    """M/M/1, load .6: .6 of the cases wait, 9 s on average over all."""
    load = MEAN_S / BETWEEN_S
    when, _ = arrivals(40_000, 1)
    waited = waits(when)
    assert waited.min() > -1e-6
    late = waited > 1e-6
    assert late.mean() == pytest.approx(load, abs=4.0 * batch_error(late))
    mean_s = load * MEAN_S / (1.0 - load)
    assert mean_s == pytest.approx(9.0)
    assert waited.mean() == pytest.approx(mean_s, abs=4.0 * batch_error(waited))


def test_a_desk_without_a_queue_loses_as_erlang_b_says():
    """One decision, nobody waits: a / (1 + a) of the cases find it taken."""
    load = MEAN_S / BETWEEN_S
    when, _ = arrivals(40_000, 2)
    desk, lost = ReleaseDesk(), []
    for number, time_s in enumerate(when):
        desk, _ = decide(desk, time_s, service)
        lost.append(bool(desk.cases))
        if not desk.cases:
            desk, _ = decide(ask(desk, [number], time_s), time_s, service)
    assert np.mean(lost) == pytest.approx(load / (1.0 + load), abs=4.0 * batch_error(lost))


def test_cases_withdrawn_while_they_wait_leave_as_erlang_a_says():
    """Load 1.2, and who waits has exponential patience of 20 s: birth and death."""
    theta, mu, lam = 1.0 / 20.0, 1.0 / 12.0, 1.0 / BETWEEN_S
    weights = [1.0]
    for k in range(1, 80):
        weights.append(weights[-1] * lam / (mu + (k - 1) * theta))
    share = np.array(weights) / np.sum(weights)
    wanted = sum(share[k] * (k - 1) * theta for k in range(2, 80)) / lam
    n = 40_000
    when, draws = arrivals(n, 3)
    leaves = when + draws.exponential(1.0 / theta, n)
    happens = np.concatenate((when, leaves))
    order = np.argsort(happens, kind="stable")
    takes_s = partial(drawn_s, KEY, 0, mean_s=1.0 / mu)
    desk, left = ReleaseDesk(), np.zeros(n, dtype=bool)
    for event in order.tolist():
        number, time_s = event % n, happens[event]
        desk, _ = decide(desk, time_s, takes_s)
        if event < n:
            desk = ask(desk, [number], time_s)
            continue
        waiting = [case for case, _ in desk.cases][1:]
        if number in waiting:
            left[number] = True
            standing = {case for case, _ in desk.cases} - {number}
            desk = withdraw(desk, standing, time_s)
    assert left.mean() == pytest.approx(wanted, abs=4.0 * batch_error(left))


def test_decisions_are_drawn_exponential_and_addressed():
    drawn = np.array([drawn_s(KEY, 2, k, 10.0) for k in range(20_000)])
    assert drawn.mean() == pytest.approx(10.0, abs=4.0 * 10.0 / math.sqrt(len(drawn)))
    assert drawn.var() == pytest.approx(100.0, rel=4.0 * math.sqrt(8.0 / len(drawn)))
    assert drawn_s(KEY, 2, 7, 10.0) == drawn[7]
    assert drawn_s(KEY, 3, 7, 10.0) != drawn[7]
    assert drawn_s(KEY, 2, 7, 0.0) == 0.0


def test_one_decision_at_a_time_whatever_the_steps():
    """Asked each second or once, the same cases are decided at the same times."""
    times = [1.0, 1.0, 2.0, 9.0]

    def decided(steps):
        desk, found = ReleaseDesk(), []
        for time_s in steps:
            desk = ask(desk, [k for k, asked in enumerate(times) if asked == time_s], time_s)
            desk, done = decide(desk, time_s, service)
            found += done
        return found

    fine = decided(np.arange(0.0, 200.0, 0.25))
    assert fine == decided(np.arange(0.0, 200.0, 1.0))
    assert [number for number, _ in fine] == [0, 1, 2, 3]
    ends = [end for _, end in fine]
    starts = [end - service(number) for number, end in fine]
    assert all(later >= earlier - 1e-9 for earlier, later in zip(ends, starts[1:], strict=False))


def test_a_case_in_hand_that_no_longer_stands_is_put_down_at_once():
    desk = ask(ReleaseDesk(), [1, 2], 0.0)
    desk, done = decide(desk, 0.0, lambda _: 50.0)
    assert done == []
    desk = withdraw(desk, {2}, 10.0)
    desk, done = decide(desk, 70.0, lambda _: 50.0)
    assert done == [(2, 60.0)]


def book_of(places):
    one = {k: Engagement(k, 100 + k, place, proposed_s=0.0) for k, place in enumerate(places)}
    return EngagementBook(one, np.array([8]))


def run(book, seconds, mean_s=(5.0, 5.0)):
    """Return the second at which each engagement was released."""
    when = {}
    for second in range(seconds):
        book, rows = release(book, np.array([0, 1]), np.array(mean_s), NOBODY, KEY, float(second))
        assert all(one.state is EngagementState.RELEASED for one in rows)
        when.update({one.number: second for one in rows})
    return when


def test_sectors_decide_side_by_side_and_each_one_case_after_the_other():
    when = run(book_of([0, 0, 0, 1]), 200)
    first = [drawn_s(KEY, 0, k, 5.0) for k in range(3)]
    assert [when[k] for k in range(3)] == [math.ceil(t) for t in np.cumsum(first)]
    assert when[3] == math.ceil(drawn_s(KEY, 1, 3, 5.0))


def test_a_standing_delegation_releases_at_once():
    assert run(book_of([0] * 5), 1, (0.0, 0.0)) == dict.fromkeys(range(5), 0)


def test_what_a_person_releases_by_name_passes_the_desk():
    book = book_of([0, 0, 0])
    book = EngagementBook(book.open, book.rounds, released=frozenset({102}))
    when = run(book, 1, (1e9, 1e9))
    assert when == {2: 0}
