"""The page opens, shows what its session says, and keeps nobody out."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

TRACKS = 300


@pytest.mark.parametrize("mode", ["simulation", "live", "replay"])
def test_the_page_opens_and_counts_what_the_session_has(page_of, made_up, mode):
    session = made_up(TRACKS, mode)
    page = page_of(session)
    expect(page.locator("#top")).to_contain_text("Tracks")
    expect(page.locator("#top")).to_contain_text(str(TRACKS))
    expect(page.locator("#top")).to_contain_text("Connected")
    told = json.loads(page.request.get("/tracks?format=json").text())
    assert len(told) == TRACKS


@pytest.mark.parametrize("theme", ["night", "light"])
def test_no_serious_fault_keeps_people_out(page_of, made_up, axe, theme):
    page = page_of(made_up(TRACKS))
    expect(page.locator("#top")).to_contain_text(str(TRACKS))
    if theme == "light":
        page.get_by_role("button", name="Light").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
    axe(page)


def test_a_link_opens_the_page_once(serving, made_up, watched):
    server = serving(made_up(10))
    ((_, _, link),) = server.links()
    first = watched(server.url)
    first.goto(link)
    expect(first.locator("#top")).to_contain_text("Connected")
    second = watched(server.url, expected="410")
    assert second.goto(link).status == 410
    expect(second.locator("body")).to_contain_text("used already")
