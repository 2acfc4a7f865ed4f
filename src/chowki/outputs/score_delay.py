"""How long covered drones waited to be confirmed: in seconds, and in scans that could see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.places import Theatre
from chowki.outputs.evidence import F64, I64, Evidence, column
from chowki.outputs.score_matching import Clock, Matches, Objects

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Delays:
    """One row for each drone that was covered and later, or then, followed.

    Attributes
    ----------
    number : I64
        Running number of the drone, shape (d,).
    seconds : F64
        From the first picture in which it was covered to the confirmation of the track that
        followed it first from then on; 0 when it was confirmed before. Shape (d,).
    scans : I64
        Scans in that time of the sensors that covered it, the confirming one included, shape (d,).
    """

    number: I64
    seconds: F64
    scans: I64


def delays(
    evidence: Evidence, clock: Clock, truth: Objects, found: Objects, kept: Matches,
    rows: I64, covers: Any, sensors: I64,
) -> Delays:  # fmt: skip
    """Return how long drones waited.

    Parameters
    ----------
    evidence : Evidence
        Its tracks tell when each was confirmed, its scans when sensors looked.
    clock : Clock
        The pictures.
    truth, found : Objects
        Targets and confirmed tracks.
    kept : Matches
        Who followed whom.
    rows : I64
        Rows of ``truth`` in question, shape (q,).
    covers : numpy.ndarray
        Which sensor covers each of them, shape (q, s).
    sensors : I64
        Numbers of these sensors, shape (s,).
    """
    target = truth.number[rows]
    first = np.full(1 + int(truth.number.max(initial=-1)), NEVER)
    seen = covers.any(axis=1)
    np.minimum.at(first, target[seen], truth.step[rows[seen]])
    confirmed_s = _confirmed_s(evidence, truth, found, kept, first)
    drones = np.flatnonzero((first < NEVER) & np.isfinite(confirmed_s))
    since_s = clock.times()[first[drones]]
    looks = _looks(evidence, evidence.theatre)
    scans = [
        _scans(truth.step[rows], target == drone, covers, sensors, looks, clock, start, end)
        for drone, start, end in zip(drones, since_s, confirmed_s[drones], strict=True)
    ]
    waited = np.maximum(confirmed_s[drones] - since_s, 0.0)
    return Delays(drones, waited, np.array(scans, dtype=np.int64))


def _confirmed_s(
    evidence: Evidence, truth: Objects, found: Objects, kept: Matches, first: I64
) -> F64:
    """Return when the track was confirmed that followed each target first once it was covered."""
    told, target = column(evidence.tracks, "confirmed_s"), truth.number[kept.truth]
    step = truth.step[kept.truth]
    after = np.flatnonzero(step >= first[target])
    order = after[np.lexsort((step[after], target[after]))]
    out = np.full(len(first), np.nan)
    own, at = np.unique(target[order], return_index=True)
    out[own] = told[found.row[kept.estimate[order[at]]]]
    return out


def _looks(evidence: Evidence, theatre: Theatre) -> dict[int, tuple[F64, F64]]:
    """Return beginning and middle of the looks of each sensor, as far as receipt tells them."""
    time_s, sensor = column(evidence.scans, "time_s"), column(evidence.scans, "sensor")
    out: dict[int, tuple[F64, F64]] = {}
    for one in theatre.sensors:
        received = np.sort(time_s[sensor == one.number])
        period_s = max(one.period_s, 0.0)
        out[one.number] = received - period_s, received - 0.5 * period_s
    return out


def _scans(
    step: I64, own: Any, covers: Any, sensors: I64, looks: dict[int, tuple[F64, F64]],
    clock: Clock, start_s: float, end_s: float,
) -> int:  # fmt: skip
    """Return how many scans could see a drone from its coverage to its confirmation."""
    at, covered, total = step[own], covers[own], 0
    for k in np.flatnonzero(covered.any(axis=0)):
        begin, middle = looks[int(sensors[k])]
        picked = middle[(middle >= start_s) & (begin < end_s)]
        near = np.searchsorted(clock.times()[at], picked, side="right") - 1
        total += int(covered[np.clip(near, 0, len(at) - 1), k].sum())
    return total
