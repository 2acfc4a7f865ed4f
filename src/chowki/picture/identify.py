"""Identity: class by recursive Bayes, then standard identity by explicit rules.

The class posterior is prior x motion x radar cross-section x emissions x looks x address x
distance flown; each factor stands in ``picture.classes``. Motion is weighed once a second and
fades, because one second says nearly what the second before said; all other factors are kept as
means or bounded sums, so that no amount of equal evidence makes certainty.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chowki.core.messages import Act
from chowki.core.places import Theatre
from chowki.core.records import DRONE_CLASSES, AddressKind, Identity, ObjectClass, Reason
from chowki.core.table import F64, I64
from chowki.kernels.identity import (
    border_distances,
    closing,
    flown_scores,
    motion_scores,
    route_fit,
)
from chowki.kernels.motion import coast, summary
from chowki.picture import classes
from chowki.picture.ground import height_of_ground
from chowki.picture.parameters import IdentityParameters
from chowki.picture.standing import BEYOND, DEEP_INSIDE, NEAR_BORDER, Facts, standard_identity
from chowki.picture.states import Evidence, Picture
from chowki.picture.tracker import ScanTracker

DRONES = [int(kind) for kind in DRONE_CLASSES]
MANNED = [int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER)]
# off a filed route in time, and in height (two flight levels of ICAO Doc 4444, with the error of a
# climb taken as linear between points)
ROUTE_TOLERANCE_S, ROUTE_TOLERANCE_M = 600.0, 900.0
# how long after crossing a stray would have turned back
STRAYS_S = 90.0
# uncertainty of the distance flown beside that of the position now: of where it was first seen
FIRST_SEEN_SD_M = 800.0
ACTS = {identity.name.lower().replace("_", "-"): identity for identity in Identity}


@dataclass(frozen=True, slots=True)
class Seen:
    """The tracks in question at one time: how they move and where."""

    rows: I64
    state: F64
    speed: F64
    climb: F64
    sd_speed: F64
    sd_climb: F64
    agl: F64
    sd_vertical: F64
    sd_horizontal: F64


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
        return replace(picture, evidence=self._judge(picture, evidence, seen, time_s))

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
        height, sd_horizontal, sd_vertical, sd_velocity, speed, climb = summary(
            frame, state, covariance
        ).T
        floor = height_of_ground(self._tracker.theatre.ground, frame, state[:, :3])
        return Seen(
            rows=rows,
            state=state,
            speed=speed,
            climb=climb,
            sd_speed=_along_course(state, covariance),
            sd_climb=sd_velocity,
            agl=height - floor,
            sd_vertical=sd_vertical,
            sd_horizontal=sd_horizontal,
        )

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
        scores = motion_scores(
            seen.speed,
            seen.sd_speed,
            seen.agl,
            seen.sd_vertical,
            seen.climb,
            seen.sd_climb,
            classes.MOTION,
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
            + flown_scores(
                flown,
                time_s - s.first_s[rows],
                np.hypot(FIRST_SEEN_SD_M, seen.sd_horizontal),
                classes.GOING,
            )
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
        kind = np.where(evidence.address[rows] >= 0, evidence.address_kind[rows], -1)
        # routes are filed for aircraft: who says by Remote ID that it is a drone flies none
        asked = (large | (kind == AddressKind.ICAO)) & (kind != AddressKind.REMOTE_ID)
        fit = np.full(len(rows), -1, dtype=np.int64)
        fit[asked] = route_fit(
            self._tracker.frame,
            np.ascontiguousarray(seen.state[asked]),
            ROUTE_TOLERANCE_M + 2.0 * seen.sd_vertical[asked],
            time_s,
            *self._routes,
            ROUTE_TOLERANCE_S,
        )
        plan = evidence.plan.copy()
        plan[rows] += 0.15 * ((fit >= 0) - plan[rows])
        return replace(evidence, plan=plan)

    def _judge(self, picture: Picture, evidence: Evidence, seen: Seen, time_s: float) -> Evidence:
        """Enter standard identity and reasons by the rules of ``standard_identity``."""
        facts = self._facts(picture, evidence, seen, time_s)
        before = evidence.identity[seen.rows]
        now = standard_identity(facts, before, self._parameters)
        decided = evidence.decided[seen.rows]
        identity, reasons = evidence.identity.copy(), evidence.reasons.copy()
        identity[seen.rows] = np.where(decided >= 0, decided, now)
        reasons[seen.rows] = _reasons(facts, evidence, seen, picture)
        return replace(evidence, identity=identity, reasons=reasons)

    def _facts(self, picture: Picture, e: Evidence, seen: Seen, time_s: float) -> Facts:
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
            presses_on=time_s - e.crossed_border_s[rows] >= STRAYS_S,
            origin=e.origin[rows],
            transponder=addressed & (e.address_kind[rows] == AddressKind.ICAO),
            authorised=allowed & (e.address_kind[rows] == AddressKind.REMOTE_ID),
            contradicts=(contradicted >= p.contradiction) & (contradicted >= 0.1 * e.agreed[rows]),
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
    evidence = replace(picture.evidence, decided=kept, identity=identity)
    return replace(picture, evidence=evidence)


def _along_course(state: F64, covariance: F64) -> F64:
    """Return the standard deviation of the speed: of the velocity along its own direction.

    First-order propagation of |v| (Bar-Shalom, Li and Kirubarajan 2001, sec. 1.4).
    """
    velocity = state[:, 3:]
    pace = np.maximum(np.linalg.norm(velocity, axis=1), 1e-6)
    across = np.einsum("ni,nij,nj->n", velocity, covariance[:, 3:, 3:], velocity)
    return np.sqrt(np.maximum(across, 0.0)) / pace


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
