"""A made-up session, to look at the page and to measure it without an engine.

Run: ``PYTHONPATH=src:benchmarks python -m page.synthetic --tracks 500 --port 8799``; it prints the
links to enter. ``--mode live`` has no sites and nothing to release, ``--mode replay`` is a finished
recording.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from chowki.outputs.web import wire
from chowki.outputs.web.accounts import Account, read_account
from chowki.outputs.web.server import Server, Settings
from chowki.outputs.web.session import ActRequest, Clock, Verdict
from page import invented
from page.acting import Stage
from page.saying import events_until, tell_detail, tell_state, words

RATE_HZ = 2.0
BEFORE_S = 1800.0
LENGTH_S = 3600.0
SPEEDS = [1, 2, 5, 10, 30, 60]


class Synthetic:
    """A session of n tracks that move at 2 Hz.

    Parameters
    ----------
    n : int
        Tracks.
    mode : str
        ``simulation``, ``live`` or ``replay``.
    operator : bool
        Whether acts are taken.
    """

    def __init__(self, n: int, mode: str = "simulation", operator: bool = True) -> None:
        self.mode, self.operator = mode, operator and mode != "replay"
        self.places = invented.read_places()
        self.sensors = invented.make_sensors()
        self.sites = [] if mode == "live" else invented.make_sites(self.places)
        self.fleet = invented.make_fleet(n, self.places)
        self.stage = Stage(self.places, self.sites, self.fleet, mode == "simulation")
        self._lock = threading.Lock()
        self._speed, self._paused = 1.0, False
        self._set_s, self._elapsed_s = time.monotonic(), BEFORE_S
        self._changes = 0
        self._edge: tuple[int, bytes, invented.Moment] | None = None
        self.encoded = 0
        self.log: list[dict[str, Any]] = []
        self.stage.advance(invented.look(self.fleet, invented.START_S + BEFORE_S))

    def _now_s(self) -> float:
        if self.mode == "replay":
            return invented.START_S + LENGTH_S
        passed = 0.0 if self._paused else (time.monotonic() - self._set_s) * self._speed
        step = 1.0 / RATE_HZ
        return invented.START_S + (self._elapsed_s + passed) // step * step

    @property
    def generation(self) -> int:
        """Rises with time, twice a second, and with every act."""
        if self.mode == "replay":
            return self._changes
        passed = 0.0 if self._paused else time.monotonic() - self._set_s
        return int(passed * RATE_HZ) + self._changes

    @property
    def span_s(self) -> tuple[float, float]:
        """First instant and edge."""
        return invented.START_S, self._now_s()

    def clock(self) -> Clock:
        """Return the engine's clock."""
        return Clock(self._speed, self._paused, self.mode != "replay")

    def hello(self) -> dict[str, Any]:
        """Return the hello message."""
        border = {
            "points": [*invented.LINE, *invented.INTERIOR],
            "line": len(invented.LINE),
            "disclaimer": "Coarse, for simulation only; makes no statement on any boundary.",
        }
        return {
            "version": "0.1.0",
            "name": "synthetic",
            "mode": self.mode,
            "operator": self.operator,
            "station": {
                "name": "synthetic",
                "lat": 28.5,
                "lon": 72.5,
                "start_s": invented.START_S,
                "end_s": None if self.mode == "live" else invented.START_S + LENGTH_S,
            },
            "disclaimer": "Made up: every track, sensor and site here is invented.",
            "track_columns": wire.describe(),
            "words": words(),
            "places": self.places,
            "sectors": self.stage.sectors(),
            "sensors": self.sensors,
            "sites": self.sites,
            "border": border,
            "postures": self.stage.postures(),
            "speeds": SPEEDS,
        }

    def block(self, time_s: float | None) -> bytes:
        """Return the tracks at a time."""
        if time_s is not None:
            moment = invented.look(self.fleet, time_s)
            return wire.encode(time_s, invented.block_columns(self.fleet, moment))
        return self._at_edge()[0]

    def state(self, time_s: float | None) -> dict[str, Any]:
        """Return the state message at a time."""
        if time_s is not None:
            return tell_state(self, invented.look(self.fleet, time_s))
        moment = self._at_edge()[1]
        self.stage.advance(moment)
        return tell_state(self, moment)

    def events(self, after: int) -> list[dict[str, Any]]:
        """Return the event log after an entry."""
        return events_until(self, after)

    def series(self, after_s: float) -> dict[str, Any]:
        """Return counts every ten seconds."""
        first, edge = self.span_s
        start = first if after_s < first else after_s + 10.0
        times = np.arange(np.ceil(start / 10.0) * 10.0, edge + 0.1, 10.0)
        wave = (times - first) / 600.0
        n = len(self.fleet)
        counts = {
            "tracks": n * (0.7 + 0.3 * np.sin(wave)),
            "suspect_hostile": n * 0.3 * (0.8 + 0.2 * np.sin(wave * 1.7)),
            "threats": n * 0.1 * (1 + np.sin(wave * 2.3)),
            "warned": 8 + 7 * np.sin(wave * 1.3),
            "engaged": 6 + 5 * np.sin(wave * 2.9),
        }
        whole = {name: np.rint(values).astype(int).tolist() for name, values in counts.items()}
        return {"time_s": times.tolist(), **whole}

    def detail(self, track: int, time_s: float | None) -> dict[str, Any] | None:
        """Return all that is made up about a track."""
        if not 1 <= track <= len(self.fleet):
            return None
        return tell_detail(self, track, self._now_s() if time_s is None else time_s)

    def names(self) -> list[dict[str, Any]]:
        """Return the names of tracks: nothing here has one."""
        return []

    def submit(self, request: ActRequest) -> Verdict:
        """Take an act."""
        if not self.operator:
            return Verdict(False, 403, "nothing can be done here: this only shows")
        with self._lock:
            verdict = self.stage.act(request, self._now_s())
            self._changes += 1
        return verdict

    def control(self, person: str, speed: float | None, paused: bool | None) -> Verdict:
        """Set the engine's clock."""
        if self.mode != "simulation":
            return Verdict(False, 403, "this clock can't be set: it is the wall's")
        with self._lock:
            self._changes = self.generation + 1
            self._elapsed_s = self._now_s() - invented.START_S
            self._set_s = time.monotonic()
            self._speed = self._speed if speed is None else speed
            self._paused = self._paused if paused is None else paused
        return Verdict(True, 200, f"clock set by {person}")

    def _at_edge(self) -> tuple[bytes, invented.Moment]:
        generation = self.generation
        if self._edge is None or self._edge[0] != generation:
            moment = invented.look(self.fleet, self._now_s())
            block = wire.encode(moment.time_s, invented.block_columns(self.fleet, moment))
            self._edge = (generation, block, moment)
            self.encoded += 1
        return self._edge[1], self._edge[2]


def main() -> None:
    """Serve the made-up session until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=500)
    parser.add_argument("--port", type=int, default=8799)
    parser.add_argument("--mode", choices=("simulation", "live", "replay"), default="simulation")
    parser.add_argument("--watch", action="store_true", help="take no acts")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:ROLE")
    parser.add_argument("--layer", action="append", default=[], type=Path)
    asked = parser.parse_args()
    users = tuple(map(read_account, asked.user)) or (
        Account("A. Kaur", "approver"),
        Account("R. Singh", "operator"),
        Account("Guest", "viewer"),
    )
    session = Synthetic(asked.tracks, asked.mode, not asked.watch)
    server = Server(session, Settings(port=asked.port, users=users, layers=tuple(asked.layer)))
    for name, role, url in server.links():
        print(f"{name} ({role}): {url}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
