import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from chowki.kernels import clusters
from chowki.kernels.bernoulli import update
from chowki.kernels.clusters import cluster_scan, contested, member_pairs, taken, without_others
from chowki.kernels.filter import P_LOG_C, P_TIME, P_VALUE, PLANE_VARIANCE, PLANE_WIDTH
from chowki.kernels.gate import candidates
from chowki.kernels.modes import PLANE, PLANE_TURNING, combine
from chowki.picture.motions import interacting, straight

SEEDS = st.integers(0, 2**32 - 1)
Q, DETECTION, SURVIVAL, SIGMA_SQ, LOG_C = 0.5, 0.8, 0.98, 25.0, math.log(2e-4)
VIEW = (np.zeros(3), np.eye(3), np.full(11, 1e9), np.array([Q, 0.0]))
IMM = interacting((Q, Q), (2.0, Q), (0.5, 0.5), 0.1, 0.03, 2.0, (40.0, 12.0, 50.0))


def two_tracks(rng, apart=8.0):
    """Two tracks side by side, each a leaf of its own."""
    state = np.array([[0.0, 0.0, 5.0, 0.0], [0.0, apart, 5.0, -0.5]]) + rng.normal(0, 1.0, (2, 4))
    a = rng.standard_normal((2, 4, 4)) * np.array([4.0, 4.0, 1.0, 1.0])[:, None]
    covariance = a @ a.transpose(0, 2, 1) + np.diag([4.0, 4.0, 1.0, 1.0])
    return rows_of(state, covariance, np.zeros(2), rng.uniform(0.6, 0.95, 2))


def rows_of(state, covariance, times, existence):
    n = len(state)
    return (state, covariance, state[:, None].copy(), covariance[:, None].copy(), np.ones((n, 1)),
            times, existence, np.arange(n))  # fmt: skip


def plots_of(rng, at_s, n=2, apart=8.0):
    plots = np.full((n, PLANE_WIDTH), np.nan)
    plots[:, P_TIME], plots[:, P_LOG_C] = at_s, LOG_C
    there = np.array([[5.0 * at_s, 0.0], [5.0 * at_s, apart - 0.5 * at_s]])[np.arange(n) % 2]
    plots[:, P_VALUE : P_VALUE + 2] = there + rng.normal(0.0, 6.0, (n, 2))
    plots[:, PLANE_VARIANCE:] = SIGMA_SQ
    return plots


class Kernel:
    """The kernel's hypotheses, scan after scan."""

    def __init__(self, leaves, rule=cluster_scan, keep=5000):
        self.leaves, self.rule, self.keep = leaves, rule, keep
        self.member, self.log_weight = np.array([0, 1]), np.zeros(1)
        self.choice, self.found = np.array([[0, 1]]), None

    def scan(self, plots):
        chance = np.full((len(self.leaves[6]), 3), DETECTION)
        chance[:, 0] = SURVIVAL * self.leaves[6]
        bits, at_s = np.zeros(len(plots), np.int64), plots[0, P_TIME]
        pairs = candidates(
            PLANE, straight(Q, Q), self.leaves, np.arange(len(chance)), chance, plots, bits, 0,
            VIEW, at_s, at_s,
        )  # fmt: skip
        self.found = self.rule(
            PLANE, straight(Q, Q), self.leaves, chance, pairs, self.log_weight, self.choice, plots,
            bits, VIEW, self.keep,
        )  # fmt: skip
        self.leaves, self.log_weight, self.choice, self.share, self.member = self.found[:5]


