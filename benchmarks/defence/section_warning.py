"""Warnings held against what flew: who was warned in time, and who for nothing.

A place is *reached* when an armed drone first comes within 5 km of it. It is *warned* when a
warning stands at that moment; its lead is the time since that warning was issued. The other clock
starts when a confirmed track first follows the drone that reaches it first. A warning is *false*
when no drone of the raid was within 20 km of the place from its issue to its all clear (or the end
of the night). The baseline warns every place while any track is confirmed and held hostile.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from intervals import of_mean, of_ratio, of_share
from nights import Figures
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from chowki.core.cells import cell_centre
from chowki.core.messages import Event, Frame
from chowki.core.records import Fate, Identity, TrackStatus, Truth, WarningLevel
from chowki.core.table import F64, I64
from chowki.kernels.geodesy import geodetic_to_enu, station_frame
from chowki.scenario import Built
from page import Table, least, most
from rows import Rows

REACHED_M, FALSE_M = 5_000.0, 20_000.0
LEAD_S, SOON_S, FLAP_S = 240.0, 20.0, 600.0
STANDING = (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)


@dataclass
class Standing:
    """One warning, from its issue to its all clear.

    Attributes
    ----------
    place, cell : int
        Where; -1 when it is the other.
    issued_s, ended_s : float
        Seconds; ``ended_s`` is infinite while it stands.
    middle_m : F64
        Shape (3,): the middle of the place or area, station frame.
    nearest_m : float
        How near a drone of the raid came while it stood.
    cover : bool
        Whether it reached "take cover".
    """

    place: int
    cell: int
    issued_s: float
    middle_m: F64
    ended_s: float = np.inf
    nearest_m: float = np.inf
    cover: bool = False


@dataclass
class Watch:
    """What is watched of one night (``nights.Observer``).

    Attributes
    ----------
    built : Built
        The night's theatre.
    """

    built: Built
    warnings: dict[int, Standing] = field(default_factory=dict)
    confirmed_s: dict[int, float] = field(default_factory=dict)
    reached: dict[tuple[int, int], float] = field(default_factory=dict)
    duplicates: int = 0
    hostile_s: float = 0.0
    warned_s: F64 = field(default_factory=lambda: np.zeros(0))
    idle_s: F64 = field(default_factory=lambda: np.zeros(0))
    base_idle_s: F64 = field(default_factory=lambda: np.zeros(0))
    last_s: float = -np.inf

    def __post_init__(self) -> None:
        """Take the places' positions out of the theatre."""
        theatre = self.built.theatre
        self.place_m = np.array([place.position_m for place in theatre.places]).reshape(-1, 3)
        self.people = np.array([place.population for place in theatre.places], dtype=np.float64)
        for name in ("warned_s", "idle_s", "base_idle_s"):
            setattr(self, name, np.zeros(len(self.people)))

    def see(self, event: Event, frame: Frame, truth: Truth | None, target: I64 | None) -> None:
        """Take note of changed warnings, and once a second of what flies where."""
        self._take(frame)
        if truth is None or target is None:
            return
        step_s = min(max(frame.time_s - self.last_s, 0.0), 1.0)
        self.last_s = frame.time_s
        self._confirmed(frame, truth, target)
        raid = np.flatnonzero((truth.attacking == 1) & (truth.fate == Fate.FLYING))
        raid_m = np.column_stack((truth.east_m[raid], truth.north_m[raid], truth.up_m[raid]))
        apart_m = cdist(raid_m, self.place_m)
        reached = (apart_m <= REACHED_M) & (truth.armed[raid] == 1)[:, None]
        for i, place in np.argwhere(reached).tolist():
            self.reached.setdefault((place, int(truth.target[raid[i]])), frame.time_s)
        nearest_m = apart_m.min(axis=0, initial=np.inf)
        standing = self._standing(raid_m)
        tracks = frame.tracks
        hostile = (tracks.identity == Identity.HOSTILE) & (tracks.status == TrackStatus.CONFIRMED)
        alone = nearest_m > FALSE_M
        self.warned_s += step_s * standing
        self.idle_s += step_s * (standing & alone)
        if hostile.any():
            self.hostile_s += step_s
            self.base_idle_s += step_s * alone

    def _standing(self, raid_m: F64) -> NDArray[np.bool_]:
        """Return which places stand under a warning, after noting how near the raid is to each."""
        now = [warning for warning in self.warnings.values() if warning.ended_s == np.inf]
        middles_m = np.array([warning.middle_m for warning in now]).reshape(-1, 3)
        near_m = cdist(raid_m, middles_m).min(axis=0, initial=np.inf).tolist()
        for warning, apart_m in zip(now, near_m, strict=True):
            warning.nearest_m = min(warning.nearest_m, apart_m)
        standing = np.zeros(len(self.people), dtype=bool)
        standing[[warning.place for warning in now if warning.place >= 0]] = True
        return standing

    def _take(self, frame: Frame) -> None:
        """Take note of changed warnings."""
        told = frame.warnings
        for k in range(len(told)):
            number, level = int(told.warning[k]), WarningLevel(int(told.level[k]))
            place, cell = int(told.place[k]), int(told.cell[k])
            if level in STANDING and number not in self.warnings:
                self.duplicates += any(
                    other.ended_s == np.inf and (other.place, other.cell) == (place, cell)
                    for other in self.warnings.values()
                )
                middle_m = self.place_m[place] if place >= 0 else self._middle(cell)
                self.warnings[number] = Standing(place, cell, frame.time_s, middle_m)
            if level == WarningLevel.TAKE_COVER:
                self.warnings[number].cover = True
            if level == WarningLevel.ALL_CLEAR:
                self.warnings[number].ended_s = frame.time_s

    def _confirmed(self, frame: Frame, truth: Truth, target: I64) -> None:
        followed = target[(target >= 0) & (frame.tracks.status == TrackStatus.CONFIRMED)]
        for number in truth.target[np.unique(followed)].tolist():
            self.confirmed_s.setdefault(number, frame.time_s)

    def _middle(self, cell: int) -> F64:
        """Return the middle of a cell in the station frame, shape (3,)."""
        station = self.built.theatre.station
        lat, lon = np.radians(cell_centre(np.array([cell])))
        frame = station_frame(
            np.radians(station.lat_deg), np.radians(station.lon_deg), station.height_m
        )
        return geodetic_to_enu(frame, lat, lon, np.zeros(1))[0]

    def figures(self) -> Figures:
        """Return the night in sums and counts."""
        places = [w for w in self.warnings.values() if w.place >= 0]
        areas = [w for w in self.warnings.values() if w.place < 0]
        return {
            "places": len(self.people),
            "hours": len(self.people) * self.built.theatre.station.duration_s / 3600.0,
            "reached": list(self._reached(places)),
            "arrivals": len(self.reached),
            "arrivals_warned": sum(
                any(_stands(w, place, time_s) for w in places)
                for (place, _), time_s in self.reached.items()
            ),
            "issued": len(places),
            "cover": sum(w.cover for w in places),
            "standing_at_end": sum(w.ended_s == np.inf for w in places),
            "again": _again(places),
            "duplicates": self.duplicates,
            "warned_h": self._hours(places),
            "false_h": self._hours(w for w in places if w.nearest_m > FALSE_M),
            "person_min": float(self.warned_s @ self.people) / 60.0,
            "idle_person_min": float(self.idle_s @ self.people) / 60.0,
            "base_person_min": self.hostile_s * float(self.people.sum()) / 60.0,
            "base_idle_person_min": float(self.base_idle_s @ self.people) / 60.0,
            "areas": len(areas),
            "areas_false": sum(w.nearest_m > FALSE_M for w in areas),
            "areas_again": _again(areas),
            "areas_standing": sum(w.ended_s == np.inf for w in areas),
        }

    def _hours(self, warnings: Iterable[Standing]) -> float:
        return sum(min(w.ended_s, self.last_s) - w.issued_s for w in warnings) / 3600.0

    def _reached(self, warnings: list[Standing]) -> Iterable[list[float | None]]:
        """Yield lead, and seconds from first confirmed detection to issue, of each reached place.

        None: not warned; never confirmed.
        """
        first: dict[int, tuple[float, int]] = {}
        for (place, target), time_s in self.reached.items():
            first[place] = min(first.get(place, (np.inf, -1)), (time_s, target))
        for place in sorted(first):
            time_s, target = first[place]
            issued = [w.issued_s for w in warnings if _stands(w, place, time_s)]
            seen_s = self.confirmed_s.get(target, np.inf)
            yield [
                time_s - issued[0] if issued else None,
                issued[0] - seen_s if issued and seen_s < np.inf else None,
            ]


