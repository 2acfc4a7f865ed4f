"""Standard identity: the facts that the rules ask about, and the rules in their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.records import Identity
from chowki.core.table import F64, I8
from chowki.picture.parameters import IdentityParameters

Flags = NDArray[np.bool_]
BEYOND, NEAR_BORDER, DEEP_INSIDE, UNSEEN = 0, 1, 2, -1
# drone-like beyond reasonable doubt
CLEARLY = 0.9


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules ask about, one entry for each track."""

    drone: F64
    manned: F64
    bird: F64
    armed: Flags
    payload: Flags
    closing: Flags
    crossed: Flags
    presses_on: Flags
    origin: I8
    transponder: Flags
    authorised: Flags
    contradicts: Flags
    plan: Flags
    slow: Flags
    settled: Flags


def standard_identity(f: Facts, before: I8, parameters: IdentityParameters) -> I8:
    """Return the standard identity, the first rule that holds.

    1. A transponder that contradicts the track: suspect.
    2. An authorised Remote ID on something slow that is no aircraft: assumed friend. Never
       friend: that takes more than its own word.
    3. A transponder on something that isn't drone-like: assumed friend with a filed route,
       else neutral.
    4. Drone-like, came over the border, no transponder: hostile when suspected armed or closing on
       a place, or when it is clearly a drone and presses on long after a stray would have turned
       back; else suspect.
    5. Drone-like, no transponder, first seen near the border or nowhere certain: suspect when
       suspected armed or closing; hostile when it is clearly a drone, suspected armed and closing
       (low flyers rise over a radar's horizon inside). First seen deep inside: suspect when a
       payload was seen or it is both.
    6. An aircraft that keeps to a filed route: neutral.
    7. All else: unknown, once there are a few detections; birds stay unknown.

    A hostile or suspect stays what it is until it is clearly less drone-like than it had to be.

    Parameters
    ----------
    f : Facts
        Of n tracks.
    before : I8
        Shape (n,): their identity so far.
    parameters : IdentityParameters
        Thresholds.
    """
    held = (before == Identity.HOSTILE) | (before == Identity.SUSPECT)
    drone = (f.drone >= np.where(held, parameters.drone_probability - 0.25,
                                 parameters.drone_probability)) & ~f.transponder  # fmt: skip
    drone &= f.settled
    clearly = drone & (f.drone >= CLEARLY)
    threat = f.armed | f.closing | (before == Identity.HOSTILE) | (clearly & f.presses_on)
    inside = f.origin == DEEP_INSIDE
    doubtful = np.where(inside, f.payload | (f.armed & f.closing), f.armed | f.closing)
    doubtful |= held
    rose = (f.origin == NEAR_BORDER) & clearly & f.armed & f.closing
    rose |= (before == Identity.HOSTILE) & (f.origin == NEAR_BORDER)
    rules = (
        (f.contradicts, Identity.SUSPECT),
        (f.authorised & f.slow & (f.manned < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & f.plan & (f.drone < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & (f.drone < 0.5), Identity.NEUTRAL),
        (f.transponder & f.crossed & f.settled, Identity.SUSPECT),
        (drone & f.crossed & threat, Identity.HOSTILE),
        (drone & rose, Identity.HOSTILE),
        (drone & f.crossed, Identity.SUSPECT),
        (drone & doubtful, Identity.SUSPECT),
        (f.plan & (f.manned > 0.5), Identity.NEUTRAL),
        (f.settled, Identity.UNKNOWN),
    )
    return np.select(
        [rule for rule, _ in rules],
        [int(identity) for _, identity in rules],
        default=int(Identity.PENDING),
    ).astype(np.int8)