class Enumeration:
    """All histories of two tracks: a leaf is the plot of each scan (-1: missed), with its filter.

    Weights are products of w_ij and w_i0 over all scans (Garcia-Fernandez and others 2018).
    """

    def __init__(self, rows):
        self.leaf = {(t, ()): (rows[6][t], rows[0][t].copy(), rows[1][t].copy()) for t in range(2)}
        self.weight = {((), ()): 1.0}

    def scan(self, plots, prune=0.0, faint=0.0):
        f, q = np.eye(4), Q * np.kron(np.array([[1 / 3, 0.5], [0.5, 1.0]]), np.eye(2))
        f[:2, 2:] = np.eye(2)
        new_leaf, factor = {}, {}
        for (t, history), (r, before_x, before_p) in self.leaf.items():
            now, x, p = SURVIVAL * r, f @ before_x, f @ before_p @ f.T + q
            miss = 1.0 - now * DETECTION
            new_leaf[t, (*history, -1)] = (now * (1.0 - DETECTION) / miss, x, p)
            factor[t, (*history, -1)] = miss
            s = p[:2, :2] + SIGMA_SQ * np.eye(2)
            gain = p[:, :2] @ np.linalg.inv(s)
            for j, plot in enumerate(plots):
                y = plot[P_VALUE : P_VALUE + 2] - x[:2]
                n = math.exp(-0.5 * y @ np.linalg.solve(s, y))
                n /= 2.0 * math.pi * math.sqrt(np.linalg.det(s))
                new_leaf[t, (*history, j)] = (1.0, x + gain @ y, p - gain @ s @ gain.T)
                factor[t, (*history, j)] = now * DETECTION * n / math.exp(LOG_C)
        weight = {}
        for pair, w in self.weight.items():
            ways = [[None] if h is None else range(-1, len(plots)) for h in pair]
            for took in itertools.product(*ways):
                used = [j for j in took if j is not None and j >= 0]
                if len(set(used)) == len(used):
                    child = tuple(None if h is None else (*h, j)
                                  for h, j in zip(pair, took, strict=True))  # fmt: skip
                    weight[child] = w * math.prod(
                        factor[t, h] for t, h in enumerate(child) if h is not None
                    )
        self.free = [
            sum(w for pair, w in weight.items() if all(h is None or h[-1] != j for h in pair))
            / sum(weight.values())
            for j in range(len(plots))
        ]
        self.leaf, self.weight = new_leaf, _normalised(_pruned(weight, prune))
        self.free = self._free(len(plots)) if prune else self.free
        self._thin(faint)

    def _free(self, plots):
        return [
            sum(w for pair, w in self.weight.items() if all(not h or h[-1] != j for h in pair))
            for j in range(plots)
        ]

    def _thin(self, faint):
        merged = {}
        for pair, w in self.weight.items():
            there = tuple(h if h is not None and self.leaf[t, h][0] >= faint else None
                          for t, h in enumerate(pair))  # fmt: skip
            merged[there] = merged.get(there, 0.0) + w
        self.weight = merged
        used = {(t, h) for pair in merged for t, h in enumerate(pair) if h is not None}
        self.leaf = {name: leaf for name, leaf in self.leaf.items() if name in used}


def _pruned(weight, prune):
    order = sorted(weight.items(), key=lambda item: -item[1])
    while len(order) > 1 and order[-1][1] < prune * sum(w for _, w in order):
        order.pop()
    return dict(order)


def _normalised(weight):
    whole = sum(weight.values())
    return {pair: w / whole for pair, w in weight.items()}


def same(kernel, want):
    """Leaves, weights, plots and the multi-Bernoulli of a kernel are those of enumeration."""
    names, leaves = list(want.leaf), list(want.leaf.values())
    assert len(kernel.member) == len(names)
    known = {}
    for i in range(len(kernel.member)):
        apart = [
            np.abs(leaf[1] - kernel.leaves[0][i]).max() + abs(leaf[0] - kernel.leaves[6][i])
            if name[0] == kernel.member[i] else math.inf
            for name, leaf in zip(names, leaves, strict=True)
        ]  # fmt: skip
        k = int(np.argmin(apart))
        known[i] = names[k][1]
        assert apart[k] < 1e-8
        np.testing.assert_allclose(kernel.leaves[1][i], leaves[k][2], rtol=1e-7, atol=1e-8)
    assert len(set(zip(kernel.member.tolist(), known.values(), strict=True))) == len(names)
    got = {
        tuple(known[i] if i >= 0 else None for i in row): w
        for row, w in zip(kernel.choice.tolist(), np.exp(kernel.log_weight), strict=True)
    }
    assert got.keys() == want.weight.keys()
    for pair, w in want.weight.items():
        assert got[pair] == pytest.approx(w, rel=1e-7, abs=1e-12)
    for i, share in enumerate(kernel.share):
        mine = sum(w for pair, w in want.weight.items() if pair[kernel.member[i]] == known[i])
        assert share == pytest.approx(mine, rel=1e-7)
    np.testing.assert_array_equal(kernel.found[5], np.arange(len(want.free)))
    np.testing.assert_allclose(kernel.found[6], want.free, rtol=1e-7, atol=1e-12)
    moments_are_kept(kernel.found[7], want)


