"""What was done: engagements, refusals and warnings, from their tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from chowki.core.records import AddressKind, EffectorKind, EngagementState, Refusal, WarningLevel
from chowki.outputs.evidence import I64, Evidence, column, last_rows
from chowki.outputs.sitrep.facts import EngagementFact, WarningFact
from chowki.outputs.sitrep.sightings import Nearby


def final_engagements(engagements: Any) -> I64:
    """Return the last row of each engagement that was ordered.

    Refusals are left out, and proposals that were withdrawn before an order.
    """
    state, number = column(engagements, "state"), column(engagements, "engagement")
    ordered = np.flatnonzero(np.isin(number, number[_left(state)]) & _after_order(state))
    last = last_rows(number[ordered], column(engagements, "time_s")[ordered])
    return ordered[last]


def withdrawn(engagements: Any) -> int:
    """Return how many proposals were withdrawn before an order."""
    state, number = column(engagements, "state"), column(engagements, "engagement")
    ended = np.unique(number[state == EngagementState.ABORTED])
    return int((~np.isin(ended, number[_left(state)])).sum())


def _left(state: I64) -> Any:
    """Return which rows prove that an engagement was ordered."""
    proofs = (
        EngagementState.ORDERED,
        EngagementState.IN_FLIGHT,
        EngagementState.MET,
        EngagementState.INTERCEPTED,
        EngagementState.MISSED,
    )
    return np.isin(state, [int(proof) for proof in proofs])


def _after_order(state: I64) -> Any:
    return (state != EngagementState.REFUSED) & (state != EngagementState.PROPOSED)


def engagement_facts(evidence: Evidence) -> EngagementFact:
    """Return how the engagements ended, as the station held from the picture."""
    table = evidence.engagements
    final = final_engagements(table)
    state = column(table, "state")[final]
    ends = (EngagementState.INTERCEPTED, EngagementState.MISSED, EngagementState.ABORTED)
    intercepted, missed, aborted = (int(np.sum(state == end)) for end in ends)
    track = column(table, "track")[final]
    return EngagementFact(
        engagements=len(final),
        tracks=len(np.unique(track)),
        intercepted=intercepted,
        missed=missed,
        aborted=aborted,
        open=len(final) - intercepted - missed - aborted,
        withdrawn=withdrawn(table),
        rounds=rounds_spent(table),
        refused=refusals(table),
        on_aircraft=int(np.isin(track, aircraft_tracks(evidence.tracks)).sum()),
    )


def rounds_spent(engagements: Any) -> dict[EffectorKind, int]:
    """Return rounds spent by kind of effector: the most that each engagement reported."""
    number, effector = column(engagements, "engagement"), column(engagements, "effector")
    rounds = np.where(
        column(engagements, "state") == EngagementState.REFUSED, 0, column(engagements, "rounds")
    )
    spent: dict[EffectorKind, int] = {}
    for kind in EffectorKind:
        mine = np.flatnonzero((effector == kind) & (rounds > 0))
        if len(mine):
            _, which = np.unique(number[mine], return_inverse=True)
            most = np.zeros(which.max() + 1, np.int64)
            np.maximum.at(most, which, rounds[mine])
            spent[kind] = int(most.sum())
    return spent


def refusals(engagements: Any) -> dict[Refusal, int]:
    """Return how many distinct tracks the rules refused, by reason, most frequent first."""
    refused = column(engagements, "state") == EngagementState.REFUSED
    reason, track = column(engagements, "refusal")[refused], column(engagements, "track")[refused]
    counts = {
        kind: len(np.unique(track[reason == kind])) for kind in Refusal if np.any(reason == kind)
    }
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def aircraft_tracks(tracks: Any) -> I64:
    """Return the numbers of tracks that ever carried an aircraft's address."""
    carried = column(tracks, "address_kind") == AddressKind.ICAO
    return np.unique(column(tracks, "track")[carried & (column(tracks, "address") >= 0)])


def warning_facts(
    warnings: Any, near: list[Nearby], radius_m: list[float], end_s: float
) -> list[WarningFact]:
    """Return every warning that was issued to a place, in order of time.

    Parameters
    ----------
    warnings : pyarrow.Table
        Rows of ``Warnings``.
    near : list of Nearby
        Drone rows near each place, by index of the place.
    radius_m : list of float
        Each place's own radius.
    end_s : float
        UTC seconds at which the recording ends.
    """
    level, number = column(warnings, "level"), column(warnings, "warning")
    standing = (level == WarningLevel.ADVISORY) | (level == WarningLevel.TAKE_COVER)
    standing &= column(warnings, "place") >= 0
    facts: list[WarningFact] = []
    earlier: dict[int, float] = {}
    columns = {name: column(warnings, name) for name in ("place", "issued_s", "time_s")}
    for one in _by_issue(number[standing], columns["issued_s"][standing]):
        rows = np.flatnonzero(number == one)
        up = rows[standing[rows]]
        place = int(columns["place"][rows[0]])
        issued_s = float(columns["issued_s"][up].min())
        over = rows[~standing[rows] & (columns["time_s"][rows] >= issued_s)]
        ended_s = float(columns["time_s"][over].min()) if len(over) else end_s
        approach_s, arrived = _approach(
            near[place], radius_m[place], earlier.get(place, -np.inf), ended_s
        )
        cover = bool(np.any(level[up] == WarningLevel.TAKE_COVER))
        facts.append(WarningFact(int(one), place, issued_s, ended_s, cover, approach_s, arrived))
        earlier[place] = ended_s
    return facts


def areas_warned(warnings: Any) -> int:
    """Return how many warnings went to areas under a track, where no place is listed."""
    told = np.isin(column(warnings, "level"), (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER))
    of_areas = column(warnings, "place") < 0
    return len(np.unique(column(warnings, "warning")[of_areas & told]))


def _by_issue(number: I64, issued_s: Any) -> list[int]:
    """Return distinct warning numbers in order of issue."""
    distinct, first = np.unique(number, return_index=True)
    return [int(n) for n in distinct[np.lexsort((distinct, issued_s[first]))]]


def _approach(near: Nearby, radius_m: float, from_s: float, to_s: float) -> tuple[float, bool]:
    """Return when drones came to a place in a span, and whether one came within its radius."""
    within = np.flatnonzero((near.time_s > from_s) & (near.time_s <= to_s))
    if len(within) == 0:
        return float("nan"), False
    inside = within[near.distance_m[within] <= radius_m]
    if len(inside):
        return float(near.time_s[inside[0]]), True
    return float(near.time_s[within[np.argmin(near.distance_m[within])]]), False
