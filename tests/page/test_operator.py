"""A person in the loop of a simulation: what is pressed on the page stands in the journal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chowki.core.records import EngagementState, Identity, WarningLevel
from chowki.run.proof import replay

SCENARIOS = Path(__file__).parents[2] / "scenarios"
OPERATOR, APPROVER, VIEWER = "R. Singh", "A. Khan", "V. Rao"
QUIET = ("raid.count=0", "birds.per_drone=0")
VILLAGE = """
[[places.towns]]
name = "Village"
sector = "East"
lat_deg = 27.7
lon_deg = 77.4
kind = "civil"
population = 400
population_source = "invented"
priority = 0.1
"""
# Every word of an act that engages; a page on which nothing is released holds none of them.
ENGAGING = re.compile("release|refuse|cease|posture|proposal|weapons", re.IGNORECASE)
ORDERED = (EngagementState.ORDERED, EngagementState.IN_FLIGHT)
SLIP_OVER = "pressed => performance.now() - pressed > 450"


@pytest.fixture
def two_sectors(tmp_path):
    """Return the airport with a village beside it, each in a sector of its own."""
    text = (SCENARIOS / "single-site.toml").read_text(encoding="utf-8")
    own = 'priority = 1.0\nsector = "West"\n'
    path = tmp_path / "two-sectors.toml"
    path.write_text(text.replace("priority = 1.0\n", own + VILLAGE, 1), encoding="utf-8")
    return path


def proposed(state):
    return [e for e in state["engagements"] if e["state"] == EngagementState.PROPOSED]


def panel(page, name):
    page.locator(f"#panel-{name}-tab").click()
    return page.locator(f"#panel-{name}")


def row_of(page, track):
    """Return the row of a proposal on a track."""
    first = page.locator("#panel-proposals table.engagements").first
    return first.locator("tbody tr", has=page.locator(".who strong, .who", has_text=f"{track}"))


def confirm(button, words, press):
    """Press a button twice, the second time when it can be no slip any more."""
    press()
    expect(button).to_have_text(words)
    button.page.wait_for_function(SLIP_OVER, arg=button.page.evaluate("performance.now()"))
    press()


def told(page, words):
    expect(page.locator(".note", has_text=words).last).to_be_visible()


def acts_of(recording):
    """Return time, person, verb, subject and value of the acts on record, but for "seen"."""
    return [
        (act["time_s"], act["person"], act["verb"], act["subject"], act["value"])
        for act in recording.acts.to_pylist()
        if act["verb"] != "seen"
    ]


def test_proposals_are_released_and_refused_by_mouse_and_by_keyboard(staged, people):
    stage = staged(operator=True)
    state = stage.until(lambda state: len(proposed(state)) >= 4)
    (page,) = people(stage, OPERATOR)
    by_mouse, dropped, by_key, kept = (e["track"] for e in order_on_page(state))
    shown = panel(page, "proposals")
    expect(shown.locator("button.release")).to_have_count(4)
    expect(page.locator("#panel-proposals-tab .badge")).to_have_text("4")

    release = shown.locator("button.release").nth(0)
    release.dblclick()
    expect(release).to_have_text("Release now?")  # a double click is one slip
    page.wait_for_function(SLIP_OVER, arg=page.evaluate("performance.now()"))
    release.click()
    told(page, f"Released track: {by_mouse}")
    refuse = shown.get_by_role("button", name=re.compile(f"Refuse.*track {dropped}$"))
    confirm(refuse, "Refuse now?", refuse.click)
    told(page, f"Refused track: {dropped}")

    release = shown.get_by_role("button", name=re.compile(f"Release.*track {by_key}$"))
    expect(shown.locator("button.release")).to_have_count(2)
    page.locator("#map").focus()
    page.keyboard.press("R")
    expect(release).to_be_focused()
    page.keyboard.press("Enter")
    expect(release).to_have_text("Release now?")
    page.keyboard.press("Escape")
    expect(release).to_have_text("Release")  # armed, and let go again
    confirm(release, "Release now?", lambda: page.keyboard.press("Enter"))
    told(page, f"Released track: {by_key}")

    stage.until(lambda state: ordered_on(state, by_key))
    recording = stage.recording(page)
    now_s = state["time_s"]
    assert acts_of(recording) == [
        (now_s, OPERATOR, "release", str(by_mouse), ""),
        (now_s, OPERATOR, "refuse", str(dropped), ""),
        (now_s, OPERATOR, "release", str(by_key), ""),
    ]
    ordered = {order["track"]: order["time_s"] for order in recording.orders.to_pylist()}
    assert set(ordered) == {by_mouse, by_key}
    assert all(time_s >= now_s for time_s in ordered.values())
    assert kept not in ordered
    proof = replay(stage.folder)
    assert proof.equal, proof.first_difference
    assert proof.frames > 500


def order_on_page(state):
    """Return the proposals as the page lists them: the soonest intercept first."""
    return sorted(proposed(state), key=lambda one: (one["intercept_s"], one["engagement"]))


def ordered_on(state, track):
    return any(e["track"] == track and e["state"] in ORDERED for e in state["engagements"])


def test_what_a_second_person_decides_about_the_same_is_not_done_and_told(staged, people):
    stage = staged(operator=True)
    state = stage.until(proposed)
    (track,) = (one["track"] for one in proposed(state))
    first, second = people(stage, OPERATOR, APPROVER, expected="409")
    held = []
    # on its way while somebody else is heard
    second.route("**/acts", lambda route: held.append(route))  # noqa: PLW0108
    for page, verb in ((second, "Release"), (first, "Refuse")):
        button = panel(page, "proposals").locator(f"button.{verb.lower()}")
        confirm(button, f"{verb} now?", button.click)
    told(first, f"Refused track: {track}")
    (late,) = [route for route in held if route.request.post_data_json["verb"] == "release"]
    with second.expect_response("**/acts") as answer:
        late.continue_()
    assert answer.value.status == 409
    told(second, f"Somebody was first: {OPERATOR} refused it")
    second.unroute_all()
    stage.at(state["time_s"] - state["start_s"] + 10)
    recording = stage.recording(first, second)
    assert acts_of(recording) == [(state["time_s"], OPERATOR, "refuse", str(track), "")]
    assert track not in recording.orders["track"].to_pylist()


def test_posture_and_weapons_control_status_are_set_by_sector(staged, people, two_sectors):
    stage = staged(two_sectors, QUIET, operator=True)
    at_s = stage.at(3)["time_s"]
    operator, approver = people(stage, OPERATOR, APPROVER)
    sectors = panel(operator, "sectors")
    sectors.get_by_label("Posture of West").focus()
    sectors.get_by_label("Posture of West").select_option("hold")
    told(operator, "Posture set: West")
    sectors.get_by_label("Weapons control status of East").select_option("free")
    told(operator, "Weapons control status set: East")
    other = panel(approver, "sectors")
    expect(other.get_by_label("Posture of West")).to_have_value("hold")
    expect(other.get_by_label("Posture of East")).to_have_value("free")
    expect(other.locator("tbody tr", has_text="East")).to_contain_text(OPERATOR)
    expect(approver.locator(".top-posture")).to_contain_text(re.compile("Weapons hold.free"))
    other.get_by_label("Posture for all sectors").select_option("tight")
    other.get_by_role("button", name="Set for all").click()
    expect(operator.locator(".top-posture")).to_contain_text("posture tight")
    expect(sectors.get_by_label("Posture of West")).to_have_value("tight")
    assert acts_of(stage.recording(operator, approver)) == [
        (at_s, OPERATOR, "set-posture", "West", "hold"),
        (at_s, OPERATOR, "set-weapons-control-status", "East", "free"),
        (at_s, APPROVER, "set-posture", "", "tight"),
    ]


def test_an_operator_ceases_fire_and_an_approver_alone_lifts_it(staged, people, two_sectors):
    stage = staged(two_sectors, QUIET, operator=True)
    at_s = stage.at(3)["time_s"]
    operator, approver = people(stage, OPERATOR, APPROVER)
    sectors, other = panel(operator, "sectors"), panel(approver, "sectors")
    sectors.get_by_role("button", name="Cease fire in East").click()
    expect(sectors.locator("tbody tr", has_text="East")).to_contain_text("since 10:00:03")
    expect(operator.locator(".top-posture")).to_contain_text("cease-fire in 1")
    sectors.get_by_role("button", name="Cease fire everywhere").click()
    expect(approver.locator(".top-posture")).to_contain_text("cease-fire in 2")
    expect(other.locator("tbody button:visible")).to_have_text(["Lift", "Lift"])
    expect(sectors.locator("tbody button:visible")).to_have_count(0)  # nothing that lifts it
    other.get_by_role("button", name="Lift the cease-fire in West").click()
    told(approver, "Cease-fire lifted: West")
    expect(operator.locator(".top-posture")).to_contain_text("cease-fire in 1")
    assert acts_of(stage.recording(operator, approver)) == [
        (at_s, OPERATOR, "cease-fire", "East", ""),
        (at_s, OPERATOR, "cease-fire", "", ""),
        (at_s, APPROVER, "lift-cease-fire", "West", ""),
    ]


def test_a_track_is_given_an_identity_and_left_to_the_machine_again(staged, people):
    stage = staged(overrides=QUIET, operator=True)
    state = stage.until(lambda state: state["counts"]["confirmed"] >= 3)
    (page,) = people(stage, OPERATOR)
    track = page.evaluate("chowki.store.block.col.track[0]")
    page.keyboard.press("/")
    page.keyboard.type(str(track))
    page.keyboard.press("Enter")
    details = page.locator("#panel-details")
    expect(details.locator(".big")).to_have_text(str(track))
    choice = details.get_by_label("Identity that you give the track")
    choice.select_option("hostile")
    details.get_by_role("button", name="Set identity").click()
    told(page, f"Identity set for track: {track}")
    later = stage.at(state["time_s"] - state["start_s"] + 5)
    expect(details.locator(".head-words")).to_contain_text("hostile")
    choice.select_option("automatic")
    details.get_by_role("button", name="Set identity").click()
    told(page, f"Identity set for track: {track}")
    expect(page.locator(".note-good")).to_have_count(2)
    stage.at(later["time_s"] - later["start_s"] + 10)
    recording = stage.recording(page)
    assert acts_of(recording) == [
        (state["time_s"], OPERATOR, "set-identity", str(track), "hostile"),
        (later["time_s"], OPERATOR, "set-identity", str(track), "automatic"),
    ]
    rows = [row for row in recording.tracks.to_pylist() if row["track"] == track]
    between = [r["identity"] for r in rows if state["time_s"] < r["time_s"] <= later["time_s"]]
    assert between
    assert set(between) == {Identity.HOSTILE}
    assert rows[-1]["identity"] != Identity.HOSTILE


def levels_of(recording, place=0):
    """Return the levels that a place went through, in order, without renewals."""
    levels = [r["level"] for r in recording.warnings.to_pylist() if r["place"] == place]
    return [now for before, now in zip([None, *levels], levels, strict=False) if now != before]


def test_a_warning_is_sent_to_a_place_and_cancelled(staged, people):
    stage = staged(overrides=QUIET, operator=True)
    at_s = stage.at(3)["time_s"]
    (page,) = people(stage, OPERATOR)
    warnings = panel(page, "warnings")
    warnings.get_by_label("Place to warn").select_option("Airport")
    warnings.get_by_label("Level of the warning").select_option("take-cover")
    warnings.get_by_role("button", name="Send", exact=True).click()
    told(page, "Warning sent: Airport")
    row = warnings.locator("tbody tr", has_text="Airport")
    expect(row).to_contain_text("take cover")
    row.get_by_role("button", name="Cancel the warning of Airport").click()
    told(page, "Warning cancelled: Airport")
    stage.at(8)
    expect(warnings.locator("tbody tr", has_text="take cover")).to_have_count(0)
    recording = stage.recording(page)
    assert acts_of(recording) == [
        (at_s, OPERATOR, "send-warning", "0", "take-cover"),
        (at_s, OPERATOR, "cancel-warning", "0", ""),
    ]
    assert levels_of(recording)[:2] == [WarningLevel.TAKE_COVER, WarningLevel.ALL_CLEAR]


def test_what_the_machine_proposes_to_warn_is_dropped_or_sent(staged, people):
    stage = staged(operator=True)
    first = stage.until(lambda state: any(one["proposed"] for one in state["warnings"]))
    (page,) = people(stage, OPERATOR)
    warnings = panel(page, "warnings")
    warnings.get_by_role("button", name="Drop the warning of Airport").click()
    told(page, "Warning cancelled: Airport")
    expect(warnings.locator("tbody tr")).to_have_count(0)
    again = stage.until(lambda state: any(one["proposed"] for one in state["warnings"]))
    expect(warnings.locator("tbody tr")).to_contain_text("proposed")
    warnings.get_by_role("button", name="Send the warning to Airport").click()
    told(page, "Warning sent: Airport")
    expect(warnings.locator("tbody tr")).not_to_contain_text("proposed")
    recording = stage.recording(page)
    dropped, sent = acts_of(recording)
    assert dropped == (first["time_s"], OPERATOR, "cancel-warning", "0", "")
    (level,) = (one["level"] for one in again["warnings"])
    value = {4: "advisory", 5: "take-cover"}[level]
    assert sent == (again["time_s"], OPERATOR, "send-warning", "0", value)
    plain = {4: WarningLevel.ADVISORY, 5: WarningLevel.TAKE_COVER}[level]
    rows = recording.warnings.to_pylist()
    assert plain not in [r["level"] for r in rows if r["time_s"] < again["time_s"]]
    assert rows[-1]["level"] == plain


def test_the_clock_is_paused_and_sped_up_by_those_who_may(staged, people):
    stage = staged(overrides=QUIET, operator=True)
    stage.at(3)
    operator, viewer = people(stage, OPERATOR, VIEWER, expected="403")
    clock = stage.session.clock
    operator.get_by_role("button", name=re.compile("^60")).click()
    expect(viewer.locator("button.pause")).to_have_text("Pause")
    assert (clock().speed, clock().paused) == (60.0, False)
    operator.locator("#map").focus()
    operator.keyboard.press(" ")
    expect(viewer.locator("button.pause")).to_have_text("Play")
    assert clock().paused
    stood_s = stage.session.span_s[1]
    operator.keyboard.press("<")
    expect(operator.get_by_role("button", name=re.compile("^30"))).to_have_attribute(
        "aria-pressed", "true"
    )
    assert (clock().speed, clock().paused) == (30.0, False)
    viewer.locator("button.pause").click()
    told(viewer, "a viewer may not do this")
    assert not clock().paused
    operator.wait_for_function("then => chowki.store.state.edge_s > then + 5", arg=stood_s)


def test_a_viewer_sees_everything_and_has_no_button_for_it(staged, people):
    stage = staged(operator=True)
    state = stage.until(lambda state: proposed(state) and state["alarms"])
    viewer, operator = people(stage, VIEWER, OPERATOR, expected="403")
    acting = (
        "#panel-proposals .decide button, #panel-warnings .do button, #panel-warnings form,"
        "#panel-alarms .do button, #panel-alarms .do select, #panel-sectors select,"
        "#panel-sectors button, #panel-watch .do button"
    )
    for page in (viewer, operator):
        for name in ("proposals", "warnings", "alarms", "sectors", "watch"):
            panel(page, name)
    assert operator.locator(acting).count() > 8  # what is looked for is there for others
    tracks = [str(one["track"]) for one in order_on_page(state)]
    rows = viewer.locator("#panel-proposals table.engagements").first.locator("tbody tr")
    expect(rows).to_have_count(len(tracks))
    expect(rows.first).to_contain_text(tracks[0])
    expect(rows.first).to_contain_text("an operator decides")
    for name in ("proposals", "warnings", "alarms", "sectors", "watch"):
        panel(viewer, name)
        expect(viewer.locator(acting).locator("visible=true")).to_have_count(0)
    asked = {"verb": "release", "subject": tracks[0], "value": "", "revision": None}
    verdict = viewer.evaluate("asked => chowki.connection.post('/acts', asked)", asked)
    assert verdict["code"] == 403
    assert acts_of(stage.recording(viewer, operator)) == []


def test_on_a_recorded_feed_nothing_is_there_to_release_with(staged, people, tmp_path):
    path = tmp_path / "plots.csv"
    lines = [f"radar,{1e9 + k:.0f},28.0,{77.0 + k * 1e-3:.4f},900" for k in range(0, 120, 4)]
    path.write_text("\n".join(["sensor,time_s,lat,lon,height_m", *lines]) + "\n")
    stage = staged(None, feeds=(f"plots:{path}",), operator=True)
    stage.until(lambda state: state["counts"]["tracks"] >= 1)
    (page,) = people(stage, APPROVER)
    expect(page.locator(".top-counts .count-tracks dd")).to_have_text("1")
    expect(page.locator("#panel-warnings-tab")).to_be_visible()
    found = page.evaluate(
        """() => [...document.body.querySelectorAll("button, select, option, [role=tab]")]
            .filter((each) => !each.closest("dialog"))
            .map((each) => `${each.textContent} ${each.getAttribute("aria-label") ?? ""}`)"""
    )
    assert len(found) > 20
    expect(page.locator(".mode")).to_have_text("Recorded feed")
    expect(page.locator(".top-posture")).to_be_hidden()
    assert [words for words in found if ENGAGING.search(words)] == []
    for verb, subject in (("release", "1"), ("set-posture", ""), ("cease-fire", "")):
        asked = {"verb": verb, "subject": subject, "value": "free", "revision": None}
        answer = page.request.post("/acts", data=asked, headers={"Origin": page.url.rstrip("/#")})
        assert answer.status == 403
    assert stage.recording(page).orders.num_rows == 0


@pytest.mark.slow
def test_second_wave_proposes_and_one_release_is_ordered(staged, people):
    stage = staged("second-wave", operator=True)
    state = stage.until(proposed, within_s=180)
    track = proposed(state)[0]["track"]
    (page,) = people(stage, OPERATOR)
    release = panel(page, "proposals").locator("button.release").first
    confirm(release, "Release now?", release.click)
    told(page, f"Released track: {track}")
    stage.until(lambda state: ordered_on(state, track))
    running = page.locator("#panel-proposals table.engagements").nth(1)
    expect(running).to_contain_text(re.compile(f"{track}.*(Ordered|In flight)", re.DOTALL))
    recording = stage.recording(page)
    assert acts_of(recording) == [(state["time_s"], OPERATOR, "release", str(track), "")]
    assert track in recording.orders["track"].to_pylist()
