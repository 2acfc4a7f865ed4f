"""Units at the doors: inside everything is SI and radians."""

from __future__ import annotations

import math

FOOT_M = 0.3048
NAUTICAL_MILE_M = 1852.0
KNOT_MPS = NAUTICAL_MILE_M / 3600.0
FLIGHT_LEVEL_M = 100.0 * FOOT_M
LIGHT_SPEED_MPS = 299_792_458.0
GRAVITY_MPS2 = 9.80665


def decibel(ratio: float) -> float:
    """Return a power ratio in decibels.

    Examples
    --------
    >>> decibel(100.0)
    20.0
    """
    return 10.0 * math.log10(ratio)


def ratio(level_db: float) -> float:
    """Return the power ratio of a level in decibels.

    Examples
    --------
    >>> ratio(30.0)
    1000.0
    """
    return 10.0 ** (level_db / 10.0)
