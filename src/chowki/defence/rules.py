"""Rules: pure functions, and a veto. What they forbid is never ordered, however much it is worth.

Every rule is asked twice: before optimisation, when forbidden pairs are removed, and again of
each order just before it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.records import (
    AddressKind,
    Identity,
    ObjectClass,
    Reason,
    Refusal,
    Tracks,
    TrackStatus,
)
from chowki.core.table import F64, I8, I64
from chowki.defence.posture import WeaponsControlStatus
from chowki.defence.situation import NoFireVolumes, Requests, Situation
from chowki.kernels.restraint import (
    border_clearance,
    border_crossed,
    fall_harm,
    fall_times,
    no_fire,
)

B8 = NDArray[np.bool_]


class RulesParameters(BaseModel):
    """Figures of the rules; illustrative, each with its reason.

    Attributes
    ----------
    aircraft_lateral_m, aircraft_vertical_m : float
        No-fire volume about an aircraft: 5 nautical miles and four times 1,000 ft, the en-route
        radar separation and four times the vertical separation of ICAO Doc 4444.
    drone_lateral_m, drone_vertical_m : float
        The same about an authorised or friendly drone.
    crewed_probability_max : float
        A track that is an aeroplane or a helicopter with at least this probability is protected
        as one, whatever its identity.
    crewed_doubt_max : float
        A track that may be one with at least this probability is not engaged itself: a light
        aeroplane without transponder flies as slow as a drone. One in a hundred; of the tracks of
        drones held hostile about as many are as doubtful.
    large_rcs_dbsm, doubtful_rcs_dbsm, unarmed_max : float
        What radars see as larger than the first is not engaged, whatever its class; nor what they
        see as larger than the second and is armed with at most this probability; nor a suspect
        that is armed with at most this probability. A light
        aeroplane or a helicopter is some 1 to 3 m2 (0 to 5 dBsm; Skolnik 2001), a drone a
        hundredth to a tenth; a mean of decibels lies 2.5 dB below (exponential fluctuation).
    border_margin_m : float
        The whole footprint of the debris stays this far inside the defended side.
    terminal_speed_mps : float
        Of debris: 30 m/s, a light body with flat parts.
    casualty_area_m2 : float
        Area in which the debris of one small drone hits a person.
    core_density_per_km2, rural_density_per_km2 : float
        People at the heart of a town and in open country: 5,000 as in a large town, 400 as the
        mean of the Indian census of 2011 (382).
    harm_max : float
        Greatest accepted P(at least one person hit): just below that over the heart of a town.
    overshoot_s : float
        A round that missed flies on for this long and is kept out of no-fire volumes too.
    fresh_s : float
        A track not updated for this long is not engaged: two looks of a radar that turns in six
        seconds, and the delay of its link.
    reserve_rounds : int
        Rounds a site keeps to protect itself.
    self_protection_m : float
        A hostile track that will pass this close to a site may be met from its reserve. The
        exception opens the reserve and nothing else: every other rule stays.
    spared_s : float
        What carried a no-fire volume keeps it this long after its track was lost, and a track
        that was spared by its own word stays spared this long: five looks of a radar that turns
        in six seconds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aircraft_lateral_m: float = Field(default=9_260.0, ge=0)
    aircraft_vertical_m: float = Field(default=1_219.2, ge=0)
    drone_lateral_m: float = Field(default=1_000.0, ge=0)
    drone_vertical_m: float = Field(default=300.0, ge=0)
    crewed_probability_max: float = Field(default=0.2, gt=0, le=1)
    crewed_doubt_max: float = Field(default=0.01, gt=0, le=1)
    large_rcs_dbsm: float = -8.0
    doubtful_rcs_dbsm: float = -11.0
    unarmed_max: float = Field(default=0.2, ge=0, le=1)
    border_margin_m: float = Field(default=500.0, ge=0)
    terminal_speed_mps: float = Field(default=30.0, gt=0)
    casualty_area_m2: float = Field(default=12.0, ge=0)
    core_density_per_km2: float = Field(default=5_000.0, gt=0)
    rural_density_per_km2: float = Field(default=400.0, ge=0)
    harm_max: float = Field(default=0.05, ge=0, le=1)
    overshoot_s: float = Field(default=3.0, ge=0)
    fresh_s: float = Field(default=15.0, gt=0)
    reserve_rounds: int = Field(default=1, ge=0)
    self_protection_m: float = Field(default=500.0, ge=0)
    spared_s: float = Field(default=30.0, ge=0)


