"""Release of proposals: by a person's own word at once, else by the desk of the sector in its time.

In operator mode persons are in the loop: only the machine's desk is left, where it may release.

Under a cease-fire no proposal reaches a desk: the rules refuse all that nobody released by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from chowki.core.chance import Key
from chowki.core.records import EngagementState
from chowki.core.table import F64, I64
from chowki.defence.desks import ReleaseDesk, ask, decide, drawn_s, withdraw
from chowki.defence.engagement import Engagement, EngagementBook

B8 = NDArray[np.bool_]


def release(
    book: EngagementBook, place_sector: I64, mean_s: F64, by_person: B8, key: Key, time_s: float
) -> tuple[EngagementBook, list[Engagement]]:
    """Return the book after the desks have decided up to a time, and the proposals released.

    Parameters
    ----------
    book : EngagementBook
        With the proposals of this second.
    place_sector : I64
        Shape (p,): sector of each place.
    mean_s : F64
        Shape (sectors,): mean time of a decision; 0 under a standing delegation.
    by_person : B8
        Shape (sectors,): where a person in the loop releases, and no desk.
    key : Key
        Of the draws; an address is sector and engagement number.
    time_s : float
        UTC seconds.
    """
    waiting = {
        one.number: one for one in book.open.values() if one.state is EngagementState.PROPOSED
    }
    if not waiting and not any(desk.cases for desk in book.desks.values()):
        return book, []
    by_name = [number for number, one in waiting.items() if one.track in book.released]
    asking = {
        sector: numbers
        for sector, numbers in _by_sector(waiting, place_sector, frozenset(by_name)).items()
        if not by_person[sector]
    }
    decided, desks = by_name, dict[int, ReleaseDesk]()
    for sector in sorted({*asking, *book.desks}):
        numbers = asking.get(sector, [])
        desk = withdraw(book.desks.get(sector, ReleaseDesk()), frozenset(numbers), time_s)
        takes_s = partial(drawn_s, key, sector, mean_s=float(mean_s[sector]))
        desks[sector], done = decide(ask(desk, numbers, time_s), time_s, takes_s)
        decided = decided + [number for number, _ in done]
    state = EngagementState.RELEASED
    released = [replace(waiting[number], state=state) for number in sorted(decided)]
    still = {**book.open, **{one.number: one for one in released}}
    return replace(book, open=still, desks=desks), released


def _by_sector(
    waiting: Mapping[int, Engagement], place_sector: I64, but: frozenset[int]
) -> dict[int, list[int]]:
    """Return the numbers of proposals that lie on each sector's desk, in order."""
    asking: dict[int, list[int]] = {}
    for number, one in waiting.items():
        if number not in but:
            asking.setdefault(int(place_sector[one.place]), []).append(number)
    return asking
