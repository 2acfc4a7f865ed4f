"""Update of Bernoulli tracks: existence, state and covariance after a scan (TOMB/P).

Williams 2015, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and
association-based MeMBer", IEEE TAES 51(3): each track is the moment match of its missed and
detected alternatives, mode by mode (IMM-JIPDA).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_TIME, View, likelihood, updated
from chowki.kernels.gate import MODES_FROM, Bernoullis
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import Workspace, workspace
from chowki.kernels.modes import Forecast, Motion, Size, advance, combine, forecast, forecast_space

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# What is less probable moves no track: by itself, and of a track that hardly exists.
NEGLIGIBLE, OF_FAINT = 1e-3, 0.05

# Per mode: weights (m,), means about an anchor (m, S), second moments (m, S, S), anchors (m, S).
Mixture = tuple[F64, F64, F64, F64]
# States of all modes after an alternative, and one more pair for what is carried ahead.
Spare = tuple[F64, F64, F64, F64, F64]


@kernel
def mixture_space(size: Size, modes: int) -> Mixture:
    """Return an empty mixture: made once, used for every track."""
    s = len(size)
    return (
        np.zeros(modes),
        np.zeros((modes, s)),
        np.zeros((modes, s, s)),
        np.zeros((modes, s)),
    )


@kernel
def spare_space(size: Size, modes: int) -> Spare:
    """Return scratch for one alternative: states, covariances, log weights; one of each more."""
    s = len(size)
    return (
        np.zeros((modes, s)),
        np.zeros((modes, s, s)),
        np.zeros(modes),
        np.zeros(s),
        np.zeros((s, s)),
    )


@kernel
def clear_mixture(mixture: Mixture) -> None:
    """Empty a mixture."""
    mixture[0][:] = 0.0
    mixture[1][:] = 0.0
    mixture[2][:] = 0.0


@kernel
def mix(size: Size, m: int, weight: float, x: F64, p: F64, mixture: Mixture) -> None:
    """Add an alternative to one mode of a mixture, moments taken about its first mean."""
    total, mean, second, anchor = mixture
    if total[m] == 0.0:
        for i in range(len(size)):
            anchor[m, i] = x[i]
    total[m] += weight
    for i in range(len(size)):
        di = x[i] - anchor[m, i]
        mean[m, i] += weight * di
        for j in range(i + 1):
            second[m, i, j] += weight * (p[i, j] + di * (x[j] - anchor[m, j]))


@kernel
def match(size: Size, mixture: Mixture, out_x: F64, out_p: F64, out_mu: F64) -> bool:
    """Write mean and covariance of every mode of a mixture, and the modes' probabilities.

    Returns False, with nothing written, unless all is finite and there is any weight.
    """
    total, mean, second, anchor = mixture
    whole, check = 0.0, 0.0
    for m in range(len(total)):
        whole += total[m]
        if total[m] == 0.0:
            continue
        for i in range(len(size)):
            mean[m, i] /= total[m]
        for i in range(len(size)):
            check += mean[m, i] + anchor[m, i]
            for j in range(i + 1):
                second[m, i, j] = second[m, i, j] / total[m] - mean[m, i] * mean[m, j]
                check += second[m, i, j]
    if not math.isfinite(check) or not whole > 0.0:
        return False
    for m in range(len(total)):
        out_mu[m] = total[m] / whole
        if total[m] == 0.0:
            continue
        for i in range(len(size)):
            out_x[m, i] = anchor[m, i] + mean[m, i]
            for j in range(i + 1):
                out_p[m, i, j] = out_p[m, j, i] = second[m, i, j]
    return True


@kernel
def detected(
    size: Size, ahead: Forecast, late_s: float, row: F64, bits: int, view: View, work: Workspace,
    spare: Spare,
) -> bool:  # fmt: skip
    """Update every mode of a track with a plot; False when no mode has it in its gate.

    Writes states, covariances and normalised probabilities of the modes into ``spare``.
    """
    x, p, mu, _, _ = spare
    best = -math.inf
    for m in range(len(mu)):
        mu[m] = -math.inf
        if ahead[2][m] <= 0.0:
            continue
        log_n, slots, wide = likelihood(
            size, ahead[0][m], ahead[1][m], late_s, row, bits, view, work
        )
        if log_n > -math.inf:
            mu[m] = log_n + math.log(ahead[2][m])
            best = max(best, mu[m])
            updated(size, slots, wide, ahead[0][m], ahead[1][m], late_s, view, work, x[m], p[m])
    if best == -math.inf:
        return False
    total = 0.0
    for m in range(len(mu)):
        mu[m] = math.exp(mu[m] - best)
        total += mu[m]
    for m in range(len(mu)):
        mu[m] /= total
    return True


@kernel
def mix_detected(
    size: Size, motion: Motion, share: float, ahead_s: float, ahead: Forecast, spare: Spare,
    mixture: Mixture,
) -> None:  # fmt: skip
    """Add what ``detected`` wrote to a mixture, carried ``ahead_s`` >= 0 seconds on."""
    x, p, mu, later_x, later_p = spare
    for m in range(len(mu)):
        if mu[m] <= 0.0:
            continue
        if ahead_s > 0.0:
            advance(size, motion, m, ahead_s, x[m], p[m], later_x, later_p, ahead[6], ahead[7])
            mix(size, m, share * mu[m], later_x, later_p, mixture)
        else:
            mix(size, m, share * mu[m], x[m], p[m], mixture)


@kernel
def mix_missed(size: Size, share: float, ahead: Forecast, mixture: Mixture) -> None:
    """Add a track's prediction to a mixture."""
    for m in range(len(ahead[2])):
        if ahead[2][m] > 0.0:
            mix(size, m, share * ahead[2][m], ahead[0][m], ahead[1][m], mixture)


