"""Whether memory grows while a recording is replayed over and over, hour after hour."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t

from page import machine
from page.chromium import Chromium
from page.processes import running, spell
from page.tables import Table
from rows import Rows

FOLDER = Path(__file__).parents[2] / "out" / "bench-page"
SCENARIO, SPEED = "second-wave", 60
EVERY_S, WARM_UP, BINS = 10.0, 1 / 6, 12
# A slope counts as growth from here on: this part of what is held, an hour.
SMALLEST = 0.01
LEVEL = 0.95
HELD = (
    ("server_mb", "server, resident"),
    ("heap_mb", "page: objects, elements, arrays, after its rubbish was collected"),
    ("browser_mb", "browser, all processes, shared parts counted each time"),
)


def tables(rows: Rows, hours: float) -> list[Table]:
    """Return what was measured over so many hours of the wall."""
    row = rows.row(lambda: _replayed(hours), section="memory", hours=hours)
    samples = row["samples"]
    cells = [
        [words, *_cells([s["hours"] for s in samples], [s[name] for s in samples])]
        for name, words in HELD
    ]
    loops = hours * 3600.0 * SPEED / row["length_s"]
    return [
        Table(
            "Memory",
            f"A recorded {SCENARIO} replayed in a loop at {SPEED} times its speed for {hours:g}"
            f" hours of the wall ({loops:.0f} times over), the page open. Samples"
            f" each {EVERY_S:.0f} s; the first sixth is left out; slope by least squares over"
            f" {BINS} means of equal spans, with the 95 % interval of Student. Growth is a slope"
            f" whose interval lies above zero and that is more than {SMALLEST:.0%} of what is held,"
            " an hour.",
            ["what", "held, MB", "slope, MB an hour", "95 %", "without growth"],
            cells,
        )
    ]


def _cells(hours: Sequence[float], held: Sequence[float]) -> list[str]:
    times, sizes = np.asarray(hours), np.asarray(held)
    late = times >= WARM_UP * times[-1]
    slope, low, high = slope_of(times[late], sizes[late])
    level = float(sizes[late].mean())
    met = low <= 0.0 or slope <= SMALLEST * level
    told = "met" if met else "**missed**"
    return [f"{level:.1f}", f"{slope:+.2f}", f"{low:+.2f} to {high:+.2f}", told]


def slope_of(x: np.ndarray, y: np.ndarray, bins: int = BINS) -> tuple[float, float, float]:
    """Return a slope by least squares over means of equal spans, and the ends of its interval.

    Means, since samples near in time err alike.

    Examples
    --------
    >>> x = np.arange(120.0)
    >>> [round(end, 6) for end in slope_of(x, 3.0 + 0.5 * x)]
    [0.5, 0.5, 0.5]
    """
    which = np.minimum((bins * (x - x[0]) / (x[-1] - x[0])).astype(int), bins - 1)
    parts = [which == part for part in range(bins) if np.any(which == part)]
    mx, my = (np.array([of[part].mean() for part in parts]) for of in (x, y))
    from_mean = mx - mx.mean()
    slope = float(from_mean @ my / (from_mean @ from_mean))
    left = my - my.mean() - slope * from_mean
    free = len(parts) - 2
    error = float(np.sqrt(left @ left / free / (from_mean @ from_mean)))
    half = float(t.ppf(0.5 * (1.0 + LEVEL), free)) * error
    return slope, slope - half, slope + half


def _replayed(hours: float) -> dict[str, Any]:
    """Return what server and page held over time."""
    folder = _recording()
    served = ["serve", str(folder), "--loop", "--speed", str(SPEED), "--no-browser", "--port", "0"]
    with running("chowki", *served) as server, Chromium() as browser:
        link = re.search(r"http\S+", server.line())
        assert link is not None
        browser.open(link.group(), pictures=2, longest_s=120.0)
        begin, samples = time.monotonic(), []
        with (FOLDER / "memory.jsonl").open("w", encoding="utf-8") as kept:
            while (passed_s := time.monotonic() - begin) < 3600.0 * hours:
                samples.append(
                    {
                        "hours": passed_s / 3600.0,
                        "server_mb": machine.resident_bytes(server.pid) / 1e6,
                        "heap_mb": browser.heap_bytes() / 1e6,
                        "browser_mb": machine.resident_tree_bytes(browser.pid) / 1e6,
                    }
                )
                kept.write(json.dumps(samples[-1]) + "\n")
                kept.flush()
                time.sleep(EVERY_S)
        pictures = browser.pictures()
        if time.time() - pictures[-1]["painted_s"] > 5.0:
            raise RuntimeError("the page stood still: its memory says nothing")
        browser.screenshot(FOLDER / "memory.png")
    shown = [picture["time_s"] for picture in pictures]
    return {"samples": samples, "length_s": max(shown) - min(shown), "load": machine.load()}


def _recording() -> Path:
    """Return a recorded run, made now if there is none."""
    folder = FOLDER / SCENARIO
    if not (folder / "manifest.json").exists():
        command = spell("chowki", "run", SCENARIO, "--quiet", "--out", str(folder))
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return folder
