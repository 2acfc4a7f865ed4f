"""A run on one small card, for notebooks: where the tracks went, and the run in numbers."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chowki.core.records import Identity
from chowki.run.result import Run

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 260.0, 300.0, 12.0
MOST_POINTS = 1500
_COLOURS = {
    Identity.HOSTILE: "#c0392b",
    Identity.SUSPECT: "#e67e22",
    Identity.FRIEND: "#2471a3",
    Identity.ASSUMED_FRIEND: "#2471a3",
    Identity.NEUTRAL: "#1e8449",
}
_OTHER = "#95a5a6"


def portrait(run: Run) -> str:
    """Return the run as HTML: a map of tracks and defended places, and its summary."""
    cells = "".join(
        f"<tr><th style='text-align:left'>{escape(key.replace('_', ' '))}</th>"
        f"<td>{escape(_shown(value))}</td></tr>"
        for key, value in run.summary().items()
    )
    return (
        "<div style='display:flex;gap:1.5em;align-items:flex-start'>"
        f"{_map(run)}<table>{cells}</table></div>"
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)


def _map(run: Run) -> str:
    """Return tracks as dots, coloured by identity, and places as rings."""
    tracks, places = run.tracks, run.recording.theatre.places
    step = max(1, tracks.num_rows // MOST_POINTS)
    lon, lat = (tracks[name].to_numpy()[::step] for name in ("lon_deg", "lat_deg"))
    identity = tracks["identity"].to_numpy()[::step]
    place_lon = np.array([place.lon_deg for place in places])
    place_lat = np.array([place.lat_deg for place in places])
    x, y = _fit(np.append(lon, place_lon), np.append(lat, place_lat))
    dots = "".join(
        f"<circle cx='{u:.1f}' cy='{v:.1f}' r='1' fill='{_COLOURS.get(code, _OTHER)}'/>"
        for u, v, code in zip(x, y, identity.tolist(), strict=False)
    )
    rings = "".join(
        f"<circle cx='{u:.1f}' cy='{v:.1f}' r='4' fill='none' stroke='#2c3e50'>"
        f"<title>{escape(place.name)}</title></circle>"
        for u, v, place in zip(x[len(lon) :], y[len(lon) :], places, strict=True)
    )
    frame = f"width='{WIDTH_PX:.0f}' height='{HEIGHT_PX:.0f}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {frame}>{dots}{rings}</svg>"


def _fit(
    lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points in pixels, equirectangular about the middle latitude, both axes alike."""
    if not len(lon_deg):
        return lon_deg, lat_deg
    middle_lat = 0.5 * (lat_deg.min() + lat_deg.max())
    east = (lon_deg - 0.5 * (lon_deg.min() + lon_deg.max())) * np.cos(np.radians(middle_lat))
    north = lat_deg - middle_lat
    half = max(np.abs(east).max() / (WIDTH_PX - 2 * MARGIN_PX), 1e-9)
    half = max(half, np.abs(north).max() / (HEIGHT_PX - 2 * MARGIN_PX))
    scale = 0.5 / half
    return WIDTH_PX / 2 + scale * east, HEIGHT_PX / 2 - scale * north
