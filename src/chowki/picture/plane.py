"""Tracking in the plane: positions of one or several sensors, everything linear."""

from __future__ import annotations

import math

import numpy as np

from chowki.core.ports import Associator
from chowki.core.table import F64, I64
from chowki.kernels import filter as plots_of
from chowki.kernels import modes, pda
from chowki.kernels.gate import Bernoullis
from chowki.kernels.plane import Undetected, plane_births, plane_chance, plane_report, weigh_births
from chowki.kernels.reach import Founded
from chowki.picture.clusters import Observation, Shares
from chowki.picture.config import SensorConfig, TrackerConfig
from chowki.picture.lone import LoneState, LoneTracker
from chowki.picture.motions import imm_of, straight


class PlaneTracker(LoneTracker):
    """TOMB/P in the plane.

    Parameters
    ----------
    config : TrackerConfig
        All sensors are of kind "position".
    associator : Associator
        Weighs which track each plot came from.
    """

    def __init__(self, config: TrackerConfig, associator: Associator) -> None:
        motion, psd = config.motion, config.motion.accel_psd_m2ps3
        if motion.model == "cv":
            super().__init__(config, associator, modes.PLANE, straight(psd, psd))
        else:
            super().__init__(config, associator, modes.PLANE_TURNING, imm_of(motion))
        self._gate = -2.0 * math.log(1.0 - config.association.gate_probability)
        births = config.target.birth
        self._mean = np.array([(*b.mean_m, 0.0, 0.0) for b in births]).reshape(-1, 4)
        self._spread = np.array([_spread(b.sd_m, b.speed_sd_mps) for b in births]).reshape(-1, 4, 4)

    def _undetected(self, state: LoneState) -> Undetected:
        speed_sd = self._config.target.speed_sd_mps
        return state.density, speed_sd, state.expected, self._mean, self._spread

    def _seen(
        self, state: LoneState, sensor: SensorConfig, at_s: float, survival: float, time_s: F64,
        values: F64,
    ) -> Observation:  # fmt: skip
        """Return the scan as kernels take it."""
        detection, area = sensor.detection_probability, np.array(sensor.area_m, dtype=np.float64)
        plots = np.full((len(time_s), plots_of.PLANE_WIDTH), np.nan)
        plots[:, plots_of.P_TIME] = time_s
        plots[:, plots_of.P_VALUE : plots_of.PLANE_VARIANCE] = values[:, :2]
        plots[:, plots_of.PLANE_VARIANCE :] = (sensor.sigma_m or 0.0) ** 2
        weigh_births(plots, self._undetected(state), sensor.clutter_density_per_m2, detection)
        noise = np.array([self._motion[0][0, modes.Q_HORIZONTAL], 0.0])
        view = (np.zeros(3), np.eye(3), np.full(11, self._gate), noise)
        edge = self._edge

        def chance_of(rows: Bernoullis, _number: I64) -> F64:
            return plane_chance(rows, at_s, survival, detection, area, edge)

        bits = np.zeros(len(plots), dtype=np.int64)
        return Observation(plots, bits, 0, view, at_s, at_s, chance_of)

    def _quick(self, rows: Bernoullis, seen: Observation) -> bool:
        """Return whether the closed form of one mode and like plots serves."""
        younger = len(rows[5]) > 0 and rows[5].max() > seen.end_s
        return len(self._size) == 4 and not younger and pda.alike(seen.plots, seen.end_s)

    def _candidates(self, rows: Bernoullis, chance: F64, seen: Observation) -> tuple[I64, I64, F64]:
        """Return the candidate pairs of all rows."""
        if not self._quick(rows, seen):
            return super()._candidates(rows, chance, seen)
        q, gate = seen.view[3][0], self._gate
        return pda.pda_candidates(rows[0], rows[1], rows[5], chance, seen.plots, q, gate)

    def _updated(
        self, rows: Bernoullis, chance: F64, shares: Shares, seen: Observation
    ) -> Bernoullis:
        """Return all rows, updated in place where no cluster looks after them."""
        if not self._quick(rows, seen):
            return super()._updated(rows, chance, shares, seen)
        state, covariance, _, _, _, time_s, existence, _ = rows
        pda.pda_update(
            state, covariance, time_s, existence, chance, (*shares.pairs, shares.missed),
            seen.plots, seen.view[3][0], shares.clustered,
        )  # fmt: skip
        return rows

    def _births(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64
    ) -> Founded:
        """Return the tracks that plots found."""
        return plane_births(seen.plots, free, self._undetected(state), seen.view, self._floor)

    def _place(self, state: LoneState, told: I64) -> tuple[tuple[F64, ...], F64]:
        """Return position and velocity of some tracks, and the covariance of position (k, 6)."""
        q = float(self._motion[0][0, modes.Q_HORIZONTAL])
        x, y, vx, vy, xx, xy, yy = plane_report(state.rows, told, state.time_s, q)
        zero = np.zeros(len(told))
        spread = np.stack((xx, xy, zero, yy, zero, zero), axis=1)
        return (x, y, zero, vx, vy, zero), spread


def _spread(sd_m: tuple[float, float], speed_sd_mps: float) -> F64:
    return np.diag([sd_m[0], sd_m[1], speed_sd_mps, speed_sd_mps]) ** 2
