"""Time lines as small SVG drawings that take their colours from the page's theme."""

from __future__ import annotations

from typing import Any

import numpy as np

from chowki.core.clock import format_clock
from chowki.core.records import EngagementState, Fate, Identity, TrackStatus
from chowki.outputs.evidence import Evidence, column
from chowki.outputs.score import Score
from chowki.outputs.sitrep import SituationReport
from chowki.outputs.sitrep.actions import final_engagements
from chowki.outputs.sitrep.reality import final_truth

Layer = tuple[str, str, Any]  # class, label, values (n,)
WIDTH, HEIGHT = 540.0, 150.0
LEFT, TOP, BOTTOM = 34.0, 8.0, 20.0
IDENTITIES = (
    ("hostile", (Identity.HOSTILE,)),
    ("suspect", (Identity.SUSPECT,)),
    ("neutral", (Identity.NEUTRAL,)),
    ("friend", (Identity.FRIEND, Identity.ASSUMED_FRIEND)),
)


def charts(recording: Evidence, report: SituationReport, score: Any) -> list[dict[str, Any]]:
    """Return the page's time lines: title, note, SVG text and legend of each."""
    made = [_tracks_chart(recording, report)]
    if report.simulated:
        made.append(_engagement_chart(recording, report))
    if isinstance(score, Score):
        made.append(_score_chart(report, score))
    return made


def _tracks_chart(recording: Evidence, report: SituationReport) -> dict[str, Any]:
    """Return confirmed tracks by identity over time, stacked."""
    table = recording.tracks
    confirmed = column(table, "status") == TrackStatus.CONFIRMED
    times, step = np.unique(column(table, "time_s"), return_inverse=True)
    identity = column(table, "identity")
    layers: list[Layer] = []
    for name, codes in IDENTITIES:
        mine = confirmed & np.isin(identity, [int(code) for code in codes])
        layers.append((name, name, np.bincount(step[mine], minlength=len(times))))
    drawn = stacked(times, [layer for layer in layers if layer[2].any()], report)
    others = confirmed & np.isin(identity, (int(Identity.UNKNOWN), int(Identity.PENDING)))
    mean = round(others.sum() / max(len(times), 1))
    return {
        "title": "Confirmed tracks by identity",
        "note": f"and some {mean:,} unknown at any time, not drawn" if mean else "",
        **drawn,
    }


def _engagement_chart(recording: Evidence, report: SituationReport) -> dict[str, Any]:
    """Return intercepts and misses as the station held them, and leakers, per minute."""
    table = recording.engagements
    final = final_engagements(table)
    state, time_s = column(table, "state")[final], column(table, "time_s")[final]
    edges = np.arange(report.start_s, report.end_s + 60.0, 60.0)
    if len(edges) < 2:
        edges = np.array([report.start_s, report.start_s + 60.0])
    reached = _arrivals(recording)
    layers: list[Layer] = [
        (
            "intercepted",
            "intercepted",
            _binned(time_s[state == EngagementState.INTERCEPTED], edges),
        ),
        ("missed", "missed", _binned(time_s[state == EngagementState.MISSED], edges)),
        ("leaker", "leakers (truth)", _binned(reached, edges)),
    ]
    return {
        "title": "Engagements per minute",
        "note": "as the picture then showed; outcomes are a model's",
        **bars(edges, layers, report),
    }


def _arrivals(recording: Evidence) -> Any:
    """Return UTC seconds at which drones of the raid reached their place."""
    final = final_truth(recording)
    if len(final) == 0:
        return np.empty(0)
    truth = recording.truth
    reached = (column(truth, "fate")[final] == Fate.REACHED_PLACE) & (
        column(truth, "attacking")[final] == 1
    )
    return column(truth, "time_s")[final][reached]


def _binned(time_s: Any, edges: Any) -> Any:
    return np.histogram(time_s, edges)[0]


def _score_chart(report: SituationReport, score: Score) -> dict[str, Any]:
    """Return covered drones that were followed, not followed, and tracks of nothing."""
    series = score.series
    layers: list[Layer] = [
        ("matched", "drones followed", series.matched),
        ("missed", "covered drones not followed", series.missed),
        ("false", "tracks of nothing", series.false),
    ]
    note = f"against simulated truth, cutoff {score.cutoff_m:g} m"
    return {
        "title": "Picture against truth",
        "note": note,
        **stacked(series.time_s, layers, report),
    }


