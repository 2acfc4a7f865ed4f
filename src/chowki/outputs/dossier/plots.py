"""Which sensors saw a track: the recorded plots that fit it, sensor by sensor.

The record keeps tracks now and then and every plot; which plot entered which track it does not
keep. A plot counts as consistent when it lies where the sensor would have measured the track,
straight between the recorded pictures, within 99 % of the errors stated and estimated.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from chowki.core.places import Measures, Sensor
from chowki.core.records import ObjectClass
from chowki.outputs.evidence import F64, I64, Evidence, column, last_rows, positions

Document = dict[str, Any]
BETWEEN_PICTURES_M = 30.0  # a turn of 2.4 m/s2 over half of 10 s leaves the straight by so much
CHI2_99 = np.array([np.inf, 6.635, 9.210, 11.345, 13.277])  # by degrees of freedom
_MEASURED = (
    ("range_m", Measures.RANGE),
    ("azimuth_rad", Measures.AZIMUTH),
    ("elevation_rad", Measures.ELEVATION),
    ("range_rate_mps", Measures.RANGE_RATE),
)
_COLUMNS = (
    "time_s", "sensor", "range_m", "azimuth_rad", "elevation_rad", "range_rate_mps", "east_m",
    "north_m", "up_m", "sigma_m", "frequency_hz", "looked_like", "look_confidence", "payload_seen",
    "address",
)  # fmt: skip


def sightings(evidence: Evidence, rows: I64) -> list[Document]:
    """Return, for each sensor with plots consistent with a track, how many and from when to when.

    Parameters
    ----------
    evidence : Evidence
        A recording.
    rows : I64
        Rows of the track by time, shape (n,).

    Returns
    -------
    list of dict
        ``sensor, kind, plots, first_s, last_s, frequency_hz, looked_like, look_confidence,
        payload_seen``, most plots first.
    """
    track = _Path(evidence.tracks, rows)
    time_s = column(evidence.detections, "time_s")
    within = (time_s >= track.time_s[0] - 1.0) & (time_s <= track.time_s[-1] + 1.0)
    table = evidence.detections.select(list(_COLUMNS)).filter(within)
    sensor = column(table, "sensor")
    found: list[Document] = []
    for one in evidence.theatre.sensors:
        mine = np.flatnonzero(sensor == one.number)
        if len(mine) and track.nearest_m(one.position_m) <= one.volume.range_max_m:
            plots = table.take(mine)
            kept = np.flatnonzero(consistent(one, _biases(evidence, one, track), plots, track))
            if len(kept):
                found.append(_sighting(one, plots.take(kept)))
    return sorted(found, key=lambda f: (-f["plots"], f["sensor"]))


class Flown(Protocol):
    """A track at any time, and the address that it sends."""

    address: int

    def at(self, time_s: F64) -> F64:
        """Return position, velocity and standard deviations (m, m/s), shape (n, 9)."""
        ...


class _Path:
    """A track between its recorded pictures.

    Parameters
    ----------
    tracks : pyarrow.Table
        The recorded pictures.
    rows : I64
        Rows of the track by time.
    """

    def __init__(self, tracks: Any, rows: I64) -> None:
        mine = tracks.take(rows)
        self.time_s: F64 = column(mine, "time_s")
        self.address = int(column(mine, "address")[-1])
        velocity = [
            np.nan_to_num(column(mine, f"v_{axis}_mps")) for axis in ("east", "north", "up")
        ]
        names = ("sd_horizontal_m", "sd_vertical_m", "sd_speed_mps")
        spread = [np.nan_to_num(column(mine, name)) for name in names]
        known = np.column_stack([positions(mine), *velocity, *spread])
        first_s = float(np.nanmin(column(mine, "first_s")))
        if first_s < self.time_s[0]:  # before its first picture it is taken to have come straight
            back = known[0].copy()
            back[:3] -= known[0, 3:6] * (self.time_s[0] - first_s)
            known = np.vstack([back, known])
            self.time_s = np.concatenate([[first_s], self.time_s])
        self._known = known

    def at(self, time_s: F64) -> F64:
        """Return position, velocity and standard deviations (m, m/s), shape (n, 9)."""
        columns = [np.interp(time_s, self.time_s, self._known[:, k]) for k in range(9)]
        return np.column_stack(columns)

    def nearest_m(self, position_m: F64) -> float:
        """Return how near, metres, the track came to a position, shape (3,)."""
        return float(np.linalg.norm(self._known[:, :3] - position_m, axis=1).min())


def consistent(sensor: Sensor, bias: Document, plots: Any, track: Flown) -> Any:
    """Return which plots of one sensor are consistent with a track, shape (n,).

    The squared errors, each over its variance, are held against the 99 % point of chi-square
    with as many degrees of freedom as the plot measures.
    """
    state = track.at(column(plots, "time_s") - bias["clock_bias_s"])
    if sensor.measures & Measures.POSITION:
        return _near_report(sensor, plots, state, track.address)
    expected, spread = _expected(sensor, state)
    total, freedom = np.zeros(len(state)), np.zeros(len(state), np.int64)
    reach_m = sensor.volume.range_max_m + state[:, 6]
    for name, bit in _MEASURED:
        if not sensor.measures & bit:
            continue
        error = column(plots, name) - expected[name] - bias.get(name, 0.0)
        if name == "azimuth_rad":
            error = np.mod(error + np.pi, 2.0 * np.pi) - np.pi
        known = np.isfinite(error)
        total += np.where(known, error * error / (spread[name] ** 2), 0.0)
        freedom += known
    return (freedom > 0) & (total <= CHI2_99[freedom]) & (expected["range_m"] <= reach_m)


def _near_report(sensor: Sensor, plots: Any, state: F64, address: int) -> Any:
    """Return which position reports are consistent: near, and of no other address."""
    apart = positions(plots)[:, :2] - state[:, :2]
    stated = column(plots, "sigma_m")
    sigma = np.where(np.isfinite(stated), stated, sensor.sigma_position_m)
    variance = sigma * sigma + 0.5 * state[:, 6] ** 2 + BETWEEN_PICTURES_M**2
    sent = column(plots, "address")
    other = (sent >= 0) & (address >= 0) & (sent != address)
    return ~other & ((apart * apart).sum(axis=1) / variance <= CHI2_99[2])


def _expected(sensor: Sensor, state: F64) -> tuple[dict[str, F64], dict[str, F64]]:
    """Return what a sensor should measure of a track, and with which standard deviation."""
    apart = state[:, :3] - sensor.position_m
    local = apart @ sensor.axes.T
    range_m = np.maximum(np.linalg.norm(apart, axis=1), 1.0)
    ground_m = np.maximum(np.hypot(local[:, 0], local[:, 1]), 1.0)
    across_m = np.sqrt(0.5 * state[:, 6] ** 2 + BETWEEN_PICTURES_M**2)
    expected = {
        "range_m": range_m,
        "azimuth_rad": np.arctan2(local[:, 0], local[:, 1]),
        "elevation_rad": np.arcsin(np.clip(local[:, 2] / range_m, -1.0, 1.0)),
        "range_rate_mps": (apart * state[:, 3:6]).sum(axis=1) / range_m,
    }
    spread = {
        "range_m": np.hypot(sensor.sigma_range_m, across_m),
        "azimuth_rad": np.hypot(sensor.sigma_azimuth_rad, across_m / ground_m),
        "elevation_rad": np.hypot(sensor.sigma_elevation_rad, state[:, 7] / range_m),
        "range_rate_mps": np.hypot(sensor.sigma_range_rate_mps, state[:, 8]),
    }
    return expected, spread


def _biases(evidence: Evidence, sensor: Sensor, track: _Path) -> Document:
    """Return what the station had estimated of a sensor's errors by the end of the track."""
    table = evidence.sensors
    time_s = column(table, "time_s")
    rows = np.flatnonzero((column(table, "sensor") == sensor.number) & (time_s <= track.time_s[-1]))
    found = {"clock_bias_s": 0.0}
    if len(rows):
        last = table.slice(int(rows[last_rows(np.zeros(len(rows), np.int64), time_s[rows])][0]), 1)
        names = {"range_m": "range_bias_m", "azimuth_rad": "azimuth_bias_rad",
                 "elevation_rad": "elevation_bias_rad", "clock_bias_s": "clock_bias_s"}  # fmt: skip
        found = {key: float(np.nan_to_num(column(last, name)[0])) for key, name in names.items()}
    return found


def _sighting(sensor: Sensor, plots: Any) -> Document:
    """Return what one sensor's consistent plots say."""
    time_s = column(plots, "time_s")
    heard = column(plots, "frequency_hz")
    heard = heard[np.isfinite(heard)]
    looked = column(plots, "looked_like")
    likely = np.bincount(looked[looked >= 0], minlength=len(ObjectClass))
    sure = column(plots, "look_confidence")[looked == likely.argmax()]
    return {
        "sensor": sensor.name,
        "kind": sensor.kind,
        "plots": len(time_s),
        "first_s": float(time_s.min()),
        "last_s": float(time_s.max()),
        "frequency_hz": float(np.median(heard)) if len(heard) else None,
        "looked_like": ObjectClass(int(likely.argmax())).name if likely.any() else None,
        "look_confidence": float(np.mean(sure)) if likely.any() else None,
        "payload_seen": int((column(plots, "payload_seen") == 1).sum()),
    }
