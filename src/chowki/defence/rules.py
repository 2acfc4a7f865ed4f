"""Rules: pure functions, and a veto. What they forbid is never ordered, however much it is worth.

Every rule is asked twice: before optimisation, when forbidden pairs are removed, and again of
each order just before it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
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
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.posture import WeaponsControlStatus
from chowki.kernels.restraint import border_clearance, fall_harm, fall_time, no_fire

_FRIENDLY = (int(Identity.FRIEND), int(Identity.ASSUMED_FRIEND))
_CREWED = [int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER)]


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
        A track not updated for this long is not engaged.
    reserve_rounds : int
        Rounds a site keeps to protect itself.
    self_protection_m : float
        A hostile track that will pass this close to a site may be met from its reserve. The
        exception opens the reserve and nothing else: every other rule stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aircraft_lateral_m: float = Field(default=9_260.0, ge=0)
    aircraft_vertical_m: float = Field(default=1_219.2, ge=0)
    drone_lateral_m: float = Field(default=1_000.0, ge=0)
    drone_vertical_m: float = Field(default=300.0, ge=0)
    crewed_probability_max: float = Field(default=0.2, gt=0, le=1)
    border_margin_m: float = Field(default=500.0, ge=0)
    terminal_speed_mps: float = Field(default=30.0, gt=0)
    casualty_area_m2: float = Field(default=12.0, ge=0)
    core_density_per_km2: float = Field(default=5_000.0, gt=0)
    rural_density_per_km2: float = Field(default=400.0, ge=0)
    harm_max: float = Field(default=0.05, ge=0, le=1)
    overshoot_s: float = Field(default=3.0, ge=0)
    fresh_s: float = Field(default=10.0, gt=0)
    reserve_rounds: int = Field(default=1, ge=0)
    self_protection_m: float = Field(default=500.0, ge=0)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the rules look at besides the engagements themselves.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    tracks : Tracks
        The recognised air picture.
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
    """

    time_s: float
    tracks: Tracks
    status: I64
    margin: F64
    rounds: I64
    withheld: frozenset[int]
    plan: GroundPlan


@dataclass(frozen=True, slots=True)
class Requests:
    """Engagements that the rules are asked about, one entry each.

    Attributes
    ----------
    row, place, site : I64
        Row of the track in the situation's table; place it threatens; site that would engage.
    rounds : I64
        Rounds to be fired.
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
        return Requests(*(getattr(self, name)[rows] for name in self.__slots__))


def holds_transponder(tracks: Tracks, rows: I64 | slice = slice(None)) -> np.ndarray:
    """Return which tracks answer as aircraft and aren't contradicted by how they fly."""
    contradicted = (tracks.reasons[rows] & int(Reason.TRANSPONDER_CONTRADICTS)) != 0
    answers = (tracks.reasons[rows] & int(Reason.TRANSPONDER)) != 0
    answers |= (tracks.address[rows] >= 0) & (tracks.address_kind[rows] == int(AddressKind.ICAO))
    return answers & ~contradicted


def is_authorised(tracks: Tracks, rows: I64 | slice = slice(None)) -> np.ndarray:
    """Return which tracks are authorised drones."""
    return (tracks.reasons[rows] & int(Reason.AUTHORISED)) != 0


def is_crewed(
    tracks: Tracks, crewed_probability_max: float, rows: I64 | slice = slice(None)
) -> np.ndarray:
    """Return which tracks are, or may well be, aircraft with people on board."""
    crewed = tracks.class_probability[rows][:, _CREWED].sum(axis=1)
    planned = (tracks.reasons[rows] & int(Reason.FLIGHT_PLAN)) != 0
    return holds_transponder(tracks, rows) | planned | (crewed >= crewed_probability_max)


