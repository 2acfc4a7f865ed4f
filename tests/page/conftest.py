"""Chromium, driven as a person would: what the tests of the page share."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZE = {"width": 1600, "height": 900}
# A browser asks for it where a page names no icon, as the plain ones on the way in don't.
ASKED_BY_ITSELF = "/favicon.ico"
# What a page may load without asking anybody.
OWN_SCHEMES = ("data", "blob", "about")
PEOPLE = {"R. Singh": "operator", "A. Khan": "approver", "V. Rao": "viewer"}
FAULTS = "() => axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)"
VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
    console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`));"""


class Watch:
    """Notes what should not happen on a page.

    Parameters
    ----------
    page : Page
        What is watched, before it opens anything.
    origin : str
        Scheme, host and port of the server; nothing else may be asked for anything.
    expected : str
        Pattern of faults that the test brings about itself.
    """

    def __init__(self, page: Page, origin: str, expected: str | None = None) -> None:
        self._host = urlsplit(origin).netloc
        self._expected = expected
        self._seen: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._seen.append(f"error: {error}"))
        page.on("request", lambda request: self._asked(request.url))
        page.on("websocket", lambda socket: self._asked(socket.url))
        page.on("response", self._answered)
        page.add_init_script(VIOLATIONS)

    @property
    def faults(self) -> list[str]:
        """What happened that no test expected."""
        if self._expected is None:
            return self._seen
        return [fault for fault in self._seen if not re.search(self._expected, fault)]

    def _said(self, message: Any) -> None:
        where = message.location.get("url", "")
        if message.type in {"error", "warning"} and not where.endswith(ASKED_BY_ITSELF):
            self._seen.append(f"console {message.type}: {message.text} {where}".rstrip())

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in OWN_SCHEMES and parts.netloc != self._host:
            self._seen.append(f"asked another host: {url}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and not response.url.endswith(ASKED_BY_ITSELF):
            self._seen.append(f"answer {response.status}: {response.url}")


class Stage:
    """An engine behind the page, that runs until something holds and then stands still.

    The loop's own thread looks, so that it stops at the very second, however fast it goes.

    Parameters
    ----------
    engine : Engine
        Not started yet.
    folder : Path
        Where it records.
    """

    def __init__(self, engine: Any, folder: Path) -> None:
        self.engine, self.folder, self.session = engine, folder, engine.session
        self._see, self.session.see = self.session.see, self._look
        self._holds: Callable[[dict[str, Any]], bool] | None = None
        self._reached = threading.Event()

    def until(
        self, holds: Callable[[dict[str, Any]], bool], within_s: float = 90.0
    ) -> dict[str, Any]:
        """Run until something holds of the state; return that, with the engine paused."""
        self._reached.clear()
        self._holds = holds
        if self.engine.ident is None:
            self.engine.start()
        self.session.control("", None, False)
        latest = time.monotonic() + within_s
        while not self._reached.wait(0.1):
            ended = self.engine.ended.is_set()
            assert not ended, f"the engine ended before: {self.engine.fault}"
            assert time.monotonic() < latest, f"it did not come to that in {within_s} s"
        return self.session.state(None)

    def at(self, second: float) -> dict[str, Any]:
        """Run to a second of the scenario."""
        return self.until(lambda state: state["time_s"] - state["start_s"] >= second)

    def recording(self, *pages: Page) -> Any:
        """Close pages, so that nobody acts any more, end the engine, return what it recorded."""
        from chowki.outputs.recording import Recording

        for page in pages:
            page.context.close()
        self.engine.stop()
        return Recording(self.folder)

    def _look(self, event: Any, frame: Any) -> None:
        self._see(event, frame)
        if frame.complete and self._holds and self._holds(self.session.state(None)):
            self._holds = None
            self.session.control("", None, True)
            self._reached.set()


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser, None, None]:
    """Return a browser.

    One for each module of tests: while it is open its event loop runs in this thread, and tests
    of the server elsewhere start loops of their own.
    """
    binary = shutil.which("chromium") or shutil.which("chromium-browser")
    if binary is None:
        pytest.skip("chromium is not installed: on Debian, run `apt-get install chromium`")
    with sync_playwright() as playwright:
        # without the sandbox: continuous integration runs as root, and the page is our own
        browser = playwright.chromium.launch(
            executable_path=binary, args=list(FLAGS), chromium_sandbox=False
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def made_up() -> Iterator[Callable[..., Any]]:
    """Return the made-up session of the benchmark: ``made_up(n_tracks, mode, operator)``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        from page.synthetic import Synthetic

        yield Synthetic


@pytest.fixture(scope="session")
def recorded(tmp_path_factory) -> tuple[Any, Any]:
    """Return a session that replays a run of ten minutes, and the recording it is read from."""
    import chowki
    from chowki.outputs.recording import Recording
    from chowki.run.serve import Replay

    folder = tmp_path_factory.mktemp("run") / "single-site"
    chowki.run("single-site", out=folder, report=False)
    replay = Replay(folder)
    replay.start()
    replay.join()
    return replay.session, Recording(folder)


@pytest.fixture
def shown(recorded, serving, page_of) -> Callable[..., Page]:
    """Return how to open the page of the recorded run, five minutes after its start.

    ``shown(paused=False, speed=60, layers=..., viewport=...)``: what is not given is paused,
    without layers, and of the usual size.
    """
    from chowki.outputs.web.cursor import Cursor
    from chowki.outputs.web.server import Settings

    def show(paused: bool = True, speed: float = 1.0, layers: Any = (), **options: Any) -> Page:
        session, _ = recorded
        cursor = Cursor(time_s=session.span_s[0] + 300.0, speed=speed, paused=paused)
        server = serving(session, Settings(cursor=cursor, layers=layers))
        page = page_of(server, **options)
        expect(page.locator(".count-tracks dd")).to_have_text(re.compile(r"\d"))
        expect(page).to_have_url(re.compile("view="))
        return page

    return show


@pytest.fixture(scope="session")
def watching() -> type[Watch]:
    """Return what notes the faults of a page."""
    return Watch


@pytest.fixture
def watched(chromium) -> Iterator[Callable[..., Page]]:
    """Return how to make a page of an origin; the test fails if anything odd happens on it."""
    watches: list[Watch] = []
    contexts = []

    def make(origin: str, expected: str | None = None, **options: Any) -> Page:
        usual = {"base_url": origin, "viewport": SIZE, "accept_downloads": True}
        context = chromium.new_context(**{**usual, **options})
        context.set_default_timeout(20_000)
        page = context.new_page()
        contexts.append(context)
        watches.append(Watch(page, origin, expected))
        return page

    yield make
    for context in contexts:
        context.close()
    faults = [fault for watch in watches for fault in watch.faults]
    assert not faults, "on the page:\n" + "\n".join(faults)


@pytest.fixture
def serving() -> Iterator[Callable[..., Any]]:
    """Return how to serve a session on a free port of this machine, until the test is over.

    ``serving(session)`` gives everything to one person; ``serving(session, settings)`` is served as
    the settings say. The same session is served once.
    """
    from chowki.outputs.web.server import Server, Settings

    servers: dict[int, Server] = {}

    def serve(session: Any, settings: Settings | None = None) -> Server:
        if id(session) not in servers:
            servers[id(session)] = Server(session, settings or Settings()).start()
        return servers[id(session)]

    yield serve
    for server in servers.values():
        server.stop()


@pytest.fixture
def staged(tmp_path) -> Iterator[Callable[..., Stage]]:
    """Return how to put an engine behind the page; what still runs is ended after the test.

    ``staged(source, overrides, operator=True)`` simulates, ``staged(feeds=[...])`` listens or
    reads.
    """
    from chowki.run.serve import Staging, stage_feeds, stage_simulation

    stages: list[Stage] = []

    def stage(
        source: Any = "single-site",
        overrides: tuple[str, ...] = (),
        feeds: tuple[str, ...] = (),
        **more: Any,
    ) -> Stage:
        folder = tmp_path / f"run-{len(stages)}"
        staging = Staging(folder, **{"speed": 1000.0, **more})
        if feeds:
            engine = stage_feeds(source, feeds, None, overrides, staging)
        else:
            engine = stage_simulation(str(source), None, None, overrides, staging)
        stages.append(Stage(engine, folder))
        return stages[-1]

    yield stage
    for one in stages:
        if one.engine.is_alive():
            one.engine.stop()


@pytest.fixture
def page_of(serving, watched) -> Callable[..., Page]:
    """Return how to open the page of a session or of a server that runs.

    ``page_of(session)`` serves it first, ``page_of(server, "R. Singh")`` opens it for one of its
    users. ``expected`` is a pattern of faults that belong to the test; further options are those of
    a Playwright context. A server that ends before the test does is a fault: let ``serving`` end
    it, or close ``page.context`` first.
    """
    from chowki.outputs.web.server import Server

    def open_page(
        served: Any, user: str | None = None, expected: str | None = None, **options: Any
    ) -> Page:
        server = served if isinstance(served, Server) else serving(served)
        link = next(link for name, _, link in server.links() if user in {None, name})
        page = watched(server.url, expected, **options)
        page.goto(link)
        page.wait_for_url(f"{server.url}/")
        return page

    return open_page


@pytest.fixture
def people(serving, page_of) -> Callable[..., list[Page]]:
    """Return how to open the page of a stage for some of ``PEOPLE``."""
    from chowki.outputs.web.accounts import Account
    from chowki.outputs.web.server import Settings

    settings = Settings(users=tuple(Account(name, role) for name, role in PEOPLE.items()))

    def open_for(stage: Stage, *names: str, expected: str | None = None) -> list[Page]:
        server = serving(stage.session, settings)
        pages = [page_of(server, name, expected) for name in names]
        for page in pages:
            expect(page.locator(".top-link")).to_contain_text("Connected")
            if stage.session.clock().paused:
                expect(page.locator("button.pause")).to_have_text("Play")
        return pages

    return open_for


@pytest.fixture
def playing() -> Iterator[Callable[..., Any]]:
    """Return how to put a source on loopback; it ends with the test."""
    sources: list[Any] = []

    def play(kind: Callable[..., Any], *given: Any) -> Any:
        sources.append(kind(*given))
        return sources[-1]

    yield play
    for source in sources:
        source.stop()


@pytest.fixture
def listened(staged, people) -> Callable[..., tuple[Stage, Page]]:
    """Return how to listen to feeds until there are so many tracks, and to open the page."""

    def listen(*feeds: str, tracks: int, user: str = "R. Singh") -> tuple[Stage, Page]:
        stage = staged(None, feeds=feeds)
        stage.until(lambda state: state["counts"]["tracks"] >= tracks, within_s=60)
        (page,) = people(stage, user)
        return stage, page

    return listen


@pytest.fixture(scope="session")
def axe_core() -> str:
    """Return the source of axe-core, which finds what keeps people out of a page."""
    path = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.is_file():
        pytest.skip("axe-core is not in web/node_modules: run `make lint`, which brings it")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def axe(axe_core) -> Callable[[Page], None]:
    """Return how to check a page: serious and critical faults fail the test."""

    def check(page: Page) -> None:
        page.evaluate(f"{axe_core}; 0")
        found = [
            f"{fault['impact']} {fault['id']}: {fault['help']}\n  "
            + json.dumps([node["target"] for node in fault["nodes"]][:5])
            for fault in page.evaluate(FAULTS)
            if fault["impact"] in {"serious", "critical"}
        ]
        assert found == [], "\n".join(found)

    return check
