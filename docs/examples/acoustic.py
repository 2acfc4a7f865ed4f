"""A sensor written outside chowki: a microphone array that hears the bearing of what flies near.

The example of CONTRIBUTING.md; a test installs it, checks it and runs it. Figures are illustrative.
"""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.records import Detections, Tasks
from chowki.kernels.measure import spherical
from chowki.kernels.philox import normal2, uniform4
from chowki.world.sensors.standpoint import (
    SensorParameters,
    centre_time,
    look_at,
    moved,
    near,
    vantage_of,
)


class AcousticParameters(SensorParameters):
    """Figures of a microphone array."""

    period_s: float = Field(default=1.0, ge=0.5, le=10, description="illustrative, no source")
    range_max_m: float = Field(
        default=3_000.0, gt=0, le=10_000, description="beyond it nothing is heard; illustrative"
    )
    sigma_bearing_deg: float = Field(
        default=3.0, gt=0, le=30, description="azimuth and elevation; illustrative, no source"
    )


class Acoustic:
    """A simulated microphone array: azimuth and elevation, no range.

    It hears a target with probability 1 - (range / range_max)^2: the power of a spherical wave
    falls with the square of the range.

    Parameters
    ----------
    parameters : AcousticParameters
        Its figures.
    surroundings : Surroundings
        Where it stands and what it draws from.
    """

    Parameters = AcousticParameters

    def __init__(self, parameters: AcousticParameters, surroundings: Surroundings) -> None:
        self._figures = parameters
        self._vantage = vantage_of(surroundings, parameters.mask_rad)
        self._start_s = surroundings.theatre.station.start_s
        self._heard_key = key(surroundings.seed, "acoustic.heard")
        self._bearing_key = key(surroundings.seed, "acoustic.bearing")
        self._sensor = _stated(parameters, surroundings)

    @property
    def sensor(self) -> Sensor:
        """Return the array as its maker would state it."""
        return self._sensor

    def next_look(self, after_s: float) -> Look:
        """Return the first look at or after a time."""
        number, start_s = look_at(self._start_s, self._figures.period_s, after_s)
        return Look(number, start_s, start_s + self._figures.period_s, self._sensor.volume)

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return a bearing for each target heard in the middle of the look."""
        rows, _ = near(self._vantage, aloft, self._figures.range_max_m)
        places = moved(aloft, rows, centre_time(look))
        targets = aloft.target[rows].tolist()
        heard = [self._bearing(*pair, look.number) for pair in zip(targets, places, strict=True)]
        bearings = [bearing for bearing in heard if bearing is not None]
        if not bearings:
            return Detections.empty()
        azimuth, elevation = np.array(bearings).T
        time_s = np.full(len(bearings), centre_time(look))
        return Detections.of(time_s=time_s, azimuth_rad=azimuth, elevation_rad=elevation)

    def heed(self, tasks: Tasks) -> None:
        """Ignore tasks: it listens all round anyway."""

    def _bearing(self, target: int, place: np.ndarray, look: int) -> tuple[float, float] | None:
        """Return azimuth and elevation as heard, None when it is not."""
        thing = self._sensor.number << 32 | target
        range_m, azimuth, elevation = spherical(
            self._vantage.position_m, self._vantage.axes, *place
        )
        chance = 1.0 - (range_m / self._figures.range_max_m) ** 2
        if elevation < 0.0 or uniform4(*self._heard_key, thing, look, 0)[0] > chance:
            return None
        sigma = math.radians(self._figures.sigma_bearing_deg)
        first, second = normal2(*self._bearing_key, thing, look, 0)
        return (azimuth + sigma * first) % (2.0 * math.pi), elevation + sigma * second


def _stated(figures: AcousticParameters, surroundings: Surroundings) -> Sensor:
    mask_azimuth, mask_elevation = figures.mask_rad
    sigma = math.radians(figures.sigma_bearing_deg)
    return Sensor(
        number=surroundings.sensor_number,
        name=surroundings.name,
        kind="acoustic",
        position_m=surroundings.position_m,
        axes=surroundings.axes,
        measures=Measures.AZIMUTH | Measures.ELEVATION,
        volume=Volume(0.0, figures.range_max_m, elevation_min_rad=0.0),
        period_s=figures.period_s,
        detection_probability=0.5,
        clutter_per_look=0.01,
        sigma_azimuth_rad=sigma,
        sigma_elevation_rad=sigma,
        reference_range_m=figures.range_max_m / math.sqrt(2.0),
        horizon_azimuth_rad=mask_azimuth,
        horizon_elevation_rad=mask_elevation,
    )