def judge_tracks(situation: Situation, rows: I64, place: I64, figures: RulesParameters) -> I8:
    """Return the refusal that stands against each track, whoever would engage it.

    Authorised drones, people on board, friends, neutrals, unknown and pending first: no posture
    changes these. Then weapons control status, stale tracks, and release withheld by a person.
    """
    tracks = situation.tracks
    identity = tracks.identity[rows]
    status = situation.status[situation.plan.place_sector[place]]
    hostile = identity == int(Identity.HOSTILE)
    free = (status == int(WeaponsControlStatus.FREE)) & (identity == int(Identity.SUSPECT))
    stale = tracks.status[rows] != int(TrackStatus.CONFIRMED)
    stale |= ~(situation.time_s - tracks.updated_s[rows] <= figures.fresh_s)
    suspicious = hostile | (identity == int(Identity.SUSPECT))
    held = suspicious & (status == int(WeaponsControlStatus.HOLD))
    withheld = np.isin(tracks.track[rows], list(situation.withheld))
    return _first_of(
        len(rows),
        (is_authorised(tracks, rows), Refusal.AUTHORISED_DRONE),
        (is_crewed(tracks, figures.crewed_probability_max, rows), Refusal.IDENTITY),
        (held, Refusal.HOLD),
        (~(hostile | free), Refusal.IDENTITY),
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
    refusal[left < figures.reserve_rounds] = int(Refusal.SELF_PROTECTION)
    refusal[_protects_itself(situation, asked, figures)] = 0
    refusal[left < 0] = int(Refusal.MAGAZINE)
    for rule, reason in (
        (_enters_no_fire_volume, Refusal.NO_FIRE_VOLUME),
        (_leaves_defended_side, Refusal.BORDER),
        (_harms_people, Refusal.CIVILIAN_HARM),
    ):
        rest = np.flatnonzero(refusal == 0)
        if len(rest):
            refusal[rest[rule(situation, asked.take(rest), figures)]] = int(reason)
    return refusal


def judge(situation: Situation, asked: Requests, figures: RulesParameters) -> I8:
    """Return the refusal that stands against each engagement, all rules together; the veto."""
    of_track = judge_tracks(situation, asked.row, asked.place, figures)
    return np.where(of_track != 0, of_track, judge_requests(situation, asked, figures))


def no_fire_margins(tracks: Tracks, figures: RulesParameters) -> tuple[I64, F64]:
    """Return rows of tracks that carry a no-fire volume, and its margins, shape (n, 2) in m.

    Lateral and vertical, widened by two sigma of the track's own position.
    """
    crewed = is_crewed(tracks, figures.crewed_probability_max)
    drone = is_authorised(tracks) | np.isin(tracks.identity, _FRIENDLY)
    drone |= (tracks.identity == int(Identity.NEUTRAL)) & ~_bird_like(tracks)
    rows = np.flatnonzero((crewed | drone) & (tracks.status != int(TrackStatus.DROPPED)))
    wide = np.array([figures.aircraft_lateral_m, figures.aircraft_vertical_m])
    small = np.array([figures.drone_lateral_m, figures.drone_vertical_m])
    margins = np.where((crewed | ~_drone_like(tracks))[rows][:, None], wide, small)
    spread = np.stack((tracks.sd_horizontal_m[rows], tracks.sd_vertical_m[rows]), axis=1)
    return rows, margins + 2.0 * np.nan_to_num(spread, nan=0.0, posinf=1e6)


def _bird_like(tracks: Tracks) -> np.ndarray:
    return tracks.object_class == int(ObjectClass.BIRD)


def _drone_like(tracks: Tracks) -> np.ndarray:
    return (tracks.object_class >= 0) & (tracks.object_class <= int(ObjectClass.DECOY))


def _protects_itself(situation: Situation, asked: Requests, figures: RulesParameters) -> np.ndarray:
    """Return which engagements meet a hostile track that will pass over the site itself."""
    tracks, site = situation.tracks, situation.plan.site_m[asked.site]
    position, velocity = positions(tracks, asked.row) - site, velocities(tracks, asked.row)
    speed_sq = np.maximum((velocity**2).sum(axis=1), 1e-12)
    ahead = np.maximum(-(position * velocity).sum(axis=1) / speed_sq, 0.0)
    miss = position + velocity * ahead[:, None]
    near = (miss**2).sum(axis=1) <= figures.self_protection_m**2
    return near & (tracks.identity[asked.row] == int(Identity.HOSTILE))


def _fall(situation: Situation, asked: Requests, figures: RulesParameters) -> tuple[F64, F64, F64]:
    """Return time of fall (s), the furthest throw (k, 3) and the scatter about it (m)."""
    fall = np.array([fall_time(float(h), figures.terminal_speed_mps) for h in asked.height_m])
    velocity = velocities(situation.tracks, asked.row)
    return fall, velocity * fall[:, None], situation.plan.debris_m[asked.site]


def _enters_no_fire_volume(
    situation: Situation, asked: Requests, figures: RulesParameters
) -> np.ndarray:
    tracks, plan = situation.tracks, situation.plan
    rows, margins = no_fire_margins(tracks, figures)
    fall, throw, scatter = _fall(situation, asked, figures)
    return no_fire(
        plan.site_m[asked.site],
        _launch_delay(plan, asked),
        positions(tracks, asked.row),
        velocities(tracks, asked.row),
        asked.point_m,
        asked.delay_s,
        fall,
        np.sqrt((throw**2).sum(axis=1)) + scatter,
        situation.margin[plan.place_sector[asked.place]],
        figures.overshoot_s,
        positions(tracks, rows),
        velocities(tracks, rows),
        margins,
        plan.frame,
    )


def _launch_delay(plan: GroundPlan, asked: Requests) -> F64:
    """Return the seconds to launch: the site's reaction, at most the delay of the intercept."""
    return np.minimum(plan.site_figures[asked.site, 4], asked.delay_s)


def _leaves_defended_side(
    situation: Situation, asked: Requests, figures: RulesParameters
) -> np.ndarray:
    """Return which footprints, or the intercepts themselves, come too near the border."""
    plan = situation.plan
    _, throw, scatter = _fall(situation, asked, figures)
    corners = plan.corner_lat_rad, plan.corner_lon_rad
    clearance = np.minimum(
        border_clearance(plan.frame, asked.point_m, *corners),
        border_clearance(plan.frame, asked.point_m + throw, *corners),
    )
    margin = figures.border_margin_m * situation.margin[plan.place_sector[asked.place]]
    return ~(clearance >= margin + scatter + 0.5 * np.sqrt((throw**2).sum(axis=1)))


def _harms_people(situation: Situation, asked: Requests, figures: RulesParameters) -> np.ndarray:
    plan = situation.plan
    _, throw, scatter = _fall(situation, asked, figures)
    harm = fall_harm(
        asked.point_m,
        throw,
        scatter,
        plan.place_m,
        plan.place_axes,
        plan.population,
        figures.core_density_per_km2 * 1e-6,
        figures.rural_density_per_km2 * 1e-6,
        figures.casualty_area_m2,
    )
    return ~(harm <= figures.harm_max)


def _first_of(rows: int, *rules: tuple[np.ndarray, Refusal]) -> I8:
    """Return for each row the reason of the first rule that forbids it."""
    refusal = np.zeros(rows, dtype=np.int8)
    for forbidden, reason in reversed(rules):
        refusal[forbidden] = int(reason)
    return refusal


def positions(tracks: Tracks, rows: I64) -> F64:
    """Return positions, shape (n, 3), of some rows."""
    return np.stack((tracks.east_m[rows], tracks.north_m[rows], tracks.up_m[rows]), axis=1)


def velocities(tracks: Tracks, rows: I64) -> F64:
    """Return velocities, shape (n, 3), of some rows."""
    return np.stack(
        (tracks.v_east_mps[rows], tracks.v_north_mps[rows], tracks.v_up_mps[rows]), axis=1
    )
