"""Which tracks were drones, and where they were seen: from the recorded picture alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.places import Place, Station
from chowki.core.records import DRONE_CLASSES, Identity, TrackStatus
from chowki.kernels.geodesy import axes_at, station_frame
from chowki.outputs.evidence import F64, I64, column, vector
from chowki.outputs.sitrep.facts import SightingRule


@dataclass(frozen=True, slots=True)
class DroneRows:
    """Rows of the picture that show drones.

    Attributes
    ----------
    track : I64
        Track numbers, shape (n,).
    time_s : F64
        UTC seconds, shape (n,).
    position_m : F64
        Station frame, shape (n, 3).
    armed : numpy.ndarray of bool
        Shape (n,): the track was suspected armed at any time.
    """

    track: I64
    time_s: F64
    position_m: F64
    armed: Any

    @property
    def tracks(self) -> I64:
        """Return the distinct track numbers, ascending."""
        return np.unique(self.track)


def drone_mask(tracks: Any, rule: SightingRule) -> Any:
    """Return which rows of the picture show a confirmed drone track, shape (n,).

    Confirmed; the most probable class is a drone class; and either suspect or hostile, or
    pending or unknown with drone classes of at least ``rule.drone_probability`` together.
    """
    drones = [int(c) for c in DRONE_CLASSES]
    identity = column(tracks, "identity")
    likely = vector(tracks, "class_probability")[:, drones].sum(axis=1) >= rule.drone_probability
    held = (identity == Identity.SUSPECT) | (identity == Identity.HOSTILE)
    open_ = (identity == Identity.PENDING) | (identity == Identity.UNKNOWN)
    confirmed = column(tracks, "status") == TrackStatus.CONFIRMED
    return confirmed & np.isin(column(tracks, "object_class"), drones) & (held | (open_ & likely))


def drone_rows(tracks: Any, rule: SightingRule) -> DroneRows:
    """Return the rows of tracks that counted as drones in ``rule.pictures`` pictures or more."""
    rows = np.flatnonzero(drone_mask(tracks, rule))
    number = column(tracks, "track")[rows]
    _, which, counts = np.unique(number, return_inverse=True, return_counts=True)
    keep = counts[which] >= rule.pictures
    rows, number = rows[keep], number[keep]
    armed = column(tracks, "armed_probability")[rows] >= rule.armed_probability
    place = np.column_stack([column(tracks, c)[rows] for c in ("east_m", "north_m", "up_m")])
    return DroneRows(
        number, column(tracks, "time_s")[rows], place, np.isin(number, np.unique(number[armed]))
    )


def horizontal_distance(station: Station, place: Place, position_m: F64) -> F64:
    """Return distances along the ground from a place, metres, shape (n,).

    The part of the difference across the place's own vertical, so that neither height nor
    the earth's curvature counts.
    """
    frame = station_frame(
        np.radians(station.lat_deg), np.radians(station.lon_deg), station.height_m
    )
    axes = axes_at(np.radians(place.lat_deg), np.radians(place.lon_deg))
    up = frame[:3] @ axes[2]
    apart = position_m - place.position_m
    vertical = apart @ up
    return np.sqrt(np.maximum((apart * apart).sum(axis=1) - vertical * vertical, 0.0))


@dataclass(frozen=True, slots=True)
class Nearby:
    """Drone rows within the sighting radius of one place, by time.

    Attributes
    ----------
    track : I64
        Track numbers, shape (n,).
    time_s, distance_m : F64
        UTC seconds and horizontal distance, shape (n,).
    armed : numpy.ndarray of bool
        Shape (n,).
    """

    track: I64
    time_s: F64
    distance_m: F64
    armed: Any


def nearby(drones: DroneRows, station: Station, place: Place, rule: SightingRule) -> Nearby:
    """Return the drone rows near a place, by time."""
    distance_m = horizontal_distance(station, place, drones.position_m)
    near = np.flatnonzero(distance_m <= max(rule.radius_m, place.radius_m))
    near = near[np.argsort(drones.time_s[near], kind="stable")]
    return Nearby(drones.track[near], drones.time_s[near], distance_m[near], drones.armed[near])