def moments_are_kept(slots, want):
    """Expected number, mean and spread of all targets do not depend on labels."""
    parts = [
        (w * want.leaf[t, h][0], want.leaf[t, h][1], want.leaf[t, h][2])
        for pair, w in want.weight.items() for t, h in enumerate(pair) if h is not None
    ]  # fmt: skip
    assert slots[6].sum() == pytest.approx(sum(r for r, _, _ in parts), rel=1e-7)
    np.testing.assert_allclose(
        slots[6] @ slots[0], sum(r * x for r, x, _ in parts), rtol=1e-6, atol=1e-8
    )
    second = sum(r * (p + np.outer(x, x)) for r, x, p in parts)
    found = zip(slots[6], slots[0], slots[1], strict=True)
    np.testing.assert_allclose(
        sum(r * (p + np.outer(x, x)) for r, x, p in found), second, rtol=1e-6, atol=1e-7
    )


@settings(max_examples=10)
@given(SEEDS)
def test_three_scans_of_two_tracks_are_those_of_enumeration(seed):
    """Nothing pruned: 7, 49 and 343 hypotheses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "PRUNE", 0.0)
        patch.setattr(clusters, "FAINT", 0.0)
        rng = np.random.default_rng(seed)
        rows = two_tracks(rng)
        kernel = Kernel(rows, getattr(cluster_scan, "py_func", cluster_scan))
        want = Enumeration(rows)
        for k in (1, 2, 3):
            plots = plots_of(rng, float(k))
            kernel.scan(plots)
            want.scan(plots)
            assert len(want.weight) == 7**k
            same(kernel, want)
            np.testing.assert_allclose(
                kernel.found[9].sum(axis=0), 1.0 - kernel.found[6], atol=1e-9
            )


@settings(max_examples=25)
@given(SEEDS)
def test_what_weighs_little_is_let_go_and_no_more(seed):
    """Five scans, of nought to three plots, pruned as the kernel says."""
    rng = np.random.default_rng(seed)
    rows = two_tracks(rng)
    kernel, want = Kernel(rows), Enumeration(rows)
    for k in range(1, 6):
        plots = plots_of(rng, float(k), int(rng.integers(1, 4)))
        kernel.scan(plots)
        want.scan(plots, clusters.PRUNE, clusters.FAINT)
        same(kernel, want)


def test_the_heaviest_hypotheses_are_kept():
    rng = np.random.default_rng(4)
    rows = two_tracks(rng)
    few, every = Kernel(rows, keep=3), Kernel(rows)
    plots = plots_of(rng, 1.0)
    few.scan(plots)
    every.scan(plots)
    assert len(every.log_weight) > 3
    best = np.exp(every.log_weight[:3])
    np.testing.assert_allclose(np.exp(few.log_weight), best / best.sum(), rtol=1e-9)


def turning_rows(rng, n):
    rows = two_tracks(rng)
    x, p = np.zeros((n, 3, 5)), np.zeros((n, 3, 5, 5))
    a = rng.standard_normal((n, 3, 5, 5)) * np.array([4.0, 4.0, 1.0, 1.0, 0.05])[:, None]
    p[:] = a @ a.transpose(0, 1, 3, 2) + np.diag([4.0, 4.0, 1.0, 1.0, 1e-3])
    x[..., :4] = rows[0][:n, None] + rng.normal(0.0, 0.5, (n, 3, 4))
    x[..., 4] = rng.normal(0.0, 0.05, (n, 3))
    mu = rng.dirichlet(np.ones(3), n)
    state, covariance = np.empty((n, 4)), np.empty((n, 4, 4))
    for i in range(n):
        combine(PLANE_TURNING, x[i], p[i], mu[i], state[i], covariance[i])
    return state, covariance, x, p, mu, np.zeros(n), np.full(n, 0.9), np.arange(n)


@pytest.mark.parametrize("seed", range(6))
def test_a_leaf_is_its_parent_updated_alone(seed):
    """Three modes, plots at their own times, one of them older than the track."""
    rng = np.random.default_rng(seed)
    leaves = turning_rows(rng, 2)
    leaves[5][:] = 0.4
    plots = plots_of(rng, 1.0, 3)
    plots[:, P_TIME] = [1.0, 0.7, 0.2]
    chance, bits = np.full((2, 3), DETECTION), np.zeros(3, np.int64)
    pairs = candidates(
        PLANE_TURNING, IMM, leaves, np.arange(2), chance, plots, bits, 0, VIEW, 0.2, 1.0
    )
    new, _, choice, _, member, _, _, _, _, _ = cluster_scan(
        PLANE_TURNING, IMM, leaves, chance, pairs, np.zeros(1), np.array([[0, 1]]), plots, bits,
        VIEW, 50,
    )  # fmt: skip
    assert len(member) >= 5
    assert (choice >= 0).any()
    seen = set()
    for i in range(len(member)):
        t, found = member[i], {}
        for j in range(-1, 3):
            one = tuple(column.copy() for column in taken(leaves, np.array([t])))
            last = np.array([[1.0, 0.0, LOG_C, np.nan, 0.0, 0.0, 1e18, 1e18]])
            told = (np.array([0, 1]), np.array([max(j, 3)]), np.ones(1), np.zeros(1))
            if j >= 0:
                told = (np.array([0, 1]), np.array([j]), np.ones(1), np.zeros(1))
            update(
                PLANE_TURNING, IMM, one, np.array([0]), chance[:1], told,
                np.concatenate([plots, last]), np.zeros(4, np.int64), VIEW, np.zeros(1, np.int64),
                -1,
            )  # fmt: skip
            found[j] = one
        took = [j for j, one in found.items() if agrees(new, i, one)]
        assert len(took) == 1
        seen.add((int(t), took[0]))
    assert len(seen) == len(member)


def agrees(new, i, one):
    """Whether a leaf is that row, carried on to one second in each mode."""
    state, covariance, x, p, mu = (column[0].copy() for column in one[:5])
    if one[5][0] < 1.0:
        for m in range(3):
            ahead = np.empty(5), np.empty((5, 5)), np.empty((5, 5)), np.empty((5, 5))
            clusters.advance(PLANE_TURNING, IMM, m, 1.0 - one[5][0], x[m], p[m], *ahead)
            x[m], p[m] = ahead[0], ahead[1]
        combine(PLANE_TURNING, x, p, mu, state, covariance)
    close = [np.allclose(new[2][i], x, rtol=1e-6, atol=1e-6), np.allclose(new[0][i], state)]
    close += [np.allclose(new[3][i], p, rtol=1e-6, atol=1e-6), np.allclose(new[4][i], mu)]
    return all(close) and np.allclose(new[1][i], covariance, rtol=1e-6, atol=1e-6)


@settings(max_examples=60)
@given(SEEDS)
def test_pairs_of_a_member_are_the_mixture_of_its_leaves(seed):
    rng = np.random.default_rng(seed)
    members, plots = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    member = np.sort(rng.integers(0, members, int(rng.integers(1, 9))))
    n = len(member)
    weight = rng.exponential(2.0, (n, plots)) * (rng.random((n, plots)) < 0.5)
    starts = np.append(0, np.cumsum((weight > 0).sum(axis=1)))
    share, chance = rng.uniform(0.0, 1.0, n), rng.uniform(0.0, 1.0, (n, 3))
    pairs = (starts, np.nonzero(weight)[1], weight[weight > 0])
    got_starts, got_plot, got_weight, missed = member_pairs(
        member, share, members, pairs, chance, plots
    )
    for t in range(members):
        mine = member == t
        want = share[mine] @ weight[mine]
        lo, hi = got_starts[t], got_starts[t + 1]
        got = np.zeros(plots)
        got[got_plot[lo:hi]] = got_weight[lo:hi]
        assert len(set(got_plot[lo:hi].tolist())) == hi - lo == (want > 0).sum()
        np.testing.assert_allclose(got, want, rtol=1e-12)
        lost = 1.0 - (share[mine] * chance[mine, 0] * chance[mine, 2]).sum()
        assert missed[t] == pytest.approx(lost, rel=1e-12, abs=1e-15)


def marginals(weights, missed):
    """Marginals by enumeration: pairs, and plots from no track."""
    n, m = weights.shape
    pair, free, whole = np.zeros((n, m)), np.zeros(m), 0.0
    for took in itertools.product(range(-1, m), repeat=n):
        used = [j for j in took if j >= 0]
        if len(set(used)) < len(used):
            continue
        w = math.prod(missed[i] if j < 0 else weights[i, j] for i, j in enumerate(took))
        whole += w
        for i, j in enumerate(took):
            if j >= 0:
                pair[i, j] += w
        free[[j for j in range(m) if j not in used]] += w
    return pair / whole, free / whole


@settings(max_examples=80)
@given(SEEDS)
def test_weights_against_those_outside_give_a_cluster_its_marginals(seed):
    """On trees: what the others claim of a plot is one more source of it, and nothing is lost."""
    rng = np.random.default_rng(seed)
    n, m, own = 4, 4, 2
    weights, part = np.zeros((n, m)), list(range(n + m))
    for i, j in rng.permutation(list(itertools.product(range(n), range(m)))):
        if part[i] != part[n + j] and rng.random() < 0.8:
            weights[i, j] = 10.0 ** rng.uniform(-2.0, 2.0)
            part = [part[i] if k == part[n + j] else k for k in part]
    missed = rng.uniform(0.05, 1.0, n)
    pair, free = marginals(weights, missed)
    mine = weights[:own] > 0.0
    plots = np.nonzero(mine)[1]
    changed = weights[:own].copy()
    changed[mine] = without_others(plots, pair[:own][mine], plots, weights[:own][mine].copy(), free)
    # what others know of each other's plots comes back only through plots that two of them share
    alone = [j for j in range(m) if mine[:, j].any()]
    paths = linked(weights, own, alone)
    got, _ = marginals(changed, missed[:own])
    if not paths:
        np.testing.assert_allclose(got, pair[:own], rtol=1e-9, atol=1e-12)
    assert (changed <= weights[:own]).all()


def linked(weights, own, alone):
    """Whether tracks outside join two plots of the cluster: a path that its weights do not see."""
    outside = weights[own:] > 0.0
    n, m = outside.shape
    graph = np.zeros((n + m, n + m))
    graph[:n, n:] = outside
    _, label = connected_components(graph, directed=False)
    return len({label[n + j] for j in alone}) < len(alone)


def mahalanobis(rows, i, k):
    """Squared distance of two tracks, the older one drawn to the younger one's time."""
    x, p, times = rows[0], rows[1], rows[5]
    at_s, apart = max(times[i], times[k]), np.zeros(4)
    for a, sign in ((i, 1.0), (k, -1.0)):
        drawn = x[a].copy()
        drawn[:2] += (at_s - times[a]) * drawn[2:]
        apart += sign * drawn
    return apart @ np.linalg.solve(p[i] + p[k], apart)


