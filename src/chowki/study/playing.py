"""One run of a study: played without a recording, judged by simulated truth."""

from __future__ import annotations

import math
import time

import numpy as np

from chowki import scenario
from chowki.core.messages import Frame
from chowki.core.places import Place
from chowki.core.records import (
    EngagementState,
    Fate,
    ObjectClass,
    Truth,
    WarningLevel,
)
from chowki.run.loop import frames
from chowki.scenario import Scenario

# How a place counts when something reaches it: its priority, and the order of magnitude of its
# people; an unarmed leaker does this share of an armed one's harm. Chosen, not measured.
PRIORITY_WEIGHT, POPULATION_WEIGHT, UNARMED_SHARE = 0.7, 0.3, 0.2

FIGURES = {
    "value_lost": "defended value lost",
    "leakers": "leakers",
    "armed_leakers": "armed leakers",
    "rounds": "rounds spent",
    "harm": "expected civilian harm",
    "engagements": "engagements ordered",
    "intercepted": "attackers intercepted",
    "refusals": "refusals recorded",
    "civil_touched": "civil aircraft touched",
    "places_warned": "places warned",
    "wall_s": "seconds to play",
}


def play(story: Scenario, seed: int, until_s: float | None = None) -> dict[str, float]:
    """Return the figures of one run, by the names in ``FIGURES``.

    Parameters
    ----------
    story : Scenario
        With a simulated world.
    seed : int
        Seed of every draw.
    until_s : float, optional
        Scenario seconds after which it ends.

    Raises
    ------
    UsageError
        If the scenario has no world to simulate.
    """
    begin = time.perf_counter()
    built = scenario.build(story, seed)
    counts, warned = dict.fromkeys(FIGURES, 0.0), set[int]()
    for frame in frames(built, until_s):
        _count(frame, counts)
        warned |= _warned(frame)
    assert built.world is not None
    counts |= outcome(built.world.truth(), built.theatre.places)
    counts["places_warned"] = float(len(warned))
    counts["wall_s"] = time.perf_counter() - begin
    return counts


def outcome(truth: Truth, places: tuple[Place, ...]) -> dict[str, float]:
    """Return what came through, what was lost with it, and what else was hit, by truth."""
    attacking, armed = truth.attacking == 1, truth.armed == 1
    reached = attacking & (truth.fate == int(Fate.REACHED_PLACE))
    worth = np.array([worth_of(place) for place in places])
    harm = np.where(armed[reached], 1.0, UNARMED_SHARE)
    hit = truth.fate == int(Fate.INTERCEPTED)
    crewed = np.isin(truth.object_class, (int(ObjectClass.AEROPLANE), int(ObjectClass.HELICOPTER)))
    spared = (crewed | (truth.authorised == 1)) & ~attacking
    return {
        "value_lost": float((worth[truth.place[reached]] * harm).sum()),
        "leakers": float(reached.sum()),
        "armed_leakers": float((reached & armed).sum()),
        "intercepted": float((hit & attacking).sum()),
        "civil_touched": float((hit & spared).sum()),
    }


def worth_of(place: Place) -> float:
    """Return what a place counts: its priority, and log10 of its people over 6, weighed."""
    people = math.log10(1.0 + place.population) / 6.0
    return PRIORITY_WEIGHT * place.priority + POPULATION_WEIGHT * people


def _count(frame: Frame, counts: dict[str, float]) -> None:
    rows = frame.engagements
    if not len(rows):
        return
    ordered = rows.state == int(EngagementState.ORDERED)
    counts["engagements"] += float(ordered.sum())
    counts["harm"] += float(np.nansum(rows.harm[ordered]))
    counts["rounds"] += float(rows.rounds[rows.state == int(EngagementState.IN_FLIGHT)].sum())
    counts["refusals"] += float((rows.state == int(EngagementState.REFUSED)).sum())


def _warned(frame: Frame) -> set[int]:
    rows = frame.warnings
    if not len(rows):
        return set()
    told = np.isin(rows.level, (int(WarningLevel.ADVISORY), int(WarningLevel.TAKE_COVER)))
    return set(rows.place[told].tolist())
