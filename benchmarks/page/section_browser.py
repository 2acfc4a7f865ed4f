"""The page in a browser without a GPU: what it costs, how late it is, how smoothly it pans."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from page import machine
from page.chromium import Chromium
from page.processes import Spoken, running
from page.tables import Table, least, most
from rows import Rows

MANY, MOST = 5000, 20_000
SECONDS, PAN_SECONDS, SETTLE_S = 20.0, 5.0, 4.0
RUNS, OPENINGS = 3, 5
USABLE_FPS, USABLE_LAG_MS = 10.0, 500.0
PICTURES = Path(__file__).parents[2] / "out" / "bench-page"


def tables(rows: Rows) -> list[Table]:
    """Return what was measured."""
    seen = {
        tracks: [
            rows.row(lambda n=tracks: _watch(n), section="browser", tracks=tracks, run=run)
            for run in range(1, RUNS + 1)
        ]
        for tracks in (MANY, MOST)
    }
    opened = [
        rows.row(_opening, section="browser", opening=MANY, run=run)
        for run in range(1, OPENINGS + 1)
    ]
    return [_picture(seen[MANY], seen[MOST]), _first(opened)]


def _picture(many: list[dict[str, Any]], most_of: list[dict[str, Any]]) -> Table:
    def cell(name: str, rows: list[dict[str, Any]], digits: int = 1) -> str:
        return ", ".join(f"{row[name]:.{digits}f}" for row in rows)

    def middle(name: str, rows: list[dict[str, Any]]) -> float:
        return statistics.median(row[name] for row in rows)

    goals = [
        ("cpu", "processor, all processes of the browser, % of one core", most, 25.0, most, 50.0),
        ("lag_ms", "lag, p95, ms", most, 150.0, most, USABLE_LAG_MS),
        ("fps", "panning, frames a second", least, 30.0, least, USABLE_FPS),
    ]
    cells = [
        [
            words,
            beside(middle(name, many), goal, 1),
            cell(name, many),
            beside_most(middle(name, most_of), goal_most, 1),
            cell(name, most_of),
        ]
        for name, words, beside, goal, beside_most, goal_most in goals
    ]
    for name, words in (
        ("lag_median_ms", "lag, median, ms"),
        ("heap_mb", "memory of the page: objects, elements, arrays, MB"),
        ("resident_mb", "memory of all processes, shared parts counted each time, MB"),
    ):
        cells.append(
            [
                words,
                f"{middle(name, many):.1f}",
                cell(name, many),
                f"{middle(name, most_of):.1f}",
                cell(name, most_of),
            ]
        )
    return Table(
        "The picture",
        f"Headless Chromium, software rendering, 1600 x 900, the whole front in view, 2 Hz, a fresh"
        f" browser for each of {RUNS} runs; medians, and each run. Processor: user and system time"
        f" over {SECONDS:.0f} s of looking on. Lag: from when the server made a block to the end of"
        f" the frame that shows it. Panning: the mouse drags the map for {PAN_SECONDS:.0f} s;"
        f" animation frames counted. Of {MOST:,} tracks 'usable' is held as {USABLE_FPS:.0f}"
        f" frames a second and {USABLE_LAG_MS:.0f} ms.",
        ["what", f"{MANY:,} tracks", "runs", f"{MOST:,} tracks", "runs"],
        cells,
    )


def _first(opened: list[dict[str, Any]]) -> Table:
    waits = [row["first_s"] for row in opened]
    cells = [
        ["first picture, s, median", most(statistics.median(waits), 1.5)],
        ["slowest of them, s", f"{max(waits):.2f}"],
        ["each, s", ", ".join(f"{wait:.2f}" for wait in waits)],
    ]
    return Table(
        "Opening",
        f"From asking for the link to the end of the frame that shows the first block of {MANY:,}"
        f" tracks, with an empty cache and a fresh profile, {OPENINGS} times.",
        ["what", "figure"],
        cells,
    )


def _watch(tracks: int) -> dict[str, Any]:
    """Return what the page costs while somebody looks on, and how it pans."""
    with running("page.serving", "--tracks", str(tracks)) as server, Chromium() as browser:
        browser.open(server.said()["link"], pictures=2)
        time.sleep(SETTLE_S)
        begin_s = time.time()
        cpu = machine.share_of_core(browser.pid, SECONDS)
        lags = _lags(browser, server, begin_s)
        browser.evaluate("window.__probe.count()")
        browser.drag(PAN_SECONDS)
        counted = browser.evaluate("window.__probe.stop()")
        browser.screenshot(PICTURES / f"{tracks}.png")
        return {
            "cpu": cpu,
            "lag_ms": float(np.percentile(lags, 95)),
            "lag_median_ms": float(np.median(lags)),
            "blocks": len(lags),
            "fps": counted["frames"] / counted["seconds"],
            "heap_mb": browser.heap_bytes() / 1e6,
            "resident_mb": machine.resident_tree_bytes(browser.pid) / 1e6,
            "load": machine.load(),
        }


def _lags(browser: Chromium, server: Spoken, begin_s: float) -> list[float]:
    """Return, for each block painted since a time, how long after its making that was, ms."""
    made = dict(tuple(map(float, line.split())) for line in server.waiting())
    return [
        1e3 * (picture["painted_s"] - made[picture["time_s"]])
        for picture in browser.pictures()
        if picture["time_s"] in made and made[picture["time_s"]] >= begin_s
    ]


def _opening() -> dict[str, Any]:
    """Return how long it takes from asking to the first picture."""
    with running("page.serving", "--tracks", str(MANY)) as server, Chromium() as browser:
        link = server.said()["link"]
        time.sleep(1.0)
        asked_s = browser.open(link)
        return {
            "first_s": browser.pictures()[0]["painted_s"] - asked_s,
            "load": machine.load(),
        }
