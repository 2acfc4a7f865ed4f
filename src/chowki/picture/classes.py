"""What each class of object looks like: one table of priors and likelihoods, with their sources.

Rows of ``TABLE`` run over ``core.records.ObjectClass``, columns are those of
``kernels.likelihoods``; ``docs/identity.md`` is generated from it. Every value is illustrative, of
no real type; where a published magnitude stands behind it, the source is named.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.table import F64

ASSUMED = "assumed, illustrative"
SLOW_SOURCE = "hovering, soaring or against the wind; assumed"
SPEEDS = (
    "birds: Bruderer and Boldt 2001, Ibis 143, 178-204 (most species 8 to 23 m/s); multirotors: "
    "EASA open category (19 m/s), widened; aircraft: speed ranges of ICAO Doc 8168 categories, "
    "widened to cruise; fixed-wing drones, decoys and loitering munitions with propellers: orders "
    "of magnitude in makers' leaflets and the press, rounded"
)
HEIGHTS = "EASA open category (120 m), widened; ICAO flight levels; birds as speeds; else assumed"
SECTIONS = (
    "Skolnik 2001, Introduction to Radar Systems, table 2.2 (bird 0.01 m2, helicopter 3 m2, "
    "airliner 10 to 40 m2, winged missile 0.5 m2); small drones assumed"
)
FLOCKS = "a flock in one cell returns the sum of its birds, ten to sixty of 0.01 m2 and less"
WAYS = (
    "birds about home seldom keep a course for more than some minutes, few migrate straight on; "
    "assumed"
)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """One column of the table.

    Attributes
    ----------
    name, unit, source : str
        What it is, its unit, and what stands behind the values.
    values : tuple of float
        By class: multirotor, fixed-wing drone, loitering munition, decoy, aeroplane, helicopter,
        bird.
    """

    name: str
    unit: str
    values: tuple[float, float, float, float, float, float, float]
    source: str = ASSUMED


LIKELIHOODS = (
    Likelihood(
        "prior", "", (0.04, 0.025, 0.04, 0.055, 0.08, 0.05, 0.71),
        "most of what flies at night is birds; assumed",
    ),
    Likelihood("usual speed from", "m/s", (8, 25, 42, 32, 50, 25, 8), SPEEDS),
    Likelihood("usual speed to", "m/s", (20, 36, 58, 45, 280, 75, 19), SPEEDS),
    Likelihood("spread beyond these", "m/s", (3.5, 5, 6, 5, 10, 8, 3), ASSUMED),
    Likelihood(
        "density of slower flight", "s/m", (6e-3, 1e-5, 1e-5, 1e-5, 1e-5, 3e-3, 3e-3), SLOW_SOURCE
    ),
    Likelihood("height above ground from", "m", (10, 100, 30, 80, 100, 10, 5), HEIGHTS),
    Likelihood("height above ground to", "m", (400, 1000, 600, 900, 13_000, 1000, 800), HEIGHTS),
    Likelihood("spread beyond these", "m", (60, 100, 80, 100, 300, 100, 100), ASSUMED),
    Likelihood("rate of climb, spread about none", "m/s", (3, 3, 4, 3, 8, 4, 2), ASSUMED),
    Likelihood(
        "radar cross-section, mean", "dBsm", (-17, -14, -13, -11, 14, 6, -25), SECTIONS
    ),
    Likelihood("its spread between individuals", "dB", (5, 5, 5, 5, 6, 5, 6), ASSUMED),
    Likelihood("share that are flocks", "", (0, 0, 0, 0, 0, 0, 0.35), FLOCKS),
    Likelihood("what a flock returns above one", "dB", (0, 0, 0, 0, 0, 0, 11), FLOCKS),
    Likelihood("heard on its bearing by a direction finder", "",
               (0.7, 0.6, 0.3, 0.15, 0.02, 0.02, 0.005), ASSUMED),
    Likelihood("share that keeps its course for good", "",
               (0.7, 0.7, 0.8, 0.8, 0.9, 0.5, 0.05), WAYS),
    Likelihood("time in which the others leave theirs", "s",
               (600, 600, 600, 600, 900, 600, 200), WAYS),
    Likelihood("roams within", "m", (40e3, 1e6, 1e6, 1e6, 1e6, 60e3, 10e3), WAYS),
    Likelihood("first seen beyond the border", "",
               (0.7, 0.7, 0.7, 0.7, 0.4, 0.4, 0.33), ASSUMED),
    Likelihood("first seen inside, near the border", "",
               (0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.27), ASSUMED),
    Likelihood("first seen deep inside", "", (0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4), ASSUMED),
    Likelihood("crossed the border inward, beside other classes", "",
               (3, 3, 3, 3, 1.5, 1, 1), ASSUMED),
    Likelihood("answers as an aircraft", "",
               (0.01, 0.02, 0.003, 0.003, 0.95, 0.6, 0.0005), ASSUMED),
    Likelihood("answers by Remote ID", "",
               (0.5, 0.15, 0.01, 0.01, 0.005, 0.005, 0.0005), ASSUMED),
    Likelihood("stays without any answer", "", (1, 1, 1, 1, 0.25, 0.5, 1), ASSUMED),
    Likelihood("armed, when it came over the border", "",
               (0.9, 0.1, 0.97, 0.03, 0.005, 0.005, 0), ASSUMED),
    Likelihood("armed, when first seen inside", "",
               (0.15, 0.05, 0.9, 0.02, 0.005, 0.005, 0), ASSUMED),
)  # fmt: skip

TABLE: F64 = np.array([column.values for column in LIKELIHOODS], dtype=np.float64).T.copy()
LOGS: F64 = np.log(np.maximum(TABLE, 1e-300))
PRIOR_LOG_CLASS: F64 = LOGS[:, 0].copy()

# columns ``G_...`` of ``kernels.likelihoods``
FIGURES = (
    ("memory of speed, height and climb (parameter `memory_s`)", "s", 120.0, ASSUMED),
    ("time over which errors of a track's velocity are alike", "s", 10.0, ASSUMED),
    ("error of the place where it was first seen", "m", 400.0, ASSUMED),
    ("share of straight flights with a detour of up to 40 %", "", 0.3, ASSUMED),
    ("spread of a straight way about the metres flown", "", 0.03, ASSUMED),
    ("spread of one plot of a fluctuating target", "dB", 5.57,
     "Swerling 1: standard deviation of 10 lg of an exponential"),
    ("mean of its decibels above decibels of its mean", "dB", -2.51, "Swerling 1"),
    ("heard on a bearing by chance", "", 0.08, ASSUMED),
    ("silence is complete after", "s", 60.0, ASSUMED),
)  # fmt: skip

# an electro-optical look: what a camera that tells the payload is worth, and how much looks in a
# row say of one another; all assumed
PAYLOAD_SEEN, PAYLOAD_NOT_SEEN = float(np.log(9.0)), float(np.log(0.15))
LOOK_WEIGHT, LOOK_BOUND, ARMED_BOUND = 0.7, 6.0, 4.0


def figures_of(memory_s: float) -> F64:
    """Return the figures of all classes as kernels take them, with a memory (s)."""
    figures = np.array([value for _, _, value, _ in FIGURES], dtype=np.float64)
    figures[0] = memory_s
    return figures
