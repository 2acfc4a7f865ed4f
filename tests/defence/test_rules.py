"""Rules: each alone, what goes before what, and what no posture can lift."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from chowki.core.records import (
    AddressKind,
    EffectorKind,
    Identity,
    ObjectClass,
    Reason,
    Refusal,
    TrackStatus,
)
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.posture import WeaponsControlStatus
from chowki.defence.rules import RulesParameters, judge, judge_tracks, no_fire_volumes
from chowki.defence.situation import Requests, Situation, motion_of
from chowki.kernels.geodesy import enu_to_geodetic, station_frame

HOLD, TIGHT, FREE = (int(status) for status in WeaponsControlStatus)
EVERY_STATUS = pytest.mark.parametrize("status", [HOLD, TIGHT, FREE])


def situation_of(make, tracks, status=FREE, rounds=8, withheld=(), margin=1.0, **theatre):
    whole = make.theatre(**({"sites": (make.site(),)} | theatre))
    motion = motion_of(tracks)
    return Situation(
        time_s=make.now_s,
        tracks=tracks,
        motion=motion,
        volumes=no_fire_volumes(tracks, motion, RulesParameters()),
        status=np.array([status]),
        margin=np.array([margin]),
        rounds=np.array([rounds]),
        withheld=frozenset(withheld),
        plan=GroundPlan.of(whole),
    )


def degrees_at(position_m):
    frame = station_frame(math.radians(31.0), math.radians(74.0), 200.0)
    return np.degrees(enu_to_geodetic(frame, np.array([position_m]))[0, :2])


def request(point_m=(-8_000.0, 0.0, 300.0), row=0, rounds=1, delay_s=40.0):
    return Requests(
        row=np.array([row]),
        place=np.array([0]),
        site=np.array([0]),
        rounds=np.array([rounds]),
        delay_s=np.array([delay_s]),
        point_m=np.array([point_m]),
        height_m=np.array([point_m[2]]),
    )


def refusal(situation, asked=None, **figures):
    return Refusal(judge(situation, asked or request(), RulesParameters(**figures))[0])


@pytest.mark.parametrize(
    ("identity", "status", "expected"),
    [
        (Identity.HOSTILE, FREE, Refusal.NONE),
        (Identity.HOSTILE, TIGHT, Refusal.NONE),
        (Identity.HOSTILE, HOLD, Refusal.HOLD),
        (Identity.SUSPECT, FREE, Refusal.NONE),
        (Identity.SUSPECT, TIGHT, Refusal.IDENTITY),
        (Identity.SUSPECT, HOLD, Refusal.HOLD),
    ],
)
def test_weapons_control_status_says_whom(make, identity, status, expected):
    tracks = make.tracks(identity=int(identity))
    assert refusal(situation_of(make, tracks, status)) is expected


@EVERY_STATUS
@pytest.mark.parametrize(
    "identity",
    [
        Identity.PENDING,
        Identity.UNKNOWN,
        Identity.ASSUMED_FRIEND,
        Identity.FRIEND,
        Identity.NEUTRAL,
    ],
)
def test_no_status_lets_any_other_identity_be_engaged(make, identity, status):
    tracks = make.tracks(identity=int(identity))
    assert refusal(situation_of(make, tracks, status)) is Refusal.IDENTITY


@EVERY_STATUS
@pytest.mark.parametrize(
    "columns",
    [
        {"reasons": int(Reason.TRANSPONDER)},
        {"address": 0x800123, "address_kind": int(AddressKind.ICAO)},
        {"reasons": int(Reason.FLIGHT_PLAN)},
    ],
)
def test_an_airliner_taken_for_a_hostile_munition_is_never_engaged(make, columns, status):
    tracks = make.tracks(**columns)
    assert refusal(situation_of(make, tracks, status)) is Refusal.IDENTITY


def test_a_transponder_that_contradicts_itself_protects_no_hostile_drone(make):
    reasons = int(Reason.TRANSPONDER | Reason.TRANSPONDER_CONTRADICTS)
    assert refusal(situation_of(make, make.tracks(reasons=reasons))) is Refusal.NONE


def test_what_may_well_be_a_helicopter_is_not_engaged(make):
    shares = np.zeros((1, len(ObjectClass)))
    shares[0, [ObjectClass.LOITERING_MUNITION, ObjectClass.HELICOPTER]] = 0.79, 0.21
    tracks = make.tracks(class_probability=shares)
    assert refusal(situation_of(make, tracks)) is Refusal.IDENTITY


@pytest.mark.parametrize(("doubt", "expected"), [(0.02, Refusal.IDENTITY), (0.005, Refusal.NONE)])
def test_who_might_be_a_light_aeroplane_is_not_engaged_but_has_no_volume(make, doubt, expected):
    shares = np.zeros((1, len(ObjectClass)))
    shares[0, [ObjectClass.LOITERING_MUNITION, ObjectClass.AEROPLANE]] = 1.0 - doubt, doubt
    situation = situation_of(make, make.tracks(class_probability=shares))
    assert refusal(situation) is expected
    assert len(situation.volumes.motion) == 0


@pytest.mark.parametrize(
    ("rcs_dbsm", "armed", "expected"),
    [
        (3.0, 0.9, Refusal.IDENTITY),
        (-7.9, 0.9, Refusal.IDENTITY),
        (-8.1, 0.9, Refusal.NONE),
        (-8.1, 0.1, Refusal.IDENTITY),
        (-10.9, np.nan, Refusal.IDENTITY),
        (-11.1, 0.1, Refusal.NONE),
        (np.nan, 0.1, Refusal.NONE),
    ],
)
def test_what_is_as_large_as_an_aeroplane_is_not_engaged(make, rcs_dbsm, armed, expected):
    tracks = make.tracks(rcs_dbsm=np.full(1, rcs_dbsm), armed_probability=armed)
    assert refusal(situation_of(make, tracks)) is expected


@pytest.mark.parametrize(("armed", "expected"), [(0.19, Refusal.IDENTITY), (0.21, Refusal.NONE)])
def test_a_suspect_that_is_hardly_armed_is_not_engaged_even_free(make, armed, expected):
    tracks = make.tracks(identity=int(Identity.SUSPECT), armed_probability=armed)
    assert refusal(situation_of(make, tracks, FREE)) is expected


def test_a_cease_fire_leaves_only_what_a_person_released_by_name(make):
    tracks = make.tracks()
    ceased = replace(situation_of(make, tracks), ceased=frozenset({0}))
    assert refusal(ceased) is Refusal.CEASE_FIRE
    assert refusal(replace(ceased, released=frozenset({2}))) is Refusal.CEASE_FIRE
    assert refusal(replace(ceased, released=frozenset({1}))) is Refusal.NONE
    held = replace(situation_of(make, tracks, HOLD), released=frozenset({1}))
    assert refusal(replace(held, ceased=frozenset({0}))) is Refusal.HOLD


def test_who_was_spared_by_its_own_word_of_late_is_not_engaged(make):
    situation = replace(situation_of(make, make.tracks()), spared=frozenset({1}))
    assert refusal(situation) is Refusal.IDENTITY


def test_no_round_flies_across_a_salient_of_the_border(make):
    """Site and intercept lie inside, what is between them does not; a beam of a jammer may."""
    notch = [(-1, -1), (1, -1), (1, 1), (0.02, 1), (0.02, -0.5), (-0.02, -0.5), (-0.02, 1), (-1, 1)]
    corners = np.array([degrees_at((40e3 * e, 40e3 * n, 0.0)) for e, n in notch])
    border = {"border_lat_deg": corners[:, 0], "border_lon_deg": corners[:, 1]}
    point = request((-6_000.0, 6_000.0, 300.0), delay_s=35.0)
    for site, expected in (
        (make.site(east_m=6_000.0, north_m=6_000.0), Refusal.BORDER),
        (make.site(east_m=-9_000.0, north_m=6_000.0), Refusal.NONE),
        (make.site(east_m=0.0, north_m=6_000.0), Refusal.BORDER),
        (
            make.site(
                east_m=6_000.0,
                north_m=6_000.0,
                effector=EffectorKind.JAMMER,
                round_speed_mps=np.inf,
            ),
            Refusal.NONE,
        ),
    ):
        tracks = make.tracks(north_m=6_000.0)
        assert refusal(situation_of(make, tracks, sites=(site,), **border), point) is expected


def test_a_round_that_missed_does_not_fly_on_across_the_border(make):
    """900 m inside the border at 300 m/s: three seconds of overshoot would be just over it."""
    border = make.border(10_000.0)
    point = request((-9_150.0, 0.0, 300.0), delay_s=35.0)
    tracks = make.tracks(v_east_mps=1.0)
    fast = situation_of(make, tracks, **border)
    assert refusal(fast, point) is Refusal.BORDER
    assert refusal(fast, point, overshoot_s=1.0) is Refusal.NONE


@EVERY_STATUS
def test_an_authorised_drone_is_never_engaged(make, status):
    tracks = make.tracks(reasons=int(Reason.AUTHORISED))
    assert refusal(situation_of(make, tracks, status)) is Refusal.AUTHORISED_DRONE


def test_release_withheld_by_a_person(make):
    assert refusal(situation_of(make, make.tracks(), withheld={1})) is Refusal.RELEASE_WITHHELD
    assert refusal(situation_of(make, make.tracks(), withheld={2})) is Refusal.NONE


@pytest.mark.parametrize(
    "columns", [{"updated_s": 0.0}, {"status": int(TrackStatus.COASTING)}, {"updated_s": np.nan}]
)
def test_a_stale_track_is_not_engaged(make, columns):
    assert refusal(situation_of(make, make.tracks(**columns))) is Refusal.OUT_OF_REACH


@pytest.mark.parametrize(
    ("rounds", "asked", "expected"),
    [
        (8, 1, Refusal.NONE),
        (2, 1, Refusal.NONE),
        (1, 1, Refusal.SELF_PROTECTION),
        (2, 2, Refusal.SELF_PROTECTION),
        (0, 1, Refusal.MAGAZINE),
        (1, 2, Refusal.MAGAZINE),
    ],
)
def test_the_magazine_and_its_reserve(make, rounds, asked, expected):
    tracks = make.tracks(north_m=3_000.0)
    asked = request((-8_000.0, 3_000.0, 300.0), rounds=asked)
    assert refusal(situation_of(make, tracks, rounds=rounds), asked) is expected


def test_self_protection_opens_the_reserve(make):
    over_the_site = make.tracks()
    assert refusal(situation_of(make, over_the_site, rounds=1)) is Refusal.NONE
    assert refusal(situation_of(make, over_the_site, rounds=0)) is Refusal.MAGAZINE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": HOLD}, Refusal.HOLD),
        ({"withheld": {1}}, Refusal.RELEASE_WITHHELD),
        ({"border": (7_000.0, (0.0, 0.0))}, Refusal.BORDER),
        ({"population": 20_000_000}, Refusal.CIVILIAN_HARM),
    ],
)
def test_self_protection_opens_nothing_but_the_reserve(make, change, expected):
    change = dict(change)
    theatre = {"places": (make.place(population=change.pop("population", 0)),)}
    if "border" in change:
        theatre |= make.border(*change.pop("border"))
    situation = situation_of(make, make.tracks(), rounds=1, **change, **theatre)
    assert refusal(situation) is expected


def airliner(make, **columns):
    """Return a hostile drone and an airliner with a transponder."""
    default = {"east_m": -8_000.0, "north_m": 5_000.0, "up_m": 1_000.0, "v_east_mps": 0.0}
    both = {name: [-10_000.0, 0.0, 300.0, 50.0][k] for k, name in enumerate(default)}
    craft = default | columns
    pairs = {name: [both[name], craft[name]] for name in default}
    pairs |= {name: [0.0, value] for name, value in columns.items() if name not in default}
    return make.tracks(
        2,
        identity=[int(Identity.HOSTILE), int(Identity.NEUTRAL)],
        object_class=[int(ObjectClass.LOITERING_MUNITION), int(ObjectClass.AEROPLANE)],
        reasons=[0, int(Reason.TRANSPONDER)],
        **pairs,
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({}, Refusal.NO_FIRE_VOLUME),
        ({"up_m": 10_000.0}, Refusal.NONE),
        ({"north_m": 40_000.0}, Refusal.NONE),
        ({"north_m": 19_000.0, "v_north_mps": -250.0}, Refusal.NO_FIRE_VOLUME),
        ({"north_m": 19_000.0, "v_north_mps": 250.0}, Refusal.NONE),
    ],
)
def test_no_fire_volumes_move_with_every_airliner(make, columns, expected):
    assert refusal(situation_of(make, airliner(make, **columns))) is expected


def test_margins_widen_with_the_posture(make):
    tracks = airliner(make, north_m=13_000.0)
    assert refusal(situation_of(make, tracks)) is Refusal.NONE
    assert refusal(situation_of(make, tracks, margin=1.5)) is Refusal.NO_FIRE_VOLUME


def test_who_carries_a_volume_and_how_wide(make):
    tracks = make.tracks(
        6,
        identity=[int(i) for i in (Identity.HOSTILE, Identity.FRIEND, *[Identity.UNKNOWN] * 2)]
        + [int(Identity.NEUTRAL)] * 2,
        object_class=[2, 0, 5, 0, 6, 6],
        reasons=[0, 0, 0, int(Reason.AUTHORISED), 0, int(Reason.TRANSPONDER)],
        sd_horizontal_m=0.0,
        sd_vertical_m=[0.0, 0.0, 100.0, 0.0, 0.0, np.nan],
    )
    volumes = no_fire_volumes(tracks, motion_of(tracks), RulesParameters())
    # friend, unknown helicopter, authorised drone, and a "bird" that answers as an aircraft
    assert volumes.margin_m.tolist() == [
        [1_000.0, 300.0],
        [9_260.0, 1_419.2],
        [1_000.0, 300.0],
        [9_260.0, 1_219.2],
    ]


@pytest.mark.parametrize(
    ("half_m", "expected"), [(20_000.0, Refusal.NONE), (8_500.0, Refusal.BORDER)]
)
def test_the_whole_footprint_stays_inside_the_border(make, half_m, expected):
    situation = situation_of(make, make.tracks(), **make.border(half_m))
    assert refusal(situation) is expected
    outside = request((-half_m - 2_000.0, 0.0, 300.0))
    assert refusal(situation, outside) is Refusal.BORDER


def test_debris_thrown_across_the_border_counts(make):
    # intercept 1,300 m inside the eastern border, debris carried on eastward for 600 m
    border = make.border(10_000.0)
    point = request((8_700.0, 0.0, 300.0))
    outward = situation_of(make, make.tracks(v_east_mps=50.0), **border)
    inward = situation_of(make, make.tracks(v_east_mps=-50.0), **border)
    assert refusal(outward, point) is Refusal.BORDER
    assert refusal(inward, point) is Refusal.NONE


def test_debris_over_the_heart_of_a_town_is_refused_and_over_fields_not(make):
    places = (make.place(population=1_000_000),)
    situation = situation_of(make, make.tracks(), places=places)
    assert refusal(situation, request((0.0, 0.0, 300.0))) is Refusal.CIVILIAN_HARM
    assert refusal(situation, request((-12_000.0, 0.0, 300.0))) is Refusal.NONE
    assert refusal(situation, request((0.0, 0.0, 300.0)), harm_max=0.07) is Refusal.NONE


def test_a_request_of_nonsense_is_refused(make):
    situation = situation_of(make, make.tracks(v_east_mps=np.nan))
    assert refusal(situation) is not Refusal.NONE
    nowhere = request((np.nan, 0.0, 300.0))
    assert refusal(situation_of(make, make.tracks()), nowhere) is not Refusal.NONE


def test_rules_are_pure(make):
    situation = situation_of(make, airliner(make), **make.border(20_000.0))
    before = {name: column.copy() for name, column in situation.tracks.columns().items()}
    rows, place = np.array([0, 1]), np.array([0, 0])
    first = judge_tracks(situation, rows, place, RulesParameters())
    again = judge_tracks(situation, rows, place, RulesParameters())
    assert first.tolist() == again.tolist() == [int(Refusal.NONE), int(Refusal.IDENTITY)]
    for name, column in situation.tracks.columns().items():
        np.testing.assert_array_equal(column, before[name])


@EVERY_STATUS
def test_a_filed_route_makes_an_aircraft_of_no_drone(make, status):
    planned = int(Reason.FLIGHT_PLAN)
    drone = {"object_class": int(ObjectClass.MULTIROTOR), "identity": int(Identity.ASSUMED_FRIEND)}
    remote = {"address": 4711, "address_kind": int(AddressKind.REMOTE_ID)}
    small = RulesParameters().drone_lateral_m + 100.0
    wide = RulesParameters().aircraft_lateral_m + 100.0
    for columns, wanted in ((remote, small), ({}, wide)):
        tracks = make.tracks(1, reasons=planned, **drone, **columns)
        volumes = situation_of(make, tracks, status).volumes
        assert volumes.margin_m[0, 0] == pytest.approx(wanted)
        assert refusal(situation_of(make, tracks, status)) is not Refusal.NONE