@dataclass(frozen=True, slots=True)
class _Fall:
    """How the debris of each request comes down: seconds, furthest throw, scatter, reach (m)."""

    time_s: F64
    throw_m: F64
    scatter_m: F64
    reach_m: F64

    def take(self, rows: I64) -> _Fall:
        return _Fall(
            self.time_s[rows], self.throw_m[rows], self.scatter_m[rows], self.reach_m[rows]
        )


def holds_transponder(tracks: Tracks) -> B8:
    """Return which tracks answer as aircraft and aren't contradicted by how they fly."""
    contradicted = (tracks.reasons & int(Reason.TRANSPONDER_CONTRADICTS)) != 0
    answers = (tracks.reasons & int(Reason.TRANSPONDER)) != 0
    answers |= (tracks.address >= 0) & (tracks.address_kind == int(AddressKind.ICAO))
    return answers & ~contradicted


def is_authorised(tracks: Tracks) -> B8:
    """Return which tracks are authorised drones."""
    return (tracks.reasons & int(Reason.AUTHORISED)) != 0


def is_crewed(tracks: Tracks, crewed_probability_max: float) -> B8:
    """Return which tracks are, or may well be, aircraft with people on board.

    A filed route makes an aircraft of none that says by Remote ID that it is a drone.
    """
    share = tracks.class_probability
    crewed = share[:, int(ObjectClass.AEROPLANE)] + share[:, int(ObjectClass.HELICOPTER)]
    planned = (tracks.reasons & int(Reason.FLIGHT_PLAN)) != 0
    planned &= (tracks.address < 0) | (tracks.address_kind != int(AddressKind.REMOTE_ID))
    return holds_transponder(tracks) | planned | (crewed >= crewed_probability_max)


def judge_tracks(situation: Situation, rows: I64, place: I64, figures: RulesParameters) -> I8:
    """Return the refusal that stands against each track, whoever would engage it.

    Authorised drones, people on board, friends, neutrals, unknown and pending first: no posture
    changes these. Then weapons control status, a cease-fire under which nobody released the
    track, release withheld by a person, and stale tracks.
    """
    tracks = situation.tracks
    identity, sector = tracks.identity[rows], situation.plan.place_sector[place]
    status = situation.status[sector]
    hostile, suspect = identity == int(Identity.HOSTILE), identity == int(Identity.SUSPECT)
    armed = tracks.armed_probability[rows] > figures.unarmed_max
    engageable = hostile | (suspect & armed & (status == int(WeaponsControlStatus.FREE)))
    held = (hostile | suspect) & (status == int(WeaponsControlStatus.HOLD))
    stale = tracks.status[rows] != int(TrackStatus.CONFIRMED)
    stale |= ~(situation.time_s - tracks.updated_s[rows] <= figures.fresh_s)
    doubt = min(figures.crewed_doubt_max, figures.crewed_probability_max)
    crewed = is_crewed(tracks, doubt)[rows]
    crewed |= _large(tracks, rows, figures)
    crewed |= _among(tracks.track[rows], situation.spared)
    ceased = _among(sector, situation.ceased) & ~_among(tracks.track[rows], situation.released)
    withheld = _among(tracks.track[rows], situation.withheld)
    return _first_of(
        len(rows),
        (is_authorised(tracks)[rows], Refusal.AUTHORISED_DRONE),
        (crewed, Refusal.IDENTITY),
        (held, Refusal.HOLD),
        (~engageable, Refusal.IDENTITY),
        (ceased, Refusal.CEASE_FIRE),
        (withheld, Refusal.RELEASE_WITHHELD),
        (stale, Refusal.OUT_OF_REACH),
    )


