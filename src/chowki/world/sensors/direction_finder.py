"""A radio direction finder: the bearing of what transmits; a silent drone is invisible to it."""

from __future__ import annotations

import math
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.records import Detections, Tasks
from chowki.core.table import F64
from chowki.kernels.hearing import H_WIDTH, Hearing, bearings
from chowki.kernels.terrain import horizon_range
from chowki.world.sensors.standpoint import (
    SensorParameters,
    centre_time,
    draws,
    look_at,
    phase,
    terrain_of,
    vantage_of,
)

_ASSUMED = "illustrative, no source"


class DirectionFinderParameters(SensorParameters):
    """Figures of a direction finder for the radio links of drones."""

    period_s: float = Field(default=5.0, ge=0.5, le=60, description=f"between looks; {_ASSUMED}")
    range_max_m: float = Field(default=40_000.0, gt=0, le=300_000, description=_ASSUMED)
    elevation_max_deg: float = Field(default=60.0, gt=0, le=90, description=_ASSUMED)
    frequency_min_mhz: float = Field(default=300.0, gt=1, description="lowest carrier heard")
    frequency_max_mhz: float = Field(default=6000.0, gt=1, description="highest carrier heard")
    gain_db: float = Field(default=6.0, ge=-10, le=40, description=f"antenna gain; {_ASSUMED}")
    sensitivity_dbm: float = Field(
        default=-95.0, ge=-160, le=0, description="power heard half of the time; thermal noise of"
        " 10 MHz is -104 dBm, plus noise figure and margin"
    )  # fmt: skip
    shadowing_db: float = Field(
        default=4.0,
        ge=0,
        le=20,
        description="log-normal spread; Rappaport 2002, ch. 4",
    )
    sigma_bearing_deg: float = Field(default=2.0, gt=0, le=30, description=_ASSUMED)
    bearing_bias_sigma_deg: float = Field(default=0.5, ge=0, le=20, description=_ASSUMED)
    clock_offset_sigma_s: float = Field(default=0.02, ge=0, le=2, description=_ASSUMED)
    tail_probability: float = Field(
        default=0.05, ge=0, le=0.5, description=f"reflections: enlarged errors; {_ASSUMED}"
    )
    tail_factor: float = Field(default=4.0, ge=1, le=30, description=_ASSUMED)
    false_per_look: float = Field(
        default=0.2, ge=0, le=100, description=f"mean false bearings; {_ASSUMED}"
    )
    reference_power_w: float = Field(
        default=0.1, gt=0, description="of the stated range: EN 300 328 limit at 2.4 GHz"
    )
    reference_frequency_mhz: float = Field(default=2400.0, gt=1, description="of the stated range")

    @model_validator(mode="after")
    def _band_in_order(self) -> Self:
        if self.frequency_min_mhz >= self.frequency_max_mhz:
            raise ValueError("frequency_min_mhz must be below frequency_max_mhz")
        return self


class DirectionFinder:
    """A simulated direction finder: bearing only.

    Parameters
    ----------
    parameters : DirectionFinderParameters
        Its figures.
    surroundings : Surroundings
        Where it stands and what it draws from.
    """

    Parameters = DirectionFinderParameters

    def __init__(self, parameters: DirectionFinderParameters, surroundings: Surroundings) -> None:
        self._vantage = vantage_of(surroundings, parameters.mask_rad)
        self._terrain = terrain_of(surroundings.ground)
        self._hearing = _drawn(parameters, surroundings)
        self._period_s = parameters.period_s
        begun = phase(surroundings) * self._period_s
        self._start_s = surroundings.theatre.station.start_s + begun
        self._sensor = _stated(parameters, surroundings)

    @property
    def sensor(self) -> Sensor:
        """Return the direction finder as its maker would state it."""
        return self._sensor

    def next_look(self, after_s: float) -> Look:
        """Return the first look at or after a time."""
        number, start_s = look_at(self._start_s, self._period_s, after_s)
        return Look(number, start_s, start_s + self._period_s, self._sensor.volume)

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return a bearing for each transmission heard in the middle of the look."""
        heard = bearings(
            self._hearing, self._vantage, self._terrain, look.number, centre_time(look),
            aloft.time_s, aloft.target, aloft.position_m, aloft.velocity_mps,
            aloft.transmits_hz, aloft.transmit_power_w,
        )  # fmt: skip
        return _table(heard) if len(heard) else Detections.empty()

    def heed(self, tasks: Tasks) -> None:
        """Ignore tasks: it listens all round anyway."""


def _table(heard: F64) -> Detections:
    time, azimuth, frequency, snr = np.ascontiguousarray(heard.T)[:H_WIDTH]
    return Detections.of(time_s=time, azimuth_rad=azimuth, frequency_hz=frequency, snr_db=snr)


def _drawn(parameters: DirectionFinderParameters, surroundings: Surroundings) -> Hearing:
    bias = draws(surroundings, "direction-finder.bias").standard_normal(2)
    return Hearing(
        surroundings.sensor_number,
        *key(surroundings.seed, "direction-finder.bearing"),
        parameters.range_max_m,
        math.radians(parameters.elevation_max_deg),
        parameters.frequency_min_mhz * 1e6,
        parameters.frequency_max_mhz * 1e6,
        parameters.gain_db,
        parameters.sensitivity_dbm,
        parameters.shadowing_db,
        math.radians(parameters.sigma_bearing_deg),
        float(bias[0]) * math.radians(parameters.bearing_bias_sigma_deg),
        float(bias[1]) * parameters.clock_offset_sigma_s,
        parameters.tail_probability,
        parameters.tail_factor,
        parameters.false_per_look,
    )


def reference_range(parameters: DirectionFinderParameters) -> float:
    """Return the range (m) at which the reference transmitter is just heard, by free-space loss."""
    power_dbm = 10.0 * math.log10(parameters.reference_power_w) + 30.0
    loss_db = power_dbm + parameters.gain_db - parameters.sensitivity_dbm
    wavelength_m = 299.792458 / parameters.reference_frequency_mhz
    return 10.0 ** (loss_db / 20.0) * wavelength_m / (4.0 * math.pi)


def _stated(parameters: DirectionFinderParameters, surroundings: Surroundings) -> Sensor:
    free_m = min(reference_range(parameters), parameters.range_max_m)
    seen_m = horizon_range(100.0, surroundings.ground.refraction_factor)
    mask_azimuth, mask_elevation = parameters.mask_rad
    return Sensor(
        number=surroundings.sensor_number,
        name=surroundings.name,
        kind="direction-finder",
        position_m=surroundings.position_m,
        axes=surroundings.axes,
        measures=Measures.AZIMUTH,
        volume=Volume(0.0, parameters.range_max_m, elevation_min_rad=math.radians(-5.0),
                      elevation_max_rad=math.radians(parameters.elevation_max_deg)),
        period_s=parameters.period_s,
        detection_probability=0.5,
        clutter_per_look=parameters.false_per_look,
        sigma_azimuth_rad=math.radians(parameters.sigma_bearing_deg),
        reference_range_m=round(min(free_m, seen_m), -3) or round(free_m),
        horizon_azimuth_rad=mask_azimuth,
        horizon_elevation_rad=mask_elevation,
    )  # fmt: skip
