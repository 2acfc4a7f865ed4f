"""Merging of tracks that stay indistinguishable: one target, one track."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from chowki.core.table import I64
from chowki.kernels.motion import coast
from chowki.kernels.twins import indistinct
from chowki.picture.clusters import surviving
from chowki.picture.parameters import PictureParameters
from chowki.picture.states import Evidence, Picture, TrackStates, Twins

Column = TypeVar("Column", bound=NDArray[Any])
REACH_M = 3_000.0


def merged(picture: Picture, rows: I64, time_s: float, parameters: PictureParameters) -> Picture:
    """Return the picture with tracks merged that could not be told apart for long enough.

    A pair that one sensor has lately resolved (a plot for each in the same scan) is never merged.

    Parameters
    ----------
    picture : Picture
        Before.
    rows : I64
        Shape (n,): tracks in question.
    time_s : float
        UTC seconds.
    parameters : PictureParameters
        Distance, time, allowance for registration.
    """
    s = picture.states
    state, covariance = coast(
        s.state, s.covariance, s.time_s, rows, time_s, parameters.acceleration_horizontal_m2ps3,
        parameters.acceleration_vertical_m2ps3,
    )  # fmt: skip
    a, b = indistinct(
        state, covariance, s.own_scans[rows], REACH_M, parameters.registration_range_m,
        parameters.twin_distance,
    )  # fmt: skip
    if not len(a):
        return picture if not len(picture.twins) else replace(picture, twins=Twins.empty())
    twins = _since(picture.twins, s.track[rows[a]], s.track[rows[b]], time_s)
    ripe = time_s - twins.since_s >= parameters.twin_after_s
    if not ripe.any():
        return replace(picture, twins=twins)
    kept, gone = _disjoint(rows[a[ripe]], rows[b[ripe]], s.track)
    return _joined(replace(picture, twins=twins.take(~ripe)), kept, gone)


def _since(before: Twins, one: I64, other: I64, time_s: float) -> Twins:
    """Return the pairs of now, each with the time since which it has been one."""
    older, younger = np.minimum(one, other), np.maximum(one, other)
    known = {
        (int(p), int(q)): float(since)
        for p, q, since in zip(before.older, before.younger, before.since_s, strict=True)
    }
    pairs = zip(older, younger, strict=True)
    since_s = np.array([known.get((int(p), int(q)), time_s) for p, q in pairs])
    return Twins(older, younger, since_s)


def _disjoint(one: I64, other: I64, track: I64) -> tuple[I64, I64]:
    """Return rows kept and rows given up; a row takes part once: the older track is kept."""
    used: set[int] = set()
    kept: list[int] = []
    gone: list[int] = []
    for p, q in zip(one.tolist(), other.tolist(), strict=True):
        if p not in used and q not in used:
            used |= {p, q}
            older, younger = (p, q) if track[p] < track[q] else (q, p)
            kept.append(older)
            gone.append(younger)
    return np.array(kept, dtype=np.int64), np.array(gone, dtype=np.int64)


def _joined(picture: Picture, kept: I64, gone: I64) -> Picture:
    """Return the picture with rows ``gone`` taken into rows ``kept``."""
    stay = np.ones(len(picture.states), dtype=bool)
    stay[gone] = False
    counts = replace(picture.counts, merged=picture.counts.merged + len(gone))
    return replace(
        picture,
        states=_states(picture.states, kept, gone).take(stay),
        evidence=_evidence(picture.evidence, kept, gone).take(stay),
        clusters=surviving(picture.clusters, picture.states.track[stay]),
        counts=counts,
    )


def _states(s: TrackStates, kept: I64, gone: I64) -> TrackStates:
    """Return the states: motion of the better known of each pair, history of both."""
    size = np.einsum("nii->n", s.covariance[:, :3, :3])
    size = size + np.maximum(s.updated_s.max() - s.updated_s, 0.0) ** 2
    better = size[gone] < size[kept]
    motion = {
        name: _replaced(getattr(s, name), kept[better], getattr(s, name)[gone[better]])
        for name in ("time_s", "state", "covariance", "rcs_dbsm", "rcs_weight", "mode_row")
    }
    return replace(
        s,
        **motion,
        existence=_replaced(
            s.existence, kept, 1.0 - (1.0 - s.existence[kept]) * (1.0 - s.existence[gone])
        ),
        first_s=_replaced(s.first_s, kept, np.minimum(s.first_s[kept], s.first_s[gone])),
        confirmed_s=_replaced(
            s.confirmed_s, kept, np.fmin(s.confirmed_s[kept], s.confirmed_s[gone])
        ),
        updated_s=_replaced(s.updated_s, kept, np.maximum(s.updated_s[kept], s.updated_s[gone])),
        answered_s=_replaced(s.answered_s, kept, np.fmax(s.answered_s[kept], s.answered_s[gone])),
        updates=_replaced(s.updates, kept, s.updates[kept] + s.updates[gone]),
        unseen=_replaced(s.unseen, kept, np.minimum(s.unseen[kept], s.unseen[gone])),
        sensor_bits=_replaced(s.sensor_bits, kept, s.sensor_bits[kept] | s.sensor_bits[gone]),
    )


def _evidence(e: Evidence, kept: I64, gone: I64) -> Evidence:
    """Return the evidence: what either of a pair knew."""
    unnamed = e.address[kept] < 0
    lends = gone[unnamed]
    return replace(
        e,
        address=_replaced(e.address, kept[unnamed], e.address[lends]),
        address_kind=_replaced(e.address_kind, kept[unnamed], e.address_kind[lends]),
        callsign=_replaced(e.callsign, kept[unnamed], e.callsign[lends]),
        agreed=_replaced(e.agreed, kept[unnamed], e.agreed[lends]),
        crossed_border_s=_replaced(
            e.crossed_border_s, kept, np.fmin(e.crossed_border_s[kept], e.crossed_border_s[gone])
        ),
        looks=_replaced(e.looks, kept, e.looks[kept] + e.looks[gone]),
        payload=_replaced(e.payload, kept, e.payload[kept] + e.payload[gone]),
        looked=_replaced(e.looked, kept, e.looked[kept] + e.looked[gone]),
        decided=_replaced(e.decided, kept, np.maximum(e.decided[kept], e.decided[gone])),
    )


def _replaced(column: Column, rows: I64, values: NDArray[Any]) -> Column:
    """Return a copy of a column with some entries replaced."""
    copy = column.copy()
    copy[rows] = values
    return copy
