"""Section: real flights. Simulated radars over the paths of 84 aircraft, and their own reports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import flights
import numpy as np
from bench import Bench, Figures

from chowki.core.messages import Scan, Tick
from chowki.core.records import Tracks, TrackStatus
from chowki.outputs.coverage import covering
from chowki.outputs.score_matching import Objects, follow, on_the_ground
from chowki.picture import AirPicture, PictureParameters
from chowki.picture.associators import BeliefPropagation
from chowki.run import run
from page import Table, least, most

FILE = "surveillance/OpenSky_Plane_States.csv"
CUTOFF_M, APART_M, LEAST_S = 2_000.0, 2_000.0, 60.0
# What flies here turns harder than what the defaults are made for.
PARAMETERS = PictureParameters(acceleration_horizontal_m2ps3=20.0)
ABOUT = (
    "20 minutes of 84 aircraft over Great Britain, from their own reports 10 s apart. Eight"
    " simulated two-dimensional radars at invented places (turn 10 s, 12 false plots a turn and"
    " twelve spots where more recur) look at the paths; heights are left open, so tracks are held"
    " against the paths along the ground, within 2 km. An aircraft counts that was in coverage"
    " (P_D of at least 0.5) for a minute. One aircraft of the file reported only once. Below: the"
    " reports themselves as a feed; an aircraft whose reports pause for minutes comes back as a new"
    " track, and one aircraft reports two heights in turn: both count as switches."
)


def tables(bench: Bench) -> list[Table]:
    """Return what became of the aircraft; none without the recording."""
    data = os.environ.get("CHOWKI_TEST_DATA")
    if data is None or not (Path(data) / FILE).exists():
        bench.say(f"no real flights: CHOWKI_TEST_DATA must name a folder with {FILE}")
        return []
    radar = bench.row(lambda: _radars(Path(data) / FILE), step="flights", tool="radars")
    feed = bench.row(lambda: _feed(Path(data) / FILE), step="flights", tool="feed")
    rows = [
        [
            "radars over real paths", f"{radar['aircraft']}",
            least(radar["tracked"], radar["aircraft"], 0), f"{100 * radar['completeness']:.1f}",
            most(radar["switches_apart"], 0, 0),
        ],
        [
            "their own reports", f"{feed['aircraft']}", f"{feed['tracked']}",
            f"{100 * feed['completeness']:.1f}", f"{feed['switches']}",
        ],
    ]  # fmt: skip
    columns = ("seen by", "aircraft", "tracked", "completeness, %", "switches (> 2 km apart)")
    command = f"chowki run --feed opensky:$CHOWKI_TEST_DATA/{FILE}"
    return [Table("Real flights", ABOUT, columns, rows, (command,))]


def _feed(file: Path) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        found = run(feeds=[("opensky", file)], out=folder, report=False).scores
    assert found is not None
    told = found.document()
    return {
        "aircraft": told["objects"],
        "tracked": told["objects_tracked"],
        "completeness": told["completeness"],
        "switches": told["switches"],
    }


def _radars(file: Path) -> Figures:
    """Return what became of the aircraft under simulated radars."""
    paths = flights.read(file)
    theatre, models = flights.radars(paths)
    air, pictures = AirPicture(theatre, PARAMETERS, BeliefPropagation()), list[Tracks]()
    picture, truth = air.start(), list[tuple[np.ndarray, np.ndarray]]()
    for event in flights.events(paths, models):
        if isinstance(event, Scan):
            picture, _ = air.scan(picture, event)
        elif isinstance(event, Tick):
            picture, tracks = air.tick(picture, event.time_s)
            if round(event.time_s - paths.station.start_s) % 10 == 0:
                up = paths.aloft(event.time_s)
                pictures.append(tracks)
                truth.append((up.target, up.position_m))
    step = np.concatenate([np.full(len(n), k) for k, (n, _) in enumerate(truth)])
    place = np.concatenate([x for _, x in truth])
    flown = Objects(np.concatenate([n for n, _ in truth]), step, place, np.arange(len(place)))
    return _figures(flown, _found(pictures), paths, theatre)


def _found(pictures: list[Tracks]) -> Objects:
    """Return the confirmed tracks of all pictures."""
    held = [
        t.take(np.isin(t.status, (TrackStatus.CONFIRMED, TrackStatus.COASTING))) for t in pictures
    ]
    step = np.concatenate([np.full(len(t), k) for k, t in enumerate(held)])
    whole = Tracks.concat(held)
    _, number = np.unique(whole.track, return_inverse=True)
    place = np.column_stack((whole.east_m, whole.north_m, whole.up_m))
    return Objects(number, step, place, np.arange(len(place)))


def _figures(flown: Objects, found: Objects, paths: flights.Paths, theatre: object) -> Figures:
    covered = covering(theatre, flown.position_m, flights.RCS_M2)[0].any(axis=1)
    kept = (matches := follow(on_the_ground(flown), on_the_ground(found), CUTOFF_M)).kept
    followed = np.zeros(len(flown), np.bool_)
    followed[kept.truth] = True
    aircraft = paths.aircraft[flown.number]
    pictures = np.bincount(aircraft[covered], minlength=1 + int(aircraft.max()))
    counted = np.flatnonzero(pictures * 10.0 >= LEAST_S)
    tracked = np.isin(counted, aircraft[covered & followed])
    return {
        "aircraft": len(counted),
        "tracked": int(tracked.sum()),
        "completeness": float(followed[covered].mean()),
        "switches": int(matches.switches.sum()),
        "switches_apart": _apart(flown, found, kept),
    }


def _apart(flown: Objects, found: Objects, kept: object) -> int:
    """Return the switches of aircraft that were more than 2 km from any other."""
    order = np.lexsort((flown.step[kept.truth], flown.number[kept.truth]))
    rows, track = kept.truth[order], found.number[kept.estimate[order]]
    same = np.diff(flown.number[rows]) == 0
    total = 0
    for row in rows[1:][same & (np.diff(track) != 0)]:
        others = (flown.step == flown.step[row]) & (flown.number != flown.number[row])
        away = np.hypot(*(flown.position_m[others] - flown.position_m[row])[:, :2].T)
        total += int(not len(away) or away.min() > APART_M)
    return total
