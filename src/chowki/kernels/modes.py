"""Motion in one or several modes: interacting multiple models (IMM).

A state is D positions, D velocities and, where modes may turn, a turn rate: its length S is told by
a tuple ``size`` of that length, so that loops over it are unrolled when compiled (4 or 5 in the
plane, 6 or 7 in space). Modes: straight (nearly constant velocity, Bar-Shalom, Li and Kirubarajan
2001, "Estimation with Applications to Tracking and Navigation", 6.2.2; with damping an
Ornstein-Uhlenbeck velocity, which is a hover) and coordinated turn with unknown rate about the
local vertical (11.7; predicted by ``kernels.turning``). Mixing of modes: 11.6.6, eq. 11.6.6-7 to
11.6.6-9.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.turning import turned

F64 = NDArray[np.float64]

# Columns of a mode: kind, damping of velocity (1/s), spectral densities of acceleration along the
# ground and the vertical (m2/s3), standard deviation of the turn rate when a turn begins (rad/s),
# spectral density of its change (rad2/s3).
KIND, DAMPING, Q_HORIZONTAL, Q_VERTICAL, TURN_SD, Q_TURN, MODE_WIDTH = 0, 1, 2, 3, 4, 5, 6
STRAIGHT, TURN = 0.0, 1.0
# How long a state is, by where it moves and whether modes may turn.
PLANE, PLANE_TURNING, SPACE, SPACE_TURNING = (0,) * 4, (0,) * 5, (0,) * 6, (0,) * 7
SMALL_ANGLE = 1e-4

Size = tuple[int, ...]
# Modes (m, MODE_WIDTH), generator of the mode's Markov process (m, m; 1/s), curvature of the
# ground (1/m; 0: flat, every vertical is the third axis).
Motion = tuple[F64, F64, float]
# Predicted modes: states (m, S), covariances (m, S, S), probabilities (m,); then scratch, and the
# last transition of modes (m, m) with its seconds (1,).
Forecast = tuple[F64, F64, F64, F64, F64, F64, F64, F64, F64, F64]


@kernel
def forecast_space(size: Size, modes: int) -> Forecast:
    """Return arrays to predict into: made once, used for every track."""
    s = len(size)
    return (
        np.zeros((modes, s)),
        np.zeros((modes, s, s)),
        np.zeros(modes),
        np.zeros((modes, modes)),
        np.zeros(s),
        np.zeros((s, s)),
        np.zeros((s, s)),
        np.zeros((s, s)),
        np.eye(modes),
        np.zeros(1),
    )


@kernel
def vertical(size: Size, curvature: float, x: F64) -> tuple[float, float, float]:
    """Return the local vertical at a position, on a sphere of the given curvature."""
    if len(size) < 6 or curvature == 0.0:
        return 0.0, 0.0, 1.0
    a, b, c = curvature * x[0], curvature * x[1], 1.0 + curvature * x[2]
    length = math.sqrt(a * a + b * b + c * c)
    return a / length, b / length, c / length


@kernel
def _straight(size: Size, mode: F64, dt_s: float, x: F64, p: F64, out_x: F64, out_p: F64) -> None:
    """Write F x and F P F' of a straight mode; its turn rate is none, its spread the mode's own."""
    d = len(size) // 2
    reach, left = dt_s, 1.0
    if mode[DAMPING] > 0.0 and dt_s > 0.0:
        left = math.exp(-mode[DAMPING] * dt_s)
        reach = (1.0 - left) / mode[DAMPING]
    for i in range(d):
        out_x[i] = x[i] + reach * x[d + i]
        out_x[d + i] = left * x[d + i]
    for i in range(d):
        for j in range(d):
            cross = p[i, d + j] + reach * p[d + i, d + j]
            if j <= i:
                out_p[i, j] = out_p[j, i] = p[i, j] + reach * (p[d + i, j] + cross)
            out_p[i, d + j] = left * cross
            out_p[d + j, i] = left * cross
            out_p[d + i, d + j] = left * left * p[d + i, d + j]
    if len(size) > 2 * d:
        for i in range(2 * d):
            out_p[i, 2 * d] = out_p[2 * d, i] = 0.0
        out_x[2 * d], out_p[2 * d, 2 * d] = 0.0, mode[TURN_SD] ** 2


@kernel
def _shaken(mode: F64, dt_s: float) -> tuple[float, float, float]:
    """Return variance of position, their covariance and variance of velocity for unit density."""
    b = mode[DAMPING]
    if b * dt_s < SMALL_ANGLE:
        return dt_s * dt_s * dt_s / 3.0, 0.5 * dt_s * dt_s, dt_s
    e = math.exp(-b * dt_s)
    vv = (1.0 - e * e) / (2.0 * b)
    pv = (1.0 - e) ** 2 / (2.0 * b * b)
    return (dt_s - 2.0 * (1.0 - e) / b + vv) / (b * b), pv, vv


@kernel
def _shake(size: Size, mode: F64, up: tuple[float, float, float], dt_s: float, p: F64) -> None:
    """Add a mode's noise over ``dt_s`` >= 0 seconds to a covariance."""
    d = len(size) // 2
    pp, pv, vv = _shaken(mode, dt_s)
    level, extra = mode[Q_HORIZONTAL], mode[Q_VERTICAL] - mode[Q_HORIZONTAL]
    for i in range(d):
        for j in range(d):
            q = level if i == j else 0.0
            if d == 3 and extra != 0.0:
                q += extra * up[i] * up[j]
            p[i, j] += pp * q
            p[i, d + j] += pv * q
            p[d + i, j] += pv * q
            p[d + i, d + j] += vv * q
    if len(size) > 2 * d and mode[KIND] == TURN:
        p[2 * d, 2 * d] += dt_s * mode[Q_TURN]


