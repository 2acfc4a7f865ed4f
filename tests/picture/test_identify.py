import dataclasses

import numpy as np
import pytest

from chowki.core.messages import Act
from chowki.core.places import FlightPlan
from chowki.core.reasons import reasons_of
from chowki.core.records import AddressKind, Identity, ObjectClass, Reason
from chowki.picture.parameters import IdentityParameters
from chowki.picture.standing import DEEP_INSIDE, NEAR_BORDER, Facts, standard_identity

START_S = 1_700_000_000.0


def says(rap, *bits):
    return all(rap.reasons[0] & int(bit) for bit in bits)


def test_an_airliner_that_crosses_with_a_transponder_is_never_suspect(watch):
    rap, seen = watch.fly([-8e3, 2e3, 9e3], [230, 0, 0], 15.0, 60, address=0x800123)
    assert rap.identity[0] == Identity.NEUTRAL
    assert seen <= {Identity.PENDING, Identity.UNKNOWN, Identity.NEUTRAL}
    assert rap.object_class[0] == ObjectClass.AEROPLANE
    assert says(rap, Reason.TRANSPONDER, Reason.CROSSED_BORDER)


def test_an_airliner_on_its_filed_route_is_an_assumed_friend(make_watch, theatre):
    plan = FlightPlan(
        "AI101", -1, np.array([[-2e4, 2e3, 9e3], [4e4, 2e3, 9e3]]),
        START_S + np.array([-52.0, 209.0]), 5e3,
    )  # fmt: skip
    watch = make_watch(dataclasses.replace(theatre, flight_plans=(plan,)))
    rap, _ = watch.fly([-8e3, 2e3, 9e3], [230, 0, 0], 15.0, 60, address=0x800123)
    assert rap.identity[0] == Identity.ASSUMED_FRIEND
    assert says(rap, Reason.FLIGHT_PLAN)


def test_an_aircraft_without_transponder_is_unknown_not_hostile(watch):
    rap, seen = watch.fly([-8e3, 2e3, 9e3], [230, 0, 0], 15.0, 60)
    assert rap.identity[0] == Identity.UNKNOWN
    assert seen.isdisjoint({Identity.SUSPECT, Identity.HOSTILE})


def test_a_helicopter_without_plan_is_unknown_not_hostile(watch):
    rap, seen = watch.fly([-1500, 1e3, 400], [60, 0, 0], 5.0, 90)
    assert rap.object_class[0] == ObjectClass.HELICOPTER
    assert rap.identity[0] == Identity.UNKNOWN
    assert seen.isdisjoint({Identity.SUSPECT, Identity.HOSTILE})


def test_a_drone_over_the_border_towards_a_place_is_hostile(watch):
    rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 90, carrier=2.44e9)
    assert rap.identity[0] == Identity.HOSTILE
    assert np.exp(0) * rap.class_probability[0, :4].sum() > 0.7
    assert says(
        rap, Reason.NO_TRANSPONDER, Reason.CROSSED_BORDER, Reason.CLOSING_ON_PLACE, Reason.RF_HIT
    )
    words = reasons_of(rap, 0)
    assert "no transponder" in words
    assert "crossed the border 22:1" in words


def test_the_same_drone_seen_first_inside_is_not_said_to_have_crossed(watch):
    rap, _ = watch.fly([4000, 0, 250], [45, 0, 0], -13.0, 90)
    assert rap.identity[0] == Identity.SUSPECT
    assert np.isnan(rap.crossed_border_s[0])


def test_a_bird_stays_unknown(watch):
    rap, seen = watch.fly([6000, 1000, 120], [9, 8, 0], -26.0, 120)
    assert rap.object_class[0] == ObjectClass.BIRD
    assert seen <= {Identity.PENDING, Identity.UNKNOWN}
    assert says(rap, Reason.BIRD_LIKE)


