"""A sensor as the tracker sees through it: its stated figures in the vectors that kernels take."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chowki.core.places import Ground, Measures, Sensor, Volume
from chowki.core.table import F64
from chowki.kernels import birth, clutter, visibility
from chowki.kernels.filter import View
from chowki.kernels.geodesy import heights_above_ellipsoid
from chowki.kernels.reach import Scene
from chowki.kernels.resolution import cell_of
from chowki.picture.ground import height_of_ground
from chowki.picture.parameters import PictureParameters

REACH_MAX_M = 1_000_000.0
RANGE, AZIMUTH, VELOCITY = int(Measures.RANGE), int(Measures.AZIMUTH), int(Measures.VELOCITY)
PLACING = int(Measures.RANGE | Measures.POSITION)


@dataclass(frozen=True, slots=True)
class Lens:
    """Vectors of one sensor; columns as in ``kernels.visibility`` and ``kernels.clutter``."""

    sensor: Sensor
    bits: int
    origin: F64
    axes: F64
    look: F64
    noise: F64
    allowance: F64
    spread: F64
    mask_azimuth: F64
    mask_elevation: F64
    view: View

    @property
    def cooperative(self) -> bool:
        """Return whether its detections are reports of the targets themselves."""
        return bool(self.look[visibility.L_COOPERATIVE])

    @property
    def bearing_only(self) -> bool:
        """Return whether it tells directions and no distance."""
        return self.bits & (AZIMUTH | PLACING) == AZIMUTH

    @property
    def radar(self) -> bool:
        """Return whether it finds targets by their echoes."""
        return bool(self.bits & RANGE) and not self.cooperative and not self.sensor.cued

    @property
    def snr_reference(self) -> float:
        """Return the signal-to-noise ratio (power) for which its figures are stated, or NaN."""
        return float(self.look[visibility.L_SNR])

    @property
    def cell(self) -> tuple[float, float]:
        """Return the widths of its resolution cell, m and rad; 0 where it is not a radar."""
        snr = self.snr_reference
        if not math.isfinite(snr) or not self.bits & RANGE:
            return 0.0, 0.0
        return cell_of(math.sqrt(self.noise[0]), math.sqrt(self.noise[1]), snr)

    @property
    def trusted(self) -> int:
        """Return the slots that may move a track.

        A velocity that a target reports of itself starts a track but does not steer it: it is
        held against the motion that its positions show.
        """
        return ~VELOCITY if self.cooperative else ~0

    def scene(self, frame: F64, look: F64) -> Scene:
        """Return sensor and look as ``kernels.reach`` takes them."""
        return self.origin, self.axes, frame, self.mask_azimuth, self.mask_elevation, look

    def at(self, volume: Volume) -> F64:
        """Return the figures of a look that covers a volume."""
        look = self.look.copy()
        look[: visibility.L_DETECTION] = (
            max(volume.range_min_m, 0.0),
            min(volume.range_max_m, REACH_MAX_M),
            volume.azimuth_from_rad,
            min(max(volume.azimuth_span_rad, 1e-4), 2.0 * math.pi),
            volume.elevation_min_rad,
            volume.elevation_max_rad,
        )
        return look


def lens(sensor: Sensor, ground: Ground, frame: F64, parameters: PictureParameters) -> Lens:
    """Return the lens of a sensor as stated."""
    bits = int(sensor.measures)
    origin = np.ascontiguousarray(sensor.position_m, dtype=np.float64)
    return Lens(
        sensor,
        bits,
        origin,
        np.ascontiguousarray(sensor.axes, dtype=np.float64),
        _look(sensor, ground, frame, parameters),
        *_noise(sensor, parameters),
        _spread(sensor, parameters),
        np.array(sensor.horizon_azimuth_rad, dtype=np.float64),
        np.array(sensor.horizon_elevation_rad, dtype=np.float64),
        _view(sensor, parameters),
    )


def _view(sensor: Sensor, parameters: PictureParameters) -> View:
    """Return where a sensor stands, how wide gates are and what timing leaves open."""
    late = (parameters.acceleration_horizontal_m2ps3, parameters.registration_time_s)
    return (
        np.ascontiguousarray(sensor.position_m, dtype=np.float64),
        np.ascontiguousarray(sensor.axes, dtype=np.float64),
        gate_sizes(parameters.gate_probability),
        np.array(late),
    )


def _miss(sensor: Sensor, parameters: PictureParameters) -> float:
    """Return the share of P_D with which a look without a plot counts against a track."""
    if not sensor.measures & (Measures.RANGE | Measures.POSITION) and not sensor.cued:
        return 0.0  # a silent target is invisible to a direction finder
    if sensor.cued:
        return parameters.cued_miss
    if sensor.measures & Measures.ADDRESS and sensor.measures & Measures.POSITION:
        return parameters.cooperative_miss
    return parameters.radar_miss if sensor.measures & Measures.RANGE else 1.0


def _look(sensor: Sensor, ground: Ground, frame: F64, parameters: PictureParameters) -> F64:
    """Return the look vector, its volume left to each look."""
    look = np.full(visibility.L_WIDTH, np.nan)
    floor = height_of_ground(ground, frame, sensor.position_m[None, :])[0]
    height = heights_above_ellipsoid(frame, np.array(sensor.position_m[None, :]))[0]
    detection = min(max(sensor.detection_probability, 0.01), parameters.detection_probability_max)
    log_false_alarm = math.log(parameters.false_alarm_probability)
    radar = sensor.reference_range_m > 0 and bool(sensor.measures & Measures.RANGE)
    cooperative = bool(sensor.measures & Measures.ADDRESS and sensor.measures & Measures.POSITION)
    rcs = sensor.reference_rcs_m2
    look[visibility.L_DETECTION :] = (
        detection,
        max(parameters.detection_probability_max, detection),
        log_false_alarm / math.log(detection) - 1.0 if radar else np.nan,
        log_false_alarm,
        sensor.reference_range_m,
        10.0 * math.log10(rcs) if rcs > 0 else np.nan,
        parameters.cancelled_mps if radar and parameters.cancelled_mps > 0.0 else np.nan,
        _miss(sensor, parameters),
        float(cooperative),
        parameters.silent_answer_probability,
        parameters.pair_probability_floor,
        ground.refraction_factor,
        max(height - floor, 0.0),
        floor,
        parameters.lifetime_s,
    )
    return look


def _noise(sensor: Sensor, parameters: PictureParameters) -> tuple[F64, F64]:
    """Return the variance of each slot as stated, and the allowance for registration."""
    stated = (
        (sensor.sigma_range_m, parameters.registration_range_m, 30.0),
        (sensor.sigma_azimuth_rad, parameters.registration_azimuth_rad, 0.01),
        (sensor.sigma_elevation_rad, parameters.registration_elevation_rad, 0.01),
        (sensor.sigma_range_rate_mps, 0.5, 1.0),
        *(((sensor.sigma_position_m, 0.0, 30.0),) * 3),
        *(((parameters.velocity_sigma_mps, 0.0, 2.0),) * 3),
    )
    noise = [(sigma if sigma > 0 else usual) ** 2 for sigma, _, usual in stated]
    return np.array(noise), np.array([extra**2 for _, extra, _ in stated])


def _spread(sensor: Sensor, parameters: PictureParameters) -> F64:
    """Return how false and new plots are spread."""
    spread = np.empty(clutter.S_WIDTH)
    spread[clutter.S_CLUTTER] = max(sensor.clutter_per_look, parameters.clutter_floor)
    spread[clutter.S_UNTRACKED] = parameters.untracked_emitters
    spread[clutter.S_RATE_SPAN] = 2.0 * parameters.velocity_span_mps
    spread[clutter.S_VELOCITY_VOLUME] = (2.0 * parameters.velocity_span_mps) ** 2 * 40.0
    spread[clutter.S_HEIGHT_SPAN] = parameters.height_span_m
    spread[clutter.S_NARROW] = parameters.spot_narrow_m
    spread[clutter.S_WIDE] = parameters.spot_wide_m
    spread[clutter.S_LIFT] = parameters.spot_lift_rad
    spread[clutter.S_SPOTS] = parameters.spots_per_km2 * 1e-6
    polar = Measures.RANGE | Measures.AZIMUTH
    starts = sensor.measures & Measures.POSITION or sensor.measures & polar == polar
    spread[clutter.S_STARTS] = float(bool(starts) and not sensor.cued)
    return spread


def birth_prior(parameters: PictureParameters) -> F64:
    """Return what a new track is given, columns ``B_...`` of ``kernels.birth``."""
    prior = np.empty(birth.B_WIDTH)
    prior[:] = (
        parameters.small_rcs_dbsm,
        parameters.small_speed_mps,
        parameters.large_speed_mps,
        parameters.climb_mps,
        parameters.small_height_m,
        parameters.small_height_sd_m,
        parameters.large_height_m,
        parameters.large_height_sd_m,
        parameters.birth_existence,
    )
    return prior


def gate_sizes(probability: float) -> F64:
    """Return the largest squared Mahalanobis distance by number of measured slots (chi-square)."""
    from scipy.special import chdtri

    return np.array([0.0, *(float(chdtri(m, 1.0 - probability)) for m in range(1, 11))])
