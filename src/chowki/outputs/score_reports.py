"""Scores of a real feed: the objects' own reports are the truth that association never saw.

Association goes by geometry alone, so the address that an aircraft sends can tell afterwards
whether one track followed one aircraft. The position error is that of the track against the same
reports that fed it: it shows how the filter holds on, not how true the reports are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chowki.outputs.evidence import F64, I64, Evidence, column, positions, running_numbers
from chowki.outputs.score_matching import Clock, Objects, confirmed_tracks, follow, pictures_of


@dataclass(frozen=True, slots=True)
class ReportScore:
    """Scores against cooperative reports.

    Attributes
    ----------
    cutoff_m, gap_s : float
        Cutoff of a match; longest gap between two reports that is bridged by a straight line.
    objects : int
        Distinct addresses that reported positions.
    objects_tracked : int
        Those that a confirmed track ever followed.
    tracks : int
        Confirmed tracks.
    switches : int
        Identity switches, as in ``chowki.outputs.score``.
    completeness : float
        Share of reported object-pictures in which a confirmed track followed; NaN without any.
    error_median_m, error_95_m : float
        Distance of the track from the object's own reports, interpolated; NaN without a match.
    """

    cutoff_m: float
    gap_s: float
    objects: int
    objects_tracked: int
    tracks: int
    switches: int
    completeness: float
    error_median_m: float
    error_95_m: float

    def document(self) -> dict[str, Any]:
        """Return the scores as JSON-able values, None where there is none."""
        return {
            name: (None if isinstance(value, float) and not np.isfinite(value) else value)
            for name, value in asdict(self).items()
        }


def score_reports(
    recording: Evidence, cutoff_m: float = 2000.0, gap_s: float = 30.0
) -> ReportScore | None:
    """Score a recording against the positions that objects reported under their address.

    Parameters
    ----------
    recording : Evidence
        A recording of a real feed.
    cutoff_m : float
        From where on a track does not follow an object.
    gap_s : float
        Longest gap between two reports of one object that is bridged.

    Returns
    -------
    ReportScore or None
        None for a simulation, without addressed positions, or with fewer than two pictures.
    """
    clock = pictures_of(recording)
    if recording.theatre.simulated or clock is None:
        return None
    reports = _reports(recording)
    if not len(reports[0]):
        return None
    truth = interpolated(*reports, clock, gap_s)
    found = confirmed_tracks(recording, clock)
    following = follow(truth, found, cutoff_m)
    apart = following.kept.distance_m
    return ReportScore(
        cutoff_m=cutoff_m,
        gap_s=gap_s,
        objects=len(np.unique(reports[0])),
        objects_tracked=len(np.unique(truth.number[following.kept.truth])),
        tracks=len(np.unique(found.number)),
        switches=int(following.switches.sum()),
        completeness=len(apart) / len(truth) if len(truth) else float("nan"),
        error_median_m=float(np.quantile(apart, 0.5)) if len(apart) else float("nan"),
        error_95_m=float(np.quantile(apart, 0.95)) if len(apart) else float("nan"),
    )


def _reports(recording: Evidence) -> tuple[I64, F64, F64]:
    """Return running object number, time and position of reports, by object and time.

    Of several reports of one object at one time the first counts.
    """
    table = recording.detections
    address, kind = column(table, "address"), column(table, "address_kind").astype(np.int64)
    position_m = positions(table)
    told = np.flatnonzero((address >= 0) & np.isfinite(position_m).all(axis=1))
    number = running_numbers(2 * address[told] + (kind[told] > 0))
    time_s = column(table, "time_s")[told]
    order = np.lexsort((time_s, number))
    number, time_s, position_m = number[order], time_s[order], position_m[told][order]
    new = np.append(True, (np.diff(number) != 0) | (np.diff(time_s) > 0))[: len(number)]
    return number[new], time_s[new], position_m[new]


def interpolated(number: I64, time_s: F64, position_m: F64, clock: Clock, gap_s: float) -> Objects:
    """Return where each object was at the time of each picture, on the line between two reports.

    Parameters
    ----------
    number : I64
        Object of each report, shape (n,), ascending; times ascend within an object.
    time_s : F64
        UTC seconds, shape (n,).
    position_m : F64
        Shape (n, 3).
    clock : Clock
        The pictures.
    gap_s : float
        Longest gap that is bridged.
    """
    first = np.ceil((time_s[:-1] - clock.first_s) / clock.period_s).astype(np.int64)
    last = np.ceil((time_s[1:] - clock.first_s) / clock.period_s).astype(np.int64)
    bridged = (np.diff(number) == 0) & (np.diff(time_s) <= gap_s)
    first, last = np.clip(first, 0, clock.steps), np.clip(last, 0, clock.steps)
    counts = np.where(bridged, np.maximum(last - first, 0), 0)
    leg = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(leg)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = first[leg] + within
    at_s = clock.first_s + clock.period_s * step
    share = (at_s - time_s[leg]) / (time_s[leg + 1] - time_s[leg])
    place = position_m[leg] + share[:, None] * (position_m[leg + 1] - position_m[leg])
    return Objects(number[leg], step, place, leg)
