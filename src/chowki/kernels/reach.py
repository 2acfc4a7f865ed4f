"""Which tracks a look may touch, how surely it sees each, and what a detection leaves behind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.filter import P_RCS, P_TIME
from chowki.kernels.jit import kernel
from chowki.kernels.kalman import POSITION
from chowki.kernels.visibility import (
    L_COOPERATIVE,
    L_LIFETIME,
    L_MISS,
    L_PAIR_FLOOR,
    L_SILENT_ANSWER,
    sight,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

# Sensor position (3,), sensor axes (3, 3), station frame (4, 3), azimuths and elevations of the
# horizon mask, figures of the look (``kernels.visibility``).
Scene = tuple[F64, F64, F64, F64, F64, F64]
# Time of the existence, radar cross-section (dBsm), time of the last cooperative answer, each (n,);
# sensors that have contributed (n, 8), as bits.
Standing = tuple[F64, F64, F64, I64]
# Time of the last detection, number of detections, radar cross-section and its weight, time of
# the last cooperative answer (n,), sensors (n, 8) as bits, numbers of the last scans with a plot
# of its own (n, 12), time of confirmation, radar detections expected since the last.
History = tuple[F64, I64, F64, F64, F64, I64, I64, F64, F64]

# Columns of tracks in the order of ``picture.states.TrackStates``.
Columns = tuple[I64, F64, F64, F64, F64, F64, F64, F64, F64, F64, I64, I64, I64, F64, F64, F64, I64]
# Tracks that plots founded: plot (b,), existence, state, covariance.
Founded = tuple[I64, F64, F64, F64]

OWN_SCANS = 12
RCS_MEMORY = 30.0
# In sight with no more than this probability, a track that was never seen is not missed.
DOUBTFUL = 0.9


@kernel
def in_reach(
    state: F64, covariance: F64, time_s: F64, middle_s: float, bits: int, origin: F64,
    range_max_m: float,
) -> I64:  # fmt: skip
    """Return the tracks near enough for a look to touch: all of them when positions are reported.

    Six deviations and five kilometres are added to the reach of the look.
    """
    rows, k = np.empty(len(state), dtype=np.int64), 0
    reach = range_max_m + 5000.0
    for i in range(len(state)):
        dt = middle_s - time_s[i]
        dx = state[i, 0] + dt * state[i, 3] - origin[0]
        dy = state[i, 1] + dt * state[i, 4] - origin[1]
        beyond = math.sqrt(dx * dx + dy * dy) - reach
        near = beyond <= 0.0 or bits & POSITION != 0
        if not near:
            spread = covariance[i, 0, 0] + covariance[i, 1, 1]
            spread += dt * dt * (covariance[i, 3, 3] + covariance[i, 4, 4])
            near = beyond * beyond <= 36.0 * spread
        if near:
            rows[k] = i
            k += 1
    return rows[:k]


@kernel
def chances(
    state: F64, covariance: F64, time_s: F64, existence: F64, standing: Standing, rows: I64,
    scene: Scene, sensor: int, middle_s: float, end_s: float,
) -> F64:  # fmt: skip
    """Return existence now, P_D as it weighs on a pair and as it weighs on a miss, shape (k, 3).

    A sensor that has never seen a track, and may have it below its horizon, will go on not seeing
    it: one such miss is like the next, and together they say no more than the first. They count
    only as far as the track is in sight beyond doubt.

    Parameters
    ----------
    state, covariance, time_s, existence : F64
        Shapes (n, 6), (n, 6, 6), (n,), (n,).
    standing : Standing
        What else is known of the tracks.
    rows : I64
        Shape (k,): those in question.
    scene : Scene
        Sensor and look.
    sensor : int
        Number of the sensor.
    middle_s, end_s : float
        Middle and end of the look.
    """
    origin, axes, frame, mask_azimuth, mask_elevation, look = scene
    alive_s, rcs_dbsm, answered_s, sensor_bits = standing
    word, bit = (sensor >> 5) % sensor_bits.shape[1], 1 << (sensor & 31)
    stand = (origin, axes, frame, mask_azimuth, mask_elevation)
    out, here = np.empty((len(rows), 3)), np.empty(6)
    for k in range(len(rows)):
        i = rows[k]
        dt = middle_s - time_s[i]
        for s in range(3):
            here[s], here[s + 3] = state[i, s] + dt * state[i, s + 3], state[i, s + 3]
        visible, shown = sight(here, covariance[i], float(rcs_dbsm[i]), stand, look)
        seen = visible * shown
        pair, miss = seen, seen * look[L_MISS]
        if sensor_bits[i, word] & bit == 0:
            miss *= max(0.0, (visible - DOUBTFUL) / (1.0 - DOUBTFUL))
        if look[L_COOPERATIVE] > 0.0 and math.isnan(answered_s[i]):
            pair, miss = seen * look[L_SILENT_ANSWER], 0.0
        out[k, 0] = existence[i] * math.exp(min(0.0, alive_s[i] - end_s) / look[L_LIFETIME])
        out[k, 1], out[k, 2] = max(pair, look[L_PAIR_FLOOR]), miss
    return out


@kernel
def longer(columns: Columns, more: int) -> Columns:
    """Return copies of the columns of tracks with room for more rows at their end."""
    (
        track, time_s, state, covariance, existence, alive_s, first_s, confirmed_s, updated_s,
        answered_s, updates, sensor_bits, own, rcs, rcs_weight, unseen, mode_row,
    ) = columns  # fmt: skip
    return (
        _room(track, more), _room(time_s, more), _room_2(state, more), _room_3(covariance, more),
        _room(existence, more), _room(alive_s, more), _room(first_s, more),
        _room(confirmed_s, more), _room(updated_s, more), _room(answered_s, more),
        _room(updates, more), _room_2(sensor_bits, more), _room_2(own, more), _room(rcs, more),
        _room(rcs_weight, more), _room(unseen, more), _room(mode_row, more),
    )  # fmt: skip


@kernel
def _room(column: NDArray[Any], more: int) -> NDArray[Any]:
    out = np.empty(len(column) + more, dtype=column.dtype)
    out[: len(column)] = column
    return out


@kernel
def _room_2(column: NDArray[Any], more: int) -> NDArray[Any]:
    out = np.empty((len(column) + more, column.shape[1]), dtype=column.dtype)
    out[: len(column)] = column
    return out


@kernel
def _room_3(column: NDArray[Any], more: int) -> NDArray[Any]:
    out = np.empty((len(column) + more, column.shape[1], column.shape[2]), dtype=column.dtype)
    out[: len(column)] = column
    return out


@kernel
def found(
    columns: Columns, founded: Founded, plots: F64, mode_row: I64, first_track: int, sensor: int,
    scan: int, cooperative: bool,
) -> None:  # fmt: skip
    """Write the tracks that plots founded into the last rows of the columns.

    Parameters
    ----------
    columns : Columns
        Written.
    founded : Founded
        The new tracks.
    plots : F64
        Shape (m, P_WIDTH).
    mode_row : I64
        Shape (b,): where their modes of motion stand.
    first_track : int
        Number of the first of them.
    sensor, scan : int
        Number of the sensor; running number of the scan at the station.
    cooperative : bool
        Whether plots are the targets' own reports.
    """
    (
        track, time_s, state, covariance, existence, alive_s, first_s, confirmed_s, updated_s,
        answered_s, updates, sensor_bits, own, rcs, rcs_weight, unseen, modes,
    ) = columns  # fmt: skip
    chosen, exists, x, p = founded
    first = len(track) - len(chosen)
    for b in range(len(chosen)):
        i, at_s, echo = first + b, plots[chosen[b], P_TIME], plots[chosen[b], P_RCS]
        track[i], modes[i], updates[i] = first_track + b, mode_row[b], 1
        time_s[i] = alive_s[i] = first_s[i] = updated_s[i] = at_s
        state[i], covariance[i], existence[i] = x[b], p[b], exists[b]
        confirmed_s[i], answered_s[i] = math.nan, at_s if cooperative else math.nan
        sensor_bits[i], own[i] = 0, -1
        sensor_bits[i, (sensor >> 5) % sensor_bits.shape[1]] = 1 << (sensor & 31)
        own[i, 0] = scan
        rcs[i], rcs_weight[i] = echo, 0.0 if math.isnan(echo) else 1.0
        unseen[i] = 0.0


@kernel
def spread_beyond(covariance: F64, dt_s: F64, most_m2: float) -> NDArray[np.bool_]:
    """Return which tracks will be less certain on the ground than a bound (or not finite), (n,).

    Parameters
    ----------
    covariance : F64
        Shape (n, S, S).
    dt_s : F64
        Shape (n,): how far ahead.
    most_m2 : float
        Bound on the variance of the horizontal position, both axes together.
    """
    out = np.empty(len(dt_s), dtype=np.bool_)
    for i in range(len(dt_s)):
        p, dt = covariance[i], dt_s[i]
        spread = p[0, 0] + p[1, 1] + 2.0 * dt * (p[0, 3] + p[1, 4])
        spread += dt * dt * (p[3, 3] + p[4, 4])
        out[i] = not spread <= most_m2
    return out


@kernel
def met(rows: I64, chance: F64, pairs: tuple[I64, I64, F64]) -> tuple[I64, F64, I64]:
    """Return the tracks that a look tells something of: a plot is near, or one was expected.

    Parameters
    ----------
    rows, chance : I64, F64
        Shapes (k,), (k, 3): as ``chances`` takes and returns them; existence 0 stays as well.
    pairs : tuple of arrays
        CSR starts (k + 1,), plots, weights of these rows.

    Returns
    -------
    rows, chance, starts : I64, F64, I64
        The same for the rows that stay.
    """
    starts, k = pairs[0], 0
    left, seen = np.empty(len(rows), dtype=np.int64), np.empty((len(rows), 3))
    found = np.zeros(len(rows) + 1, dtype=np.int64)
    for i in range(len(rows)):
        if starts[i + 1] > starts[i] or chance[i, 2] > 0.0 or chance[i, 0] == 0.0:
            left[k], seen[k], found[k + 1] = rows[i], chance[i], starts[i + 1]
            k += 1
    return left[:k].copy(), seen[:k].copy(), found[: k + 1].copy()


@kernel
def credit(
    history: History, standing: tuple[F64, F64, F64], rows: I64, expected: F64, cause: I64,
    sure: F64, plots: F64, sensor: int, scan: int, cooperative: bool, end_s: float,
    confirm_existence: float, confirm_updates: int,
) -> None:  # fmt: skip
    """Write the history of tracks that a look touched or that very likely caused its plots.

    Parameters
    ----------
    history : History
        Written.
    standing : tuple of F64
        Shape (n,): time of the existence (written), existence, time of the state.
    rows : I64
        Shape (k,): tracks that the look touched.
    expected : F64
        Shape (k,): how probably a radar was to detect each; empty for what is no radar.
    cause, sure : I64, F64
        Shape (m,): row of the track that caused each plot, -1 for none, and how probably.
    plots : F64
        Shape (m, P_WIDTH).
    sensor, scan : int
        Number of the sensor; running number of the scan at the station.
    cooperative : bool
        Whether plots are the targets' own reports.
    end_s : float
        End of the look.
    confirm_existence, confirm_updates : float, int
        From when on a track is confirmed.
    """
    updated_s, updates, rcs, rcs_weight, answered_s, sensor_bits, own, confirmed_s, unseen = history
    alive_s, existence, time_s = standing
    for k in range(len(expected)):
        unseen[rows[k]] += expected[k]
    for j in range(len(cause)):
        i, row = cause[j], plots[j]
        if i < 0:
            continue
        updated_s[i] = max(updated_s[i], row[P_TIME])
        updates[i] += 1
        sensor_bits[i, (sensor >> 5) % sensor_bits.shape[1]] |= 1 << (sensor & 31)
        for k in range(OWN_SCANS - 1, 0, -1):
            own[i, k] = own[i, k - 1]
        own[i, 0] = scan
        if len(expected) > 0:
            unseen[i] = 0.0
        if cooperative:
            answered_s[i] = row[P_TIME]
        if not math.isnan(row[P_RCS]):
            rcs_weight[i] = min(rcs_weight[i] + sure[j], RCS_MEMORY)
            before = row[P_RCS] if math.isnan(rcs[i]) else rcs[i]
            rcs[i] = before + (row[P_RCS] - before) * sure[j] / max(rcs_weight[i], 1.0)
    for i in rows:
        alive_s[i] = max(alive_s[i], end_s)
        sure_now = existence[i] >= confirm_existence and updates[i] >= confirm_updates
        if sure_now and math.isnan(confirmed_s[i]):
            confirmed_s[i] = time_s[i]
