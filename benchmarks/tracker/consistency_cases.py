"""The cases of the consistency section: every motion model beside every kind of sensor.

Figures of motion are the defaults of the air picture (``chowki.picture.parameters``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from consistency import AZIMUTH, ELEVATION, POSITION, RANGE, RANGE_RATE, Case, Mode, Sensor

QUIET = Mode((4.0, 0.3), turn_sd=0.08)
TURN = Mode((8.0, 0.3), turns=True, turn_sd=0.08, turn_change=0.02)
HOVER = Mode((0.5, 0.3), damping=0.5, turn_sd=0.08)
CHANGES = (
    (-1 / 60, 0.9 / 60, 0.1 / 60),
    (0.9 / 15, -1 / 15, 0.1 / 15),
    (0.5 / 60, 0.5 / 60, -1 / 60),
)
# A turn lasts 15 s in the mean: one that goes on for the time of 24 plots is no longer a turn.
MODELS: dict[str, tuple[Sequence[Mode], Sequence[Sequence[float]], int]] = {
    "quiet": ((QUIET,), ((0.0,),), 24),
    "coordinated turn": ((TURN,), ((0.0,),), 12),
    "hover": ((HOVER,), ((0.0,),), 24),
    "IMM of the three": ((QUIET, TURN, HOVER), CHANGES, 24),
}
RAD = np.pi / 180.0
AZ, EL = 0.15 * RAD, 0.2 * RAD
RADAR = RANGE | AZIMUTH | ELEVATION
SPACE: dict[str, tuple[Sensor, ...]] = {
    "position": (Sensor(POSITION, (30.0,)),),
    "position up to 3 s late": (Sensor(POSITION, (30.0,), period_s=1.5, late_s=3.0),),
    "radar: range, azimuth, elevation": (Sensor(RADAR, (30.0, AZ, EL)),),
    "radar: and range rate": (Sensor(RADAR | RANGE_RATE, (30.0, AZ, EL, 1.0)),),
    "radar without height": (Sensor(RANGE | AZIMUTH, (30.0, AZ)),),
    "two direction finders": (
        Sensor(AZIMUTH, (2.0 * RAD,), (-5e3, 0.0, 0.0)),
        Sensor(AZIMUTH, (2.0 * RAD,), (5e3, 0.0, 0.0), first_s=3.0),
    ),
    "position and radar": (
        Sensor(POSITION, (30.0,), period_s=5.0),
        Sensor(RADAR, (30.0, AZ, EL), period_s=4.0, first_s=3.3),
    ),
    "position and radar up to 3 s late": (
        Sensor(POSITION, (30.0,), period_s=3.0),
        Sensor(RADAR, (30.0, AZ, EL), period_s=4.0, first_s=3.3, late_s=3.0),
    ),
}
PLANE: dict[str, tuple[Sensor, ...]] = {
    "position in the plane": (Sensor(POSITION, (30.0,)),),
    "position in the plane up to 3 s late": (
        Sensor(POSITION, (30.0,), period_s=1.5, late_s=3.0),
    ),
}  # fmt: skip
KINDS = (*SPACE, *PLANE)
# Straight flight, hardly shaken: where the bound is held against the error.
CALM = Mode((0.1, 0.01))


def case(model: str, kind: str) -> Case:
    """Return one target in one motion model, seen by one kind of sensors."""
    modes, rates, plots = MODELS[model]
    mean, sd = _prior(kind)
    return Case(modes, mean, sd, {**SPACE, **PLANE}[kind], rates, plots)


def calm(kind: str) -> Case:
    """Return straight flight with little noise."""
    mean, sd = _prior(kind)
    return Case((CALM,), mean, sd, {**SPACE, **PLANE}[kind])


def _prior(kind: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviations of the first state."""
    if kind in PLANE:
        return (0.0, 0.0, -40.0, 30.0), (150.0, 150.0, 20.0, 20.0)
    if kind == "two direction finders":
        return (0.0, 12e3, 500.0, 10.0, -20.0, 0.0), (1500.0, 1500.0, 200.0, 15.0, 15.0, 3.0)
    height_sd = 250.0 if kind == "radar without height" else 150.0
    return (18e3, 24e3, 900.0, -40.0, 30.0, 0.0), (150.0, 150.0, height_sd, 20.0, 20.0, 3.0)


def curved() -> dict[str, Case]:
    """Return quiet flight where what is measured bends over the spread of the state."""
    far = (64e3, 64e3, 3e3, -150.0, 50.0, 0.0)
    wide = (141e3, 141e3, 3e3, -150.0, 50.0, 0.0)
    drone = (0.0, 12e3, 500.0, 10.0, -20.0, 0.0)
    finders = [
        Sensor(AZIMUTH, (1.0 * RAD,), (side * 5e3, 0.0, 0.0), first_s=2.0 + 0.5 * side)
        for side in (-1.0, 1.0)
    ]
    speeds, slow = (60.0, 60.0, 4.0), (20.0, 20.0, 3.0)
    return {
        "radar without height, height known to 3 km, 90 km away": Case(
            (QUIET,), far, (300.0, 300.0, 3e3, *speeds),
            (Sensor(RANGE | AZIMUTH, (60.0, AZ), period_s=6.0),), plots=20,
        ),
        "radar, azimuth to 0.5 degrees, range to 20 m, 200 km away": Case(
            (QUIET,), wide, (2e3, 2e3, 1e3, *speeds),
            (Sensor(RADAR, (20.0, 0.5 * RAD, 0.3 * RAD), period_s=10.0),), plots=20,
        ),
        "two direction finders, place known to 4 km": Case(
            (QUIET,), drone, (4e3, 4e3, 200.0, *slow), finders, plots=20
        ),
        "one direction finder, place known to 3 km": Case(
            (QUIET,), drone, (3e3, 3e3, 200.0, *slow), finders[:1], plots=20
        ),
        "radar with range rate, velocity unknown, height known to 200 m": Case(
            (QUIET,), (42e3, 42e3, 3e3, -50.0, 50.0, 0.0), (500.0, 500.0, 200.0, 100.0, 100.0, 4.0),
            (Sensor(RADAR | RANGE_RATE, (30.0, 2.0 * AZ, EL, 0.5), period_s=6.0),), plots=20,
        ),
    }  # fmt: skip
