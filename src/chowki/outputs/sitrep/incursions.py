"""Who came over the border: from the recorded tracks alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.places import Place, Station, Theatre
from chowki.core.records import DRONE_CLASSES, EngagementState, Identity, TrackStatus
from chowki.kernels.geodesy import enu_to_geodetic, station_frame
from chowki.kernels.restraint import border_clearance
from chowki.outputs.evidence import (
    F64,
    I64,
    Evidence,
    column,
    only_track,
    positions,
    rows_of_track,
    vector,
)
from chowki.outputs.postures import CeaseFire, cease_fires, standing_cease_fire
from chowki.outputs.sitrep.facts import SightingRule
from chowki.outputs.sitrep.sightings import drone_rows, horizontal_distance


@dataclass(frozen=True, slots=True)
class Incursion:
    """One track that entered the defended side.

    Attributes
    ----------
    track : int
        Track number.
    crossed_s : float
        UTC seconds of entering, as the station saw it.
    lat_deg, lon_deg : float
        Where the track was then, between the recorded pictures.
    place : int
        Index of the nearest defended place, -1 when there is none.
    sector : str
        Sector of that place.
    identity, object_class : int
        Held when it was last confirmed.
    class_probability, drone_probability, armed_probability : float
        Then: of that class, of all drone classes together, that it was armed.
    existence : float
        That it was there at all, in the first picture after it crossed.
    """

    track: int
    crossed_s: float
    lat_deg: float
    lon_deg: float
    place: int
    sector: str
    identity: int
    object_class: int
    class_probability: float
    drone_probability: float
    armed_probability: float
    existence: float


@dataclass(frozen=True, slots=True)
class Violation:
    """An incursion while a cease-fire stood.

    Attributes
    ----------
    incursion : Incursion
        What crossed.
    cease_fire : CeaseFire
        What stood in that sector.
    """

    incursion: Incursion
    cease_fire: CeaseFire


def frame_of(station: Station) -> F64:
    """Return the frame of a station as the kernels take it, shape (4, 3)."""
    lat, lon = math.radians(station.lat_deg), math.radians(station.lon_deg)
    return station_frame(lat, lon, station.height_m)


def inside_border_m(theatre: Theatre, position_m: F64) -> F64:
    """Return metres from the border, shape (n,): negative beyond it, infinite without one."""
    return border_clearance(
        frame_of(theatre.station),
        np.ascontiguousarray(position_m),
        np.radians(theatre.border_lat_deg),
        np.radians(theatre.border_lon_deg),
    )


def nearest_place(theatre: Theatre, position_m: F64) -> tuple[Place | None, float]:
    """Return the defended place nearest to a position, shape (3,), and metres along the ground."""
    if not theatre.places:
        return None, math.inf
    at = position_m[None, :]
    away = [horizontal_distance(theatre.station, place, at)[0] for place in theatre.places]
    nearest = int(np.argmin(away))
    return theatre.places[nearest], float(away[nearest])


def position_at(tracks: Any, rows: I64, time_s: float) -> F64:
    """Return where a track was, straight between recorded pictures, metres, shape (3,)."""
    known_s, known_m = column(tracks, "time_s")[rows], positions(tracks)[rows]
    return np.array([np.interp(time_s, known_s, known_m[:, k]) for k in range(3)])


def incursions(
    evidence: Evidence, rule: SightingRule | None = None, track: int | None = None
) -> list[Incursion]:
    """Return every incursion on record, or that of one track, in order of time.

    A track counts when the station saw it enter the defended side, and it was a drone by the
    rule of the situation report, or held suspect or hostile in as many pictures, or engaged.
    """
    rule, tracks = rule or SightingRule(), only_track(evidence.tracks, track)
    crossed = column(tracks, "crossed_border_s")
    number = column(tracks, "track")
    over = np.unique(number[np.isfinite(crossed)])
    counted = np.union1d(_suspects(tracks, rule), _ordered(evidence.engagements))
    counted = np.union1d(counted, drone_rows(tracks, rule).tracks)
    wanted = over[np.isin(over, counted)]
    theirs = tracks.filter(np.isin(number, wanted))
    found = [_incursion(evidence.theatre, theirs, int(one)) for one in wanted]
    return sorted(found, key=lambda one: (one.crossed_s, one.track))


def violations(evidence: Evidence, found: list[Incursion]) -> list[Violation]:
    """Return the incursions that happened while a cease-fire stood in their sector."""
    spans = cease_fires(evidence)
    pairs = [(one, standing_cease_fire(spans, one.sector, one.crossed_s)) for one in found]
    return [Violation(one, span) for one, span in pairs if span is not None]


def _suspects(tracks: Any, rule: SightingRule) -> I64:
    """Return tracks that were held suspect or hostile in enough recorded pictures."""
    held = (column(tracks, "identity") >= Identity.SUSPECT) & _confirmed(tracks)
    numbers, counts = np.unique(column(tracks, "track")[held], return_counts=True)
    return numbers[counts >= rule.pictures]


def _ordered(engagements: Any) -> I64:
    state = column(engagements, "state")
    return np.unique(column(engagements, "track")[state == EngagementState.ORDERED])


def _confirmed(tracks: Any) -> NDArray[np.bool_]:
    return column(tracks, "status") == TrackStatus.CONFIRMED


def _incursion(theatre: Theatre, tracks: Any, number: int) -> Incursion:
    rows = rows_of_track(tracks, number)
    crossed_s = float(np.nanmin(column(tracks, "crossed_border_s")[rows]))
    at_m = position_at(tracks, rows, crossed_s)
    lat, lon, _ = enu_to_geodetic(frame_of(theatre.station), at_m[None, :])[0]
    place, _ = nearest_place(theatre, at_m)
    confirmed = rows[_confirmed(tracks)[rows]]
    last = int(confirmed[-1] if len(confirmed) else rows[-1])
    classes = vector(tracks.slice(last, 1), "class_probability")[0]
    told = {
        name: column(tracks.slice(last, 1), name)[0]
        for name in ("identity", "object_class", "armed_probability")
    }
    later = np.flatnonzero(column(tracks, "time_s")[rows] >= crossed_s)
    seen = int(rows[later[0]] if len(later) else rows[-1])
    return Incursion(
        track=number,
        crossed_s=crossed_s,
        lat_deg=math.degrees(lat),
        lon_deg=math.degrees(lon),
        place=-1 if place is None else place.index,
        sector="" if place is None else place.sector,
        identity=int(told["identity"]),
        object_class=int(told["object_class"]),
        class_probability=float(classes[int(told["object_class"])]),
        drone_probability=float(sum(classes[int(c)] for c in DRONE_CLASSES)),
        armed_probability=float(told["armed_probability"]),
        existence=float(column(tracks.slice(seen, 1), "existence")[0]),
    )
