import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.regroup import compact, drop_track, merge, product, restrict, shares, thin


@st.composite
def hypotheses(draw, most=12, tracks=None):
    """Distinct hypotheses, as logarithms of weights whose sum is one, and leaves."""
    tracks = draw(st.integers(1, 4)) if tracks is None else tracks
    row = st.tuples(*[st.integers(-1, 2).map(lambda i, t=t: i if i < 0 else 3 * t + i)
                      for t in range(tracks)])  # fmt: skip
    rows = draw(st.lists(row, min_size=1, max_size=most, unique=True))
    weight = draw(st.lists(st.floats(1e-6, 1.0), min_size=len(rows), max_size=len(rows)))
    return np.log(np.array(weight) / sum(weight)), np.array(rows, dtype=np.int64)


def summed(log_weight, choice):
    """Return the weight of each set of leaves."""
    weights = {}
    for value, row in zip(np.exp(log_weight), choice.tolist(), strict=True):
        weights[tuple(row)] = weights.get(tuple(row), 0.0) + value
    return weights


def assert_tidy(log_weight, choice):
    """Hold hypotheses to be distinct, heaviest first, with weights whose sum is one."""
    assert len(summed(log_weight, choice)) == len(choice) == len(log_weight)
    assert (np.diff(log_weight) <= 0.0).all()
    assert np.exp(log_weight).sum() == pytest.approx(1.0)


def assert_equal(got, want):
    assert_tidy(*got)
    weights = summed(*got)
    assert weights.keys() == want.keys()
    np.testing.assert_allclose([weights[row] for row in want], list(want.values()), rtol=1e-9)


@given(hypotheses(), st.lists(st.integers(0, 11), max_size=20), st.floats(-2000.0, 700.0))
def test_equal_hypotheses_become_one(some, again, shift):
    rows = [*range(len(some[0])), *(i % len(some[0]) for i in again)]
    log_weight, choice = some[0][rows], some[1][rows]
    want = summed(log_weight - math.log(np.exp(log_weight).sum()), choice)
    assert_equal(merge(log_weight + shift, choice), want)


def test_hypotheses_that_weigh_nothing_go():
    log_weight, choice = merge(np.array([-math.inf, 0.0, -800.0]), np.array([[1], [2], [3]]))
    assert (log_weight.tolist(), choice.tolist()) == ([0.0], [[2]])


def test_many_hypotheses_are_merged_as_a_dictionary_would():
    rng = np.random.default_rng(0)
    choice = rng.integers(-1, 6, (1500, 4))
    log_weight = np.log(rng.dirichlet(np.ones(1500)))
    assert_equal(merge(log_weight, choice), summed(log_weight, choice))


@settings(max_examples=100)
@given(hypotheses(), st.data())
def test_a_part_of_the_tracks_has_the_marginal_weights(some, data):
    tracks = data.draw(st.permutations(range(some[1].shape[1])))
    tracks = np.array(tracks[: data.draw(st.integers(1, len(tracks)))], dtype=np.int64)
    assert_equal(restrict(*some, tracks), summed(some[0], some[1][:, tracks]))


@given(hypotheses(), st.data())
def test_dropping_a_track_leaves_the_others(some, data):
    track = data.draw(st.integers(0, some[1].shape[1] - 1))
    assert_equal(drop_track(*some, track), summed(some[0], np.delete(some[1], track, axis=1)))


@settings(max_examples=100)
@given(hypotheses(), hypotheses(), st.integers(1, 150), st.sampled_from([0.0, 1e-4, 0.05]))
def test_a_product_keeps_the_heaviest_couples(some, others, keep, prune):
    got = product(*some, *others, 100, keep, prune)
    assert_tidy(*got)
    shifted = np.where(others[1] < 0, -1, others[1] + 100)
    every = {
        (*a, *b): math.exp(wa + wb)
        for wa, a in zip(some[0], some[1].tolist(), strict=True)
        for wb, b in zip(others[0], shifted.tolist(), strict=True)
    }
    kept = sorted(every.values(), reverse=True)[:keep]
    while kept[-1] < prune * sum(kept):
        kept.pop()
    np.testing.assert_allclose(np.exp(got[0]), np.array(kept) / sum(kept), rtol=1e-9)
    whole = sum(kept)
    for row, weight in summed(*got).items():
        assert weight == pytest.approx(every[row] / whole, rel=1e-9)


@given(hypotheses(tracks=2), hypotheses(tracks=1))
def test_a_product_is_parted_into_what_it_was_made_of(some, others):
    joint = product(*some, *others, 0, 1000, 0.0)
    assert_equal(restrict(*joint, np.array([0, 1])), summed(*some))
    assert_equal(restrict(*joint, np.array([2])), summed(*others))


def test_a_product_with_nothing_is_nothing():
    nothing, none = np.empty(0), np.empty((0, 1), dtype=np.int64)
    log_weight, choice = product(nothing, none, np.zeros(1), np.array([[3, 4]]), 5, 10, 0.0)
    assert (log_weight.shape, choice.shape) == ((0,), (0, 3))


@given(hypotheses(), st.floats(0.0, 1.0))
def test_leaves_below_the_floor_are_let_go(some, floor):
    existence = np.random.default_rng(0).random(12)
    low = (some[1] >= 0) & (existence[some[1]] < floor)
    assert_equal(thin(*some, existence, floor), summed(some[0], np.where(low, -1, some[1])))


@given(hypotheses())
def test_compact_leaves_are_those_used_in_their_order(some):
    choice, used = compact(some[1], 12)
    assert used.tolist() == sorted(set(some[1][some[1] >= 0].tolist()))
    np.testing.assert_array_equal(np.append(used, -1)[choice], some[1])


def test_shares_leave_out_what_weighs_too_little():
    total = -np.log(np.array([0.5, 0.4, 0.06, 0.04])) + 7.0
    np.testing.assert_allclose(shares(total, 0.05), np.array([0.5, 0.4, 0.06]) / 0.96)
    np.testing.assert_allclose(shares(total, 0.0625), np.array([0.5, 0.4, 0.06]) / 0.96)
    np.testing.assert_allclose(shares(total, 0.9), [1.0])
    np.testing.assert_array_equal(shares(np.array([3.0, 900.0]), 0.0), [1.0])
    assert shares(np.empty(0), 0.1).shape == (0,)
