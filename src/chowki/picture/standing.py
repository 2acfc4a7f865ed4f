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
    """What the rules ask about, one entry for each track; ``unaided``: drone but for address."""

    drone: F64
    unaided: F64
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
    elsewhere: Flags
    unseen: Flags
    plan: Flags
    slow: Flags
    settled: Flags


def standard_identity(f: Facts, before: I8, parameters: IdentityParameters) -> I8:
    """Return the standard identity, the first rule that holds.

    1. A transponder that contradicts the track, whose address another track holds with more
       right, or that reports from where radars see nothing: suspect.
    2. An authorised Remote ID on something slow that is no aircraft and did not come over the
       border: assumed friend. Never friend: that takes more than its own word. Over the border:
       suspect.
    3. A transponder on something that isn't drone-like but for it: assumed friend with a filed
       route, else neutral. On something that came over the border, or that is drone-like by all
       else: suspect.
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
    least = np.where(held, parameters.drone_probability - 0.25, parameters.drone_probability)
    drone = (f.drone >= least) & ~f.transponder & f.settled
    clearly = drone & (f.drone >= CLEARLY)
    threat = f.armed | f.closing | (before == Identity.HOSTILE) | (clearly & f.presses_on)
    inside = f.origin == DEEP_INSIDE
    doubtful = np.where(inside, f.payload | (f.armed & f.closing), f.armed | f.closing)
    doubtful |= held
    rose = (f.origin == NEAR_BORDER) & clearly & f.armed & f.closing
    rose |= (before == Identity.HOSTILE) & (f.origin == NEAR_BORDER)
    rules = (
        (f.contradicts | f.elsewhere | f.unseen, Identity.SUSPECT),
        (f.authorised & f.crossed, Identity.SUSPECT),
        (f.authorised & f.slow & (f.manned < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & f.plan & (f.unaided < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & (f.unaided < 0.5), Identity.NEUTRAL),
        (f.transponder & f.settled & (f.crossed | (f.unaided >= least)), Identity.SUSPECT),
        (drone & f.crossed & threat, Identity.HOSTILE),
        (drone & rose, Identity.HOSTILE),
        (drone & f.crossed, Identity.SUSPECT),
        (drone & doubtful, Identity.SUSPECT),
        (f.plan & (f.manned > 0.5), Identity.NEUTRAL),
        (f.settled, Identity.UNKNOWN),
    )
    out = np.full(len(before), int(Identity.PENDING), dtype=np.int8)
    for rule, identity in reversed(rules):
        out[rule] = int(identity)
    return out
