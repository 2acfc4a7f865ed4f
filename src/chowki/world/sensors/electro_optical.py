"""An electro-optical sensor: a narrow field that must be told where to look."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from chowki.core.chance import key
from chowki.core.places import Measures, Sensor, Volume
from chowki.core.ports import Aloft, Look, Surroundings
from chowki.core.records import N_CLASSES, Detections, ObjectClass, Tasks
from chowki.core.table import F64, I64
from chowki.kernels.detection import johnson
from chowki.kernels.measure import spherical, wrap
from chowki.kernels.philox import normal2, uniform4
from chowki.kernels.terrain import lines_of_sight
from chowki.world.sensors.standpoint import (
    SensorParameters,
    centre_time,
    draws,
    moved,
    near,
    terrain_of,
    vantage_of,
)

_ASSUMED = "illustrative, no source"
_JOHNSON = "Johnson 1958; Vollmerhausen & Jacobs 2004 (TTP)"


class ElectroOpticalParameters(SensorParameters):
    """Figures of a camera on a pan and tilt head."""

    look_s: float = Field(default=1.5, ge=0.2, le=10, description=f"slew and stare; {_ASSUMED}")
    period_s: float = Field(default=2.0, ge=0.2, le=60, description="at most one look in this time")
    task_age_max_s: float = Field(default=6.0, gt=0, le=60, description="older tasks are forgotten")
    field_of_view_deg: float = Field(default=3.0, gt=0.05, le=60, description=_ASSUMED)
    range_min_m: float = Field(default=50.0, ge=0, description=_ASSUMED)
    range_max_m: float = Field(default=12_000.0, gt=0, le=100_000, description=_ASSUMED)
    elevation_min_deg: float = Field(default=-5.0, ge=-90, lt=90, description=_ASSUMED)
    elevation_max_deg: float = Field(default=80.0, gt=-90, le=90, description=_ASSUMED)
    cycles_per_mrad: float = Field(
        default=10.0, gt=0, le=500, description=f"finest pattern resolved; {_ASSUMED}"
    )
    detection_cycles: float = Field(
        default=1.0, gt=0, description=f"cycles for half of detections; {_JOHNSON}"
    )
    recognition_cycles: float = Field(
        default=4.0, gt=0, description=f"cycles to tell the class half of the time; {_JOHNSON}"
    )
    identification_cycles: float = Field(
        default=6.4, gt=0, description=f"cycles to see a payload half of the time; {_JOHNSON}"
    )
    night_factor: float = Field(
        default=0.7, ge=0, le=1, description=f"times the chance in darkness; {_ASSUMED}"
    )
    sigma_angle_deg: float = Field(default=0.05, gt=0, le=5, description=_ASSUMED)
    pointing_bias_sigma_deg: float = Field(default=0.03, ge=0, le=5, description=_ASSUMED)
    clock_offset_sigma_s: float = Field(default=0.01, ge=0, le=2, description=_ASSUMED)
    false_per_look: float = Field(default=0.02, ge=0, lt=0.5, description=_ASSUMED)
    reference_size_m: float = Field(default=1.0, gt=0, description="of the stated range")


class ElectroOptical:
    """A simulated camera: angles, what it looked like, whether a payload was seen.

    Parameters
    ----------
    parameters : ElectroOpticalParameters
        Its figures.
    surroundings : Surroundings
        Where it stands, weather and night, and what it draws from.
    """

    Parameters = ElectroOpticalParameters

    def __init__(self, parameters: ElectroOpticalParameters, surroundings: Surroundings) -> None:
        self._figures = parameters
        self._vantage = vantage_of(surroundings, parameters.mask_rad)
        self._terrain = terrain_of(surroundings.ground)
        self._air = surroundings.weather * (parameters.night_factor if surroundings.night else 1.0)
        self._number = surroundings.sensor_number
        self._key = key(surroundings.seed, "electro-optical.look")
        self._start_s = surroundings.theatre.station.start_s
        drawn = draws(surroundings, "electro-optical.bias").standard_normal(3)
        self._bias_rad = drawn[:2] * math.radians(parameters.pointing_bias_sigma_deg)
        self._clock_offset_s = float(drawn[2]) * parameters.clock_offset_sigma_s
        self._tasks = Tasks.empty()
        self._look: Look | None = None
        self._sensor = _stated(parameters, surroundings)

    @property
    def sensor(self) -> Sensor:
        """Return the camera as its maker would state it."""
        return self._sensor

    def heed(self, tasks: Tasks) -> None:
        """Keep the tasks meant for this camera; the newest word on a track stands."""
        mine = tasks.take(np.flatnonzero(tasks.sensor == self._number))
        kept = self._tasks.take(np.flatnonzero(~np.isin(self._tasks.track, mine.track)))
        self._tasks = Tasks.concat([kept, mine])

    def next_look(self, after_s: float) -> Look | None:
        """Return the look at the freshest task within reach, None when there is none.

        The task of a look is done with it. Asked again for the same time, the answer is the same.
        """
        last = self._look
        if last is not None and after_s <= last.start_s:
            return last
        start_s = after_s if last is None else max(after_s, last.start_s + self._figures.period_s)
        age_s = start_s - self._tasks.time_s
        self._tasks = self._tasks.take(np.flatnonzero(age_s <= self._figures.task_age_max_s))
        for row in np.argsort(-self._tasks.time_s, kind="stable"):
            look = self._look_at(int(row), start_s)
            if look is not None:
                self._look = look
                left = np.arange(len(self._tasks)) != row
                self._tasks = self._tasks.take(np.flatnonzero(left))
                return look
        return None

    def observe(self, aloft: Aloft, look: Look) -> Detections:
        """Return what the camera makes out in the field of one look."""
        time_s = centre_time(look)
        rows, _ = near(self._vantage, aloft, self._figures.range_max_m + 2_000.0)
        place = moved(aloft, rows, time_s)
        seen, where = self._in_field(place, look.volume)
        rows, place = rows[seen], place[seen]
        clear = lines_of_sight(self._vantage, self._terrain, place)
        found = [
            row
            for k, i in enumerate(rows.tolist())
            if clear[k] and (row := self._made_out(aloft, i, where[seen][k], look)) is not None
        ]
        found += self._imagined(look)
        return self._table(found, time_s) if found else Detections.empty()

    def _look_at(self, row: int, start_s: float) -> Look | None:
        """Return a look at a task, None when it is out of reach."""
        tasks, figures = self._tasks, self._figures
        lag = start_s + 0.5 * figures.look_s - tasks.time_s[row]
        x, y, z = (
            float(getattr(tasks, f"{axis}_m")[row] + lag * getattr(tasks, f"v_{axis}_mps")[row])
            for axis in ("east", "north", "up")
        )
        slant, azimuth, elevation = spherical(self._vantage.position_m, self._vantage.axes, x, y, z)
        whole = self._sensor.volume
        half = math.radians(0.5 * figures.field_of_view_deg)
        in_reach = whole.range_min_m <= slant <= whole.range_max_m
        if not in_reach or not whole.elevation_min_rad <= elevation <= whole.elevation_max_rad:
            return None
        span = min(2.0 * half / max(math.cos(elevation), 0.05), math.pi)
        volume = Volume(
            whole.range_min_m, whole.range_max_m, (azimuth - 0.5 * span) % (2.0 * math.pi), span,
            elevation - half, elevation + half,
        )  # fmt: skip
        number = math.floor((start_s - self._start_s) / figures.period_s)
        return Look(number, start_s, start_s + figures.look_s, volume)

    def _in_field(self, place: F64, volume: Volume) -> tuple[I64, F64]:
        """Return which positions lie in the field of view, and all in range, azimuth, elevation."""
        origin, axes = self._vantage.position_m, self._vantage.axes
        where = np.array([spherical(origin, axes, *p) for p in place.tolist()]).reshape(-1, 3)
        into = (where[:, 1] - volume.azimuth_from_rad) % (2.0 * math.pi)
        inside = (into <= volume.azimuth_span_rad) & (where[:, 0] <= volume.range_max_m)
        inside &= (where[:, 0] >= volume.range_min_m) & (where[:, 2] >= volume.elevation_min_rad)
        return np.flatnonzero(inside & (where[:, 2] <= volume.elevation_max_rad)), where

    def _made_out(self, aloft: Aloft, i: int, where: F64, look: Look) -> tuple[float, ...] | None:
        """Return angles, class, confidence and payload of one target, None when not seen."""
        figures = self._figures
        cycles = float(aloft.size_m[i] / where[0]) * 1e3 * figures.cycles_per_mrad
        thing = (self._number << 32) | (int(aloft.target[i]) + 1)
        see, tell, which, payload = uniform4(*self._key, thing, look.number, 0)
        if see >= self._air * johnson(cycles, figures.detection_cycles):
            return None
        told = johnson(cycles, figures.recognition_cycles)
        truth = int(aloft.object_class[i])
        looked_like = truth if tell < told else _confused(truth, which)
        sure = told + (1.0 - told) / N_CLASSES
        resolved = payload < johnson(cycles, figures.identification_cycles)
        armed = int(aloft.armed[i]) if resolved else -1
        a, b = normal2(*self._key, thing, look.number, 1)
        sigma = math.radians(figures.sigma_angle_deg)
        azimuth = where[1] + sigma * a / max(math.cos(where[2]), 0.05) + self._bias_rad[0]
        elevation = where[2] + sigma * b + self._bias_rad[1]
        return float(azimuth), float(elevation), looked_like, sure, armed

    def _imagined(self, look: Look) -> list[tuple[float, ...]]:
        """Return a false detection (a cloud, a lamp) now and then: not like anything known."""
        thing = self._number << 32
        show, u, v, _ = uniform4(*self._key, thing, look.number, 0)
        if show >= self._figures.false_per_look:
            return []
        volume = look.volume
        azimuth = volume.azimuth_from_rad + u * volume.azimuth_span_rad
        height = volume.elevation_max_rad - volume.elevation_min_rad
        return [(azimuth, volume.elevation_min_rad + v * height, -1, math.nan, -1)]

    def _table(self, found: list[tuple[float, ...]], time_s: float) -> Detections:
        azimuth, elevation, looked_like, sure, armed = zip(*found, strict=True)
        return Detections.of(
            time_s=np.full(len(found), time_s + self._clock_offset_s),
            azimuth_rad=[wrap(angle) % (2.0 * math.pi) for angle in azimuth],
            elevation_rad=elevation,
            looked_like=looked_like,
            look_confidence=sure,
            payload_seen=armed,
        )


# What a class is taken for when it is not told apart: things of like size and outline.
_LOOKALIKES: dict[ObjectClass, tuple[ObjectClass, ...]] = {
    ObjectClass.MULTIROTOR: (ObjectClass.BIRD, ObjectClass.DECOY, ObjectClass.HELICOPTER),
    ObjectClass.FIXED_WING_DRONE: (
        ObjectClass.LOITERING_MUNITION,
        ObjectClass.DECOY,
        ObjectClass.BIRD,
        ObjectClass.AEROPLANE,
    ),
    ObjectClass.LOITERING_MUNITION: (
        ObjectClass.FIXED_WING_DRONE,
        ObjectClass.DECOY,
        ObjectClass.BIRD,
    ),
    ObjectClass.DECOY: (
        ObjectClass.FIXED_WING_DRONE,
        ObjectClass.LOITERING_MUNITION,
        ObjectClass.BIRD,
    ),
    ObjectClass.AEROPLANE: (ObjectClass.FIXED_WING_DRONE, ObjectClass.HELICOPTER),
    ObjectClass.HELICOPTER: (ObjectClass.AEROPLANE, ObjectClass.MULTIROTOR),
    ObjectClass.BIRD: (
        ObjectClass.MULTIROTOR,
        ObjectClass.FIXED_WING_DRONE,
        ObjectClass.DECOY,
    ),
}


def _confused(truth: int, which: float) -> int:
    """Return what a class that was not recognised is taken for."""
    options = _LOOKALIKES[ObjectClass(truth)]
    return int(options[int(which * len(options))])


def _stated(figures: ElectroOpticalParameters, surroundings: Surroundings) -> Sensor:
    """Return the camera as stated: half of the reference targets seen at the reference range."""
    half_m = figures.reference_size_m * 1e3 * figures.cycles_per_mrad / figures.detection_cycles
    range_m = min(half_m, figures.range_max_m)
    cycles = figures.reference_size_m / range_m * 1e3 * figures.cycles_per_mrad
    mask_azimuth, mask_elevation = figures.mask_rad
    return Sensor(
        number=surroundings.sensor_number,
        name=surroundings.name,
        kind="electro-optical",
        position_m=surroundings.position_m,
        axes=surroundings.axes,
        measures=Measures.AZIMUTH | Measures.ELEVATION,
        volume=Volume(
            figures.range_min_m,
            figures.range_max_m,
            elevation_min_rad=math.radians(figures.elevation_min_deg),
            elevation_max_rad=math.radians(figures.elevation_max_deg),
        ),
        period_s=figures.period_s,
        detection_probability=round(johnson(cycles, figures.detection_cycles), 2),
        clutter_per_look=figures.false_per_look,
        sigma_azimuth_rad=math.radians(figures.sigma_angle_deg),
        sigma_elevation_rad=math.radians(figures.sigma_angle_deg),
        reference_range_m=round(range_m, -2),
        horizon_azimuth_rad=mask_azimuth,
        horizon_elevation_rad=mask_elevation,
        cued=True,
    )
