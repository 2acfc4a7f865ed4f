"""What is known of the sensors themselves, and what follows from it for their plots.

Three calls: ``corrected`` before the tracker takes a scan, ``learned`` after, ``ticked`` once a
second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Scan
from chowki.core.places import Measures, Sensor
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.filter import P_BIRTH, P_LOG_C
from chowki.kernels.health import T_CLAIMED, T_FROM, T_PLOTS, T_RATE, T_SHAPE, T_SPAN
from chowki.kernels.measure import TWO_PI
from chowki.kernels.plots import RAW_TIME, RAW_VALUE
from chowki.kernels.registration import B_TIME, BIASES
from chowki.kernels.shift import agreed, common_shift, nearest
from chowki.picture.biases import Registration, RegistrationParameters, allowance, bias_of, shifted
from chowki.picture.conditions import Fault, Health, HealthParameters
from chowki.picture.health import Examined, examined, flagged, judged, overlooked
from chowki.picture.registration import PLACING, USUAL_SIGMA, Flights, estimated, noted

POSITION, PLACED = int(Measures.POSITION), int(Measures.RANGE | Measures.POSITION)
# A clock that is less sure than this counts for little until it is found.
DOUBT_S = 0.3
STROBE, STUCK, JUMPED = int(Fault.STROBE), int(Fault.STUCK), int(Fault.BIAS)
# Existence of a track that a plot may be said to come from.
SURE = 0.5
# A jump that put plots out of their gates: how far it may be, how many plots must agree on it,
# within which squared distance, and with how few of the usual tracks still seen it is looked for.
REACH_M, ENOUGH, AGREE, MISSING = 2_000.0, 3, 16.0, 0.6
# Tracks share errors: what they say of a jump counts for a quarter.
TRUSTED = 0.25
# Pairs of a look that are compared: more add nothing.
PAIRS_MAX = 200


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What is known of the sensors themselves.

    Attributes
    ----------
    registration : Registration
        Their biases.
    health : Health
        Their condition.
    """

    registration: Registration = field(default_factory=Registration)
    health: Health = field(default_factory=Health)


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do with one scan before it meets the tracks.

    Attributes
    ----------
    bias : F64
        Shape (4,): to be taken off range (m), azimuth, elevation (rad) and every time (s).
    variance : F64
        Shape (3,): to be added to the stated variances of range, azimuth, elevation.
    timing_s : float
        Standard deviation of what is left of the clock's offset.
    clutter : float
        False plots expected in this look, in place of the stated number.
    miss_factor : float
        What an absent plot of this look counts, in [0, 1].
    use : NDArray
        Shape (m,), bool: detections to use; the others are copies.
    factor : F64
        Shape (m,): how much denser false plots are about each detection than elsewhere.
    strobe_from_rad, strobe_span_rad : float
        Azimuths in which an absent plot says nothing; a span of 0 for none.
    examined : Examined
        What the look showed, for ``learned``.
    """

    bias: F64
    variance: F64
    timing_s: float
    clutter: float
    miss_factor: float
    use: NDArray[np.bool_]
    factor: F64
    strobe_from_rad: float
    strobe_span_rad: float
    examined: Examined

    @property
    def says_nothing(self) -> bool:
        """Return whether all plots of the look are copies: it is no look then, not an empty one."""
        return len(self.use) > 0 and not self.use.any()


def corrected(
    upkeep: Upkeep, scan: Scan, registration: RegistrationParameters, health: HealthParameters
) -> tuple[Upkeep, Correction]:
    """Return what is known of the sensors after a first sight of a scan, and what follows.

    Parameters
    ----------
    upkeep : Upkeep
        Before.
    scan : Scan
        As the sensor delivered it.
    registration, health : RegistrationParameters, HealthParameters
        Assumptions.
    """
    known, seen = examined(upkeep.health, scan, health)
    bias, variance = bias_of(upkeep.registration, scan.sensor, registration)
    bias, variance = bias.copy(), allowance(variance, registration)
    bias[B_TIME] += seen.clock_s
    factor, strobe = np.ones(len(seen.plots)), (0.0, 0.0)
    if seen.faults & STROBE:
        strobe = _strobe(known.conditions.traffic[seen.row], scan, seen, factor)
    doubt = 0.3 if seen.doubt_s > DOUBT_S or seen.faults & JUMPED else 1.0
    return changed(upkeep, health=known), Correction(
        bias,
        variance[:B_TIME],
        float(np.sqrt(variance[B_TIME] + seen.doubt_s**2)),
        seen.clutter,
        0.0 if seen.stale or seen.faults & STUCK else doubt,
        seen.use,
        factor,
        *strobe,
        seen,
    )


def _strobe(traffic: F64, scan: Scan, seen: Examined, factor: F64) -> tuple[float, float]:
    """Write how much denser false plots are in a strobe; return where it begins and its width."""
    begins, span = float(traffic[T_FROM]), float(traffic[T_SPAN])
    within = (seen.plots[:, 2] - begins) % TWO_PI <= span
    usual = traffic[T_SHAPE] / traffic[T_RATE] * span / scan.volume.azimuth_span_rad
    factor[within] = 1.0 + traffic[T_PLOTS] / max(usual, 1e-3)
    return begins, span


def learned(
    upkeep: Upkeep, scan: Scan, correction: Correction, before: Flights, after: Flights,
    caused: tuple[I64, I64], pairs: tuple[I64, I64, F64],
    registration: RegistrationParameters, health: HealthParameters,
) -> Upkeep:  # fmt: skip
    """Return what is known of the sensors after the tracker took a scan.

    Parameters
    ----------
    upkeep : Upkeep
        As ``corrected`` left it.
    scan : Scan
        As the sensor delivered it.
    correction : Correction
        As ``corrected`` returned it.
    before, after : Flights
        Tracks before and after the scan; new ones stand behind the others.
    caused : tuple of I64
        Rows of the usable detections; row of the track that caused each, -1 for none.
    pairs : tuple
        Gated pairs: row of the track, row of the detection, probability.
    registration, health : RegistrationParameters, HealthParameters
        Assumptions.
    """
    detections, causes = caused
    seen, sure = correction.examined, causes >= 0
    sure[sure] = after.existence[causes[sure]] >= SURE
    false, claimed = detections[~sure], int(np.count_nonzero(sure))
    shift = None
    if seen.row >= 0:
        usual = upkeep.health.conditions.traffic[seen.row, T_CLAIMED]
        missing = claimed <= MISSING * usual and usual >= ENOUGH
        shift = _shift(scan, correction, before, pairs, (false, missing), registration)
    known, jump = judged(upkeep.health, seen, scan, false, claimed, shift, health)
    biases = upkeep.registration
    if shift is not None and jump.any():
        biases = shifted(biases, scan.sensor.number, jump, TRUSTED * shift[1])
    elif not seen.faults & STUCK and seen.doubt_s <= DOUBT_S:
        biases = noted(biases, after, scan, *pairs, seen.clock_s, registration)
    return Upkeep(biases, known)


def ticked(
    upkeep: Upkeep, flights: Flights, time_s: float,
    registration: RegistrationParameters, health: HealthParameters,
) -> Upkeep:  # fmt: skip
    """Return what is known of the sensors at a time: biases estimated, silence noticed.

    Parameters
    ----------
    upkeep : Upkeep
        Before.
    flights : Flights
        Tracks as they are now.
    time_s : float
        UTC seconds.
    registration, health : RegistrationParameters, HealthParameters
        Assumptions.
    """
    biases = estimated(upkeep.registration, flights, time_s, registration)
    known = overlooked(upkeep.health, time_s, health)
    if health.enabled and biases is not upkeep.registration:
        jumped = biases.biases.sensor[biases.biases.jumped_s == time_s]
        known = flagged(known, jumped, Fault.BIAS, time_s) if len(jumped) else known
    return Upkeep(biases, known)


def on_time(scan: Scan, correction: Correction) -> Scan:
    """Return a scan whose look begins and ends by the station's clock."""
    off_s = correction.bias[B_TIME]
    return changed(scan, start_s=scan.start_s - off_s, end_s=scan.end_s - off_s)


