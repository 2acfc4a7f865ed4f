"""Assignment within one second, held to brute force, to SciPy and to a bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from chowki.core.chance import generator
from chowki.core.ports import Allocator
from chowki.core.questions import check_answer, sample_question
from chowki.defence.assignment import Greedy, LocalSearch, NearestFirst
from chowki.kernels.assign import expected_survival, greedy, local_search, nearest_first

ANY = np.full(1000, 1000)


def best_by_brute_force(value, kill, rounds):
    """Return the least survival over every way to spend every round."""
    shots = [s for s, n in enumerate(rounds) for _ in range(n)]
    least = value.sum()
    for targets in itertools.product(range(len(value)), repeat=len(shots)):
        left = value.copy()
        for s, t in zip(shots, targets, strict=True):
            left[t] *= 1.0 - kill[s, t]
        least = min(least, left.sum())
    return least


def simple_greedy(value, kill, rounds):
    """Return greedy by looking at every pair again before every round."""
    left, worth = list(rounds), value.astype(float).copy()
    while True:
        gains = worth * kill * (np.array(left) > 0)[:, None]
        s, t = np.unravel_index(gains.argmax(), gains.shape)
        if gains[s, t] <= 0.0:
            return worth.sum()
        worth[t] *= 1.0 - kill[s, t]
        left[s] -= 1


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=60)
def test_greedy_never_loses_more_than_half_of_what_the_best_plan_saves(seed, sites, targets):
    draws = generator(seed, "test.assign")
    value = draws.uniform(1.0, 100.0, targets)
    kill = draws.uniform(0.0, 0.9, (sites, targets))
    rounds = draws.integers(0, 3, sites)
    spent = greedy(value, kill, rounds, ANY[: len(value)])
    assert (spent.sum(axis=1) <= rounds).all()
    saved = value.sum() - expected_survival(value, kill, spent)
    best = value.sum() - best_by_brute_force(value, kill, rounds)
    # the saving is monotone and submodular under a partition matroid (Fisher, Nemhauser and
    # Wolsey 1978): greedy reaches at least half of the best
    assert best / 2.0 - 1e-9 <= saved <= best + 1e-9
    assert expected_survival(value, kill, spent) == pytest.approx(
        simple_greedy(value, kill, rounds), rel=1e-9
    )


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_greedy_is_optimal_when_the_kill_probability_depends_on_the_target_alone(seed):
    draws = generator(seed, "test.assign.separable")
    value = draws.uniform(1.0, 100.0, 4)
    kill = np.repeat(draws.uniform(0.1, 0.9, (1, 4)), 2, axis=0)
    rounds = np.array([3, 2])
    best = best_by_brute_force(value, kill, rounds)
    assert expected_survival(
        value, kill, greedy(value, kill, rounds, ANY[: len(value)])
    ) == pytest.approx(best)


def test_greedy_is_within_a_twentieth_of_the_optimum_when_there_are_more_targets_than_rounds():
    ratios = []
    for seed in range(20):
        draws = generator(seed, "test.assign.many")
        value = draws.uniform(25.0, 100.0, 60)
        kill = draws.uniform(0.6, 0.9, (20, 60))
        rounds = np.ones(20, dtype=np.int64)
        gain = value * kill
        s, t = linear_sum_assignment(gain, maximize=True)
        saved = value.sum() - expected_survival(
            value, kill, greedy(value, kill, rounds, ANY[: len(value)])
        )
        # one round on each of twenty targets bounds the best from below, and a second round on
        # a target adds less than a first, so here it is nearly the best itself
        ratios.append(saved / gain[s, t].sum())
    assert min(ratios) > 0.95


def test_forbidden_pairs_and_empty_magazines_are_left_alone():
    value, kill = np.array([10.0, 10.0]), np.array([[0.0, 0.5], [0.9, 0.9]])
    spent = greedy(value, kill, np.array([5, 0]), ANY[:2])
    assert spent.tolist() == [[0, 5], [0, 0]]
    assert greedy(value, np.zeros((2, 2)), np.array([5, 5]), ANY[:2]).sum() == 0
    assert greedy(np.zeros(2), kill, np.array([5, 5]), ANY[:2]).sum() == 0


def test_nothing_to_do_is_done_quickly():
    assert greedy(np.empty(0), np.empty((2, 0)), np.array([1, 1]), ANY[:0]).shape == (2, 0)
    assert greedy(
        np.array([1.0]), np.empty((0, 1)), np.empty(0, dtype=np.int64), ANY[:1]
    ).shape == (0, 1)


def random_problem(seed, sites=3, targets=4):
    chance = generator(seed, "test.assign.most")
    value = chance.uniform(0.1, 1.0, targets)
    kill = chance.uniform(0.0, 0.9, (sites, targets)) * (chance.random((sites, targets)) < 0.7)
    return value, kill, chance.integers(0, 4, sites), chance.integers(1, 3, targets)


@given(st.integers(0, 2**31))
@settings(max_examples=200, deadline=None)
def test_every_rule_keeps_within_rounds_and_most_and_uses_no_forbidden_pair(seed):
    value, kill, rounds, most = random_problem(seed)
    order = np.argsort(value, kind="stable")
    for spent in (
        greedy(value, kill, rounds, most),
        local_search(value, kill, rounds, most),
        nearest_first(order, 1.0 / (kill + 0.1), kill, rounds, most),
    ):
        assert (spent >= 0).all()
        assert (spent.sum(axis=1) <= rounds).all()
        assert (spent.sum(axis=0) <= most).all()
        assert not spent[kill == 0.0].any()


@given(st.integers(0, 2**31))
@settings(max_examples=200, deadline=None)
def test_local_search_never_loses_more_than_greedy_nor_less_than_the_best(seed):
    value, kill, rounds, most = random_problem(seed)
    rounds = np.minimum(rounds, 2)
    greedily = expected_survival(value, kill, greedy(value, kill, rounds, most))
    searched = expected_survival(value, kill, local_search(value, kill, rounds, most))
    assert best_by_brute_force(value, kill, rounds) - 1e-9 <= searched <= greedily + 1e-9


def test_local_search_mends_what_greedy_spoils():
    # greedy sends the only site that reaches the second target at the first
    value, kill = np.array([1.0, 0.9]), np.array([[0.8, 0.8], [0.79, 0.0]])
    once, rounds = np.array([1, 1]), np.array([1, 1])
    assert greedy(value, kill, rounds, once).tolist() == [[1, 0], [0, 0]]
    assert local_search(value, kill, rounds, once).tolist() == [[0, 1], [1, 0]]


def test_nearest_first_gives_the_first_arrival_the_site_that_meets_it_first():
    delay = np.array([[5.0, 1.0], [9.0, 8.0]])
    spent = nearest_first(
        np.array([1, 0]), delay, np.full((2, 2), 0.5), np.array([1, 1]), np.array([1, 1])
    )
    assert spent.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("kind", [Greedy, LocalSearch, NearestFirst])
def test_the_allocators_are_parts_of_the_port(kind):
    assert isinstance(kind(), Allocator)
    question = sample_question(2)
    _, answer = kind().assign(None, question)
    check_answer(question, answer)
    # the second target is not released; the third is worth nothing, but it arrives first
    rounds, wanted = ([1, 0, 0, 0, 0, 0], [True, True, False])
    if kind is NearestFirst:
        rounds, wanted = ([0, 1, 0, 0, 0, 1], [True, False, True])
    assert answer.rounds.tolist() == rounds
    assert answer.wanted.tolist() == wanted