def test_an_authorised_remote_id_makes_an_assumed_friend_and_no_more(watch):
    said = {"address": 4711, "kind": AddressKind.REMOTE_ID}
    rap, seen = watch.fly([6000, 1000, 100], [9, 5, 0], -17.0, 60, **said)
    assert rap.identity[0] == Identity.ASSUMED_FRIEND
    assert Identity.FRIEND not in seen
    assert says(rap, Reason.AUTHORISED)


def test_a_person_authorises_a_drone_and_withdraws_it_again(watch):
    said = {"address": 4712, "kind": AddressKind.REMOTE_ID}
    watch.picture = watch.air.act(watch.picture, Act(START_S, "p", "authorise-drone", "4712", "x"))
    rap, _ = watch.fly([6000, 1000, 100], [9, 5, 0], -17.0, 60, **said)
    assert rap.identity[0] == Identity.ASSUMED_FRIEND
    assert says(rap, Reason.AUTHORISED)
    act = Act(START_S + 60, "p", "withdraw-authorisation", "4712")
    watch.picture = watch.air.act(watch.picture, act)
    _, rap = watch.air.tick(watch.picture, START_S + 66)
    assert rap.identity[0] != Identity.ASSUMED_FRIEND
    assert not says(rap, Reason.AUTHORISED)


def test_a_listed_drone_loses_its_authorisation_by_a_persons_word(watch):
    said = {"address": 4711, "kind": AddressKind.REMOTE_ID}
    act = Act(START_S, "p", "withdraw-authorisation", "4711")
    watch.picture = watch.air.act(watch.picture, act)
    rap, seen = watch.fly([6000, 1000, 100], [9, 5, 0], -17.0, 60, **said)
    assert Identity.ASSUMED_FRIEND not in seen
    watch.picture = watch.air.act(watch.picture, Act(START_S + 60, "p", "authorise-drone", "4711"))
    _, rap = watch.air.tick(watch.picture, START_S + 66)
    assert rap.identity[0] == Identity.ASSUMED_FRIEND


@pytest.mark.parametrize("subject", ["", "AB-12", "-5", "all"])
def test_what_names_no_address_authorises_nothing(watch, subject):
    before = watch.air.act(watch.picture, Act(START_S, "p", "seen", "1"))
    after = watch.air.act(before, Act(START_S, "p", "authorise-drone", subject))
    assert after.authorisation == before.authorisation


def test_a_transponder_with_an_authorised_number_is_no_drone(watch):
    """The list is of Remote IDs: the same number as an aircraft's address is no pass."""
    watch.picture = watch.air.act(watch.picture, Act(START_S, "p", "authorise-drone", "4712"))
    rap, _ = watch.fly([6000, 1000, 100], [9, 5, 0], -17.0, 60, address=4712)
    assert not says(rap, Reason.AUTHORISED)


def test_a_strange_remote_id_is_no_pass(watch):
    said = {"address": 4712, "kind": AddressKind.REMOTE_ID}
    rap, _ = watch.fly([-1500, 0, 250], [40, 0, 0], -14.0, 90, carrier=2.4e9, **said)
    assert rap.identity[0] in {Identity.SUSPECT, Identity.HOSTILE}


def test_a_transponder_that_states_another_speed_is_suspect(watch):
    rap, _ = watch.fly([3000, 1000, 400], [40, 0, 0], -13.0, 60, address=0x800999, told=[230, 0, 0])
    assert rap.identity[0] == Identity.SUSPECT
    assert says(rap, Reason.TRANSPONDER_CONTRADICTS)


def test_an_address_that_also_comes_from_elsewhere_stays_with_its_first_holder(watch):
    watch.fly([-8e3, 2e3, 9e3], [230, 0, 0], 15.0, 40, address=0x800123)
    elsewhere = np.array([20_000.0, -30_000.0, 500.0])
    for k in range(40):
        now, true_at = START_S + 41 + k, np.array([-8e3 + 230.0 * (40 + k), 2e3, 9e3])
        for at, going in (
            (true_at, [230, 0, 0]),
            (elsewhere + np.array([45.0 * k, 0, 0]), [45, 0, 0]),
        ):
            scan = watch.receiver.scan(now, [at], going, address=[0x800123], address_kind=[0])
            watch.picture, _ = watch.air.scan(watch.picture, scan)
        watch.picture, rap = watch.air.tick(watch.picture, now)
    real, false = np.argmax(rap.up_m), np.argmin(rap.up_m)
    assert rap.identity[real] == Identity.NEUTRAL
    assert rap.identity[false] == Identity.SUSPECT


