"""A person in the loop of a simulation, scripted: what they say is done, recorded and replayed."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from chowki.core.errors import JournalError
from chowki.core.inbox import Inbox
from chowki.core.messages import Act
from chowki.core.records import EngagementState, Refusal, WarningLevel
from chowki.outputs.web.nightwatch import NightWatch
from chowki.run import Run, compare, replay, verify, without_operator
from chowki.run import run as run_source
from chowki.run.assemble import assemble
from chowki.run.loop import events_until, loop, recording
from chowki.run.pace import Pace, paced
from chowki.run.paired import WITHOUT
from chowki.run.serve import OPERATOR

PROPOSED, RELEASED = int(EngagementState.PROPOSED), int(EngagementState.RELEASED)
ORDERED, ABORTED = int(EngagementState.ORDERED), int(EngagementState.ABORTED)
P_ADVISORY, P_COVER = int(WarningLevel.PROPOSED_ADVISORY), int(WarningLevel.PROPOSED_TAKE_COVER)
UNTIL_S = 240.0


@dataclass
class Person:
    """Somebody at the page who sees each frame and says what they would."""

    inbox: Inbox
    start_s: float
    said: set[object] = field(default_factory=set)

    def see(self, _event, frame):
        """Take note of a frame; say something."""

    def say(self, verb, subject="", value=""):
        self.inbox.put(Act(0.0, "R. Singh", verb, str(subject), value))

    def once(self, what):
        """Return whether something comes up for the first time."""
        new = what not in self.said
        self.said.add(what)
        return new


class Silent(Person):
    """Says nothing all night."""


class Releases(Person):
    """Releases whatever is proposed, sends every warning at once, acknowledges every alarm."""

    def see(self, _event, frame):
        rows = frame.engagements
        for track in rows.track[rows.state == PROPOSED].tolist():
            self.say("release", track)
        rows = frame.warnings
        for place in rows.place[rows.level == P_ADVISORY].tolist():
            self.say("send-warning", place, "advisory")
        for place in rows.place[rows.level == P_COVER].tolist():
            self.say("send-warning", place, "take-cover")


class Holds(Person):
    """Refuses the first track, releases the others, and ceases fire after two minutes."""

    def see(self, _event, frame):
        rows = frame.engagements
        for track in rows.track[rows.state == PROPOSED].tolist():
            self.say("refuse" if self.once("the first") else "release", track)
        if frame.time_s >= self.start_s + 205.0 and self.once("ceased"):
            self.say("cease-fire")
            self.say("handover", "", "fire ceased at the sector's word")
        rows = frame.warnings
        proposed = rows.level >= P_ADVISORY
        for place, cell in zip(rows.place[proposed], rows.cell[proposed], strict=True):
            self.say("cancel-warning", place if place >= 0 else f"cell:{cell}")


def play(folder: Path, who: type[Person], *, until_s: float = UNTIL_S) -> Run:
    """Run single-site as fast as it goes with somebody at the page."""
    inbox, asked = Inbox(), threading.Event()
    assembly = assemble("single-site", None, (), until_s, OPERATOR)
    night = NightWatch(assembly.built.theatre)
    person, watch = who(inbox, assembly.start_s), night.start()

    def listen(message):
        nonlocal watch
        watch, alarms = night.take(watch, message)
        for alarm in alarms:
            inbox.put(night.status(alarm))
            inbox.put(Act(0.0, "V. Rao", "acknowledge", str(alarm.number)))

    pace = Pace(assembly.start_s, math.inf)
    with recording(folder, assembly, listen) as recorder:
        events = paced(events_until(asked, assembly), pace, inbox, asked)
        loop(assembly, events, recorder, person.see)
    return Run(folder)


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    home = tmp_path_factory.mktemp("nights")
    return {who: play(home / who.__name__, who) for who in (Silent, Releases, Holds)}


def columns(table, *names):
    return [table[name].to_numpy() for name in names]


def test_without_a_word_nothing_is_engaged_and_everybody_is_warned(nights):
    run = nights[Silent]
    (state,) = columns(run.engagements, "state")
    assert PROPOSED in state
    assert not np.isin(state, (RELEASED, ORDERED)).any()
    assert run.recording.orders.num_rows == 0
    level, time_s = columns(run.warnings, "level", "time_s")
    first = {value: time_s[level == value].min() for value in set(level.tolist())}
    assert first[int(WarningLevel.ADVISORY)] - first[P_ADVISORY] == 30.0


def test_what_was_released_was_engaged_and_at_once(nights):
    run = nights[Releases]
    state, number, time_s = columns(run.engagements, "state", "engagement", "time_s")
    acts = {act["subject"] for act in run.recording.acts.to_pylist() if act["verb"] == "release"}
    assert acts
    released = set(number[state == RELEASED].tolist())
    (ordered,) = columns(run.recording.orders, "track")
    assert len(ordered) > 0
    assert set(ordered.tolist()) <= {int(track) for track in acts}
    for one in released:
        proposed_s = time_s[(number == one) & (state == PROPOSED)].min()
        assert time_s[(number == one) & (state == RELEASED)].min() - proposed_s < 1.0


def test_warnings_that_were_sent_did_not_wait(nights):
    level, time_s, expires_s = columns(nights[Releases].warnings, "level", "time_s", "expires_s")
    cover = time_s[level == int(WarningLevel.TAKE_COVER)].min()
    assert cover == time_s[level == P_COVER].min()
    proposals = level >= P_ADVISORY
    assert (expires_s[proposals] - time_s[proposals] == 30.0).all()


def test_what_was_refused_was_not_engaged_and_a_cease_fire_ends_it(nights):
    run = nights[Holds]
    acts = run.recording.acts.to_pylist()
    refused = next(int(act["subject"]) for act in acts if act["verb"] == "refuse")
    ceased_s = next(act["time_s"] for act in acts if act["verb"] == "cease-fire")
    state, refusal, track, time_s = columns(run.engagements, "state", "refusal", "track", "time_s")
    withheld = (track == refused) & (refusal == int(Refusal.RELEASE_WITHHELD))
    assert ABORTED in state[withheld]
    orders = run.recording.orders
    assert orders.num_rows > 0
    assert refused not in orders["track"].to_numpy()
    assert orders["time_s"].to_numpy().max() <= ceased_s
    assert int(Refusal.CEASE_FIRE) in refusal[time_s >= ceased_s]


def test_warnings_that_were_cancelled_were_told_to_nobody(nights):
    run = nights[Holds]
    (level,) = columns(run.warnings, "level")
    assert P_ADVISORY in level or P_COVER in level
    told = (int(WarningLevel.ADVISORY), int(WarningLevel.TAKE_COVER))
    assert not np.isin(level, told).any()
    assert run.alerts() == []


def test_alarms_and_who_acknowledged_them_are_in_the_journal(nights):
    run = nights[Releases]
    statuses = [row for row in run.recording.statuses.to_pylist() if row["kind"] == "alarm"]
    assert [row["source"] for row in statuses][:1] == ["Airport"]
    assert "take cover" in statuses[0]["note"]
    said = [a for a in run.recording.acts.to_pylist() if a["verb"] == "acknowledge"]
    assert (said[0]["person"], said[0]["subject"]) == ("V. Rao", "1")
    assert run.summary()["state"] == "complete"


@pytest.mark.parametrize("who", [Silent, Releases, Holds])
def test_a_replay_with_the_acts_gives_the_same_frames(nights, who):
    run = nights[who]
    outcome = replay(run.folder)
    assert outcome.equal, outcome.first_difference
    assert outcome.frames > UNTIL_S
    assert verify(run.folder) == []


def test_the_report_tells_each_decision_beside_the_advice(nights):
    from chowki.outputs.report import page
    from chowki.outputs.sitrep import situation

    run = nights[Releases]
    told = situation(run.recording)
    facts = told.decisions
    assert facts.operator
    releases = [one for one in facts.each if one.act.verb == "release"]
    assert len(releases) == facts.released > 0
    assert all(one.advised.startswith("engage track ") for one in releases)
    assert all(0.0 <= one.waited_s < 1.0 for one in releases)
    assert {one.advised for one in facts.each if one.act.verb == "send-warning"} >= {
        "proposed advisory", "proposed take cover",
    }  # fmt: skip
    assert "DECISIONS OF PERSONS" in told.text()
    html = page(run.recording, told, None)
    assert html.count("R. Singh") == len(facts.each)
    assert "The operator's decisions beside the machine's advice" in html.replace("&#39;", "'")


def test_silence_is_told_as_such(nights):
    from chowki.outputs.sitrep import situation

    facts = situation(nights[Silent].recording).decisions
    assert (facts.each, facts.released, facts.refused) == ((), 0, 0)
    assert facts.unanswered == facts.proposals > 0
    assert facts.unanswered_sent == facts.warnings_proposed > 0


def test_refusals_and_withheld_warnings_are_told(nights):
    from chowki.outputs.sitrep import situation

    facts = situation(nights[Holds].recording).decisions
    assert facts.refused == 1
    assert facts.withheld == facts.warnings_proposed > 0
    assert facts.unanswered_sent == 0
    ceased = next(one for one in facts.each if one.act.verb == "cease-fire")
    assert ceased.advised == "stood at tight"


def test_the_same_night_without_the_operator(nights):
    """The re-run is the run as anybody would start it: nothing of the person is left in it."""
    run = nights[Silent]
    found = without_operator(run.folder)
    assert found.until_s == UNTIL_S
    plain = run_source("single-site", out=run.folder.parent / "plain", until_s=UNTIL_S)
    both = compare(run.folder / WITHOUT, plain.folder)
    assert both.equal, both.first_difference
    figures = {one["name"]: (one["with"], one["without"]) for one in found.figures}
    assert figures["engagements ordered"][0] == 0 < figures["engagements ordered"][1]
    assert figures["rounds spent"][0] == 0 < figures["rounds spent"][1]
    raid = figures["drones of the raid that flew"]
    assert raid[0] == raid[1]
    lead = figures["median lead of a warning"]
    assert lead[0] < lead[1]
    run.report(run.folder / "report.html")
    assert "The same night without the operator" in (run.folder / "report.html").read_text()


def test_what_is_told_of_another_run_is_refused(nights):
    run = nights[Holds]
    (run.folder / "paired.json").write_text('{"digest": "of another"}')
    with pytest.raises(JournalError, match="another journal"):
        run.report(run.folder / "report.html")
    (run.folder / "paired.json").write_text("{")
    with pytest.raises(JournalError, match="cannot be read"):
        run.report(run.folder / "report.html")
