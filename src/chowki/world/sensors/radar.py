"""A rotating pulse radar: range equation, Swerling, horizon, canceller, cells, noise, clutter."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.records import Detections, Tasks
from chowki.core.table import F64
from chowki.core.units import LIGHT_SPEED_MPS, ratio
from chowki.kernels import detection
from chowki.kernels import radar as kernel
from chowki.kernels.detection import swerling_0, swerling_1, swerling_2, threshold
from chowki.world.sensors.radar_parameters import RadarParameters
from chowki.world.sensors.standpoint import draws, look_at, phase, terrain_of, vantage_of

_TWO_PI = 2.0 * math.pi


class Radar:
    """A simulated radar.

    Parameters
    ----------
    parameters : RadarParameters
        Its figures.
    surroundings : Surroundings
        Where it stands and what it draws from.
    """

    Parameters = RadarParameters

    def __init__(self, parameters: RadarParameters, surroundings: Surroundings) -> None:
        self._vantage = vantage_of(surroundings, parameters.mask_rad)
        self._terrain = terrain_of(surroundings.ground)
        self._radar = _drawn(parameters, surroundings)
        self._chance = _chance(surroundings)
        self._points = _recurring_points(parameters, surroundings)
        self._has_elevation = parameters.elevation_beamwidth_deg is not None
        self._has_rate = parameters.measures_range_rate
        self._sectors = parameters.sectors
        self._period_s = parameters.rotation_s / parameters.sectors
        turned = phase(surroundings)
        self._start_s = surroundings.theatre.station.start_s + turned * self._period_s
        self._north_rad = _TWO_PI * float(draws(surroundings, "radar.beam").random())
        self._sensor = _stated(parameters, surroundings)

    @property
    def sensor(self) -> Sensor:
        """Return the radar as its maker would state it."""
        return self._sensor

    def next_look(self, after_s: float) -> Look:
        """Return the first rotation, or sector of one, at or after a time."""
        number, start_s = look_at(self._start_s, self._period_s, after_s)
        span = _TWO_PI / self._sectors
        azimuth = (self._north_rad + number % self._sectors * span) % _TWO_PI
        whole = self._sensor.volume
        volume = Volume(
            whole.range_min_m, whole.range_max_m, azimuth, span,
            whole.elevation_min_rad, whole.elevation_max_rad,
        )  # fmt: skip
        return Look(number, start_s, start_s + self._period_s, volume)

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return the plots of a look, each at the time the beam passed it, by the radar's clock."""
        volume = look.volume
        sweep = kernel.Sweep(
            look.number, look.start_s, look.end_s, volume.azimuth_from_rad, volume.azimuth_span_rad
        )
        plots = kernel.radar_look(
            self._radar, self._vantage, self._terrain, sweep, self._chance, self._points,
            aloft.time_s, aloft.target, aloft.position_m, aloft.velocity_mps, aloft.rcs_m2,
        )  # fmt: skip
        return self._table(plots) if len(plots) else Detections.empty()

    def heed(self, tasks: Tasks) -> None:
        """Ignore tasks: a rotating radar looks everywhere anyway."""

    def _table(self, plots: F64) -> Detections:
        columns = np.ascontiguousarray(plots.T)
        columns[kernel.R_SNR :] = 10.0 * np.log10(columns[kernel.R_SNR :])
        measured: dict[str, Any] = {
            "time_s": columns[kernel.R_TIME],
            "range_m": columns[kernel.R_RANGE],
            "azimuth_rad": columns[kernel.R_AZIMUTH],
            "snr_db": columns[kernel.R_SNR],
            "rcs_dbsm": columns[kernel.R_RCS],
        }
        if self._has_elevation:
            measured["elevation_rad"] = columns[kernel.R_ELEVATION]
        if self._has_rate:
            measured["range_rate_mps"] = columns[kernel.R_RATE]
        return Detections.of(**measured)


def snr_constant(parameters: RadarParameters) -> float:
    """Return SNR x R^4 / RCS (m^2), processing gain included."""
    return ratio(parameters.processing_gain_db) * detection.snr_constant(
        parameters.power_kw * 1e3,
        ratio(parameters.gain_db),
        parameters.wavelength_m,
        parameters.bandwidth_mhz * 1e6,
        ratio(parameters.noise_figure_db),
        ratio(parameters.losses_db),
    )


def detection_probability(parameters: RadarParameters, rcs_m2: float, range_m: float) -> float:
    """Return Pd of a look in free sight, fair weather and mean over Doppler: the closed form."""
    snr = snr_constant(parameters) * rcs_m2 / range_m**4
    if parameters.fluctuation == 0:
        return swerling_0(snr, parameters.false_alarm)
    if parameters.fluctuation == 1:
        return swerling_1(snr, parameters.false_alarm)
    return swerling_2(snr, parameters.false_alarm, parameters.pulses)


def _reference(parameters: RadarParameters) -> tuple[float, float]:
    """Return range (whole km) and Pd (two digits) that a maker states for the reference target."""
    near_m, far_m = max(parameters.range_min_m, 1.0), parameters.range_max_m
    rcs = parameters.reference_rcs_m2
    if detection_probability(parameters, rcs, far_m) >= parameters.stated_detection:
        return far_m, min(round(detection_probability(parameters, rcs, far_m), 2), 0.99)
    for _ in range(60):
        middle = 0.5 * (near_m + far_m)
        seen = detection_probability(parameters, rcs, middle) >= parameters.stated_detection
        near_m, far_m = (middle, far_m) if seen else (near_m, middle)
    range_m = max(round(near_m, -3), 1000.0)
    return range_m, round(detection_probability(parameters, rcs, range_m), 2)


