import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from chowki.kernels.kbest import desk, k_best, match, workspace

COSTS = st.floats(-20.0, 20.0) | st.integers(-2, 2).map(float) | st.just(math.inf)


@st.composite
def tables(draw):
    tracks, plots = draw(st.integers(1, 4)), draw(st.integers(0, 5))
    flat = draw(st.lists(COSTS, min_size=tracks * plots, max_size=tracks * plots))
    return np.array(flat).reshape(tracks, plots)


@st.composite
def problems(draw):
    table = draw(tables())
    row = st.integers(-1, len(table) - 1)
    tracks = draw(st.integers(1, 3))
    rows = draw(st.lists(st.lists(row, min_size=tracks, max_size=tracks), min_size=1, max_size=4))
    base = draw(st.lists(COSTS, min_size=len(rows), max_size=len(rows)))
    return table, np.array(rows), np.array(base)


def ranked(table, rows, base, k, span=math.inf, work=None):
    if work is None:
        work = workspace(len(rows), rows.shape[1], len(table), table.shape[1], k)
    return k_best(table, table.shape[1], rows, base, k, span, work)


def ranked_alone(table, k, span=math.inf):
    _, plot, total = ranked(table, np.arange(len(table))[None], np.zeros(1), k, span)
    return plot, total


def enumerated(table, rows, base):
    """Return the cost of every possible (hypothesis, plots)."""
    costs = {}
    for h, row in enumerate(rows):
        options = [[-1] if leaf < 0 else range(-1, table.shape[1]) for leaf in row]
        for choice in itertools.product(*options):
            used = [j for j in choice if j >= 0]
            if len(set(used)) == len(used):
                pairs = zip(row, choice, strict=True)
                cost = base[h] + sum(table[leaf, j] for leaf, j in pairs if j >= 0)
                if cost < math.inf:
                    costs[h, *choice] = cost
    return costs


@settings(max_examples=300)
@given(problems(), st.integers(1, 400))
def test_the_k_best_are_those_of_enumeration(problem, k):
    table, rows, base = problem
    want = enumerated(table, rows, base)
    hypothesis, plot, total = ranked(table, rows, base, k)
    found = [(int(h), *map(int, p)) for h, p in zip(hypothesis, plot, strict=True)]
    assert len(set(found)) == len(found) == min(k, len(want))
    np.testing.assert_allclose(total, sorted(want.values())[:k], atol=1e-9)
    np.testing.assert_allclose(total, [want[answer] for answer in found], atol=1e-9)
    assert (np.diff(total) >= 0.0).all()


@settings(max_examples=100)
@given(problems(), st.floats(0.0, 30.0))
def test_a_span_leaves_out_what_costs_more(problem, span):
    table, rows, base = problem
    costs = np.array(sorted(enumerated(table, rows, base).values()))
    _, _, total = ranked(table, rows, base, 500, span)
    sure = (costs <= costs.min() + span - 1e-9).sum() if len(costs) else 0
    possible = (costs <= costs.min() + span + 1e-9).sum() if len(costs) else 0
    assert sure <= len(total) <= possible
    np.testing.assert_allclose(total, costs[: len(total)], atol=1e-9)


@settings(max_examples=100)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_tracks_and_plots_does_not_matter(table, chance):
    shuffled = list(range(len(table))), list(range(table.shape[1]))
    for order in shuffled:
        chance.shuffle(order)
    plot, total = ranked_alone(table, 3000)
    other_plot, other_total = ranked_alone(np.ascontiguousarray(table[np.ix_(*shuffled)]), 3000)
    np.testing.assert_allclose(other_total, total, atol=1e-9)
    back = np.empty_like(other_plot)
    names = np.array([*shuffled[1], -1])
    back[:, shuffled[0]] = names[other_plot]
    assert set(map(tuple, back.tolist())) == set(map(tuple, plot.tolist()))


def large(seed):
    rng = np.random.default_rng(seed)
    tracks, plots = rng.integers(2, 13), rng.integers(1, 26)
    table = rng.normal(-1.0, 4.0, (tracks, plots))
    table[rng.random(table.shape) < 0.4] = math.inf
    return table


def least_by_scipy(table, missed):
    """Return the least cost, each track owning a column for a miss."""
    far = 1e6
    private = np.full((len(table), len(table)), far)
    private[np.diag_indices(len(table))] = missed
    cost = np.hstack([np.minimum(table, far), private])
    return cost[linear_sum_assignment(cost)].sum()


