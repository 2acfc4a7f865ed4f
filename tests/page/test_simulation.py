"""A simulation behind the page: it moves, it can be stopped and sped up, and looked back on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from chowki.run.serve import Staging, stage_simulation


@pytest.fixture
def engine(tmp_path):
    made = stage_simulation("single-site", None, None, (), Staging(tmp_path, speed=30.0))
    made.start()
    yield made
    made.stop()


def _clock(page: Page) -> int:
    """Return the seconds since the start that the page shows."""
    found = re.search(r"\+(?:(\d+):)?(\d+):(\d\d)\b", page.locator("#top").inner_text())
    assert found
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3600 * hours + 60 * minutes + seconds


def _until_past(page: Page, seconds: int) -> None:
    for _ in range(600):
        if _clock(page) > seconds:
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"the page never came past {seconds} s")


def test_it_moves_and_an_interception_is_seen_early(engine, page_of):
    """At 30 times its pace a minute of the wall is half an hour of the story: enough for both."""
    page = page_of(engine.session)
    _until_past(page, 0)
    first = _clock(page)
    _until_past(page, first + 5)
    page.get_by_role("tab", name="Events").click()
    line = page.locator("#side-lower tr", has_text="held intercepted").first
    expect(line).to_be_visible(timeout=60_000)
    assert _clock(page) < 1_800


def test_pause_and_speed_are_those_of_the_simulation(engine, page_of):
    page = page_of(engine.session)
    _until_past(page, 5)
    page.get_by_role("button", name=re.compile("^Pause")).click()
    expect(page.get_by_role("button", name=re.compile("^Play"))).to_be_visible()
    assert engine.session.clock().paused
    _, edge_s = engine.session.span_s
    page.wait_for_timeout(300)
    assert engine.session.span_s[1] == edge_s
    fast = page.locator('.speeds button[value="60"]')
    fast.click()
    expect(fast).to_have_attribute("aria-pressed", "true")
    assert engine.session.clock().speed == 60.0
    expect(page.get_by_role("button", name=re.compile("^Pause"))).to_be_visible()
    assert not engine.session.clock().paused  # who chooses a speed wants it to run


def test_looking_back_is_ones_own_and_live_comes_back(engine, page_of, serving):
    server = serving(engine.session)
    page = page_of(server)
    other = page_of(server)
    _until_past(page, 40)
    page.keyboard.press(",")
    page.keyboard.press(",")
    page.keyboard.press("Space")
    expect(page.locator("#time")).to_contain_text("behind, paused")
    here = _clock(page)
    _until_past(other, here + 30)
    assert abs(_clock(page) - here) <= 1
    assert not engine.session.clock().paused
    page.get_by_role("button", name=re.compile("^LIVE")).click()
    _until_past(page, here + 30)
    assert abs(_clock(page) - _clock(other)) <= 60


def test_a_page_that_lost_its_server_says_so(engine, page_of):
    from chowki.outputs.web.server import Server, Settings

    server = Server(engine.session, Settings()).start()
    page = page_of(server, expected="WebSocket|ERR_|Failed")
    expect(page.locator("#top")).to_contain_text("Connected")
    server.stop()
    expect(page.locator("#top")).not_to_contain_text("Connected", timeout=10_000)
    page.context.close()
