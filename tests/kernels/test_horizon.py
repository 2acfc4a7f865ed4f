"""Shots in time, held to brute force over every policy of small problems."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.core.chance import generator
from chowki.kernels.horizon import future_worth, optimise
from chowki.kernels.policy import best_policy

SLOTS, SITES = 3, 2


def every_policy(options, use, most, ready):
    """Yield every chain of shots: a list of (slot, options shot), each after the one before."""
    starts = [()]
    while starts:
        chain = starts.pop()
        yield chain
        free = 0
        if chain:
            free = chain[-1][0] + max(use[2, a] for a in chain[-1][1])
        for k in range(max(free, ready), SLOTS):
            mine = [a for a in options if use[0, a] == k]
            shots = [(a,) for a in mine]
            if most > 1:
                shots += list(itertools.combinations_with_replacement(mine, 2))
            starts += [(*chain, (k, shot)) for shot in shots]


def weighed(chain, use, kill, cost, value):
    """Return what a chain saves and what it takes of rounds and channels, in expectation."""
    alive, saved = 1.0, 0.0
    rounds, room = np.zeros(SITES), np.zeros((SITES, SLOTS))
    for k, shot in chain:
        miss = math.prod(1.0 - kill[a] for a in shot)
        saved += alive * ((1.0 - miss) * value - sum(cost[a] for a in shot))
        for a in shot:
            rounds[use[1, a]] += alive
            room[use[1, a], k : k + use[2, a]] += alive
        alive *= miss
    return saved, rounds, room


def random_problem(seed, targets=3):
    chance = generator(seed, "test.horizon")
    rows = [
        (t, k, s)
        for t in range(targets)
        for k in range(SLOTS)
        for s in range(SITES)
        if chance.random() < 0.5
    ]
    owner = np.array([row[0] for row in rows], dtype=np.int64)
    m = len(rows)
    use = np.empty((3, m), dtype=np.int64)
    use[0], use[1] = [row[1] for row in rows], [row[2] for row in rows]
    use[2] = chance.integers(1, 3, m)
    return {
        "starts": np.searchsorted(owner, np.arange(targets + 1)),
        "use": use,
        "kill": chance.uniform(0.2, 0.9, m),
        "cost": chance.uniform(0.0, 0.1, m),
        "value": chance.uniform(0.1, 1.0, targets),
        "most": chance.integers(1, 3, targets),
        "ready": chance.integers(0, 2, targets),
        "rounds": chance.integers(0, 4, SITES).astype(np.float64),
        "room": chance.integers(0, 2, (SITES, SLOTS)).astype(np.float64),
        "demand": chance.uniform(0.0, 1.5, (SITES, 2)),
        "gain": np.sort(chance.uniform(0.0, 0.5, (SITES, 2)), axis=1),
    }


def solved(problem, budget=20_000):
    targets = len(problem["value"])
    price, rent = np.zeros(SITES), np.zeros((SITES, SLOTS))
    plan = np.full((targets, SLOTS, 2), -1, dtype=np.int64)
    value, bound, work = optimise(*problem.values(), price, rent, budget, 1e-9, plan)
    return value, bound, work, plan


def later(problem, left):
    return sum(
        future_worth(left[s], problem["demand"][s], problem["gain"][s]) for s in range(SITES)
    )


def best_by_brute_force(problem):
    """Return what the best choice of one policy for each target saves, now and later."""
    choices = []
    for t in range(len(problem["value"])):
        options = range(problem["starts"][t], problem["starts"][t + 1])
        most, ready = problem["most"][t], problem["ready"][t]
        choices.append(
            [
                weighed(chain, problem["use"], problem["kill"], problem["cost"], value)
                for value in [problem["value"][t]]
                for chain in every_policy(options, problem["use"], most, ready)
            ]
        )
    best = -math.inf
    for combination in itertools.product(*choices):
        left = problem["rounds"] - sum(one[1] for one in combination)
        room = problem["room"] - sum(one[2] for one in combination)
        if (left >= -1e-9).all() and (room >= -1e-9).all():
            best = max(best, sum(one[0] for one in combination) + later(problem, left))
    return best


def chain_of(choice):
    """Return the chain that a plan's row means: what it shoots while the target lives."""
    return tuple((k, tuple(a for a in shot if a >= 0)) for k, shot in enumerate(choice.tolist()))


