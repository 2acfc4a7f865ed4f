"""Identity: class by recursive Bayes, then standard identity by explicit rules.

The class posterior is prior x motion x radar cross-section x emissions x looks x address x
distance flown x border; each factor stands in ``picture.classes``. How a track flies is kept as
fading means, all other factors as means or bounded sums, so that no amount of equal evidence makes
certainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.messages import Act
from chowki.core.places import Theatre
from chowki.core.records import AddressKind, Identity, Reason
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.geodesy import heights_above_ellipsoid
from chowki.kernels.identity import border_distances, closing, route_fit
from chowki.kernels.likelihoods import (
    M_SPEED,
    R_BIRD,
    R_DRONE,
    R_MANNED,
    R_UNAIDED,
    due,
    weigh_classes,
)
from chowki.kernels.motion import coast, summary
from chowki.picture import classes
from chowki.picture.ground import height_of_ground
from chowki.picture.parameters import IdentityParameters
from chowki.picture.standing import (
    BEYOND,
    DEEP_INSIDE,
    NEAR_BORDER,
    Facts,
    Flags,
    standard_identity,
)
from chowki.picture.states import Evidence, Picture
from chowki.picture.tracker import ScanTracker

# off a filed route in time, and in height (two flight levels of ICAO Doc 4444, with the error of a
# climb taken as linear between points)
ROUTE_TOLERANCE_S, ROUTE_TOLERANCE_M = 600.0, 900.0
# how long after crossing a stray would have turned back
STRAYS_S = 90.0
# share of its filed speed below which an aeroplane does not stay in the air
STALLED = 0.25
ACTS = {identity.name.lower().replace("_", "-"): identity for identity in Identity}
WRITTEN = (
    "log_class", "flight", "weighed_s", "plan", "side", "origin", "crossed_border_s", "identity",
    "reasons", "armed_probability",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """The tracks in question at one time: how they move and where."""

    rows: I64
    state: F64
    place: F64
    speed: F64
    climb: F64
    sd_speed: F64
    sd_climb: F64
    agl: F64
    sd_vertical: F64
    sd_horizontal: F64


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks against the address of each track in question.

    Attributes
    ----------
    contradicts : Flags
        Its reports state another velocity, or it flies slower than what was filed could.
    elsewhere : Flags
        Its address belongs to another track.
    unseen : Flags
        Radars that should see it see nothing.
    """

    contradicts: Flags
    elsewhere: Flags
    unseen: Flags

    @property
    def any(self) -> Flags:
        """Return whether anything does."""
        return self.contradicts | self.elsewhere | self.unseen


