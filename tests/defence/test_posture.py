"""Posture: one table, who may step up, cease-fires, and what crosses the border after one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pydantic import ValidationError

from chowki.core.messages import Act
from chowki.core.records import EngagementState, Identity, ObjectClass, Refusal
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.assignment import Greedy
from chowki.defence.posture import PostureParameters, PostureTable
from chowki.defence.threat import DestinationThreat

PROMPT = [
    {"name": name, "weapons_control_status": name, "release_delay_s": 0.0}
    for name in ("hold", "tight", "free")
]


def keep(theatre, **posture):
    figures = DefenceParameters.model_validate({"posture": {"levels": PROMPT} | posture})
    model = DestinationThreat(theatre, figures.threat)
    return AirDefence(theatre, figures, model, Greedy() if theatre.simulated else None)


def act(make, verb, subject="", value="", person="", second=0.0):
    return Act(make.now_s + second, person, verb, subject, value)


def play(make, defence, tracks_at, seconds, happenings=None):
    """Return the last state, orders as (second, track), and (state, refusal, track) of rows."""
    state, orders, rows = defence.start(), [], []
    for second in range(seconds):
        for happening in (happenings or {}).get(second, ()):
            state = defence.act(state, happening)
        state, decision = defence.decide(state, tracks_at(second), make.now_s + second)
        orders += [(second, track) for track in decision.orders.track.tolist()]
        e = decision.engagements
        rows += list(zip(e.state.tolist(), e.refusal.tolist(), e.track.tolist(), strict=True))
    return state, orders, rows


def flying(make, n=1, crossed_s=None, **columns):
    first = make.tracks(n, **columns)
    crossed = np.full(n, np.nan) if crossed_s is None else np.broadcast_to(crossed_s, n)

    def at(second):
        moved = {
            "east_m": first.east_m + first.v_east_mps * second,
            "crossed_border_s": np.where(crossed <= second, make.now_s + crossed, np.nan),
        }
        return make.tracks(n, time_s=make.now_s + second, **(columns | moved))

    return at


class TestOperatorMode:
    """Stepping up needs a name, stepping down is free."""

    @pytest.mark.parametrize(
        ("start", "verb", "value"),
        [
            ("hold", "set-posture", "tight"),
            ("tight", "set-posture", "free"),
            ("hold", "set-weapons-control-status", "free"),
            ("tight", "lift-cease-fire", ""),
        ],
    )
    def test_stepping_up_without_a_name_is_refused_and_counted(self, make, start, verb, value):
        defence = keep(make.theatre(sites=(make.site(),)), start=start, operator=True)
        before = defence.act(defence.start(), act(make, "cease-fire"))
        after = defence.act(before, act(make, verb, value=value, person="  "))
        assert (after.acts_refused, after.acts_ignored) == (1, 0)
        assert after.posture == before.posture
        named = defence.act(before, act(make, verb, value=value, person="R. Singh"))
        assert named.acts_refused == 0
        assert named.posture != before.posture

    @pytest.mark.parametrize(
        ("verb", "value"),
        [
            ("set-posture", "hold"),
            ("set-posture", "tight"),
            ("set-weapons-control-status", "tight"),
            ("cease-fire", ""),
        ],
    )
    def test_stepping_down_is_always_free(self, make, verb, value):
        defence = keep(make.theatre(sites=(make.site(),)), start="free", operator=True)
        before = defence.start()
        after = defence.act(before, act(make, verb, value=value))
        assert after.acts_refused == 0
        assert after.posture != before.posture

    def test_a_release_needs_a_name_and_a_refusal_does_not(self, make):
        defence = keep(make.theatre(sites=(make.site(),)), operator=True)
        before = defence.act(defence.start(), act(make, "cease-fire"))
        assert defence.act(before, act(make, "release", "1")).acts_refused == 1
        named = defence.act(before, act(make, "release", "1", person="R. Singh"))
        assert named.book.released == {1}
        assert defence.act(before, act(make, "refuse", "1")).book.withheld == {1}

    def test_without_operator_mode_a_script_may_step_up(self, make):
        defence = keep(make.theatre(sites=(make.site(),)))
        after = defence.act(defence.start(), act(make, "set-posture", value="free"))
        assert after.acts_refused == 0
        assert after.posture.level == (2,)

    @pytest.mark.parametrize(
        ("lower", "higher"),
        [
            ({"release": "senior"}, {"release": "sector"}),
            ({"margin_factor": 2.0}, {"margin_factor": 1.0}),
        ],
    )
    def test_a_lower_releaser_or_smaller_margins_step_up_too(self, lower, higher):
        levels = [
            {"name": "a", "weapons_control_status": "tight", **lower},
            {"name": "b", "weapons_control_status": "tight", **higher},
        ]
        table = PostureTable(PostureParameters.model_validate({"levels": levels, "start": "a"}))
        strict = table.start(("north",))
        loose = table.set_level(strict, "north", "b")
        assert table.steps_up(strict, loose)
        assert not table.steps_up(loose, strict)
        assert not table.steps_up(strict, strict)


def test_sectors_may_start_at_levels_of_their_own(make):
    places = (make.place(0), make.place(1, north_m=60_000.0, sector="south"))
    sites = (make.site(0), make.site(1, north_m=60_000.0))
    theatre = make.theatre(places=places, sites=sites)
    defence = keep(theatre, start="tight", start_by_sector={"south": "hold"})
    picture = flying(make, 2, north_m=np.array([0.0, 60_000.0]))
    _, orders, rows = play(make, defence, picture, 30)
    assert {track for _, track in orders} == {1}
    assert (int(EngagementState.REFUSED), int(Refusal.HOLD), 2) in rows


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"levels": [PROMPT[1], PROMPT[1]]}, "twice: tight"),
        ({"levels": PROMPT, "start": "panic"}, "panic"),
        ({"levels": PROMPT, "start_by_sector": {"north": "panic"}}, "panic"),
        ({"levels": [PROMPT[1] | {"release": "machine"}]}, "a person releases"),
        ({"levels": [PROMPT[0] | {"release": "machine"}], "start": "hold"}, "a person releases"),
        ({"levels": [PROMPT[1], PROMPT[2] | {"margin_factor": 1.5}]}, "margin_factor"),
        ({"cease_fire_s": 5.0, "cease_fire": "2025-05-10T00:00:00Z"}, "not both"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(change, words):
    with pytest.raises(ValidationError, match=words):
        PostureParameters.model_validate(change)


class TestCeaseFire:
    """After its time nothing is engaged that nobody released, and incursions are violations."""

    def test_it_begins_at_the_time_set_and_ends_when_lifted(self, make):
        defence = keep(make.theatre(sites=(make.site(channels=1),)), cease_fire_s=0.0)
        lift = {30: [act(make, "lift-cease-fire", person="R. Singh")]}
        _, orders, rows = play(make, defence, flying(make), 40, lift)
        assert orders[0][0] == 30
        assert rows[0] == (int(EngagementState.REFUSED), int(Refusal.CEASE_FIRE), 1)

    def test_a_time_in_utc_is_the_same(self, make):
        from chowki.core.clock import format_utc

        theatre = make.theatre(sites=(make.site(),))
        when = format_utc(make.now_s + 12.0)
        assert keep(theatre, cease_fire=when).start().posture.due_s == make.now_s + 12.0
        assert keep(theatre, cease_fire_s=12.0).start().posture.due_s == make.now_s + 12.0
        assert keep(theatre).start().posture.due_s == math.inf

    def test_only_what_a_person_releases_after_it_is_engaged(self, make):
        defence = keep(make.theatre(sites=(make.site(channels=9),)), cease_fire_s=0.0)
        happenings = {20: [act(make, "release", "2", person="R. Singh")]}
        picture = flying(make, 3, north_m=np.array([0.0, 300.0, 600.0]))
        state, orders, rows = play(make, defence, picture, 60, happenings)
        assert orders == [(20, 2)]
        assert (int(EngagementState.REFUSED), int(Refusal.CEASE_FIRE), 3) in rows
        assert state.posture.ceased == (True,)

    def test_a_release_given_before_it_counts_no_more(self, make):
        defence = keep(make.theatre(sites=(make.site(),)))
        state = defence.act(defence.start(), act(make, "release", "1", person="R. Singh"))
        assert state.book.released == {1}
        state = defence.act(state, act(make, "cease-fire"))
        assert state.book.released == frozenset()

    def test_who_crosses_after_it_is_recorded_once(self, make):
        kinds = [
            (Identity.HOSTILE, ObjectClass.LOITERING_MUNITION, 15),
            (Identity.HOSTILE, ObjectClass.LOITERING_MUNITION, 5),
            (Identity.UNKNOWN, ObjectClass.HELICOPTER, 16),
            (Identity.NEUTRAL, ObjectClass.AEROPLANE, 17),
            (Identity.UNKNOWN, ObjectClass.BIRD, 18),
            (Identity.SUSPECT, ObjectClass.MULTIROTOR, 19),
            (Identity.PENDING, ObjectClass.MULTIROTOR, 19),
        ]
        identity, kind, crossed = (np.array(list(map(int, k))) for k in zip(*kinds, strict=True))
        picture = flying(
            make, 7, crossed_s=crossed.astype(float), identity=identity, object_class=kind,
            north_m=np.linspace(0.0, 9_000.0, 7),
        )  # fmt: skip
        defence = keep(make.theatre(sites=(make.site(),)), cease_fire_s=10.0)
        _, orders, rows = play(make, defence, picture, 60)
        violation = int(EngagementState.VIOLATION)
        found = [(refusal, track) for state, refusal, track in rows if state == violation]
        assert found == [(int(Refusal.CEASE_FIRE), track) for track in (1, 3, 6)]
        assert all(second < 10 for second, _ in orders)

    def test_before_it_and_without_one_nothing_is_a_violation(self, make):
        picture = flying(make, crossed_s=5.0)
        for posture in ({}, {"cease_fire_s": 1e4}):
            defence = keep(make.theatre(sites=(make.site(),)), **posture)
            _, _, rows = play(make, defence, picture, 30)
            assert int(EngagementState.VIOLATION) not in {state for state, _, _ in rows}

    def test_on_a_feed_nothing_of_it_is_built(self, make):
        theatre = make.theatre(simulated=False, sites=(make.site(),))
        defence = keep(theatre, cease_fire_s=0.0)
        happenings = {1: [act(make, "release", "1", person="R. Singh")]}
        state, orders, rows = play(make, defence, flying(make, crossed_s=5.0), 30, happenings)
        assert (state.book, orders, rows) == (None, [], [])
