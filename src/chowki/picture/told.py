"""What is told of the sensors: registration and faults, where they changed."""

from __future__ import annotations

import numpy as np

from chowki.core.records import SensorStates
from chowki.core.table import F64, I64
from chowki.picture.biases import Registration, estimate, row_of
from chowki.picture.conditions import Health
from chowki.picture.upkeep import Upkeep

TOLD_S = 60.0  # biases creep: they are told so often


def sensor_states(before: Upkeep, after: Upkeep, before_s: float, time_s: float) -> SensorStates:
    """Return the sensors whose faults changed, and once a minute those whose biases are estimated.

    Parameters
    ----------
    before, after : Upkeep
        What was known when sensors were last told of, and now.
    before_s, time_s : float
        UTC seconds of both.
    """
    was, now = _flags(before.health), _flags(after.health)
    changed = {n for n in was.keys() | now.keys() if was.get(n, 0) != now.get(n, 0)}
    if before_s // TOLD_S != time_s // TOLD_S:
        changed |= set(after.registration.biases.sensor.tolist())
    if not changed:
        return SensorStates.empty()
    numbers = np.array(sorted(changed), dtype=np.int64)
    bias, sd = _biases(after.registration, numbers)
    faults = np.array([now.get(int(n), 0) for n in numbers], dtype=np.int64)
    columns = [column for pair in zip(bias.T, sd.T, strict=True) for column in pair]
    return SensorStates(np.full(len(numbers), time_s), numbers, faults, *columns)


def _flags(health: Health) -> dict[int, int]:
    c = health.conditions
    return dict(zip(c.sensor.tolist(), c.flags.tolist(), strict=True))


def _biases(registration: Registration, numbers: I64) -> tuple[F64, F64]:
    """Return biases and their standard deviations, (k, 4); NaN where none is estimated."""
    bias, sd = np.full((len(numbers), 4), np.nan), np.full((len(numbers), 4), np.nan)
    for k, number in enumerate(numbers):
        row = row_of(registration, int(number))
        if row >= 0:
            bias[k], variance = estimate(registration, row)
            sd[k] = np.sqrt(variance)
    return bias, sd
