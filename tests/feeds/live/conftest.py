"""Live feeds in tests: a clock that runs faster, and other sides that behave as they are told."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from chowki.core.messages import Scan, Status, Tick
from chowki.core.places import Station, Theatre
from chowki.feeds.live import open_live
from chowki.feeds.live.clock import Clock

PATIENCE_S = 15.0  # of the wall


class FastClock(Clock):
    """UTC that runs faster than it should, so that a minute's silence takes a test seconds."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._rate, self._began = rate, (time.time(), time.monotonic())

    def now(self) -> float:
        return self._began[0] + self._rate * (time.monotonic() - self._began[1])

    def real_s(self, span_s: float) -> float:
        return span_s / self._rate


@pytest.fixture
def fast() -> Callable[[float], FastClock]:
    return FastClock


@pytest.fixture
def clock() -> FastClock:
    """Ten seconds in one."""
    return FastClock(10.0)


@pytest.fixture
def opened(clock: FastClock) -> Iterator[Callable]:
    """Return a function that opens live feeds at a place; they are stopped after the test."""
    made = []

    def open_at(*specs, lat=47.2, lon=8.73, sensors=(), inbox=None, clock=clock, first=5):
        station = Station("here", lat, lon, 0.0, clock.now(), np.inf)
        feeds = open_live(
            specs, Theatre(station, sensors=tuple(sensors)), first, inbox, clock=clock
        )
        made.append(feeds)
        return feeds

    yield open_at
    for feeds in made:
        feeds.stop()


@pytest.fixture
def until() -> Callable:
    """Return a function that reads events up to a tick at which something holds of them.

    It gives up after so many ticks, but not before a slow machine has had its time.
    """

    def read(feeds, holds=None, seconds=20):
        events, ticks, began_s = [], 0, time.monotonic()
        for event in feeds.events():
            if events:
                assert event.time_s >= events[-1].time_s
            events.append(event)
            if isinstance(event, Tick):
                ticks += 1
                waited = holds is None or time.monotonic() - began_s > PATIENCE_S
                if (holds and holds(events)) or (ticks >= seconds and waited):
                    break
        return events

    return read


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.fixture
def scans_of() -> Callable:
    return lambda events: of(Scan, events)


@pytest.fixture
def told() -> Callable:
    """Return a function to the states that a source was said to be in, in their order."""

    def states(events, name):
        return [s.state for s in of(Status, events) if s.kind == "feed" and s.source == name]

    return states


class Line:
    """A TCP server for one client after another; each connection is handed to the test."""

    def __init__(self, port: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._server.settimeout(10.0)
        self.port = self._server.getsockname()[1]
        self.open: list[socket.socket] = []

    def answer(self) -> socket.socket:
        way, _ = self._server.accept()
        way.settimeout(10.0)
        self.open.append(way)
        return way

    def close(self) -> None:
        for way in [*self.open, self._server]:
            way.close()


@pytest.fixture
def line() -> Iterator[Callable[[], Line]]:
    made: list[Line] = []

    def make(port=0):
        made.append(Line(port))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def web() -> Iterator[Callable]:
    """Return a function that serves what a function returns, a body or (status, body)."""
    servers = []

    def serve(answer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                said = answer(self.path) if callable(answer) else answer
                status, body = said if isinstance(said, tuple) else (200, said)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/data/aircraft.json"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def sbs_line(time_s, lat, lon, address="3C6444", altitude=10_000):
    """Return a position as dump1090 writes it (MSG,3)."""
    at = datetime.fromtimestamp(time_s, UTC)
    day, hour = at.strftime("%Y/%m/%d"), at.strftime("%H:%M:%S.%f")[:-3]
    stamp = f"{day},{hour},{day},{hour}"
    return f"MSG,3,1,1,{address},1,{stamp},,{altitude},,,{lat},{lon},,,,,,0\r\n".encode()


@pytest.fixture
def sbs() -> Callable:
    return sbs_line


@pytest.fixture
def talking(clock: FastClock) -> Iterator[Callable]:
    """Return a function that calls another one again and again until the test ends."""
    ended, threads = threading.Event(), []

    def talk(say, every_s=0.2, clock=clock):
        def run():
            try:
                while not ended.wait(clock.real_s(every_s)):
                    say(clock.now())
            except OSError:
                pass

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()

    yield talk
    ended.set()
    for thread in threads:
        thread.join(5.0)
