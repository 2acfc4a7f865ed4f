"""Registration: the range, azimuth, elevation and time bias of every sensor, from shared targets.

Scans leave plots of sure tracks in windows; ticks close the windows and take them into one filter
over all biases (``kernels.registration``, ``kernels.biases``). What is known of a sensor is taken
off its plots before the tracker sees them, and what is not known is allowed for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.biases import JUMPED, LIMITS, USED, absorb, spaced
from chowki.kernels.plots import STRONGEST, WEAKEST
from chowki.kernels.registration import BIASES
from chowki.picture.biases import (
    Biases,
    Registration,
    RegistrationParameters,
    Waiting,
    couplings_of,
    joint_covariance,
    prior_of,
    row_of,
)

POSITION = int(Measures.POSITION)
PLACING = int(Measures.RANGE | Measures.AZIMUTH | Measures.ELEVATION) | POSITION
USUAL_SIGMA = (30.0, 0.01, 0.01)
SENSORS_A_WINDOW = 2
# Windows that are due wait this long for others, or until there are so many.
TOGETHER_S, TOGETHER = 2.0, 16


@dataclass(frozen=True, slots=True)
class Flights:
    """The columns of tracks that registration needs, row by row.

    Attributes
    ----------
    track : I64
        Shape (n,): numbers, ascending.
    time_s, existence : F64
        Shape (n,).
    state, covariance : F64
        Shapes (n, 6), (n, 6, 6), station frame.
    """

    track: I64
    time_s: F64
    existence: F64
    state: F64
    covariance: F64


def noted(
    registration: Registration, flights: Flights, scan: Scan, rows: I64, detections: I64,
    share: F64, clock_s: float, p: RegistrationParameters,
) -> Registration:  # fmt: skip
    """Return the registration with the plots of a scan that sure tracks caused, in open windows.

    Parameters
    ----------
    registration : Registration
        Before.
    flights : Flights
        Tracks after the scan.
    scan : Scan
        As the sensor delivered it, nothing taken off.
    rows, detections, share : I64, I64, F64
        Gated pairs: row of the track, row of the detection, probability that it caused it.
    clock_s : float
        What is already known to be wrong with the sensor's clock and not part of its bias.
    p : RegistrationParameters
        Thresholds.
    """
    if not p.enabled or not int(scan.sensor.measures) & PLACING or not len(rows):
        return registration
    sure = flights.existence >= p.existence
    stride = max(1, -(-int(np.count_nonzero(sure)) // p.tracks))
    turn = int(scan.time_s // 60.0) if math.isfinite(scan.time_s) else 0
    chosen = (share >= p.share) & sure[rows] & ((flights.track[rows] + turn) % stride == 0)
    picked = np.flatnonzero(chosen)
    if not len(picked):
        return registration
    registration, row = _with_sensor(registration, scan.sensor, p)
    fresh = _plots(scan, detections[picked], flights.track[rows[picked]], row, clock_s, p)
    return changed(registration, waiting=(*registration.waiting, fresh))


def _with_sensor(
    registration: Registration, sensor: Sensor, p: RegistrationParameters
) -> tuple[Registration, int]:
    """Return the registration with a row for a sensor, where it stands now, and that row."""
    b, row = registration.biases, row_of(registration, sensor.number)
    if row >= 0:
        return registration, row
    n, prior = len(b), prior_of(sensor, p)
    one = Biases(
        np.array([sensor.number]), sensor.position_m[None, :].astype(np.float64),
        sensor.axes[None].astype(np.float64), np.zeros((1, BIASES)), prior[None],
        np.zeros((1, BIASES)), np.zeros((1, BIASES, BIASES)), np.zeros(1), np.full(1, np.nan),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    joint = np.zeros((BIASES * (n + 1), BIASES * (n + 1)))
    joint[: BIASES * n, : BIASES * n] = joint_covariance(registration)
    joint[BIASES * n :, BIASES * n :] = np.diag(prior)
    biases = Biases.concat([b, one])
    return changed(registration, biases=biases, couplings=couplings_of(biases, joint)), n


def _plots(
    scan: Scan, at: I64, track: I64, row: int, clock_s: float, p: RegistrationParameters
) -> Waiting:
    """Return plots of a scan as a window holds them; those with a hole are left out."""
    d, sensor, k = scan.detections, scan.sensor, len(at)
    bits = int(sensor.measures) & PLACING
    if bits & POSITION:
        bits = POSITION
        columns = (d.east_m, d.north_m, d.up_m)
        stated = np.where(np.isnan(d.sigma_m[at]), sensor.sigma_position_m, d.sigma_m[at])
        variances = np.repeat(stated[:, None] ** 2, 3, axis=1)
    else:
        columns = (d.range_m, d.azimuth_rad, d.elevation_rad)
        stated = (sensor.sigma_range_m, sensor.sigma_azimuth_rad, sensor.sigma_elevation_rad)
        usual = zip(stated, USUAL_SIGMA, strict=True)
        variances = np.tile([(s if s > 0 else u) ** 2 for s, u in usual], (k, 1))
        variances *= _echoes(sensor, d.snr_db[at], p)[:, None]
    values = np.stack([column[at] for column in columns], axis=1)
    wanted = [bool(bits & (1 << s)) or bits == POSITION for s in range(3)]
    whole = np.isfinite(values[:, wanted]).all(axis=1) & np.isfinite(d.time_s[at])
    plots = Waiting(
        track, np.full(k, row), d.time_s[at] - clock_s, np.full(k, bits), values, variances
    )
    return plots if whole.all() else plots.take(whole)


def _echoes(sensor: Sensor, snr_db: F64, p: RegistrationParameters) -> F64:
    """Return how much wider variances of echoes are than stated (``kernels.plots.echo_factor``)."""
    if not sensor.reference_range_m > 0.0 or not 0.0 < sensor.detection_probability < 1.0:
        return np.ones(len(snr_db))
    false_alarm = math.log(p.false_alarm_probability)
    stated = false_alarm / math.log(sensor.detection_probability) - 1.0
    factor = np.clip(stated / 10.0 ** (0.1 * snr_db), STRONGEST, WEAKEST)
    return np.where(np.isfinite(snr_db), factor, 1.0)


def estimated(
    registration: Registration, flights: Flights, time_s: float, p: RegistrationParameters
) -> Registration:
    """Return the registration at a time: windows that are due are closed and taken in.

    Parameters
    ----------
    registration : Registration
        Before.
    flights : Flights
        Tracks as they are now: where a window's flight is looked for first.
    time_s : float
        UTC seconds.
    p : RegistrationParameters
        Prior, memory, thresholds.
    """
    if not registration.waiting:
        return registration
    w = Waiting.concat(list(registration.waiting))
    numbers, inverse = np.unique(w.track, return_inverse=True)
    oldest = np.full(len(numbers), np.inf)
    np.minimum.at(oldest, inverse, w.time_s)
    overdue_s = time_s - p.span_s - p.wait_s - oldest
    due = overdue_s >= 0.0
    if not due.any() or (overdue_s.max() < TOGETHER_S and due.sum() < TOGETHER):
        return registration
    taken = due[inverse]
    at = np.minimum(np.searchsorted(flights.track, numbers), max(len(flights.track) - 1, 0))
    alive = flights.track[at] == numbers if len(flights.track) else np.zeros(len(at), np.bool_)
    sensors = _sensors_of(w, inverse, len(numbers))
    useful = due & alive & (sensors >= SENSORS_A_WINDOW)
    left = changed(registration, waiting=(w.take(~taken),))
    if not useful.any():
        return left
    return _taken_in(left, w.take(useful[inverse]), flights, time_s, p)


def _sensors_of(w: Waiting, inverse: I64, tracks: int) -> I64:
    """Return how many sensors speak in the window of each track."""
    pairs = np.unique(inverse * (w.row.max() + 1) + w.row)
    return np.bincount(pairs // (w.row.max() + 1), minlength=tracks)


def _taken_in(
    registration: Registration, w: Waiting, flights: Flights, time_s: float,
    p: RegistrationParameters,
) -> Registration:  # fmt: skip
    """Return the registration with closed windows taken in, in the order of their tracks."""
    w = w.take(np.lexsort((w.time_s, w.row, w.track)))
    w = w.take(spaced(w.track, w.row, w.time_s, p.spacing_s))
    numbers, first, count = np.unique(w.track, return_index=True, return_counts=True)
    starts = np.append(first, len(w)).astype(np.int64)
    oldest, newest = (f.reduceat(w.time_s, first) for f in (np.minimum, np.maximum))
    middle = 0.5 * (oldest + newest)
    about, height_sd = _guesses(flights, np.searchsorted(flights.track, numbers), middle)
    b, dt_s = registration.biases, time_s - registration.updated_s
    joint, bias = _wandered(joint_covariance(registration), b, dt_s, p), _faded(b.bias, dt_s, p)
    doubts = _doubts(b, dt_s, p)
    outcome, named, _, _ = absorb(
        starts,
        (w.time_s - np.repeat(middle, count), w.row, w.bits, w.values, w.variances),
        (b.origin_m, b.axes, bias, b.prior), about, height_sd, joint, doubts, _limits(p),
    )  # fmt: skip
    jumped_s, windows = b.jumped_s.copy(), b.windows.copy()
    jumped_s[named[outcome == JUMPED]] = time_s
    window = np.repeat(np.arange(len(count)), count)
    used = outcome[window] == USED
    np.add.at(windows, np.unique(np.stack([window[used], w.row[used]]), axis=1)[1], 1)
    pull, weight, ratio = doubts
    biases = changed(
        b, bias=bias, pull=pull, weight=weight, ratio=ratio, jumped_s=jumped_s, windows=windows
    )
    return changed(
        registration, biases=biases, couplings=couplings_of(biases, joint), updated_s=time_s
    )


def _doubts(b: Biases, dt_s: float, p: RegistrationParameters) -> tuple[F64, F64, F64]:
    """Return the evidence for jumps, faded by the time since it was gathered."""
    kept = math.exp(-dt_s / p.jump_memory_s) if 0.0 < dt_s < math.inf else 1.0
    return kept * b.pull, kept * b.weight, b.ratio.copy()


def _guesses(flights: Flights, at: I64, time_s: F64) -> tuple[F64, F64]:
    """Return where tracks were at some times, and how well their height is known."""
    about = flights.state[at].copy()
    about[:, :3] += (time_s - flights.time_s[at])[:, None] * about[:, 3:]
    return about, 2.0 * np.sqrt(flights.covariance[at, 2, 2]) + 300.0


def _wandered(joint: F64, b: Biases, dt_s: float, p: RegistrationParameters) -> F64:
    """Return the covariance after a time: biases wander, never farther than their prior."""
    if not math.isfinite(dt_s) or dt_s <= 0.0:
        return joint
    kept = math.exp(-2.0 * dt_s / p.memory_s)
    joint *= kept
    joint[np.diag_indices(len(joint))] += (1.0 - kept) * b.prior.ravel()
    return joint


def _faded(bias: F64, dt_s: float, p: RegistrationParameters) -> F64:
    return bias * (math.exp(-dt_s / p.memory_s) if 0.0 < dt_s < math.inf else 1.0)


def _limits(p: RegistrationParameters) -> F64:
    limits = np.empty(LIMITS)
    limits[:] = (
        p.acceleration_horizontal_m2ps3, p.acceleration_vertical_m2ps3, p.surprise, p.jump,
        p.ratio_step, p.ratio_flag, p.ratio_lead,
    )  # fmt: skip
    return limits
