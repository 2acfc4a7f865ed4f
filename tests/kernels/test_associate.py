import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from chowki.kernels import associate
from chowki.kernels.associate import (
    belief_propagation,
    best_assignment,
    components,
    nearest_neighbour,
)


def csr(weights):
    starts = np.concatenate([[0], np.cumsum((weights > 0).sum(axis=1))]).astype(np.int64)
    return starts, np.nonzero(weights)[1].astype(np.int64), weights[weights > 0]


def enumerated(weights, missed):
    n, m = weights.shape
    pair, lost, new, total = np.zeros((n, m)), np.zeros(n), np.zeros(m), 0.0
    for choice in itertools.product(range(-1, m), repeat=n):
        used = [j for j in choice if j >= 0]
        if len(set(used)) < len(used):
            continue
        w = np.prod([missed[i] if j < 0 else weights[i, j] for i, j in enumerate(choice)])
        total += w
        for i, j in enumerate(choice):
            if j < 0:
                lost[i] += w
            else:
                pair[i, j] += w
        new[[j for j in range(m) if j not in used]] += w
    return pair / total, lost / total, new / total


def propagated(weights, missed, rule=belief_propagation):
    starts, plots, w = csr(weights)
    share, lost, new = rule(starts, plots, w, missed, weights.shape[1])
    pair = np.zeros_like(weights)
    pair[weights > 0] = share
    return pair, lost, new


TREES = [
    np.array([[3.0, 0.0, 0.0], [2.0, 5.0, 0.0], [0.0, 0.4, 9.0]]),
    np.array([[1.0, 2.0, 3.0]]),
    np.array([[4.0], [5.0], [0.1]]),
    np.array([[1e8, 0.0], [1e-6, 2.0]]),
]


@pytest.mark.parametrize("weights", TREES)
def test_belief_propagation_is_exact_on_trees(weights):
    missed = np.linspace(0.1, 0.9, len(weights))
    for got, want in zip(propagated(weights, missed), enumerated(weights, missed), strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5)


def random_tree(rng):
    """Weights over seven decades whose tracks and plots are joined without a loop."""
    n, m = (int(k) for k in rng.integers(1, 5, 2))
    weights, part = np.zeros((n, m)), list(range(n + m))
    for i, j in rng.permutation(list(itertools.product(range(n), range(m)))):
        if part[i] != part[n + j] and rng.random() < 0.9:
            weights[i, j] = 10.0 ** rng.uniform(-3.0, 4.0)
            part = [part[i] if k == part[n + j] else k for k in part]
    return weights, rng.uniform(0.01, 1.0, n)


def furthest(weights, missed, **how):
    got, want = propagated(weights, missed, **how), enumerated(weights, missed)
    return max(np.abs(a - b).max() for a, b in zip(got, want, strict=True))


def test_on_trees_what_sweeps_settle_at_is_the_enumeration(monkeypatch):
    """Left to settle, it is exact; the sweeps that are stopped early are within 2e-5 of it."""
    stopped = [furthest(*random_tree(np.random.default_rng(seed))) for seed in range(500)]
    assert max(stopped) < 2e-5
    assert np.quantile(stopped, 0.98) < 1e-8
    monkeypatch.setattr(associate, "TOLERANCE", 1e-14)
    plain = getattr(belief_propagation, "py_func", belief_propagation)
    settled = [
        furthest(*random_tree(np.random.default_rng(seed)), rule=plain) for seed in range(500)
    ]
    assert max(settled) < 1e-8


@pytest.mark.parametrize(
    ("shape", "decades", "median", "often", "worst"),
    [((3, 3), 0, 0.04, 0.12, 0.16), ((3, 3), 2, 5e-3, 0.16, 0.25), ((2, 2), 2, 1e-9, 0.12, 0.29)],
)
def test_how_far_belief_propagation_is_off_on_small_loops(shape, decades, median, often, worst):
    """Median, 99 of 100, and worst of 1,500 random cases: probabilities, any of them.

    Loops of two tracks and two plots with weights over four decades are the worst known.
    """
    errors = []
    for seed in range(1500):
        rng = np.random.default_rng(seed)
        weights = rng.exponential(3.0, shape)
        if decades:
            weights = 10.0 ** rng.uniform(-decades, decades, shape)
        weights *= rng.random(shape) < 0.8
        errors.append(furthest(weights, rng.uniform(0.1, 1.0, shape[0])))
    assert np.median(errors) < median
    assert np.quantile(errors, 0.99) < often
    assert max(errors) < worst


