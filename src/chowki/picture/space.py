"""Tracking in space: positions, radars and bearings, each in its own coordinates."""

from __future__ import annotations

import math

import numpy as np

from chowki.core.places import Measures
from chowki.core.ports import Associator
from chowki.core.table import F64, I64
from chowki.kernels import birth, modes, visibility
from chowki.kernels import filter as plots_of
from chowki.kernels.gate import Bernoullis
from chowki.kernels.measure import TWO_PI
from chowki.kernels.motion import coast
from chowki.kernels.reach import Founded
from chowki.kernels.space import Newcomers, space_chance, weigh_space_births
from chowki.picture.bearings import (
    BearingMemory,
    founded_by_both,
    heard_in,
    target_prior,
    triangulated,
)
from chowki.picture.clusters import Observation
from chowki.picture.config import SensorConfig, TrackerConfig
from chowki.picture.lens import gate_sizes
from chowki.picture.lone import LoneState, LoneTracker
from chowki.picture.motions import imm_of, straight

EVERYWHERE = (-math.inf, -math.inf, math.inf, math.inf)
# Slots of each kind of sensor, in the order of its columns.
SLOTS = {
    "position": ((4, Measures.POSITION), (5, Measures.POSITION), (6, Measures.POSITION)),
    "radar": (
        (0, Measures.RANGE), (1, Measures.AZIMUTH), (2, Measures.ELEVATION),
        (3, Measures.RANGE_RATE),
    ),
    "bearing": ((1, Measures.AZIMUTH), (2, Measures.ELEVATION)),
}  # fmt: skip


class SpaceTracker(LoneTracker):
    """TOMB/P in space, on flat ground.

    Parameters
    ----------
    config : TrackerConfig
        Sensors of any kind.
    associator : Associator
        Weighs which track each plot came from.
    """

    def __init__(self, config: TrackerConfig, associator: Associator) -> None:
        motion, psd = config.motion, config.motion.accel_psd_m2ps3
        if motion.model == "cv":
            super().__init__(config, associator, modes.SPACE, straight(psd, psd))
        else:
            super().__init__(config, associator, modes.SPACE_TURNING, imm_of(motion))
        self._gates = gate_sizes(config.association.gate_probability)
        target = config.target
        self._prior = np.empty(birth.B_WIDTH)
        self._prior[:] = (
            -math.inf, target.speed_sd_mps, target.speed_sd_mps, target.climb_sd_mps,
            target.height_m, target.height_sd_m, target.height_m, target.height_sd_m, self._floor,
        )  # fmt: skip

        self._emitter = target_prior(
            target.speed_sd_mps, target.climb_sd_mps, target.height_m, target.height_sd_m
        )

    def _newcomers(self, state: LoneState) -> Newcomers:
        target = self._config.target
        area_m2 = self._config.sensor[0].area_m2
        density = state.density + float(state.expected.sum()) / area_m2
        return density, target.speed_sd_mps, target.height_m, target.height_sd_m

    def _seen(
        self, state: LoneState, sensor: SensorConfig, at_s: float, survival: float, time_s: F64,
        values: F64,
    ) -> Observation:  # fmt: skip
        """Return the scan as kernels take it."""
        origin = np.array((*sensor.position_m, 0.0)[:3], dtype=np.float64)
        detection, area = sensor.detection_probability, np.array(sensor.area_m or EVERYWHERE)
        plots, bits = _plots(sensor, time_s, values)
        newcomers, clutter = self._newcomers(state), sensor.clutter_density_per_m2
        weigh_space_births(plots, bits, newcomers, clutter, detection, origin, sensor.area_m2)
        late = np.array([self._motion[0][0, modes.Q_HORIZONTAL], 0.0])
        view = (origin, np.eye(3), self._gates, late)
        reach = math.inf if sensor.kind == "position" else sensor.range_max_m or math.inf
        edge = self._edge if sensor.area_m else 1.0

        def chance_of(rows: Bernoullis, _number: I64) -> F64:
            return space_chance(rows, at_s, survival, detection, area, edge, origin, reach)

        scan_bits = int(np.bitwise_and.reduce(bits)) if len(bits) else int(Measures.POSITION)
        start_s = float(time_s.min()) if len(time_s) else at_s
        return Observation(plots, bits, scan_bits, view, min(start_s, at_s), at_s, chance_of)

    def _births(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64
    ) -> Founded:
        """Return the tracks that plots found."""
        return birth.births(seen.plots, seen.bits, free, _look(seen), seen.view, self._prior)

    def _with_bearings(
        self, state: LoneState, sensor: SensorConfig, seen: Observation, free: F64, born: Founded
    ) -> tuple[BearingMemory, Founded]:
        """Return the bearings remembered, and the tracks founded with those that they found."""
        if sensor.kind != "bearing":
            return state.heard, born
        look = _look(seen)
        look[visibility.L_AZIMUTH_SPAN] = TWO_PI
        look[visibility.L_RANGE_MAX] = sensor.range_max_m or math.inf
        look[visibility.L_DETECTION] = sensor.detection_probability
        number, unseen = self._config.sensor.index(sensor), self._newcomers(state)[0]
        heard = heard_in(seen.plots, seen.bits, free, look, seen.view, number, unseen, seen.end_s)
        memory, together = triangulated(state.heard, heard, self._motion, self._emitter)
        return memory, founded_by_both(born, together)

    def _place(self, state: LoneState, told: I64) -> tuple[tuple[F64, ...], F64]:
        """Return position and velocity of some tracks, and the covariance of position (k, 6)."""
        q = float(self._motion[0][0, modes.Q_HORIZONTAL])
        x, p = coast(state.rows[0], state.rows[1], state.rows[5], told, state.time_s, q, q)
        spread = p[:, (0, 0, 0, 1, 1, 2), (0, 1, 2, 1, 2, 2)]
        return tuple(np.ascontiguousarray(x.T)), spread


