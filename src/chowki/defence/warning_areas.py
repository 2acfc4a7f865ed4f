"""Areas under a track: cells that a suspect or hostile flies over, now or within minutes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from chowki.core.cells import cell_centre, cells_at
from chowki.core.places import Theatre
from chowki.core.records import DRONE_CLASSES, Identity, Tracks, TrackStatus, WarningLevel
from chowki.core.table import F64, I64
from chowki.defence.ground_plan import frame_of
from chowki.defence.warning_board import Withheld
from chowki.defence.warning_parameters import WarningParameters
from chowki.defence.warning_words import counts
from chowki.kernels.geodesy import enu_to_geodetic, inside_polygon

B8 = NDArray[np.bool_]
_DRONES = [int(kind) for kind in DRONE_CLASSES]
STEPS = 4  # points along a course: 5 km apart at 50 m/s, a fourth of a cell


def _none() -> I64:
    return np.empty(0, dtype=np.int64)


def _nothing() -> F64:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Areas:
    """Cells under the courses of suspects and hostiles, each once.

    Attributes
    ----------
    cell : I64
        Shape (m,), ascending.
    probability : F64
        Probability that at least one drone flies over it.
    alone : F64
        The same, of those drones only that threaten no warned place.
    inbound, track : I64
        How many tracks, and the first of them to come.
    in_s : F64
        Seconds until it comes.
    pair_cell, pair_track : I64
        Shape (k,): every track over every cell, also those that do not count.
    """

    cell: I64 = field(default_factory=_none)
    probability: F64 = field(default_factory=_nothing)
    alone: F64 = field(default_factory=_nothing)
    inbound: I64 = field(default_factory=_none)
    track: I64 = field(default_factory=_none)
    in_s: F64 = field(default_factory=_nothing)
    pair_cell: I64 = field(default_factory=_none)
    pair_track: I64 = field(default_factory=_none)


class AreaFinder:
    """Finds the areas under tracks.

    Parameters
    ----------
    theatre : Theatre
        Border and frame of reference. Without a border nothing is known to be over the defended
        side, and no area is warned.
    parameters : WarningParameters
        How far ahead.
    """

    def __init__(self, theatre: Theatre, parameters: WarningParameters) -> None:
        self._frame = frame_of(theatre)
        self._lat_rad = np.radians(np.asarray(theatre.border_lat_deg, dtype=np.float64))
        self._lon_rad = np.radians(np.asarray(theatre.border_lon_deg, dtype=np.float64))
        self._drone_probability = parameters.drone_probability
        self._times_s = np.linspace(0.0, parameters.area_ahead_s, STEPS)
        self._off = parameters.area_ahead_s <= 0.0 or not len(self._lat_rad)

    def find(
        self,
        tracks: Tracks,
        threatening: I64,
        withheld: tuple[Withheld, ...] = (),
        *,
        any_held: bool,
    ) -> Areas:
        """Return the areas under suspects and hostiles, most probably drones, that have crossed.

        Parameters
        ----------
        tracks : Tracks
            The picture.
        threatening : I64
            Shape (k,): rows of tracks that threaten a place which is warned.
        withheld : tuple of Withheld
            What persons cancelled: those tracks no longer count there.
        any_held : bool
            Whether a warning to an area stands or begins: then tracks that threaten a place hold
            it too. Else only a track that threatens none makes an area matter.
        """
        if self._off:
            return Areas()
        held = (tracks.identity == Identity.SUSPECT) | (tracks.identity == Identity.HOSTILE)
        held &= (tracks.status == TrackStatus.CONFIRMED) & np.isfinite(tracks.crossed_border_s)
        rows = np.flatnonzero(held)
        drone = tracks.class_probability[rows][:, _DRONES].sum(axis=1)
        rows = rows[drone >= self._drone_probability]
        alone = ~np.isin(rows, threatening)
        if not (alone.any() or (any_held and len(rows))):
            return Areas()
        return self._under(tracks, rows, alone, withheld)

    def _under(self, tracks: Tracks, rows: I64, alone: B8, withheld: tuple[Withheld, ...]) -> Areas:
        """Return the cells under the courses of some tracks."""
        position_m, velocity_mps = (
            np.column_stack([getattr(tracks, name)[rows] for name in names])
            for names in (("east_m", "north_m", "up_m"), ("v_east_mps", "v_north_mps", "v_up_mps"))
        )
        ahead_m = position_m + velocity_mps * self._times_s[:, None, None]
        geodetic = enu_to_geodetic(self._frame, ahead_m.reshape(-1, 3))
        cell = cells_at(np.degrees(geodetic[:, 0]), np.degrees(geodetic[:, 1]))
        whose = np.tile(np.arange(len(rows)), STEPS)
        # points stand in order of time, so the first of a pair is when the track comes there
        _, first = np.unique(cell * len(rows) + whose, return_index=True)
        first = np.sort(first[self._defended(cell[first])])
        pairs = cell[first], tracks.track[rows[whose[first]]]
        first = first[counts(withheld, *pairs, WarningLevel.ADVISORY, of_areas=True)]
        found, leads, of = np.unique(cell[first], return_index=True, return_inverse=True)
        probability = tracks.class_probability[rows][:, _DRONES].sum(axis=1)
        missed = np.log1p(-np.minimum(probability * tracks.existence[rows], 1.0 - 1e-12))
        who = whose[first]
        return Areas(
            cell=found,
            probability=-np.expm1(np.bincount(of, missed[who], len(found))),
            alone=-np.expm1(np.bincount(of, (missed * alone)[who], len(found))),
            inbound=np.bincount(of, minlength=len(found)),
            track=tracks.track[rows[who[leads]]],
            in_s=self._times_s[first[leads] // len(rows)],
            pair_cell=pairs[0],
            pair_track=pairs[1],
        )

    def _defended(self, cell: I64) -> B8:
        """Return which cells have their middle on the defended side."""
        lat_deg, lon_deg = cell_centre(cell)
        return inside_polygon(
            np.radians(lat_deg), np.radians(lon_deg), self._lat_rad, self._lon_rad
        )
