"""A dossier's pictures as SVG: where the track went, how high it was, who saw it when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Any

from chowki.core.clock import parse_utc
from chowki.core.places import Theatre

Document = dict[str, Any]
Points = list[tuple[float, float]]
MAP_W, MAP_H = 620.0, 560.0
LINE_W, LINE_H = 620.0, 210.0
LEFT, RIGHT, TOP, BOTTOM = 196.0, 12.0, 26.0, 22.0
ROW_H = 18.0
KM_PER_DEG = 111.2
CIRCLES = 24


def track_map(dossier: Document, theatre: Theatre) -> str:
    """Return the map: border, places, the track by identity, its uncertainty, intercepts."""
    pictures = _known(dossier)
    view = _View([(p["lon_deg"], p["lat_deg"]) for p in pictures])
    seen_by = {one["sensor"] for one in dossier["sensors"]}
    marks = [
        *_border(view, theatre),
        *(_place(view, place) for place in theatre.places if view.holds(place)),
        *_circles(view, pictures),
        *_trail(view, pictures),
        *(mark for one in dossier["engagements"] for mark in _intercept(view, one)),
        _end(view, pictures),
        _scale(view),
        f'<text class="tick" x="{MAP_W - 8:g}" y="{MAP_H - 8:g}" text-anchor="end">'
        f"rings: one standard deviation; seen by {len(seen_by)} sensors</text>",
    ]
    return _svg(MAP_W, MAP_H, marks)


def height_line(dossier: Document) -> str:
    """Return height above ground over time, with its uncertainty, and what happened when."""
    pictures = _known(dossier)
    axis = _Axis(dossier)
    highest = max(p["height_agl_m"] + p["sd_vertical_m"] for p in pictures)
    top_m = max(100.0, 100.0 * math.ceil(highest / 100.0))

    def y(height_m: float) -> float:
        inner = LINE_H - TOP - BOTTOM
        return LINE_H - BOTTOM - inner * min(max(height_m, 0.0), top_m) / top_m

    upper = [(axis.x(p["time"]), y(p["height_agl_m"] + p["sd_vertical_m"])) for p in pictures]
    lower = [(axis.x(p["time"]), y(p["height_agl_m"] - p["sd_vertical_m"])) for p in pictures]
    line = [(axis.x(p["time"]), y(p["height_agl_m"])) for p in pictures]
    marks = [
        f'<polygon class="band" points="{_joined(upper + lower[::-1])}"/>',
        f'<polyline class="line" points="{_joined(line)}"/>',
    ]
    marks += [
        f'<text class="tick" x="{LEFT - 6:g}" y="{y(value) + 4:.1f}" text-anchor="end">'
        f"{value:.0f} m</text>"
        for value in (0.0, top_m / 2.0, top_m)
    ]
    marks += [*axis.marks(LINE_H), *_moments(axis, _happened(dossier), LINE_H)]
    return _svg(LINE_W, LINE_H, marks)


def sensor_lines(dossier: Document) -> str:
    """Return one bar for each sensor, from the first to the last plot that fits the track."""
    sensors, axis = dossier["sensors"], _Axis(dossier)
    height = TOP + BOTTOM + ROW_H * max(len(sensors), 1)
    most = max((one["plots"] for one in sensors), default=1)
    marks = axis.marks(height)
    for k, one in enumerate(sensors):
        y, x = TOP + ROW_H * k, axis.x(one["first"])
        marks += [
            f'<text class="name" x="{LEFT - 6:g}" y="{y + 11:.1f}" text-anchor="end">'
            f"{escape(one['sensor'][:26])} <tspan class='tick'>{one['plots']}</tspan></text>",
            f'<rect class="bar" x="{x:.1f}" y="{y + 2:.1f}" height="{ROW_H - 6:g}" '
            f'width="{max(axis.x(one["last"]) - x, 3.0):.1f}" '
            f'opacity="{0.35 + 0.65 * one["plots"] / most:.2f}"/>',
        ]
    return _svg(LINE_W, height, marks)


def _known(dossier: Document) -> list[Document]:
    """Return the pictures of the track; what is not known of one is drawn as zero."""
    pictures: list[Document] = dossier["track"]["pictures"]
    return [{name: 0 if v is None else v for name, v in one.items()} for one in pictures]


class _View:
    """Longitude and latitude to the drawing: equal scales, the whole track with a margin.

    Parameters
    ----------
    points : list of (float, float)
        Longitude and latitude, degrees.
    """

    def __init__(self, points: Points) -> None:
        lons, lats = [p[0] for p in points], [p[1] for p in points]
        self._lon, self._lat = (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2
        self._shrink = math.cos(math.radians(self._lat))
        wide_km = (max(lons) - min(lons)) * KM_PER_DEG * self._shrink
        high_km = (max(lats) - min(lats)) * KM_PER_DEG
        margin_km = 4.0 + 0.15 * max(wide_km, high_km)
        self.px_per_km = min(MAP_W / (wide_km + 2 * margin_km), MAP_H / (high_km + 2 * margin_km))

    def at(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        """Return a place of the drawing."""
        east_km = (lon_deg - self._lon) * KM_PER_DEG * self._shrink
        north_km = (lat_deg - self._lat) * KM_PER_DEG
        return MAP_W / 2 + east_km * self.px_per_km, MAP_H / 2 - north_km * self.px_per_km

    def holds(self, place: Any) -> bool:
        """Return whether a place is within the drawing."""
        x, y = self.at(place.lon_deg, place.lat_deg)
        return 0.0 < x < MAP_W and 0.0 < y < MAP_H


class _Axis:
    """Time of the track to the drawing.

    Parameters
    ----------
    dossier : dict
        Its track and what happened to it set both ends.
    """

    def __init__(self, dossier: Document) -> None:
        track = dossier["track"]
        times = [parse_utc(p["time"]) for p in track["pictures"]]
        times += [parse_utc(one[k]) for one in dossier["sensors"] for k in ("first", "last")]
        times += [parse_utc(time) for time, _, _ in _happened(dossier)]
        self.from_s, self.to_s = min(times), max(*times, min(times) + 10.0)

    def x(self, stamp: str) -> float:
        """Return the place of an ISO 8601 time."""
        share = (parse_utc(stamp) - self.from_s) / (self.to_s - self.from_s)
        return LEFT + (LINE_W - LEFT - RIGHT) * share

    def marks(self, height: float) -> list[str]:
        """Return round times of day as marks below a drawing."""
        from chowki.core.clock import format_clock, format_utc

        span_s = self.to_s - self.from_s
        every = next((s for s in (10, 30, 60, 120, 300, 600, 1200) if span_s / s <= 7), 3600)
        times = range(math.ceil(self.from_s / every) * every, int(self.to_s) + 1, every)
        cut = 8 if every < 60 else 5
        found: list[str] = []
        for time_s in times:
            x = self.x(format_utc(time_s))
            found.append(
                f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" '
                f'y2="{height - BOTTOM:g}"/><text class="tick" x="{x:.1f}" y="{height - 6:g}" '
                f'text-anchor="middle">{format_clock(time_s)[:cut]}</text>'
            )
        return found


def _happened(dossier: Document) -> list[tuple[str, str, str]]:
    """Return when, what and the class of a mark: crossing, orders and ends of engagements."""
    crossed = dossier["track"]["crossed_border"]
    found = [(crossed, "border", "crossing")] if crossed else []
    for one in dossier["engagements"]:
        for step in one["steps"]:
            if step["state"] == "ordered":
                found.append((step["time"], "", "ordered"))
            elif step["state"] in ("intercepted", "missed", "aborted"):
                found.append((step["time"], step["state"], step["state"]))
    return found


def _moments(axis: _Axis, happened: list[tuple[str, str, str]], height: float) -> Iterator[str]:
    """Yield upright lines at moments; a label only where there is room for it."""
    free_x = 0.0
    for stamp, words, name in sorted(happened):
        x = axis.x(stamp)
        yield (
            f'<line class="moment {name}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" '
            f'y2="{height - BOTTOM:g}"/>'
        )
        if words and x > free_x:
            at_x = min(x, LINE_W - 6.0 * len(words))
            yield f'<text class="tick {name}" x="{at_x:.1f}" y="{TOP - 8:g}">{words}</text>'
            free_x = at_x + 7.0 * len(words)


def _border(view: _View, theatre: Theatre) -> list[str]:
    corners = zip(theatre.border_lon_deg.tolist(), theatre.border_lat_deg.tolist(), strict=True)
    points = [view.at(lon, lat) for lon, lat in corners]
    return [f'<polygon class="border" points="{_joined(points)}"/>'] if points else []


def _place(view: _View, place: Any) -> str:
    x, y = view.at(place.lon_deg, place.lat_deg)
    radius = place.radius_m / 1000.0 * view.px_per_km
    side = "end" if x > MAP_W - 100.0 else "start"
    return (
        f'<circle class="place" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'
        f'<text class="name" x="{x:.1f}" y="{y - radius - 4:.1f}" text-anchor="{side}">'
        f"{escape(place.name)}</text>"
    )


def _circles(view: _View, pictures: list[Document]) -> Iterator[str]:
    """Yield one standard deviation round the track, for some of its pictures."""
    for p in pictures[:: max(1, len(pictures) // CIRCLES)]:
        x, y = view.at(p["lon_deg"], p["lat_deg"])
        radius = p["sd_horizontal_m"] / 1000.0 * view.px_per_km
        yield f'<circle class="ring" cx="{x:.1f}" cy="{y:.1f}" r="{max(radius, 1.0):.1f}"/>'


def _trail(view: _View, pictures: list[Document]) -> Iterator[str]:
    """Yield the track, one line for each span of an identity."""
    points = [view.at(p["lon_deg"], p["lat_deg"]) for p in pictures]
    start = 0
    for k in range(1, len(pictures) + 1):
        if k == len(pictures) or pictures[k]["identity"] != pictures[start]["identity"]:
            name = pictures[start]["identity"].replace(" ", "-")
            yield f'<polyline class="trail {name}" points="{_joined(points[start : k + 1])}"/>'
            start = k


def _intercept(view: _View, one: Document) -> Iterator[str]:
    """Yield where rounds were to meet the track, unless it was never ordered."""
    planned = one["intercept_planned"]
    ordered = any(step["state"] == "ordered" for step in one["steps"])
    if planned["lat_deg"] is None or not ordered:
        return
    x, y = view.at(planned["lon_deg"], planned["lat_deg"])
    yield (
        f'<path class="meet {one["outcome"].replace(" ", "-")}" d="M{x - 5:.1f} {y - 5:.1f}l10 10'
        f'm0-10l-10 10"/>'
    )


def _end(view: _View, pictures: list[Document]) -> str:
    """Return where the track was last, with the way it was going."""
    last = pictures[-1]
    x, y = view.at(last["lon_deg"], last["lat_deg"])
    return (
        f'<path class="end" transform="translate({x:.1f} {y:.1f}) rotate({last["course_deg"]})" '
        'd="M0-9l5 11l-5-3l-5 3z"/>'
    )


def _scale(view: _View) -> str:
    km = next((k for k in (1, 2, 5, 10, 20, 50, 100) if k * view.px_per_km >= 60), 200)
    end = 12 + km * view.px_per_km
    return (
        f'<path class="scale" d="M12 {MAP_H - 16:g}v6H{end:.1f}v-6"/>'
        f'<text class="tick" x="{end + 6:.1f}" y="{MAP_H - 8:g}">{km} km</text>'
    )


def _joined(points: Points) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _svg(width: float, height: float, marks: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img">{"".join(marks)}</svg>'
    )
