"""Targets without a track: how many of each kind there are, by place (``kernels.undetected``)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from chowki.core.places import Measures, Theatre
from chowki.core.table import F64
from chowki.kernels.clutter import S_STARTS
from chowki.kernels.undetected import (
    G_SIDE,
    K_WIDTH,
    about,
    cell_detection,
    drift,
    looked,
    returned,
)
from chowki.kernels.visibility import L_COOPERATIVE
from chowki.picture.intake import Usable
from chowki.picture.lens import Lens
from chowki.picture.parameters import PictureParameters
from chowki.picture.states import Undetected

# Most cells along one side of the grid, and the least side of a cell, m.
CELLS_MAX, SIDE_MIN_M = 80, 20_000.0
SMALL, LARGE = 0, 1


class Survey:
    """Keeps the intensity of targets without a track.

    Parameters
    ----------
    theatre : Theatre
        Its sensors tell how far the grid reaches.
    parameters : PictureParameters
        Kinds of targets.
    """

    def __init__(self, theatre: Theatre, parameters: PictureParameters) -> None:
        self._kinds, self._turnover_s = _kinds(parameters), parameters.turnover_s
        self._grid, self._shape = _grid(theatre)
        self._missed: dict[int, tuple[Lens, F64]] = {}

    def about(self, known: Undetected, usable: Usable, glass: Lens, look: F64) -> tuple[F64, F64]:
        """Return what there is without a track about each plot, and how false its strength is.

        Parameters
        ----------
        known : Undetected
            The intensity; where nobody looks, before the first tick.
        usable : Usable
            Plots of a scan.
        glass : Lens
            The sensor.
        look : F64
            Figures of the look.
        """
        density = known.density if known.density.size else self._rest()
        return about(
            usable.plots, usable.bits, usable.snr_db, self._kinds, self._grid, density,
            glass.view[0], glass.view[1], look,
        )  # fmt: skip

    def at(
        self, known: Undetected, time_s: float, turns: Mapping[int, float],
        lenses: Mapping[int, Lens],
    ) -> Undetected:  # fmt: skip
        """Return the intensity at a time, after the looks that were taken since.

        Parameters
        ----------
        known : Undetected
            Before.
        time_s : float
            UTC seconds.
        turns : mapping of int to float
            Turns of each sensor so far.
        lenses : mapping of int to Lens
            The sensors.
        """
        if not known.density.size:
            return Undetected(self._rest(), time_s, dict(turns))
        side_m = float(self._grid[G_SIDE])
        dt_s = max(time_s - known.time_s, 0.0)
        density = drift(known.density, self._kinds, side_m, self._turnover_s, dt_s)
        for number, now in turns.items():
            more = now - known.turns.get(number, 0.0)
            if more > 0.0 and number in lenses:
                missed = self._log_missed(lenses[number])
                if missed is not None:
                    looked(density, missed, more)
        return Undetected(density, max(time_s, known.time_s), dict(turns))

    def with_dropped(
        self, known: Undetected, position_m: F64, small: np.ndarray, existence: F64
    ) -> Undetected:
        """Return the intensity with what was left of dropped tracks.

        Parameters
        ----------
        known : Undetected
            Before.
        position_m : F64
            Shape (n, 3).
        small : numpy.ndarray
            Shape (n,): whether each is a small target.
        existence : F64
            Shape (n,).
        """
        if not known.density.size or not len(existence):
            return known
        density = known.density.copy()
        east, north = np.ascontiguousarray(position_m[:, :2].T)
        kind = np.where(small, SMALL, LARGE)
        returned(density, self._grid, east, north, kind, existence)
        return Undetected(density, known.time_s, known.turns)

    def _rest(self) -> F64:
        """Return the intensity where nobody looks."""
        density = np.empty((len(self._kinds), *self._shape))
        density[:] = self._kinds[:, -1][:, None, None]
        return density

    def _log_missed(self, glass: Lens) -> F64 | None:
        """Return ln(1 - P_D) of a turn in every cell; None for one that sees only who answers."""
        if glass.look[L_COOPERATIVE] > 0.0 or not glass.spread[S_STARTS] > 0.0:
            return None
        known = self._missed.get(glass.sensor.number)
        if known is None or known[0] is not glass:
            look = glass.at(glass.sensor.volume)
            missed = cell_detection(self._kinds, self._grid, self._shape, glass.origin, look)
            known = self._missed[glass.sensor.number] = (glass, missed)
        return known[1]


def _kinds(p: PictureParameters) -> F64:
    """Return the kinds of targets, columns ``K_...`` of ``kernels.undetected``."""
    kinds = np.empty((2, K_WIDTH))
    kinds[SMALL] = (
        p.small_mean_dbsm, p.small_spread_db, p.small_height_m, p.small_height_sd_m,
        p.small_speed_mps, p.small_per_km2 * 1e-6,
    )  # fmt: skip
    kinds[LARGE] = (
        p.large_mean_dbsm, p.large_spread_db, p.large_height_m, p.large_height_sd_m,
        p.large_speed_mps, p.large_per_km2 * 1e-6,
    )  # fmt: skip
    return kinds


def _grid(theatre: Theatre) -> tuple[F64, tuple[int, int]]:
    """Return a grid over all that positioning sensors reach, and its rows and columns."""
    placing = Measures.RANGE | Measures.POSITION
    spans = [
        (s.position_m[:2] - s.volume.range_max_m, s.position_m[:2] + s.volume.range_max_m)
        for s in theatre.sensors
        if s.measures & placing and math.isfinite(s.volume.range_max_m)
    ]
    if not spans:
        return np.array([0.0, 0.0, SIDE_MIN_M]), (1, 1)
    low = np.min([span[0] for span in spans], axis=0)
    high = np.max([span[1] for span in spans], axis=0)
    side = max(float((high - low).max()) / CELLS_MAX, SIDE_MIN_M)
    columns, rows = (max(1, math.ceil(float(extent) / side)) for extent in high - low)
    return np.array([low[0], low[1], side]), (rows, columns)
