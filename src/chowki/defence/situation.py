"""What the rules look at: the situation, and the engagements they are asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.records import Tracks
from chowki.core.table import F64, I64
from chowki.defence.ground_plan import GroundPlan


@dataclass(frozen=True, slots=True)
class NoFireVolumes:
    """Upright cylinders that move with what must not be hit.

    Attributes
    ----------
    motion : F64
        Shape (c, 6): position (m) and velocity (m/s) of each centre.
    margin_m : F64
        Shape (c, 2): half width, and depth below and height above.
    """

    motion: F64
    margin_m: F64


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at besides the engagements themselves.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    tracks : Tracks
        The recognised air picture.
    motion : F64
        Shape (n, 6): position and velocity of every track.
    volumes : NoFireVolumes
        What moves with protected aircraft and drones.
    status : I64
        Weapons control status of each sector.
    margin : F64
        Factor on margins in each sector.
    rounds : I64
        Rounds left at each site that no open engagement has claimed.
    withheld : frozenset of int
        Tracks for which a person refused release.
    plan : GroundPlan
        Places, sites, border.
    ceased : frozenset of int
        Sectors, by index, in which fire is ceased.
    released : frozenset of int
        Tracks that a person released by name; under a cease-fire nothing else is engaged.
    spared : frozenset of int
        Tracks that were spared by their own word of late.
    """

    time_s: float
    tracks: Tracks
    motion: F64
    volumes: NoFireVolumes
    status: I64
    margin: F64
    rounds: I64
    withheld: frozenset[int]
    plan: GroundPlan
    ceased: frozenset[int] = frozenset()
    released: frozenset[int] = frozenset()
    spared: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Requests:
    """Engagements that the rules are asked about, one entry each.

    Attributes
    ----------
    row, place, site : I64
        Row of the track in the situation's table; place it threatens; site that would engage.
    rounds : I64
        Rounds that would have left the site with this one.
    delay_s : F64
        Seconds from now to the intercept.
    point_m : F64
        Shape (k, 3): the intercept.
    height_m : F64
        Its height above ground.
    """

    row: I64
    place: I64
    site: I64
    rounds: I64
    delay_s: F64
    point_m: F64
    height_m: F64

    def take(self, rows: I64) -> Requests:
        """Return some of the requests."""
        return Requests(
            self.row[rows],
            self.place[rows],
            self.site[rows],
            self.rounds[rows],
            self.delay_s[rows],
            self.point_m[rows],
            self.height_m[rows],
        )


def motion_of(tracks: Tracks) -> F64:
    """Return position and velocity of every track, shape (n, 6), station frame."""
    motion = np.empty((len(tracks), 6))
    motion[:, 0], motion[:, 1], motion[:, 2] = tracks.east_m, tracks.north_m, tracks.up_m
    motion[:, 3], motion[:, 4] = tracks.v_east_mps, tracks.v_north_mps
    motion[:, 5] = tracks.v_up_mps
    return motion
