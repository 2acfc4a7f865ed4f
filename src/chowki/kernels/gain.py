"""The algebra of one Kalman update: innovation, gain, covariance in Joseph form.

Equations: Bar-Shalom, Li and Kirubarajan 2001, 5.2.3 (update), 5.4.2 (Joseph form). All scratch
lies in one workspace, so that nothing is allocated for a pair.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.measure import wrap
from chowki.kernels.modes import Size
from chowki.kernels.slots import SLOTS, expect, has

F64 = NDArray[np.float64]

# Pages of the scratch. Vectors: state at the plot, predicted slots, innovation, iterate, two spare.
# Matrices: Jacobian of the slots, rows of H, noise R, Cholesky factor of S (its diagonal:
# reciprocals), P H', gain, (I - K H) P, I - K H, what curvature adds (rows ``BEND_...``),
# covariance at the plot, a curvature, directions, a spare one.
AT_PLOT, EXPECTED, INNOVATION, ITERATE, SIGHT, SIDE, VECTORS = range(7)
JACOBIAN, ROWS, NOISE, FACTOR, PH, GAIN, LEFT, STAY, BENDS, AROUND, HESSIAN = range(11)
DIRECTIONS, SPARE, MATRICES = range(11, 14)
# By measured slot: mean and variance that curvature adds about the prediction; the same about an
# iterate, after the update; noise; variance of the predicted value.
BEND_PRIOR_MEAN, BEND_PRIOR, BEND_MEAN, BEND_LEFT, BEND_NOISE, BEND_SPREAD = range(6)
# The plot last compared: whether curvature counts, bits, lateness, spectral density, clock, then
# values, variances, origin and axes.
TOLD_CURVED, TOLD_BITS, TOLD_LATE, TOLD_Q, TOLD_TIMING, TOLD_VALUES = range(6)
TOLD_VARIANCES, TOLD_ORIGIN = TOLD_VALUES + SLOTS, TOLD_VALUES + 2 * SLOTS
TOLD_AXES, TOLD_WIDTH = TOLD_ORIGIN + 3, TOLD_ORIGIN + 12

# Vectors (v, 10), matrices (m, 10, 10), the plot last compared.
Workspace = tuple[F64, F64, F64]
# Of a state's length n: a tuple of that length, for loops unrolled, or the state itself.
Length = Size | F64


@kernel
def workspace(size: Size) -> Workspace:
    """Return the scratch arrays of one update: made once, used for every pair."""
    return np.zeros((VECTORS, SLOTS)), np.zeros((MATRICES, SLOTS, SLOTS)), np.zeros(TOLD_WIDTH)


@kernel
def _collect(bits: int, values: F64, variances: F64, late_s: float, work: Workspace) -> int:
    """Gather the slots that hold a value into y, H and diagonal R; return their number."""
    z, jac, y, h, r = (
        work[0][EXPECTED],
        work[1][JACOBIAN],
        work[0][INNOVATION],
        work[1][ROWS],
        work[1][NOISE],
    )
    m = 0
    for slot in range(SLOTS):
        if not has(bits, slot):
            continue
        y[m] = values[slot] - z[slot]
        if slot == 1:
            y[m] = wrap(y[m])
        for i in range(3):
            h[m, i] = jac[slot, i]
            h[m, i + 3] = jac[slot, i + 3] + late_s * jac[slot, i]
        for k in range(m):
            r[m, k] = r[k, m] = 0.0
        r[m, m] = variances[slot]
        m += 1
    return m


@kernel
def _loosen(m: int, x: F64, late_s: float, q: float, timing_s: float, work: Workspace) -> None:
    """Add to R what an unknown clock offset and the noise since a late plot are worth."""
    h, r = work[1][ROWS], work[1][NOISE]
    cube, linear = -(late_s**3) * q / 3.0, -late_s * q
    for a in range(m):
        slide_a = h[a, 0] * x[3] + h[a, 1] * x[4] + h[a, 2] * x[5]
        for b in range(a + 1):
            slide_b = h[b, 0] * x[3] + h[b, 1] * x[4] + h[b, 2] * x[5]
            extra = timing_s * timing_s * slide_a * slide_b
            if late_s < 0.0:
                for i in range(3):
                    extra += cube * h[a, i] * h[b, i]
                    va, vb = h[a, i + 3] - late_s * h[a, i], h[b, i + 3] - late_s * h[b, i]
                    extra += linear * va * vb
            r[a, b] += extra
            if a != b:
                r[b, a] += extra


@kernel
def linearise(
    x: F64, late_s: float, bits: int, values: F64, variances: F64, origin: F64, axes: F64,
    q: float, timing_s: float, work: Workspace,
) -> int:  # fmt: skip
    """Write innovation, H and R of a plot about a state, as in ``kernels.kalman.innovate``.

    Returns the number of measured slots.
    """
    at_plot = work[0][AT_PLOT]
    for i in range(3):
        at_plot[i] = x[i] + late_s * x[i + 3]
        at_plot[i + 3] = x[i + 3]
    expect(bits, origin, axes, at_plot, work[0][EXPECTED], work[1][JACOBIAN])
    m = _collect(bits, values, variances, late_s, work)
    if late_s < 0.0 or timing_s > 0.0:
        _loosen(m, x, late_s, q, timing_s, work)
    return m


@kernel
def factor(size: Length, m: int, wide: int, p: F64, work: Workspace) -> bool:
    """Write P H' and the Cholesky factor of S = H P H' + R; False when S is not positive.

    The factor's diagonal holds reciprocals: nothing is divided twice.
    """
    h, r, chol, ph = work[1][ROWS], work[1][NOISE], work[1][FACTOR], work[1][PH]
    for i in range(len(size)):
        for a in range(m):
            total = 0.0
            for k in range(wide):
                total += p[i, k] * h[a, k]
            ph[i, a] = total
    for a in range(m):
        for b in range(a + 1):
            total = r[a, b]
            for k in range(wide):
                total += h[a, k] * ph[k, b]
            for k in range(b):
                total -= chol[a, k] * chol[b, k]
            if a == b:
                if not total > 0.0:
                    return False
                chol[a, a] = 1.0 / math.sqrt(total)
            else:
                chol[a, b] = total * chol[b, b]
    return True


@kernel
def distance(m: int, work: Workspace) -> tuple[float, float]:
    """Return the squared Mahalanobis distance of the innovation and ln det S."""
    y, chol, w = work[0][INNOVATION], work[1][FACTOR], work[1][GAIN][0]
    squared, root = 0.0, 1.0
    for a in range(m):
        total = y[a]
        for k in range(a):
            total -= chol[a, k] * w[k]
        w[a] = total * chol[a, a]
        squared += w[a] * w[a]
        root *= chol[a, a]
    return squared, -2.0 * math.log(root)


@kernel
def write_gain(size: Length, m: int, work: Workspace) -> None:
    """Write K = P H' S^-1 by two triangular solves."""
    chol, ph, gain = work[1][FACTOR], work[1][PH], work[1][GAIN]
    for i in range(len(size)):
        for a in range(m):
            total = ph[i, a]
            for k in range(a):
                total -= gain[i, k] * chol[a, k]
            gain[i, a] = total * chol[a, a]
        for a in range(m - 1, -1, -1):
            total = gain[i, a]
            for k in range(a + 1, m):
                total -= gain[i, k] * chol[k, a]
            gain[i, a] = total * chol[a, a]


