"""A tracker to use alone: no scenario, no world, plots in and tracks out."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from chowki.core.errors import UsageError
from chowki.core.ports import Associator
from chowki.core.table import F64
from chowki.picture.associators import BeliefPropagation
from chowki.picture.config import SensorConfig, TrackerConfig
from chowki.picture.estimates import Estimates, Pairs
from chowki.picture.lone import LoneState, LoneTracker
from chowki.picture.nearest import NearestTracker
from chowki.picture.plane import PlaneTracker
from chowki.picture.space import SLOTS, SpaceTracker

MARGINALS, NEAREST = "belief-propagation", "global-nearest-neighbour"
METHODS = (MARGINALS, NEAREST)
WARM_SCANS = 8


class Tracker:
    """Follows many targets in the plots of one or several sensors.

    Parameters
    ----------
    config : TrackerConfig, str or Path
        What the tracker is told, or a TOML file that says so.
    height : bool
        Whether plots of positions have a height; without it they are tracked in the plane.
    associator : Associator, optional
        Another way to weigh which track each plot came from.

    Raises
    ------
    ScenarioError
        If the file is invalid, with every problem found.

    Examples
    --------
    >>> config = TrackerConfig.model_validate({
    ...     "sensor": {"kind": "position", "sigma_m": 30.0, "detection_probability": 0.9,
    ...                "clutter_per_m2": 1e-6, "area_m": [0, 0, 10_000, 10_000]},
    ...     "target": {"birth_per_m2": 1e-8},
    ... })
    >>> tracker = Tracker(config)
    >>> for k in range(20):
    ...     tracks = tracker.scan(float(k), [[1_000.0 + 40.0 * k, 2_000.0]])
    >>> len(tracks), round(float(tracks.vx_mps[0]))
    (1, 40)
    """

    def __init__(
        self,
        config: TrackerConfig | str | Path,
        *,
        height: bool = False,
        associator: Associator | None = None,
    ) -> None:
        self.config = config if isinstance(config, TrackerConfig) else TrackerConfig.read(config)
        self._sensors = {sensor.id: sensor for sensor in self.config.sensor}
        self._height, self._associator = height, associator or BeliefPropagation()
        self._tracker = _built(self.config, self._height, self._associator)
        self._state, self._found = self._tracker.start(), None
        self._replay: list[tuple[LoneState, _Scan]] = []

    def scan(
        self, time_s: float, plots: ArrayLike, sensor: str = "", times_s: ArrayLike | None = None
    ) -> Estimates:
        """Take one scan and return the tracks at its time.

        A scan that is late by ``association.late_s`` at the most is taken in its place: what came
        after it is taken anew, so that the result is that of scans in order.

        Parameters
        ----------
        time_s : float
            Time of the scan, seconds.
        plots : array_like
            Shape (m, k), m may be 0. Columns by kind of sensor: x, y and z (m) of a position;
            range (m), azimuth, elevation (degrees) and range rate (m/s) of a radar; azimuth and
            elevation of a bearing. Trailing columns may be missing, single values NaN.
        sensor : str
            Its id; may be left out when there is one.
        times_s : array_like, optional
            Shape (m,): time of each plot; that of the scan without it.

        Raises
        ------
        UsageError
            If there is no such sensor, the plots do not have its columns, or they come too late.
        """
        scan = self._checked(time_s, plots, sensor, times_s)
        if not time_s < self._state.time_s:
            self._take(scan)
        else:
            self._take_late(scan)
        return self._tracker.estimates(self._state)

    def warm(self) -> None:
        """Compile, or load, the kernels that scans will need; nothing is remembered of it."""
        association = self.config.association.model_copy(update={"blur": 0.0})
        config = self.config.model_copy(update={"association": association})
        tracker = _built(config, self._height, self._associator)
        state = tracker.start()
        for k in range(WARM_SCANS):
            for sensor in self.config.sensor:
                plots = _two_close(sensor, k)
                state, _ = tracker.scan(
                    state, sensor, float(k), np.full(len(plots), float(k)), plots
                )
        tracker.estimates(state)

    @property
    def pairs(self) -> Pairs:
        """Return which plot of the last scan came from which track, with what probability."""
        return Pairs.empty() if self._found is None else self._found.pairs()

    def _checked(
        self, time_s: float, plots: ArrayLike, sensor: str, times_s: ArrayLike | None
    ) -> _Scan:
        if not sensor and len(self._sensors) == 1:
            sensor = next(iter(self._sensors))
        if sensor not in self._sensors:
            raise UsageError(f"no sensor {sensor!r}; there are: {', '.join(self._sensors)}")
        kind = self._sensors[sensor].kind
        values = np.asarray(plots, dtype=np.float64)
        values = values.reshape(-1, len(SLOTS[kind])) if values.size == 0 else values
        least = 2 if kind != "bearing" else 1
        if values.ndim != 2 or not least <= values.shape[1] <= len(SLOTS[kind]):
            raise UsageError(
                f"plots of kind {kind} have {least} to {len(SLOTS[kind])} columns,"
                f" not shape {values.shape}"
            )
        whole = np.full(len(values), time_s) if times_s is None else np.asarray(times_s, np.float64)
        usable = np.isfinite(values[:, :least]).all(axis=1) & np.isfinite(whole)
        if not usable.all():
            values, whole = values[usable], whole[usable]
        return _Scan(float(time_s), self._sensors[sensor], values, whole)

    def _take(self, scan: _Scan) -> None:
        late_s, before = self.config.association.late_s, self._state
        self._state, self._found = self._tracker.scan(
            before, scan.sensor, scan.time_s, scan.times_s, scan.values
        )
        if late_s > 0.0:
            self._replay.append((before, scan))
            while scan.time_s - self._replay[0][1].time_s > late_s:
                self._replay.pop(0)

    def _take_late(self, scan: _Scan) -> None:
        """Take a scan where it belongs, and what came after it anew."""
        first = next((k for k, (_, s) in enumerate(self._replay) if s.time_s > scan.time_s), None)
        oldest = self._replay[0][0].time_s if self._replay else math.nan
        if first is None or scan.time_s < oldest:
            late_s = self._state.time_s - scan.time_s
            raise UsageError(f"a scan {late_s:g} s late; association.late_s says how late one may")
        again = [scan, *(later for _, later in self._replay[first:])]
        self._state = self._replay[first][0]
        del self._replay[first:]
        for one in again:
            self._take(one)


class _Scan:
    """One scan as it came."""

    __slots__ = ("sensor", "time_s", "times_s", "values")

    def __init__(self, time_s: float, sensor: SensorConfig, values: F64, times_s: F64) -> None:
        self.time_s, self.sensor, self.values, self.times_s = time_s, sensor, values, times_s


def _built(config: TrackerConfig, height: bool, associator: Associator) -> LoneTracker:
    if config.association.method not in METHODS:
        allowed = ", ".join(METHODS)
        raise UsageError(f"no associator {config.association.method!r}; there are: {allowed}")
    flat = not height and all(sensor.kind == "position" for sensor in config.sensor)
    if config.association.method == NEAREST:
        if not flat or config.motion.model != "cv":
            raise UsageError(f"{NEAREST} is a baseline: positions in the plane, constant velocity")
        return NearestTracker(config)
    return (PlaneTracker if flat else SpaceTracker)(config, associator)


def _two_close(sensor: SensorConfig, k: int) -> F64:
    """Return plots of two targets side by side; every third scan one plot between them."""
    apart = np.array([0.5]) if k % 3 == 2 else np.array([0.0, 1.0])
    if sensor.kind == "position":
        x0, y0, x1, y1 = sensor.area_m or (0.0, 0.0, 0.0, 0.0)
        middle = np.array([0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.0])
        return middle + 1.8 * (sensor.sigma_m or 1.0) * apart[:, None]
    azimuth = 10.0 + 1.8 * (sensor.sigma_azimuth_deg or 1.0) * apart
    if sensor.kind == "bearing":
        return azimuth[:, None]
    return np.stack([np.full(len(apart), 0.3 * (sensor.range_max_m or 1e4)), azimuth], axis=1)
