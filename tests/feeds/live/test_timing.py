"""What is delay and what is a clock that is off."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chowki.feeds.live.timing import Timing


def after(*late_s, timing=None, start_s=1_700_000_000.0, every_s=0.5):
    timing = timing or Timing()
    for k, late in enumerate(late_s):
        timing.take(start_s + every_s * k, start_s + every_s * k - late)
    return timing


def test_a_moderate_lateness_is_delay():
    timing = after(*[1.0, 2.0, 3.0, 2.0, 9.0])
    assert (timing.delay_s, timing.clock_offset_s, timing.wrong) == (2.0, 0.0, False)
    assert timing.correction() == 0.0


def test_nothing_comes_before_it_was_sent_so_that_is_the_clock():
    timing = after(*[-1.0] * 10)
    assert (timing.delay_s, timing.clock_offset_s, timing.wrong) == (0.0, 1.0, False)


@pytest.mark.parametrize("offset_s", [7_200.0, -19_800.0, 12.0, -12.0, 3.0, 1.7e9])
def test_more_is_the_clock_told_by_the_fastest_messages(offset_s):
    """A clock ahead by the offset; delays of 0.2 s and more, exponential."""
    delays = 0.2 + np.random.Generator(np.random.Philox(1)).exponential(0.5, 200)
    timing = after(*(delays - offset_s))
    assert timing.wrong
    assert timing.clock_offset_s == pytest.approx(offset_s, abs=0.5)
    assert timing.delay_s == pytest.approx(0.35, abs=0.2)  # the median of the exponential part
    assert timing.correction() == pytest.approx(offset_s, abs=1.0)


def test_one_record_convicts_no_clock_and_one_stale_record_no_source():
    timing = after(3_600.0)
    assert timing.correction() is None
    assert math.isnan(timing.clock_offset_s)
    good = after(0.1, 0.1, 0.1, 3_600.0, 0.1, 0.1)
    assert good.correction() == 0.0
    assert after(30.0, 0.1).correction() == 0.0
    assert after(30.0, 0.1, 40.0, 0.1).correction() == 0.0


def test_a_jump_is_noticed_when_five_records_agree():
    timing = after(*[0.1] * 100)
    after(*[60.1] * 4, timing=timing, start_s=1_700_000_060.0)
    assert timing.correction() == 0.0
    after(*[60.1] * 2, timing=timing, start_s=1_700_000_062.0)
    assert timing.correction() == pytest.approx(-60.1)
    after(*[0.1] * 6, timing=timing, start_s=1_700_000_070.0)
    assert timing.correction() == 0.0


def test_records_that_disagree_with_each_other_are_no_jump():
    timing = after(*[0.1] * 50)
    after(*[100.0, 0.1, 500.0, 100.0, 900.0, 20.0], timing=timing, start_s=1_700_000_030.0)
    assert timing.correction() == 0.0


def test_the_minute_before_counts_and_no_more():
    timing = after(*[1.0] * 200)
    after(*[5.0] * 130, timing=timing, start_s=1_700_000_101.0)
    assert timing.delay_s == 5.0


def test_the_correction_holds_still_while_the_estimate_moves_a_little():
    timing = after(*[100.0] * 10)
    held = timing.correction()
    after(*[100.4] * 200, timing=timing, start_s=1_700_000_010.0)
    assert timing.correction() == held
    after(*[102.0] * 200, timing=timing, start_s=1_700_000_120.0)
    assert timing.correction() == pytest.approx(-102.0)


def test_what_may_be_held_back_is_never_set_right():
    timing = after(*[100.0] * 10, timing=Timing(sets_right=False))
    assert timing.wrong
    assert timing.correction() == 0.0


def test_nonsense_is_not_taken():
    timing = after(math.nan, math.inf)
    assert math.isnan(timing.delay_s)