def taken_off(raw: F64, correction: Correction) -> None:
    """Take what is known of a sensor off its plots, and leave copies without a time, in place.

    Parameters
    ----------
    raw : F64
        Shape (RAW_HEIGHT, m), rows ``RAW_...`` of ``kernels.plots``.
    correction : Correction
        Of the scan.
    """
    raw[RAW_TIME] -= correction.bias[B_TIME]
    for slot in range(B_TIME):
        if correction.bias[slot] != 0.0:
            raw[RAW_VALUE + slot] -= correction.bias[slot]
    if not correction.use.all():
        raw[RAW_TIME, ~correction.use] = np.nan


def thinned(plots: F64, chosen: I64, correction: Correction) -> None:
    """Make plots where false ones are dense the more likely to be false, in place.

    Parameters
    ----------
    plots : F64
        Shape (k, P_WIDTH), columns ``P_...`` of ``kernels.filter``.
    chosen : I64
        Shape (k,): row of the detection.
    correction : Correction
        Of the scan.
    """
    if correction.strobe_span_rad > 0.0:
        born = plots[:, P_BIRTH]
        denser = (1.0 - born) * correction.factor[chosen] + born
        plots[:, P_LOG_C] += np.log(denser)
        plots[:, P_BIRTH] = born / denser