def OBSERVER(built: Built, seed: int) -> Watch:
    """Return the observer of one night."""
    return Watch(built)


def _stands(warning: Standing, place: int, time_s: float) -> bool:
    return warning.place == place and warning.issued_s <= time_s < warning.ended_s


def _again(warnings: list[Standing]) -> int:
    """Return how many were raised within ten minutes of the all clear of one before."""
    return sum(
        0.0 <= later.issued_s - earlier.ended_s <= FLAP_S
        for later in warnings
        for earlier in warnings
        if (later.place, later.cell) == (earlier.place, earlier.cell) and later is not earlier
    )


def tables(rows: Rows) -> list[Table]:
    """Return the tables of the section."""
    nights = _nights(rows)
    return [_in_time(nights), _for_nothing(nights), _kept(nights)]


def _nights(rows: Rows) -> dict[str, list[Figures]]:
    """Return what was watched, by variant."""
    found: dict[str, list[Figures]] = {}
    for name, figures in rows.rows.items():
        key = json.loads(name)
        if "warning" in figures:
            found.setdefault(key["variant"], []).append(figures["warning"])
    return found


def _in_time(nights: dict[str, list[Figures]]) -> Table:
    lines: list[list[str]] = []
    for variant, figures in nights.items():
        reached = [place for night in figures for place in night["reached"]]
        if not reached:
            continue
        early = [lead is not None and lead >= LEAD_S for lead, _ in reached]
        soon = [after is not None and after <= SOON_S for _, after in reached]
        either = [a or b for a, b in zip(early, soon, strict=True)]
        leads = [lead for lead, _ in reached if lead is not None]
        arrivals = sum(night["arrivals"] for night in figures)
        warned = sum(night["arrivals_warned"] for night in figures)
        lines.append(
            [
                variant,
                str(len(figures)),
                _share(sum(lead is not None for lead, _ in reached), len(reached), 99.0),
                _share(sum(early), len(reached), 60.0),
                _share(sum(soon), len(reached)),
                _share(sum(either), len(reached), 90.0),
                f"{np.median(leads) / 60.0:.1f}" if leads else "-",
                _share(warned, arrivals),
            ]
        )
    return Table(
        "Warned in time",
        "Places that an armed drone came within 5 km of, at the first time in a night. Lead: since "
        "the issue of the warning that stood then. After detection: from the first second at which "
        "a confirmed track follows that drone to the issue, or earlier. Last column: every armed "
        "drone that came within 5 km, later ones included. Percent, 95 % Clopper-Pearson interval.",
        (
            "night", "nights", "places warned", "lead ≥ 4 min", "≤ 20 s after detection",
            "one or the other", "median lead, min", "arrivals warned",
        ),
        lines,
    )  # fmt: skip


