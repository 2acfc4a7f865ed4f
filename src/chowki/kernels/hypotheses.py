"""One scan of the global hypotheses of a cluster of tracks: their heaviest children.

García-Fernández, Williams, Granström and Svensson 2018, "Poisson multi-Bernoulli mixture filter:
direct derivation and implementation", IEEE TAES 54(4). A *leaf* is one history of one track with
its own existence and state. A hypothesis is one row of ``choice``: the leaf of each track, -1 for
a track that it has not; its weight is kept as a logarithm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels import kbest
from chowki.kernels.jit import kernel
from chowki.kernels.kbest import k_best
from chowki.kernels.regroup import shares

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

NONE = -1

# Costs of leaves with plots, ln w_i0, cost of each hypothesis, number of each (leaf, plot),
# scratch of the k best.
Workspace = tuple[F64, F64, F64, I64, kbest.Workspace]


@kernel
def workspace(hypotheses: int, tracks: int, leaves: int, plots: int, keep: int) -> Workspace:
    """Return the scratch arrays of ``children``, for clusters up to the sizes given."""
    return (
        np.empty((leaves, plots)),
        np.empty(leaves),
        np.empty(hypotheses),
        np.empty((leaves, plots + 1), dtype=np.int64),
        kbest.workspace(hypotheses, tracks, leaves, plots, keep),
    )


@kernel
def _tabulate(
    leaf_missed: F64, starts: I64, plots: I64, weight: F64, n_plots: int, cost: F64, log_missed: F64
) -> None:
    """Write -ln(w_ij / w_i0) of each leaf and plot, and ln w_i0."""
    for i in range(len(leaf_missed)):
        log_missed[i] = math.log(leaf_missed[i])
        for j in range(n_plots):
            cost[i, j] = math.inf
        for p in range(starts[i], starts[i + 1]):
            if weight[p] > 0.0:
                cost[i, plots[p]] = log_missed[i] - math.log(weight[p])


@kernel
def _number(choice: I64, parent: I64, plot: I64, n_leaves: int, n_plots: int, number: I64) -> I64:
    """Return the (leaf, plot) couples that hypotheses use, in order, and write their numbers."""
    for i in range(n_leaves):
        for j in range(n_plots + 1):
            number[i, j] = NONE
    count = 0
    for a in range(len(parent)):
        for t in range(choice.shape[1]):
            leaf, j = choice[parent[a], t], plot[a, t] + 1
            if leaf >= 0 and number[leaf, j] < 0:
                number[leaf, j] = 0
                count += 1
    couples, count = np.empty((count, 2), dtype=np.int64), 0
    for i in range(n_leaves):
        for j in range(n_plots + 1):
            if number[i, j] >= 0:
                couples[count, 0], couples[count, 1], number[i, j] = i, j - 1, count
                count += 1
    return couples


@kernel
def children(
    log_weight: F64, choice: I64, leaf_missed: F64, starts: I64, plots: I64, weight: F64,
    n_plots: int, keep: int, prune: float, work: Workspace,
) -> tuple[F64, I64, I64, F64, F64]:  # fmt: skip
    """Return the heaviest hypotheses after a scan, with the leaves that they use.

    A child gives each track of its parent a plot, or a miss; it weighs as much as its parent times
    the product of w_ij or w_i0 over them. The ``keep`` heaviest children of all parents together
    are found; the reference takes ceil(keep * weight) of each parent instead.

    Parameters
    ----------
    log_weight : F64
        Shape (h,): ln of the weight of each hypothesis, up to a constant.
    choice : I64
        Shape (h, t): leaf of each track, -1 for none. No row stands twice; then no child does.
    leaf_missed : F64
        Shape (l,): w_i0 = 1 - r P_D of each leaf, > 0.
    starts, plots : I64
        Shapes (l + 1,), (p,): plots in the gate of each leaf, as one CSR list, numbered within
        the cluster.
    weight : F64
        Shape (p,): w_ij / c_j, without unit.
    n_plots : int
        Plots of the cluster, j.
    keep : int
        Most hypotheses kept, > 0.
    prune : float
        The lightest hypothesis goes as long as its share of those left is below this.
    work : Workspace
        From ``workspace``, for sizes at least as large; may be used again at once.

    Returns
    -------
    new_log_weight : F64
        Shape (h',), never rising; the weights sum to one.
    new_choice : I64
        Shape (h', t): new leaf of each track, -1 for none.
    new_leaf : I64
        Shape (l', 2): leaf before and plot (-1 for a miss) of each new leaf. None stands twice,
        each is used; they follow the order of the leaves before.
    leaf_weight : F64
        Shape (l',): weight of the hypotheses that use each new leaf.
    free : F64
        Shape (j,): probability that a plot came from none of the tracks.

    Raises
    ------
    ValueError
        If the workspace is too small.
    """
    cost, log_missed, base, number, scratch = work
    leaves, tracks = len(leaf_missed), choice.shape[1]
    if cost.shape[0] < leaves or cost.shape[1] < n_plots or len(base) < len(choice):
        raise ValueError("workspace too small")
    _tabulate(leaf_missed, starts, plots, weight, n_plots, cost, log_missed)
    for h in range(len(choice)):
        base[h] = -log_weight[h]
        for t in range(tracks):
            if choice[h, t] >= 0:
                base[h] -= log_missed[choice[h, t]]
    span = -math.log(prune) if prune > 0.0 else math.inf
    parent, plot, total = k_best(cost, n_plots, choice, base[: len(choice)], keep, span, scratch)
    share = shares(total, prune)
    new_leaf = _number(choice, parent[: len(share)], plot, leaves, n_plots, number)
    new_choice = np.full((len(share), tracks), NONE, dtype=np.int64)
    new_log_weight, leaf_weight = np.empty(len(share)), np.zeros(len(new_leaf))
    free = np.zeros(n_plots)
    is_free = np.empty(n_plots, dtype=np.bool_)
    for a in range(len(share)):
        new_log_weight[a], is_free[:] = math.log(share[a]), True
        for t in range(tracks):
            leaf, j = choice[parent[a], t], plot[a, t]
            if leaf < 0:
                continue
            new_choice[a, t] = number[leaf, j + 1]
            leaf_weight[new_choice[a, t]] += share[a]
            if j >= 0:
                is_free[j] = False
        for j in range(n_plots):
            if is_free[j]:
                free[j] += share[a]
    return new_log_weight, new_choice, new_leaf, leaf_weight, free


@kernel
def found_track(choice: I64, leaf_plot: I64, plot: int, leaf: int) -> I64:
    """Return the hypotheses with one track more: the one that a plot founds where it is free.

    Parameters
    ----------
    choice : I64
        Shape (h, t), from ``children``.
    leaf_plot : I64
        Shape (l,): plot of each leaf, -1 for a miss; leaves from l on are of founded tracks.
    plot, leaf : int
        The founding plot, and the leaf that stands for the new track.

    Returns
    -------
    I64
        Shape (h, t + 1): the new track's leaf is -1 where another track has the plot.
    """
    n, tracks = choice.shape
    grown = np.empty((n, tracks + 1), dtype=np.int64)
    for h in range(n):
        grown[h, tracks] = leaf
        for t in range(tracks):
            grown[h, t] = choice[h, t]
            if 0 <= choice[h, t] < len(leaf_plot) and leaf_plot[choice[h, t]] == plot:
                grown[h, tracks] = NONE
    return grown
