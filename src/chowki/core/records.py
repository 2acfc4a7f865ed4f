"""The tables of the house, and the codes that stand in their columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Annotated

from chowki.core.table import F64, I8, I64, S8, Col, Table


class ObjectClass(IntEnum):
    """What kind of object flies there ("class" in the glossary)."""

    MULTIROTOR = 0
    FIXED_WING_DRONE = 1
    LOITERING_MUNITION = 2
    DECOY = 3
    AEROPLANE = 4
    HELICOPTER = 5
    BIRD = 6


DRONE_CLASSES = (
    ObjectClass.MULTIROTOR,
    ObjectClass.FIXED_WING_DRONE,
    ObjectClass.LOITERING_MUNITION,
    ObjectClass.DECOY,
)
N_CLASSES = len(ObjectClass)


class Identity(IntEnum):
    """Standard identity."""

    PENDING = 0
    UNKNOWN = 1
    ASSUMED_FRIEND = 2
    FRIEND = 3
    NEUTRAL = 4
    SUSPECT = 5
    HOSTILE = 6


class TrackStatus(IntEnum):
    """Where a track stands in its life."""

    TENTATIVE = 0
    CONFIRMED = 1
    COASTING = 2
    DROPPED = 3


class SensorFault(IntFlag):
    """What the station holds to be wrong with a sensor."""

    CLOCK_STEP = 1 << 0
    CLOCK_DRIFT = 1 << 1
    STUCK = 1 << 2
    FLOOD = 1 << 3
    DUPLICATES = 1 << 4
    SILENT = 1 << 5
    STROBE = 1 << 6
    BIAS = 1 << 7


class Reason(IntFlag):
    """Why a track has its identity: each bit is one readable reason."""

    NO_TRANSPONDER = 1 << 0
    TRANSPONDER = 1 << 1
    TRANSPONDER_CONTRADICTS = 1 << 2
    FLIGHT_PLAN = 1 << 3
    AUTHORISED = 1 << 4
    SPEED = 1 << 5
    HEIGHT = 1 << 6
    RADAR_CROSS_SECTION = 1 << 7
    RF_HIT = 1 << 8
    ELECTRO_OPTICAL = 1 << 9
    PAYLOAD_SEEN = 1 << 10
    CROSSED_BORDER = 1 << 11
    CLOSING_ON_PLACE = 1 << 12
    BIRD_LIKE = 1 << 13
    ADDRESS_ELSEWHERE = 1 << 14
    UNSEEN_BY_RADAR = 1 << 15


class WarningLevel(IntEnum):
    """What a place is told.

    The last two are told to nobody: the machine would raise it, and waits for a person's word.
    What the place was told before still stands meanwhile.
    """

    NONE = 0
    ADVISORY = 1
    TAKE_COVER = 2
    ALL_CLEAR = 3
    PROPOSED_ADVISORY = 4
    PROPOSED_TAKE_COVER = 5


class EffectorKind(IntEnum):
    """Abstract kinds of effector; figures are illustrative."""

    GUN = 0
    MISSILE = 1
    JAMMER = 2
    INTERCEPTOR = 3


class EngagementState(IntEnum):
    """Where an engagement stands.

    ``REFUSED`` is one that the rules removed. ``MET`` is the site's word that its rounds are
    spent, no more. ``INTERCEPTED`` and ``MISSED`` are what the station then held from the picture:
    assessments, which may be wrong. ``VIOLATION`` is an incursion after a cease-fire; nothing was
    engaged by it.
    """

    REFUSED = 0
    PROPOSED = 1
    ORDERED = 2
    IN_FLIGHT = 3
    INTERCEPTED = 4
    MISSED = 5
    ABORTED = 6
    RELEASED = 7
    MET = 8
    VIOLATION = 9


class Refusal(IntEnum):
    """Why the rules refused an engagement."""

    NONE = 0
    HOLD = 1
    IDENTITY = 2
    NO_FIRE_VOLUME = 3
    BORDER = 4
    CIVILIAN_HARM = 5
    MAGAZINE = 6
    SELF_PROTECTION = 7
    AUTHORISED_DRONE = 8
    RELEASE_WITHHELD = 9
    OUT_OF_REACH = 10
    CEASE_FIRE = 11


class Fate(IntEnum):
    """How a target stands in the simulated world.

    ``INTERCEPTED`` is whatever an effector brought down: at once, or a jammed drone when it meets
    the ground. A jammed drone that flew back has ``ENDED`` its flight.
    """

    WAITING = 0
    FLYING = 1
    ENDED = 2
    INTERCEPTED = 3
    REACHED_PLACE = 4


class AddressKind(IntEnum):
    """Which register an address belongs to."""

    NONE = -1
    ICAO = 0
    REMOTE_ID = 1


@dataclass(frozen=True, slots=True)
class Detections(Table):
    """Plots and reports of one scan; a column that a sensor does not measure holds NaN."""

    time_s: Annotated[F64, Col("s", "UTC time of the measurement by the sensor's own clock")]
    range_m: Annotated[F64, Col("m", "slant range from the sensor")]
    azimuth_rad: Annotated[F64, Col("rad", "clockwise from the sensor's north, [0, 2 pi)")]
    elevation_rad: Annotated[F64, Col("rad", "above the sensor's horizontal plane")]
    range_rate_mps: Annotated[F64, Col("m/s", "rate of slant range, positive when receding")]
    east_m: Annotated[F64, Col("m", "reported position, station frame")]
    north_m: Annotated[F64, Col("m", "reported position, station frame")]
    up_m: Annotated[F64, Col("m", "reported position, station frame")]
    v_east_mps: Annotated[F64, Col("m/s", "reported velocity, station frame")]
    v_north_mps: Annotated[F64, Col("m/s", "reported velocity, station frame")]
    v_up_mps: Annotated[F64, Col("m/s", "reported velocity, station frame")]
    sigma_m: Annotated[F64, Col("m", "stated standard deviation of a reported position, per axis")]
    snr_db: Annotated[F64, Col("dB", "signal-to-noise ratio as measured")]
    rcs_dbsm: Annotated[F64, Col("dBsm", "radar cross-section as estimated by the sensor")]
    frequency_hz: Annotated[F64, Col("Hz", "carrier heard by a direction finder")]
    looked_like: Annotated[I8, Col("", "ObjectClass an electro-optical look suggests, -1 none")]
    look_confidence: Annotated[F64, Col("", "probability the sensor gives to that class")]
    payload_seen: Annotated[I8, Col("", "1 a payload was seen, 0 none, -1 not looked")]
    address: Annotated[I64, Col("", "ICAO 24-bit address or Remote ID digest, -1 none")]
    address_kind: Annotated[I8, Col("", "AddressKind")]
    callsign: Annotated[S8, Col("", "call sign or serial, ASCII, empty when none")]
    squawk: Annotated[I64, Col("", "Mode 3/A code as the decimal digits read, -1 none")]


@dataclass(frozen=True, slots=True)
class Tracks(Table):
    """Tracks of the recognised air picture at one time, station frame."""

    track: Annotated[I64, Col("", "track number, never reused")]
    time_s: Annotated[F64, Col("s", "UTC validity time")]
    east_m: Annotated[F64, Col("m", "position")]
    north_m: Annotated[F64, Col("m", "position")]
    up_m: Annotated[F64, Col("m", "position")]
    v_east_mps: Annotated[F64, Col("m/s", "velocity")]
    v_north_mps: Annotated[F64, Col("m/s", "velocity")]
    v_up_mps: Annotated[F64, Col("m/s", "velocity")]
    height_m: Annotated[F64, Col("m", "height above the WGS 84 ellipsoid")]
    height_agl_m: Annotated[F64, Col("m", "height above the ground model")]
    sd_horizontal_m: Annotated[F64, Col("m", "square root of the horizontal covariance's trace")]
    sd_major_m: Annotated[F64, Col("m", "semi-major axis of the one-sigma ellipse, horizontal")]
    sd_minor_m: Annotated[F64, Col("m", "its semi-minor axis")]
    major_axis_rad: Annotated[F64, Col("rad", "bearing of its major axis, local north, [0, pi)")]
    sd_vertical_m: Annotated[F64, Col("m", "standard deviation along the local vertical")]
    sd_speed_mps: Annotated[F64, Col("m/s", "square root of the velocity covariance's trace")]
    existence: Annotated[F64, Col("", "probability that a target is there")]
    status: Annotated[I8, Col("", "TrackStatus")]
    identity: Annotated[I8, Col("", "Identity")]
    object_class: Annotated[I8, Col("", "most probable ObjectClass")]
    class_probability: Annotated[F64, Col("", "probability of each ObjectClass", (N_CLASSES,))]
    armed_probability: Annotated[F64, Col("", "probability that it is armed")]
    reasons: Annotated[I64, Col("", "Reason bits behind the identity")]
    address: Annotated[I64, Col("", "last address associated, -1 none")]
    address_kind: Annotated[I8, Col("", "AddressKind")]
    callsign: Annotated[S8, Col("", "last call sign associated")]
    sensors: Annotated[I64, Col("", "number of sensors that have contributed")]
    updates: Annotated[I64, Col("", "number of detections that have contributed")]
    first_s: Annotated[F64, Col("s", "UTC time of the first detection")]
    confirmed_s: Annotated[F64, Col("s", "UTC time of confirmation, NaN before")]
    updated_s: Annotated[F64, Col("s", "UTC time of the last detection")]
    crossed_border_s: Annotated[F64, Col("s", "UTC time of entering the defended side, or NaN")]
    heard_hz: Annotated[F64, Col("Hz", "carrier heard most on its bearing, or NaN")]
    rcs_dbsm: Annotated[F64, Col("dBsm", "mean radar cross-section, or NaN")]


@dataclass(frozen=True, slots=True)
class Truth(Table):
    """Simulated reality at one time; only score and report may read it."""

    target: Annotated[I64, Col("", "number of the target in its scenario")]
    time_s: Annotated[F64, Col("s", "UTC time")]
    east_m: Annotated[F64, Col("m", "position, station frame")]
    north_m: Annotated[F64, Col("m", "position, station frame")]
    up_m: Annotated[F64, Col("m", "position, station frame")]
    v_east_mps: Annotated[F64, Col("m/s", "velocity")]
    v_north_mps: Annotated[F64, Col("m/s", "velocity")]
    v_up_mps: Annotated[F64, Col("m/s", "velocity")]
    object_class: Annotated[I8, Col("", "ObjectClass")]
    armed: Annotated[I8, Col("", "1 armed, 0 not")]
    authorised: Annotated[I8, Col("", "1 an authorised drone, 0 not")]
    attacking: Annotated[I8, Col("", "1 part of a raid wave, 0 not")]
    place: Annotated[I64, Col("", "index of the place it flies to, -1 none")]
    fate: Annotated[I8, Col("", "Fate")]
    covered: Annotated[
        I8, Col("", "1 a positioning sensor has Pd >= 0.5 there, 0 none, -1 unknown")
    ]


@dataclass(frozen=True, slots=True)
class Threats(Table):
    """Track x place pairs that matter at one time."""

    time_s: Annotated[F64, Col("s", "UTC time")]
    track: Annotated[I64, Col("", "track number")]
    place: Annotated[I64, Col("", "index of the defended place")]
    probability: Annotated[F64, Col("", "probability that this place is meant")]
    time_to_go_s: Annotated[F64, Col("s", "expected seconds to arrival")]
    time_to_go_low_s: Annotated[F64, Col("s", "lower end of its 90 % interval")]
    time_to_go_high_s: Annotated[F64, Col("s", "upper end of its 90 % interval")]
    distance_m: Annotated[F64, Col("m", "horizontal distance to the place")]
    cpa_m: Annotated[F64, Col("m", "distance at the closest point of approach")]
    cpa_time_s: Annotated[F64, Col("s", "seconds to the closest point of approach")]
    armed_probability: Annotated[F64, Col("", "probability that the track is armed")]
    score: Annotated[F64, Col("", "probability x harm, weighed by priority and population")]
    rank: Annotated[I64, Col("", "1 is the worst at that time")]


@dataclass(frozen=True, slots=True)
class Warnings(Table):
    """Warnings to places and to areas under a track: one row each time that one changes.

    A row whose level is proposed was not told to the public; it says when it will be unless a
    person decides (``expires_s``).
    """

    warning: Annotated[I64, Col("", "number of the warning, never reused")]
    time_s: Annotated[F64, Col("s", "UTC time of this row")]
    place: Annotated[I64, Col("", "index of the defended place, -1 for an area")]
    level: Annotated[I8, Col("", "WarningLevel")]
    issued_s: Annotated[F64, Col("s", "UTC time at which the warning was first issued")]
    expires_s: Annotated[F64, Col("s", "UTC time at which it lapses unless renewed")]
    expected_arrival_s: Annotated[F64, Col("s", "UTC time of the earliest expected arrival")]
    inbound: Annotated[I64, Col("", "number of tracks that threaten the place or area")]
    track: Annotated[I64, Col("", "the track that arrives first, -1 none")]
    probability: Annotated[F64, Col("", "probability that at least one of them comes there")]
    cell: Annotated[I64, Col("", "number of the area's cell (core.cells), -1 for a place")]


@dataclass(frozen=True, slots=True)
class Engagements(Table):
    """Engagements, refusals and violations: one row each time that one changes its state.

    A violation has the place nearest to it, the crossing time as ``intercept_s``, and where the
    track was when it was recorded.
    """

    engagement: Annotated[I64, Col("", "number of the engagement, never reused")]
    time_s: Annotated[F64, Col("s", "UTC time of this row")]
    track: Annotated[I64, Col("", "track number")]
    place: Annotated[I64, Col("", "index of the place it defends, -1 none")]
    site: Annotated[I64, Col("", "index of the site, -1 none")]
    effector: Annotated[I8, Col("", "EffectorKind, -1 none")]
    state: Annotated[I8, Col("", "EngagementState")]
    refusal: Annotated[I8, Col("", "Refusal")]
    kill_probability: Annotated[F64, Col("", "single-shot kill probability as stated")]
    east_m: Annotated[F64, Col("m", "intercept point, station frame")]
    north_m: Annotated[F64, Col("m", "intercept point, station frame")]
    up_m: Annotated[F64, Col("m", "intercept point, station frame")]
    intercept_s: Annotated[F64, Col("s", "UTC time of the intercept")]
    rounds: Annotated[I64, Col("", "rounds spent")]
    harm: Annotated[F64, Col("", "P(at least one person hit) by debris, as the rules reckon it")]


@dataclass(frozen=True, slots=True)
class Orders(Table):
    """Word to simulated effectors; only the simulated world obeys."""

    engagement: Annotated[I64, Col("", "number of the engagement")]
    time_s: Annotated[F64, Col("s", "UTC time of the order")]
    site: Annotated[I64, Col("", "index of the site")]
    track: Annotated[I64, Col("", "track number")]
    rounds: Annotated[I64, Col("", "rounds to fire")]
    east_m: Annotated[F64, Col("m", "the track's position at the time of the order")]
    north_m: Annotated[F64, Col("m", "the track's position")]
    up_m: Annotated[F64, Col("m", "the track's position")]
    v_east_mps: Annotated[F64, Col("m/s", "the track's velocity")]
    v_north_mps: Annotated[F64, Col("m/s", "the track's velocity")]
    v_up_mps: Annotated[F64, Col("m/s", "the track's velocity")]


@dataclass(frozen=True, slots=True)
class Tasks(Table):
    """Word to sensors: look there."""

    time_s: Annotated[F64, Col("s", "UTC time of the task")]
    sensor: Annotated[I64, Col("", "number of the sensor")]
    track: Annotated[I64, Col("", "track number")]
    east_m: Annotated[F64, Col("m", "where to look, station frame")]
    north_m: Annotated[F64, Col("m", "where to look")]
    up_m: Annotated[F64, Col("m", "where to look")]
    v_east_mps: Annotated[F64, Col("m/s", "how it moves")]
    v_north_mps: Annotated[F64, Col("m/s", "how it moves")]
    v_up_mps: Annotated[F64, Col("m/s", "how it moves")]


@dataclass(frozen=True, slots=True)
class SensorStates(Table):
    """What the station makes of its sensors: registration and faults, told when they change."""

    time_s: Annotated[F64, Col("s", "UTC time")]
    sensor: Annotated[I64, Col("", "number of the sensor")]
    faults: Annotated[I64, Col("", "SensorFault bits that are flagged")]
    range_bias_m: Annotated[F64, Col("m", "estimated, positive: measured too long; NaN: unknown")]
    range_bias_sd_m: Annotated[F64, Col("m", "its standard deviation")]
    azimuth_bias_rad: Annotated[F64, Col("rad", "estimated, positive: turned clockwise")]
    azimuth_bias_sd_rad: Annotated[F64, Col("rad", "its standard deviation")]
    elevation_bias_rad: Annotated[F64, Col("rad", "estimated, positive: measured too high")]
    elevation_bias_sd_rad: Annotated[F64, Col("rad", "its standard deviation")]
    clock_bias_s: Annotated[F64, Col("s", "estimated, positive: its times are late")]
    clock_bias_sd_s: Annotated[F64, Col("s", "its standard deviation")]


@dataclass(frozen=True, slots=True)
class Outcomes(Table):
    """What a site reports of its engagements: launched, rounds met, aborted; never what it hit."""

    engagement: Annotated[I64, Col("", "number of the engagement")]
    time_s: Annotated[F64, Col("s", "UTC time of the report")]
    site: Annotated[I64, Col("", "index of the site")]
    state: Annotated[I8, Col("", "EngagementState")]
    rounds: Annotated[I64, Col("", "rounds spent by this engagement so far")]