@kernel
def advance(
    size: Size, motion: Motion, m: int, dt_s: float, x: F64, p: F64, out_x: F64, out_p: F64,
    f: F64, fp: F64,
) -> None:  # fmt: skip
    """Write the prediction of a state by one mode over ``dt_s`` seconds.

    Parameters
    ----------
    size : tuple
        Of length S.
    motion : Motion
        Modes, their Markov process, curvature.
    m : int
        Which mode.
    dt_s : float
        Seconds; negative ones draw the state back without any noise.
    x, p : F64
        Shapes (S,), (S, S).
    out_x, out_p : F64
        The same, written; not the same arrays.
    f, fp : F64
        Shape (S, S), scratch.
    """
    mode = motion[0][m]
    up = vertical(size, motion[2], x)
    if len(size) % 2 == 1 and mode[KIND] == TURN:
        turned(size, up, dt_s, x, p, out_x, out_p, f, fp)
    else:
        _straight(size, mode, dt_s, x, p, out_x, out_p)
    if dt_s > 0.0:
        _shake(size, mode, up, dt_s, out_p)


@kernel
def transition(generator: F64, dt_s: float, out: F64) -> None:
    """Write the probabilities exp(G dt) of changing mode, by scaled and squared Taylor series.

    Parameters
    ----------
    generator : F64
        Shape (m, m): rates of going from row to column, rows sum to 0; 1/s.
    dt_s : float
        Seconds, >= 0.
    out : F64
        Shape (m, m), written; rows sum to 1.
    """
    m = len(generator)
    fastest, halvings = 0.0, 0
    for i in range(m):
        fastest = max(fastest, -generator[i, i] * dt_s)
    while fastest > 0.25:
        fastest *= 0.5
        halvings += 1
    step = dt_s / 2.0**halvings
    term, spare = np.eye(m), np.empty((m, m))
    out[:, :] = term
    for order in range(1, 9):
        _multiply(term, generator, step / order, spare)
        term[:, :] = spare
        out += term
    for _ in range(halvings):
        _multiply(out, out, 1.0, spare)
        out[:, :] = spare