class Identifier:
    """Gives tracks their class and standard identity.

    Parameters
    ----------
    tracker : ScanTracker
        Its theatre, frame and motion model.
    parameters : IdentityParameters
        Thresholds.
    """

    def __init__(self, tracker: ScanTracker, parameters: IdentityParameters) -> None:
        self._tracker, self._parameters = tracker, parameters
        theatre = tracker.theatre
        self._corner_lat = np.radians(np.array(theatre.border_lat_deg, dtype=np.float64))
        self._corner_lon = np.radians(np.array(theatre.border_lon_deg, dtype=np.float64))
        self._places = np.array([p.position_m for p in theatre.places]).reshape(-1, 3)
        self._radii = np.array([p.radius_m for p in theatre.places], dtype=np.float64)
        self._authorised = np.array(theatre.authorised_addresses, dtype=np.int64)
        self._routes = _routes(theatre, tracker.frame)
        self._filed = _filed_speeds(theatre)
        self._figures = classes.figures_of(parameters.memory_s)

    def weigh(self, picture: Picture, rows: I64, time_s: float) -> Picture:
        """Return the picture with class and identity of some tracks as they stand at a time."""
        rows = self._due(picture, rows, time_s)
        if not len(rows):
            return picture
        seen, before = self._see(picture, rows, time_s), picture.evidence
        e = changed(before, **{name: getattr(before, name).copy() for name in WRITTEN})
        self._sides(e, seen, time_s)
        doubts = self._doubts(e, seen, picture.states.unseen[rows])
        shares = self._classes(picture, e, seen, doubts, time_s)
        self._plans(e, seen, shares, time_s)
        self._judge(picture, e, seen, doubts, shares, time_s)
        return changed(picture, evidence=e)

    def _due(self, picture: Picture, rows: I64, time_s: float) -> I64:
        """Return the rows to weigh now: drone-like ones more often than the others."""
        e, p = picture.evidence, self._parameters
        pressing = e.identity >= Identity.SUSPECT
        return due(
            rows, time_s, e.weighed_s, e.log_class, pressing, p.drone_period_s, p.weigh_period_s
        )

    def _see(self, picture: Picture, rows: I64, time_s: float) -> Seen:
        s, p, frame = picture.states, self._tracker.parameters, self._tracker.frame
        state, covariance = coast(
            s.state, s.covariance, s.time_s, rows, time_s, p.acceleration_horizontal_m2ps3,
            p.acceleration_vertical_m2ps3,
        )  # fmt: skip
        height, sd_horizontal, sd_vertical, sd_velocity, speed, climb = np.ascontiguousarray(
            summary(frame, state, covariance).T
        )
        place = np.ascontiguousarray(state[:, :3])
        return Seen(
            rows=rows,
            state=state,
            place=place,
            speed=speed,
            climb=climb,
            sd_speed=_along_course(state, covariance),
            sd_climb=sd_velocity,
            agl=height - height_of_ground(self._tracker.theatre.ground, frame, place),
            sd_vertical=sd_vertical,
            sd_horizontal=sd_horizontal,
        )

    def _sides(self, e: Evidence, seen: Seen, time_s: float) -> None:
        """Enter the side of the border, where each was first seen, and crossings."""
        if not len(self._corner_lat):
            return
        depth = border_distances(
            self._tracker.frame, seen.place, self._corner_lat, self._corner_lon
        )
        p, rows, before = self._parameters, seen.rows, e.side[seen.rows]
        now = np.where(depth > p.border_margin_m, 1, np.where(depth < -p.border_margin_m, 0, -1))
        now = np.where(now < 0, before, now).astype(np.int8)
        first = (before < 0) & (now >= 0)
        inside = np.where(depth < p.origin_distance_m, NEAR_BORDER, DEEP_INSIDE)
        e.side[rows] = now
        e.origin[rows[first]] = np.where(now[first] == 0, BEYOND, inside[first])
        over = rows[(before == 0) & (now == 1)]
        e.crossed_border_s[over] = np.fmin(e.crossed_border_s[over], time_s)

    def _doubts(self, e: Evidence, seen: Seen, unseen: F64) -> Doubts:
        """Return what speaks against addresses: reports, other tracks, filed speed, radar."""
        rows, p = seen.rows, self._parameters
        aircraft = (e.address[rows] >= 0) & (e.address_kind[rows] == AddressKind.ICAO)
        least, agreed = p.contradiction, 0.1 * e.agreed[rows]
        contradicts = (e.contradicted[rows] >= least) & (e.contradicted[rows] >= agreed)
        return Doubts(
            contradicts=contradicts | self._too_slow(e, seen, aircraft),
            elsewhere=(e.elsewhere[rows] >= least) & (e.elsewhere[rows] >= agreed),
            unseen=aircraft & (unseen >= p.unseen_detections),
        )

    def _too_slow(self, e: Evidence, seen: Seen, aircraft: Flags) -> Flags:
        """Return which tracks fly far slower than the flight filed for their address could."""
        address, speed = self._filed
        out = np.zeros(len(seen.rows), dtype=bool)
        if not len(address) or not aircraft.any():
            return out
        at = np.minimum(np.searchsorted(address, e.address[seen.rows]), len(address) - 1)
        filed = aircraft & (address[at] == e.address[seen.rows])
        usual = np.maximum(e.flight[seen.rows, M_SPEED], seen.speed) + seen.sd_speed
        return filed & (usual < STALLED * speed[at]) & ~np.isnan(e.weighed_s[seen.rows])

    def _classes(
        self, picture: Picture, e: Evidence, seen: Seen, doubts: Doubts, time_s: float
    ) -> F64:
        """Enter class posterior and probability of arms; return shares, columns ``R_...``."""
        s, p = picture.states, seen
        return weigh_classes(
            p.rows,
            time_s,
            (
                p.speed, p.climb, p.agl, p.sd_speed, p.sd_climb, p.sd_vertical, p.sd_horizontal,
                p.place,
            ),
            (s.first_s, s.rcs_dbsm, s.rcs_weight),
            (
                e.first_m, e.heard, e.heard_more, e.looks, e.payload, e.address_kind, e.origin,
                e.crossed_border_s,
            ),
            ~doubts.any,
            (e.flight, e.weighed_s, e.log_class, e.armed_probability),
            self._figures,
            classes.TABLE,
            classes.LOGS,
        )  # fmt: skip

    def _plans(self, e: Evidence, seen: Seen, shares: F64, time_s: float) -> None:
        """Enter how steadily tracks keep to a filed route."""
        if not len(self._routes[4]):
            return
        rows, kind = seen.rows, e.address_kind[seen.rows]
        # routes are filed for aircraft: who says by Remote ID that it is a drone flies none
        large = (shares[:, R_MANNED] > 0.2) & (kind != AddressKind.REMOTE_ID)
        asked = np.flatnonzero(large | (kind == AddressKind.ICAO))
        kept = np.zeros(len(rows))
        if len(asked):
            slack_m = ROUTE_TOLERANCE_M + 2.0 * seen.sd_vertical[asked]
            route = route_fit(
                self._tracker.frame, seen.state[asked], slack_m, time_s, *self._routes,
                ROUTE_TOLERANCE_S,
            )  # fmt: skip
            kept[asked] = route >= 0
        e.plan[rows] += 0.15 * (kept - e.plan[rows])

    def _judge(
        self, picture: Picture, e: Evidence, seen: Seen, doubts: Doubts, shares: F64, time_s: float
    ) -> None:
        """Enter standard identity and reasons by the rules of ``standard_identity``."""
        rows = seen.rows
        facts = self._facts(picture, e, seen, doubts, shares, time_s)
        now = standard_identity(facts, e.identity[rows], self._parameters)
        person = e.decided[rows]
        e.identity[rows] = np.where(person >= 0, person, now)
        e.reasons[rows] = _reasons(facts, e, seen, picture)

    def _facts(
        self, picture: Picture, e: Evidence, seen: Seen, doubts: Doubts, shares: F64, time_s: float
    ) -> Facts:
        rows, p = seen.rows, self._parameters
        near = np.zeros(len(rows), dtype=bool)
        maybe = np.flatnonzero(shares[:, R_DRONE] > 0.3)
        near[maybe] = closing(
            self._tracker.frame, seen.state[maybe], self._places, self._radii,
            p.closing_distance_m, p.closing_time_s,
        )  # fmt: skip
        kind, crossed_s = e.address_kind[rows], e.crossed_border_s[rows]
        listed = picture.authorisation.covers(e.address[rows], self._authorised)
        listed &= kind == AddressKind.REMOTE_ID
        return Facts(
            drone=shares[:, R_DRONE],
            unaided=shares[:, R_UNAIDED],
            manned=shares[:, R_MANNED],
            bird=shares[:, R_BIRD],
            armed=e.armed_probability[rows] >= p.armed_probability,
            payload=e.payload[rows] > 1.0,
            closing=near,
            crossed=~np.isnan(crossed_s),
            presses_on=time_s - crossed_s >= STRAYS_S,
            origin=e.origin[rows],
            transponder=kind == AddressKind.ICAO,
            authorised=listed & ~doubts.contradicts & ~doubts.elsewhere,
            # one of two with the same address is real: only what flies like a drone is held to lie
            contradicts=doubts.contradicts | (doubts.elsewhere & (shares[:, R_UNAIDED] >= 0.5)),
            elsewhere=doubts.elsewhere,
            unseen=doubts.unseen,
            plan=e.plan[rows] > 0.5,
            slow=seen.speed < 40.0 + 2.0 * seen.sd_speed,
            settled=picture.states.updates[rows] >= 4,
        )


