"""What the tests of the page's server share: a small session, a running server, foreign clients."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import connect

from chowki.outputs.web import wire
from chowki.outputs.web.accounts import Account
from chowki.outputs.web.server import Server, Settings
from chowki.outputs.web.session import ActRequest, Clock, Verdict

START_S = 1_746_801_000.0
PEOPLE = (
    Account("V. Rao", "viewer"),
    Account("R. Singh", "operator"),
    Account("A. Kaur", "approver"),
)


@dataclass
class SmallSession:
    """A session whose time is set by hand; it counts how often it is asked for a block."""

    tracks: int = 3
    live: bool = True
    edge_s: float = START_S + 600.0
    generation: int = 1
    encoded: int = 0
    asked: list[ActRequest] = field(default_factory=list)
    clocks: list[tuple[str, float | None, bool | None]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    speed: float = 1.0
    paused: bool = False

    @property
    def span_s(self):
        return START_S, self.edge_s

    def step(self, seconds=1.0):
        self.edge_s += seconds
        self.generation += 1

    def say(self, text):
        self.log.append({"id": len(self.log) + 1, "time_s": self.edge_s, "text": text})
        self.generation += 1

    def hello(self):
        return {"name": "small", "track_columns": wire.describe()}

    def clock(self):
        return Clock(self.speed, self.paused, self.live)

    def block(self, time_s):
        self.encoded += 1
        at = self.edge_s if time_s is None else time_s
        columns = {column.name: np.zeros(self.tracks) for column in wire.columns()}
        columns["track"] = np.arange(1, self.tracks + 1)
        columns["lat"] = np.full(self.tracks, (at - START_S) / 1000.0)
        return wire.encode(at, columns)

    def state(self, time_s):
        at = self.edge_s if time_s is None else time_s
        return {"type": "state", "time_s": at, "lost": float("nan")}

    def events(self, after):
        return self.log[after:]

    def series(self, after_s):
        times = [START_S + 10.0 * k for k in range(int((self.edge_s - START_S) / 10.0) + 1)]
        later = [at for at in times if at > after_s]
        return {"time_s": later, "tracks": [self.tracks] * len(later)}

    def detail(self, track, time_s):
        if not 1 <= track <= self.tracks:
            return None
        return {"track": track, "time_s": self.edge_s if time_s is None else time_s, "known": True}

    def submit(self, request):
        self.asked.append(request)
        if request.revision == 0:
            return Verdict(False, 409, "A. Kaur released it at 19:31:02", 7)
        return Verdict(True, 200, "done", 8)

    def control(self, person, speed, paused):
        self.clocks.append((person, speed, paused))
        return Verdict(True, 200, "set")


class Visit:
    """One person at a running server, by HTTP and by socket."""

    def __init__(self, server, role):
        self.server, self.base = server, server.url
        self.link = next(url for _, one, url in server.links() if one == role)
        self.http = httpx.Client(base_url=self.base, trust_env=False)

    def enter(self):
        answer = self.http.get(self.link)
        assert answer.status_code == 200, answer.text
        return self

    @property
    def cookie(self):
        return "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())

    def post(self, path, body, **headers):
        sent = {"Origin": self.base, "Content-Type": "application/json"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, headers={**sent, **headers})

    @contextlib.contextmanager
    def socket(self, **changes):
        asked = {
            "origin": self.base,
            "additional_headers": {"Cookie": self.cookie},
            "compression": None,
            "proxy": None,
            "max_size": None,
            "close_timeout": 1,
        }
        address = self.base.replace("http", "ws", 1) + "/socket"
        with connect(address, **{**asked, **changes}) as socket:
            yield Wire(socket)


class Wire:
    """A socket of a page: messages by type, blocks decoded."""

    def __init__(self, socket):
        self.socket = socket

    def send(self, **message):
        self.socket.send(json.dumps(message))

    def next(self, kind, timeout=5.0):
        """Return the next message of a type; ``block`` returns its time and columns."""
        latest = time.monotonic() + timeout
        while True:
            received = self.socket.recv(timeout=max(0.0, latest - time.monotonic()))
            if isinstance(received, bytes):
                if kind == "block":
                    return wire.decode(received)
            elif (message := json.loads(received))["type"] == kind:
                return message


@pytest.fixture(scope="module")
def shared():
    """Return a session and a server that run for all tests of a file."""
    session = SmallSession()
    with Server(session, Settings(users=PEOPLE, rate_hz=20.0)) as server:
        yield session, server


@pytest.fixture
def small(shared):
    """Return the session as it was at first; its generation only rises, as any session's."""
    session = shared[0]
    session.__init__(generation=session.generation + 1)
    return session


@pytest.fixture
def serve(small):
    """Return a function that starts a server with settings of its own, until the test ends."""
    with contextlib.ExitStack() as stack:

        def start(**changes):
            settings = Settings(**{"users": PEOPLE, "rate_hz": 20.0, **changes})
            return stack.enter_context(Server(small, settings))

        yield start


@pytest.fixture
def visit(shared, small, serve):
    """Return a function that brings somebody in, at the shared server or one of their own."""
    with contextlib.ExitStack() as stack:

        def come(role="operator", server=None, enter=True, **changes):
            server = server or (serve(**changes) if changes else shared[1])
            person = Visit(server, role)
            stack.enter_context(person.http)
            return person.enter() if enter else person

        yield come
