"""What the tests of the page lean on notices what it should."""

from __future__ import annotations

import pytest

HERE = "http://chowki.test"
POLICY = {"Content-Security-Policy": "default-src 'self'; connect-src *; img-src *"}
SOUND = "<html lang='en'><title>t</title><main><h1>Words</h1><button>Go</button></main></html>"
UNNAMED = SOUND.replace(">Go<", "><")
PALE = SOUND.replace("<button>", "<link rel='stylesheet' href='/pale.css'><button>")


@pytest.fixture
def shown(chromium, watching):
    """Return how to show some markup, do something there, and say what was noted."""
    context = chromium.new_context()
    page = context.new_page()

    def show(body: str, act: str = "0", expected: str | None = None):
        watch = watching(page, HERE, expected)
        pale = {"status": 200, "content_type": "text/css", "body": "button { color: #ddd }"}
        answer = {"status": 200, "content_type": "text/html", "headers": POLICY, "body": body}
        context.route("**", lambda route: route.fulfill(status=404, body=""))
        context.route("http://other.test/*", lambda route: route.fulfill(status=200, body=""))
        context.route(f"{HERE}/pale.css", lambda route: route.fulfill(**pale))
        context.route(f"{HERE}/", lambda route: route.fulfill(**answer))
        page.goto(f"{HERE}/")
        page.evaluate(act)
        page.wait_for_timeout(50)
        return page, watch.faults

    yield show
    context.close()


def test_nothing_is_noted_on_a_sound_page(shown, axe):
    page, faults = shown(SOUND)
    assert faults == []
    axe(page)


@pytest.mark.parametrize(
    ("act", "noted"),
    [
        ("console.error('torn')", "console error: torn"),
        ("console.warn('frayed')", "console warning: frayed"),
        ("setTimeout(() => { throw new Error('lost') })", "error: lost"),
        ("fetch('http://other.test/x', {mode: 'no-cors'})", "asked another host: http://other"),
        ("void new WebSocket('ws://127.0.0.1:9/x')", "asked another host: ws://127.0.0.1:9"),
        ("fetch('/none')", "answer 404: http://chowki.test/none"),
        (
            "void document.body.appendChild(document.createElement('script')).append('1')",
            "policy violation: script-src-elem inline",
        ),
        ("void document.body.setAttribute('style', 'color: red')", "violation: style-src-attr"),
    ],
)
def test_what_should_not_happen_is_noted(shown, act, noted):
    _, faults = shown(SOUND, act)
    assert [fault for fault in faults if noted in fault], faults


def test_a_fault_that_the_test_expects_is_left_out(shown):
    _, faults = shown(SOUND, "console.error('torn'); console.error('lost')", expected="torn")
    assert len(faults) == 1
    assert faults[0].startswith("console error: lost")


@pytest.mark.parametrize(("body", "rule"), [(UNNAMED, "button-name"), (PALE, "color-contrast")])
def test_what_keeps_people_out_is_found(shown, axe, body, rule):
    page, _ = shown(body)
    with pytest.raises(AssertionError, match=rule):
        axe(page)