def followed(choice, use):
    chain, free = [], 0
    for k, shot in chain_of(choice):
        if k >= free and shot:
            chain.append((k, shot))
            free = k + max(use[2, a] for a in shot)
    return chain


@given(st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_value_and_bound_hold_the_best_plan_between_them(seed):
    problem = random_problem(seed, targets=2)
    value, bound, _, _ = solved(problem)
    best = best_by_brute_force(problem)
    assert value <= best + 1e-9
    assert best <= bound + 1e-9


def test_small_plans_are_nearly_the_best():
    saved, best = 0.0, 0.0
    for seed in range(60):
        problem = random_problem(seed, targets=2)
        nothing = later(problem, problem["rounds"])
        saved += solved(problem)[0] - nothing
        best += best_by_brute_force(problem) - nothing
    assert saved >= 0.97 * best


@given(st.integers(0, 2**31))
@settings(max_examples=200, deadline=None)
def test_no_plan_takes_more_rounds_or_channels_than_there_are(seed):
    problem = random_problem(seed, targets=6)
    value, bound, _, plan = solved(problem, budget=2_000)
    total = 0.0
    left, room = problem["rounds"].copy(), problem["room"].copy()
    for t, choice in enumerate(plan):
        chain = followed(choice, problem["use"])
        own = range(problem["starts"][t], problem["starts"][t + 1])
        assert all(a in own and problem["use"][0, a] == k for k, shot in chain for a in shot)
        assert all(k >= problem["ready"][t] for k, _ in chain)
        assert all(len(shot) <= problem["most"][t] for _, shot in chain)
        args = (problem["use"], problem["kill"], problem["cost"], problem["value"][t])
        saved, rounds, taken = weighed(chain, *args)
        total, left, room = total + saved, left - rounds, room - taken
    assert (left >= -1e-6).all()
    assert (room >= -1e-6).all()
    assert value == pytest.approx(total + later(problem, left))
    assert value <= bound + 1e-9


@given(st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_the_best_policy_of_one_target_is_the_best_of_all(seed):
    problem = random_problem(seed, targets=1)
    use, kill, cost = problem["use"], problem["kill"], problem["cost"]
    worth, choice = np.empty(SLOTS + 1), np.empty((SLOTS, 2), dtype=np.int64)
    shut = np.zeros((len(kill), 2), dtype=np.bool_)
    value, most, ready = problem["value"][0], int(problem["most"][0]), int(problem["ready"][0])
    best_policy(0, len(kill), use, kill, cost, value, most, ready, shut, worth, choice)
    chains = every_policy(range(len(kill)), use, most, ready)
    best = max(weighed(chain, use, kill, cost, value)[0] for chain in chains)
    assert worth[0] == pytest.approx(best)
    assert weighed(followed(choice, use), use, kill, cost, value)[0] == pytest.approx(best)


def test_shoot_look_shoot_is_the_closed_form():
    # 1 - (1 - p)^k saved with (1 - (1 - p)^k) / p rounds: p 0.7, three shots, 1.39 rounds
    use = np.array([[0, 1, 2], [0, 0, 0], [1, 1, 1]])
    kill, cost = np.full(3, 0.7), np.full(3, 0.01)
    worth, choice = np.empty(SLOTS + 1), np.empty((SLOTS, 2), dtype=np.int64)
    shut = np.zeros((3, 2), dtype=np.bool_)
    best_policy(0, 3, use, kill, cost, 1.0, 1, 0, shut, worth, choice)
    assert worth[0] == pytest.approx(0.973 - 1.39 * 0.01)


def test_the_same_question_gets_the_same_plan_and_work_counts():
    problem = random_problem(5, targets=20)
    first, again = solved(problem), solved(problem)
    assert first[:3] == again[:3]
    assert (first[3] == again[3]).all()
    more = solved(problem, budget=200_000)
    assert more[2] >= first[2]
    assert more[1] <= first[1] + 1e-12


def test_rounds_left_serve_what_gains_most_first():
    demand, gain = np.array([2.0, 1.0]), np.array([0.1, 0.5])
    assert future_worth(0.0, demand, gain) == 0.0
    assert future_worth(0.5, demand, gain) == pytest.approx(0.25)
    assert future_worth(2.0, demand, gain) == pytest.approx(0.6)
    assert future_worth(9.0, demand, gain) == pytest.approx(0.7)
