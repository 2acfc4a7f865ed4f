import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from chowki.kernels.alignment import DOUBT, align


class Mixture:
    """Hypotheses over leaves that scatter about a few targets, with labels often swapped."""

    def __init__(self, seed, tracks=3, apart=3.0, size=4, hypotheses=6, absent=0.15):
        rng = np.random.default_rng(seed)
        per_track = 4
        self.existence = rng.uniform(0.01, 1.0, tracks * per_track)
        places = rng.normal(0.0, apart, (tracks, size))
        self.mean = np.repeat(places, per_track, axis=0) + rng.normal(0.0, 0.3, (12, size))
        roots = rng.normal(0.0, 0.4, (12, size, size))
        self.covariance = roots @ roots.transpose(0, 2, 1) + 0.2 * np.eye(size)
        self.choice = np.empty((hypotheses, tracks), dtype=np.int64)
        for h in range(hypotheses):
            row = np.arange(tracks) * per_track + rng.integers(0, per_track, tracks)
            row[rng.random(tracks) < absent] = -1
            self.choice[h] = rng.permutation(row) if h and rng.random() < 0.5 else row
        self.weight = rng.dirichlet(np.ones(hypotheses)) if hypotheses > 1 else np.ones(1)

    def align(self, reference=0, positions=2):
        return align(
            self.weight, self.choice, self.existence, self.mean, self.covariance, reference,
            positions,
        )  # fmt: skip

    def number(self):
        there = np.where(self.choice < 0, 0.0, self.existence[self.choice])
        return (self.weight[:, None] * there).sum()

    def moments(self, leaves):
        """Return existence, mean, covariance and mean leaf covariance of a column of leaves."""
        some = leaves >= 0
        w = self.weight[some] * self.existence[leaves[some]]
        if w.sum() == 0.0:
            return 0.0, None, None, None
        x, share = self.mean[leaves[some]], w / w.sum()
        mean = share @ x
        within = np.einsum("h,hij->ij", share, self.covariance[leaves[some]])
        between = np.einsum("h,hi,hj->ij", share, x - mean, x - mean)
        return w.sum(), mean, within + between, within

    def prices(self, row, existence, mean, covariance):
        """Return the cross-entropy of each leaf of a hypothesis with each slot."""
        price = np.empty((len(row), len(existence)))
        for (t, leaf), s in itertools.product(enumerate(row), range(len(existence))):
            sure = np.clip(existence[s], DOUBT, 1.0 - DOUBT)
            r = self.existence[leaf] if leaf >= 0 else 0.0
            price[t, s] = -(1.0 - r) * np.log(1.0 - sure) - r * np.log(sure)
            if leaf >= 0:
                inverse, d = np.linalg.inv(covariance[s]), self.mean[leaf] - mean[s]
                squared = d @ inverse @ d + np.trace(inverse @ self.covariance[leaf])
                price[t, s] += 0.5 * r * (np.linalg.slogdet(covariance[s])[1] + squared)
        return price

    def bound(self, slot_leaf):
        """Return the weighted sum of cross-entropies of leaves with the slots they make."""
        slots = [self.moments(column) for column in slot_leaf.T]
        existence = np.array([s[0] for s in slots])
        mean, covariance = [s[1] for s in slots], [s[2] for s in slots]
        return sum(
            w * np.trace(self.prices(row, existence, mean, covariance))
            for w, row in zip(self.weight, slot_leaf, strict=True)
        )


SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=100)
@given(SEEDS, st.sampled_from([0.1, 1.0, 5.0]), st.integers(0, 5))
def test_slots_are_the_moments_of_their_leaves_and_each_leaf_has_one(seed, apart, reference):
    mixture = Mixture(seed, apart=apart)
    slot_leaf, existence, mean, covariance, spread = mixture.align(reference)
    np.testing.assert_array_equal(np.sort(slot_leaf), np.sort(mixture.choice))
    np.testing.assert_array_equal(slot_leaf[reference], mixture.choice[reference])
    assert existence.sum() == pytest.approx(mixture.number(), rel=1e-12)
    for s, column in enumerate(slot_leaf.T):
        r, x, p, within = mixture.moments(column)
        assert existence[s] == pytest.approx(r, rel=1e-12)
        if r == 0.0:
            assert spread[s] == 0.0
            continue
        np.testing.assert_allclose(mean[s], x, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(covariance[s], p, rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(covariance[s], covariance[s].T)
        want = np.trace(p[:2, :2] - within[:2, :2]) / np.trace(within[:2, :2])
        assert spread[s] == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_no_hypothesis_fits_the_slots_better_in_another_order(seed):
    mixture = Mixture(seed, apart=2.0)
    slot_leaf, existence, mean, covariance, _ = mixture.align()
    for row in slot_leaf[1:]:
        price = mixture.prices(row, existence, mean, covariance)
        least = price[linear_sum_assignment(price)].sum()
        assert np.trace(price) == pytest.approx(least, abs=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_the_best_of_all_alignments_is_found_where_targets_are_apart(seed):
    mixture = Mixture(seed, apart=6.0, hypotheses=4, absent=0.0)
    mixture.existence = 0.6 + 0.4 * mixture.existence
    got = mixture.bound(mixture.align()[0])
    orders = [list(order) for order in itertools.permutations(range(3))]
    every = [
        mixture.bound(np.stack([mixture.choice[0], *(
            row[order] for row, order in zip(mixture.choice[1:], trial, strict=True)
        )]))
        for trial in itertools.product(orders, repeat=3)
    ]  # fmt: skip
    assert got == pytest.approx(min(every), rel=1e-9)


@settings(max_examples=50)
@given(SEEDS)
def test_permuted_tracks_hypotheses_and_leaves_give_permuted_slots(seed):
    mixture = Mixture(seed, apart=2.0)
    rng = np.random.default_rng(seed)
    slot_leaf, *slots = mixture.align(1)
    tracks, order, leaves = rng.permutation(3), rng.permutation(6), rng.permutation(12)
    name = np.append(np.argsort(leaves), -1)
    mixture.choice = np.ascontiguousarray(name[mixture.choice][order][:, tracks])
    mixture.weight, mixture.existence = mixture.weight[order], mixture.existence[leaves]
    mixture.mean, mixture.covariance = mixture.mean[leaves], mixture.covariance[leaves]
    other_leaf, *other = mixture.align(int(np.argsort(order)[1]))
    np.testing.assert_array_equal(other_leaf, name[slot_leaf][order][:, tracks])
    for got, want in zip(other, slots, strict=True):
        np.testing.assert_allclose(got, want[tracks], rtol=1e-9, atol=1e-9)


@given(SEEDS)
def test_a_single_hypothesis_returns_itself(seed):
    mixture = Mixture(seed, hypotheses=1)
    slot_leaf, existence, mean, covariance, spread = mixture.align()
    np.testing.assert_array_equal(slot_leaf, mixture.choice)
    some = mixture.choice[0] >= 0
    leaves = mixture.choice[0][some]
    np.testing.assert_array_equal(existence[some], mixture.existence[leaves])
    np.testing.assert_array_equal(mean[some], mixture.mean[leaves])
    np.testing.assert_array_equal(covariance[some], mixture.covariance[leaves])
    np.testing.assert_allclose(spread, 0.0, atol=1e-12)
    assert (existence[~some] == 0.0).all()


def plain(weight, choice, existence, position, variance):
    """Align one-dimensional leaves."""
    return align(
        np.array(weight), np.array(choice), np.array(existence), np.array(position)[:, None],
        np.array(variance)[:, None, None], 0, 1,
    )  # fmt: skip


def test_swapped_labels_are_seen_through():
    slot_leaf, existence, mean, covariance, spread = plain(
        [0.5, 0.5], [[0, 1], [2, 3]], [0.9, 0.7, 0.7, 0.9], [0.0, 8.0, 8.0, 0.0],
        [1.0, 2.0, 2.0, 1.0],
    )  # fmt: skip
    assert slot_leaf.tolist() == [[0, 1], [3, 2]]
    np.testing.assert_allclose(existence, [0.9, 0.7])
    np.testing.assert_allclose(mean[:, 0], [0.0, 8.0])
    np.testing.assert_allclose(covariance[:, 0, 0], [1.0, 2.0])
    np.testing.assert_allclose(spread, 0.0, atol=1e-12)


def test_moments_by_hand():
    _, existence, mean, covariance, spread = plain(
        [0.25, 0.75], [[0], [1]], [0.8, 0.4], [0.0, 5.0], [1.0, 2.0]
    )
    # 0.25 * 0.8 : 0.75 * 0.4 = 2 : 3
    assert existence[0] == pytest.approx(0.5)
    assert mean[0, 0] == pytest.approx(3.0)
    assert covariance[0, 0, 0] == pytest.approx(1.6 + 0.4 * 9.0 + 0.6 * 4.0)
    assert spread[0] == pytest.approx(6.0 / 1.6)


def test_the_one_that_is_left_is_the_same_whichever_label_it_has():
    slot_leaf, existence, mean, _, spread = plain(
        [0.6, 0.4], [[0, 1], [2, 3]], [0.99, 0.02, 0.02, 0.99], [0.0, 0.3, 0.0, 0.3],
        [1.0, 4.0, 4.0, 1.0],
    )  # fmt: skip
    assert slot_leaf.tolist() == [[0, 1], [3, 2]]
    np.testing.assert_allclose(existence, [0.99, 0.02])
    assert mean[0, 0] == pytest.approx(0.12)
    assert spread[0] == pytest.approx(0.6 * 0.4 * 0.09)


def test_a_track_that_the_reference_has_not_is_that_of_the_others():
    slot_leaf, existence, mean, _, _ = plain(
        [0.6, 0.4], [[0, -1], [2, 1]], [0.9, 0.8, 0.9], [0.0, 9.0, 0.5], [1.0, 1.0, 1.0]
    )
    assert slot_leaf.tolist() == [[0, -1], [2, 1]]
    np.testing.assert_allclose(existence, [0.9, 0.32])
    np.testing.assert_allclose(mean[:, 0], [0.2, 9.0])


def test_a_track_that_none_has_is_a_slot_without_targets():
    slot_leaf, existence, mean, covariance, spread = plain(
        [0.6, 0.4], [[0, -1], [1, -1]], [0.9, 0.8], [1.0, 2.0], [1e9, 1e9]
    )
    assert slot_leaf.tolist() == [[0, -1], [1, -1]]
    np.testing.assert_allclose(existence, [0.86, 0.0])
    assert (mean[1, 0], covariance[1, 0, 0], spread[1]) == (0.0, 0.0, 0.0)


def test_a_certain_and_a_singular_leaf_break_nothing():
    answer = plain([0.5, 0.5], [[0, 1], [1, 0]], [1.0, 1.0], [0.0, 1.0], [0.0, 1.0])
    assert answer[0].tolist() == [[0, 1], [0, 1]]
    assert all(np.isfinite(part).all() for part in answer[1:])
    np.testing.assert_allclose(answer[1], 1.0)


CASE = """
import numpy as np
from chowki.kernels.alignment import align
rng = np.random.default_rng(4)
roots = rng.normal(0.0, 0.5, (9, 4, 4))
choice = np.array([[0, 3, 6], [4, 1, 7], [8, -1, 2], [5, 0, 8]])
for part in align(
    rng.dirichlet(np.ones(4)), choice, rng.random(9), rng.normal(0.0, 1.0, (9, 4)),
    roots @ roots.transpose(0, 2, 1), 0, 2,
):
    print(*(repr(float(v)) for v in part.ravel()))
"""


def numbers(**environment):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CASE],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return np.array([float(word) for word in run.stdout.split()])


def test_the_same_numbers_without_compilation():
    np.testing.assert_allclose(numbers(NUMBA_DISABLE_JIT="1"), numbers(), rtol=1e-10)
