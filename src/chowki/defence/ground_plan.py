"""What defence reads of the theatre, once, as arrays: places, sites, border, frame."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Theatre
from chowki.core.records import N_CLASSES, EffectorKind
from chowki.core.table import F64, I64
from chowki.kernels.geodesy import axes_at, station_frame


@dataclass(frozen=True, slots=True)
class GroundPlan:
    """Places, sites and border of a theatre as columns, station frame.

    Attributes
    ----------
    frame : F64
        Shape (4, 3), ``geodesy.station_frame``.
    place_m, place_axes : F64
        Shapes (p, 3), (p, 3, 3): positions; rows of axes are local east, north, up.
    place_radius_m, population, priority : F64
        Shape (p,).
    place_sector : I64
        Shape (p,): index into ``sectors``.
    sectors : tuple of str
        Names of the sectors, ascending.
    corner_lat_rad, corner_lon_rad : F64
        Border polygon.
    site_m : F64
        Shape (s, 3).
    site_figures : F64
        Shape (s, 5), as ``intercept.reach`` takes them.
    site_kill : F64
        Shape (s, 7): stated single-shot kill probability against each class.
    magazine, channels : I64
        Shape (s,).
    debris_m : F64
        Shape (s,): scatter of debris round the fall.
    acquisition_m : F64
        Shape (s,): how far about the predicted point a round finds its target.
    site_jams : B8
        Shape (s,): whether the site is a jammer.
    """

    frame: F64
    place_m: F64
    place_axes: F64
    place_radius_m: F64
    population: F64
    priority: F64
    place_sector: I64
    sectors: tuple[str, ...]
    corner_lat_rad: F64
    corner_lon_rad: F64
    site_m: F64
    site_figures: F64
    site_kill: F64
    magazine: I64
    channels: I64
    debris_m: F64
    acquisition_m: F64
    site_jams: NDArray[np.bool_]

    @classmethod
    def of(cls, theatre: Theatre) -> GroundPlan:
        """Return the ground plan of a theatre."""
        frame = frame_of(theatre)
        places, sites = theatre.places, theatre.sites
        sectors = tuple(sorted({place.sector for place in places}))
        return cls(
            frame=frame,
            place_m=_rows([place.position_m for place in places], 3),
            place_axes=_place_axes(theatre, frame),
            place_radius_m=np.array([place.radius_m for place in places], dtype=np.float64),
            population=np.array([place.population for place in places], dtype=np.float64),
            priority=np.array([place.priority for place in places], dtype=np.float64),
            place_sector=np.array([sectors.index(p.sector) for p in places], dtype=np.int64),
            sectors=sectors,
            corner_lat_rad=np.radians(np.asarray(theatre.border_lat_deg, dtype=np.float64)),
            corner_lon_rad=np.radians(np.asarray(theatre.border_lon_deg, dtype=np.float64)),
            site_m=_rows([site.position_m for site in sites], 3),
            site_figures=_site_figures(theatre),
            site_kill=_rows([site.kill_probability for site in sites], N_CLASSES),
            magazine=np.array([site.magazine for site in sites], dtype=np.int64),
            channels=np.array([site.channels for site in sites], dtype=np.int64),
            debris_m=np.array([site.debris_radius_m for site in sites], dtype=np.float64),
            acquisition_m=np.array([site.acquisition_m for site in sites], dtype=np.float64),
            site_jams=np.array([s.effector is EffectorKind.JAMMER for s in sites], dtype=np.bool_),
        )


def frame_of(theatre: Theatre) -> F64:
    """Return the station frame of a theatre, ``geodesy.station_frame``."""
    station = theatre.station
    return station_frame(
        math.radians(station.lat_deg), math.radians(station.lon_deg), float(station.height_m)
    )


def _rows(rows: list[F64], width: int) -> F64:
    return np.array(rows, dtype=np.float64).reshape(len(rows), width)


def _place_axes(theatre: Theatre, frame: F64) -> F64:
    axes = np.empty((len(theatre.places), 3, 3))
    for k, place in enumerate(theatre.places):
        earth = axes_at(math.radians(place.lat_deg), math.radians(place.lon_deg))
        axes[k] = earth @ frame[:3].T
    return axes


def _site_figures(theatre: Theatre) -> F64:
    figures = [
        np.array(
            [s.range_min_m, s.range_max_m, s.height_max_m, s.round_speed_mps, s.reaction_s],
            dtype=np.float64,
        )
        for s in theatre.sites
    ]
    return _rows(figures, 5)