def _shift(
    scan: Scan, correction: Correction, before: Flights, pairs: tuple[I64, I64, F64],
    lost: tuple[I64, bool], p: RegistrationParameters,
) -> tuple[F64, F64] | None:  # fmt: skip
    """Return what the plots of sure tracks say of a shift that they have in common.

    When most tracks that the sensor used to see have no plot, the plots that no track claims are
    held against the nearest of them.
    """
    rows, detections, share = pairs
    bits = int(scan.sensor.measures) & PLACING
    if not bits & PLACED or scan.sensor.cued:
        return None
    picked = np.flatnonzero((share >= 0.9) & (rows < len(before.track)))
    picked = picked[before.existence[rows[picked]] >= 0.9]
    picked = picked[:: 1 + len(picked) // PAIRS_MAX]
    glass, plots = _glass(scan.sensor, correction, p), _plots_of(scan.sensor, correction)
    bits = POSITION if bits & POSITION else bits
    aloft = (before.time_s, before.state, before.covariance)
    false, missing = lost
    if missing and len(false) >= ENOUGH:
        free = before.existence >= 0.9
        free[rows[picked]] = False
        loose = plots[false]
        near = nearest(loose, np.flatnonzero(free), bits, glass, aloft, REACH_M)
        h, a, agree = agreed(loose, near, bits, glass, aloft, AGREE)
        if agree >= ENOUGH and agree > len(picked):
            return h, a
    h, a, used = common_shift(plots[detections[picked]], rows[picked], bits, glass, aloft)
    return (h, a) if used >= 2 else None


def _glass(
    sensor: Sensor, correction: Correction, p: RegistrationParameters
) -> tuple[F64, F64, F64, F64]:
    """Return a sensor as ``kernels.shift`` takes it."""
    variance = np.empty(BIASES)
    if int(sensor.measures) & POSITION:
        variance[:B_TIME] = sensor.sigma_position_m**2
    else:
        stated = (sensor.sigma_range_m, sensor.sigma_azimuth_rad, sensor.sigma_elevation_rad)
        sigma = [s if s > 0 else usual for s, usual in zip(stated, USUAL_SIGMA, strict=True)]
        variance[:B_TIME] = correction.variance + np.square(sigma)
    variance[B_TIME] = correction.timing_s**2
    psd = np.array([p.acceleration_horizontal_m2ps3, p.acceleration_vertical_m2ps3])
    return sensor.position_m, sensor.axes, variance, psd


def _plots_of(sensor: Sensor, correction: Correction) -> F64:
    """Return a look's plots with what is known of the sensor's biases taken off."""
    plots = correction.examined.plots.copy()
    plots[:, 0] -= correction.bias[B_TIME]
    if not int(sensor.measures) & POSITION:
        plots[:, 1:] -= correction.bias[:B_TIME]
    return plots
