"""Pricing of columns and exchange of rounds, held to every column and every plan there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.chance import generator
from chowki.kernels.assign import expected_survival, greedy
from chowki.kernels.exchange import exchange
from chowki.kernels.pricing import price

MANY = 10_000


def drawn(seed, shooters, targets=2):
    draws = generator(seed, "test.pricing")
    value = draws.uniform(0.5, 100.0, targets)
    survive = draws.uniform(0.0, 1.0, (targets, shooters))
    survive[draws.random((targets, shooters)) < 0.1] = 0.0
    survive[draws.random((targets, shooters)) < 0.1] = 1.0
    cost = draws.exponential(5.0, shooters) * (draws.random(shooters) < 0.9)
    least = draws.integers(0, 2, (targets, shooters)) * (draws.random((targets, shooters)) < 0.2)
    most = least + draws.integers(0, 3, (targets, shooters))
    return value, survive, -np.log(np.maximum(survive, 1e-300)), cost, least, most


def every_column(value, survive, cost, least, most):
    """Return cost by rounds of each shooter, of all columns of one target."""
    ranges = [range(low, high + 1) for low, high in zip(least, most, strict=True)]
    return {
        rounds: value * np.prod(survive ** np.array(rounds)) + cost @ np.array(rounds)
        for rounds in itertools.product(*ranges)
    }


def columns_of(found, target, shooters):
    _, owner, left, start, spent, _ = found
    return {
        tuple(np.bincount(spent[start[k] : start[k + 1]], minlength=shooters)): left[k]
        for k in np.flatnonzero(owner == target)
    }


@given(st.integers(0, 100_000), st.integers(1, 5))
@settings(max_examples=150)
def test_the_cheapest_column_is_the_cheapest_of_all(seed, shooters):
    value, survive, hard, cost, least, most = drawn(seed, shooters)
    under = np.full(2, 1e9)
    found = price(value, survive, hard, cost, least, most, under, True, 3, MANY)
    for t in range(2):
        whole = every_column(value[t], survive[t], cost, least[t], most[t])
        assert found[0][t] == pytest.approx(min(whole.values()), rel=1e-12, abs=1e-12)
        got = columns_of(found, t, shooters)
        assert 1 <= len(got) <= 3
        costs = [left + cost @ np.array(rounds) for rounds, left in got.items()]
        assert min(costs) == pytest.approx(min(whole.values()), rel=1e-12, abs=1e-12)
        for rounds, total in zip(got, costs, strict=True):
            assert total == pytest.approx(whole[rounds], rel=1e-12, abs=1e-12)


@given(st.integers(0, 100_000), st.integers(1, 5), st.floats(0.01, 30.0))
@settings(max_examples=150)
def test_all_columns_under_a_cost_are_listed(seed, shooters, gap):
    value, survive, hard, cost, least, most = drawn(seed, shooters)
    whole = [every_column(value[t], survive[t], cost, least[t], most[t]) for t in range(2)]
    under = np.array([min(all_.values()) + gap for all_ in whole])
    found = price(value, survive, hard, cost, least, most, under, False, MANY, 10 * MANY)
    for t in range(2):
        # rounds that can't kill are never spent: without them the same value is left
        idle = (survive[t] == 1.0) & (least[t] == 0)
        want = {
            rounds
            for rounds, total in whole[t].items()
            if total < under[t] - 1e-9 and not np.array(rounds)[idle].any()
        }
        useful = {r for r in want if (np.array(r) - least[t])[survive[t] == 1.0].sum() == 0}
        base = value[t] * np.prod(survive[t] ** least[t])
        if base == 0.0:
            useful = {r for r in useful if r == tuple(least[t])}
        alive = {r for r in useful if not _wasted(r, least[t], survive[t])}
        assert alive <= set(columns_of(found, t, shooters))


def _wasted(rounds, least, survive):
    """Return whether a round is spent on a target that is surely gone without it."""
    free = np.array(rounds) - least
    return free[survive == 0.0].sum() > 0 and free.sum() > 1


@given(st.integers(0, 100_000), st.integers(2, 6))
@settings(max_examples=60)
def test_a_search_cut_short_still_gives_a_bound(seed, shooters):
    value, survive, hard, cost, least, most = drawn(seed, shooters)
    args = (value, survive, hard, cost, least, most, np.full(2, 1e9))
    exact, short = price(*args, True, 1, MANY)[0], price(*args, True, 1, 1)[0]
    assert (short <= exact + 1e-9).all()


def test_columns_that_cost_too_much_are_not_looked_for():
    value, survive, hard, cost, least, most = drawn(3, 4)
    best = price(value, survive, hard, cost, least, most, np.full(2, 1e9), True, 1, MANY)[0]
    bound, owner, *_ = price(value, survive, hard, cost, least, most, best - 0.1, True, 1, MANY)
    np.testing.assert_allclose(bound, best - 0.1)
    assert len(owner) == 0


@given(st.integers(0, 100_000))
@settings(max_examples=60)
def test_exchange_betters_greedy_and_leaves_no_better_move(seed):
    draws = generator(seed, "test.exchange")
    value, kill = draws.uniform(1.0, 100.0, 4), draws.uniform(0.0, 0.95, (3, 4))
    rounds = draws.integers(0, 3, 3)
    first = greedy(value, kill, rounds, np.full(len(value), rounds.sum()))
    plan = exchange(value, kill, rounds, first, 100)
    left = expected_survival(value, kill, plan)
    assert (plan.sum(axis=1) <= rounds).all()
    assert plan.min(initial=0) >= 0
    assert left <= expected_survival(value, kill, first) + 1e-9
    for s, t, u in itertools.product(range(3), range(4), range(4)):
        if plan[s, t]:
            moved = plan.copy()
            moved[s, t] -= 1
            moved[s, u] += 1
            assert expected_survival(value, kill, moved) >= left - 1e-8