def test_a_look_that_sees_a_payload_raises_the_probability_of_arms(watch, make_watch, theatre):
    plain, _ = watch.fly([-1500, 0, 250], [20, 0, 0], -16.0, 60)
    other = make_watch(theatre)
    seen, _ = other.fly(
        [-1500, 0, 250], [20, 0, 0], -16.0, 60, look=(int(ObjectClass.MULTIROTOR), 1)
    )
    assert seen.object_class[0] == ObjectClass.MULTIROTOR
    assert seen.armed_probability[0] > max(0.7, plain.armed_probability[0])
    assert says(seen, Reason.ELECTRO_OPTICAL, Reason.PAYLOAD_SEEN)


def test_a_person_decides_and_gives_back(watch):
    rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 60)
    number = str(rap.track[0])
    for value, want in (("friend", Identity.FRIEND), ("nonsense", Identity.FRIEND)):
        act = Act(START_S, "p", "set-identity", number, value)
        watch.picture = watch.air.act(watch.picture, act)
        rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 1)
        assert rap.identity[0] == want
    act = Act(START_S, "p", "set-identity", number, "automatic")
    watch.picture = watch.air.act(watch.picture, act)
    rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 1)
    assert rap.identity[0] != Identity.FRIEND


def test_equal_evidence_for_an_hour_does_not_make_certainty(watch):
    early, _ = watch.fly([6000, 1000, 200], [0.5, 0, 0], np.nan, 30)
    late, _ = watch.fly([6000, 1000, 200], [0.5, 0, 0], np.nan, 400)
    assert late.class_probability[0].max() < 0.97
    assert np.abs(late.class_probability[0] - early.class_probability[0]).max() < 0.5


def route_over(make_watch, theatre, height_m, speed_mps=230.0):
    """Return a watch with one filed route to the east, overhead all the time."""
    plan = FlightPlan(
        "AI101", -1, np.array([[-2e4, 1e3, height_m], [4e4, 1e3, height_m]]),
        START_S + np.array([-3e4, 3e4]) / speed_mps, 5e3,
    )  # fmt: skip
    return make_watch(dataclasses.replace(theatre, flight_plans=(plan,)))


def test_an_authorised_drone_below_a_filed_route_flies_no_plan(make_watch, theatre):
    watch = route_over(make_watch, theatre, 300.0, 12.0)
    said = {"address": 4711, "kind": AddressKind.REMOTE_ID}
    rap, _ = watch.fly([1000, 1000, 300], [11, 0, 0], -17.0, 40, **said)
    assert rap.identity[0] == Identity.ASSUMED_FRIEND
    assert says(rap, Reason.AUTHORISED)
    assert not says(rap, Reason.FLIGHT_PLAN)


def test_an_aircraft_far_below_a_filed_route_does_not_keep_to_it(make_watch, theatre):
    rap, _ = route_over(make_watch, theatre, 9e3).fly(
        [-8e3, 1e3, 3e3], [230, 0, 0], 15.0, 40, address=0x800123
    )
    assert not says(rap, Reason.FLIGHT_PLAN)
    rap, _ = route_over(make_watch, theatre, 9e3).fly(
        [-8e3, 1e3, 9e3], [230, 0, 0], 15.0, 40, address=0x800123
    )
    assert says(rap, Reason.FLIGHT_PLAN)