@settings(max_examples=100)
@given(st.integers(0, 2**32 - 1))
def test_permuted_tracks_and_plots_have_permuted_marginals(seed):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 9, 2)
    weights = 10.0 ** rng.uniform(-3.0, 3.0, (n, m)) * (rng.random((n, m)) < 0.5)
    missed, tracks, plots = rng.uniform(0.05, 1.0, n), rng.permutation(n), rng.permutation(m)
    pair, lost, new = propagated(weights, missed)
    other = propagated(weights[tracks][:, plots], missed[tracks])
    np.testing.assert_allclose(other[0], pair[tracks][:, plots], atol=1e-11)
    np.testing.assert_allclose(other[1], lost[tracks], atol=1e-11)
    np.testing.assert_allclose(other[2], new[plots], atol=1e-11)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_parts_that_share_no_plot_do_not_know_of_each_other(seed):
    rng = np.random.default_rng(seed)
    one, two = (10.0 ** rng.uniform(-3.0, 3.0, (3, 4)) * (rng.random((3, 4)) < 0.6) for _ in "ab")
    missed = rng.uniform(0.05, 1.0, 6)
    both = np.block([[one, np.zeros((3, 4))], [np.zeros((3, 4)), two]])
    whole = propagated(both, missed)
    for part, rows, columns in ((one, slice(0, 3), slice(0, 4)), (two, slice(3, 6), slice(4, 8))):
        alone = propagated(part, missed[rows])
        np.testing.assert_array_equal(whole[0][rows, columns], alone[0])
        np.testing.assert_array_equal(whole[1][rows], alone[1])
        np.testing.assert_array_equal(whole[2][columns], alone[2])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_belief_propagation_is_near_on_small_loops(seed):
    rng = np.random.default_rng(seed)
    weights = rng.exponential(3.0, (3, 3)) * (rng.random((3, 3)) < 0.8)
    missed = rng.uniform(0.1, 1.0, 3)
    pair, lost, new = propagated(weights, missed)
    want_pair, want_lost, want_new = enumerated(weights, missed)
    np.testing.assert_allclose(pair, want_pair, atol=0.12)
    np.testing.assert_allclose(lost, want_lost, atol=0.12)
    np.testing.assert_allclose(new, want_new, atol=0.12)
    np.testing.assert_allclose(pair.sum(axis=1) + lost, 1.0, atol=1e-12)


def test_one_overwhelming_term_does_not_cancel_the_others():
    weights, missed = np.array([[1e12, 1e-3], [1e-3, 1e12]]), np.array([1e-9, 1e-9])
    pair, _, new = propagated(weights, missed)
    np.testing.assert_allclose(pair, np.eye(2), atol=1e-9)
    assert (new >= 0.0).all()
    assert (new < 1e-9).all()


def best_by_scipy(weights, missed, extra):
    n, m = weights.shape
    cost = np.full((n, m + n), 1e9)
    some = weights > 0
    cost[:, :m][some] = (-np.log(weights / missed[:, None], where=some, out=cost[:, :m].copy()))[
        some
    ] - extra
    cost[np.arange(n), m + np.arange(n)] = 0.0
    return cost[linear_sum_assignment(cost)].sum()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 20.0]))
def test_the_best_assignment_equals_scipys(seed, extra):
    rng = np.random.default_rng(seed)
    n, m = rng.integers(1, 9, 2)
    weights = rng.exponential(5.0, (n, m)) * (rng.random((n, m)) < 0.5)
    missed = rng.uniform(0.05, 1.0, n)
    starts, plots, w = csr(weights)
    chosen = best_assignment(starts, plots, w, missed, int(m), extra)
    taken = [int(plots[k]) for k in chosen if k >= 0]
    assert len(set(taken)) == len(taken)
    assert all(starts[i] <= k < starts[i + 1] for i, k in enumerate(chosen) if k >= 0)
    cost = sum(-np.log(w[k] / missed[i]) - extra for i, k in enumerate(chosen) if k >= 0)
    assert cost == pytest.approx(best_by_scipy(weights, missed, extra), abs=1e-9)


def test_nearest_neighbour_weighs_its_plot_against_a_miss():
    starts, plots, w = csr(np.array([[3.0, 1.0], [2.0, 0.0]]))
    share, lost, new = nearest_neighbour(starts, plots, w, np.array([0.5, 0.5]), 2)
    np.testing.assert_allclose(share, [0.0, 1.0 / 1.5, 2.0 / 2.5])
    np.testing.assert_allclose(lost, [0.5 / 1.5, 0.5 / 2.5])
    np.testing.assert_allclose(new, [0.5 / 2.5, 0.5 / 1.5])


def test_components_are_the_tracks_that_share_plots():
    weights = np.array([[1, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0.0]])
    starts, plots, _ = csr(weights)
    members, bounds = components(starts, plots, 4)
    groups = [members[a:b].tolist() for a, b in itertools.pairwise(bounds)]
    assert groups == [[0, 2], [1, 3]]


def test_nothing_to_associate_is_no_error():
    none = np.empty(0, dtype=np.int64)
    for rule in (belief_propagation, nearest_neighbour):
        share, lost, new = rule(np.zeros(3, dtype=np.int64), none, np.empty(0), np.ones(2), 0)
        assert (len(share), lost.tolist(), len(new)) == (0, [1.0, 1.0], 0)
