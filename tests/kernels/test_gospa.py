"""GOSPA against Stone Soup, against brute force and in its closed forms."""

from __future__ import annotations

import warnings
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.gospa import gospa, match


def stone_soup(truth, estimates, cutoff, p):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from stonesoup.metricgenerator.ospametric import GOSPAMetric
        from stonesoup.types.state import State

    metric = GOSPAMetric(p=p, c=cutoff)
    states = [[State(row[:, None]) for row in rows] for rows in (estimates, truth)]
    return metric.compute_gospa_metric(*states)[0].value


@pytest.mark.parametrize("p", [1.0, 2.0])
@pytest.mark.parametrize("seed", range(12))
def test_agrees_with_stone_soup(seed, p):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.0, 3000.0, (rng.integers(1, 40), 3))
    near = truth[: rng.integers(0, len(truth) + 1)]
    found = np.vstack([near + rng.normal(0.0, 150.0, near.shape), rng.uniform(0, 3000, (9, 3))])
    theirs = stone_soup(truth, found, 400.0, p)
    ours = gospa(truth, found, 400.0, p)
    assert ours.total == pytest.approx(theirs["distance"], rel=1e-9, abs=1e-9)
    assert ours.localisation == pytest.approx(theirs["localisation"], rel=1e-9, abs=1e-9)
    assert ours.missed == pytest.approx(theirs["missed"], rel=1e-9, abs=1e-9)
    assert ours.false == pytest.approx(theirs["false"], rel=1e-9, abs=1e-9)


def test_empty_sets():
    some, none = np.zeros((3, 3)), np.empty((0, 3))
    assert gospa(none, none, 10.0).total == 0.0
    assert gospa(some, none, 10.0).total == pytest.approx(np.sqrt(3 * 100 / 2))
    assert gospa(none, some, 10.0).false == pytest.approx(3 * 100 / 2)


def brute_force(truth, found, cutoff, p):
    """Every injective match of the smaller side into the larger, cut off: proposition 1."""
    small, large = sorted((truth, found), key=len)
    best = np.inf
    for chosen in permutations(range(len(large)), len(small)):
        apart = np.linalg.norm(small - large[list(chosen)], axis=1)
        best = min(best, np.sum(np.minimum(apart, cutoff) ** p))
    return (best + cutoff**p / 2 * (len(large) - len(small))) ** (1 / p)


coordinates = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=0, max_size=6
).map(lambda rows: np.array(rows, float).reshape(-1, 2))


@settings(deadline=None, max_examples=150)
@given(coordinates, coordinates, st.sampled_from([1.0, 2.0]))
def test_is_the_optimum(truth, found, p):
    assert gospa(truth, found, 12.0, p).total == pytest.approx(brute_force(truth, found, 12.0, p))


@settings(deadline=None, max_examples=50)
@given(coordinates, coordinates, coordinates)
def test_is_a_metric(a, b, c):
    ab, ba = gospa(a, b, 12.0).total, gospa(b, a, 12.0).total
    assert ab == pytest.approx(ba)
    assert gospa(a, a, 12.0).total == 0.0
    assert ab <= gospa(a, c, 12.0).total + gospa(c, b, 12.0).total + 1e-9


def test_steps_do_not_mix():
    truth = np.array([[0.0, 0.0], [0.0, 0.0]])
    found = np.array([[1.0, 0.0], [2.0, 0.0]])
    matched = match(truth, np.array([0, 1]), found, np.array([1, 2]), 10.0)
    assert matched.truth.tolist() == [1]
    assert matched.estimate.tolist() == [0]
    assert matched.distance_m.tolist() == [1.0]


def test_many_steps_equal_one_at_a_time():
    rng = np.random.default_rng(1)
    step = np.repeat(np.arange(20), 30)
    truth = rng.uniform(0, 2000, (600, 3))
    found = truth + rng.normal(0, 200, truth.shape)
    together = match(truth, step, found, step, 500.0)
    total = np.bincount(step[together.truth], together.distance_m**2, 20)
    for k in range(20):
        alone = gospa(truth[step == k], found[step == k], 500.0)
        assert alone.localisation == pytest.approx(total[k])
