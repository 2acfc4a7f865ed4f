"""Where tracks contest plots: clusters of them are kept as several global hypotheses.

Elsewhere marginals do (TOMB/P). A cluster forms when two surely existing tracks both may have
caused a plot, grows when others contest one of its plots, and dissolves when its hypotheses agree
on where targets are, whatever the labels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.table import F64, I64
from chowki.kernels.filter import View
from chowki.kernels.gate import Bernoullis

Pairs = tuple[I64, I64, F64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A few tracks and the global hypotheses about them.

    Attributes
    ----------
    members : I64
        Track numbers, shape (t,).
    leaves : Bernoullis
        Single-target hypotheses, member by member.
    leaf_member, leaf_share : I64, F64
        Member of each leaf, and the weight of the hypotheses that use it, shape (l,).
    log_weight, choice : F64, I64
        Hypotheses, heaviest first, shape (h,); the leaf of each member, -1 for none, (h, t).
    """

    members: I64
    leaves: Bernoullis
    leaf_member: I64
    leaf_share: F64
    log_weight: F64
    choice: I64


@dataclass(frozen=True, slots=True)
class Observation:
    """A scan as kernels take it.

    Attributes
    ----------
    plots, bits : F64, I64
        Columns ``P_...`` of ``kernels.filter``; slots that hold a value.
    scan_bits : int
        Slots that every plot holds.
    view : View
        The sensor.
    start_s, end_s : float
        Span of the look.
    chance_of : callable
        Returns existence now, P_D on a pair and P_D on a miss of rows of some tracks, (l, 3).
    """

    plots: F64
    bits: I64
    scan_bits: int
    view: View
    start_s: float
    end_s: float
    chance_of: Callable[[Bernoullis, I64], F64]


@dataclass(frozen=True, slots=True)
class Touched:
    """The tracks that a look may touch.

    Attributes
    ----------
    number : I64
        Their track numbers, ascending, shape (k,).
    rows : Bernoullis
        All tracks.
    at : I64
        Their rows, shape (k,).
    """

    number: I64
    rows: Bernoullis
    at: I64


@dataclass(frozen=True, slots=True)
class Gated:
    """A cluster with the chances (l, 3) and the candidate pairs of its leaves."""

    cluster: Cluster
    chance: F64
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Settled:
    """A cluster after a scan.

    Attributes
    ----------
    cluster : Cluster
        Its hypotheses.
    slots : Bernoullis
        One row for each member.
    spread : F64
        What these rows lose of the hypotheses, shape (t,).
    plots : I64
        Plots that it looked at, shape (j,).
    free : F64
        Probability that each came from none of its members, shape (j,).
    claims : F64
        Probability that each member caused each plot, shape (t, j).
    """

    cluster: Cluster
    slots: Bernoullis
    spread: F64
    plots: I64
    free: F64
    claims: F64

    def agreed(self, blur: float) -> bool:
        """Return whether one row a member says as much as the hypotheses do."""
        return len(self.cluster.log_weight) == 1 or bool((self.spread <= blur).all())


@dataclass(frozen=True, slots=True)
class Shares:
    """Who caused which plot.

    Attributes
    ----------
    pairs : tuple of arrays
        CSR starts (n + 1,), plots (p,), probabilities (p,) of all rows.
    missed : F64
        Shape (n,): probability that a row caused no plot.
    free : F64
        Shape (m,): probability that a plot came from no track.
    clustered : I64
        Shape (n,): 1 for rows that clusters look after; their pairs count for nothing.
    settled : tuple of Settled
        The clusters.
    clusters : tuple of Cluster
        Those of them that go on.
    """

    pairs: Pairs
    missed: F64
    free: F64
    clustered: I64
    settled: tuple[Settled, ...] = ()
    clusters: tuple[Cluster, ...] = ()


def write_slots(settled: Settled, rows: Bernoullis, at: I64) -> None:
    """Write what became of a cluster's tracks into their rows and modes.

    Parameters
    ----------
    settled : Settled
        The cluster.
    rows : Bernoullis
        Written.
    at : I64
        Rows of its members.
    """
    for column in (0, 1, 5, 6):
        rows[column][at] = settled.slots[column]
    for column in (2, 3, 4):
        rows[column][rows[7][at]] = settled.slots[column]


def hushed(clusters: tuple[Cluster, ...], number: I64, chance: F64) -> F64:
    """Return chances in which the rows of clustered tracks weigh nothing."""
    for cluster in clusters:
        chance[np.searchsorted(number, cluster.members), 0] = 0.0
    return chance


def parted(
    clusters: tuple[Cluster, ...], number: I64
) -> tuple[tuple[Cluster, ...], tuple[Cluster, ...]]:
    """Return the clusters all of whose tracks are among some, and those with none there."""
    if not clusters:
        return (), ()
    there = [_there(cluster.members, number) for cluster in clusters]
    inside = tuple(c for c, found in zip(clusters, there, strict=True) if found.all())
    return inside, tuple(c for c, found in zip(clusters, there, strict=True) if not found.any())


def _there(members: I64, number: I64) -> NDArray[np.bool_]:
    """Return which members are among some track numbers, ascending."""
    if not len(number):
        return np.zeros(len(members), dtype=np.bool_)
    at = np.minimum(np.searchsorted(number, members), len(number) - 1)
    return number[at] == members


def surviving(clusters: tuple[Cluster, ...], number: I64) -> tuple[Cluster, ...]:
    """Return the clusters all of whose tracks are still there; the others dissolve."""
    return tuple(c for c in clusters if _there(c.members, number).all())
