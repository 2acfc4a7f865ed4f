"""Does a covariance ever cease to be positive? Steps as hard as a filter may ever meet, and harder.

Seconds from 0.001 to 300, noise from a thousandth to a thousand times the usual, any slots, late
plots, sensors anywhere, spreads from a metre to ten kilometres. Every covariance, predicted and
updated, is factored by NumPy; each hundredth has its least eigenvalue taken.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from chowki.kernels import filter as plots_of
from chowki.kernels.filter import likelihood, updated
from chowki.kernels.kalman import expect, workspace
from chowki.kernels.modes import SPACE_TURNING, advance
from chowki.picture.motions import interacting

SLOTS = (1, 2, 3, 6, 7, 11, 15, 16, 48)
USUAL = np.array([30.0, 3e-3, 3e-3, 1.0, 30.0, 30.0, 30.0, 2.0, 2.0, 2.0])
# A plot is drawn at most so far from what is expected.
FARTHEST = np.array([1e5, 1.0, 0.5, 1e3, *[1e5] * 6])
RENEWED = 100


@dataclass(slots=True)
class Strain:
    """What came of it.

    Attributes
    ----------
    steps, updates : int
        Predictions; plots taken in.
    broken : list of tuple
        Step, slots and what was not positive or not finite.
    least : float
        Least eigenvalue of any correlation matrix sampled.
    """

    steps: int = 0
    updates: int = 0
    broken: list[tuple[int, int, str]] = field(default_factory=list)
    least: float = np.inf


def strained(steps: int, seed: int) -> Strain:
    """Return what became of so many predictions and updates."""
    rng, out, n = np.random.default_rng(seed), Strain(), len(SPACE_TURNING)
    motion = interacting((4.0, 0.3), (8.0, 0.3), (0.5, 0.3), 0.08, 0.02, 2.0, (60.0, 15.0, 60.0))
    work, f, fp = workspace(SPACE_TURNING), np.empty((n, n)), np.empty((n, n))
    x, p = _fresh(rng)
    for k in range(steps):
        if k % RENEWED == 0:
            x, p = _fresh(rng)
        ahead_x, ahead_p = np.empty(n), np.empty((n, n))
        dt_s, mode = 10.0 ** rng.uniform(-3.0, 2.5), int(rng.integers(3))
        advance(SPACE_TURNING, motion, mode, dt_s, x, p, ahead_x, ahead_p, f, fp)
        if np.abs(ahead_x).max() > 1e7:
            ahead_x[:6] *= 1e-2
        bits = SLOTS[rng.integers(len(SLOTS))]
        late_s = -(10.0 ** rng.uniform(-2.0, 1.0)) if rng.uniform() < 0.2 else 0.0
        row, view = _plot(ahead_x, ahead_p, bits, late_s, rng)
        log_n, m, wide = likelihood(SPACE_TURNING, ahead_x, ahead_p, late_s, row, bits, view, work)
        x, p = ahead_x, ahead_p
        out.steps += 1
        if log_n > -np.inf:
            x, p = np.empty(n), np.empty((n, n))
            updated(SPACE_TURNING, m, wide, ahead_x, ahead_p, late_s, view, work, x, p)
            out.updates += 1
        broken = _flaw("prediction", ahead_x, ahead_p) or _flaw("update", x, p)
        if broken:
            out.broken.append((k, bits, broken))
            x, p = _fresh(rng)
        elif k % 100 == 0:
            spread = np.sqrt(np.diag(p))
            out.least = min(out.least, np.linalg.eigvalsh(p / np.outer(spread, spread))[0])
    return out


def _fresh(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a state and a covariance to go on from."""
    place, velocity = rng.uniform([-1e5, -1e5, 0.0], [1e5, 1e5, 1e4]), rng.uniform(-300.0, 300.0, 3)
    spread = 10.0 ** rng.uniform([0.0] * 3 + [-1.0] * 3 + [-3.0], [4.0] * 3 + [2.5] * 3 + [-1.0])
    return np.concatenate([place, velocity / [1.0, 1.0, 30.0], [0.0]]), np.diag(spread**2)


def _plot(
    x: np.ndarray, p: np.ndarray, bits: int, late_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, tuple]:
    """Return a plot that the state may well have caused, and the sensor's view."""
    origin = rng.uniform([-1e5, -1e5, 0.0], [1e5, 1e5, 500.0])
    at, z, jac = x[:6].copy(), np.empty(10), np.zeros((10, 6))
    at[:3] += late_s * at[3:]
    expect(bits, origin, np.eye(3), at, z, jac)
    sigma = USUAL * 10.0 ** rng.uniform(-3.0, 3.0)
    away = np.sqrt(np.einsum("ai,ij,aj->a", jac, p[:6, :6], jac) + sigma**2)
    row = np.ones(plots_of.P_WIDTH)
    row[plots_of.P_VALUE : plots_of.P_VARIANCE] = z + np.minimum(away, FARTHEST) * (
        rng.standard_normal(10)
    )
    row[plots_of.P_VALUE] = max(row[plots_of.P_VALUE], 1.0)
    row[plots_of.P_VARIANCE :] = sigma**2
    return row, (origin, np.eye(3), np.full(11, 1e300), np.array([4.0, 0.12]))


def _flaw(name: str, x: np.ndarray, p: np.ndarray) -> str:
    """Return what is wrong with a state and covariance, nothing when all is well."""
    if not (np.isfinite(x).all() and np.isfinite(p).all()):
        return f"{name}: not finite"
    if not np.array_equal(p, p.T):
        return f"{name}: not symmetric"
    try:
        np.linalg.cholesky(p)
    except np.linalg.LinAlgError:
        return f"{name}: not positive"
    return ""
