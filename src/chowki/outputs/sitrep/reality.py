"""How it ended in the simulated world, read from the truth channel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.records import DRONE_CLASSES, Fate, ObjectClass
from chowki.outputs.evidence import I64, Evidence, column, last_rows
from chowki.outputs.sitrep.facts import TruthFact


def final_truth(evidence: Evidence) -> I64:
    """Return the last row of each target that flew; none without simulated truth.

    That is the row of its end, or that of the last recorded moment when it still flew: the truth
    channel holds all that flies at once, and each change of fate.
    """
    truth = evidence.truth
    if not evidence.theatre.simulated or truth.num_rows == 0:
        return np.empty(0, np.int64)
    fate, time_s = column(truth, "fate"), column(truth, "time_s")
    flying = fate == Fate.FLYING
    last_s = time_s.max(where=flying, initial=-np.inf)
    rows = np.flatnonzero((fate > Fate.FLYING) | (flying & (time_s == last_s)))
    return rows[last_rows(column(truth, "target")[rows], time_s[rows])]


def truth_facts(evidence: Evidence) -> TruthFact | None:
    """Return how the raid ended by simulated truth; None for a real feed."""
    if not evidence.theatre.simulated:
        return None
    final = final_truth(evidence)
    fate, kind = (column(evidence.truth, n)[final] for n in ("fate", "object_class"))
    raid = column(evidence.truth, "attacking")[final] == 1
    reached = raid & (fate == Fate.REACHED_PLACE)
    plane = ~raid & (kind == ObjectClass.AEROPLANE)
    bird = kind == ObjectClass.BIRD
    other = ~raid & ~plane & ~bird
    hit = fate == Fate.INTERCEPTED
    return TruthFact(
        raid=_count(raid),
        armed=_count(raid & (column(evidence.truth, "armed")[final] == 1)),
        intercepted=_count(raid & hit),
        reached=_count(reached),
        ended=_count(raid & (fate == Fate.ENDED)),
        flying=_count(raid & (fate == Fate.FLYING)),
        places_reached=len(np.unique(column(evidence.truth, "place")[final][reached])),
        airliners=_count(plane),
        airliners_hit=_count(plane & hit),
        others=_count(other),
        others_hit=_count(other & hit),
        birds_hit=_count(bird & hit),
    )


def leakers_by_place(evidence: Evidence, places: int) -> NDArray[np.int64]:
    """Return how many drones of the raid reached each place, -1 without simulated truth."""
    if not evidence.theatre.simulated:
        return np.full(places, -1, np.int64)
    final = final_truth(evidence)
    truth = evidence.truth
    reached = (column(truth, "fate")[final] == Fate.REACHED_PLACE) & (
        column(truth, "attacking")[final] == 1
    )
    place = column(truth, "place")[final][reached]
    return np.bincount(place[place >= 0], minlength=places)[:places]


def is_drone(object_class: Any) -> Any:
    """Return which codes of ``ObjectClass`` are drone classes."""
    return np.isin(object_class, [int(c) for c in DRONE_CLASSES])


def _count(mask: Any) -> int:
    return int(np.sum(mask))
