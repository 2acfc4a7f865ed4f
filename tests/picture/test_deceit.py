"""Spoofed, replayed and contradicting transponders, driven through the whole picture.

Suspicion is raised against the false one; a true aircraft keeps its identity and its protection.
"""

import dataclasses

import numpy as np
import pytest

from chowki.core.places import FlightPlan
from chowki.core.reasons import reasons_of
from chowki.core.records import AddressKind, Identity, Reason
from chowki.defence.rules import holds_transponder, is_authorised, is_crewed

START_S = 1_700_000_000.0
ADDRESS = 0x800123
AIRLINER = {"at": (-8e3, 2e3, 9e3), "going": (230.0, 0.0, 0.0), "rcs": 15.0}
DRONE = {"at": (-3e3, -4e3, 250.0), "going": (45.0, 0.0, 0.0), "rcs": -13.0}
SURVEYOR = {"at": (6e3, 1e3, 100.0), "going": (9.0, 5.0, 0.0), "rcs": -17.0}


def where(flyer, second):
    return np.array(flyer["at"]) + second * np.array(flyer["going"])


def night(watch, seconds, echoes=(), reports=(), kind=AddressKind.ICAO, address=ADDRESS):
    """Fly on: radar sees ``echoes``, the receiver hears ``reports``; both tell the same seconds."""
    for _ in range(seconds):
        watch.k += 1
        now, k = START_S + watch.k, watch.k
        places = [where(flyer, k) for flyer in echoes]
        scans = [watch.radar.scan(now, places, rcs_dbsm=[flyer["rcs"] for flyer in echoes])]
        for flyer in reports:  # two with one address do not come in one message
            told = np.atleast_2d(flyer.get("told", flyer["going"]))
            said = {"address": [address], "address_kind": [kind]}
            scans.append(watch.receiver.scan(now, [where(flyer, k)], told, **said))
        if not echoes:
            scans[0] = watch.radar.scan(now)
        for scan in scans:
            watch.picture, _ = watch.air.scan(watch.picture, scan)
        watch.picture, rap = watch.air.tick(watch.picture, now)
    return rap


def row_near(rap, flyer, second):
    """Return the row of the track on a flyer, which must be there."""
    place = np.stack([rap.east_m, rap.north_m, rap.up_m], axis=1)
    off = np.linalg.norm(place - where(flyer, second), axis=1)
    assert off.min() < 400.0
    return int(off.argmin())


def has(rap, row, bit):
    return bool(rap.reasons[row] & int(bit))


def aside(flyer, east=0.0, north=0.0, up=0.0):
    return flyer | {"at": tuple(np.add(flyer["at"], (east, north, up)))}


def test_a_report_from_where_radar_sees_nothing_is_suspect_and_needs_no_shot(watch):
    rap = night(watch, 40, reports=[AIRLINER])
    row = row_near(rap, AIRLINER, 40)
    assert rap.identity[row] == Identity.SUSPECT
    assert has(rap, row, Reason.UNSEEN_BY_RADAR)
    assert "no radar sees it" in reasons_of(rap, row)
    # nothing is there to be shot at; where radars are blind for once, it may be a true aircraft
    assert holds_transponder(rap)[row]


def test_where_no_radar_looks_a_report_alone_is_no_deceit(watch):
    far = AIRLINER | {"at": (-1.5e5, 2e3, 9e3)}
    watch.receiver.sensor = dataclasses.replace(
        watch.receiver.sensor,
        volume=dataclasses.replace(watch.receiver.sensor.volume, range_max_m=4e5),
    )
    rap = night(watch, 60, reports=[far])
    assert rap.identity[row_near(rap, far, 60)] == Identity.NEUTRAL


@pytest.mark.parametrize("off", [{"north": 6e3}, {"up": 3e3}], ids=["aside", "above"])
def test_a_drone_that_reports_from_elsewhere_is_a_drone_beside_a_ghost(watch, off):
    ghost = aside(DRONE, **off)
    rap = night(watch, 90, echoes=[DRONE], reports=[ghost])
    drone, false = row_near(rap, DRONE, 90), row_near(rap, ghost, 90)
    assert rap.identity[false] == Identity.SUSPECT
    assert rap.identity[drone] in {Identity.SUSPECT, Identity.HOSTILE}
    assert not holds_transponder(rap)[drone]


def test_a_recording_of_an_airliner_under_way_takes_nothing_from_it(watch):
    night(watch, 40, echoes=[AIRLINER], reports=[AIRLINER])
    copy = aside(AIRLINER, east=-3e4, north=-1e4)
    rap = night(watch, 40, echoes=[AIRLINER], reports=[AIRLINER, copy])
    real, false = row_near(rap, AIRLINER, 80), row_near(rap, copy, 80)
    assert rap.identity[real] == Identity.NEUTRAL
    assert is_crewed(rap, 0.2)[real]
    assert rap.identity[false] == Identity.SUSPECT
    assert has(rap, false, Reason.ADDRESS_ELSEWHERE)
    assert "also comes from elsewhere" in reasons_of(rap, false)