def stacked(times: Any, layers: list[Layer], report: SituationReport) -> dict[str, Any]:
    """Return stacked areas over time."""
    top = _ceiling(np.sum([values for _, _, values in layers], axis=0) if layers else np.zeros(1))
    x = _x(times, report)
    base = np.zeros(len(times))
    shapes: list[str] = []
    for name, _, values in layers:
        upper = base + values
        points = _steps(x, _y(upper, top)) + _steps(x, _y(base, top))[::-1]
        shapes.append(f'<polygon class="fill {name}" points="{_joined(points)}"/>')
        base = upper
    return _drawn(shapes, layers, top, report)


def bars(edges: Any, layers: list[Layer], report: SituationReport) -> dict[str, Any]:
    """Return stacked bars between edges in time."""
    top = _ceiling(np.sum([values for _, _, values in layers], axis=0))
    x = _x(edges, report)
    base = np.zeros(len(edges) - 1)
    shapes: list[str] = []
    for name, _, values in layers:
        high, low = _y(base + values, top), _y(base, top)
        shapes.extend(
            f'<rect class="fill {name}" x="{x[i]:.1f}" y="{high[i]:.1f}" '
            f'width="{max(x[i + 1] - x[i] - 1.0, 1.0):.1f}" height="{low[i] - high[i]:.1f}"/>'
            for i in np.flatnonzero(values)
        )
        base = base + values
    return _drawn(shapes, layers, top, report)


def _x(times: Any, report: SituationReport) -> Any:
    span_s = max(report.end_s - report.start_s, 1.0)
    return LEFT + (WIDTH - LEFT - 6.0) * (np.asarray(times) - report.start_s) / span_s


def _y(values: Any, top: float) -> Any:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * np.asarray(values, float) / top


def _ceiling(values: Any) -> float:
    """Return the next 1, 2 or 5 times a power of ten above the highest value, at least 4."""
    highest = max(float(np.max(values, initial=0.0)), 4.0)
    power = 10.0 ** np.floor(np.log10(highest))
    return float(next(m * power for m in (1.0, 2.0, 4.0, 5.0, 10.0) if m * power >= highest))


def _steps(x: Any, y: Any) -> list[tuple[float, float]]:
    """Return the corners of a line, at most some 700 of them."""
    stride = max(1, len(x) // 700)
    return list(zip(x[::stride].tolist(), y[::stride].tolist(), strict=True))


def _joined(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _drawn(
    shapes: list[str], layers: list[Layer], top: float, report: SituationReport
) -> dict[str, Any]:
    axes = [*_value_axis(top), *_time_axis(report)]
    return {
        "svg": "".join([*axes, *shapes]),
        "view": f"0 0 {WIDTH:g} {HEIGHT:g}",
        "left": LEFT / WIDTH,
        "right": 6.0 / WIDTH,
        "legend": [(name, label) for name, label, values in layers if np.any(values)],
        "empty": not any(np.any(values) for _, _, values in layers),
    }


def _value_axis(top: float) -> list[str]:
    marks: list[str] = []
    for value in (0.0, top / 2.0, top):
        y = float(_y(value, top))
        marks.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{WIDTH - 6:g}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        marks.append(
            f'<text class="tick" x="{LEFT - 6:g}" y="{y + 3.5:.1f}" '
            f'text-anchor="end">{value:g}</text>'
        )
    return marks


def _time_axis(report: SituationReport) -> list[str]:
    """Return marks at round times of day."""
    return [
        f'<text class="tick" x="{min(x, WIDTH - 16):.1f}" y="{HEIGHT - 5:g}" '
        f'text-anchor="middle">{label}</text>'
        for x, label in time_marks(report)
    ]


def time_marks(report: SituationReport) -> list[tuple[float, str]]:
    """Return place and label of round times of day, at most eight."""
    span_s = max(report.end_s - report.start_s, 1.0)
    every = next(
        (s for s in (30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600) if span_s / s <= 8),
        86_400,
    )
    first = np.ceil(report.start_s / every) * every
    times = np.arange(first, report.end_s + 1.0, every)[:9]
    cut = 8 if every < 60 else 5
    x = _x(times, report)
    return [(float(a), format_clock(t)[:cut]) for a, t in zip(x, times, strict=True)]
