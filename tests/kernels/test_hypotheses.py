import itertools
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.hypotheses import children, found_track, workspace

MANY = 4000


class Cluster:
    """Hypotheses of a few tracks, and what a scan says about their leaves."""

    def __init__(self, seed, most_tracks=3, most_plots=3):
        rng = np.random.default_rng(seed)
        self.tracks, self.plots = rng.integers(1, most_tracks + 1), rng.integers(0, most_plots + 1)
        per_track = rng.integers(1, 4, self.tracks)
        first = np.concatenate([[0], np.cumsum(per_track)])
        options = [[-1, *range(a, b)] for a, b in itertools.pairwise(first)]
        every = list(itertools.product(*options))
        picked = rng.permutation(len(every))[: rng.integers(1, 6)]
        self.choice = np.array([every[i] for i in picked], dtype=np.int64)
        self.log_weight = np.log(rng.dirichlet(np.ones(len(self.choice))))
        self.missed = rng.uniform(0.05, 1.0, first[-1])
        self.weight = rng.exponential(4.0, (first[-1], self.plots))
        self.weight[rng.random(self.weight.shape) < 0.3] = 0.0

    def update(self, keep=MANY, prune=0.0, work=None):
        starts = np.concatenate([[0], np.cumsum((self.weight > 0).sum(axis=1))]).astype(np.int64)
        plots = np.nonzero(self.weight)[1].astype(np.int64)
        if work is None:
            work = workspace(len(self.choice), self.tracks, len(self.missed), self.plots, keep)
        return children(
            self.log_weight, self.choice, self.missed, starts, plots,
            self.weight[self.weight > 0], int(self.plots), keep, prune, work,
        )  # fmt: skip

    def events(self):
        """Return the probability of every joint event: (leaf, plot) of each track."""
        weights = {}
        for log_weight, row in zip(self.log_weight, self.choice, strict=True):
            options = [[None] if leaf < 0 else range(-1, self.plots) for leaf in row]
            for plots in itertools.product(*options):
                used = [j for j in plots if j is not None and j >= 0]
                if len(set(used)) < len(used):
                    continue
                weight = math.exp(log_weight)
                for leaf, j in zip(row, plots, strict=True):
                    if j is not None:
                        weight *= self.missed[leaf] if j < 0 else self.weight[leaf, j]
                if weight > 0.0:
                    couples = zip(row.tolist(), plots, strict=True)
                    weights[tuple(None if j is None else (i, j) for i, j in couples)] = weight
        whole = sum(weights.values())
        return {event: weight / whole for event, weight in weights.items()}


def named(answer):
    """Return the probability of each child by the (leaf, plot) of its tracks."""
    log_weight, choice, new_leaf, _, _ = answer
    names = [tuple(map(int, couple)) for couple in new_leaf]
    rows = [tuple(None if leaf < 0 else names[leaf] for leaf in row) for row in choice]
    assert len(set(rows)) == len(rows)
    return dict(zip(rows, np.exp(log_weight), strict=True))


def assert_same(got, want, **tolerance):
    assert got.keys() == want.keys()
    np.testing.assert_allclose([got[e] for e in want], list(want.values()), **tolerance)


SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=200)
@given(SEEDS)
def test_children_are_the_joint_events_of_enumeration(seed):
    cluster = Cluster(seed)
    answer, want = cluster.update(), cluster.events()
    assert_same(named(answer), want, rtol=1e-9)
    taken = [{couple[1] for couple in event if couple} for event in want]
    for j in range(cluster.plots):
        free = sum(p for p, plots in zip(want.values(), taken, strict=True) if j not in plots)
        assert answer[4][j] == pytest.approx(free, abs=1e-12)
    for couple, weight in zip(answer[2].tolist(), answer[3], strict=True):
        used = sum(p for event, p in want.items() if tuple(couple) in event)
        assert weight == pytest.approx(used, rel=1e-9)


@settings(max_examples=100)
@given(SEEDS, st.integers(1, 30), st.sampled_from([0.0, 1e-4, 0.02, 0.2]))
def test_the_heaviest_are_kept(seed, keep, prune):
    cluster = Cluster(seed)
    got, every = named(cluster.update(keep, prune)), cluster.events()
    kept = sorted(every.values(), reverse=True)[:keep]
    while kept[-1] < prune * sum(kept):
        kept.pop()
    np.testing.assert_allclose(list(got.values()), np.array(kept) / sum(kept), rtol=1e-9)
    assert_same(got, {event: every[event] / sum(kept) for event in got}, rtol=1e-9)


@settings(max_examples=60)
@given(SEEDS)
def test_new_leaves_stand_once_in_the_order_of_those_before_and_are_used(seed):
    _, choice, new_leaf, leaf_weight, _ = Cluster(seed).update(20, 1e-3)
    couples = [tuple(couple) for couple in new_leaf.tolist()]
    assert couples == sorted(set(couples))
    assert set(choice[choice >= 0].tolist()) == set(range(len(couples)))
    assert (leaf_weight > 0.0).all()