@pytest.mark.parametrize("seed", range(60))
def test_the_two_best_of_a_large_table_equal_scipys(seed):
    table = large(seed)
    plot, total = ranked_alone(table, 2)
    assert total[0] == pytest.approx(least_by_scipy(table, np.zeros(len(table))), abs=1e-9)
    second = math.inf
    for t, j in enumerate(plot[0]):
        barred, missed = table.copy(), np.zeros(len(table))
        if j < 0:
            missed[t] = 1e6
        else:
            barred[t, j] = 1e6
        second = min(second, least_by_scipy(barred, missed))
    assert total[1] == pytest.approx(second, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_many_of_a_large_table_are_one_to_one_distinct_and_in_order(seed):
    table = large(seed)
    plot, total = ranked_alone(table, 300)
    assert (np.diff(total) >= 0.0).all()
    assert len(set(map(tuple, plot.tolist()))) == len(plot)
    for row, cost in zip(plot, total, strict=True):
        pairs = [(t, j) for t, j in enumerate(row) if j >= 0]
        assert len({j for _, j in pairs}) == len(pairs)
        assert cost == pytest.approx(sum(table[pair] for pair in pairs), abs=1e-9)


def test_equal_costs_come_in_the_same_order_whatever_the_workspace_held():
    table, rows, base = np.zeros((3, 4)), np.array([[0, 1, 2], [2, -1, 0]]), np.zeros(2)
    work = workspace(5, 6, 7, 8, 90)
    want = ranked(table, rows, base, 90)
    assert len(want[2]) == 90 < len(enumerated(table, rows, base))
    rng = np.random.default_rng(0)
    for _ in range(3):
        ranked(
            rng.normal(0.0, 3.0, (6, 8)), rng.integers(-1, 6, (5, 6)), rng.random(5), 50, 9.0, work
        )
        for got, expected in zip(ranked(table, rows, base, 90, work=work), want, strict=True):
            np.testing.assert_array_equal(got, expected)


def test_a_wider_table_than_its_plots_is_cut():
    table = np.array([[1.0, -1.0, -9.0]])
    work = workspace(1, 1, 1, 2, 9)
    _, plot, _ = k_best(table, 2, np.zeros((1, 1), dtype=np.int64), np.zeros(1), 9, 99.0, work)
    assert plot[:, 0].tolist() == [1, -1, 0]


def test_no_plots_no_tracks_and_no_hypotheses_are_no_error():
    hypothesis, plot, total = ranked(np.empty((2, 0)), np.array([[0, 1], [1, -1]]), np.ones(2), 5)
    assert (hypothesis.tolist(), plot.tolist(), total.tolist()) == ([0, 1], [[-1, -1]] * 2, [1, 1])
    _, plot, total = ranked(np.empty((0, 3)), np.empty((1, 0), dtype=np.int64), np.ones(1), 5)
    assert (plot.shape, total.tolist()) == ((1, 0), [1.0])
    _, plot, total = ranked(np.empty((0, 3)), np.empty((0, 2), dtype=np.int64), np.empty(0), 5)
    assert plot.shape == (0, 2)
    _, plot, total = ranked(np.zeros((1, 1)), np.zeros((1, 1), dtype=np.int64), np.zeros(1), 0)
    assert plot.shape == (0, 1)


@pytest.mark.parametrize(
    "sizes", [(1, 3, 4, 5, 9), (2, 2, 4, 5, 9), (2, 3, 3, 5, 9), (2, 3, 4, 4, 9), (2, 3, 4, 5, 8)]
)
def test_a_workspace_too_small_is_refused(sizes):
    rows = np.array([[0, 1, 2], [1, 2, 3]])
    ranked(np.zeros((4, 5)), rows, np.zeros(2), 9, work=workspace(2, 3, 4, 5, 9))
    with pytest.raises(ValueError, match="workspace too small"):
        ranked(np.zeros((4, 5)), rows, np.zeros(2), 9, work=workspace(*sizes))


@pytest.mark.parametrize("seed", range(40))
def test_a_match_in_which_each_must_have_one_equals_scipys(seed):
    rng = np.random.default_rng(seed)
    n, m = np.sort(rng.integers(1, 11, 2))
    cost, rows = rng.normal(0.0, 50.0, (15, m)), rng.permutation(15)[:n]
    work, taken = desk(n, m), np.empty(n, dtype=np.int64)
    for _ in range(2):
        work[0][:] = rows
        match(cost, int(m), int(n), math.inf, work, taken)
        assert len(set(taken.tolist())) == n
        want = cost[rows][linear_sum_assignment(cost[rows])].sum()
        assert cost[rows, taken].sum() == pytest.approx(want, abs=1e-9)


CASE = """
import numpy as np
from chowki.kernels.kbest import k_best, workspace
rng = np.random.default_rng(1)
work = workspace(3, 4, 6, 5, 40)
for span in (np.inf, 6.0):
    cost = rng.normal(0.0, 3.0, (6, 5))
    cost[rng.random(cost.shape) < 0.3] = np.inf
    rows = np.stack([rng.permutation(7)[:4] - 1 for _ in range(3)])
    hypothesis, plot, total = k_best(cost, 5, rows, rng.random(3), 40, span, work)
    print(*hypothesis, *plot.ravel(), *(repr(float(v)) for v in total))
"""


def numbers(**environment):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CASE],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return np.array([float(word) for word in run.stdout.split()])


def test_the_same_numbers_without_compilation():
    np.testing.assert_allclose(numbers(NUMBA_DISABLE_JIT="1"), numbers(), rtol=1e-12)
