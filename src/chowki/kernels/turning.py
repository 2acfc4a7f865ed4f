"""A coordinated turn of unknown rate, predicted as far as the rate is known.

Given its rate a turn is linear: velocities go round, positions follow. An extended filter takes
the prediction for linear in the rate too, which it is not while the angle turned is uncertain by
a tenth of a radian: the estimate runs ahead of the arc and is too sure of itself. Here mean and
covariance are those over the rate, by a three-point Gauss-Hermite rule, the rest exact given the
rate (a Rao-Blackwellised rule; Ito and Xiong 2000, "Gaussian filters for nonlinear filtering
problems", IEEE TAC 45(5), for the rule).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
Size = tuple[int, ...]

ROOT_THREE = math.sqrt(3.0)
# Up to this uncertainty of the angle turned (rad), all rates turn the rest as the mean one does.
ALIKE_ANGLE = 0.1
SMALL_ANGLE = 1e-4


@kernel
def _arc(rate: float, dt_s: float) -> tuple[float, float, float, float]:
    """Return sine and cosine of the angle turned, sine / rate and (1 - cosine) / rate."""
    angle = rate * dt_s
    s, c = math.sin(angle), math.cos(angle)
    if abs(angle) < SMALL_ANGLE:
        return s, c, dt_s, 0.5 * angle * dt_s
    return s, c, s / rate, (1.0 - c) / rate


@kernel
def _turns(size: Size, up: tuple[float, float, float], rate: float, dt_s: float, a: F64) -> None:
    """Write what velocity adds to position (rows to D) and its turn (rows D to 2 D) at a rate."""
    d = len(size) // 2
    s, c, along, across = _arc(rate, dt_s)
    for i in range(d):
        for j in range(d):
            rise = up[i] * up[j] if d == 3 else 0.0
            level = (1.0 if i == j else 0.0) - rise
            side = 0.0  # matrix of the cross product, up x v
            if i != j:
                side = -up[3 - i - j] if (j - i) % 3 == 1 else up[3 - i - j]
            a[i, j] = dt_s * rise + along * level + across * side
            a[d + i, j] = rise + c * level + s * side


@kernel
def _given_rate(size: Size, p: F64, known: F64) -> float:
    """Write the covariance of the rest given the rate, and in its last row what the rate tells.

    Returns the standard deviation of the rate.
    """
    w, variance = len(size) - 1, max(p[len(size) - 1, len(size) - 1], 0.0)
    for i in range(w):
        known[w, i] = p[i, w] / variance if variance > 0.0 else 0.0
    for i in range(w):
        for j in range(w):
            known[i, j] = p[i, j] - known[w, i] * p[j, w] if variance > 0.0 else p[i, j]
    return math.sqrt(variance)


@kernel
def _add_spread(size: Size, weight: float, a: F64, known: F64, out_p: F64) -> None:
    """Add the covariance given one rate, turned by it."""
    d = len(size) // 2
    for i in range(2 * d):
        for j in range(d):
            total = known[i, d + j] if i < d else 0.0
            for k in range(d):
                total += a[i, k] * known[d + k, d + j]
            a[i, d + j] = total  # of the turned rest with velocity as it was
    for i in range(2 * d):
        for j in range(i + 1):
            total = 0.0
            if j < d:
                total = known[i, j] if i < d else 0.0
                for k in range(d):
                    total += a[i, k] * known[d + k, j]
            for k in range(d):
                total += a[i, d + k] * a[j, k]
            out_p[i, j] += weight * total


@kernel
def _moved(size: Size, x: F64, known: F64, off: float, a: F64) -> None:
    """Write where one rate takes the state, without position: that is large."""
    d, w = len(size) // 2, len(size) - 1
    for i in range(w):
        total = known[w, i] * off if i < d else 0.0
        for j in range(d):
            total += a[i, j] * (x[d + j] + known[w, d + j] * off)
        a[w, i] = total


@kernel
def turned(
    size: Size, up: tuple[float, float, float], dt_s: float, x: F64, p: F64, out_x: F64,
    out_p: F64, a: F64, known: F64,
) -> None:  # fmt: skip
    """Write mean and covariance of a state after a coordinated turn about a vertical, no noise.

    Parameters
    ----------
    size : tuple
        Of the state's length S: D positions, D velocities, the turn rate.
    up : tuple of float
        The vertical.
    dt_s : float
        Seconds, of either sign.
    x, p : F64
        Shapes (S,), (S, S).
    out_x, out_p : F64
        The same, written; not the same arrays.
    a, known : F64
        Shape (S, S), scratch.
    """
    d, w = len(size) // 2, len(size) - 1
    sd = _given_rate(size, p, known)
    apart = sd * abs(dt_s) > ALIKE_ANGLE
    for i in range(w):
        out_x[i] = 0.0
        for j in range(w + 1):
            out_p[i, j] = 0.0
    for k in range(3):
        off = (k - 1) * ROOT_THREE * sd
        if k != 1 and sd == 0.0:
            continue
        weight = 1.0 if sd == 0.0 else (4.0 if k == 1 else 1.0) / 6.0
        _turns(size, up, x[w] + off, dt_s, a)
        _moved(size, x, known, off, a)
        for i in range(w):
            out_x[i] += weight * a[w, i]
            out_p[i, w] += weight * off * a[w, i]
            for j in range(i + 1):
                out_p[i, j] += weight * a[w, i] * a[w, j]
        if apart:
            _add_spread(size, weight, a, known, out_p)
        elif k == 1:
            _add_spread(size, 1.0, a, known, out_p)
    for i in range(w):
        out_p[w, i] = out_p[i, w]
        for j in range(i + 1):
            out_p[i, j] -= out_x[i] * out_x[j]
            out_p[j, i] = out_p[i, j]
    for i in range(d):
        out_x[i] += x[i]
    out_x[w], out_p[w, w] = x[w], sd * sd
