"""Static assignment, held to every plan there is, to known optima, and to its own bound."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

from chowki.core.chance import generator
from chowki.defence import branching
from chowki.defence.static_assignment import solve
from chowki.kernels.assign import expected_survival, greedy


def best_by_brute_force(value, kill, rounds):
    shots = [s for s, n in enumerate(rounds) for _ in range(n)]
    plans = itertools.product(range(len(value)), repeat=len(shots))
    return min(left_by(value, kill, zip(shots, plan, strict=True)) for plan in plans)


def left_by(value, kill, pairs):
    left = np.array(value, dtype=float)
    for s, t in pairs:
        left[t] *= 1.0 - kill[s][t]
    return left.sum()


def drawn(seed, shooters=3, targets=3, most=2):
    draws = generator(seed, "test.static")
    value = np.round(draws.uniform(0.0, 100.0, targets))
    kill = draws.uniform(0.0, 1.0, (shooters, targets))
    kill[draws.random(kill.shape) < 0.1] = 0.0
    kill[draws.random(kill.shape) < 0.1] = 1.0
    return value, draws.integers(0, most + 1, shooters), kill


def law(shooters, targets, rounds, seed):
    """Return an instance by the law of the public set wta_WxTxm."""
    draws = generator(seed, "test.static.law")
    kill = draws.random((shooters, targets))
    return draws.integers(1, 101, targets).astype(float), np.full(shooters, rounds), kill


def check(solution, value, rounds, kill):
    """Hold a solution to what it says of itself."""
    assert left_by(value, kill, solution.assignment) == pytest.approx(solution.value, rel=1e-9)
    spent = np.bincount([s for s, _ in solution.assignment], minlength=len(rounds))
    assert (spent <= rounds).all()
    assert 0.0 <= solution.bound <= solution.value
    if solution.value > 0.0:
        want = (solution.value - solution.bound) / solution.value
        assert solution.gap == pytest.approx(want, abs=1e-15)


@given(st.integers(0, 100_000), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_no_plan_is_better(seed, shooters, targets):
    value, rounds, kill = drawn(seed, shooters, targets)
    solution = solve(value, rounds, kill)
    check(solution, value, rounds, kill)
    best = best_by_brute_force(value, kill, rounds)
    assert solution.value == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert solution.bound <= best + 1e-9


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_shooters_that_are_alike_keep_their_own_rounds(seed):
    value, rounds, kill = drawn(seed, 4, 3)
    kill[2], kill[3] = kill[0], kill[0]
    solution = solve(value, rounds, kill)
    check(solution, value, rounds, kill)
    best = best_by_brute_force(value, kill, rounds)
    assert solution.value == pytest.approx(best, rel=1e-7, abs=1e-9)


def test_many_that_are_alike_are_no_trap():
    solution = solve(np.full(20, 50.0), np.full(40, 2), np.full((40, 20), 0.7))
    assert solution.value == pytest.approx(20 * 50.0 * 0.3**4)
    assert solution.gap < 1e-9


def test_next_to_nothing_left_has_a_gap_too():
    kill = generator(1, "test.static.one").uniform(0.3, 0.9, (60, 1))
    solution = solve([50.0], np.ones(60), kill)
    assert solution.value == pytest.approx(50.0 * np.prod(1.0 - kill), rel=1e-9)
    assert solution.gap < 1e-9


@given(st.integers(0, 100_000))
@settings(max_examples=40, deadline=None)
def test_branching_alone_is_exact_too(seed):
    """Without the listing of columns every fractional case is parted until it is whole."""
    value, rounds, kill = drawn(seed, 4, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(branching, "listed", lambda *_: False)
        patch.setattr(branching.Tree, "_mix", lambda *_: 0.0)
        solution = solve(value, rounds, kill)
    best = best_by_brute_force(value, kill, rounds)
    assert solution.value == pytest.approx(best, rel=1e-7, abs=1e-9)
    assert solution.bound <= best + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_another_solver_over_every_column(seed):
    """SciPy's MILP over all 3^4 ways to spend rounds on each of 6 targets."""
    value, rounds, kill = law(4, 6, 2, seed)
    ways = np.array(list(itertools.product(range(3), repeat=4)))
    left = value * np.prod((1.0 - kill.T) ** ways[:, None, :], axis=2)
    one = np.kron(np.ones((1, len(ways))), np.eye(6))
    most = np.repeat(ways.T, 6, axis=1)
    found = milp(
        left.ravel(),
        integrality=np.ones(left.size),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(one, 1, 1), LinearConstraint(most, 0, rounds)],
        options={"mip_rel_gap": 0.0},
    )
    solution = solve(value, rounds, kill)
    assert solution.value == pytest.approx(found.fun, rel=1e-6)
    assert solution.gap < 1e-7


@pytest.mark.parametrize("seed", range(4))
def test_branching_closes_what_the_relaxation_leaves_open(seed, monkeypatch):
    instance = law(12, 24, 3, seed)
    with_list = solve(*instance)
    monkeypatch.setattr(branching, "listed", lambda *_: False)
    alone = solve(*instance)
    assert alone.value == pytest.approx(with_list.value, rel=1e-7)
    assert max(alone.gap, with_list.gap) < 1e-7
    assert alone.branches >= with_list.branches