def decided(picture: Picture, act: Act) -> Picture:
    """Return the picture after a person set an identity: ``set-identity``, track number, name.

    An act on an unknown track, or with an unknown name, changes nothing; the empty name or
    ``automatic`` gives the track back to the rules.
    """
    if act.verb != "set-identity" or not act.subject.isdigit():
        return picture
    value = act.value.strip().lower().replace("_", "-")
    rows = np.flatnonzero(picture.states.track == int(act.subject))
    if not len(rows) or value not in {*ACTS, "", "automatic"}:
        return picture
    kept, identity = picture.evidence.decided.copy(), picture.evidence.identity.copy()
    before, now = kept[rows], int(ACTS.get(value, -1))
    kept[rows] = now
    # at once, since a person's word does not wait for the next weighing; what is given back is
    # pending until then
    given_back = np.where(before >= 0, int(Identity.PENDING), identity[rows])
    identity[rows] = now if now >= 0 else given_back
    evidence = changed(picture.evidence, decided=kept, identity=identity)
    return changed(picture, evidence=evidence)


def _along_course(state: F64, covariance: F64) -> F64:
    """Return the standard deviation of the speed: of the velocity along its own direction.

    First-order propagation of |v| (Bar-Shalom, Li and Kirubarajan 2001, sec. 1.4).
    """
    velocity = state[:, 3:]
    pace = np.maximum(np.linalg.norm(velocity, axis=1), 1e-6)
    across = np.einsum("ni,nij,nj->n", velocity, covariance[:, 3:, 3:], velocity)
    return np.sqrt(np.maximum(across, 0.0)) / pace


