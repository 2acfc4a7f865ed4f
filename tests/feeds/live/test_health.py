"""When a source is called silent or degraded, and in which words."""

from __future__ import annotations

import pytest

from chowki.feeds.live.health import HARMLESS, Limits, Meter, Review
from chowki.feeds.live.timing import Timing

START_S = 1_700_000_000.0


@pytest.fixture
def watched():
    """Return a meter, and a function that lets seconds pass and returns the last health."""

    def make(**limits):
        meter, timing = Meter(), Timing()
        review = Review(meter, timing, Limits(**limits))
        now = [START_S]

        def passed(seconds, heard=0, **skipped):
            for _ in range(seconds):
                now[0] += 1.0
                meter.heard += heard
                if heard:
                    meter.last_s = meter.alive_s = now[0]
                meter.skipped.update(skipped)
                health, _ = review.at("north", "sbs", now[0])
            return health

        return meter, passed

    return make


def opened(meter):
    meter.connected, meter.trouble = True, ""


def test_a_source_that_speaks_works_and_its_rate_is_that_of_ten_seconds(watched):
    meter, passed = watched()
    opened(meter)
    passed(60, heard=100)
    health = passed(10, heard=7)
    assert (health.state, health.note) == ("working", "")
    assert health.rate_hz == pytest.approx(7.0)


def test_silence_counts_from_the_stated_time(watched):
    meter, passed = watched(silent_s=30.0)
    opened(meter)
    passed(5, heard=1)
    assert passed(30).state == "working"
    health = passed(1)
    assert (health.state, health.note) == ("silent", "nothing heard for 31 s")


def test_a_lost_connection_is_degraded_at_once_and_silent_later(watched):
    meter, passed = watched(silent_s=30.0)
    opened(meter)
    passed(5, heard=1)
    meter.connected, meter.trouble = False, "connection refused"
    assert passed(1).state == "degraded"
    assert passed(1).note == "no connection (connection refused); it is tried again"
    assert passed(30).state == "silent"


def test_where_quiet_is_normal_a_sign_of_life_is_enough(watched):
    meter, passed = watched(silent_s=30.0, quiet_is_normal=True)
    opened(meter)
    meter.alive_s = START_S + 1_000.0
    health = passed(500)
    assert (health.state, health.note) == ("working", "connected, nothing heard yet")
    assert passed(600).state == "silent"


def test_a_flood_is_told_for_a_minute(watched):
    meter, passed = watched(most_hz=50.0)
    opened(meter)
    passed(5, heard=50)
    meter.surplus += 900
    health = passed(1, heard=50)
    assert health.state == "degraded"
    assert health.note == (
        "it floods: 900 records dropped in the last minute (more than 50 a second)"
    )
    assert passed(61, heard=50).state == "working"


def test_few_faults_are_counted_and_more_are_told(watched):
    meter, passed = watched()
    opened(meter)
    passed(30, heard=100)
    health = passed(1, heard=100, rubbish=59)
    assert (health.state, health.skipped) == ("working", {"rubbish": 59})
    health = passed(1, heard=100, rubbish=10)
    assert health.state == "degraded"
    assert health.note == "69 faulty records in the last minute: 69 rubbish so far"


def test_what_aircraft_do_is_no_fault_of_the_source(watched):
    meter, passed = watched()
    opened(meter)
    health = passed(10, heard=10, **dict.fromkeys(HARMLESS, 9))
    assert health.state == "working"


def test_every_harmless_reason_is_one_that_a_reader_gives(root_of_feeds):
    text = "".join(path.read_text(encoding="utf-8") for path in root_of_feeds.glob("*.py"))
    assert [reason for reason in HARMLESS if f'"{reason}"' not in text] == []


@pytest.fixture
def root_of_feeds():
    from pathlib import Path

    from chowki.feeds import source

    return Path(source.__file__).parent