def judge_requests(situation: Situation, asked: Requests, figures: RulesParameters) -> I8:
    """Return the refusal that stands against each engagement, apart from its track's own.

    Magazine and reserve, no-fire volumes, border, and harm by debris, in this order; the dear
    ones only for what the cheap ones leave.
    """
    refusal = np.zeros(len(asked.row), dtype=np.int8)
    left = situation.rounds[asked.site] - asked.rounds
    kept = left < figures.reserve_rounds
    refusal[kept & ~_protects_itself(situation, asked, figures)] = int(Refusal.SELF_PROTECTION)
    refusal[left < 0] = int(Refusal.MAGAZINE)
    known = np.isfinite(asked.point_m).all(axis=1) & np.isfinite(asked.delay_s)
    known &= np.isfinite(situation.motion[asked.row]).all(axis=1)
    refusal[~known] = int(Refusal.OUT_OF_REACH)
    fall = _fall(situation, asked, figures)
    for rule, reason in (
        (_enters_no_fire_volume, Refusal.NO_FIRE_VOLUME),
        (_leaves_defended_side, Refusal.BORDER),
        (_harms_people, Refusal.CIVILIAN_HARM),
    ):
        rest = np.flatnonzero(refusal == 0)
        if len(rest):
            broken = rule(situation, asked.take(rest), fall.take(rest), figures)
            refusal[rest[broken]] = int(reason)
    return refusal


def judge(situation: Situation, asked: Requests, figures: RulesParameters) -> I8:
    """Return the refusal that stands against each engagement, all rules together; the veto."""
    of_track = judge_tracks(situation, asked.row, asked.place, figures)
    return np.where(of_track != 0, of_track, judge_requests(situation, asked, figures))


def spared_by_word(tracks: Tracks) -> B8:
    """Return which tracks are spared for what they say: aircraft, authorised drones, friends."""
    friendly = np.zeros(len(Identity), dtype=np.bool_)
    friendly[[int(Identity.FRIEND), int(Identity.ASSUMED_FRIEND)]] = True
    return holds_transponder(tracks) | is_authorised(tracks) | friendly[tracks.identity]


def no_fire_rows(tracks: Tracks, figures: RulesParameters) -> tuple[I64, F64]:
    """Return which rows carry a no-fire volume, and its half width and half height, shape (c, 2).

    They are aircraft, friends, neutrals and authorised drones. Each volume is widened by two
    sigma of its track's own position. Birds carry none.
    """
    crewed = is_crewed(tracks, figures.crewed_probability_max)
    spared = spared_by_word(tracks)
    bird = tracks.object_class == int(ObjectClass.BIRD)
    spared |= (tracks.identity == int(Identity.NEUTRAL)) & ~bird
    rows = np.flatnonzero((crewed | spared) & (tracks.status != int(TrackStatus.DROPPED)))
    drone = tracks.object_class[rows] <= int(ObjectClass.DECOY)
    wide = np.array([figures.aircraft_lateral_m, figures.aircraft_vertical_m])
    small = np.array([figures.drone_lateral_m, figures.drone_vertical_m])
    margin = np.where((~crewed[rows] & drone)[:, None], small, wide)
    spread = np.column_stack((tracks.sd_horizontal_m[rows], tracks.sd_vertical_m[rows]))
    spread = np.where(np.isfinite(spread), spread, 0.0)
    return rows, margin + 2.0 * spread


def no_fire_volumes(tracks: Tracks, motion: F64, figures: RulesParameters) -> NoFireVolumes:
    """Return the volumes that move with what is in the picture now; ``no_fire_rows``."""
    rows, margin_m = no_fire_rows(tracks, figures)
    return NoFireVolumes(motion[rows], margin_m)


def _large(tracks: Tracks, rows: I64, figures: RulesParameters) -> B8:
    """Return which tracks are as large as a light aeroplane, or nearly and hardly armed."""
    rcs_dbsm, armed = tracks.rcs_dbsm[rows], tracks.armed_probability[rows]
    nearly = (rcs_dbsm > figures.doubtful_rcs_dbsm) & ~(armed > figures.unarmed_max)
    return (rcs_dbsm > figures.large_rcs_dbsm) | nearly


def _among(number: I64, named: frozenset[int]) -> B8:
    """Return which numbers, of tracks or sectors, are among some named ones, shape (n,)."""
    if not named:
        return np.zeros(len(number), dtype=np.bool_)
    return np.isin(number, list(named))


