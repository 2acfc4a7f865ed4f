"""What each class of object looks like: one table of priors and likelihoods.

Rows run over ``core.records.ObjectClass``. Every value is illustrative, of no real type; where
a published magnitude stands behind it, the source is named:

* speeds and heights of birds: Bruderer and Boldt 2001, "Flight characteristics of birds", Ibis
  143, 178-204 (most species 8 to 23 m/s);
* multirotors: EASA open category (120 m, 19 m/s), widened;
* aeroplanes and helicopters: speed ranges of ICAO Doc 8168 categories, widened to cruise;
* radar cross-sections: Skolnik 2001, "Introduction to Radar Systems", table 2.2 (bird 0.01 m2,
  helicopter 3 m2, airliner 10 to 40 m2, missile with wings 0.5 m2); small drones assumed.
* ways of birds: about home they seldom keep a course for more than some minutes (foraging,
  assumed), few migrate straight on; a flock in one resolution cell returns the sum of its birds,
  ten to sixty of 0.01 m2 and less, hence the second hump of their cross-section;
* probabilities of a transponder, a heard link or a payload: assumed.
"""

from __future__ import annotations

import numpy as np

from chowki.core.records import AddressKind, ObjectClass
from chowki.core.table import F64, I8, I64

#                     multirotor fixed-wing loitering decoy aeroplane helicopter bird
PRIOR: F64 = np.array([0.07, 0.07, 0.07, 0.05, 0.12, 0.03, 0.59])

# speed low, high, softness (m/s); height above ground low, high, softness (m); climb sd (m/s)
MOTION: F64 = np.array(
    [
        [0.0, 25.0, 3.0, 10.0, 500.0, 100.0, 3.0],
        [15.0, 45.0, 4.0, 30.0, 1500.0, 100.0, 3.0],
        [30.0, 75.0, 5.0, 30.0, 1500.0, 100.0, 4.0],
        [25.0, 60.0, 5.0, 30.0, 1500.0, 100.0, 3.0],
        [60.0, 280.0, 10.0, 100.0, 13_000.0, 300.0, 8.0],
        [5.0, 80.0, 6.0, 10.0, 2500.0, 100.0, 4.0],
        [4.0, 22.0, 2.5, 5.0, 800.0, 100.0, 2.0],
    ]
)

# radar cross-section: mean and spread between individuals (dBsm)
CROSS_SECTION: F64 = np.array(
    [[-17.0, 5.0], [-14.0, 5.0], [-13.0, 5.0], [-11.0, 6.0], [14.0, 6.0], [6.0, 5.0], [-25.0, 6.0]]
)
# share of bird tracks that are flocks, and what a flock returns above one bird
FLOCK_SHARE, FLOCK_GAIN_DB = 0.35, 11.0
# spread of one plot of a fluctuating target (Swerling 1: standard deviation of 10 lg of an
# exponential), and the shift of its mean below 10 lg of the mean
FLUCTUATION_DB, FLUCTUATION_SHIFT_DB = 5.57, -2.51

HEARD: F64 = np.array([0.7, 0.6, 0.3, 0.15, 0.02, 0.02, 0.005])
HEARD_BY_CHANCE = 0.08
TRANSPONDER: F64 = np.array([0.01, 0.02, 0.003, 0.003, 0.95, 0.6, 0.0005])
REMOTE_ID: F64 = np.array([0.5, 0.15, 0.01, 0.01, 0.005, 0.005, 0.0005])
SILENT: F64 = np.array([1.0, 1.0, 1.0, 1.0, 0.25, 0.5, 1.0])
# how it gets away from where it was first seen: cruise low, high (m/s), share that keeps its
# course for good, seconds over which the others leave theirs, radius roamed (m)
GOING: F64 = np.array(
    [
        [12.0, 27.0, 0.7, 600.0, 40e3],
        [18.0, 45.0, 0.7, 600.0, 1e6],
        [30.0, 75.0, 0.8, 600.0, 1e6],
        [25.0, 60.0, 0.8, 600.0, 1e6],
        [70.0, 280.0, 0.9, 900.0, 1e6],
        [20.0, 80.0, 0.6, 600.0, 1e6],
        [6.0, 24.0, 0.05, 200.0, 10e3],
    ]
)
ARMED: F64 = np.array([0.4, 0.1, 0.85, 0.03, 0.005, 0.005, 0.0])

PRIOR_LOG_CLASS: F64 = np.log(PRIOR)
PAYLOAD_SEEN, PAYLOAD_NOT_SEEN = np.log(8.0), np.log(0.4)
LOOK_WEIGHT, LOOK_BOUND, ARMED_BOUND = 0.7, 6.0, 4.0


def cross_section_scores(rcs_dbsm: F64, weight: F64) -> F64:
    """Return ln p(mean radar cross-section | class), shape (n, 7); 0 where none was measured.

    Parameters
    ----------
    rcs_dbsm : F64
        Shape (n,): mean over plots, dBsm.
    weight : F64
        Shape (n,): number of plots behind it.
    """
    variance = CROSS_SECTION[:, 1] ** 2 + (FLUCTUATION_DB**2 / np.maximum(weight, 1.0))[:, None]
    off = np.nan_to_num(rcs_dbsm)[:, None] - CROSS_SECTION[:, 0] - FLUCTUATION_SHIFT_DB
    scores = -0.5 * off**2 / variance - 0.5 * np.log(variance)
    bird, wide = int(ObjectClass.BIRD), variance[:, int(ObjectClass.BIRD)]
    flock = -0.5 * (off[:, bird] - FLOCK_GAIN_DB) ** 2 / wide - 0.5 * np.log(wide)
    scores[:, bird] = np.logaddexp(
        scores[:, bird] + np.log(1.0 - FLOCK_SHARE), flock + np.log(FLOCK_SHARE)
    )
    return np.where(np.isnan(rcs_dbsm)[:, None], 0.0, np.maximum(scores, -20.0))


def heard_scores(heard: F64, hits: F64) -> F64:
    """Return what direction-finder hits say, shape (n, 7).

    Parameters
    ----------
    heard : F64
        Shape (n,): mean probability that this track was the emitter heard.
    hits : F64
        Shape (n,): hits on its bearing; three say all that one likelihood can, since others on
        the same bearing may go on transmitting.
    """
    weight = np.minimum(hits, 3.0) / 3.0
    return weight[:, None] * np.log1p(heard[:, None] * (HEARD / HEARD_BY_CHANCE - 1.0))


def address_scores(address: I64, kind: I8, age_s: F64) -> F64:
    """Return what a transponder, a Remote ID or lasting silence says, shape (n, 7)."""
    icao = (address >= 0) & (kind == AddressKind.ICAO)
    remote = (address >= 0) & (kind == AddressKind.REMOTE_ID)
    silence = np.clip(age_s / 60.0, 0.0, 1.0)[:, None] * np.log(SILENT)
    known = np.where(icao[:, None], np.log(TRANSPONDER), np.log(REMOTE_ID))
    return np.where((icao | remote)[:, None], known, silence)