@settings(max_examples=60)
@given(SEEDS, st.integers(1, 40))
def test_permuted_tracks_plots_and_hypotheses_give_permuted_children(seed, keep):
    cluster = Cluster(seed)
    rng = np.random.default_rng(seed)
    answer = cluster.update(keep, 1e-4)
    tracks, plots = rng.permutation(cluster.tracks), rng.permutation(cluster.plots)
    order = rng.permutation(len(cluster.choice))
    cluster.choice = np.ascontiguousarray(cluster.choice[order][:, tracks])
    cluster.log_weight, cluster.weight = cluster.log_weight[order], cluster.weight[:, plots]
    other = cluster.update(keep, 1e-4)
    renamed = np.array([*plots, -1])
    want = {
        tuple(couple and (couple[0], int(renamed[couple[1]])) for couple in event): p
        for event, p in named(other).items()
    }
    assert_same(
        {tuple(event[t] for t in tracks): p for event, p in named(answer).items()},
        want, rtol=1e-9,
    )  # fmt: skip
    np.testing.assert_allclose(other[4], answer[4][plots], atol=1e-12)


def test_two_tracks_and_one_plot_by_hand():
    cluster = Cluster(0)
    cluster.tracks, cluster.plots = 2, 1
    cluster.choice, cluster.log_weight = np.array([[0, 1], [-1, 1]]), np.log([0.6, 0.4])
    cluster.missed, cluster.weight = np.array([0.5, 0.2]), np.array([[3.0], [4.0]])
    weights = {
        ((0, 0), (1, -1)): 0.6 * 3.0 * 0.2,
        ((0, -1), (1, 0)): 0.6 * 0.5 * 4.0,
        ((0, -1), (1, -1)): 0.6 * 0.5 * 0.2,
        (None, (1, 0)): 0.4 * 4.0,
        (None, (1, -1)): 0.4 * 0.2,
    }
    whole = sum(weights.values())
    answer = cluster.update()
    assert_same(named(answer), {e: w / whole for e, w in weights.items()}, rtol=1e-12)
    assert answer[4] == pytest.approx([(0.06 + 0.08) / whole])


def test_weights_far_from_one_neither_overflow_nor_vanish():
    cluster = Cluster(0)
    cluster.tracks, cluster.plots = 2, 2
    cluster.choice, cluster.log_weight = np.array([[0, 1]]), np.array([-900.0])
    cluster.missed = np.array([1e-300, 1e-300])
    cluster.weight = np.array([[1e300, 1e299], [1e299, 1e300]])
    got = named(cluster.update(10, 1e-9))
    want = {((0, 0), (1, 1)): 100 / 101, ((0, 1), (1, 0)): 1 / 101}
    assert_same(got, want, rtol=1e-9)


def test_a_workspace_serves_clusters_of_any_smaller_size():
    work = workspace(8, 5, 20, 9, MANY)
    for seed in (3, 4, 5, 3):
        for got, want in zip(Cluster(seed).update(work=work), Cluster(seed).update(), strict=True):
            np.testing.assert_array_equal(got, want)
    with pytest.raises(ValueError, match="workspace too small"):
        Cluster(3).update(work=workspace(8, 5, 1, 9, MANY))


def test_a_scan_without_plots_weighs_the_misses():
    cluster = Cluster(1)
    cluster.plots, cluster.weight = 0, np.empty((len(cluster.missed), 0))
    answer = cluster.update()
    assert_same(named(answer), cluster.events(), rtol=1e-12)
    assert answer[4].shape == (0,)


@settings(max_examples=60)
@given(SEEDS)
def test_a_founded_track_is_there_where_its_plot_is_free(seed):
    cluster = Cluster(seed, most_plots=4)
    log_weight, choice, new_leaf, _, free = cluster.update()
    leaf_plot = np.ascontiguousarray(new_leaf[:, 1])
    for plot in range(cluster.plots):
        choice = found_track(choice, leaf_plot, plot, len(new_leaf) + plot)
        assert set(choice[:, -1].tolist()) <= {-1, len(new_leaf) + plot}
        there = np.exp(log_weight)[choice[:, -1] >= 0].sum()
        assert there == pytest.approx(free[plot], abs=1e-12)
    assert choice.shape[1] == cluster.tracks + cluster.plots


CASE = """
import numpy as np
from chowki.kernels.hypotheses import children, found_track, workspace
from chowki.kernels.regroup import compact, drop_track, merge, product, thin
rng = np.random.default_rng(2)
log_weight = np.log(rng.dirichlet(np.ones(3)))
choice = np.array([[0, 2], [1, 2], [0, -1]])
missed, weight = rng.uniform(0.1, 0.9, 3), rng.exponential(3.0, 7)
starts, plots = np.array([0, 3, 5, 7]), np.array([0, 1, 2, 0, 2, 1, 2])
work = workspace(3, 2, 3, 3, 50)
log_weight, choice, leaf, share, free = children(
    log_weight, choice, missed, starts, plots, weight, 3, 50, 1e-3, work)
print(*map(float, log_weight), *choice.ravel(), *leaf.ravel(), *share, *free)
joint, both = product(log_weight, choice, log_weight, choice, len(leaf), 30, 1e-4)
joint, both = thin(joint, both, np.linspace(0.0, 1.0, 2 * len(leaf)), 0.4)
joint, both = drop_track(joint, found_track(both, np.tile(leaf[:, 1], 2), 1, 99), 1)
both, used = compact(both, 100)
print(*map(float, joint), *both.ravel(), *used)
"""


def numbers(**environment):
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", CASE],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    return np.array([float(word) for word in run.stdout.split()])


def test_the_same_numbers_without_compilation():
    np.testing.assert_allclose(numbers(NUMBA_DISABLE_JIT="1"), numbers(), rtol=1e-11)
