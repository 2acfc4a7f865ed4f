"""How good tracks are, held against truth: GOSPA by scan, OSPA(2) over all, identity switches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.errors import FeedError
from chowki.kernels.gospa import Matches, assign, keep_partners, near_pairs
from chowki.kernels.ospa2 import ospa2
from chowki.outputs.track_files import Trails

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SAME_SCAN_S = 1e-3


def score_tracks(truth: Trails, tracks: Trails, cutoff_m: float, p: float = 2.0) -> dict[str, Any]:
    """Return the scores of tracks.

    Scans are the union of the times in both; times no more than 1 ms after one another are one
    scan. GOSPA (``kernels.gospa``, alpha = 2) is the root mean p-th power over scans, and so are
    its parts, whose p-th powers add up to it. RMSE, missed and false are those of each scan's
    optimum, the shares in percent of truth rows. Switches are counted with memory, as CLEAR MOT
    does (``kernels.gospa.keep_partners``). OSPA(2) is that of ``kernels.ospa2``.

    Parameters
    ----------
    truth, tracks : Trails
        As ``track_files`` reads them; ``position_m`` equally wide.
    cutoff_m : float
        Cutoff c > 0 of GOSPA and OSPA(2).
    p : float
        Their order, >= 1.

    Returns
    -------
    dict
        Figures by name, NaN where there is nothing to divide by.

    Raises
    ------
    FeedError
        If both hold no row, or a name stands twice in one scan.
    """
    truth_step, track_step, scans = _steps(truth, tracks)
    for trails, step in ((truth, truth_step), (tracks, track_step)):
        _once_a_scan(trails, step)
    pairs = near_pairs(truth.position_m, truth_step, tracks.position_m, track_step, cutoff_m)
    best = assign(pairs, len(truth_step), len(track_step), cutoff_m, p)
    targets, rows = len(truth.names), len(truth_step)
    switches = _switches(pairs, best, truth, tracks, truth_step)
    missed, false = rows - len(best.truth), len(track_step) - len(best.truth)
    trajectory_m = ospa2(pairs, truth.number, truth_step, tracks.number, track_step, cutoff_m, p)
    return {
        "scans": scans,
        "cutoff_m": cutoff_m,
        "p": p,
        "targets": targets,
        "tracks": len(tracks.names),
        "truth_rows": rows,
        "track_rows": len(track_step),
        **_gospa(best, truth_step, track_step, scans, cutoff_m, p),
        "matched_per_scan": len(best.truth) / scans,
        "missed_per_scan": missed / scans,
        "false_per_scan": false / scans,
        "rmse_m": _root_mean(best.distance_m**2, 2.0),
        "missed_percent": _share(missed, rows),
        "false_percent": _share(false, rows),
        "switches": switches,
        "switches_per_100": _share(switches, rows),
        "ospa2_m": trajectory_m,
    }


def _steps(truth: Trails, tracks: Trails) -> tuple[I64, I64, int]:
    """Return the scan of each row of both, and how many scans there are."""
    times = np.unique(np.concatenate([truth.time_s, tracks.time_s]))
    if len(times) == 0:
        raise FeedError(f"{truth.source}, {tracks.source}: neither holds a row; nothing to score")
    of_time = np.concatenate([[0], np.cumsum(np.diff(times) > SAME_SCAN_S)])
    truth_step = of_time[np.searchsorted(times, truth.time_s)]
    return truth_step, of_time[np.searchsorted(times, tracks.time_s)], int(of_time[-1]) + 1


def _once_a_scan(trails: Trails, step: I64) -> None:
    key = step * (len(trails.names) + 1) + trails.number
    order = np.argsort(key, kind="stable")
    again = np.flatnonzero(np.diff(key[order]) == 0)
    if len(again):
        row = order[again + 1].min()
        name, time_s = trails.names[trails.number[row]], trails.time_s[row]
        raise FeedError(
            f"{trails.source}: row {row + 2}: {name} stands twice in the scan at {time_s:.6g} s; "
            "each may stand once in a scan (times up to 1 ms apart are one scan)"
        )


def _gospa(
    best: Matches, truth_step: I64, track_step: I64, scans: int, cutoff_m: float, p: float
) -> dict[str, float]:
    """Return GOSPA and its parts over scans, metres."""
    matched = np.bincount(truth_step[best.truth], minlength=scans)
    located = np.bincount(truth_step[best.truth], best.distance_m**p, scans)
    missed = 0.5 * cutoff_m**p * (np.bincount(truth_step, minlength=scans) - matched)
    false = 0.5 * cutoff_m**p * (np.bincount(track_step, minlength=scans) - matched)
    total = located + missed + false
    mean_targets = len(truth_step) / scans
    rms_m = _root_mean(total, p)
    return {
        "gospa_m": rms_m,
        "gospa_localisation_m": _root_mean(located, p),
        "gospa_missed_m": _root_mean(missed, p),
        "gospa_false_m": _root_mean(false, p),
        "gospa_mean_m": float(np.mean(total ** (1.0 / p))),
        "gospa_per_root_target_m": rms_m / mean_targets ** (1.0 / p) if mean_targets else np.nan,
    }


def _switches(pairs: Matches, best: Matches, truth: Trails, tracks: Trails, truth_step: I64) -> int:
    """Return how often a target's track changed, partners holding on to each other."""
    chosen = np.full(len(tracks.number), -1)
    chosen[best.estimate] = best.truth
    _, switches = keep_partners(
        truth_step[pairs.truth],
        truth.number[pairs.truth],
        tracks.number[pairs.estimate],
        pairs.distance_m,
        chosen[pairs.estimate] == pairs.truth,
        len(truth.names),
        len(tracks.names),
    )
    return int(switches.sum())


def _root_mean(powers: NDArray[Any], p: float) -> float:
    return float(np.mean(powers) ** (1.0 / p)) if len(powers) else np.nan


def _share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else np.nan
