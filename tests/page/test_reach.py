"""Everybody reaches everything: by keyboard alone, in both themes, on screens of any size."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

SIZES = [(1280, 720), (2560, 1440)]
# Controls that are seen and can be used now, but not those that another one stands for: a tab that
# is not chosen, a row of a list, a thing to type in that is away.
CONTROLS = """() => {
    const all = document.querySelectorAll(
        "button, input, select, textarea, summary, a[href], [tabindex]");
    return [...all].filter((one) => one.checkVisibility() && !one.disabled && one.tabIndex >= 0)
        .map((one, k) => one.dataset.stop = String(k));
}"""
FOCUSED = """() => {
    const one = document.activeElement;
    const style = getComputedStyle(one);
    const frame = getComputedStyle(one, "::after");
    const box = one.getBoundingClientRect();
    const marked = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
        || style.boxShadow !== "none" || parseFloat(frame.borderTopWidth) >= 1;
    const seen = box.width > 0 && box.height > 0 && box.left < innerWidth && box.top < innerHeight
        && box.right > 0 && box.bottom > 0;
    return {stop: one.dataset.stop ?? null, marked, seen, words: one.outerHTML.slice(0, 100)};
}"""
SMALL = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const small = [];
    while (walker.nextNode()) {
        const {parentElement: box, data} = walker.currentNode;
        if (!data.trim() || !box.checkVisibility()) continue;
        const size = parseFloat(getComputedStyle(box).fontSize);
        if (size < 11) small.push(`${size} px: ${data.trim().slice(0, 40)}`);
    }
    return small;
}"""
BOXES = """() => Object.fromEntries(
    ["top", "map", "tools", "side", "side-upper", "side-lower", "time"].map((id) => {
        const box = document.getElementById(id).getBoundingClientRect();
        return [id, [box.left, box.top, box.width, box.height]];
    }))"""


def select_a_track(page):
    page.keyboard.press("n")
    expect(page.locator(".detail-head .big")).to_have_text(re.compile(r"\d"))
    expect(page.locator(".bars li")).not_to_have_count(0)


def test_the_tab_key_goes_round_all_controls_and_shows_where_it_is(shown):
    page = shown()
    select_a_track(page)
    wanted = set(page.evaluate(CONTROLS))
    assert len(wanted) > 30
    page.locator("body").click(position={"x": 5, "y": 5})
    reached = []
    for _ in range(len(wanted) + 5):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at["stop"] is None:
            continue
        assert at["marked"], f"nothing shows the focus: {at['words']}"
        assert at["seen"], f"out of sight: {at['words']}"
        reached.append(at["stop"])
    assert set(reached) >= wanted


def test_arrow_keys_reach_the_other_tabs_and_rows(shown):
    page = shown()
    for deck in ("What threatens", "What is known"):
        tabs = page.get_by_role("tablist", name=deck).get_by_role("tab")
        tabs.first.focus()
        for k in range(tabs.count()):
            expect(tabs.nth(k)).to_be_focused()
            expect(tabs.nth(k)).to_have_attribute("aria-selected", "true")
            page.keyboard.press("ArrowRight")
        expect(tabs.first).to_be_focused()
    rows = page.locator("#panel-threats button.row-key")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    number = re.match(r"\D*(\d+)", rows.nth(1).text_content()).group(1)
    expect(page.locator(".detail-head .big")).to_have_text(number)


@pytest.mark.parametrize("opener", ["Filters", "Keys and help", "Export", "Layers"])
def test_what_opens_by_keyboard_closes_by_it_and_gives_the_focus_back(shown, opener):
    page = shown()
    menu = opener in {"Export", "Layers"}
    tools = page.get_by_role("toolbar", name="Map tools")
    button = (
        tools.locator("summary", has_text=opener)
        if menu
        else tools.get_by_role("button", name=opener, exact=True)
    )
    opened = {
        "Filters": page.get_by_role("region", name="Filters"),
        "Keys and help": page.get_by_role("dialog", name="Keys"),
    }.get(opener, page.locator("details[open] .menu-box"))
    button.focus()
    page.keyboard.press("Enter")
    expect(opened).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(button).to_be_focused()


@pytest.mark.parametrize("theme", ["night", "light"])
def test_nothing_that_opens_keeps_people_out(shown, axe, theme):
    page = shown()
    if theme == "light":
        page.keyboard.press("Shift+T")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
    select_a_track(page)
    axe(page)
    page.keyboard.press("Shift+F")
    expect(page.get_by_role("region", name="Filters")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    axe(page)
    page.keyboard.press("Escape")
    for tab in ("Warnings", "Alarms", "Engagements", "Events", "Health", "Watch", "Sectors"):
        page.get_by_role("tab", name=tab).click()
    axe(page)


@pytest.mark.parametrize("size", SIZES, ids=["small", "large"])
def test_everything_fits_the_screen_and_can_be_read(shown, size):
    width, height = size
    page = shown(viewport={"width": width, "height": height})
    select_a_track(page)
    held = page.evaluate("[document.scrollingElement.scrollWidth, document.body.scrollHeight]")
    assert held[0] <= width
    assert held[1] <= height
    for name in ("#top", "#map", "#tools", "#side-upper", "#side-lower", "#time"):
        box = page.locator(name).bounding_box()
        assert box["width"] > 0
        assert box["height"] > 0
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        assert 0 <= box["y"] <= box["y"] + box["height"] <= height
    for deck in ("#side-upper .panes", "#side-lower .panes"):
        wide, room = page.locator(deck).evaluate("(one) => [one.scrollWidth, one.clientWidth]")
        assert wide <= room, f"{deck} is wider than its room"
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert page.evaluate(SMALL) == []


def test_panels_stay_where_they_are_while_pictures_come(shown):
    page = shown(paused=False, speed=60.0)
    select_a_track(page)
    boxes = page.evaluate(BOXES)
    seen = set()
    for _ in range(200):
        seen.add(page.locator(".time-now").text_content())
        assert page.evaluate(BOXES) == boxes
        if len(seen) >= 6:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"the clock stands: {seen}")
