"""Persons and warnings: proposed first, sent or withheld by a word; silence withholds nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chowki.core.messages import Act
from chowki.core.records import Threats, WarningLevel, Warnings
from chowki.defence import AirDefence, DefenceParameters
from chowki.defence.threat import DestinationThreat
from chowki.defence.warning import WarningKeeper, WarningParameters
from chowki.defence.warning_board import Conditions, advance, blank, raised

NONE, ADVISORY, COVER, CLEAR, P_ADVISORY, P_COVER = (int(level) for level in WarningLevel)
TOLD = {ADVISORY, COVER, CLEAR}


@pytest.fixture
def theatre(make):
    return make.theatre(places=(make.place(0), make.place(1, north_m=50_000.0)))


class Post:
    """A warning keeper that is stepped once a second, with acts between."""

    def __init__(self, make, theatre, *, operator=True, **parameters):
        self.make = make
        self.keeper = WarningKeeper(theatre, WarningParameters(**parameters), operator=operator)
        self.boards, self.second, self.rows = self.keeper.start(), 0, []
        self.pairs = {}  # track -> place, seconds to go

    def run(self, seconds):
        for _ in range(seconds):
            self.step()
            self.second += 1
        return self

    def step(self):
        now = self.make.now_s + self.second
        known = sorted(self.pairs)
        tracks = self.make.tracks(len(known), time_s=now, track=np.array(known, dtype=np.int64))
        threats = self._threats(now)
        row = np.searchsorted(tracks.track, threats.track)
        self.boards, rows = self.keeper.decide(self.boards, threats, tracks, row, now)
        told = (rows.warning, rows.place, rows.level, rows.expires_s - self.make.now_s)
        for row in zip(*(column.tolist() for column in told), strict=True):
            self.rows.append((self.second, *row))

    def act(self, verb, subject="0", value="", person="R. Singh"):
        """Return whether an act was about anything; it is followed at once."""
        now = self.make.now_s + self.second
        boards = self.keeper.act(self.boards, Act(now, person, verb, subject, value))
        if boards is None:
            return False
        self.boards = boards
        self.step()
        return True

    def levels(self, place=0):
        """Return second, number and level of rows to a place, renewals left out."""
        mine = [(s, n, level) for s, n, at, level, _ in self.rows if at == place]
        last, out = {}, []
        for second, number, level in mine:
            if last.get(number) != level:
                out.append((second, number, level))
            last[number] = level
        return out

    def _threats(self, now):
        n = len(self.pairs)
        if not n:
            return Threats.empty()
        tracks = sorted(self.pairs)
        to_go = [max(self.pairs[track][1] - self.second, 0.0) for track in tracks]
        return self.make.threats(
            now, probability=[0.9] * n, track=tracks, place=[self.pairs[t][0] for t in tracks],
            time_to_go_s=to_go, cpa_m=[0.0] * n, cpa_time_s=[100.0] * n,
            distance_m=[40.0 * to_go_s for to_go_s in to_go],
        )  # fmt: skip


@pytest.fixture
def post(make, theatre):
    return Post(make, theatre)


class TestSilence:
    def test_what_nobody_answers_is_sent_after_the_stated_time(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(60)
        assert post.levels() == [(5, 1, P_ADVISORY), (35, 1, ADVISORY)]
        # the proposal says when it will be sent
        assert post.rows[0][4] == 35

    def test_outside_operator_mode_nothing_is_proposed(self, make, theatre):
        post = Post(make, theatre, operator=False)
        post.pairs = {1: (0, 595.0)}
        post.run(400)
        assert [level for _, _, level in post.levels()] == [ADVISORY, COVER]

    def test_a_take_cover_over_an_advisory_has_a_number_of_its_own_until_it_is_sent(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(400)
        assert post.levels()[2:] == [(300, 2, P_COVER), (330, 1, COVER), (330, 2, NONE)]

    def test_a_proposal_that_grows_worse_waits_no_longer(self, post):
        post.pairs = {1: (0, 310.0)}
        post.run(60)
        assert post.levels() == [(5, 1, P_ADVISORY), (15, 1, P_COVER), (35, 1, COVER)]

    def test_a_proposal_whose_threat_is_gone_is_let_go(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(20)
        post.pairs = {}
        post.run(60)
        assert post.levels() == [(5, 1, P_ADVISORY), (25, 1, NONE)]

    def test_it_is_the_stated_time_later_than_without_a_person(self, make, theatre):
        nights = {}
        for operator in (True, False):
            post = Post(make, theatre, operator=operator, person_s=12.0)
            post.pairs = {1: (0, 595.0), 2: (1, 900.0)}
            post.run(1500)
            nights[operator] = {
                (place, level): second
                for second, _, place, level, _ in reversed(post.rows) if level in (ADVISORY, COVER)
            }  # fmt: skip
        assert nights[True] == {key: second + 12 for key, second in nights[False].items()}


class TestSend:
    def test_a_proposal_is_sent_at_once(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(10)
        assert post.act("send-warning", value="advisory")
        post.run(60)
        assert post.levels() == [(5, 1, P_ADVISORY), (10, 1, ADVISORY)]

    def test_a_person_may_send_more_than_is_proposed(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(10)
        post.act("send-warning", value="take-cover")
        assert post.levels() == [(5, 1, P_ADVISORY), (10, 1, COVER)]

    def test_sending_an_advisory_leaves_a_proposed_take_cover_to_be_decided(self, post):
        post.pairs = {1: (0, 200.0)}
        post.run(10)
        post.act("send-warning", value="advisory")
        post.run(60)
        levels = [level for _, _, level in post.levels()]
        assert levels[0] == P_COVER
        assert {(35, COVER), (10, ADVISORY)} <= {(s, level) for s, _, level in post.levels()}

    @pytest.mark.parametrize("operator", [True, False])
    def test_where_the_machine_sees_nothing_it_stands(self, make, theatre, operator):
        post = Post(make, theatre, operator=operator)
        post.run(50)
        assert post.act("send-warning", "place 1", "take-cover")
        post.run(1000)
        assert post.levels(1)[0] == (50, 1, COVER)
        assert post.levels(1)[1] == (350, 1, CLEAR)
        assert post.levels(0) == []

    def test_what_a_person_sent_outlasts_its_time_while_something_threatens(self, post):
        post.act("send-warning", value="advisory")
        post.pairs = {1: (0, 595.0)}
        post.run(700)
        assert CLEAR not in [level for _, _, level in post.levels()]

    def test_sending_what_stands_holds_it(self, make, theatre):
        post = Post(make, theatre, operator=False)
        post.pairs = {1: (0, 200.0)}
        post.run(20)
        post.pairs = {}
        post.run(160)
        assert post.act("send-warning", value="take-cover")
        post.run(600)
        assert post.levels() == [(5, 1, COVER), (480, 1, CLEAR)]

    @pytest.mark.parametrize(
        ("subject", "value"),
        [("0", "panic"), ("0", ""), ("2", "advisory"), ("nowhere", "advisory"),
         ("cell:5", "advisory"), ("", "advisory"), ("-1", "advisory")],
    )  # fmt: skip
    def test_what_names_nothing_changes_nothing(self, post, subject, value):
        assert not post.act("send-warning", subject, value)
        assert post.rows == []

    def test_less_than_what_stands_is_not_sent(self, post):
        post.act("send-warning", value="take-cover")
        assert not post.act("send-warning", value="advisory")


class TestCancel:
    def test_a_proposal_that_is_cancelled_is_told_to_nobody(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(10)
        assert post.act("cancel-warning")
        post.run(200)
        assert post.levels() == [(5, 1, P_ADVISORY), (10, 1, NONE)]
        assert TOLD.isdisjoint(level for _, _, level in post.levels())

    def test_it_comes_back_when_the_same_track_does_worse(self, post):
        post.pairs = {1: (0, 595.0)}
        post.run(10)
        post.act("cancel-warning")
        post.run(390)
        assert post.levels()[2:] == [(300, 2, P_COVER), (330, 2, COVER)]

    def test_it_comes_back_for_another_track(self, post):
        post.pairs = {1: (0, 250.0)}
        post.run(10)
        post.act("cancel-warning")
        post.run(90)
        assert len(post.levels()) == 2
        post.pairs[2] = (0, 800.0)
        post.run(420)
        proposals = [(level, n) for _, n, level in post.levels() if level in (P_ADVISORY, P_COVER)]
        assert proposals == [(P_COVER, 1), (P_ADVISORY, 2), (P_COVER, 3)]

    def test_it_comes_back_once_its_condition_has_ended(self, post):
        post.pairs = {1: (0, 590.0)}
        post.run(10)
        post.act("cancel-warning")
        post.pairs = {}
        post.run(170)
        post.pairs = {1: (0, 700.0)}
        post.run(20)
        assert len(post.levels()) == 2
        post.pairs = {}
        post.run(185)
        post.pairs = {1: (0, 900.0)}
        post.run(20)
        assert post.levels()[2][2] == P_ADVISORY

    @pytest.mark.parametrize("operator", [True, False])
    def test_a_standing_one_ends_with_an_all_clear_and_stays_down(self, make, theatre, operator):
        post = Post(make, theatre, operator=operator)
        post.pairs = {1: (0, 200.0)}
        post.run(60)
        number = post.levels()[-1][1]
        assert post.act("cancel-warning", "place 0")
        post.run(700)
        assert post.levels()[-2:] == [(60, number, CLEAR), (660, number, NONE)]

    def test_the_proposal_goes_before_what_stands(self, post):
        post.pairs = {1: (0, 320.0)}
        post.run(15)
        post.act("send-warning", value="advisory")
        post.run(20)
        assert post.levels()[-1][2] == P_COVER
        post.act("cancel-warning")
        post.run(100)
        assert [level for _, _, level in post.levels()][-1] == NONE
        assert post.boards.places.level[0] == ADVISORY
        post.act("cancel-warning")
        assert post.boards.places.level[0] == CLEAR

    def test_what_was_cancelled_a_person_may_send(self, post):
        post.pairs = {1: (0, 250.0)}
        post.run(10)
        post.act("cancel-warning")
        post.run(10)
        post.act("send-warning", value="take-cover")
        post.run(100)
        assert post.boards.places.level[0] == COVER
        assert post.boards.withheld == ()

    def test_another_place_is_not_touched(self, post):
        post.pairs = {1: (0, 595.0), 2: (1, 595.0)}
        post.run(10)
        post.act("cancel-warning")
        post.run(60)
        assert post.levels(1) == [(5, 2, P_ADVISORY), (35, 2, ADVISORY)]

    def test_where_nothing_stands_there_is_nothing_to_cancel(self, post):
        assert not post.act("cancel-warning")


class TestAreas:
    """Warnings to areas under a track wait, are sent and cancelled like those to places."""

    @pytest.fixture
    def over(self, make):
        theatre = make.theatre(places=(make.place(0, north_m=90_000.0),), **make.border(60_000.0))

        class Over:
            def __init__(self, operator):
                self.keeper = WarningKeeper(theatre, WarningParameters(), operator=operator)
                self.boards, self.second, self.rows = self.keeper.start(), 0, []

            def run(self, seconds, tracks=(1,)):
                for _ in range(seconds):
                    self.step(tracks)
                    self.second += 1
                return self

            def step(self, tracks=(1,)):
                now = make.now_s + self.second
                n = len(tracks)
                picture = make.tracks(
                    n, time_s=now, track=np.array(tracks), v_east_mps=0.0, east_m=0.0,
                    north_m=8_000.0, crossed_border_s=np.full(n, make.now_s),
                )  # fmt: skip
                empty = np.empty(0, dtype=np.int64)
                self.boards, rows = self.keeper.decide(
                    self.boards, Threats.empty(), picture, empty, now
                )
                for row in zip(rows.cell.tolist(), rows.level.tolist(), strict=True):
                    self.rows.append((self.second, *row))

            def act(self, verb, value="", tracks=(1,)):
                cell = self.boards.areas.cell[0]
                act = Act(make.now_s + self.second, "R. Singh", verb, f"cell:{cell}", value)
                boards = self.keeper.act(self.boards, act)
                assert boards is not None
                self.boards = boards
                self.step(tracks)

        return Over

    def test_proposed_and_sent_unless_answered(self, over):
        night = over(True).run(100)
        assert [(s, level) for s, _, level in night.rows] == [(20, P_ADVISORY), (50, ADVISORY)]

    def test_sent_at_once(self, over):
        night = over(True).run(25)
        night.act("send-warning", "advisory")
        assert [(s, level) for s, _, level in night.rows] == [(20, P_ADVISORY), (25, ADVISORY)]

    def test_cancelled_and_held_down_until_another_comes(self, over):
        night = over(True).run(25)
        night.act("cancel-warning")
        night.run(300)
        assert [(s, level) for s, _, level in night.rows] == [(20, P_ADVISORY), (25, NONE)]
        night.run(60, tracks=(1, 2))
        assert [level for _, _, level in night.rows[2:]] == [P_ADVISORY, ADVISORY]

    def test_cancelled_outside_operator_mode(self, over):
        night = over(False).run(25)
        night.act("cancel-warning")
        night.run(300)
        assert [level for _, _, level in night.rows] == [ADVISORY, CLEAR]


SAID = st.sampled_from([0] * 12 + [-1, ADVISORY, COVER])
SPELLS = st.lists(
    st.tuples(
        st.integers(1, 40), st.sampled_from(["nothing", "some", "advisory", "cover"]), SAID
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@given(SPELLS, st.sampled_from([0.0, 30.0]))
def test_whatever_persons_say_the_board_keeps_its_word(spells, wait_s):
    """Down only by all clear, never silently; a number that was told is never proposed."""
    figures = WarningParameters()
    board, now_s, told, proposed = blank(np.array([-1])), 0.0, set(), set()
    for length, word, said in spells:
        there = bool(raised(board.level)[0] or board.proposed[0])
        board = replace(board, said=np.array([said if said >= 0 or there else 0], dtype=np.int8))
        for _ in range(length):
            before, now_s = board, now_s + 5.0
            conditions = Conditions(
                np.array([word in ("advisory", "cover")]), np.array([word == "cover"]),
                np.array([word != "nothing"]),
            )  # fmt: skip
            board, changed = advance(board, conditions, 5.0, figures, now_s, wait_s)
            assert board.said[0] == 0
            was, level = int(before.level[0]), int(board.level[0])
            if was in (ADVISORY, COVER) and level not in (ADVISORY, COVER):
                assert level == CLEAR
                assert before.said[0] < 0 or not now_s < before.held_until_s[0]
            assert not (was == COVER and level == ADVISORY)
            waits = int(board.proposed[0])
            assert (waits > 0) == (board.proposal[0] > 0) == (not np.isnan(board.proposed_s[0]))
            if waits:
                assert now_s - board.proposed_s[0] < wait_s
                assert waits > (level if raised(board.level)[0] else 0)
            rows = list(zip(changed.number.tolist(), changed.level.tolist(), strict=True))
            for number, row in rows:
                if row in (P_ADVISORY, P_COVER):
                    assert number not in told
                    proposed.add(number)
                elif row != NONE:
                    told.add(number)
                else:
                    assert number in told | proposed
            if level != was:
                assert (int(board.number[0]), level) in rows


class TestInDefence:
    """The whole of defence: acts are counted, and a name is needed in operator mode."""

    @pytest.fixture
    def keep(self, theatre):
        def build(*, operator):
            figures = DefenceParameters.model_validate({"posture": {"operator": operator}})
            return AirDefence(theatre, figures, DestinationThreat(theatre, figures.threat), None)

        return build

    def test_names_and_nonsense(self, make, keep):
        defence = keep(operator=True)
        before = defence.start()

        def said(person, verb="send-warning", value="advisory", subject="0"):
            return defence.act(before, Act(make.now_s, person, verb, subject, value))

        assert said("").acts_refused == 1
        assert said("R. Singh", value="").acts_ignored == 1
        assert said("R. Singh", "cancel-warning").acts_ignored == 1
        after = said("R. Singh")
        assert (after.acts_refused, after.acts_ignored) == (0, 0)
        _, decision = defence.decide(after, make.tracks(0), make.now_s)
        assert decision.warnings.level.tolist() == [ADVISORY]

    def test_without_operator_mode_a_script_may_speak(self, make, keep):
        defence = keep(operator=False)
        act = Act(make.now_s, "", "send-warning", "place 1", "take-cover")
        after = defence.act(defence.start(), act)
        _, decision = defence.decide(after, make.tracks(0), make.now_s)
        assert isinstance(decision.warnings, Warnings)
        assert decision.warnings.place.tolist() == [1]
