"""The night watch at the page: what alarms, and who saw it, as the journal has it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from chowki.core.clock import format_clock
from chowki.core.records import Identity
from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.server import Settings
from chowki.run.serve import Replay

OPERATOR, APPROVER, VIEWER = "R. Singh", "A. Khan", "V. Rao"
QUIET = ("raid.count=0", "birds.per_drone=0")
# Counts what is heard: every tone that is started on a context that runs.
EAR = """
globalThis.heard = {tones: 0, contexts: 0};
globalThis.AudioContext = class extends AudioContext {
  constructor(...given) {
    super(...given);
    heard.contexts += 1;
  }
  createOscillator() {
    const tone = super.createOscillator();
    const start = tone.start.bind(tone);
    tone.start = (at) => {
      if (this.state === "running") heard.tones += 1;
      start(at);
    };
    return tone;
  }
};
"""
TONES_A_RING = 4
AGAIN_MS = 7_000
WHILE_FLASHING_MS = 11_000


@pytest.fixture
def watch(people):
    """Return how to open pages that are listened to, with a clock that can be put forward.

    Nothing sounds before a person did something on the page: each is clicked once.
    """

    def open_for(stage, *names):
        pages = people(stage, *names)
        for page in pages:
            page.add_init_script(EAR)
            page.clock.install()
            page.reload()
            expect(page.locator(".top-link")).to_contain_text("Connected")
            wake(page)
        return pages

    return open_for


def wake(page):
    """Click once, unless the browser lets the page sound already."""
    expect(page.locator(".top-alarm")).to_contain_text(re.compile("sound: click once|sound on"))
    page.locator(".top-user").click()
    expect(page.locator(".top-alarm")).to_contain_text("sound on")


def tones(page):
    return page.evaluate("heard.tones")


def rung(page, times):
    """Wait until it rang so often."""
    page.wait_for_function("tones => heard.tones === tones", arg=TONES_A_RING * times)


def panel(page, name):
    page.locator(f"#panel-{name}-tab").click()
    return page.locator(f"#panel-{name}")


def flashing(page):
    return expect(page.locator(".top-alarm"))


def acts_of(recording, *verbs):
    """Return time, person, verb, subject and value of the acts on record, of some verbs."""
    return [
        (act["time_s"], act["person"], act["verb"], act["subject"], act["value"])
        for act in recording.acts.to_pylist()
        if act["verb"] in verbs
    ]


def alarms_of(recording):
    rows = [row for row in recording.statuses.to_pylist() if row["kind"] == "alarm"]
    return [(row["time_s"], row["source"], row["note"]) for row in rows]


def warn(page, level):
    """Send a warning to the airport, or cancel the one that stands."""
    warnings = panel(page, "warnings")
    if level == "none":
        warnings.get_by_role("button", name="Cancel the warning of Airport").click()
        return
    warnings.get_by_label("Level of the warning").select_option(level)
    warnings.get_by_role("button", name="Send", exact=True).click()


def rows_of(page):
    return page.locator("#panel-alarms table.alarms tbody tr")


def test_an_alarm_rings_until_somebody_acknowledges_it_and_a_worse_one_rings_again(
    staged, watch, people
):
    stage = staged()
    stage.at(60)
    (page,) = watch(stage, OPERATOR)
    expect(page.locator(".top-alarm")).to_contain_text("No open alarm")
    assert tones(page) == 0
    raised = stage.until(lambda state: state["alarms"])
    rung(page, 1)
    flashing(page).to_have_class(re.compile("flash"))
    flashing(page).to_contain_text("Take cover: Airport")
    expect(page.locator("#say-now")).to_have_text(re.compile("^Alarm: .*take cover.*Airport"))
    expect(page).to_have_title(re.compile(r"^\(1\) "))
    page.clock.fast_forward(AGAIN_MS)
    rung(page, 2)
    page.clock.fast_forward(WHILE_FLASHING_MS)
    flashing(page).not_to_have_class(re.compile("flash"))

    panel(page, "alarms")
    expect(rows_of(page)).to_contain_text(f"seen by {OPERATOR}")
    before = tones(page)
    rows_of(page).get_by_role("button", name="Acknowledge").click()
    flashing(page).to_contain_text("No open alarm")
    expect(rows_of(page)).to_contain_text(OPERATOR)
    known_s = stage.session.span_s[1]
    page.clock.fast_forward(4 * AGAIN_MS)
    assert tones(page) == before
    page.reload()
    (other,) = people(stage, VIEWER)
    for each in (page, other):
        expect(each.locator(".top-alarm")).to_contain_text("No open alarm")
        panel(each, "alarms")
        known = re.compile(f"{OPERATOR} {format_clock(known_s)}")
        expect(rows_of(each)).to_contain_text(known)
    wake(page)
    assert tones(page) == 0

    worse = stage.until(lambda state: len(state["alarms"]) > 1)
    rung(page, 1)
    flashing(page).to_have_class(re.compile("flash"))
    flashing(page).to_contain_text("Take cover: Airport")
    expect(rows_of(page)).to_have_count(2)
    recording = stage.recording(page, other)
    first, second = alarms_of(recording)
    assert first[:2] == (raised["time_s"], "Airport")
    assert second[:2] == (worse["time_s"], "Airport")
    assert first[2].startswith("1: take cover, from advisory")
    assert second[2].startswith("2: take cover, more")
    assert acts_of(recording, "acknowledge") == [(known_s, OPERATOR, "acknowledge", "1", "")]
    assert (raised["time_s"], OPERATOR, "seen", "1", "") in acts_of(recording, "seen")


def test_muting_takes_the_sound_for_a_stated_time_and_never_the_sight(staged, watch):
    stage = staged(overrides=QUIET, operator=True)
    at_s = stage.at(5)["time_s"]
    muted, other = watch(stage, OPERATOR, APPROVER)
    alarms = panel(muted, "alarms")
    alarms.get_by_role("button", name="Mute the sound for 5 min").click()
    expect(alarms.locator(".bar")).to_contain_text(re.compile("Muted, (5:00|4:5.) left"))
    muted.clock.fast_forward(120_000)
    expect(alarms.locator(".bar")).to_contain_text(re.compile("Muted, (3:00|2:5.) left"))
    flashing(muted).to_contain_text(re.compile("muted (3:00|2:5.)"))
    warn(other, "take-cover")
    for page in (muted, other):
        flashing(page).to_have_class(re.compile("flash"))
        flashing(page).to_contain_text("Take cover: Airport")
    rung(other, 1)
    assert tones(muted) == 0
    muted.clock.fast_forward(120_000)
    flashing(muted).to_contain_text(re.compile("muted (1:00|0:5.)"))
    assert tones(muted) == 0
    muted.clock.fast_forward(61_000)
    flashing(muted).to_contain_text("sound on")
    rung(muted, 1)  # nobody acknowledged it meanwhile

    muted.keyboard.press("u")
    flashing(muted).to_contain_text(re.compile("muted (5:00|4:5.)"))
    muted.keyboard.press("u")
    flashing(muted).to_contain_text("sound on")
    recording = stage.recording(muted, other)
    said = acts_of(recording, "mute")
    assert said[:2] == [(at_s, OPERATOR, "mute", "", "300")] * 2
    assert [time_s for time_s, _, _ in alarms_of(recording)] == [at_s]


def test_a_shelved_place_is_listed_and_not_sounded_for_a_time(staged, watch):
    stage = staged(overrides=QUIET, operator=True)
    first_s = stage.at(5)["time_s"]
    page, other = watch(stage, OPERATOR, APPROVER)
    warn(page, "take-cover")
    panel(page, "alarms")
    expect(rows_of(page)).to_have_count(1)
    rows_of(page).get_by_label("Shelve alarms of Airport").select_option("900")
    shelf = page.locator("#panel-alarms table.shelf tbody tr")
    expect(shelf).to_contain_text("Airport")
    expect(shelf).to_contain_text("15:00")
    expect(shelf).to_contain_text(OPERATOR)
    rows_of(page).get_by_role("button", name="Acknowledge").click()
    flashing(other).to_contain_text("No open alarm")
    warn(page, "none")
    stage.at(140)
    panel(page, "alarms")
    expect(shelf).to_contain_text(re.compile("12:4."))
    heard = [tones(each) for each in (page, other)]
    warn(other, "take-cover")
    panel(other, "alarms")
    panel(page, "alarms")
    for each in (page, other):
        expect(rows_of(each)).to_contain_text("shelved")
        flashing(each).to_contain_text("No open alarm")
        each.clock.fast_forward(2 * AGAIN_MS)
    assert [tones(each) for each in (page, other)] == heard
    page.get_by_role("button", name="Take off the shelf").click()
    expect(shelf).to_have_count(0)
    recording = stage.recording(page, other)
    later_s = first_s + 135
    assert acts_of(recording, "shelve", "unshelve") == [
        (first_s, OPERATOR, "shelve", "0", "900"),
        (later_s, OPERATOR, "unshelve", "0", ""),
    ]
    one, two = alarms_of(recording)
    assert "shelved" not in one[2]
    assert two[0] == later_s
    assert two[2].endswith("shelved")


def test_a_drone_is_withdrawn_and_authorised_from_its_details(staged, people):
    stage = staged(overrides=QUIET, operator=True)
    stage.at(20)
    state = stage.until(lambda state: state["authorised"][0]["track"] is not None)
    (drone,) = state["authorised"]
    page, other = people(stage, OPERATOR, VIEWER)
    drones = panel(page, "watch").locator("table.drones").first.locator("tbody tr")
    expect(drones).to_contain_text("listed from the start")
    drones.get_by_role("button", name="Withdraw").click()
    expect(drones).to_have_count(0)
    withdrawn = stage.at(state["time_s"] - state["start_s"] + 15)

    page.keyboard.press("/")
    page.keyboard.type(str(drone["track"]))
    page.keyboard.press("Enter")
    details = page.locator("#panel-details")
    expect(details.locator(".big")).to_have_text(str(drone["track"]))
    details.get_by_label("Note on the authorised drone").fill("survey of the river")
    details.get_by_role("button", name="Mark as authorised").click()
    for each in (page, other):
        rows = panel(each, "watch").locator("table.drones").first.locator("tbody tr")
        expect(rows).to_contain_text(str(drone["track"]))
        expect(rows).to_contain_text(f"survey of the river, by {OPERATOR}")
    stage.at(withdrawn["time_s"] - state["start_s"] + 15)
    recording = stage.recording(page, other)
    address = str(drone["address"])
    assert acts_of(recording, "authorise-drone", "withdraw-authorisation") == [
        (state["time_s"], OPERATOR, "withdraw-authorisation", address, ""),
        (withdrawn["time_s"], OPERATOR, "authorise-drone", address, "survey of the river"),
    ]
    rows = [row for row in recording.tracks.to_pylist() if row["track"] == drone["track"]]
    between = [r["identity"] for r in rows if state["time_s"] < r["time_s"] < withdrawn["time_s"]]
    assert between[-1] == Identity.UNKNOWN
    assert rows[-1]["identity"] == Identity.ASSUMED_FRIEND


def test_a_handover_note_is_shown_to_the_others_with_time_and_name(staged, people):
    stage = staged(overrides=QUIET)
    at_s = stage.at(5)["time_s"]
    page, other = people(stage, OPERATOR, VIEWER)
    expect(panel(other, "watch")).to_contain_text("No note was handed over.")
    page.keyboard.press("H")
    dialog = page.get_by_role("dialog", name="Handover note")
    expect(dialog).to_contain_text(f"Signed {OPERATOR}")
    page.keyboard.type("Radar 2 is off until six.")
    dialog.get_by_role("button", name="Hand over").click()
    expect(dialog).to_be_hidden()
    for each in (page, other):
        shown = panel(each, "watch")
        expect(shown.locator("p.handover")).to_have_text("Radar 2 is off until six.")
        expect(shown).to_contain_text(f"{OPERATOR}, 2025-05-09 10:00:05 UTC")
    other.keyboard.press("H")
    expect(other.locator(".note", has_text="An operator writes the handover note")).to_be_visible()
    recording = stage.recording(page, other)
    said = (at_s, OPERATOR, "handover", "", "Radar 2 is off until six.")
    assert acts_of(recording, "handover") == [said]


def test_a_replay_shows_the_watch_as_it_was(staged, people, serving, page_of):
    stage = staged(overrides=QUIET)
    stage.at(5)
    (page,) = people(stage, OPERATOR)
    warn(page, "take-cover")
    panel(page, "alarms")
    rows_of(page).get_by_role("button", name="Acknowledge").click()
    expect(rows_of(page)).to_contain_text(f"{OPERATOR} 10:00:05")
    page.keyboard.press("H")
    page.keyboard.type("All quiet but for the airport.")
    page.get_by_role("button", name="Hand over").click()
    told = rows_of(page).locator(".where, .who").all_text_contents()
    stage.at(30)
    stage.recording(page)
    again = Replay(stage.folder)
    again.start()
    again.join()
    start_s = again.session.span_s[0]
    served = serving(again.session, Settings(cursor=Cursor(start_s + 2, paused=True)))
    shown = page_of(served)
    panel(shown, "alarms")
    expect(rows_of(shown)).to_have_count(0)
    expect(panel(shown, "watch")).to_contain_text("No note was handed over.")
    for _ in range(2):
        shown.keyboard.press(".")
    expect(shown.locator(".time-now")).to_have_text("10:00:22")
    expect(rows_of(shown).locator(".where, .who")).to_have_text(told)
    expect(shown.locator("p.handover")).to_have_text("All quiet but for the airport.")
    expect(shown.locator("#panel-alarms .do button")).to_have_count(0)