def facts_of(**known):
    """Return one clearly drone-like track that came over the border and closes on nothing."""
    flags = {field.name: np.array([False]) for field in dataclasses.fields(Facts)}
    usual = {
        "drone": np.array([0.95]), "unaided": np.array([0.95]),
        "manned": np.array([0.0]), "bird": np.array([0.05]),
        "crossed": np.array([True]), "slow": np.array([True]), "settled": np.array([True]),
        "origin": np.array([0], dtype=np.int8),
    }  # fmt: skip
    return Facts(**(flags | usual | {name: np.array([value]) for name, value in known.items()}))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, Identity.SUSPECT),
        ({"closing": True}, Identity.HOSTILE),
        ({"presses_on": True}, Identity.HOSTILE),
        ({"presses_on": True, "drone": 0.8}, Identity.SUSPECT),
        ({"presses_on": True, "drone": 0.4}, Identity.UNKNOWN),
        ({"transponder": True, "drone": 0.3, "unaided": 0.4}, Identity.NEUTRAL),
        ({"transponder": True, "drone": 0.1, "unaided": 0.8}, Identity.SUSPECT),
        ({"crossed": False, "transponder": True, "unaided": 0.8}, Identity.SUSPECT),
        ({"crossed": False, "transponder": True, "unaided": 0.6}, Identity.UNKNOWN),
        ({"crossed": False, "transponder": True, "unaided": 0.1, "unseen": True}, Identity.SUSPECT),
        (
            {"crossed": False, "transponder": True, "unaided": 0.1, "elsewhere": True},
            Identity.SUSPECT,
        ),
        ({"authorised": True, "crossed": False}, Identity.ASSUMED_FRIEND),
        ({"authorised": True, "crossed": True}, Identity.SUSPECT),
        ({"crossed": False, "origin": NEAR_BORDER, "closing": True}, Identity.SUSPECT),
        (
            {"crossed": False, "origin": NEAR_BORDER, "closing": True, "armed": True},
            Identity.HOSTILE,
        ),
        (
            {"crossed": False, "origin": DEEP_INSIDE, "closing": True, "armed": True},
            Identity.SUSPECT,
        ),
        (
            {"crossed": False, "origin": NEAR_BORDER, "closing": True, "armed": True, "drone": 0.8},
            Identity.SUSPECT,
        ),
    ],
)
def test_what_makes_a_hostile(known, expected):
    before = np.array([Identity.PENDING], dtype=np.int8)
    assert standard_identity(facts_of(**known), before, IdentityParameters())[0] == expected


def test_a_persons_word_holds_at_once(watch):
    rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 60)
    number = str(rap.track[0])
    for value, identity in (("friend", Identity.FRIEND), ("automatic", Identity.PENDING)):
        act = Act(START_S, "p", "set-identity", number, value)
        watch.picture = watch.air.act(watch.picture, act)
        assert watch.picture.evidence.identity[watch.picture.states.track == rap.track[0]] == [
            identity
        ]


def test_no_facts_make_a_friend_and_no_answer_makes_a_hostile():
    rng, n = np.random.default_rng(11), 50_000
    known = {field.name: rng.random(n) < 0.5 for field in dataclasses.fields(Facts)}
    for name in ("drone", "unaided", "manned", "bird"):
        known[name] = rng.random(n)
    known["origin"] = rng.integers(-1, 3, n).astype(np.int8)
    before = rng.integers(0, 7, n).astype(np.int8)
    now = standard_identity(Facts(**known), before, IdentityParameters())
    assert Identity.FRIEND not in now
    assert (now[known["transponder"]] != Identity.HOSTILE).all()
    doubted = known["contradicts"] | known["elsewhere"] | known["unseen"]
    assert (now[doubted] == Identity.SUSPECT).all()
    assert (now[known["authorised"] & known["crossed"] & ~doubted] == Identity.SUSPECT).all()


def test_the_carrier_heard_is_told_in_words(watch):
    rap, _ = watch.fly([-1500, 0, 250], [45, 0, 0], -13.0, 60, carrier=2.44e9)
    assert says(rap, Reason.RF_HIT)
    assert "RF hit 2.4 GHz" in reasons_of(rap, 0)
