"""Defence as a whole: from tracks to threats, engagements, orders, warnings and tasks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from chowki.core.messages import Act, Status
from chowki.core.records import (
    EffectorKind,
    Engagements,
    EngagementState,
    Identity,
    ObjectClass,
    Outcomes,
    Reason,
    Refusal,
    WarningLevel,
)
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.assignment import Greedy
from chowki.defence.planning import EngagementPlanner
from chowki.defence.posture import PostureTable
from chowki.defence.threat import DestinationThreat

PROPOSED, RELEASED, ORDERED, IN_FLIGHT, MET, INTERCEPTED, MISSED, ABORTED, REFUSED = (
    EngagementState.PROPOSED,
    EngagementState.RELEASED,
    EngagementState.ORDERED,
    EngagementState.IN_FLIGHT,
    EngagementState.MET,
    EngagementState.INTERCEPTED,
    EngagementState.MISSED,
    EngagementState.ABORTED,
    EngagementState.REFUSED,
)


# A table under which nobody has to wait for a person: what is proposed leaves in the same second.
PROMPT = [
    {"name": name, "weapons_control_status": name, "release_delay_s": 0.0}
    for name in ("hold", "tight", "free")
]


def keep(theatre, *, posture=None, **parameters):
    figures = DefenceParameters(posture={"levels": PROMPT} | (posture or {}), **parameters)
    allocator = Greedy() if theatre.simulated else None
    return AirDefence(theatre, figures, DestinationThreat(theatre, figures.threat), allocator)


def flying(make, n=1, **columns):
    """Return a picture for each second: n drones that keep their course."""
    first = make.tracks(n, **columns)

    def at(second):
        moved = {
            "east_m": first.east_m + first.v_east_mps * second,
            "north_m": first.north_m + first.v_north_mps * second,
        }
        return make.tracks(n, time_s=make.now_s + second, **(columns | moved))

    return at


def play(make, defence, tracks_at, seconds, happenings=None):
    """Step a defence once a second; return its last state, all decisions, all engagement rows."""
    state, decisions, rows = defence.start(), [], []
    for second in range(seconds):
        for happening in (happenings or {}).get(second, []):
            if isinstance(happening, Act):
                state = defence.act(state, happening)
            else:
                state, decision = defence.status(state, happening)
                rows.append(decision.engagements)
        state, decision = defence.decide(state, tracks_at(second), make.now_s + second)
        decisions.append(decision)
        rows.append(decision.engagements)
    full = [table for table in rows if len(table)]
    return state, decisions, Engagements.concat(full or [Engagements.empty()])


def act(make, verb, subject="", value=""):
    return Act(make.now_s, "watch officer", verb, subject, value)


def outcome(make, state, number, second, site=0, rounds_left=7):
    table = Outcomes.of(
        engagement=[number], time_s=[make.now_s + second], site=[site], state=[int(state)]
    )
    return Status(make.now_s + second, "site", "site", "working", "", site, rounds_left, table)


def order_seconds(decisions):
    return [second for second, d in enumerate(decisions) for _ in range(len(d.orders))]


def states(rows):
    return [EngagementState(state) for state in rows.state.tolist()]


def test_a_hostile_drone_is_proposed_then_ordered_once_released(make):
    defence = keep(make.theatre(sites=(make.site(),)))
    state, decisions, rows = play(make, defence, flying(make), 20)
    assert states(rows) == [PROPOSED, RELEASED, ORDERED]
    assert rows.engagement.tolist() == [1, 1, 1]
    assert order_seconds(decisions) == [0]
    orders = decisions[0].orders
    assert (orders.site[0], orders.track[0], orders.rounds[0]) == (0, 1, 1)
    assert orders.east_m[0] == -10_000.0
    assert state.book.rounds.tolist() == [7]


def test_shoot_look_shoot(make):
    """The rounds met at 40 s; seen again at 45 s, it was missed, and is shot at once more."""
    defence = keep(make.theatre(sites=(make.site(),)))
    happenings = {
        10: [outcome(make, IN_FLIGHT, 1, 10)],
        40: [outcome(make, MET, 1, 40)],
        60: [outcome(make, IN_FLIGHT, 2, 60, rounds_left=6)],
        70: [outcome(make, MET, 2, 70, rounds_left=6)],
    }
    picture = flying(make)

    def at(second):
        last = second if second < 40 or 45 <= second < 70 else 40 if second < 45 else 70
        fades = 1e-4 if second > 74 else 0.9999
        return replace(
            picture(second),
            updated_s=np.array([make.now_s + last]),
            existence=np.array([fades]),
        )

    _, decisions, rows = play(make, defence, at, 90, happenings)
    mine = rows.take(rows.engagement == 1)
    assert states(mine) == [PROPOSED, RELEASED, ORDERED, IN_FLIGHT, MET, MISSED]
    assert order_seconds(decisions)[:2] == [0, 45]
    second = rows.take(rows.engagement == 2)
    assert states(second) == [PROPOSED, RELEASED, ORDERED, IN_FLIGHT, MET, INTERCEPTED]
    assert second.time_s[-1] == make.now_s + 75


def test_when_there_is_no_time_to_look_a_salvo_is_fired(make):
    near = flying(make, east_m=-1_700.0)
    defence = keep(make.theatre(sites=(make.site(0), make.site(1, north_m=300.0))))
    _, decisions, rows = play(make, defence, near, 10)
    assert order_seconds(decisions) == [0, 0]
    assert set(decisions[0].orders.site.tolist()) <= {0, 1}
    assert decisions[0].orders.track.tolist() == [1, 1]
    assert len(set(rows.take(rows.state == int(ORDERED)).engagement.tolist())) == 2


def test_a_salvo_of_one_site_takes_a_channel_for_each_round(make):
    near = flying(make, east_m=-1_700.0)
    state, decisions, _ = play(make, keep(make.theatre(sites=(make.site(),))), near, 10)
    assert order_seconds(decisions) == [0, 0]
    assert decisions[0].orders.rounds.tolist() == [1, 1]
    assert state.book.free_channels(np.array([2]), make.now_s + 9).tolist() == [0]


def test_never_more_rounds_or_channels_than_a_site_has(make):
    site = make.site(channels=2, magazine=5)
    theatre = make.theatre(sites=(site,))
    crowd = flying(make, 12, north_m=np.linspace(-600.0, 600.0, 12))
    defence = keep(theatre, rules={"reserve_rounds": 0})
    state, open_now = defence.start(), []
    spent = 0
    for second in range(120):
        state, decision = defence.decide(state, crowd(second), make.now_s + second)
        spent += int(decision.orders.rounds.sum())
        open_now.append(sum(one.under_way for one in state.book.open.values()))
        for number, one in list(state.book.open.items()):
            if one.under_way and make.now_s + second >= one.intercept_s:
                left = 5 - spent
                over = outcome(make, MET, number, second, rounds_left=left)
                state, _ = defence.status(state, over)
    assert max(open_now) == 2
    assert spent == 5
    assert state.book.rounds.tolist() == [0]


@pytest.mark.parametrize("identity", [Identity.UNKNOWN, Identity.PENDING])
def test_unknown_and_pending_are_never_engaged_even_free(make, identity):
    defence = keep(make.theatre(sites=(make.site(),)), posture={"start": "free"})
    picture = flying(make, identity=int(identity))
    _, decisions, rows = play(make, defence, picture, 180)
    assert order_seconds(decisions) == []
    assert states(rows) == [REFUSED]
    assert rows.refusal.tolist() == [int(Refusal.IDENTITY)]


def test_suspects_wait_for_free(make):
    defence = keep(make.theatre(sites=(make.site(),)))
    picture = flying(make, identity=int(Identity.SUSPECT))
    free = {20: [act(make, "set-weapons-control-status", "north", "free")]}
    _, decisions, rows = play(make, defence, picture, 40, free)
    assert order_seconds(decisions) == [20]
    assert states(rows) == [REFUSED, PROPOSED, RELEASED, ORDERED]


def test_hold_engages_nothing(make):
    defence = keep(make.theatre(sites=(make.site(),)), posture={"start": "hold"})
    _, decisions, rows = play(make, defence, flying(make, 5), 200)
    assert order_seconds(decisions) == []
    assert set(rows.refusal.tolist()) == {int(Refusal.HOLD)}
    assert len(rows) == 5


def test_cease_fire_stops_what_was_proposed_and_lasts_until_lifted(make):
    slow = [{**level, "release_delay_s": 1e6} for level in PROMPT[:2]] + PROMPT[2:]
    defence = keep(make.theatre(sites=(make.site(),)), posture={"levels": slow})
    happenings = {
        3: [act(make, "cease-fire")],
        20: [act(make, "set-weapons-control-status", value="free")],
        60: [act(make, "lift-cease-fire")],
    }
    _, decisions, rows = play(make, defence, flying(make), 70, happenings)
    assert states(rows)[:3] == [PROPOSED, ABORTED, REFUSED]
    assert rows.refusal.tolist()[1:3] == [int(Refusal.CEASE_FIRE)] * 2
    assert order_seconds(decisions)[0] == 60


def test_a_cease_fire_in_one_sector_leaves_the_others_alone(make):
    places = (make.place(0), make.place(1, north_m=60_000.0, sector="south"))
    sites = (make.site(0), make.site(1, north_m=60_000.0))
    defence = keep(make.theatre(places=places, sites=sites))
    picture = flying(make, 2, north_m=np.array([0.0, 60_000.0]))
    ceased = {0: [act(make, "cease-fire", "south")]}
    _, decisions, _ = play(make, defence, picture, 30, ceased)
    assert {t for d in decisions for t in d.orders.track.tolist()} == {1}


def test_a_person_refuses_and_releases_single_tracks(make):
    slow = [{**level, "release_delay_s": 1e6} for level in PROMPT]
    defence = keep(make.theatre(sites=(make.site(),)), posture={"levels": slow})
    happenings = {0: [act(make, "refuse", "1"), act(make, "release", "2")]}
    picture = flying(make, 3, north_m=np.array([0.0, 200.0, 400.0]))
    _, decisions, rows = play(make, defence, picture, 8, happenings)
    ordered = [(s, t) for s, d in enumerate(decisions) for t in d.orders.track.tolist()]
    assert {track for _, track in ordered} == {2}
    of_first = rows.take(rows.track == 1)
    assert of_first.refusal.tolist() == [int(Refusal.RELEASE_WITHHELD)]


@pytest.mark.parametrize(
    ("verb", "subject", "value"),
    [
        ("set-weapons-control-status", "north", "loose"),
        ("set-weapons-control-status", "nowhere", "free"),
        ("set-posture", "", "panic"),
        ("cease-fire", "nowhere", ""),
        ("release", "not a number", ""),
        ("refuse", "", ""),
    ],
)
def test_an_act_that_names_nothing_known_is_counted_and_changes_nothing(make, verb, subject, value):
    defence = keep(make.theatre(sites=(make.site(),)))
    before = defence.start()
    after = defence.act(before, act(make, verb, subject, value))
    assert after.acts_ignored == 1
    assert (after.posture, after.book) == (before.posture, before.book)


def test_an_act_on_identity_is_left_to_the_picture(make):
    defence = keep(make.theatre())
    before = defence.start()
    assert defence.act(before, act(make, "set-identity", "1", "friend")) is before


def test_a_level_of_the_posture_table_can_be_set_by_name(make):
    defence = keep(make.theatre(sites=(make.site(),)))
    hold = {0: [act(make, "set-posture", value="hold")]}
    _, decisions, rows = play(make, defence, flying(make), 30, hold)
    assert order_seconds(decisions) == []
    assert set(rows.refusal.tolist()) == {int(Refusal.HOLD)}


def test_an_airliner_beside_the_drone_stops_the_engagement_until_it_has_gone(make):
    columns = {
        "east_m": np.array([-10_000.0, -8_000.0]),
        "north_m": np.array([0.0, 4_000.0]),
        "up_m": np.array([300.0, 1_000.0]),
        "v_east_mps": np.array([50.0, 0.0]),
        "v_north_mps": np.array([0.0, 200.0]),
        "identity": [int(Identity.HOSTILE), int(Identity.NEUTRAL)],
        "object_class": [int(ObjectClass.LOITERING_MUNITION), int(ObjectClass.AEROPLANE)],
        "reasons": [0, int(Reason.TRANSPONDER)],
    }
    defence = keep(make.theatre(sites=(make.site(),)))
    _, decisions, rows = play(make, defence, flying(make, 2, **columns), 120)
    assert states(rows)[0] is REFUSED
    assert rows.refusal[0] == int(Refusal.NO_FIRE_VOLUME)
    gone = order_seconds(decisions)
    assert gone
    assert 4_000.0 + 200.0 * gone[0] > 9_260.0


def test_what_no_site_can_reach_is_said_once_it_is_urgent(make):
    far = make.site(0, north_m=50_000.0)
    defence = keep(make.theatre(sites=(far,)))
    _, decisions, rows = play(make, defence, flying(make), 190)
    assert order_seconds(decisions) == []
    assert rows.refusal.tolist() == [int(Refusal.OUT_OF_REACH)]
    assert rows.time_s[0] > make.now_s + 60


def test_no_refusal_is_repeated_while_its_reason_stays(make):
    defence = keep(make.theatre(sites=(make.site(),)), posture={"start": "hold"})
    _, _, rows = play(make, defence, flying(make, 3), 100)
    pairs = list(zip(rows.track.tolist(), rows.refusal.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) == 3


def test_decide_leaves_the_state_it_was_given_alone(make):
    defence = keep(make.theatre(sites=(make.site(),), sensors=(make.sensor(1),)))
    state, _, _ = play(make, defence, flying(make, 3), 5)
    picture = flying(make, 3)(5)
    _, once = defence.decide(state, picture, make.now_s + 5)
    _, twice = defence.decide(state, picture, make.now_s + 5)
    for name in ("threats", "warnings", "engagements", "orders", "tasks"):
        first, second = getattr(once, name), getattr(twice, name)
        for column in first.columns():
            np.testing.assert_array_equal(getattr(first, column), getattr(second, column))


def test_the_place_is_warned_and_the_camera_is_tasked(make):
    theatre = make.theatre(sensors=(make.sensor(4),), simulated=False)
    picture = flying(make, east_m=-9_000.0)
    _, decisions, _ = play(make, keep(theatre), picture, 10)
    warned = [d.warnings for d in decisions if len(d.warnings)]
    assert [int(w.level[0]) for w in warned] == [int(WarningLevel.TAKE_COVER)]
    assert decisions[0].tasks.sensor.tolist() == [4]
    assert all(len(d.threats) for d in decisions)


def test_birds_airliners_and_authorised_drones_warn_nobody(make):
    n = 300
    shares = np.tile([0.25, 0.05, 0.0, 0.0, 0.0, 0.0, 0.7], (n, 1))
    columns = {
        "north_m": np.linspace(-3_000.0, 3_000.0, n),
        "identity": np.r_[np.full(n - 40, int(Identity.UNKNOWN)), np.full(40, Identity.FRIEND)],
        "object_class": int(ObjectClass.BIRD),
        "class_probability": shares,
    }
    defence = keep(make.theatre(sites=(make.site(),)), posture={"start": "free"})
    _, decisions, _ = play(make, defence, flying(make, n, v_east_mps=15.0, **columns), 120)
    assert not any(len(d.warnings) for d in decisions)
    assert order_seconds(decisions) == []


class TestWall:
    """Nothing that engages exists outside a simulated world."""

    def test_an_allocator_is_refused(self, make):
        theatre = make.theatre(simulated=False)
        with pytest.raises(ValueError, match="not simulated"):
            AirDefence(theatre, DefenceParameters(), DestinationThreat(theatre), Greedy())

    def test_a_planner_is_refused(self, make):
        figures = DefenceParameters()
        table = PostureTable(figures.posture)
        with pytest.raises(ValueError, match="simulated"):
            EngagementPlanner(
                make.theatre(simulated=False),
                figures.rules,
                figures.engagement,
                figures.allocation,
                Greedy(),
                table,
            )

    def test_hostile_tracks_on_a_feed_make_no_engagement_and_no_order(self, make):
        theatre = make.theatre(simulated=False, sites=(make.site(),))
        happenings = {
            2: [act(make, "release", "1"), act(make, "set-weapons-control-status", value="free")],
            4: [outcome(make, INTERCEPTED, 1, 4)],
        }
        state, decisions, rows = play(make, keep(theatre), flying(make, 5), 60, happenings)
        assert state.book is None
        assert len(rows) == 0
        assert order_seconds(decisions) == []
        assert all(len(d.threats) for d in decisions)


def test_birds_and_the_far_away_are_not_refused_since_nobody_would_engage_them(make):
    bird = np.tile([0.35, 0.25, 0.0, 0.0, 0.0, 0.0, 0.4], (2, 1))
    defence = keep(make.theatre(sites=(make.site(),)))
    unknown = flying(make, 2, identity=int(Identity.UNKNOWN), class_probability=bird)
    _, decisions, rows = play(make, defence, unknown, 120)
    assert len(decisions[0].threats)
    assert len(rows) == 0
    far = flying(make, identity=int(Identity.SUSPECT), east_m=-60_000.0)
    _, decisions, rows = play(make, defence, far, 60)
    assert len(decisions[0].threats)
    assert len(rows) == 0


def test_a_proposal_outlives_a_moment_without_a_look(make):
    seen, lost = flying(make), flying(make, updated_s=make.now_s - 60.0)
    slow = [{**level, "release_delay_s": 5.0} for level in PROMPT]
    defence = keep(make.theatre(sites=(make.site(),)), posture={"levels": slow})
    _, decisions, rows = play(make, defence, lambda s: lost(s) if 2 <= s <= 6 else seen(s), 60)
    assert ABORTED not in states(rows)
    assert order_seconds(decisions)[0] >= 7


def test_what_is_proposed_on_a_channel_is_ordered_on_it(make):
    # one channel, and a newcomer that is worth more turns up before the first is released
    site = make.site(channels=1)
    slow = [{**level, "release_delay_s": 5.0} for level in PROMPT]
    defence = keep(make.theatre(sites=(site,)), posture={"levels": slow})
    both = flying(
        make, 2, armed_probability=np.array([0.2, 1.0]), north_m=np.array([0.0, 300.0]),
        status=np.array([1, 1]),
    )  # fmt: skip
    first = flying(make, armed_probability=0.2)
    _, decisions, _ = play(make, defence, lambda s: first(s) if s < 3 else both(s), 25)
    assert next(t for d in decisions for t in d.orders.track.tolist()) == 1
    assert order_seconds(decisions)[0] > 3


def test_channels_that_one_target_does_not_need_serve_another(make):
    sites = (make.site(0, channels=1), make.site(1, north_m=500.0, channels=1))
    defence = keep(make.theatre(sites=sites))
    worth = np.array([1.0, 0.0])
    two = flying(make, 2, armed_probability=worth, north_m=np.array([0.0, 300.0]))
    _, decisions, _ = play(make, defence, two, 6)
    assert sorted(decisions[0].orders.track.tolist()) == [1, 2]


def test_a_jammer_is_spent_on_what_was_heard(make):
    jammer = make.site(0, effector=EffectorKind.JAMMER, round_speed_mps=np.inf)
    defence = keep(make.theatre(sites=(jammer,)))
    stated = []
    for reasons in (0, int(Reason.RF_HIT)):
        _, _, rows = play(make, defence, flying(make, reasons=reasons), 2)
        stated.append(rows.kill_probability[0])
    assert stated[0] == pytest.approx(0.25 * stated[1])


@pytest.mark.parametrize(("sd_speed_mps", "fires"), [(2.0, True), (60.0, False)])
def test_a_round_waits_while_the_target_may_be_anywhere(make, sd_speed_mps, fires):
    defence = keep(make.theatre(sites=(make.site(),)))
    _, _, rows = play(make, defence, flying(make, sd_speed_mps=sd_speed_mps), 3)
    assert (PROPOSED in states(rows)) is fires