def _for_nothing(nights: dict[str, list[Figures]]) -> Table:
    lines: list[list[str]] = []
    for variant, figures in nights.items():
        if not sum(night["warned_h"] for night in figures):
            continue
        false, low, high = of_ratio(*(_column(figures, n) for n in ("false_h", "warned_h")))
        fewer = [
            1e-6 * (night["base_idle_person_min"] - night["idle_person_min"]) for night in figures
        ]
        mean, least_fewer, most_fewer = of_mean(fewer)
        lines.append(
            [
                variant,
                str(len(figures)),
                f"{np.mean(_column(figures, 'warned_h')):.1f}",
                f"{_judged(false, figures)} ({100.0 * low:.1f} to {100.0 * high:.1f})",
                f"{100.0 * _over_all(figures):.2f}",
                *(
                    f"{1e-6 * np.mean(_column(figures, name)):.1f}"
                    for name in (
                        "person_min", "base_person_min", "idle_person_min", "base_idle_person_min",
                    )
                ),
                f"{mean:.1f} ({least_fewer:.1f} to {most_fewer:.1f})",
            ]
        )  # fmt: skip
    return Table(
        "Warned for nothing",
        "False: no drone of the raid within 20 km from issue to all clear, as percent of warned "
        "place-hours (95 % bootstrap over nights). Person-minutes, millions a night: inhabitants "
        "of warned places times minutes, in all, and of these while no drone of the raid was "
        "within 20 km; beside them the baseline that warns all places while any track is confirmed "
        "and held hostile. Last column: how many fewer of the latter, paired by night (95 % "
        "Student). Where no raid flew every warning is false: there the goal is that of the next "
        "table.",
        (
            "night", "nights", "warned place-hours a night", "false, %",
            "false, % of all place-hours", "person-min",
            "baseline", "with no drone near", "baseline", "fewer, with no drone near",
        ),
        lines,
    )  # fmt: skip


