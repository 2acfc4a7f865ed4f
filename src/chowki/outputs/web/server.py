"""The page's server: a socket on this machine, held as ``docs/decisions/0012`` says."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from chowki.core.errors import RunError, UsageError
from chowki.outputs.web.accounts import LASTS_S, Account, Accounts
from chowki.outputs.web.app import Page, build_app
from chowki.outputs.web.clients import Clients, Pace
from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.guard import Address, Guard, served_hosts
from chowki.outputs.web.incoming import LARGEST_MESSAGE
from chowki.outputs.web.layers import open_layers
from chowki.outputs.web.line import Line
from chowki.outputs.web.session import Session
from chowki.outputs.web.sharing import Sharing

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ALONE = Account("watch", "approver")
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
# What the system holds for one client that takes nothing; it doubles the figure.
_SEND_BUFFER = 256 * 1024
_START_S = 10.0
_STOP_S = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """How the page is served.

    Attributes
    ----------
    host : str
        Address to listen at; another than loopback needs TLS and users.
    port : int
        0: any that is free.
    users : tuple of Account
        Who gets a link; nobody: one person, who may do everything (on loopback only).
    tls_cert, tls_key : Path or None
        Certificate chain and key, PEM.
    names : tuple of str
        Further host names under which browsers reach the page.
    layers : tuple of Path
        The user's own maps, GeoJSON or PMTiles.
    stall_s : float
        A client that takes nothing for so long is dropped, s.
    rate_hz : float
        Pictures per second.
    lasts_s : float
        How long links wait and sessions stand, s.
    cursor : Cursor
        Where, and how fast, one looks when a finished recording is opened; without a time, at its
        start.
    """

    host: str = "127.0.0.1"
    port: int = 0
    users: tuple[Account, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    names: tuple[str, ...] = ()
    layers: tuple[Path, ...] = ()
    stall_s: float = 10.0
    rate_hz: float = 2.0
    lasts_s: float = LASTS_S
    cursor: Cursor = field(default_factory=Cursor)

    @property
    def secure(self) -> bool:
        """Return whether TLS is spoken."""
        return self.tls_cert is not None


class Server:
    """Serves a session. The socket is bound at once, so that the port is known.

    Parameters
    ----------
    session : Session
        What is shown.
    settings : Settings
        How it is served.

    Raises
    ------
    UsageError
        If the settings are not safe, a file is none, or the port is taken; with the remedy.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        address = _check(settings)
        layers = open_layers(settings.layers)
        self._accounts = Accounts(settings.users or (ALONE,), settings.lasts_s)
        self._listening = _listen(address, settings.port)
        self.port: int = self._listening.getsockname()[1]
        names = _names(settings, address)
        served = served_hosts(names, self.port, settings.secure)
        cookie = f"{'__Host-' if settings.secure else ''}chowki-{self.port}"
        page_address = Address(served, settings.secure, cookie)
        self.url = page_address.origin(f"{_bracketed(names[0])}:{self.port}")
        pace = Pace(settings.rate_hz, settings.stall_s, settings.cursor)
        self.clients = Clients(Sharing(session), pace)
        page = Page(self.clients, self._accounts, page_address, layers)
        guarding = partial(Guard, address=page_address, accounts=self._accounts)
        try:
            self._uvicorn = _uvicorn(build_app(page, self.clients, guarding), settings)
        except UsageError:
            self._listening.close()
            raise
        self._thread: threading.Thread | None = None
        self._stopped = False

    def links(self) -> list[tuple[str, str, str]]:
        """Return name, role and a new single-use link of every user; older unused links end."""
        return [
            (one.name, one.role, f"{self.url}/enter?key={self._accounts.link(one)}")
            for one in self._accounts.people
        ]

    def serve_forever(self) -> bool:
        """Serve in this thread, the main one, until Ctrl-C or ``stop``; True after a signal."""
        if self._uvicorn.should_exit:
            return self._stopped
        with self._signals():
            self._uvicorn.run(sockets=[self._listening])
        return self._stopped

    def start(self) -> Server:
        """Serve in a thread of its own.

        Raises
        ------
        RunError
            If it does not come up.
        """
        run = partial(self._uvicorn.run, sockets=[self._listening])
        self._thread = threading.Thread(target=run, name="page", daemon=True)
        self._thread.start()
        latest = time.monotonic() + _START_S
        while not self._uvicorn.started:
            if not self._thread.is_alive() or time.monotonic() > latest:
                raise RunError("the page's server did not start")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        """End serving, from any thread; open pages are told that the server goes."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(_STOP_S + _START_S)
        elif not self._uvicorn.started:
            self._listening.close()

    def __enter__(self) -> Server:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @contextlib.contextmanager
    def _signals(self) -> Generator[None, None, None]:
        """Let Ctrl-C and a request to end stop the server only; the caller ends the rest."""

        def noted(*_: Any) -> None:
            self._stopped = self._uvicorn.should_exit = True

        before = {one: signal.signal(one, noted) for one in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)


def serve_forever(session: Session, settings: Settings) -> bool:
    """Serve a session in the main thread until Ctrl-C; True after a signal.

    Raises
    ------
    UsageError
        As ``Server`` does.
    """
    return Server(session, settings).serve_forever()


def _check(settings: Settings) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address to listen at, if it is safe to."""
    address = _address(settings.host)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise UsageError("TLS needs both files: give --tls-cert and --tls-key")
    if not address.is_loopback and not (settings.secure and settings.users):
        raise UsageError(
            f"{settings.host} can be reached from other machines: that needs TLS and accounts, "
            "give --tls-cert, --tls-key and --user NAME:ROLE, or leave --host out"
        )
    wrong = next((name for name in settings.names if not _NAME.fullmatch(name.lower())), None)
    if wrong is not None:
        raise UsageError(f"{wrong!r} is no host name: give --name a name without port or scheme")
    if address.is_unspecified and not settings.names:
        raise UsageError(
            f"{settings.host} has no name that a browser can use: give --name HOST too"
        )
    if not 0 <= settings.port <= 65535:
        raise UsageError(f"{settings.port} is no port: give --port a number from 0 to 65535")
    return address


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host.lower() == "localhost" else host)
    except ValueError:
        raise UsageError(
            f"{host!r} is no address to listen at: give --host an IP address, for example 127.0.0.1"
        ) from None


def _names(settings: Settings, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[str]:
    """Return the names under which the page is served; the links use the first one."""
    if address.is_loopback:
        return list(dict.fromkeys((str(address), *LOOPBACK, *settings.names)))
    own = [] if address.is_unspecified else [str(address)]
    return [*settings.names, *own]


def _bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _listen(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    try:
        listening.bind((str(address), port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} is taken by another program: give --port another one, or 0 for any"
            ) from None
        raise UsageError(
            f"can't listen at {address} port {port} ({error.strerror}): "
            "give --host and --port others"
        ) from None
    return listening


def _uvicorn(app: Any, settings: Settings) -> uvicorn.Server:
    """Return the server of HTTP: no logs of addresses (they hold keys), no trust in proxies."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws=Line,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,
        ws_ping_interval=settings.stall_s / 2,
        ws_ping_timeout=settings.stall_s,
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_STOP_S,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    try:
        config.load()
    except OSError as error:
        raise UsageError(
            f"{settings.tls_cert} and {settings.tls_key} are no certificate and key "
            f"({error.strerror or error}): give --tls-cert and --tls-key PEM files that fit"
        ) from None
    return uvicorn.Server(config)
