"""Pairs of tracks that can't be told apart: duplicates that biased sensors leave behind."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

STATES = 6


@kernel
def distance_sq(xa: F64, pa: F64, xb: F64, pb: F64, allowance_sq: float, work: F64) -> float:
    """Return the squared Mahalanobis distance of two states under the sum of their covariances.

    Parameters
    ----------
    xa, xb : F64
        Shape (6,).
    pa, pb : F64
        Shape (6, 6).
    allowance_sq : float
        Added to each position's variance, m2.
    work : F64
        Shape (7, 6), scratch.
    """
    total = 0.0
    for i in range(STATES):
        y = xa[i] - xb[i]
        for j in range(i + 1):
            s = pa[i, j] + pb[i, j]
            if i == j and i < 3:
                s += allowance_sq
            for k in range(j):
                s -= work[i, k] * work[j, k]
            if i == j:
                work[i, i] = math.sqrt(max(s, 1e-9))
            else:
                work[i, j] = s / work[j, j]
                y -= work[i, j] * work[STATES, j]
        work[STATES, i] = y / work[i, i]
        total += work[STATES, i] * work[STATES, i]
    return total


@kernel
def resolved(own_a: I64, own_b: I64) -> bool:
    """Return whether one scan lately held a plot of its own for each of two tracks."""
    for a in own_a:
        if a < 0:
            continue
        for b in own_b:
            if a == b:
                return True
    return False


@kernel
def indistinct(
    state: F64, covariance: F64, own_scans: I64, reach_m: float, allowance_m: float, limit: float
) -> tuple[I64, I64]:
    """Return pairs of tracks that no measurement tells apart.

    Parameters
    ----------
    state, covariance : F64
        Shapes (n, 6), (n, 6, 6), at one time.
    own_scans : I64
        Shape (n, 12): last scans that held a plot of its own.
    reach_m : float
        Tracks further apart than this are never compared.
    allowance_m : float
        Allowance for registration, standard deviation of each position.
    limit : float
        Largest squared Mahalanobis distance over six states.

    Returns
    -------
    first, second : I64
        Rows, first < second in the order given.
    """
    n = len(state)
    spread = [np.max(state[:, a]) - np.min(state[:, a]) if n > 0 else 0.0 for a in range(2)]
    axis = 0 if spread[0] > spread[1] else 1
    order = np.argsort(state[:, axis])
    first, second = np.empty(4 * n, dtype=np.int64), np.empty(4 * n, dtype=np.int64)
    work, size = np.empty((STATES + 1, STATES)), 0
    for s in range(n):
        a = order[s]
        for t in range(s + 1, n):
            b = order[t]
            if state[b, axis] - state[a, axis] > reach_m or size == len(first):
                break
            if abs(state[b, 1 - axis] - state[a, 1 - axis]) > reach_m:
                continue
            if resolved(own_scans[a], own_scans[b]):
                continue
            d = distance_sq(
                state[a], covariance[a], state[b], covariance[b], allowance_m * allowance_m, work
            )
            if d <= limit:
                first[size], second[size] = min(a, b), max(a, b)
                size += 1
    return first[:size], second[:size]
