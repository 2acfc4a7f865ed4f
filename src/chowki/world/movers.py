"""Truth: every target's position, velocity and fate, moved in steps of one second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.places import Station
from chowki.core.ports import Aloft
from chowki.core.records import Fate, Truth
from chowki.core.table import F64, I8, I64, S8
from chowki.kernels.geodesy import station_frame
from chowki.kernels.movers import advance

STEP_S = 1.0
NO_GOAL = -1.0


@dataclass(frozen=True, slots=True)
class Targets:
    """All targets of a scenario: what they are and where they mean to go.

    Each array has one entry per target, in order of ``target``; waypoints lie end to end.

    Attributes
    ----------
    target : I64
        Number of each target, ascending; the address of its chance.
    object_class, armed, authorised, attacking : I8
        As in ``core.records.Truth``.
    place : I64
        Index of the place it flies to, -1 none.
    rcs_m2, size_m : F64
        Mean radar cross-section; characteristic dimension for optics.
    transmits_hz, transmit_power_w : F64
        Control link, NaN for a silent target.
    address : I64
        ICAO or Remote ID address it transmits, -1 none.
    address_kind : I8
        AddressKind.
    callsign : S8
        Call sign, empty when none.
    departure_s : F64
        UTC seconds.
    speed_mps, climb_mps, turn_radps : F64
        Speed along the ground; largest climb or descent; largest rate of turn.
    loops : I8
        1 for a route that is flown round and round.
    goal_m : F64
        Shape (n, 3): position of the place, station frame.
    goal_radius_m : F64
        How near it must come to have reached it; negative when it never "reaches".
    route : I64
        Shape (n + 1,): waypoints of target i are ``route[i]:route[i + 1]``; at least one each.
    waypoint_m : F64
        Shape (m, 3), station frame.
    waypoint_height_m : F64
        Shape (m,): height above the ellipsoid.
    """

    target: I64
    object_class: I8
    armed: I8
    authorised: I8
    attacking: I8
    place: I64
    rcs_m2: F64
    size_m: F64
    transmits_hz: F64
    transmit_power_w: F64
    address: I64
    address_kind: I8
    callsign: S8
    departure_s: F64
    speed_mps: F64
    climb_mps: F64
    turn_radps: F64
    loops: I8
    goal_m: F64
    goal_radius_m: F64
    route: I64
    waypoint_m: F64
    waypoint_height_m: F64

    def __len__(self) -> int:
        """Return the number of targets."""
        return len(self.target)


class Movers:
    """The state of all targets, advanced step by step.

    Parameters
    ----------
    targets : Targets
        What flies and where to.
    station : Station
        Frame of reference; the state starts at ``station.start_s``.
    """

    def __init__(self, targets: Targets, station: Station) -> None:
        n = len(targets)
        self.targets = targets
        self.time_s = station.start_s
        self.fate: I8 = np.zeros(n, np.int8)
        self.position_m: F64 = np.zeros((n, 3))
        self.velocity_mps: F64 = np.zeros((n, 3))
        self._heading: F64 = np.zeros((n, 3))
        self._leg: I64 = targets.route[:-1].copy()
        self._frame = frame_of(station)
        turn_rad = np.minimum(targets.turn_radps * STEP_S, np.pi)
        self._turn_cos, self._turn_sin = np.cos(turn_rad), np.sin(turn_rad)
        self._capture_m = capture_distance_m(targets.speed_mps, targets.turn_radps)
        self.diverted = np.zeros(n, dtype=np.bool_)
        self._comes_down = np.zeros(n, dtype=np.bool_)
        self._flying: I64 = np.empty(0, np.int64)
        self._static: dict[str, np.ndarray] = {}
        self._fly(0.0)

    def step(self) -> None:
        """Move everything by one second; targets whose time has come depart."""
        self.time_s += STEP_S
        self._fly(STEP_S)

    def intercept(self, numbers: I64) -> None:
        """End the flight of targets, by number."""
        if len(numbers):
            rows = np.searchsorted(self.targets.target, numbers)
            self.fate[rows[self.fate[rows] == Fate.FLYING]] = Fate.INTERCEPTED
            self._regroup()

    def divert(self, row: int, targets: Targets, *, comes_down: bool) -> None:
        """Let a target fly its new route, which begins where it is.

        Parameters
        ----------
        row : int
            Row of the target.
        targets : Targets
            As before but for the course of this one.
        comes_down : bool
            Whether the end of its route is the ground, brought down by an effector.
        """
        self._leg[row + 1 :] += (targets.route - self.targets.route)[row + 1 : -1]
        self._leg[row] = targets.route[row] + 1
        self.targets = targets
        turn_rad = min(float(targets.turn_radps[row]) * STEP_S, np.pi)
        self._turn_cos[row], self._turn_sin[row] = np.cos(turn_rad), np.sin(turn_rad)
        self._capture_m[row] = capture_distance_m(
            targets.speed_mps[row : row + 1], targets.turn_radps[row : row + 1]
        )[0]
        self.diverted[row], self._comes_down[row] = True, comes_down

    def aloft(self) -> Aloft:
        """Return the flying targets as sensor models may see them."""
        return Aloft(
            time_s=self.time_s,
            position_m=self.position_m[self._flying],
            velocity_mps=self.velocity_mps[self._flying],
            **self._static,
        )

    def truth(self) -> Truth:
        """Return every target that has departed; one that ended stands where it ended."""
        rows = np.flatnonzero(self.fate != Fate.WAITING)
        t = self.targets
        east, north, up = self.position_m[rows].T
        v_east, v_north, v_up = self.velocity_mps[rows].T
        return Truth(
            target=t.target[rows],
            time_s=np.full(len(rows), self.time_s),
            east_m=east,
            north_m=north,
            up_m=up,
            v_east_mps=v_east,
            v_north_mps=v_north,
            v_up_mps=v_up,
            object_class=t.object_class[rows],
            armed=t.armed[rows],
            authorised=t.authorised[rows],
            attacking=t.attacking[rows],
            place=t.place[rows],
            fate=self.fate[rows],
            covered=np.full(len(rows), -1, np.int8),
        )

    def _fly(self, step_s: float) -> None:
        t = self.targets
        changed = advance(
            self._frame, self.time_s, step_s, self.position_m, self.velocity_mps, self._heading,
            self._leg, self.fate, t.departure_s, t.speed_mps, t.climb_mps, self._turn_cos,
            self._turn_sin, self._capture_m, t.loops, t.goal_m, t.goal_radius_m, t.route,
            t.waypoint_m, t.waypoint_height_m,
        )  # fmt: skip
        if changed or step_s == 0.0:
            self.fate[self._comes_down & (self.fate == Fate.ENDED)] = Fate.INTERCEPTED
            self._regroup()

    def _regroup(self) -> None:
        """Keep the columns that do not move, of the targets that fly now."""
        self._flying = np.flatnonzero(self.fate == Fate.FLYING)
        names = (
            "target", "object_class", "rcs_m2", "armed", "transmits_hz", "transmit_power_w",
            "address", "address_kind", "callsign", "size_m",
        )  # fmt: skip
        self._static = {name: getattr(self.targets, name)[self._flying] for name in names}


def capture_distance_m(speed_mps: F64, turn_radps: F64) -> F64:
    """Return how near a waypoint counts as passed: half a turn's radius, at least one step.

    A target that turns no tighter than this can't circle a waypoint for ever.
    """
    radius_m = speed_mps / np.maximum(turn_radps, 1e-6)
    return np.maximum(radius_m, speed_mps * STEP_S)


def frame_of(station: Station) -> F64:
    """Return the station frame, ``geodesy.station_frame``."""
    return station_frame(
        float(np.radians(station.lat_deg)), float(np.radians(station.lon_deg)), station.height_m
    )
