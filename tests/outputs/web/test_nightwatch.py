"""The night watch: what raises an alarm and what never does, and what people did about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chowki.core.codec import Conclusion, decode, encode
from chowki.core.messages import Act, Frame, Status
from chowki.core.places import Place, Station, Theatre
from chowki.core.records import AddressKind, Threats, Tracks, WarningLevel, Warnings
from chowki.outputs.web.alarms import AlarmFigures
from chowki.outputs.web.nightwatch import NightWatch
from chowki.outputs.web.watch import watch_part

NONE, ADVISORY, COVER, CLEAR, P_ADVISORY, P_COVER = (int(level) for level in WarningLevel)
NAMES = ("Jammu", "Amritsar")


def theatre(authorised=()):
    places = tuple(
        Place(k, name, "north", "civil", 32.0, 75.0, np.zeros(3), 2000.0, 1000, 1.0)
        for k, name in enumerate(NAMES)
    )
    return Theatre(
        Station("watched", 32.0, 75.0, 0.0, 0.0, 3600.0), places, authorised_addresses=authorised
    )


def told(time_s, *rows):
    """Return a conclusion with warnings: number, place, level."""
    number, place, level = zip(*rows, strict=True)
    n = len(rows)
    warnings = Warnings.of(
        warning=number, time_s=[time_s] * n, place=place, level=level, inbound=[1] * n,
        expected_arrival_s=[time_s + 200.0] * n,
    )  # fmt: skip
    return Conclusion(b"0" * 32, False, Frame(time_s, True, warnings=warnings))


def picture(time_s, *inbound, tracks=None):
    """Return a conclusion with a picture: place and seconds to go of each threat."""
    n = len(inbound)
    threats = Threats.of(
        time_s=[time_s] * n, track=list(range(n)), place=[place for place, _ in inbound],
        probability=[0.9] * n, time_to_go_s=[float(to_go) for _, to_go in inbound],
    )  # fmt: skip
    tracks = Tracks.empty() if tracks is None else tracks
    return Conclusion(b"0" * 32, True, Frame(time_s, True, tracks, threats))


def act(time_s, verb, subject="", value="", person="R. Singh"):
    return Act(time_s, person, verb, subject, value)


class Play:
    """A night watch that is told one thing after the other."""

    def __init__(self, authorised=(), **figures):
        self.night = NightWatch(theatre(authorised), AlarmFigures(**figures))
        self.watch, self.raised = self.night.start(), []

    def tell(self, *messages):
        for message in messages:
            self.watch, alarms = self.night.take(self.watch, message)
            self.raised += alarms
        return [(alarm.raised_s, alarm.place, alarm.why) for alarm in self.raised]

    def part(self, time_s=1e9):
        return watch_part(self.watch, time_s, lambda key: 3)


@pytest.fixture
def play():
    return Play()


class TestWhenTheAlarmGoes:
    def test_on_a_new_take_cover_and_never_on_its_renewal(self, play):
        assert play.tell(told(10, (1, 0, COVER))) == [(10, 0, "new")]
        renewals = [told(t, (1, 0, COVER)) for t in (310, 610, 910)]
        assert len(play.tell(*renewals)) == 1

    def test_not_on_an_advisory_but_on_what_becomes_of_it(self, play):
        assert play.tell(told(10, (1, 0, ADVISORY))) == []
        assert play.tell(told(20, (1, 0, COVER))) == [(20, 0, "from advisory")]

    def test_not_on_a_warning_to_an_area(self, play):
        assert play.tell(told(10, (1, -1, COVER), (2, -1, ADVISORY))) == []

    def test_a_proposal_and_what_is_sent_of_it_are_one(self, play):
        """In operator mode the alarm goes while there is still something to decide."""
        play.tell(told(10, (1, 0, ADVISORY)))
        assert play.tell(told(20, (2, 0, P_COVER))) == [(20, 0, "from advisory")]
        assert len(play.tell(told(50, (1, 0, COVER), (2, 0, NONE)))) == 1
        assert not play.watch.alarms[1].over
        play.tell(told(900, (1, 0, CLEAR)))
        assert play.watch.alarms[1].over

    def test_a_second_raid_after_the_all_clear_is_new(self, play):
        play.tell(told(10, (1, 0, COVER)), told(500, (1, 0, CLEAR)))
        assert play.tell(told(700, (2, 0, COVER)))[1:] == [(700, 0, "new")]

    def test_one_that_comes_and_goes_rings_once_in_the_stated_time(self, play):
        for k in range(6):
            play.tell(told(20 * k, (k, 0, COVER)), told(20 * k + 10, (k, 0, CLEAR)))
        assert play.tell() == [(0, 0, "new")]
        assert len(play.tell(told(130, (9, 0, COVER)))) == 2

    def test_each_place_by_itself(self, play):
        play.tell(told(10, (1, 0, COVER)))
        assert play.tell(told(12, (2, 1, COVER)))[1:] == [(12, 1, "new")]


class TestWorse:
    @pytest.fixture
    def covered(self, play):
        play.tell(told(10, (1, 0, COVER)), picture(20, (0, 300), (0, 310)))
        return play

    def test_as_many_as_before_is_not_worse(self, covered):
        steady = [picture(t, (0, 320 - t), (0, 330 - t)) for t in range(30, 300, 10)]
        assert len(covered.tell(*steady)) == 1

    def test_twice_as_many_in_two_pictures_is(self, covered):
        four = [(0, 290)] * 4
        covered.tell(picture(30, *four))
        assert len(covered.raised) == 1
        assert covered.tell(picture(40, *four))[1:] == [(40, 0, "more")]
        assert len(covered.tell(picture(50, *four), picture(60, *four))) == 2

    def test_one_that_flickers_is_not(self, covered):
        for t in range(30, 200, 20):
            covered.tell(picture(t, *[(0, 200)] * 4), picture(t + 10, (0, 200)))
        assert len(covered.raised) == 1

    def test_one_more_of_two_is_not(self, covered):
        assert len(covered.tell(*[picture(t, *[(0, 250)] * 3) for t in (30, 40, 50)])) == 1

    def test_an_earlier_arrival_is(self, covered):
        sooner = [picture(30, (0, 120), (0, 300)), picture(40, (0, 110), (0, 290))]
        assert covered.tell(*sooner)[1:] == [(40, 0, "sooner")]

    def test_somebody_inbound_after_a_lull_is(self, covered):
        short = [picture(t) for t in range(30, 80, 10)] + [picture(t, (0, 200)) for t in (80, 90)]
        assert len(covered.tell(*short)) == 1
        lull = [picture(t) for t in range(100, 160, 10)]
        again = [picture(t, (0, 200)) for t in (160, 170)]
        assert covered.tell(*lull, *again)[1:] == [(170, 0, "again")]

    def test_what_means_another_place_is_not(self, covered):
        assert len(covered.tell(*[picture(t, *[(1, 200)] * 9) for t in (30, 40)])) == 1


class TestWhatPeopleDo:
    def test_seen_and_acknowledged_and_by_whom(self, play):
        play.tell(told(10, (1, 0, COVER)), act(12, "seen", "1", person="V. Rao"))
        play.tell(act(15, "acknowledge", "1"), act(16, "acknowledge", "1", person="A. Khan"))
        (alarm,) = play.part()["alarms"]
        assert alarm["seen"] == ["V. Rao", "R. Singh"]
        assert (alarm["acknowledged_s"], alarm["acknowledged_by"]) == (15, "R. Singh")
        assert alarm["revision"] == 3

    def test_acknowledging_silences_nothing_that_is_new_or_worse(self, play):
        play.tell(told(10, (1, 0, COVER)), act(12, "acknowledge", "1"))
        play.tell(picture(20, (0, 300)), *[picture(t, *[(0, 250)] * 5) for t in (30, 40)])
        assert play.tell(told(45, (2, 1, COVER)))[1:] == [(40, 0, "more"), (45, 1, "new")]
        assert not any(play.watch.alarms[k].acknowledged for k in (2, 3))

    def test_an_alarm_stays_until_it_is_acknowledged_and_its_warning_over(self, play):
        play.tell(told(10, (1, 0, COVER)), told(20, (2, 1, COVER)))
        play.tell(act(30, "acknowledge", "1"))
        assert list(play.watch.alarms) == [1, 2]
        play.tell(told(400, (1, 0, CLEAR), (2, 1, CLEAR)))
        assert list(play.watch.alarms) == [2]
        play.tell(act(500, "acknowledge", "2"))
        assert list(play.watch.alarms) == []

    def test_an_alarm_that_is_none_is_not_acknowledged(self, play):
        before = play.watch
        play.tell(act(1, "acknowledge", "7"), act(1, "acknowledge", "x"), act(1, "seen", ""))
        assert play.watch is before

    def test_a_shelved_place_is_listed_and_not_sounded(self, play):
        play.tell(act(5, "shelve", "Jammu", "600"))
        play.tell(told(10, (1, 0, COVER)))
        part = play.part(100)
        assert [(a["place"], a["shelved"]) for a in part["alarms"]] == [(0, True)]
        assert part["shelved"] == [{"place": 0, "until_s": 605, "person": "R. Singh"}]
        assert play.part(606)["shelved"] == []

    def test_what_got_worse_sounds_from_the_shelf(self, play):
        play.tell(act(5, "shelve", "0", "600"), told(10, (1, 0, COVER)), picture(20, (0, 300)))
        play.tell(*[picture(t, *[(0, 250)] * 5) for t in (30, 40)])
        assert [alarm.shelved for alarm in play.raised] == [True, False]

    def test_a_shelf_ends_by_time_or_by_hand(self, play):
        play.tell(act(5, "shelve", "0", "60"), told(70, (1, 0, COVER)))
        play.tell(act(80, "shelve", "1", "600"), act(90, "unshelve", "1"), told(95, (2, 1, COVER)))
        assert [alarm.shelved for alarm in play.raised] == [False, False]

    def test_muting_is_for_one_person_and_a_time(self, play):
        play.tell(act(5, "mute", value="60"))
        assert play.part(10)["muted"] == [{"person": "R. Singh", "until_s": 65}]
        assert play.part(66)["muted"] == []
        play.tell(act(10, "mute", value="0"))
        assert play.part(11)["muted"] == []

    def test_the_last_handover_stands(self, play):
        assert play.part()["handover"] is None
        play.tell(act(5, "handover", value="quiet"), act(9, "handover", value="radar 3 silent"))
        expected = {"time_s": 9, "person": "R. Singh", "note": "radar 3 silent"}
        assert play.part()["handover"] == expected


def carrying(address, track, callsign=b"SURVEY1"):
    return Tracks.of(
        track=[track, track + 1], address=[address, 77],
        address_kind=[int(AddressKind.REMOTE_ID), int(AddressKind.ICAO)],
        callsign=[callsign, b"AIC101"],
    )  # fmt: skip


class TestDrones:
    def test_authorised_from_the_start_and_by_hand(self):
        play = Play(authorised=(55,))
        play.tell(act(5, "authorise-drone", "66", "canal survey"))
        play.tell(picture(10, tracks=carrying(66, 4)))
        first, second = play.part()["authorised"]
        assert (first["address"], first["person"], first["track"]) == (55, "", None)
        assert first["name"] == "Remote ID 000000000037"
        assert second == {
            "address": 66, "name": "SURVEY1", "note": "canal survey", "person": "R. Singh",
            "track": 4,
        }  # fmt: skip

    def test_withdrawn(self):
        play = Play(authorised=(55,))
        play.tell(act(5, "withdraw-authorisation", "55"))
        assert play.part()["authorised"] == []

    def test_where_a_pilot_stands(self, play):
        play.tell(Status(8.0, "66", "pilot", "working", "31.5500000,75.0500000"))
        play.tell(picture(10, tracks=carrying(66, 4)))
        expected = {"address": 66, "track": 4, "lat": 31.55, "lon": 75.05, "time_s": 8.0}
        assert play.part()["pilots"] == [expected]

    @pytest.mark.parametrize(
        ("source", "note"), [("66", ""), ("66", "91,75"), ("66", "nan,nan"), ("x", "31,75")]
    )
    def test_what_is_no_position_is_left_out(self, play, source, note):
        play.tell(Status(8.0, source, "pilot", "working", note))
        assert play.part()["pilots"] == []


def test_what_is_noted_in_the_journal(play):
    play.tell(told(10, (1, 1, COVER)))
    status = play.night.status(play.raised[0])
    assert (status.source, status.kind, status.state) == ("Amritsar", "alarm", "raised")
    assert status.note == "1: take cover, new, 1 inbound, first at 00:03:30"
    assert decode(encode(status)).note == status.note


def test_a_replay_gives_the_same_watch(play):
    """A fold: from the bytes of the messages, and from the middle on."""
    story = [
        told(10, (1, 0, COVER)), act(12, "acknowledge", "1"), picture(20, (0, 300)),
        *[picture(t, *[(0, 250)] * 5) for t in (30, 40)], act(45, "shelve", "1", "60"),
        told(50, (2, 1, COVER)), told(400, (1, 0, CLEAR)), act(401, "handover", value="done"),
    ]  # fmt: skip
    middles = []
    for message in story:
        middles.append(play.watch)
        play.tell(message)
    again = Play()
    again.tell(*[decode(encode(message)) for message in story])
    assert again.watch == play.watch
    half = Play()
    half.watch = middles[4]
    half.tell(*story[4:])
    assert half.watch == play.watch


def test_the_list_is_bounded():
    play = Play(kept=5)
    for k in range(40):
        play.tell(told(1000 * k, (k, 0, COVER)), told(1000 * k + 500, (k, 0, CLEAR)))
    assert list(play.watch.alarms) == [36, 37, 38, 39, 40]
    assert math.isnan(play.watch.alarms[40].acknowledged_s)
