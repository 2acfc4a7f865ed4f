"""What the page shows is what the journal says, at times chosen on its time line."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import chowki
from chowki.core.clock import format_clock
from chowki.core.records import EngagementState, Identity, ObjectClass, WarningLevel
from chowki.outputs.recording import Recording

TIMES_S = (120.0, 300.0, 480.0)


@pytest.fixture(scope="module", params=[("single-site", None), ("second-wave", 900.0)], ids=str)
def folder(request, tmp_path_factory):
    name, until_s = request.param
    out = tmp_path_factory.mktemp(name)
    chowki.run(name, out=out, until_s=until_s, report=False)
    return out


@pytest.fixture(scope="module")
def recorded(folder):
    return Recording(folder)


@pytest.fixture(scope="module")
def replay(folder):
    from chowki.run.serve import Replay

    found = Replay(folder)
    found.start()
    found.join()
    return found.session


@pytest.fixture
def page(replay, serving, page_of) -> Page:
    from chowki.outputs.web.cursor import Cursor
    from chowki.outputs.web.server import Settings

    start_s = replay.span_s[0]
    settings = Settings(cursor=Cursor(time_s=start_s + TIMES_S[0], paused=True))
    shown = page_of(serving(replay, settings))
    expect(shown.locator("#top")).to_contain_text("Connected")
    return shown


def _go(page: Page, start_s: float, after_s: float) -> float:
    """Step along the time line to a whole ten seconds, as a person would; return UTC seconds."""
    at_s = start_s + after_s
    strip = page.get_by_role("slider", name="Time that is shown")
    box = strip.bounding_box()
    first, last = (float(strip.get_attribute(f"aria-value{end}")) for end in ("min", "max"))
    share = (at_s - first) / (last - first)
    strip.click(position={"x": share * box["width"], "y": box["height"] / 2})
    expect(strip).not_to_have_attribute("aria-valuenow", str(int(start_s + TIMES_S[0])))
    for _ in range(40):
        now = float(strip.get_attribute("aria-valuenow"))
        if abs(now - at_s) < 0.5:
            break
        page.keyboard.press("." if now < at_s else ",")
        expect(strip).not_to_have_attribute("aria-valuenow", str(int(now)))
        if abs(now - at_s) < 10.0:
            break
    return float(strip.get_attribute("aria-valuenow"))


def _columns(table, *names):
    return [table[name].to_numpy(zero_copy_only=False) for name in names]


def _count(page: Page, name: str) -> int:
    found = re.search(rf"{name}\s+(\d+)", page.locator("#top").inner_text())
    assert found, name
    return int(found.group(1))


def _at_start(page: Page, replay) -> float:
    """Return the first of the chosen times, at which the page opened."""
    at_s = replay.span_s[0] + TIMES_S[0]
    expect(page.locator("#top")).to_contain_text(format_clock(at_s))
    return at_s


def test_counts_on_top_are_rows_of_the_journal(page, replay, recorded):
    at_s = _at_start(page, replay)
    time_s, identity, kind, status = _columns(
        recorded.tracks, "time_s", "identity", "object_class", "status"
    )
    mine = time_s == at_s
    assert mine.sum() > 20
    confirmed = status[mine] != 0
    assert _count(page, "Tracks") == mine.sum()
    assert _count(page, "Suspect") == (identity[mine] == Identity.SUSPECT).sum()
    assert _count(page, "Hostile") == (identity[mine] == Identity.HOSTILE).sum()
    assert _count(page, "Drones") == (confirmed & (kind[mine] <= ObjectClass.DECOY)).sum()


def test_threats_stand_in_the_order_of_the_journal(page, replay, recorded):
    at_s = _go(page, replay.span_s[0], TIMES_S[1])
    time_s, track, rank = _columns(recorded.threats, "time_s", "track", "rank")
    at_s = replay.span_s[0] + 10.0 * round((at_s - replay.span_s[0]) / 10.0)
    mine = time_s == at_s
    order = [int(t) for t in track[mine][np.argsort(rank[mine])]]
    assert len(order) >= 3
    rows = page.locator("table.threats tbody tr")
    expect(rows.first).to_be_visible()
    shown = [int(row.get_attribute("data-key").split("-")[0]) for row in rows.all()]
    assert shown[:5] == order[:5]


def test_the_details_of_a_track_are_those_of_its_row(page, replay, recorded):
    at_s = _at_start(page, replay)
    columns = (
        "time_s",
        "track",
        "identity",
        "object_class",
        "height_m",
        "updates",
        "callsign",
    )
    time_s, track, identity, kind, height, updates, callsign = _columns(recorded.tracks, *columns)
    mine = np.flatnonzero((time_s == at_s) & (updates > 20))
    for row in mine[[0, len(mine) // 2, -1]]:
        page.keyboard.press("/")
        page.keyboard.type(str(track[row]))
        page.keyboard.press("Enter")
        side = page.locator("#side-lower")
        expect(side).to_contain_text("Why this identity")
        name = callsign[row].decode() if isinstance(callsign[row], bytes) else callsign[row]
        expect(side).to_contain_text(name or "Call sign")
        words = side.inner_text()
        assert re.search(rf"\b{track[row]}\b", words)
        assert Identity(identity[row]).name.lower().replace("_", " ") in words.lower()
        assert ObjectClass(kind[row]).name.lower().replace("_", "") in words.lower().replace(
            "-", ""
        ).replace(" ", "")
        assert re.search(rf"Height\s+{round(height[row]):,} m".replace(",", "[, ]?"), words), words[
            :300
        ]
        page.keyboard.press("Escape")


def test_a_tracks_position_is_the_journals(page, replay, recorded):
    """Taken from what the page itself exports: GeoJSON of all that is visible."""
    import json

    import pyproj

    at_s = _at_start(page, replay)
    page.locator("#tools").get_by_text("Export").click()
    with page.expect_download() as waiting:
        page.get_by_text("GeoJSON").first.click()
    features = json.loads(waiting.value.path().read_text("utf-8"))["features"]
    told = {
        f["properties"]["track"]: f["geometry"]["coordinates"]
        for f in features
        if "track" in f["properties"]
    }
    time_s, track, east, north, up = _columns(
        recorded.tracks, "time_s", "track", "east_m", "north_m", "up_m"
    )
    station = recorded.theatre.station
    pipeline = pyproj.Transformer.from_pipeline(
        "+proj=pipeline +step +inv +proj=topocentric +ellps=WGS84 "
        f"+lat_0={station.lat_deg} +lon_0={station.lon_deg} +h_0={station.height_m} "
        "+step +inv +proj=cart +ellps=WGS84 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
    )
    mine = np.flatnonzero(time_s == at_s)
    assert told.keys() <= set(track[mine].tolist())
    assert len(told) > 20  # the view leaves out what flies far away
    for row in (row for row in mine if track[row] in told):
        lon, lat, _ = pipeline.transform(east[row], north[row], up[row])
        assert told[track[row]][0] == pytest.approx(lon, abs=2e-5)
        assert told[track[row]][1] == pytest.approx(lat, abs=2e-5)


def test_warned_places_have_the_level_of_their_last_row(page, replay, recorded):
    at_s = _go(page, replay.span_s[0], TIMES_S[2])
    time_s, place, level, expires_s = _columns(
        recorded.warnings, "time_s", "place", "level", "expires_s"
    )
    page.get_by_role("tab", name="Warnings").click()
    words = page.locator("#panel-warnings").inner_text()
    raised = 0
    for one in recorded.theatre.places:
        rows = np.flatnonzero((place == one.index) & (time_s <= at_s))
        if not len(rows) or expires_s[rows[-1]] < at_s:
            continue
        last = WarningLevel(level[rows[-1]])
        if last in (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER):
            said = last.name.lower().replace("_", " ")
            assert re.search(rf"{re.escape(one.name)}\s+\S*\s*{said}", words), (one.name, said)
            raised += 1
    assert raised >= 1
    assert _count(page, "Warned") == raised


def test_the_log_tells_what_was_ordered_and_when(page, replay, recorded):
    at_s = _go(page, replay.span_s[0], TIMES_S[2])
    time_s, track, state = _columns(recorded.engagements, "time_s", "track", "state")
    ordered = np.flatnonzero((state == EngagementState.ORDERED) & (time_s <= at_s))
    assert len(ordered)
    page.get_by_role("tab", name="Events").click()
    last = ordered[-1]
    line = page.locator("#side-lower tr", has_text=f"Track {track[last]}: engagement ordered")
    expect(line.first).to_contain_text(format_clock(time_s[last]))
    later = np.flatnonzero((state == EngagementState.ORDERED) & (time_s > at_s + 1.0))
    for row in later[:3]:
        wrong = page.locator("#side-lower tr", has_text=format_clock(time_s[row]))
        expect(wrong.filter(has_text=f"Track {track[row]}: engagement ordered")).to_have_count(0)


def test_health_lists_every_sensor(page, replay, recorded):
    _at_start(page, replay)
    page.get_by_role("tab", name="Health").click()
    side = page.locator("#side-lower")
    expect(side).to_contain_text(recorded.theatre.sensors[0].name)
    words = side.inner_text()
    assert all(one.name in words for one in recorded.theatre.sensors[:20])
