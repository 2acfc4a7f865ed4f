"""What the stated sensors could see: range, horizon, mask and ground; no chance in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from chowki.core.places import Measures, Sensor, Theatre
from chowki.kernels.geodesy import station_frame, vertical_and_height
from chowki.kernels.terrain import Terrain, Vantage, lines_of_sight
from chowki.outputs.evidence import F64


def within_reach(theatre: Theatre, position_m: F64) -> Any:
    """Return which positions a positioning sensor could see, shape (n,).

    Within the stated range of a sensor that measures range and azimuth and needs no cue, and in
    its line of sight: the function that the simulated sensors use too.

    Parameters
    ----------
    theatre : Theatre
        Sensors as stated, and the ground.
    position_m : F64
        Station frame, shape (n, 3).
    """
    station, seen = theatre.station, np.zeros(len(position_m), np.bool_)
    frame = station_frame(
        np.radians(station.lat_deg), np.radians(station.lon_deg), station.height_m
    )
    terrain = _terrain(theatre)
    plots = Measures.RANGE | Measures.AZIMUTH
    for sensor in theatre.sensors:
        if sensor.cued or sensor.measures & plots != plots:
            continue
        apart = position_m - sensor.position_m
        near = (apart * apart).sum(axis=1) <= stated_range_m(sensor) ** 2
        rows = np.flatnonzero(near & ~seen)
        if len(rows):
            seen[rows] = lines_of_sight(
                _vantage(sensor, frame), terrain, np.ascontiguousarray(position_m[rows])
            )
    return seen


def stated_range_m(sensor: Sensor) -> float:
    """Return the range stated for the reference target, else the reach of the volume."""
    stated = sensor.reference_range_m
    return stated if np.isfinite(stated) else sensor.volume.range_max_m


def _terrain(theatre: Theatre) -> Terrain:
    ground = theatre.ground
    return Terrain(
        float(ground.constant_m),
        float(ground.refraction_factor),
        np.ascontiguousarray(np.radians(ground.lat_deg)),
        np.ascontiguousarray(np.radians(ground.lon_deg)),
        np.ascontiguousarray(ground.height_m, np.float64),
    )


def _vantage(sensor: Sensor, frame: F64) -> Vantage:
    east, north, up = (float(axis) for axis in sensor.position_m)
    return Vantage(
        np.ascontiguousarray(sensor.position_m, np.float64),
        np.ascontiguousarray(sensor.axes, np.float64),
        frame,
        float(vertical_and_height(frame, east, north, up)[3]),
        np.ascontiguousarray(sensor.horizon_azimuth_rad, np.float64),
        np.ascontiguousarray(sensor.horizon_elevation_rad, np.float64),
    )