def _protects_itself(situation: Situation, asked: Requests, figures: RulesParameters) -> B8:
    """Return which engagements meet a hostile track that will pass over the site itself."""
    motion = situation.motion[asked.row]
    offset, velocity = motion[:, :3] - situation.plan.site_m[asked.site], motion[:, 3:]
    speed_sq = np.maximum((velocity**2).sum(axis=1), 1e-12)
    ahead = np.maximum(-(offset * velocity).sum(axis=1) / speed_sq, 0.0)
    miss = offset + velocity * ahead[:, None]
    near = (miss**2).sum(axis=1) <= figures.self_protection_m**2
    return near & (situation.tracks.identity[asked.row] == int(Identity.HOSTILE))


def _fall(situation: Situation, asked: Requests, figures: RulesParameters) -> _Fall:
    """Return how debris comes down: carried on by at most the track's speed while it falls."""
    time_s = fall_times(asked.height_m, figures.terminal_speed_mps)
    throw = situation.motion[asked.row, 3:] * time_s[:, None]
    scatter = situation.plan.debris_m[asked.site]
    return _Fall(time_s, throw, scatter, np.sqrt((throw**2).sum(axis=1)) + scatter)


def _enters_no_fire_volume(
    situation: Situation, asked: Requests, fall: _Fall, figures: RulesParameters
) -> B8:
    plan = situation.plan
    return no_fire(
        plan.site_m[asked.site],
        np.minimum(plan.site_figures[asked.site, 4], asked.delay_s),
        situation.motion[asked.row],
        asked.point_m,
        asked.delay_s,
        fall.time_s,
        fall.reach_m,
        situation.margin[plan.place_sector[asked.place]],
        figures.overshoot_s,
        situation.volumes.motion,
        situation.volumes.margin_m,
        plan.frame,
    )


def _leaves_defended_side(
    situation: Situation, asked: Requests, fall: _Fall, figures: RulesParameters
) -> B8:
    """Return which footprints come too near the border, and which rounds would fly across it.

    A footprint is what lies within the scatter of the line from the intercept to the furthest
    throw; no point of that line is nearer to the border than the nearer end less half the line.
    A round's path runs from its site to where it is after its overshoot.
    """
    plan = situation.plan
    if not len(plan.corner_lat_rad):
        return np.zeros(len(asked.row), dtype=np.bool_)
    corners = plan.corner_lat_rad, plan.corner_lon_rad
    clearance = np.minimum(
        border_clearance(plan.frame, asked.point_m, *corners),
        border_clearance(plan.frame, asked.point_m + fall.throw_m, *corners),
    )
    margin = figures.border_margin_m * situation.margin[plan.place_sector[asked.place]]
    half_line = 0.5 * (fall.reach_m - fall.scatter_m)
    beyond = ~(clearance >= margin + fall.scatter_m + half_line)
    origin_m = plan.site_m[asked.site]
    flight_s = asked.delay_s - plan.site_figures[asked.site, 4]
    flies = np.flatnonzero(~beyond & (flight_s > 0.0) & ~plan.site_jams[asked.site])
    on = 1.0 + figures.overshoot_s / flight_s[flies]
    end_m = origin_m[flies] + on[:, None] * (asked.point_m[flies] - origin_m[flies])
    beyond[flies] = border_crossed(plan.frame, origin_m[flies], end_m, *corners)
    return beyond


def _harms_people(
    situation: Situation, asked: Requests, fall: _Fall, figures: RulesParameters
) -> B8:
    return ~(_harm(situation, asked, fall, figures) <= figures.harm_max)


def harm_of(situation: Situation, asked: Requests, figures: RulesParameters) -> F64:
    """Return P(at least one person hit) by the debris of each engagement."""
    return _harm(situation, asked, _fall(situation, asked, figures), figures)


def _harm(situation: Situation, asked: Requests, fall: _Fall, figures: RulesParameters) -> F64:
    plan = situation.plan
    return fall_harm(
        asked.point_m,
        fall.throw_m,
        fall.scatter_m,
        plan.place_m,
        plan.place_axes,
        plan.population,
        figures.core_density_per_km2 * 1e-6,
        figures.rural_density_per_km2 * 1e-6,
        figures.casualty_area_m2,
    )


def _first_of(rows: int, *rules: tuple[NDArray[Any], Refusal]) -> I8:
    """Return for each row the reason of the first rule that forbids it."""
    refusal = np.zeros(rows, dtype=np.int8)
    for forbidden, reason in reversed(rules):
        refusal[forbidden] = int(reason)
    return refusal
