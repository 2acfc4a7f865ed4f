"""A stream cut anywhere gives the same lines."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from chowki.feeds.live.lines import LONGEST_LINE, TOO_LONG, Lines


@given(st.lists(st.binary(max_size=40)), st.integers(1, 60))
def test_however_it_is_cut(pieces, step):
    octets = b"\n".join(pieces)
    lines, found = Lines(Counter()), []
    for at in range(0, len(octets), step):
        found += lines.take(octets[at : at + step])
    assert found == octets.split(b"\n")[:-1]


@given(st.integers(1, 3 * LONGEST_LINE), st.integers(50, 9_000))
def test_a_line_that_is_too_long_costs_itself_only(length, step):
    skipped = Counter()
    octets = b"before\n" + b"x" * length + b"\nafter\n"
    lines, found = Lines(skipped), []
    for at in range(0, len(octets), step):
        found += lines.take(octets[at : at + step])
    long = length > LONGEST_LINE
    assert found == [b"before", *([] if long else [b"x" * length]), b"after"]
    assert skipped == ({TOO_LONG: 1} if long else {})