def _judged(false: float, figures: list[Figures]) -> str:
    """Return the false share beside its goal, or alone where no raid flew."""
    if any(night["reached"] for night in figures):
        return most(100.0 * false, 3.0, 1)
    return f"{100.0 * false:.1f}"


def _over_all(figures: list[Figures]) -> float:
    """Return false place-hours over all place-hours of the nights."""
    return sum(_column(figures, "false_h")) / sum(_column(figures, "hours"))


def _kept(nights: dict[str, list[Figures]]) -> Table:
    lines: list[list[str]] = []
    for variant, figures in nights.items():
        quiet = not any(night["reached"] for night in figures) and "quiet" in variant
        issued, cover, again = (np.mean(_column(figures, n)) for n in ("issued", "cover", "again"))
        lines.append(
            [
                variant,
                str(len(figures)),
                most(issued, 1.0) if quiet else f"{issued:.1f}",
                most(cover, 0.0) if quiet else f"{cover:.1f}",
                f"{again:.2f}",
                most(sum(_column(figures, "duplicates")), 0.0, 0),
                f"{np.mean(_column(figures, 'standing_at_end')):.1f}",
                f"{np.mean(_column(figures, 'areas')):.1f}",
                f"{np.mean(_column(figures, 'areas_false')):.2f}",
                f"{np.mean(_column(figures, 'areas_again')):.2f}",
            ]
        )
    return Table(
        "Raised, held, ended",
        "Means a night over the whole front, to places; then to areas under a track, where no "
        "place is listed. Raised again: within ten minutes of the all clear. What still stands "
        "when the night ends is withdrawn with it, by a Cancel of its own. A false area: no drone "
        "of the raid within 20 km of its middle while it stood.",
        (
            "night", "nights", "warnings", "reached take cover", "raised again", "duplicates",
            "withdrawn at the end", "areas", "false areas", "areas raised again",
        ),
        lines,
    )  # fmt: skip


def _column(figures: list[Figures], name: str) -> list[float]:
    return [night[name] for night in figures]


def _share(hits: int, of: int, goal: float | None = None) -> str:
    """Return a share in percent with its interval, beside its goal when there is one."""
    if not of:
        return "-"
    low, high = of_share(hits, of)
    figure = 100.0 * hits / of
    shown = f"{figure:.1f}" if goal is None else least(figure, goal, 1)
    return f"{shown} ({100.0 * low:.1f} to {100.0 * high:.1f}; {hits}/{of})"
