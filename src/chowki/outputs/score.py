"""How well the picture held what flew: scores against simulated truth.

Definitions
-----------
GOSPA
    Rahmathullah et al. 2017, p = 2, alpha = 2, of each picture: drones of the raid that a
    positioning sensor covered, against confirmed tracks, also those that coast, unless they say
    of themselves that they are less certain than the cutoff. A track that follows another real
    object (bird, airliner, authorised drone, a drone out of coverage) is neither match nor false.
covered
    A positioning sensor has a detection probability of at least one half there: when the world
    says so; else a small drone has it by the stated figures, in the line of sight
    (``chowki.outputs.coverage``).
completeness
    Share of drone-seconds (covered ones; all) in which a confirmed track followed the drone.
identity switch
    A drone is followed by another track than the one before (Bernardin and Stiefelhagen 2008,
    CLEAR MOT, with its memory: a match is kept while it stays within the cutoff).
time to confirm, scans to confirm
    From the first picture in which a drone was covered to the confirmation of the track that
    followed it first from then on; and the scans in between of sensors that covered it.
false track
    A confirmed track that had no real object within the cutoff, along the ground, in more than
    half of the pictures in which it did not coast. (A radar that measures no elevation leaves
    heights open.)
leaker
    A drone of the raid that reached its place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chowki.core.records import Fate, TrackStatus
from chowki.outputs.coverage import covering
from chowki.outputs.evidence import F64, I64, Evidence, column
from chowki.outputs.score_delay import Delays, delays
from chowki.outputs.score_matching import (
    Clock,
    Following,
    Objects,
    confirmed_tracks,
    flying_targets,
    follow,
    held_suspect,
    on_the_ground,
    pictures_of,
)
from chowki.outputs.score_reports import ReportScore, score_reports

__all__ = ["CUTOFF_M", "ReportScore", "Score", "Series", "score", "score_reports"]

CUTOFF_M = 500.0
SUSPECT_PICTURES = 3


@dataclass(frozen=True, slots=True)
class Series:
    """The same scores picture by picture, for the drones of the raid.

    Attributes
    ----------
    time_s : F64
        UTC seconds, shape (s,).
    gospa_m : F64
        GOSPA of the picture, shape (s,).
    covered, matched, missed, false : I64
        Covered drones in the air; those followed; those not; tracks of nothing. Shape (s,).
    """

    time_s: F64
    gospa_m: F64
    covered: I64
    matched: I64
    missed: I64
    false: I64


@dataclass(frozen=True, slots=True)
class Score:
    """Scores against simulated truth; see the module for what each means.

    Attributes
    ----------
    cutoff_m : float
        Cutoff of GOSPA and of every match.
    pictures : int
        Pictures scored.
    gospa_m : float
        Mean of GOSPA over pictures with a covered drone or a false track, metres.
    localisation_m : float
        Root mean square distance of drone and track, metres; NaN without a match.
    error_median_m, error_95_m : float
        Median and 95th percentile of that distance.
    missed, false : float
        Mean number per picture.
    drones, drones_covered, drones_tracked : int
        Drones of the raid that flew; ever covered; ever followed by a confirmed track.
    completeness, completeness_all : float
        Over covered, and over all drone-seconds; NaN when there were none.
    time_to_confirm_median_s, time_to_confirm_95_s : float
        Over covered drones that were followed.
    scans_to_confirm_median, scans_to_confirm_95 : float
        The same, in scans that could see the drone.
    switches : int
        Identity switches of drones.
    leakers : int
        Drones that reached their place.
    confirmed_tracks, false_tracks : int
        Confirmed tracks in all, and those of nothing.
    drones_suspected : float
        Share of followed drones ever held suspect or hostile, in three pictures or more.
    others_flown, others_suspected : int
        Airliners, helicopters, authorised drones and birds that flew; those so held.
    ground : str
        Ground model behind coverage.
    mask : bool
        Whether any sensor carried a horizon mask.
    coverage_stated : bool
        True when the world said what was covered; else it is worked out from stated range and
        line of sight.
    series : Series
        Picture by picture.
    """

    cutoff_m: float
    pictures: int
    gospa_m: float
    localisation_m: float
    error_median_m: float
    error_95_m: float
    missed: float
    false: float
    drones: int
    drones_covered: int
    drones_tracked: int
    completeness: float
    completeness_all: float
    time_to_confirm_median_s: float
    time_to_confirm_95_s: float
    scans_to_confirm_median: float
    scans_to_confirm_95: float
    switches: int
    leakers: int
    confirmed_tracks: int
    false_tracks: int
    drones_suspected: float
    others_flown: int
    others_suspected: int
    ground: str
    mask: bool
    coverage_stated: bool
    series: Series

    def document(self) -> dict[str, Any]:
        """Return the scores without the series as JSON-able values; None where there is none."""
        plain = {k: v for k, v in asdict(self).items() if k != "series"}
        return {k: _plain(v) for k, v in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4) if np.isfinite(value) else None
    return value


def score(recording: Evidence, cutoff_m: float = CUTOFF_M) -> Score | None:
    """Score a recording against its simulated truth.

    Parameters
    ----------
    recording : Evidence
        A recording of a run.
    cutoff_m : float
        Cutoff of GOSPA: the distance from where on a track does not follow an object.

    Returns
    -------
    Score or None
        None when there is no simulated truth, or fewer than two pictures.
    """
    clock = pictures_of(recording)
    if not recording.theatre.simulated or not recording.truth.num_rows or clock is None:
        return None
    truth = flying_targets(recording, clock)
    found = confirmed_tracks(recording, clock, cutoff_m)
    following = follow(truth, found, cutoff_m)
    return _Scoring(recording, clock, truth, found, following, cutoff_m).score()


@dataclass(frozen=True)
class _Scoring:
    """Counts the scores from one matching."""

    recording: Evidence
    clock: Clock
    truth: Objects
    found: Objects
    following: Following
    cutoff_m: float

    def score(self) -> Score:
        theatre = self.recording.theatre
        raid = column(self.recording.truth, "attacking")[self.truth.row] == 1
        seen, known, waited = self._covered(raid)
        kept = self.following.kept
        followed = np.zeros(len(self.truth), np.bool_)
        followed[kept.truth] = True
        apart = kept.distance_m[seen[kept.truth]]
        series = self._series(seen)
        busy = (series.covered + series.false) > 0
        return Score(
            cutoff_m=self.cutoff_m,
            pictures=self.clock.steps,
            gospa_m=_mean(series.gospa_m[busy]),
            localisation_m=float(np.sqrt(_mean(apart**2))),
            error_median_m=_quantile(apart, 0.5),
            error_95_m=_quantile(apart, 0.95),
            missed=_mean(series.missed),
            false=_mean(series.false),
            drones=_distinct(self.truth.number[raid]),
            drones_covered=_distinct(self.truth.number[seen]),
            drones_tracked=_distinct(self.truth.number[raid & followed]),
            completeness=_mean(followed[seen]),
            completeness_all=_mean(followed[raid]),
            time_to_confirm_median_s=_quantile(waited.seconds, 0.5),
            time_to_confirm_95_s=_quantile(waited.seconds, 0.95),
            scans_to_confirm_median=_quantile(waited.scans, 0.5),
            scans_to_confirm_95=_quantile(waited.scans, 0.95),
            switches=int(self.following.switches[np.unique(self.truth.number[raid])].sum()),
            leakers=self._leakers(),
            confirmed_tracks=_distinct(self.found.number),
            false_tracks=self._false_tracks(),
            drones_suspected=self._suspected(raid) / max(1, self._distinct_followed(raid)),
            others_flown=_distinct(self.truth.number[~raid]),
            others_suspected=self._suspected(~raid),
            ground=theatre.ground.described,
            mask=any(len(sensor.horizon_azimuth_rad) for sensor in theatre.sensors),
            coverage_stated=known,
            series=series,
        )

    def _covered(self, raid: Any) -> tuple[Any, bool, Delays]:
        """Return which rows are covered drones of the raid, whether the world said so, delays."""
        rows = np.flatnonzero(raid)
        stated = column(self.recording.truth, "covered")[self.truth.row[rows]]
        covers, sensors = covering(self.recording.theatre, self.truth.position_m[rows])
        by_figures = covers.any(axis=1)
        covered = np.where(stated < 0, by_figures, stated == 1)
        covers &= covered[:, None]
        seen = np.zeros(len(self.truth), np.bool_)
        seen[rows] = covered
        waited = delays(
            self.recording, self.clock, self.truth, self.found, self.following.kept, rows,
            covers if len(sensors) else covered[:, None], sensors,
        )  # fmt: skip
        return seen, len(rows) > 0 and bool((stated >= 0).all()), waited

    def _series(self, seen: Any) -> Series:
        """Return GOSPA of covered drones and unexplained tracks, picture by picture."""
        steps, best = self.clock.steps, self.following.optimal
        of_seen = seen[best.truth]
        at = self.truth.step[best.truth[of_seen]]
        covered = np.bincount(self.truth.step[seen], minlength=steps)
        matched = np.bincount(at, minlength=steps)
        false = np.bincount(self.found.step, minlength=steps) - np.bincount(
            self.found.step[best.estimate], minlength=steps
        )
        square = np.bincount(at, best.distance_m[of_seen] ** 2, steps)
        penalty = 0.5 * self.cutoff_m**2 * (covered - matched + false)
        return Series(
            self.clock.times(),
            np.sqrt(square + penalty),
            covered,
            matched,
            covered - matched,
            false,
        )

    def _false_tracks(self) -> int:
        """Return how many confirmed tracks followed nothing in most of their pictures."""
        flat = follow(on_the_ground(self.truth), on_the_ground(self.found), self.cutoff_m)
        nothing = np.ones(len(self.found), np.bool_)
        nothing[flat.optimal.estimate] = False
        status = column(self.recording.tracks, "status")[self.found.row]
        shown = status == TrackStatus.CONFIRMED
        pictures = np.bincount(self.found.number, shown)
        return int(np.sum(2 * np.bincount(self.found.number, nothing & shown) > pictures))

    def _suspected(self, mask: Any) -> int:
        """Return how many of some targets were held suspect or hostile for long enough."""
        kept = self.following.kept
        held = held_suspect(self.recording.tracks, self.found.row[kept.estimate])
        rows = kept.truth[held & mask[kept.truth]]
        counts = np.unique(self.truth.number[rows], return_counts=True)[1]
        return int(np.sum(counts >= SUSPECT_PICTURES))

    def _distinct_followed(self, mask: Any) -> int:
        rows = self.following.kept.truth
        return _distinct(self.truth.number[rows[mask[rows]]])

    def _leakers(self) -> int:
        truth = self.recording.truth
        reached = (column(truth, "fate") == Fate.REACHED_PLACE) & (column(truth, "attacking") == 1)
        return _distinct(column(truth, "target")[reached])


def _distinct(numbers: I64) -> int:
    return len(np.unique(numbers))


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _quantile(values: Any, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
