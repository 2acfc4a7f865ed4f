"""Identity: class by recursive Bayes, then standard identity by explicit rules.

The class posterior is prior x motion x radar cross-section x emissions x looks x address x
distance flown; each factor stands in ``picture.classes``. Motion is weighed once a second and
fades, because one second says nearly what the second before said; all other factors are kept as
means or bounded sums, so that no amount of equal evidence makes certainty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Act
from chowki.core.places import Theatre
from chowki.core.records import DRONE_CLASSES, AddressKind, Identity, ObjectClass, Reason
from chowki.core.table import F64, I8, I64
from chowki.kernels.identity import border_distances, closing, motion_scores, route_fit
from chowki.kernels.motion import coast, summary
from chowki.picture import classes
from chowki.picture.ground import height_of_ground
from chowki.picture.parameters import IdentityParameters
from chowki.picture.states import Evidence, Picture
from chowki.picture.tracker import Tracker

Flags = NDArray[np.bool_]
BEYOND, NEAR_BORDER, DEEP_INSIDE, UNSEEN = 0, 1, 2, -1
DRONES = [int(kind) for kind in DRONE_CLASSES]
MANNED = [int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER)]
ROUTE_TOLERANCE_S = 600.0
ACTS = {identity.name.lower().replace("_", "-"): identity for identity in Identity}


@dataclass(frozen=True, slots=True)
class Seen:
    """The tracks in question at one time: how they move and where."""

    rows: I64
    state: F64
    speed: F64
    climb: F64
    sd_speed: F64
    agl: F64
    sd_vertical: F64


class Identifier:
    """Gives tracks their class and standard identity.

    Parameters
    ----------
    tracker : Tracker
        Its theatre, frame and motion model.
    parameters : IdentityParameters
        Thresholds.
    """

    def __init__(self, tracker: Tracker, parameters: IdentityParameters) -> None:
        self._tracker, self._parameters = tracker, parameters
        theatre = tracker.theatre
        self._corner_lat = np.radians(np.array(theatre.border_lat_deg, dtype=np.float64))
        self._corner_lon = np.radians(np.array(theatre.border_lon_deg, dtype=np.float64))
        self._places = np.array([p.position_m for p in theatre.places]).reshape(-1, 3)
        self._radii = np.array([p.radius_m for p in theatre.places], dtype=np.float64)
        self._authorised = np.array(theatre.authorised_addresses, dtype=np.int64)
        self._routes = _routes(theatre)

    def weigh(self, picture: Picture, rows: I64, time_s: float) -> Picture:
        """Return the picture with class and identity of some tracks as they stand at a time."""
        rows = self._due(picture, rows, time_s)
        if not len(rows):
            return picture
        seen = self._see(picture, rows, time_s)
        evidence = self._sides(picture, seen, time_s)
        evidence = self._classes(replace(picture, evidence=evidence), seen, time_s)
        evidence = self._plans(evidence, seen, time_s)
        return replace(picture, evidence=self._judge(picture, evidence, seen))

    def _due(self, picture: Picture, rows: I64, time_s: float) -> I64:
        """Return the rows to weigh now: drone-like ones more often than the others."""
        e, p = picture.evidence, self._parameters
        waited_s = time_s - e.weighed_s[rows]
        pressing = e.identity[rows] >= Identity.SUSPECT
        drone = np.exp(e.log_class[rows[:, None], DRONES]).sum(axis=1) > 0.4
        period_s = np.where(pressing | drone, p.drone_period_s, p.weigh_period_s)
        return rows[~(waited_s < period_s)]

    def _see(self, picture: Picture, rows: I64, time_s: float) -> Seen:
        s, p, frame = picture.states, self._tracker.parameters, self._tracker.frame
        state, covariance = coast(
            s.state, s.covariance, s.time_s, rows, time_s, p.acceleration_horizontal_m2ps3,
            p.acceleration_vertical_m2ps3,
        )  # fmt: skip
        height, _, sd_vertical, sd_speed, speed, climb = summary(frame, state, covariance).T
        floor = height_of_ground(self._tracker.theatre.ground, frame, state[:, :3])
        return Seen(rows, state, speed, climb, sd_speed, height - floor, sd_vertical)

    def _sides(self, picture: Picture, seen: Seen, time_s: float) -> Evidence:
        """Enter the side of the border, where each was first seen, and crossings."""
        e = picture.evidence
        if not len(self._corner_lat):
            return e
        depth = border_distances(
            self._tracker.frame, np.ascontiguousarray(seen.state[:, :3]), self._corner_lat,
            self._corner_lon,
        )  # fmt: skip
        p, before = self._parameters, e.side[seen.rows]
        now = np.where(depth > p.border_margin_m, 1, np.where(depth < -p.border_margin_m, 0, -1))
        now = np.where(now < 0, before, now).astype(np.int8)
        first = (before < 0) & (now >= 0)
        inside = np.where(depth < p.origin_distance_m, NEAR_BORDER, DEEP_INSIDE)
        side, origin, crossed = e.side.copy(), e.origin.copy(), e.crossed_border_s.copy()
        side[seen.rows] = now
        origin[seen.rows[first]] = np.where(now[first] == 0, BEYOND, inside[first])
        over = seen.rows[(before == 0) & (now == 1)]
        crossed[over] = np.where(np.isnan(crossed[over]), time_s, crossed[over])
        return replace(e, side=side, origin=origin, crossed_border_s=crossed)

    def _classes(self, picture: Picture, seen: Seen, time_s: float) -> Evidence:
        """Enter the class posterior and the probability that it is armed."""
        e, s, rows, p = picture.evidence, picture.states, seen.rows, self._parameters
        sd_speed, sd_vertical = seen.sd_speed, seen.sd_vertical
        scores = motion_scores(
            seen.speed, sd_speed, seen.agl, sd_vertical, seen.climb, classes.MOTION
        )
        scores -= scores.max(axis=1, keepdims=True)
        dt_s = np.where(np.isnan(e.weighed_s[rows]), 0.0, time_s - e.weighed_s[rows])
        fresh = 1.0 - np.exp(-np.maximum(dt_s, 0.0) / p.memory_s)
        fresh = np.where(np.isnan(e.weighed_s[rows]), 1.0, fresh)[:, None]
        fading = e.motion[rows] * (1.0 - fresh) + scores * fresh
        flown = np.linalg.norm(seen.state[:, :3] - e.first_m[rows], axis=1)
        total = (
            classes.PRIOR_LOG_CLASS
            + p.evidence_weight * fading
            + classes.cross_section_scores(s.rcs_dbsm[rows], s.rcs_weight[rows])
            + classes.heard_scores(e.heard[rows], e.hits[rows])
            + e.looks[rows]
            + classes.address_scores(
                e.address[rows], e.address_kind[rows], time_s - s.first_s[rows]
            )
            + classes.distance_scores(flown)
        )
        total -= np.logaddexp.reduce(total, axis=1)[:, None]
        motion, log_class, armed = e.motion.copy(), e.log_class.copy(), e.armed_probability.copy()
        weighed = e.weighed_s.copy()
        motion[rows], log_class[rows], weighed[rows] = fading, total, time_s
        armed[rows] = _armed(np.exp(total), e.payload[rows])
        return replace(
            e, motion=motion, log_class=log_class, weighed_s=weighed, armed_probability=armed
        )

    def _plans(self, evidence: Evidence, seen: Seen, time_s: float) -> Evidence:
        """Enter how steadily tracks keep to a filed route."""
        if not len(self._routes[3]):
            return evidence
        rows = seen.rows
        large = np.exp(evidence.log_class[rows][:, MANNED]).sum(axis=1) > 0.2
        asked = large | (evidence.address[rows] >= 0)
        fit = route_fit(
            np.ascontiguousarray(seen.state[asked, :3]), time_s, *self._routes, ROUTE_TOLERANCE_S
        )
        plan = evidence.plan.copy()
        plan[rows[asked]] += 0.15 * ((fit >= 0) - plan[rows[asked]])
        return replace(evidence, plan=plan)

    def _judge(self, picture: Picture, evidence: Evidence, seen: Seen) -> Evidence:
        """Enter standard identity and reasons by the rules of ``standard_identity``."""
        facts = self._facts(picture, evidence, seen)
        before = evidence.identity[seen.rows]
        now = standard_identity(facts, before, self._parameters)
        decided = evidence.decided[seen.rows]
        identity, reasons = evidence.identity.copy(), evidence.reasons.copy()
        identity[seen.rows] = np.where(decided >= 0, decided, now)
        reasons[seen.rows] = _reasons(facts, evidence, seen, picture)
        return replace(evidence, identity=identity, reasons=reasons)

    def _facts(self, picture: Picture, e: Evidence, seen: Seen) -> Facts:
        rows, p = seen.rows, self._parameters
        probability = np.exp(e.log_class[rows])
        drone, manned = probability[:, DRONES].sum(axis=1), probability[:, MANNED].sum(axis=1)
        near = np.zeros(len(rows), dtype=bool)
        maybe = np.flatnonzero(drone > 0.3)
        near[maybe] = closing(
            self._tracker.frame, np.ascontiguousarray(seen.state[maybe]), self._places,
            self._radii, p.closing_distance_m, p.closing_time_s,
        )  # fmt: skip
        addressed = e.address[rows] >= 0
        allowed = np.isin(e.address[rows], self._authorised)
        contradicted = e.contradicted[rows]
        return Facts(
            drone=drone,
            manned=manned,
            bird=probability[:, ObjectClass.BIRD],
            armed=e.armed_probability[rows] >= p.armed_probability,
            payload=e.payload[rows] > 1.0,
            closing=near,
            crossed=~np.isnan(e.crossed_border_s[rows]),
            origin=e.origin[rows],
            transponder=addressed & (e.address_kind[rows] == AddressKind.ICAO),
            authorised=allowed & (e.address_kind[rows] == AddressKind.REMOTE_ID),
            contradicts=(contradicted >= p.contradiction) & (contradicted >= 0.1 * e.agreed[rows]),
            plan=e.plan[rows] > 0.5,
            slow=seen.speed < 40.0 + 2.0 * seen.sd_speed,
            settled=picture.states.updates[rows] >= 4,
        )


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
       a place, else suspect.
    5. Drone-like, no transponder, first seen near the border or nowhere certain: suspect when
       suspected armed or closing. First seen deep inside: suspect when a payload was seen or it
       is both.
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
    threat = f.armed | f.closing | (before == Identity.HOSTILE)
    inside = f.origin == DEEP_INSIDE
    doubtful = np.where(inside, f.payload | (f.armed & f.closing), f.armed | f.closing)
    doubtful |= held
    rules = (
        (f.contradicts, Identity.SUSPECT),
        (f.authorised & f.slow & (f.manned < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & f.plan & (f.drone < 0.5), Identity.ASSUMED_FRIEND),
        (f.transponder & (f.drone < 0.5), Identity.NEUTRAL),
        (f.transponder & f.crossed & f.settled, Identity.SUSPECT),
        (drone & f.crossed & threat, Identity.HOSTILE),
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
    kept = picture.evidence.decided.copy()
    kept[rows] = int(ACTS.get(value, -1))
    return replace(picture, evidence=replace(picture.evidence, decided=kept))


def _armed(probability: F64, payload: F64) -> F64:
    """Return the probability of a payload: by class, then by what looks saw (odds form)."""
    prior = np.clip(probability @ classes.ARMED, 1e-6, 1.0 - 1e-6)
    return 1.0 / (1.0 + (1.0 - prior) / prior * np.exp(-payload))


def _reasons(f: Facts, e: Evidence, seen: Seen, picture: Picture) -> I64:
    """Return the reason bits of each track."""
    rows = seen.rows
    weight, silent = picture.states.rcs_weight[rows], e.address[rows] < 0
    bird = f.bird >= np.maximum(f.drone, f.manned)
    bits = (
        (silent, Reason.NO_TRANSPONDER),
        (f.transponder, Reason.TRANSPONDER),
        (f.contradicts, Reason.TRANSPONDER_CONTRADICTS),
        (f.plan, Reason.FLIGHT_PLAN),
        (f.authorised, Reason.AUTHORISED),
        (seen.sd_speed < 15.0, Reason.SPEED),
        (seen.sd_vertical < 300.0, Reason.HEIGHT),
        (weight >= 4.0, Reason.RADAR_CROSS_SECTION),
        (e.heard[rows] * np.minimum(e.hits[rows], 3.0) > 1.0, Reason.RF_HIT),
        (e.looked[rows] > 0.0, Reason.ELECTRO_OPTICAL),
        (f.payload, Reason.PAYLOAD_SEEN),
        (f.crossed, Reason.CROSSED_BORDER),
        (f.closing, Reason.CLOSING_ON_PLACE),
        (bird, Reason.BIRD_LIKE),
    )
    total = np.zeros(len(rows), dtype=np.int64)
    for mask, bit in bits:
        total |= np.where(mask, int(bit), 0)
    return total


def _routes(theatre: Theatre) -> tuple[I64, F64, F64, F64]:
    """Return the filed routes as one list of points: starts, points, times, half widths."""
    plans = [plan for plan in theatre.flight_plans if len(plan.points_m) >= 2]
    starts = np.concatenate([[0], np.cumsum([len(plan.points_m) for plan in plans])])
    points = np.concatenate([plan.points_m for plan in plans]) if plans else np.empty((0, 3))
    times = np.concatenate([plan.times_s for plan in plans]) if plans else np.empty(0)
    widths = np.array([plan.half_width_m for plan in plans], dtype=np.float64)
    return starts.astype(np.int64), points.astype(np.float64), times.astype(np.float64), widths
