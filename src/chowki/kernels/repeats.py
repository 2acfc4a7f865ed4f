"""Plots that are copies of others, and plots that have no kin in the look before."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import wrap

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

MERSENNE = 2**31 - 1
# What a plot is: new; equal to another of its look; equal, time too, to one of the look before;
# equal but for its time to one of the look before; nearer to another than two measurements come.
NEW, TWIN, RESENT, STUCK_PLOT, NEAR_TWIN = 0, 1, 2, 3, 4


@kernel
def _mixed(words: I64, first: int) -> int:
    """Return a hash of a row of words, 62 bits: two polynomials modulo 2^31 - 1."""
    high, low = 17, 29
    for w in range(first, len(words)):
        for half in range(2):
            part = (words[w] >> (32 * half)) & 0xFFFFFFFF
            high = (high * 1103515245 + part) % MERSENNE
            low = (low * 69069 + part) % MERSENNE
    return (high << 31) | low


@kernel
def recognised(
    words: I64, key_before: I64, time_before: I64, run_before: I64
) -> tuple[I64, I64, I64]:
    """Return what each plot of a look repeats.

    Parameters
    ----------
    words : I64
        Shape (m, 4): time and three values of each plot, their bytes as integers.
    key_before, time_before, run_before : I64
        Shape (p,): hash of the values, bytes of the time, and looks in a row, of the look before.

    Returns
    -------
    kind : I64
        Shape (m,): ``NEW``, ``TWIN``, ``RESENT`` or ``STUCK_PLOT``.
    key, run : I64
        Shape (m,): hash of the values; in how many looks in a row before this one they came.
    """
    m, p = len(words), len(key_before)
    kind, run = np.zeros(m, dtype=np.int64), np.zeros(m, dtype=np.int64)
    key, size = np.empty(m, dtype=np.int64), 2 * (m + p) + 1
    table = np.full(size, -1, dtype=np.int64)
    for b in range(p):
        slot = key_before[b] % size
        while table[slot] >= 0:
            slot = (slot + 1) % size
        table[slot] = b
    for j in range(m):
        key[j] = _mixed(words[j], 1)
        slot = key[j] % size
        while table[slot] >= 0:
            at = table[slot]
            if at < p and key_before[at] == key[j]:
                again = time_before[at] == words[j, 0]
                kind[j] = max(kind[j], RESENT if again else STUCK_PLOT)
                run[j] = max(run[j], run_before[at] + (0 if again else 1))
            elif at >= p and key[at - p] == key[j] and words[at - p, 0] == words[j, 0]:
                kind[j] = TWIN
                break
            slot = (slot + 1) % size
        if kind[j] != TWIN:
            table[slot] = p + j
    return kind, key, run


@kernel
def near_twins(plots: F64, order: I64, sigma: F64, share: float, kind: I64) -> int:
    """Mark plots that lie nearer to an earlier one than two measurements ever do; return how many.

    Parameters
    ----------
    plots : F64
        Shape (m, 4): time, range (m), azimuth, elevation (rad; NaN where not measured).
    order : I64
        Shape (m,): their order by range.
    sigma : F64
        Shape (3,): standard deviations of the values.
    share : float
        Share of each standard deviation within which two plots are copies.
    kind : I64
        Shape (m,), changed: plots that are ``NEW`` and copies become ``NEAR_TWIN``.
    """
    found = 0
    for a in range(len(order)):
        i = order[a]
        if kind[i] != NEW:
            continue
        for b in range(a + 1, len(order)):
            j = order[b]
            if not plots[j, 1] - plots[i, 1] < share * sigma[0]:
                break
            near = abs(wrap(plots[j, 2] - plots[i, 2])) < share * sigma[1]
            lifted = abs(plots[j, 3] - plots[i, 3])
            if kind[j] == NEW and near and not lifted >= share * sigma[2]:
                kind[max(i, j)] = NEAR_TWIN
                found += 1
                if i > j:
                    break
    return found


@kernel
def with_kin(
    place: F64, order: I64, before: F64, order_before: I64, gate_m: float
) -> NDArray[np.bool_]:
    """Return which plots lie so near to one of the look before that one target may have made both.

    Parameters
    ----------
    place, before : F64
        Shapes (m, 2), (p, 2): where plots lie in the plane, m.
    order, order_before : I64
        Shapes (m,), (p,): their orders by the first coordinate.
    gate_m : float
        As far as a target may have flown.
    """
    out = np.zeros(len(place), dtype=np.bool_)
    first = 0
    for i in order:
        while first < len(order_before) and before[order_before[first], 0] < place[i, 0] - gate_m:
            first += 1
        for k in range(first, len(order_before)):
            along = before[order_before[k], 0] - place[i, 0]
            if along > gate_m:
                break
            if math.hypot(along, before[order_before[k], 1] - place[i, 1]) <= gate_m:
                out[i] = True
                break
    return out
