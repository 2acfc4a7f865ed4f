"""Bringing plots and tracks together: marginals, and hypotheses where those would blur tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from chowki.core.ports import Associator
from chowki.core.table import F64, I64
from chowki.kernels.clusters import (
    PRUNE,
    cluster_scan,
    contested,
    member_pairs,
    taken,
    without_others,
)
from chowki.kernels.gate import Bernoullis, candidates
from chowki.kernels.modes import Motion, Size
from chowki.kernels.regroup import product
from chowki.picture.clusters import Cluster, Gated, Observation, Pairs, Settled, Shares, Touched
from chowki.picture.workers import Workers

CONTESTED = 0.15  # share of a plot from which a second track contests it
BLURRED = 16.0  # squared Mahalanobis distance of states up to which marginals would blur tracks
EXISTS = 0.3  # existence from which a track may contest
MEMBERS_MAX = 8


class Contest:
    """Brings plots and tracks together, with several hypotheses where marginals would blur.

    Parameters
    ----------
    size, motion
        As in ``kernels.gate.candidates``.
    associator : Associator
        Weighs which track each plot came from.
    keep : int
        Most hypotheses of a cluster; 1: no clusters.
    blur : float
        What a moment match may add to the variance of a position, as a share of it, for a cluster
        to dissolve.
    workers : Workers
        Clusters are weighed side by side: none depends on another.
    """

    def __init__(
        self, size: Size, motion: Motion, associator: Associator, keep: int, blur: float,
        workers: Workers,
    ) -> None:  # fmt: skip
        self._size, self._motion, self._associator = size, motion, associator
        self._keep, self._blur, self._workers = keep, blur, workers

    def associate(
        self, clusters: tuple[Cluster, ...], tracks: Touched, chance: F64,
        pairs: Pairs, seen: Observation,
    ) -> Shares:  # fmt: skip
        """Return who caused which plot.

        Parameters
        ----------
        clusters : tuple of Cluster
            Before the scan.
        tracks : Touched
            The tracks in question (k,).
        chance : F64
            Shape (k, 3): of them; existence 0 for those in clusters (``hushed``).
        pairs : tuple of arrays
            CSR starts (k + 1,), plots, weights of them.
        seen : Observation
            The scan.
        """
        n, m = len(chance), len(seen.plots)
        gated = self._gated(clusters, seen)
        starts, pair_plot, weight, missed = _with_members(chance, pairs, gated, m)
        share, lost, free = self._associator.marginals(starts, pair_plot, weight, missed, m)
        row_pairs = (pairs[0], pairs[1], share[: len(pairs[1])])
        shares = Shares(row_pairs, lost[:n], free, np.zeros(n, dtype=np.int64))
        if self._keep <= 1:
            return shares
        everyone = (starts, pair_plot, share)
        groups = _groups(tracks, chance, pairs, gated, everyone, m, self._keep)
        settled = self._workers.each(lambda of: self._settled(*of, free, seen), list(groups))
        return _told(shares, tuple(settled), tracks.number, self._blur) if settled else shares

    def _gated(self, clusters: tuple[Cluster, ...], seen: Observation) -> list[Gated]:
        """Return the clusters with what their leaves gate."""
        if not clusters:
            return []
        leaves = _stacked([cluster.leaves for cluster in clusters])
        number = np.concatenate([c.members[c.leaf_member] for c in clusters])
        chance = seen.chance_of(leaves, number)
        starts, pair_plot, weight = candidates(
            self._size, self._motion, leaves, np.arange(len(chance)), chance, seen.plots, seen.bits,
            seen.scan_bits, seen.view, seen.start_s, seen.end_s,
        )  # fmt: skip
        gated, at = [], 0
        for cluster in clusters:
            to = at + len(cluster.leaf_member)
            lo, hi = starts[at], starts[to]
            own = (starts[at : to + 1] - lo, pair_plot[lo:hi], weight[lo:hi])
            gated.append(Gated(cluster, chance[at:to], own))
            at = to
        return gated

    def _settled(self, gated: Gated, own: tuple[I64, F64], free: F64, seen: Observation) -> Settled:
        """Return a cluster after the scan."""
        starts, pair_plot, weight = gated.pairs
        weight = without_others(*own, pair_plot, weight, free)
        before = gated.cluster
        leaves, log_weight, choice, leaf_share, leaf_member, plots, alone, slots, spread, claims = (
            cluster_scan(
                self._size, self._motion, before.leaves, gated.chance, (starts, pair_plot, weight),
                before.log_weight, before.choice, seen.plots, seen.bits, seen.view, self._keep,
            )
        )  # fmt: skip
        after = Cluster(before.members, leaves, leaf_member, leaf_share, log_weight, choice)
        outside = np.ones(len(plots))
        np.subtract.at(outside, np.searchsorted(plots, own[0]), own[1])
        others = free[plots] / np.maximum(outside, 1e-12)
        return Settled(after, slots, spread, plots, alone * np.minimum(others, 1.0), claims)


def _stacked(parts: list[Bernoullis]) -> Bernoullis:
    """Return rows one behind the other, each with modes of its own."""
    a, b, c, d, e, f, g, _ = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return a, b, c, d, e, f, g, np.arange(len(g))


def _with_members(
    chance: F64, pairs: Pairs, gated: list[Gated], n_plots: int
) -> tuple[I64, I64, F64, F64]:
    """Return the pairs of all rows and, behind them, of all clustered tracks, with each w_i0."""
    starts, pair_plot, weight = pairs
    missed = 1.0 - chance[:, 0] * chance[:, 2]
    if not gated:
        return starts, pair_plot, weight, missed
    sizes = [len(g.cluster.members) for g in gated]
    offsets = np.cumsum([0, *sizes])
    member = np.concatenate(
        [g.cluster.leaf_member + at for g, at in zip(gated, offsets, strict=False)]
    )
    share = np.concatenate([g.cluster.leaf_share for g in gated])
    leaf_chance = np.concatenate([g.chance for g in gated])
    leaf_pairs = _pairs_stacked([g.pairs for g in gated])
    more = member_pairs(member, share, int(offsets[-1]), leaf_pairs, leaf_chance, n_plots)
    whole = _pairs_stacked([pairs, more[:3]])
    return *whole, np.concatenate([missed, more[3]])


def _pairs_stacked(parts: list[Pairs]) -> Pairs:
    """Return CSR lists one behind the other."""
    starts, size = [np.zeros(1, dtype=np.int64)], 0
    for part in parts:
        starts.append(part[0][1:] + size)
        size += len(part[1])
    plots = np.concatenate([part[1] for part in parts])
    return np.concatenate(starts), plots, np.concatenate([part[2] for part in parts])


def _groups(
    tracks: Touched, chance: F64, pairs: Pairs, gated: list[Gated],
    everyone: Pairs, n_plots: int, keep: int,
) -> Iterator[tuple[Gated, tuple[I64, F64]]]:  # fmt: skip
    """Yield each cluster of this scan, old and new, with the shares of its members in plots."""
    n, all_n = len(chance), len(everyone[0]) - 1
    cluster = np.full(all_n, -1, dtype=np.int64)
    cluster[n:] = np.repeat(np.arange(len(gated)), [len(g.cluster.members) for g in gated])
    eligible = np.ones(all_n, dtype=np.bool_)
    eligible[:n] = chance[:, 0] > EXISTS
    at = np.concatenate([tracks.at, _rows_of(gated, tracks)])
    group = contested(
        everyone, eligible, cluster, tracks.rows, at, n_plots, CONTESTED, BLURRED
    )  # fmt: skip
    grouped = np.flatnonzero(group >= 0)
    if not len(grouped):
        return
    grouped = grouped[np.argsort(group[grouped], kind="stable")]
    for rows in np.split(grouped, np.flatnonzero(np.diff(group[grouped])) + 1):
        if len(rows) <= MEMBERS_MAX:
            olds = [gated[c] for c in np.unique(cluster[rows[rows >= n]])]
            lone = [_lifted(int(i), tracks, chance, pairs) for i in rows[rows < n]]
            yield _joined([*olds, *lone], keep), _claims(rows, everyone)
        else:
            for c in np.unique(cluster[rows[rows >= n]]):
                yield gated[c], _claims(np.flatnonzero(cluster == c), everyone)


def _rows_of(gated: list[Gated], tracks: Touched) -> I64:
    """Return the rows of all clustered tracks, cluster by cluster."""
    if not gated:
        return np.empty(0, dtype=np.int64)
    members = np.concatenate([g.cluster.members for g in gated])
    return tracks.at[np.searchsorted(tracks.number, members)]


def _claims(rows: I64, everyone: Pairs) -> tuple[I64, F64]:
    """Return plots and probabilities of some tracks, all together."""
    starts, pair_plot, share = everyone
    spans = [slice(starts[i], starts[i + 1]) for i in rows]
    return np.concatenate([pair_plot[s] for s in spans]), np.concatenate([share[s] for s in spans])


def _lifted(i: int, tracks: Touched, chance: F64, pairs: Pairs) -> Gated:
    """Return a track as a cluster of one."""
    starts, pair_plot, weight = pairs
    lo, hi = starts[i], starts[i + 1]
    alone = Cluster(
        tracks.number[i : i + 1], taken(tracks.rows, tracks.at[i : i + 1]),
        np.zeros(1, np.int64), np.ones(1), np.zeros(1), np.zeros((1, 1), np.int64),
    )  # fmt: skip
    return Gated(
        alone, chance[i : i + 1], (starts[i : i + 2] - lo, pair_plot[lo:hi], weight[lo:hi])
    )


def _joined(parts: Sequence[Gated], keep: int) -> Gated:
    """Return several clusters as one."""
    if len(parts) == 1:
        return parts[0]
    first, *others = (part.cluster for part in parts)
    log_weight, choice = first.log_weight, first.choice
    leaf_member, leaf_share, members = [first.leaf_member], [first.leaf_share], [first.members]
    leaves, tracks = len(first.leaf_member), len(first.members)
    for other in others:
        log_weight, choice = product(
            log_weight, choice, other.log_weight, other.choice, leaves, keep, PRUNE
        )
        leaf_member.append(other.leaf_member + tracks)
        leaf_share.append(other.leaf_share)
        members.append(other.members)
        leaves, tracks = leaves + len(other.leaf_member), tracks + len(other.members)
    whole = Cluster(
        np.concatenate(members), _stacked([part.cluster.leaves for part in parts]),
        np.concatenate(leaf_member), np.concatenate(leaf_share), log_weight, choice,
    )  # fmt: skip
    return Gated(
        whole,
        np.concatenate([part.chance for part in parts]),
        _pairs_stacked([part.pairs for part in parts]),
    )


def _told(shares: Shares, settled: tuple[Settled, ...], number: I64, blur: float) -> Shares:
    """Return shares in which clusters speak for their tracks and plots."""
    free, clustered = shares.free.copy(), shares.clustered
    for one in settled:
        clustered[np.searchsorted(number, one.cluster.members)] = 1
        free[one.plots] = one.free
    clusters = tuple(one.cluster for one in settled if not one.agreed(blur))
    return replace(shares, free=free, clustered=clustered, settled=settled, clusters=clusters)
