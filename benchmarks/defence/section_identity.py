"""Identity beside truth: class groups, how sure they are, arms, changes of mind.

Judged are confirmed tracks first seen more than 30 s before, each second, by the target that each
follows. A group is crewed (aeroplane, helicopter), drone (multirotor, fixed-wing drone, loitering
munition, decoy) or bird; the one with the largest summed probability is named.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from intervals import LEVEL
from nights import Figures

from chowki.core.messages import Event, Frame
from chowki.core.records import (
    Identity,
    ObjectClass,
    Reason,
    Tracks,
    TrackStatus,
    Truth,
)
from chowki.core.table import F64, I64
from chowki.scenario import Built, Scenario
from page import Table, least, most
from rows import Rows

GROUPS = ("crewed", "drone", "bird")
GROUP_OF = np.array([1, 1, 1, 1, 0, 0, 2])
CLASSES = tuple(kind.name.lower().replace("_", " ") for kind in ObjectClass)
SETTLED_S, BINS, DRAWS = 30.0, 15, 1_000
RIGHT, CALIBRATED, BETTER, FLIPS = 0.97, 0.03, 0.40, 0.2
EVIDENCE = int(Reason.RF_HIT | Reason.ELECTRO_OPTICAL)
POOLS = ("drones with evidence", "drones heard", "drones looked at", "all drones", "all tracks")
VARIANTS = {
    "second-wave": "as it is",
    "half": "half of its places attacked",
    "silent": "no drone of the raid transmits",
    "birds": "birds tripled",
    "hold": "nobody is engaged",
}


def silent(story: Scenario) -> Scenario:
    """Return a scenario in which no drone of the raid transmits; direction finders listen on."""
    kinds = {
        name: kind.model_copy(update={"silent": 1.0}) for name, kind in story.raid.kinds.items()
    }
    return story.model_copy(update={"raid": story.raid.model_copy(update={"kinds": kinds})})


BIRDS_TRIPLED = ("birds.per_drone=30",)


class Identities:
    """Watches what tracks are taken for."""

    def __init__(self, _built: Built, _seed: int) -> None:
        self._named = np.zeros((len(ObjectClass), len(GROUPS)))
        self._classes = np.zeros((len(ObjectClass), len(ObjectClass)))
        # of the group named, then of each group: how often, summed probability, how often true
        self._sure = np.zeros((1 + len(GROUPS), BINS, 3))
        # rows, armed, squared error, summed probability
        self._armed = np.zeros((len(POOLS), 4))
        self._armed_sure = np.zeros((BINS, 3))
        self._accused = np.zeros(2)
        self._tracks: dict[int, list[int]] = {}
        self._before = (np.empty(0, np.int64), np.empty(0, np.int8))
        self._flips, self._seconds, self._false = 0, 0, 0

    def see(self, _event: Event, frame: Frame, truth: Truth | None, target: I64 | None) -> None:
        """Take note of a complete frame."""
        if truth is None or target is None:
            return
        tracks = frame.tracks
        confirmed = tracks.status == int(TrackStatus.CONFIRMED)
        self._changes(tracks.take(np.flatnonzero(confirmed)))
        old = confirmed & (frame.time_s - tracks.first_s > SETTLED_S)
        self._false += int((old & (target < 0)).sum())
        rows = np.flatnonzero(old & (target >= 0))
        if len(rows):
            self._judge(tracks.take(rows), truth, target[rows])

    def _changes(self, tracks: Tracks) -> None:
        """Count the tracks whose identity is not that of a second ago."""
        names, said = self._before
        _, now, before = np.intersect1d(tracks.track, names, return_indices=True)
        self._flips += int((tracks.identity[now] != said[before]).sum())
        self._seconds += len(tracks)
        self._before = tracks.track, tracks.identity

    def _judge(self, tracks: Tracks, truth: Truth, target: I64) -> None:
        real = truth.object_class[target].astype(np.int64)
        group, p = GROUP_OF[real], tracks.class_probability
        share = np.stack([p[:, k == GROUP_OF].sum(axis=1) for k in range(len(GROUPS))], axis=1)
        named = share.argmax(axis=1)
        np.add.at(self._named, (real, named), 1)
        np.add.at(self._classes, (real, tracks.object_class), 1)
        right = named == group
        _fill(self._sure[0], share.max(axis=1), right)
        for k in range(len(GROUPS)):
            _fill(self._sure[1 + k], share[:, k], group == k)
        for name, well in zip(tracks.track.tolist(), right.tolist(), strict=True):
            count = self._tracks.setdefault(name, [0, 0])
            count[0] += 1
            count[1] += well
        accused = tracks.identity >= int(Identity.SUSPECT)
        crewed = group == 0
        self._accused += (int(crewed.sum()), int((crewed & accused).sum()))
        self._arms(tracks, truth.armed[target] == 1, group == 1)

    def _arms(self, tracks: Tracks, armed: np.ndarray, drone: np.ndarray) -> None:
        """Count squared errors of the probability of arms, by what is known of a track."""
        told, p = tracks.reasons, tracks.armed_probability
        heard = (told & int(Reason.RF_HIT)) != 0
        looked = (told & int(Reason.ELECTRO_OPTICAL)) != 0
        pools = (drone & (heard | looked), drone & heard, drone & looked, drone, drone | True)
        for k, pool in enumerate(pools):
            y, q = armed[pool].astype(float), p[pool]
            self._armed[k] += (len(y), y.sum(), ((q - y) ** 2).sum(), q.sum())
        _fill(self._armed_sure, p[drone], armed[drone])

    def figures(self) -> Figures:
        """Return counts and sums."""
        wrong = sum(2 * right <= n for n, right in self._tracks.values())
        return {
            "named": self._named.tolist(),
            "classes": self._classes.tolist(),
            "sure": self._sure.tolist(),
            "armed": self._armed.tolist(),
            "armed_sure": self._armed_sure.tolist(),
            "accused": self._accused.tolist(),
            "tracks": [len(self._tracks), len(self._tracks) - wrong],
            "flips": [self._flips, self._seconds],
            "false": self._false,
        }


OBSERVER = Identities


def _fill(bins: F64, probability: F64, true: np.ndarray) -> None:
    """Add probabilities and what was true to bins (b, 3)."""
    at = np.minimum((probability * len(bins)).astype(np.int64), len(bins) - 1)
    bins[:, 0] += np.bincount(at, minlength=len(bins))
    bins[:, 1] += np.bincount(at, probability, minlength=len(bins))
    bins[:, 2] += np.bincount(at, true, minlength=len(bins))


def right_share(named: F64) -> float:
    """Return the share of track-seconds in the right group; ``named`` is (classes, groups)."""
    return float(named[np.arange(len(named)), GROUP_OF].sum() / max(named.sum(), 1.0))


def calibration_error(bins: F64) -> float:
    """Return the expected calibration error (Guo et al. 2017) of bins (b, 3).

    Examples
    --------
    >>> round(calibration_error(np.array([[10.0, 3.0, 1.0], [30.0, 27.0, 30.0]])), 3)
    0.125
    """
    return float(np.abs(bins[:, 1] - bins[:, 2]).sum() / max(bins[:, 0].sum(), 1.0))


def skill(pool: F64) -> float:
    """Return by how much the Brier score of a pool is better than that of its own base rate.

    Not a number where all or none are armed: the base rate, told afterwards, makes no error there.

    Examples
    --------
    >>> round(skill(np.array([100.0, 40.0, 12.0, 40.0])), 3)
    0.5
    """
    n, armed, error = pool[:3]
    base = armed / max(n, 1.0)
    return 1.0 - float(error / (n * base * (1.0 - base))) if 0.0 < base < 1.0 else float("nan")


def tables(rows: Rows) -> list[Table]:
    """Return the tables of identity."""
    nights = {name: _nights(rows, name) for name in VARIANTS}
    nights = {name: figures for name, figures in nights.items() if figures}
    command = ["make bench-defence"]
    return [
        Table(
            "What it is",
            "Confirmed tracks older than 30 s, each second, by the target that each follows. "
            "Expected calibration error in 15 bins: of the group named, and the worst of those of "
            "each group's probability. Changes of the standard identity of confirmed tracks, the "
            "first from pending included. Intervals (95 %) by bootstrap over nights.",
            ("night", "nights", "track-seconds", "group right", "tracks mostly right",
             "calibration error", "worst group's", "changes per track-minute",
             "crewed called suspect or hostile"),
            [_what(name, figures) for name, figures in nights.items()],
            command,
        ),
        Table(
            "What is taken for what",
            "Share of the track-seconds of each true class, all nights of a kind.",
            ("night", "class", "track-seconds", *GROUPS),
            [row for name, figures in nights.items() for row in _confused(name, figures)],
            command,
        ),
        Table(
            "Armed or not",
            "Brier score of the probability of arms, and how much better it is than that of the "
            "base rate of the same rows, told afterwards. Evidence is a radio hit credited to the "
            "track or an electro-optical look at it, whatever either told; targets are drones by "
            "truth, but for the last pool.",
            ("night", "pool", "track-seconds", "armed", "Brier score", "better than base rate by"),
            [row for name, figures in nights.items() for row in _arms(name, figures)],
            command,
        ),
        Table(
            "How sure, how often right",
            "All nights as they are: probability of the group named, and of arms of drones.",
            ("probability", "track-seconds", "mean", "right", "drones", "mean", "armed"),
            _reliability(nights.get("second-wave") or next(iter(nights.values()), [])),
            command,
        ),
    ]  # fmt: skip


def _nights(rows: Rows, variant: str) -> list[Figures]:
    """Return the figures of each night of a variant, in order of seeds."""
    import json

    found = [
        (json.loads(key)["seed"], figures["identity"])
        for key, figures in rows.rows.items()
        if json.loads(key).get("variant") == variant and "identity" in figures
    ]
    return [figures for _, figures in sorted(found, key=lambda pair: pair[0])]


def _sum(nights: Sequence[Figures], name: str) -> F64:
    return np.sum([np.asarray(night[name], dtype=np.float64) for night in nights], axis=0)


def _with_interval(
    nights: Sequence[Figures], value: Callable[[Sequence[Figures]], float]
) -> tuple[float, str]:
    """Return a figure of all nights, and its interval by bootstrap over nights (percentiles)."""
    chance, whole = np.random.default_rng(0), value(nights)
    if len(nights) < 2:
        return whole, "one night"
    drawn = chance.integers(len(nights), size=(DRAWS, len(nights)))
    values = [value([nights[k] for k in row]) for row in drawn]
    low, high = np.nanpercentile(values, [50.0 * (1.0 - LEVEL), 50.0 * (1.0 + LEVEL)])
    return whole, f"{low:.4f} to {high:.4f}"


def _what(name: str, nights: Sequence[Figures]) -> Sequence[str]:
    def right(some: Sequence[Figures]) -> float:
        return right_share(_sum(some, "named"))

    def calibration(some: Sequence[Figures]) -> float:
        return calibration_error(_sum(some, "sure")[0])

    def flips(some: Sequence[Figures]) -> float:
        count, seconds = _sum(some, "flips")
        return 60.0 * count / max(seconds, 1.0)

    told = [_with_interval(nights, value) for value in (right, calibration, flips)]
    tracks, well = _sum(nights, "tracks")
    crewed, accused = _sum(nights, "accused")
    worst = max(calibration_error(bins) for bins in _sum(nights, "sure")[1:])
    return (
        VARIANTS[name],
        f"{len(nights)}",
        f"{_sum(nights, 'named').sum():,.0f}",
        f"{least(told[0][0], RIGHT, 4)}; {told[0][1]}",
        f"{well / max(tracks, 1.0):.4f} of {tracks:,.0f}",
        f"{most(told[1][0], CALIBRATED, 4)}; {told[1][1]}",
        f"{worst:.4f}",
        f"{most(told[2][0], FLIPS, 3)}; {told[2][1]}",
        f"{accused:,.0f} of {crewed:,.0f} s",
    )


def _confused(name: str, nights: Sequence[Figures]) -> list[Sequence[str]]:
    named = _sum(nights, "named")
    return [
        (VARIANTS[name], CLASSES[k], f"{row.sum():,.0f}", *(f"{x / row.sum():.4f}" for x in row))
        for k, row in enumerate(named)
        if row.sum() > 0
    ]


def _arms(name: str, nights: Sequence[Figures]) -> list[Sequence[str]]:
    out: list[Sequence[str]] = []
    for k, pool in enumerate(POOLS):

        def gain(some: Sequence[Figures], k: int = k) -> float:
            return skill(_sum(some, "armed")[k])

        n, armed, error, _ = _sum(nights, "armed")[k]
        if n == 0:
            continue
        if not 0 < armed < n:
            out.append(
                (VARIANTS[name], pool, f"{n:,.0f}", f"{armed / n:.3f}", f"{error / n:.4f}", "")
            )
            continue
        value, interval = _with_interval(nights, gain)
        shown = f"{least(value, BETTER, 3)}" if k == 0 else f"{value:.3f}"
        out.append(
            (VARIANTS[name], pool, f"{n:,.0f}", f"{armed / n:.3f}", f"{error / n:.4f}",
             f"{shown}; {interval}")
        )  # fmt: skip
    return out


def _reliability(nights: Sequence[Figures]) -> list[Sequence[str]]:
    if not nights:
        return []
    groups, arms = _sum(nights, "sure")[0], _sum(nights, "armed_sure")
    return [
        (f"{k / BINS:.2f} to {(k + 1) / BINS:.2f}", *_bin(groups[k]), *_bin(arms[k]))
        for k in range(BINS)
    ]


def _bin(row: Any) -> tuple[str, str, str]:
    n = row[0]
    return (f"{n:,.0f}", f"{row[1] / n:.3f}", f"{row[2] / n:.3f}") if n else ("0", "", "")