def test_one_round_and_many_targets_is_the_classic_assignment():
    """Where a second round never pays it is a linear assignment, which SciPy solves."""
    draws = generator(1, "test.static.classic")
    value, kill = draws.uniform(90.0, 100.0, 60), draws.uniform(0.9, 0.99, (20, 60))
    rows, columns = linear_sum_assignment(value * kill, maximize=True)
    want = value.sum() - (value * kill)[rows, columns].sum()
    assert solve(value, np.ones(20), kill).value == pytest.approx(want, rel=1e-9)


def test_a_kill_probability_of_the_target_alone_is_solved_by_greedy():
    """Den Broeder, Ellison and Emerling 1959."""
    draws = generator(2, "test.static.separable")
    value = draws.uniform(1.0, 100.0, 30)
    kill = np.repeat(draws.uniform(0.1, 0.9, (1, 30)), 10, axis=0)
    rounds = np.full(10, 4)
    want = expected_survival(
        value, kill, greedy(value, kill, rounds, np.full(len(value), rounds.sum()))
    )
    solution = solve(value, rounds, kill)
    assert solution.value == pytest.approx(want, rel=1e-9)
    assert solution.gap < 1e-8


@pytest.mark.parametrize("size", [20, 50, 100])
def test_random_instances_are_solved_to_the_optimum_of_record(size):
    """Seed 0 with NumPy's generator: optima found by column generation and by HiGHS' MILP."""
    draws = np.random.Generator(np.random.PCG64(0))
    value = draws.integers(25, 101, size).astype(float)
    kill = draws.uniform(0.6, 0.9, (size, size))
    want = {20: 148.3356, 50: 323.0878, 100: 660.1944}[size]
    solution = solve(value, np.ones(size), kill)
    assert solution.value == pytest.approx(want, abs=6e-5)
    assert solution.gap < 1e-8


@pytest.mark.parametrize(("shooters", "rounds"), [(50, 1), (50, 2), (50, 3), (100, 3)])
def test_the_law_of_the_public_set_is_solved_to_a_proven_optimum(shooters, rounds):
    instance = law(shooters, 2 * shooters, rounds, 0)
    solution = solve(*instance)
    check(solution, *instance[:2], instance[2])
    assert solution.gap < 1e-7


def test_the_same_bytes_for_the_same_work():
    instance = law(20, 40, 3, 5)
    first, again = solve(*instance, nodes=2_000), solve(*instance, nodes=2_000)
    assert first.assignment == again.assignment
    assert (first.bound, first.nodes) == (again.bound, again.nodes)
    assert first.bound <= solve(*instance).bound * (1.0 + 1e-9)


@pytest.mark.parametrize("nodes", [0, 1, 100, 1_000])
def test_what_is_cut_short_is_still_a_plan_and_a_bound(nodes):
    instance = law(20, 40, 2, 7)
    best, solution = solve(*instance), solve(*instance, nodes=nodes)
    check(solution, *instance[:2], instance[2])
    assert solution.bound <= best.value * (1.0 + 1e-9) <= solution.value * (1.0 + 2e-9)


def test_no_time_at_all_gives_the_local_search():
    instance = law(20, 40, 2, 8)
    solution = solve(*instance, limit_s=0.0)
    check(solution, *instance[:2], instance[2])
    assert solution.bound == 0.0
    assert solution.gap == 1.0


@pytest.mark.parametrize(
    ("value", "rounds", "kill", "left"),
    [
        ([], [], [], 0.0),
        ([], [2], [[]], 0.0),
        ([5.0, 3.0], [], [], 8.0),
        ([5.0, 3.0], [0], [[0.5, 0.5]], 8.0),
        ([5.0, 3.0], [9], [[0.0, 0.0]], 8.0),
        ([0.0, 0.0], [9], [[0.5, 0.5]], 0.0),
        ([5.0], [1], [[1.0]], 0.0),
        ([5.0, 3.0], [1], [[1.0, 1.0]], 3.0),
        ([5.0, 3.0], [1, 1], [[1.0, 1.0], [1.0, 0.0]], 0.0),
        ([8.0], [3], [[0.5]], 1.0),
    ],
)
def test_edges(value, rounds, kill, left):
    solution = solve(value, rounds, kill)
    assert solution.value == pytest.approx(left, abs=1e-12)
    assert solution.bound == pytest.approx(left, abs=1e-9)


def test_plenty_of_rounds_is_no_trap():
    value, kill = [40.0, 60.0, 80.0], np.full((3, 3), 0.5) + np.arange(9).reshape(3, 3) / 30.0
    solution = solve(value, [12, 12, 12], kill, limit_s=20.0, nodes=2_000_000)
    check(solution, value, [12, 12, 12], kill)
    assert solution.gap < 1e-7


@pytest.mark.parametrize(
    ("value", "rounds", "kill", "words"),
    [
        ([1.0], [1], [[0.5, 0.5]], "shape"),
        ([-1.0], [1], [[0.5]], "values"),
        ([float("nan")], [1], [[0.5]], "values"),
        ([1.0], [1.5], [[0.5]], "rounds"),
        ([1.0], [-1], [[0.5]], "rounds"),
        ([1.0], [1], [[1.5]], "kill"),
        ([1.0], [1], [[float("nan")]], "kill"),
    ],
)
def test_what_is_no_instance_is_refused(value, rounds, kill, words):
    with pytest.raises(ValueError, match=words):
        solve(value, rounds, kill)