@kernel
def joseph(size: Length, m: int, wide: int, p: F64, work: Workspace, out_p: F64) -> None:
    """Write A P A' + K R K' with A = I - K H, symmetric to the last bit.

    A is formed before it meets P: where a plot is far surer than the state, P - K H P would be
    the difference of two nearly equal numbers.
    """
    h, r, kr, gain = work[1][ROWS], work[1][NOISE], work[1][PH], work[1][GAIN]
    stay, left = work[1][STAY], work[1][LEFT]
    n = len(size)
    for i in range(n):
        for k in range(wide):
            total = 1.0 if i == k else 0.0
            for a in range(m):
                total -= gain[i, a] * h[a, k]
            stay[i, k] = total
        for j in range(n):
            total = p[i, j] if i >= wide else 0.0
            for k in range(wide):
                total += stay[i, k] * p[k, j]
            left[i, j] = total
        for a in range(m):
            total = 0.0
            for b in range(m):
                total += gain[i, b] * r[b, a]
            kr[i, a] = total
    for i in range(n):
        for j in range(i + 1):
            total = left[i, j] if j >= wide else 0.0
            for k in range(wide):
                total += left[i, k] * stay[j, k]
            for a in range(m):
                total += kr[i, a] * gain[j, a]
            out_p[i, j] = out_p[j, i] = total


@kernel
def moved(size: Length, m: int, x: F64, work: Workspace, out_x: F64) -> None:
    """Write x + K y."""
    gain, y = work[1][GAIN], work[0][INNOVATION]
    for i in range(len(size)):
        total = x[i]
        for a in range(m):
            total += gain[i, a] * y[a]
        out_x[i] = total