@settings(max_examples=120)
@given(SEEDS)
def test_those_who_contest_a_plot_and_are_alike_are_one_group(seed):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(1, 9)), int(rng.integers(1, 6))
    state = rng.normal(0.0, [12.0, 12.0, 2.0, 2.0], (n + 3, 4))
    a = rng.standard_normal((n + 3, 4, 4)) * np.array([3.0, 3.0, 1.0, 1.0])[:, None]
    covariance = a @ a.transpose(0, 2, 1) + np.diag([1.0, 1.0, 0.2, 0.2])
    rows = rows_of(state, covariance, rng.choice([0.0, 1.5], n + 3), np.ones(n + 3))
    at, eligible = rng.permutation(n + 3)[:n], rng.random(n) < 0.8
    share = rng.uniform(0.0, 0.5, (n, m)) * (rng.random((n, m)) < 0.7)
    starts = np.append(0, np.cumsum((share > 0).sum(axis=1)))
    cluster = np.where(rng.random(n) < 0.3, rng.integers(0, 2, n), -1)
    got = contested(
        (starts, np.nonzero(share)[1], share[share > 0]), eligible, cluster, rows, at, m, 0.1, 9.0
    )
    joined = np.zeros((n, n))
    for i, k in itertools.combinations(range(n), 2):
        both = (share[i] >= 0.1) & (share[k] >= 0.1)
        contest = eligible[i] and eligible[k] and both.any()
        together = cluster[i] == cluster[k] >= 0
        joined[i, k] = together or (contest and mahalanobis(rows, at[i], at[k]) < 9.0)
    _, label = connected_components(joined, directed=False)
    for i in range(n):
        alone = (label == label[i]).sum() == 1 and cluster[i] < 0
        assert (got[i] < 0) == alone
        for k in range(n):
            if got[i] >= 0 and got[k] >= 0:
                assert (got[i] == got[k]) == (label[i] == label[k])