@kernel
def _multiply(a: F64, b: F64, factor: float, out: F64) -> None:
    """Write factor x A B."""
    for i in range(len(a)):
        for j in range(len(a)):
            total = 0.0
            for k in range(len(a)):
                total += a[i, k] * b[k, j]
            out[i, j] = factor * total


@kernel
def _mixed(size: Size, j: int, x: F64, p: F64, weight: F64, out_x: F64, out_p: F64) -> None:
    """Write mean and covariance of a mixture of modes, weights in column j summing to 1."""
    n = len(size)
    for i in range(n):
        apart = 0.0  # about one of them: coordinates are large, differences small
        for m in range(1, len(x)):
            apart += weight[m, j] * (x[m, i] - x[0, i])
        out_x[i] = x[0, i] + apart
    for i in range(n):
        for k in range(i + 1):
            out_p[i, k] = 0.0
    for m in range(len(x)):
        if weight[m, j] > 0.0:
            for i in range(n):
                apart = weight[m, j] * (x[m, i] - out_x[i])
                for k in range(i + 1):
                    out_p[i, k] += weight[m, j] * p[m, i, k] + apart * (x[m, k] - out_x[k])
    for i in range(n):
        for k in range(i):
            out_p[k, i] = out_p[i, k]


@kernel
def forecast(
    size: Size, motion: Motion, x: F64, p: F64, mu: F64, dt_s: float, changes: bool, out: Forecast
) -> None:  # fmt: skip
    """Predict every mode of a track, modes interacting.

    Parameters
    ----------
    size, motion
        As in ``advance``.
    x, p, mu : F64
        Shapes (m, S), (m, S, S), (m,): states, covariances and probabilities of the modes.
    dt_s : float
        Seconds. Modes do not change when it isn't positive.
    changes : bool
        Whether the mode may have changed; else only modes with a probability are predicted.
    out : Forecast
        Written: predicted states, covariances, probabilities.
    """
    to_x, to_p, to_mu, weight, base_x, base_p, f, fp, changing, changing_s = out
    modes = len(mu)
    if modes == 1 or dt_s <= 0.0 or not changes:
        for m in range(modes):
            to_mu[m] = mu[m]
            if mu[m] > 0.0:
                advance(size, motion, m, dt_s, x[m], p[m], to_x[m], to_p[m], f, fp)
        return
    if changing_s[0] != dt_s:  # the tracks of a scan mostly wait equally long
        transition(motion[1], dt_s, changing)
        changing_s[0] = dt_s
    for j in range(modes):
        total = 0.0
        for m in range(modes):
            weight[m, j] = changing[m, j] * mu[m]
            total += weight[m, j]
        to_mu[j] = total
        if total == 0.0:
            continue
        for m in range(modes):
            weight[m, j] /= total
        _mixed(size, j, x, p, weight, base_x, base_p)
        advance(size, motion, j, dt_s, base_x, base_p, to_x[j], to_p[j], f, fp)


@kernel
def combine(size: Size, x: F64, p: F64, mu: F64, out_x: F64, out_p: F64) -> None:
    """Write mean and covariance of position and velocity over all modes.

    Parameters
    ----------
    size : tuple
        Of length S.
    x, p, mu : F64
        Shapes (m, S), (m, S, S), (m,).
    out_x, out_p : F64
        Shapes (2 D,), (2 D, 2 D), written.
    """
    n = 2 * (len(size) // 2)
    if len(mu) == 1:
        out_x[:n] = x[0, :n]
        out_p[:n, :n] = p[0, :n, :n]
        return
    for i in range(n):
        apart = 0.0
        for m in range(1, len(mu)):
            if mu[m] > 0.0:
                apart += mu[m] * (x[m, i] - x[0, i])
        out_x[i] = x[0, i] + apart
    for i in range(n):
        for k in range(i + 1):
            total = 0.0
            for m in range(len(mu)):
                if mu[m] > 0.0:
                    total += mu[m] * (p[m, i, k] + (x[m, i] - out_x[i]) * (x[m, k] - out_x[k]))
            out_p[i, k] = out_p[k, i] = total
