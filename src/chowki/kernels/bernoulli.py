"""Update and birth of Bernoulli tracks: existence, state and covariance after a scan (TOMB/P).

Williams 2015, "Marginal multi-Bernoulli filters: RFS derivation of MHT, JIPDA, and
association-based MeMBer", IEEE TAES 51(3): each track is the moment match of its missed and
detected alternatives; each plot may found a new track.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.gate import P_BIRTH, P_LOG_C, P_RCS, P_TIME, P_VALUE, P_VARIANCE, Scene
from chowki.kernels.geodesy import MEAN_RADIUS_M
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import (
    ELEVATION,
    POSITION,
    RANGE_RATE,
    VELOCITY,
    Workspace,
    correct,
    innovate,
    workspace,
)
from chowki.kernels.measure import from_sensor, position_of
from chowki.kernels.motion import predict, vertical_near
from chowki.kernels.visibility import (
    L_COOPERATIVE,
    L_EARTH_FACTOR,
    L_Q_HORIZONTAL,
    L_Q_VERTICAL,
    L_SENSOR_HEIGHT,
    L_TIMING,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

NEGLIGIBLE = 1e-3
RCS_MEMORY = 30.0
OWN_SCANS = 4
# What a new track is given, one vector.
B_SMALL_DBSM, B_SMALL_SPEED, B_LARGE_SPEED, B_CLIMB = 0, 1, 2, 3
B_SMALL_HEIGHT, B_SMALL_HEIGHT_SD, B_LARGE_HEIGHT, B_LARGE_HEIGHT_SD = 4, 5, 6, 7
B_FLOOR, B_WIDTH = 8, 9

Kept = tuple[F64, F64, F64, F64, F64, F64, I64, F64, F64, F64, I64, I64, F64]
Weighed = tuple[I64, I64, I64, F64, F64, F64, F64]
Mixture = tuple[F64, F64, F64, F64]


@kernel
def _mix(weight: float, x: F64, p: F64, mixture: Mixture) -> None:
    """Add an alternative to a mixture: weights, means and second moments about the first mean."""
    total, mean, second, anchor = mixture
    if total[0] == 0.0:
        anchor[:] = x
    total[0] += weight
    for i in range(6):
        di = x[i] - anchor[i]
        mean[i] += weight * di
        for j in range(i + 1):
            second[i, j] += weight * (p[i, j] + di * (x[j] - anchor[j]))


@kernel
def _match(mixture: Mixture, out_x: F64, out_p: F64) -> bool:
    """Write mean and covariance of a mixture; False (nothing written) unless both are finite."""
    total, mean, second, anchor = mixture
    check = 0.0
    for i in range(6):
        mean[i] /= total[0]
    for i in range(6):
        check += mean[i] + anchor[i]
        for j in range(i + 1):
            second[i, j] = second[i, j] / total[0] - mean[i] * mean[j]
            check += second[i, j]
    if not math.isfinite(check):
        return False
    for i in range(6):
        out_x[i] = anchor[i] + mean[i]
        for j in range(i + 1):
            out_p[i, j] = out_p[j, i] = second[i, j]
    return True


@kernel
def _blend(
    x: F64, p: F64, time_s: float, at_s: float, share_missed: float, pairs: tuple[I64, F64],
    plots: F64, bits: I64, scene: Scene, work: Workspace, spare: tuple[F64, F64, F64, F64],
    mixture: Mixture,
) -> None:  # fmt: skip
    """Gather the alternatives of one track at one time: missed, and updated with each plot."""
    origin, axes, _, _, _, look, _ = scene
    qh, qv = look[L_Q_HORIZONTAL], look[L_Q_VERTICAL]
    new_x, new_p, at_x, at_p = spare
    mixture[0][0] = 0.0
    mixture[1][:] = 0.0
    mixture[2][:] = 0.0
    pair_plot, share = pairs
    for k in range(len(pair_plot)):
        if share[k] < NEGLIGIBLE:
            continue
        row = plots[pair_plot[k]]
        dt = row[P_TIME] - time_s
        m, wide, _, _ = innovate(
            x, p, dt, int(bits[pair_plot[k]]), row[P_VALUE:P_VARIANCE], row[P_VARIANCE:P_LOG_C],
            origin, axes, qh, qv, look[L_TIMING], work,
        )  # fmt: skip
        correct(m, wide, work, new_x, new_p)
        ahead = at_s - time_s - max(dt, 0.0)
        if ahead > 0.0:
            predict(new_x, new_p, ahead, qh, qv, at_x, at_p)
            _mix(share[k], at_x, at_p, mixture)
        else:
            _mix(share[k], new_x, new_p, mixture)
    if share_missed > NEGLIGIBLE:
        predict(x, p, at_s - time_s, qh, qv, at_x, at_p)
        _mix(share_missed, at_x, at_p, mixture)


@kernel
def _credit(
    i: int, plot: int, share: float, at_s: float, row: F64, sensor: int, scan: int,
    cooperative: bool, kept: Kept,
) -> None:  # fmt: skip
    """Write the history of a track that very likely caused a plot."""
    _, _, _, _, _, updated_s, updates, rcs, rcs_weight, answered_s, sensor_bits, own, _ = kept
    updated_s[i] = max(updated_s[i], at_s)
    updates[i] += 1
    sensor_bits[i, (sensor >> 5) % sensor_bits.shape[1]] |= 1 << (sensor & 31)
    for k in range(OWN_SCANS - 1, 0, -1):
        own[i, k] = own[i, k - 1]
    own[i, 0] = scan
    if cooperative:
        answered_s[i] = at_s
    if not math.isnan(row[P_RCS]):
        rcs_weight[i] = min(rcs_weight[i] + share, RCS_MEMORY)
        before = row[P_RCS] if math.isnan(rcs[i]) else rcs[i]
        rcs[i] = before + (row[P_RCS] - before) * share / max(rcs_weight[i], 1.0)


@kernel
def update(
    kept: Kept, weighed: Weighed, plots: F64, bits: I64, scene: Scene, end_s: float, sensor: int,
    scan: int, confirm: tuple[float, int],
) -> I64:  # fmt: skip
    """Update the tracks that a look touched, in place.

    Parameters
    ----------
    kept : tuple of arrays
        Copies to write into: state (n, 6), covariance (n, 6, 6), validity time, existence, time
        of existence, time of the last detection, number of detections, radar cross-section
        (dBsm) and its weight, time of the last cooperative answer, sensors (n, 8) as bits, numbers
        of the last scans with a plot of its own (n, 4), time of confirmation.
    weighed : tuple of arrays
        Rows (k,), CSR starts (k + 1,), plots (p,), their probabilities (p,), probability of a
        miss (k,), w_i0 (k,), existence now (k,).
    plots, bits, scene
        As in ``kernels.gate.candidates``.
    end_s : float
        End of the look: existence is valid then.
    sensor, scan : int
        Number of the sensor; running number of the scan at the station.
    confirm : tuple of float and int
        Existence and number of detections from which a track is confirmed.

    Returns
    -------
    I64
        Shape (m,): the track row that most likely caused each plot, -1 for none above one half.
    """
    rows, starts, pair_plot, share, share_missed, missed, now = weighed
    state, covariance, time_s, existence, alive_s = kept[0], kept[1], kept[2], kept[3], kept[4]
    confirmed_s, updates = kept[12], kept[6]
    cause = np.full(len(plots), -1, dtype=np.int64)
    work, mixture = workspace(), (np.empty(1), np.empty(6), np.empty((6, 6)), np.empty(6))
    spare = (np.empty(6), np.empty((6, 6)), np.empty(6), np.empty((6, 6)))
    for k in range(len(rows)):
        i, lo, hi = rows[k], starts[k], starts[k + 1]
        left = share_missed[k] * max(now[k] - (1.0 - missed[k]), 0.0) / missed[k]
        found, best, at_s = 0.0, lo, float(time_s[i])
        for q in range(lo, hi):
            found += share[q]
            if share[q] > share[best]:
                best = q
            if share[q] >= NEGLIGIBLE:
                at_s = max(at_s, float(plots[pair_plot[q], P_TIME]))
        existence[i] = min(max(left + found, 0.0), 1.0)
        alive_s[i] = max(alive_s[i], end_s)
        if found < NEGLIGIBLE:
            continue
        pairs = (pair_plot[lo:hi], share[lo:hi])
        _blend(
            state[i], covariance[i], float(time_s[i]), at_s, left, pairs, plots, bits, scene, work,
            spare, mixture,
        )  # fmt: skip
        if not _match(mixture, state[i], covariance[i]):
            continue
        time_s[i] = at_s
        if share[best] > 0.5:
            j = pair_plot[best]
            cause[j] = i
            cooperative = scene[5][L_COOPERATIVE] > 0.0
            _credit(i, j, share[best], plots[j, P_TIME], plots[j], sensor, scan, cooperative, kept)
        sure = existence[i] >= confirm[0] and updates[i] >= confirm[1]
        if sure and math.isnan(confirmed_s[i]):
            confirmed_s[i] = at_s
    return cause


@kernel
def _height_prior(row: F64, slant: float, scene: Scene, prior: F64) -> tuple[float, float]:
    """Return elevation and its standard deviation for a plot without one, from a height prior."""
    look = scene[5]
    small = row[P_RCS] < prior[B_SMALL_DBSM]
    height = prior[B_SMALL_HEIGHT] if small else prior[B_LARGE_HEIGHT]
    sd = prior[B_SMALL_HEIGHT_SD] if small else prior[B_LARGE_HEIGHT_SD]
    radius = look[L_EARTH_FACTOR] * MEAN_RADIUS_M
    beyond = max(0.0, slant - math.sqrt(2.0 * radius * max(look[L_SENSOR_HEIGHT], 0.0)))
    height = max(height, 0.5 * beyond * beyond / radius + 0.5 * sd)
    rise = height - look[L_SENSOR_HEIGHT] - 0.5 * slant * slant / MEAN_RADIUS_M
    return math.asin(min(1.0, max(-1.0, rise / slant))), sd / slant


@kernel
def _place(row: F64, bits: int, scene: Scene, prior: F64, x: F64, p: F64) -> None:
    """Write position and its covariance of a new track from its plot alone."""
    origin, axes = scene[0], scene[1]
    if bits & POSITION:
        for i in range(3):
            x[i] = row[P_VALUE + 4 + i]
            p[i, i] = row[P_VARIANCE + 4 + i]
        return
    slant, azimuth = row[P_VALUE], row[P_VALUE + 1]
    elevation, sd = row[P_VALUE + 2], math.sqrt(row[P_VARIANCE + 2])
    if bits & ELEVATION == 0:
        elevation, sd = _height_prior(row, slant, scene, prior)
    x[0], x[1], x[2] = position_of(origin, axes, slant, azimuth, elevation)
    se, ce, sa, ca = math.sin(elevation), math.cos(elevation), math.sin(azimuth), math.cos(azimuth)
    along = from_sensor(axes, ce * sa, ce * ca, se)
    across = from_sensor(axes, ca, -sa, 0.0)
    upward = from_sensor(axes, -se * sa, -se * ca, ce)
    cross = row[P_VARIANCE + 1] * (slant * ce) ** 2
    for i in range(3):
        for j in range(3):
            p[i, j] = (
                row[P_VARIANCE] * along[i] * along[j]
                + cross * across[i] * across[j]
                + (sd * slant) ** 2 * upward[i] * upward[j]
            )


@kernel
def _set_going(
    row: F64, bits: int, scene: Scene, prior: F64, x: F64, p: F64, work: Workspace
) -> None:
    """Write velocity and its covariance of a new track: reported, or a prior and the range rate."""
    if bits & VELOCITY:
        for i in range(3):
            x[3 + i] = row[P_VALUE + 7 + i]
            p[3 + i, 3 + i] = row[P_VARIANCE + 7 + i]
        return
    small = row[P_RCS] < prior[B_SMALL_DBSM]
    sd = prior[B_SMALL_SPEED] if small else prior[B_LARGE_SPEED]
    ux, uy, uz = vertical_near(x)
    up = (ux, uy, uz)
    for i in range(3):
        p[3 + i, 3 + i] = sd * sd
        for j in range(3):
            p[3 + i, 3 + j] += (prior[B_CLIMB] ** 2 - sd * sd) * up[i] * up[j]
    if bits & RANGE_RATE:
        m, wide, _, _ = innovate(
            x, p, 0.0, RANGE_RATE, row[P_VALUE:P_VARIANCE], row[P_VARIANCE:P_LOG_C], scene[0],
            scene[1], 0.0, 0.0, 0.0, work,
        )  # fmt: skip
        correct(m, wide, work, x, p)


@kernel
def births(
    plots: F64, bits: I64, new_probability: F64, scene: Scene, prior: F64
) -> tuple[I64, F64, F64, F64]:
    """Return the tracks that plots found: plot (b,), existence (b,), state, covariance.

    Parameters
    ----------
    plots, bits, scene
        As in ``kernels.gate.candidates``.
    new_probability : F64
        Shape (m,): probability that a plot came from no existing track.
    prior : F64
        Shape (9,): columns ``B_...``.
    """
    chosen, existence = np.empty(len(plots), dtype=np.int64), np.empty(len(plots))
    size = 0
    for j in range(len(plots)):
        existence[size] = plots[j, P_BIRTH] * new_probability[j]
        if existence[size] >= prior[B_FLOOR]:
            chosen[size] = j
            size += 1
    state, covariance, work = np.zeros((size, 6)), np.zeros((size, 6, 6)), workspace()
    for b in range(size):
        row, slots = plots[chosen[b]], int(bits[chosen[b]])
        _place(row, slots, scene, prior, state[b], covariance[b])
        _set_going(row, slots, scene, prior, state[b], covariance[b], work)
    return chosen[:size], existence[:size].copy(), state, covariance