def _look(seen: Observation) -> F64:
    """Return the figures of a look over flat ground."""
    look = np.full(visibility.L_WIDTH, np.nan)
    look[visibility.L_EARTH_FACTOR] = math.inf
    look[visibility.L_SENSOR_HEIGHT] = seen.view[0][2]
    return look


def _plots(sensor: SensorConfig, time_s: F64, values: F64) -> tuple[F64, I64]:
    """Return plots and their slots as kernels take them; degrees become radians."""
    plots = np.full((len(time_s), plots_of.P_WIDTH), np.nan)
    bits = np.zeros(len(time_s), dtype=np.int64)
    plots[:, plots_of.P_TIME] = time_s
    sigmas = _sigmas(sensor)
    for column, (slot, measure) in zip(values.T, SLOTS[sensor.kind], strict=False):
        told = np.isfinite(column)
        angle = bool(measure & (Measures.AZIMUTH | Measures.ELEVATION))
        value = np.radians(column) if angle else column
        plots[:, plots_of.P_VALUE + slot] = np.mod(value, TWO_PI) if slot == 1 else value
        plots[:, plots_of.P_VARIANCE + slot] = sigmas[slot] ** 2
        bits[told] |= int(measure)
    return plots, bits


def _sigmas(sensor: SensorConfig) -> dict[int, float]:
    """Return the standard deviation of each slot, SI."""
    azimuth = math.radians(sensor.sigma_azimuth_deg or 1.0)
    elevation = math.radians(sensor.sigma_elevation_deg or 0.0) or azimuth
    position = sensor.sigma_m or 1.0
    return {
        0: sensor.sigma_range_m or 1.0,
        1: azimuth,
        2: elevation,
        3: sensor.sigma_range_rate_mps or 1.0,
        4: position,
        5: position,
        6: position,
    }