def test_a_recording_that_was_there_first_loses_the_address_to_the_airliner(watch):
    copy = aside(AIRLINER, east=-3e4, north=-1e4)
    night(watch, 30, reports=[copy])
    rap = night(watch, 50, echoes=[AIRLINER], reports=[copy, AIRLINER])
    real, false = row_near(rap, AIRLINER, 80), row_near(rap, copy, 80)
    assert rap.identity[real] == Identity.NEUTRAL
    assert not has(rap, real, Reason.ADDRESS_ELSEWHERE)
    assert rap.identity[false] == Identity.SUSPECT


@pytest.mark.parametrize("first", [0, 60], ids=["together", "the drone first"])
def test_a_drone_with_the_address_of_an_airliner_loses_it(watch, first):
    if first:
        night(watch, first, echoes=[DRONE], reports=[DRONE])
    airliner = aside(AIRLINER, east=-230.0 * first)
    rap = night(watch, 60, echoes=[DRONE, airliner], reports=[DRONE, airliner])
    real, false = row_near(rap, airliner, first + 60), row_near(rap, DRONE, first + 60)
    assert rap.identity[real] == Identity.NEUTRAL
    assert holds_transponder(rap)[real]
    assert rap.identity[false] == Identity.SUSPECT
    assert has(rap, false, Reason.ADDRESS_ELSEWHERE)
    assert not holds_transponder(rap)[false]
    assert not is_crewed(rap, 0.2)[false]


def test_a_position_that_jumps_is_suspect_where_it_jumps_to(watch):
    night(watch, 40, echoes=[AIRLINER], reports=[AIRLINER])
    jumped = aside(AIRLINER, north=-3e4)
    rap = night(watch, 40, echoes=[AIRLINER], reports=[jumped])
    real, false = row_near(rap, AIRLINER, 80), row_near(rap, jumped, 80)
    assert rap.identity[false] == Identity.SUSPECT
    assert rap.identity[real] != Identity.SUSPECT
    assert is_crewed(rap, 0.2)[real]


def test_a_drone_with_the_address_of_a_filed_flight_is_too_slow_for_it(make_watch, theatre):
    plan = FlightPlan(
        "AI101", ADDRESS, np.array([[-2e5, 3e4, 9e3], [2e5, 3e4, 9e3]]),
        START_S + np.array([-870.0, 870.0]), 5e3,
    )  # fmt: skip
    watch = make_watch(dataclasses.replace(theatre, flight_plans=(plan,)))
    rap = night(watch, 90, echoes=[DRONE], reports=[DRONE])
    row = row_near(rap, DRONE, 90)
    assert rap.identity[row] == Identity.SUSPECT
    assert has(rap, row, Reason.TRANSPONDER_CONTRADICTS)
    assert not holds_transponder(rap)[row]
    assert not is_crewed(rap, 0.2)[row]


def test_a_drone_like_thing_that_answers_is_suspect_yet_never_engaged(watch):
    inside = DRONE | {"at": (6e3, -4e3, 250.0)}
    rap = night(watch, 90, echoes=[inside], reports=[inside])
    row = row_near(rap, inside, 90)
    assert rap.identity[row] == Identity.SUSPECT
    assert holds_transponder(rap)[row]


def test_a_light_aircraft_that_answers_stays_neutral(watch):
    light = {"at": (4e3, 2e3, 700.0), "going": (55.0, 10.0, 0.0), "rcs": 3.0}
    rap = night(watch, 90, echoes=[light], reports=[light])
    row = row_near(rap, light, 90)
    assert rap.identity[row] == Identity.NEUTRAL
    assert is_crewed(rap, 0.2)[row]


def test_a_second_drone_with_an_authorised_remote_id_is_no_friend(watch):
    listed = {"kind": AddressKind.REMOTE_ID, "address": 4711}
    night(watch, 40, echoes=[SURVEYOR], reports=[SURVEYOR], **listed)
    copy = {"at": (1.2e4, -2.2e4, 150.0), "going": (15.0, 0.0, 0.0), "rcs": -16.0}
    rap = night(watch, 60, echoes=[SURVEYOR, copy], reports=[SURVEYOR, copy], **listed)
    real, false = row_near(rap, SURVEYOR, 100), row_near(rap, copy, 100)
    assert rap.identity[real] == Identity.ASSUMED_FRIEND
    assert is_authorised(rap)[real]
    assert rap.identity[false] == Identity.SUSPECT
    assert not is_authorised(rap)[false]


def test_a_recording_played_with_its_old_times_is_left_out(watch):
    old = watch.receiver.scan(START_S, [AIRLINER["at"]], [AIRLINER["going"]], address=[ADDRESS],
                              address_kind=[0])  # fmt: skip
    night(watch, 120, echoes=[DRONE])
    later = dataclasses.replace(
        old, time_s=START_S + 121.0, look=99, start_s=START_S + 120.0, end_s=START_S + 120.0
    )
    before = len(watch.picture.states)
    watch.picture, _ = watch.air.scan(watch.picture, later)
    assert len(watch.picture.states) == before
    assert watch.picture.counts.out_of_time[0] == 1


def test_no_track_is_a_friend_by_its_own_word(watch):
    night(watch, 30, echoes=[AIRLINER, DRONE], reports=[AIRLINER])
    rap = night(watch, 60, echoes=[AIRLINER, DRONE], reports=[AIRLINER])
    assert Identity.FRIEND not in {Identity(i) for i in rap.identity}