def _volume(parameters: RadarParameters) -> Volume:
    return Volume(
        parameters.range_min_m,
        parameters.range_max_m,
        elevation_min_rad=math.radians(parameters.elevation_min_deg),
        elevation_max_rad=math.radians(parameters.elevation_max_deg),
    )


def _cell_m(parameters: RadarParameters) -> float:
    return LIGHT_SPEED_MPS / (2e6 * parameters.bandwidth_mhz)


def _stated(parameters: RadarParameters, surroundings: Surroundings) -> Sensor:
    """Return the radar as stated: errors at the reference range, rounded, no drawn figure."""
    range_m, detection = _reference(parameters)
    snr = snr_constant(parameters) * parameters.reference_rcs_m2 / range_m**4
    share = max(1.0 / math.sqrt(2.0 * snr), parameters.noise_floor)
    measures = Measures.RANGE | Measures.AZIMUTH
    width = parameters.elevation_beamwidth_deg
    measures |= Measures.ELEVATION if width else Measures(0)
    measures |= Measures.RANGE_RATE if parameters.measures_range_rate else Measures(0)
    mask_azimuth, mask_elevation = parameters.mask_rad
    return Sensor(
        number=surroundings.sensor_number,
        name=surroundings.name,
        kind="radar",
        position_m=surroundings.position_m,
        axes=surroundings.axes,
        measures=measures,
        volume=_volume(parameters),
        period_s=parameters.rotation_s,
        detection_probability=detection,
        clutter_per_look=parameters.clutter_per_look / parameters.sectors,
        sigma_range_m=_rounded(share * _cell_m(parameters)),
        sigma_azimuth_rad=math.radians(_rounded(share / 1.6 * parameters.beamwidth_deg)),
        sigma_elevation_rad=math.radians(_rounded(share / 1.6 * width)) if width else math.nan,
        sigma_range_rate_mps=_rounded(share * parameters.range_rate_cell_mps)
        if parameters.measures_range_rate
        else math.nan,
        reference_rcs_m2=parameters.reference_rcs_m2,
        reference_range_m=range_m,
        horizon_azimuth_rad=mask_azimuth,
        horizon_elevation_rad=mask_elevation,
    )


def _rounded(figure: float) -> float:
    """Return a figure with two digits, as data sheets have them."""
    return float(f"{figure:.2g}")


def _drawn(parameters: RadarParameters, surroundings: Surroundings) -> kernel.Radar:
    """Return the figures the simulator draws with, biases and clock offset included."""
    bias = draws(surroundings, "radar.bias").standard_normal(4)
    width = parameters.elevation_beamwidth_deg
    loss_db_per_km = parameters.weather_loss_db_per_km * (1.0 - surroundings.weather)
    volume = _volume(parameters)
    return kernel.Radar(
        snr_m2=snr_constant(parameters),
        loss_per_m=loss_db_per_km / 1e4 * math.log(10.0),
        threshold=threshold(parameters.false_alarm, parameters.pulses),
        fluctuation=int(parameters.fluctuation),
        pulses=parameters.pulses,
        wavelength_m=parameters.wavelength_m,
        prf_hz=np.array(parameters.prf_hz, dtype=np.float64),
        range_min_m=volume.range_min_m,
        range_max_m=volume.range_max_m,
        elevation_min_rad=volume.elevation_min_rad,
        elevation_max_rad=volume.elevation_max_rad,
        range_cell_m=_cell_m(parameters),
        beamwidth_rad=math.radians(parameters.beamwidth_deg),
        elevation_beamwidth_rad=math.radians(width or 0.0),
        rate_cell_mps=parameters.range_rate_cell_mps,
        noise_floor=parameters.noise_floor,
        tail_probability=parameters.tail_probability,
        tail_factor=parameters.tail_factor,
        range_bias_m=float(bias[0]) * parameters.range_bias_sigma_m,
        azimuth_bias_rad=float(bias[1]) * math.radians(parameters.azimuth_bias_sigma_deg),
        elevation_bias_rad=float(bias[2]) * math.radians(parameters.elevation_bias_sigma_deg),
        clock_offset_s=float(bias[3]) * parameters.clock_offset_sigma_s,
        clutter_per_rotation=parameters.clutter_per_look,
        clutter_rate_mps=parameters.clutter_rate_mps,
        recurring_probability=parameters.recurring_probability,
    )


def _chance(surroundings: Surroundings) -> kernel.Chance:
    seed = surroundings.seed
    return kernel.Chance(
        surroundings.sensor_number,
        *key(seed, "radar.plot"),
        *key(seed, "radar.clutter"),
        *key(seed, "radar.recurring"),
    )


def _recurring_points(parameters: RadarParameters, surroundings: Surroundings) -> F64:
    """Return range (m), azimuth (rad) and spread (m) of the fixed points: roads, wind parks."""
    chance = draws(surroundings, "radar.recurring.points")
    count = parameters.recurring_points
    low = parameters.range_min_m
    far = min(parameters.recurring_range_max_m, parameters.range_max_m)
    points = np.empty((count, 3))
    points[:, 0] = low + (far - low) * np.sqrt(chance.random(count))
    points[:, 1] = _TWO_PI * chance.random(count)
    road = chance.random(count) < 0.5  # cars are spread along a road; a wind park stands
    points[:, 2] = np.where(road, 400.0, 60.0)
    return points
