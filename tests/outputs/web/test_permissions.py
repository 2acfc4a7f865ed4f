"""Who may do what: every verb by every role, the wall, and who was first."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from chowki.core.messages import Act, Frame
from chowki.core.records import Engagements, EngagementState, WarningLevel, Warnings
from chowki.outputs.web.permissions import (
    RULES,
    Facts,
    Role,
    admit,
    decide,
    locks_of,
    on_watch,
    place_of,
    told_late,
)
from chowki.outputs.web.revisions import Revisions
from chowki.outputs.web.session import ActRequest

FACTS = Facts(
    simulated=True,
    operator=True,
    sectors={"north": "sector", "south": "senior"},
    levels={"hold": "senior", "tight": "sector", "free": "machine"},
    statuses={"hold": "senior", "tight": "sector", "free": "machine"},
    proposals={7: "north", 8: "south"},
    tracks=(7, 8, 9),
    alarms=(1, 2),
    cells=(1234,),
    places=("Jammu", "Amritsar"),
)
SAID = {  # verb -> a subject and a value that are known
    "release": ("7", ""), "refuse": ("7", ""), "set-posture": ("north", "tight"),
    "set-weapons-control-status": ("north", "hold"), "cease-fire": ("", ""),
    "lift-cease-fire": ("", ""), "set-identity": ("9", "hostile"),
    "send-warning": ("Jammu", "take-cover"), "cancel-warning": ("1", ""),
    "authorise-drone": ("99", "survey of the canal"), "withdraw-authorisation": ("99", ""),
    "acknowledge": ("1", ""), "seen": ("1", ""), "shelve": ("0", "600"), "unshelve": ("0", ""),
    "mute": ("", "60"), "handover": ("", "quiet so far"),
}  # fmt: skip
ENGAGES = {
    "release", "refuse", "set-posture", "set-weapons-control-status", "cease-fire",
    "lift-cease-fire",
}  # fmt: skip
WATCHES = {"seen", "mute"}


def ask(verb, role="approver", person="R. Singh", revision=None, subject=None, value=None):
    said = SAID.get(verb, ("", ""))
    return ActRequest(
        person, role, verb,
        said[0] if subject is None else subject, said[1] if value is None else value, revision,
    )  # fmt: skip


class Wall:
    """A clock that is set by hand."""

    now_s = 100.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def wall():
    return Wall()


@pytest.fixture
def revisions(wall):
    return Revisions(wall)


def test_every_verb_is_tried_here():
    assert set(SAID) == set(RULES)


@pytest.mark.parametrize("verb", sorted(RULES))
def test_roles(verb, revisions):
    """A viewer looks; an operator decides; lifting a cease-fire takes an approver."""
    codes = [decide(ask(verb, role), FACTS, revisions).code for role in ("viewer", "operator")]
    viewer = 200 if verb in WATCHES else 403
    assert codes == [viewer, 403 if verb == "lift-cease-fire" else 200]
    assert decide(ask(verb), FACTS, revisions).code == 200
    assert decide(ask(verb, "somebody"), FACTS, revisions).code == viewer


@pytest.mark.parametrize("verb", sorted(RULES))
def test_the_wall(verb, revisions):
    """On real feeds nothing that is about engagements exists, whoever asks."""
    feed = replace(FACTS, simulated=False, operator=False)
    alone = replace(FACTS, operator=False)
    for facts in (feed, alone, replace(feed, operator=True)):
        verdict = decide(ask(verb), facts, revisions)
        assert verdict.code == (403 if verb in ENGAGES else 200)
    assert RULES[verb].engages == (verb in ENGAGES)


@pytest.mark.parametrize("verb", sorted(RULES))
def test_a_recording_cannot_be_changed(verb, revisions):
    assert decide(ask(verb), replace(FACTS, ended=True), revisions).code == 403


def test_a_senior_level_takes_an_approver(revisions):
    assert decide(ask("release", "operator", subject="8"), FACTS, revisions).code == 403
    assert decide(ask("release", "approver", subject="8"), FACTS, revisions).accepted
    assert decide(ask("refuse", "operator", subject="8"), FACTS, revisions).accepted
    for verb in ("set-posture", "set-weapons-control-status"):
        assert decide(ask(verb, "operator", value="free"), FACTS, revisions).code == 403
        assert decide(ask(verb, "approver", value="free"), FACTS, revisions).accepted


@pytest.mark.parametrize(
    ("verb", "subject", "value"),
    [
        ("fire", "7", ""),
        ("release", "north", ""),
        ("release", "", ""),
        ("release", "77", ""),
        ("set-posture", "east", "tight"),
        ("set-posture", "north", "loose"),
        ("set-weapons-control-status", "north", "maximum"),
        ("set-identity", "9", "enemy"),
        ("send-warning", "Delhi", "advisory"),
        ("send-warning", "2", "advisory"),
        ("send-warning", "-1", "advisory"),
        ("send-warning", "0", "panic"),
        ("send-warning", "0", ""),
        ("cancel-warning", "cell:999", ""),
        ("cancel-warning", "cell:", ""),
        ("cancel-warning", "1234", ""),
        ("authorise-drone", "AB-12", ""),
        ("acknowledge", "3", ""),
        ("shelve", "0", "for ever"),
        ("shelve", "0", "1e9"),
        ("shelve", "0", "nan"),
        ("mute", "", "-5"),
        ("handover", "", "   "),
    ],
)
def test_what_is_not_known_is_said_so(verb, subject, value, revisions):
    verdict = decide(ask(verb, subject=subject, value=value), FACTS, revisions)
    assert (verdict.accepted, verdict.code) == (False, 404)
    assert verdict.words


def test_a_warning_to_an_area_is_named_by_its_cell(revisions):
    assert decide(ask("cancel-warning", subject="cell:1234"), FACTS, revisions).accepted


def test_the_second_is_told_who_was_first_and_when(revisions, wall):
    first = admit(ask("release", person="R. Singh", revision=0), FACTS, revisions)
    assert (first.accepted, first.revision) == (True, 1)
    wall.now_s += 4.0
    second = admit(ask("refuse", person="A. Khan", revision=0), FACTS, revisions)
    assert (second.accepted, second.code, second.revision) == (False, 409, 1)
    assert second.words == "R. Singh released it 4 s ago"
    third = admit(ask("refuse", person="A. Khan", revision=1), FACTS, revisions)
    assert (third.accepted, third.revision) == (True, 2)
    assert revisions.words("track/7") == "A. Khan refused it just now"


def test_another_thing_is_another_lock(revisions):
    assert admit(ask("release", revision=0), FACTS, revisions).accepted
    assert admit(ask("release", subject="8", revision=0), FACTS, revisions).accepted
    assert admit(ask("acknowledge", revision=0), FACTS, revisions).accepted


def test_a_place_is_one_thing_by_name_and_by_number(revisions):
    assert admit(ask("send-warning", subject="Jammu", revision=0), FACTS, revisions).accepted
    assert admit(ask("cancel-warning", subject="0", revision=0), FACTS, revisions).code == 409
    assert admit(ask("shelve", subject="0", revision=0), FACTS, revisions).accepted
    assert place_of("Amritsar", FACTS.places) == 1


def test_an_act_on_all_sectors_locks_each(revisions):
    assert admit(ask("cease-fire", revision=0), FACTS, revisions).accepted
    late = admit(ask("set-posture", person="A. Khan", revision=0), FACTS, revisions)
    assert late.words == "R. Singh declared a cease-fire just now"
    assert locks_of(ask("cease-fire"), FACTS) == ("sector/north", "sector/south")


def test_a_release_comes_too_late_unless_fire_is_ceased(revisions):
    """Under a cease-fire a release is what lets the rules propose at all."""
    gone = replace(FACTS, proposals={})
    late = decide(ask("release"), gone, revisions)
    assert (late.code, late.accepted) == (409, False)
    assert "too late" in late.words
    assert decide(ask("release"), replace(gone, ceased=("north",)), revisions).accepted
    assert decide(ask("refuse"), gone, revisions).accepted


def frame(*rows):
    track, state = zip(*rows, strict=True) if rows else ((), ())
    engagements = Engagements.of(track=list(track), state=[int(one) for one in state])
    return Frame(10.0, True, engagements=engagements)


def test_who_was_overtaken_between_asking_and_doing_is_told():
    act = Act(10.0, "R. Singh", "release", "7")
    states = EngagementState
    in_time = frame((7, states.RELEASED), (7, states.ORDERED))
    assert told_late(act, in_time, FACTS) == ""
    for late in (frame(), frame((7, states.ABORTED)), frame((8, states.RELEASED))):
        assert "too late" in told_late(act, late, FACTS)
    assert told_late(act, frame(), replace(FACTS, ceased=("north",))) == ""
    assert told_late(replace(act, verb="refuse"), frame(), FACTS) == ""


def test_an_account_is_noted_with_its_role():
    status = on_watch("A. Khan", "approver")
    assert (status.source, status.kind, status.state) == ("A. Khan", "account", "approver")


def test_of_many_at_once_one_is_first(revisions):
    verdicts = []

    def hurry(name):
        verdicts.append(admit(ask("release", person=name, revision=0), FACTS, revisions))

    people = [threading.Thread(target=hurry, args=(f"P{k}",)) for k in range(20)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sum(verdict.accepted for verdict in verdicts) == 1
    assert {verdict.code for verdict in verdicts} == {200, 409}


def rows(*told):
    numbers, places, levels = zip(*told, strict=True)
    return Warnings.of(
        warning=numbers, time_s=[0.0] * len(told), place=places, level=[int(v) for v in levels]
    )


def test_what_the_machine_changed_counts_and_a_renewal_does_not(revisions):
    revisions.take(rows((1, 0, WarningLevel.ADVISORY)))
    assert revisions.number("warning/0") == 1
    revisions.take(rows((1, 0, WarningLevel.ADVISORY)))
    assert revisions.number("warning/0") == 1
    revisions.take(rows((1, 0, WarningLevel.TAKE_COVER)))
    late = decide(ask("cancel-warning", subject="Jammu", revision=1), FACTS, revisions)
    assert late.words == "the machine sent take cover just now"


def test_what_follows_from_a_persons_word_is_that_persons(revisions):
    revisions.take(rows((1, 0, WarningLevel.ADVISORY), (2, 0, WarningLevel.PROPOSED_TAKE_COVER)))
    sent = admit(ask("send-warning", subject="0"), FACTS, revisions)
    revisions.take(rows((1, 0, WarningLevel.TAKE_COVER), (2, 0, WarningLevel.NONE)))
    assert revisions.number("warning/0") == sent.revision
    assert revisions.words("warning/0") == "R. Singh sent take-cover just now"


def test_roles_stand_in_their_order():
    assert [role.name for role in sorted(Role)] == ["VIEWER", "OPERATOR", "APPROVER"]