@kernel
def negligible(existence: float) -> float:
    """Return the probability below which an alternative moves no track of some existence."""
    return min(NEGLIGIBLE, OF_FAINT * existence)


@kernel
def _gather(
    size: Size, motion: Motion, i: int, tracks: Bernoullis, at_s: float, left: float,
    pair_plot: I64, share: F64, plots: F64, bits: I64, view: View, work: Workspace,
    ahead: Forecast, spare: Spare, mixture: Mixture, least: float, changes: bool,
) -> None:  # fmt: skip
    """Gather the alternatives of one track at one time: missed, and updated with each plot."""
    _, _, mode_x, mode_p, mode_mu, time_s, _, at = tracks
    x, p, mu, since = mode_x[at[i]], mode_p[at[i]], mode_mu[at[i]], math.nan
    clear_mixture(mixture)
    for q in range(len(pair_plot)):
        if share[q] < least:
            continue
        j = pair_plot[q]
        dt = plots[j, P_TIME] - time_s[i]
        if dt != since:
            since = dt
            forecast(size, motion, x, p, mu, max(dt, 0.0), changes, ahead)
        if detected(size, ahead, min(dt, 0.0), plots[j], int(bits[j]), view, work, spare):
            further = at_s - time_s[i] - max(dt, 0.0)
            mix_detected(size, motion, share[q], further, ahead, spare, mixture)
    if left > least:
        if since != at_s - time_s[i]:
            forecast(size, motion, x, p, mu, at_s - time_s[i], changes, ahead)
        mix_missed(size, left, ahead, mixture)


@kernel
def update(
    size: Size, motion: Motion, tracks: Bernoullis, rows: I64, chance: F64,
    pairs: tuple[I64, I64, F64, F64], plots: F64, bits: I64, view: View, skipped: I64,
    fresh: int,
) -> tuple[I64, F64, int]:  # fmt: skip
    """Update the tracks that a look touched, in place.

    Parameters
    ----------
    size, motion, tracks, rows, chance, plots, bits, view
        As in ``kernels.gate.candidates``; ``tracks`` are copies to write into.
    pairs : tuple of arrays
        CSR starts (k + 1,), plots (p,), their probabilities (p,), probability of a miss (k,).
    skipped : I64
        Shape (k,): rows marked with 1 are left as they are.
    fresh : int
        Where modes are written: from this row on, so that none is written over, or -1: in place.

    Returns
    -------
    cause : I64
        Shape (m,): the track row that most likely caused each plot, -1 for none above one half.
    sure : F64
        Shape (m,): how probable that is.
    fresh : int
        The first row that modes have not been written into.
    """
    starts, pair_plot, share, share_missed = pairs
    state, covariance, mode_x, mode_p, mode_mu, time_s, existence, place = tracks
    cause, sure = np.full(len(plots), -1, dtype=np.int64), np.zeros(len(plots))
    modes = len(motion[0])
    work, ahead = workspace(size), forecast_space(size, modes)
    spare, mixture = spare_space(size, modes), mixture_space(size, modes)
    for k in range(len(rows)):
        if skipped[k] > 0:
            continue
        i, lo, hi = rows[k], starts[k], starts[k + 1]
        now, miss = chance[k, 0], chance[k, 2]
        left = share_missed[k] * now * (1.0 - miss) / (1.0 - now * miss)
        found, best, at_s = 0.0, lo, float(time_s[i])
        for q in range(lo, hi):
            found += share[q]
        existence[i] = min(max(left + found, 0.0), 1.0)
        least = negligible(left + found)
        for q in range(lo, hi):
            if share[q] > share[best]:
                best = q
            if share[q] >= least:
                at_s = max(at_s, float(plots[pair_plot[q], P_TIME]))
        if found < least:
            continue
        _gather(
            size, motion, i, tracks, at_s, left, pair_plot[lo:hi], share[lo:hi], plots, bits, view,
            work, ahead, spare, mixture, least, now > MODES_FROM,
        )  # fmt: skip
        a = place[i] if fresh < 0 else fresh
        if not match(size, mixture, mode_x[a], mode_p[a], mode_mu[a]):
            continue
        if fresh >= 0:
            place[i], fresh = fresh, fresh + 1
        combine(size, mode_x[a], mode_p[a], mode_mu[a], state[i], covariance[i])
        time_s[i] = at_s
        if share[best] > 0.5:
            cause[pair_plot[best]], sure[pair_plot[best]] = i, share[best]
    return cause, sure, fresh