def _reasons(f: Facts, e: Evidence, seen: Seen, picture: Picture) -> I64:
    """Return the reason bits of each track."""
    rows = seen.rows
    weight, silent = picture.states.rcs_weight[rows], e.address[rows] < 0
    bird = f.bird >= np.maximum(f.drone, f.manned)
    bits = (
        (silent, Reason.NO_TRANSPONDER),
        (f.transponder, Reason.TRANSPONDER),
        (f.contradicts, Reason.TRANSPONDER_CONTRADICTS),
        (f.elsewhere, Reason.ADDRESS_ELSEWHERE),
        (f.unseen, Reason.UNSEEN_BY_RADAR),
        (f.plan, Reason.FLIGHT_PLAN),
        (f.authorised, Reason.AUTHORISED),
        (seen.sd_speed < 15.0, Reason.SPEED),
        (seen.sd_vertical < 300.0, Reason.HEIGHT),
        (weight >= 4.0, Reason.RADAR_CROSS_SECTION),
        (e.heard_more[rows] >= 1.0, Reason.RF_HIT),
        (e.looked[rows] > 0.0, Reason.ELECTRO_OPTICAL),
        (f.payload, Reason.PAYLOAD_SEEN),
        (f.crossed, Reason.CROSSED_BORDER),
        (f.closing, Reason.CLOSING_ON_PLACE),
        (bird, Reason.BIRD_LIKE),
    )
    total = np.zeros(len(rows), dtype=np.int64)
    for mask, bit in bits:
        total += mask * int(bit)
    return total


def _routes(theatre: Theatre, frame: F64) -> tuple[I64, F64, F64, F64, F64]:
    """Return the filed routes as one list: starts, points, their heights, times, half widths."""
    plans = [plan for plan in theatre.flight_plans if len(plan.points_m) >= 2]
    starts = np.concatenate([[0], np.cumsum([len(plan.points_m) for plan in plans])])
    points = np.concatenate([plan.points_m for plan in plans]) if plans else np.empty((0, 3))
    times = np.concatenate([plan.times_s for plan in plans]) if plans else np.empty(0)
    widths = np.array([plan.half_width_m for plan in plans], dtype=np.float64)
    points = np.ascontiguousarray(points, dtype=np.float64)
    heights = heights_above_ellipsoid(frame, points)
    return starts.astype(np.int64), points, heights, times.astype(np.float64), widths


def _filed_speeds(theatre: Theatre) -> tuple[I64, F64]:
    """Return addresses with a filed route, in order, and the mean speed filed (m/s)."""
    speeds: dict[int, float] = {}
    for plan in theatre.flight_plans:
        lasts_s = float(plan.times_s[-1] - plan.times_s[0]) if len(plan.times_s) > 1 else 0.0
        if plan.address >= 0 and lasts_s > 0.0:
            length_m = np.linalg.norm(np.diff(plan.points_m, axis=0), axis=1).sum()
            speeds[plan.address] = float(length_m) / lasts_s
    order = sorted(speeds)
    return np.array(order, dtype=np.int64), np.array([speeds[k] for k in order])
