"""The server alone: what its clients cost it, and what a stalled one costs anybody."""

from __future__ import annotations

import statistics
import time
from typing import Any

from page import machine
from page.processes import running
from page.tables import Table, least, most
from rows import Rows

CLIENTS, TRACKS, RATE_HZ = 20, 5000, 2.0
SECONDS, RUNS = 20.0, 3
STALLED, STALL_SECONDS = 10, 45.0
MEGABYTE = 1e6


def tables(rows: Rows) -> list[Table]:
    """Return what was measured."""
    busy = [
        rows.row(lambda: _busy(CLIENTS), section="server", clients=CLIENTS, run=run)
        for run in range(1, RUNS + 1)
    ]
    idle = rows.row(lambda: _busy(0), section="server", clients=0)
    stalled = rows.row(_stalled, section="server", stalled=STALLED)
    return [_load(busy, idle), _stall(stalled)]


def _load(busy: list[dict[str, Any]], idle: dict[str, Any]) -> Table:
    cpu = statistics.median(row["cpu"] for row in busy)
    each = [f"{row['cpu']:.1f}" for row in busy]
    track = (busy[0]["block_bytes"] + busy[0]["frame_bytes"]) / TRACKS
    cells = [
        [
            f"{CLIENTS} clients: processor, % of one core; median of {', '.join(each)}",
            most(cpu, 10.0, 1),
        ],
        ["no client: the made-up picture itself, % of one core", f"{idle['cpu']:.1f}"],
        ["slowest client, blocks a second", least(min(row["hz"] for row in busy), 1.9, 2)],
        ["block on the wire, bytes a track", most(track, 32.0, 1)],
        [
            "state, events and counts beside it, kB/s for each client",
            f"{busy[0]['text_bytes_per_s'] / 1e3:.1f}",
        ],
    ]
    return Table(
        "The server",
        f"{CLIENTS} clients in another process take {TRACKS:,} tracks at {RATE_HZ:.0f} Hz over"
        f" {SECONDS:.0f} s; user and system time of the server's process, which also makes the"
        " picture up.",
        ["what", "figure"],
        cells,
    )


def _stall(row: dict[str, Any]) -> Table:
    before, during = row["thirds"][0], row["thirds"][1]
    cells = [
        ["slowest listener before, blocks a second", f"{before['hz']:.2f}"],
        [
            "slowest listener while they stall, blocks a second",
            least(during["hz"], round(0.95 * before["hz"], 2), 2),
        ],
        ["longest gap before, s", f"{before['gap_s']:.2f}"],
        ["longest gap while they stall, s", most(during["gap_s"], 1.0, 2)],
        ["memory of the server for each stalled client, MB", most(row["growth_mb"], 2.0, 2)],
    ]
    return Table(
        "Stalled clients",
        f"{STALLED} clients join {CLIENTS - STALLED} listeners and never read: {TRACKS:,} tracks at"
        f" {RATE_HZ:.0f} Hz. They are dropped after 10 s; the most memory that the server held"
        " until then, less what it held before, is shared among them.",
        ["what", "figure"],
        cells,
    )


def _busy(clients: int) -> dict[str, Any]:
    """Return the server's use of a core with clients, and what they saw."""
    with running("page.serving", "--tracks", str(TRACKS)) as server:
        link = server.said()["link"]
        if not clients:
            time.sleep(1.0)
            return {"cpu": machine.share_of_core(server.pid, SECONDS), "load": machine.load()}
        asked = [link, "--clients", str(clients), "--seconds", str(SECONDS + 6.0)]
        with running("page.listeners", *asked) as listeners:
            listeners.said()
            cpu = machine.share_of_core(server.pid, SECONDS)
            seen = listeners.said()
    slowest = min(third["hz"] for third in seen["thirds"])
    return {
        "cpu": cpu,
        "hz": slowest,
        "block_bytes": seen["block_bytes"],
        "frame_bytes": 10,  # header of a WebSocket frame of that size (RFC 6455, 5.2)
        "text_bytes_per_s": seen["text_bytes_per_s"],
        "load": machine.load(),
    }


def _stalled() -> dict[str, Any]:
    """Return what listeners saw, and what the server held, before and while others stall."""
    with running("page.serving", "--tracks", str(TRACKS)) as server:
        link = server.said()["link"]
        asked = [link, "--clients", str(CLIENTS - STALLED), "--stalled", str(STALLED)]
        with running("page.listeners", *asked, "--seconds", str(STALL_SECONDS)) as listeners:
            listeners.said()
            third = STALL_SECONDS / 3
            before = _most_held(server.pid, third - 1.0)
            during = _most_held(server.pid, third)
            seen = listeners.said()
    growth = (during - before) / STALLED / MEGABYTE
    return {"thirds": seen["thirds"], "growth_mb": growth, "load": machine.load()}


def _most_held(process: int, over_s: float) -> int:
    latest, most_bytes = time.monotonic() + over_s, 0
    while time.monotonic() < latest:
        most_bytes = max(most_bytes, machine.resident_bytes(process))
        time.sleep(0.1)
    return most_bytes
