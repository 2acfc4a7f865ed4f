"""Threats beside truth: is the true place first, when, how sure, how steadily ranked.

Judged, once each for every lead, are drones of the raid still flying at that lead before their
planned arrival, whose track has followed them for 30 s. A drone that was shot down later counts
by the arrival that it had planned. A track without a row means no place and is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from intervals import of_mean, of_ratio, of_share
from nights import Figures
from planned import arrivals

from chowki.core.messages import Event, Frame
from chowki.core.records import Fate, Threats, Tracks, Truth
from chowki.core.table import I64
from chowki.defence.threat_baselines import ClosestApproach, NearestPlace
from chowki.scenario import Built
from page import Table, least, most
from rows import Rows

LEADS_S = (600, 300, 180, 60)
FIRST = {180: 0.85, 60: 0.97}
EVERY_S, FOLLOWED_S, HALF_S = 10, 30.0, 5.0
HORIZONS_S = (10, 60, 180, 400, 800, 1_500)
BINS, TOP, FLIPS = 10, 10, 1.0
INSIDE = (0.88, 0.92)
OURS, BASELINES = "destination", {"nearest place": NearestPlace, "CPA": ClosestApproach}
COMMANDS = ("make bench-defence", "python benchmarks/defence/run.py --only threat")


class ThreatWatch:
    """Watches threats of one night, and what the baselines say of the same tracks."""

    def __init__(self, built: Built, seed: int) -> None:
        del seed
        self._planned = arrivals(built)
        self._start_s = built.theatre.station.start_s
        self._models = {name: model(built.theatre) for name, model in BASELINES.items()}
        self._since: dict[tuple[int, int], float] = {}
        self._judged: set[tuple[int, int]] = set()
        self._order: list[int] = []
        self._leads = {str(lead): _no_lead() for lead in LEADS_S}
        self._horizons = np.zeros((len(HORIZONS_S) - 1, 5), dtype=np.int64)
        self._bins = np.zeros((BINS, 3))
        self._ranking = {"flips": 0, "displaced": 0, "seconds": 0}

    def see(self, event: Event, frame: Frame, truth: Truth | None, target: I64 | None) -> None:
        """Take note of a complete frame."""
        del event
        if truth is None or target is None:
            return
        follows = self._follow(frame.tracks, truth, target, frame.time_s)
        self._rank(frame.threats)
        if round(frame.time_s - self._start_s) % EVERY_S:
            return
        means = np.where(truth.attacking == 1, truth.place, -1)
        flying = truth.fate == Fate.FLYING
        place_of = dict(zip(truth.target[flying].tolist(), means[flying].tolist(), strict=True))
        self._judge_leads(frame, follows, place_of)
        self._judge_times(frame, follows, place_of)
        self._judge_sureness(frame, means, target)

    def figures(self) -> Figures:
        """Return counts and sums of the night."""
        return {
            "leads": self._leads,
            "horizons": self._horizons.tolist(),
            "bins": self._bins.tolist(),
            "ranking": self._ranking,
        }

    def _follow(self, tracks: Tracks, truth: Truth, target: I64, now_s: float) -> dict[int, int]:
        """Return the track that has followed each drone longest, 30 s at least."""
        rows = np.flatnonzero(target >= 0)
        rows = rows[truth.attacking[target[rows]] == 1]
        pairs = zip(tracks.track[rows].tolist(), truth.target[target[rows]].tolist(), strict=True)
        best: dict[int, tuple[float, int]] = {}
        for track, drone in pairs:
            since = self._since.setdefault((track, drone), now_s)
            if now_s - since >= FOLLOWED_S:
                best[drone] = min(best.get(drone, (np.inf, -1)), (since, track))
        return {drone: track for drone, (_, track) in best.items()}

    def _judge_leads(self, frame: Frame, follows: dict[int, int], place_of: dict[int, int]) -> None:
        due = [
            (lead, drone)
            for drone in place_of
            for lead in LEADS_S
            if -HALF_S < self._planned.get(drone, np.inf) - frame.time_s - lead <= HALF_S
            and (lead, drone) not in self._judged
        ]
        if not due:
            return
        said = {OURS: first_places(frame.threats)}
        for name, model in self._models.items():
            rows = model.evaluate((), frame.tracks, frame.time_s)[1]
            said[name] = first_places(rows)
        for lead, drone in due:
            self._judged.add((lead, drone))
            into = self._leads[str(lead)]
            into["flying"] += 1
            if drone not in follows:
                continue
            into["followed"] += 1
            track = follows[drone]
            into["rows"] += track in said[OURS]
            for name, first in said.items():
                into[name] += first.get(track, -1) == place_of[drone]

    def _judge_times(self, frame: Frame, follows: dict[int, int], place_of: dict[int, int]) -> None:
        threats = frame.threats
        pairs = zip(threats.track.tolist(), threats.place.tolist(), strict=True)
        row_of = {pair: row for row, pair in enumerate(pairs)}
        for drone, track in follows.items():
            left_s = self._planned.get(drone, np.inf) - frame.time_s
            if drone not in place_of or not HORIZONS_S[0] <= left_s < HORIZONS_S[-1]:
                continue
            into = self._horizons[int(np.searchsorted(HORIZONS_S, left_s, side="right")) - 1]
            row = row_of.get((track, place_of[drone]))
            if row is None:
                into[4] += 1
                continue
            low, high = threats.time_to_go_low_s[row], threats.time_to_go_high_s[row]
            into += np.array([1, low <= left_s <= high, left_s < low, left_s > high, 0])

    def _judge_sureness(self, frame: Frame, means: I64, target: I64) -> None:
        threats, tracks = frame.threats, frame.tracks
        meant = np.where(target >= 0, np.append(means, -1)[target], -1)
        order = np.argsort(tracks.track)
        row = order[np.searchsorted(tracks.track, threats.track, sorter=order)]
        right = (meant[row] == threats.place).astype(np.float64)
        entry = np.minimum((threats.probability * BINS).astype(np.int64), BINS - 1)
        for k, column in enumerate((np.ones(len(row)), threats.probability, right)):
            self._bins[:, k] += np.bincount(entry, column, BINS)

    def _rank(self, threats: Threats) -> None:
        """Count the pairs of tracks that swapped order since a second ago."""
        order = list(dict.fromkeys(threats.track.tolist()))
        now = {track: rank for rank, track in enumerate(order)}
        ranks = [now[track] for track in self._order[:TOP] if track in now]
        both = [rank for rank in ranks if rank < TOP]
        self._ranking["flips"] += sum(b < a for k, a in enumerate(both) for b in both[k + 1 :])
        self._ranking["displaced"] += len(ranks) - len(both)
        self._ranking["seconds"] += len(order) > 1
        self._order = order


OBSERVER = ThreatWatch


def _no_lead() -> dict[str, int]:
    return dict.fromkeys(("flying", "followed", "rows", OURS, *BASELINES), 0)


def first_places(threats: Threats) -> dict[int, int]:
    """Return the place that each track most probably means."""
    found: dict[int, tuple[float, int]] = {}
    rows = zip(
        threats.track.tolist(), threats.probability.tolist(), threats.place.tolist(), strict=True
    )
    for track, probability, place in rows:
        found[track] = max(found.get(track, (-1.0, -1)), (probability, -place))
    return {track: -place for track, (_, place) in found.items()}


def nights_of(rows: Rows) -> dict[str, list[Any]]:
    """Return the figures of this section, a list of nights for each variant."""
    found: dict[str, list[Any]] = {}
    for name, figures in rows.rows.items():
        if "threat" in figures:
            found.setdefault(json.loads(name)["variant"], []).append(figures["threat"])
    return found


def tables(rows: Rows) -> list[Table]:
    """Return the tables of threat evaluation."""
    nights = nights_of(rows)
    raids = {
        variant: figures
        for variant, figures in nights.items()
        if any(lead["flying"] for night in figures for lead in night["leads"].values())
    }
    return [_firsts(raids), _times(raids), _sureness(raids), _rankings(nights)]


def _firsts(nights: dict[str, list[Any]]) -> Table:
    return Table(
        "The true place first",
        "Of drones followed for 30 s: share whose most probable place is the true one, with its "
        "95 % interval (Clopper and Pearson); the baselines judge the same tracks at the same "
        "time, and differences are paired by night (mean over nights, 95 % interval). A track "
        "without a row counts as wrong. Drones still flying at that lead but not followed are "
        "left out; the column *followed* says how many are not.",
        ("night", "lead", "followed", "true place first", "nearest place", "closest approach",
         "better than nearest", "better than CPA"),
        [list(row) for row in _first_rows(nights)],
        COMMANDS,
    )  # fmt: skip


def _first_rows(nights: dict[str, list[Any]]) -> Iterator[Sequence[str]]:
    for variant, figures in nights.items():
        for lead in LEADS_S:
            each = [night["leads"][str(lead)] for night in figures]
            total = {key: sum(one[key] for one in each) for key in _no_lead()}
            if not total["followed"]:
                continue
            hits, n = total[OURS], total["followed"]
            shown = f"{hits / n:.3f}"
            if lead in FIRST:
                shown = least(hits / n, FIRST[lead], 3)
            low, high = of_share(hits, n)
            better = [_better(each, name) for name in BASELINES]
            others = [f"{total[name] / n:.3f}" for name in BASELINES]
            cover = f"{n:,} of {total['flying']:,}"
            yield (
                variant,
                f"{lead} s",
                cover,
                f"{shown} ({low:.3f} to {high:.3f})",
                *others,
                *better,
            )


def _better(each: list[dict[str, int]], name: str) -> str:
    gains = [(one[OURS] - one[name]) / one["followed"] for one in each if one["followed"]]
    mean, low, high = of_mean(gains)
    return f"{100 * mean:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f}, n = {len(gains)})"


def _times(nights: dict[str, list[Any]]) -> Table:
    body: list[list[str]] = []
    for variant, figures in nights.items():
        counts = np.array([night["horizons"] for night in figures])
        spans = pairwise(HORIZONS_S)
        parts = [(f"{low} to {high} s", counts[:, k]) for k, (low, high) in enumerate(spans)]
        parts.append(("all", counts.sum(axis=1)))
        body += [[variant, name, *_inside(part, name == "all")] for name, part in parts]
    return Table(
        "Time to go inside its 90 % interval",
        "Drones followed for 30 s, each 10 s, by the time that was left; the interval of the "
        "row of the true place. Intervals of the share are bootstrapped over nights. Early and "
        "late: arrived before, after the interval. Goal for all: 0.88 to 0.92.",
        ("night", "time left", "cases", "inside", "early", "late", "no row"),
        body,
        COMMANDS,
    )


def _inside(part: np.ndarray, judged: bool) -> list[str]:
    n, _, early, late, none = part.sum(axis=0)
    share, low, high = of_ratio(part[:, 1], part[:, 0])
    shown = f"{share:.3f} ({low:.3f} to {high:.3f})"
    if judged:
        met = "met" if INSIDE[0] <= share <= INSIDE[1] else "missed"
        shown += f" (goal {INSIDE[0]} to {INSIDE[1]}: {met})"
    return [f"{n:,}", shown, f"{early / max(n, 1):.3f}", f"{late / max(n, 1):.3f}", f"{none:,}"]


def _sureness(nights: dict[str, list[Any]]) -> Table:
    body: list[list[str]] = []
    for variant, figures in nights.items():
        bins = np.array([night["bins"] for night in figures]).sum(axis=0)
        n = np.maximum(bins[:, 0], 1.0)
        error = float((np.abs(bins[:, 1] - bins[:, 2])).sum() / max(bins[:, 0].sum(), 1.0))
        cells = [
            f"{said / k:.2f} → {true / k:.2f} ({int(count):,})"
            for (count, said, true), k in zip(bins, n, strict=True)
        ]
        body.append([variant, *cells, f"{error:.3f}"])
    edges = [f"{k / BINS:.1f} to {(k + 1) / BINS:.1f}" for k in range(BINS)]
    return Table(
        "Reliability of the probability that a place is meant",
        "All rows of all tracks, each 10 s: mean probability said → share in which a drone of the "
        "raid flies there and means that place (rows). The last column is the mean absolute "
        "difference over the bins, weighed by rows. Tracks that follow nothing, birds and "
        "harmless drones count as meaning no place, so errors of identity are in it.",
        ("night", *edges, "calibration error"),
        body,
        COMMANDS,
    )


def _rankings(nights: dict[str, list[Any]]) -> Table:
    body: list[list[str]] = []
    for variant, figures in nights.items():
        minutes = [night["ranking"]["seconds"] / 60.0 for night in figures]
        cells = []
        for key in ("flips", "displaced"):
            rate, low, high = of_ratio([night["ranking"][key] for night in figures], minutes)
            shown = most(rate, FLIPS) if key == "flips" else f"{rate:.2f}"
            cells.append(f"{shown} ({low:.2f} to {high:.2f})")
        body.append([variant, f"{sum(minutes):,.0f}", *cells])
    return Table(
        "Rank flips among the top ten",
        "From second to second: pairs of tracks, both among the ten worst before and after, that "
        "swapped order; and tracks that fell out of the ten while they still threatened. Ranking "
        "is of tracks, with hysteresis (`rank_margin`). Intervals are bootstrapped over nights.",
        ("night", "minutes", "flips a minute", "displaced a minute"),
        body,
        COMMANDS,
    )
