"""The routes of the page."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from chowki.outputs.web.accounts import Account, Accounts
from chowki.outputs.web.clients import Clients
from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.files import find_file, page_folder, send_file
from chowki.outputs.web.guard import Address, Guard
from chowki.outputs.web.incoming import (
    LARGEST_BODY,
    Unreadable,
    read_act,
    read_clock,
    read_instant,
    read_track,
)
from chowki.outputs.web.layers import Layer
from chowki.outputs.web.permissions import RULES, Role
from chowki.outputs.web.session import ActRequest, Verdict
from chowki.outputs.web.sharing import to_json
from chowki.outputs.web.wire import rows

PROTOCOL = 1
# Who may set the engine's clock, at least.
SETS_CLOCK = Role.OPERATOR
ENTERED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>chowki</title>'
    '<link rel="icon" href="data:,"><meta http-equiv="refresh" content="0; url=/">'
    '<p><a href="/">To the air picture</a></p></html>'
)
SPENT = "This link was used already. Each link works once: ask for a new one."
NO_LINK = "This is no link of this server, or it is too old: ask for a new one."


class Page:
    """What is answered, once the guard has let somebody in.

    Parameters
    ----------
    clients : Clients
        The open pages, and what they look at.
    accounts : Accounts
        Who is who.
    address : Address
        How the page is served.
    layers : Sequence of Layer
        The user's own maps.
    """

    def __init__(
        self, clients: Clients, accounts: Accounts, address: Address, layers: Sequence[Layer]
    ) -> None:
        self._clients, self._accounts, self._address = clients, accounts, address
        self._layers = tuple(layers)
        self._session = clients.sharing.session
        self._lasts_s = accounts.lasts_s

    def routes(self) -> list[Route | WebSocketRoute]:
        """Return every route that there is."""
        return [
            Route("/enter", self.enter),
            Route("/", self.index),
            Route("/page/{name:path}", self.file),
            Route("/tracks", self.tracks),
            Route("/state", self.state),
            Route("/detail/{track}", self.detail),
            Route("/names", self.names),
            Route("/layers/{number}", self.layer),
            Route("/acts", self.act, methods=["POST"]),
            Route("/clock", self.clock, methods=["POST"]),
            WebSocketRoute("/socket", self.socket),
        ]

    async def enter(self, request: Request) -> Response:
        """Swap the key of a link for the cookie of a session."""
        key = request.query_params.get("key", "")
        entered = self._accounts.enter(key)
        if entered is None:
            if self._accounts.spent(key):
                return PlainTextResponse(SPENT, 410)
            return PlainTextResponse(NO_LINK, 401)
        response = HTMLResponse(ENTERED)
        response.set_cookie(
            self._address.cookie,
            entered[0],
            max_age=int(self._lasts_s),
            path="/",
            secure=self._address.secure,
            httponly=True,
            samesite="strict",
        )
        return response

    async def index(self, request: Request) -> Response:
        """Return the page."""
        return self._file(request, "index.html")

    async def file(self, request: Request) -> Response:
        """Return one of the page's files."""
        return self._file(request, request.path_params["name"])

    async def tracks(self, request: Request) -> Response:
        """Return the block of tracks, or the same as JSON."""
        block = self._session.block(_instant(request))
        if request.query_params.get("format") == "json":
            return _json(rows(block))
        return Response(block, media_type="application/octet-stream")

    async def state(self, request: Request) -> Response:
        """Return the state message at the edge or at a time."""
        return _said(self._clients.sharing.state(Cursor(_instant(request))))

    async def names(self, _request: Request) -> Response:
        """Return the call signs and addresses of the tracks at the edge: for the search."""
        return _json(self._clients.sharing.session.names())

    async def detail(self, request: Request) -> Response:
        """Return all that is known of a track."""
        track = read_track(request.path_params["track"])
        return _said(self._clients.sharing.detail(track, Cursor(_instant(request))))

    async def layer(self, request: Request) -> Response:
        """Return one of the user's maps, whole or in part."""
        number = request.path_params["number"]
        if number not in map(str, range(len(self._layers))):
            return PlainTextResponse("There is no such layer.", 404)
        layer = self._layers[int(number)]
        headers = {"Cache-Control": "no-cache"}
        return FileResponse(layer.path, headers=headers, media_type=layer.media_type)

    async def act(self, request: Request) -> Response:
        """Hand on what somebody wants done."""
        body, account = await _body(request), _account(request)
        asked = read_act(body)
        rule = RULES.get(asked.verb)
        if rule is None:
            words = f"{asked.verb!r} is nothing that can be done here"
            return _verdict(Verdict(False, 404, words))
        if _role(account) < rule.least:
            return _verdict(_too_low(account, rule.least))
        verdict = self._session.submit(
            ActRequest(
                account.name, account.role, asked.verb, asked.subject, asked.value, asked.revision
            )
        )
        return self._answer(verdict)

    async def clock(self, request: Request) -> Response:
        """Set the engine's clock."""
        body, account = await _body(request), _account(request)
        asked = read_clock(body)
        if _role(account) < SETS_CLOCK:
            return _verdict(_too_low(account, SETS_CLOCK))
        return self._answer(self._session.control(account.name, asked.speed, asked.paused))

    async def socket(self, socket: WebSocket) -> None:
        """Serve an open page."""
        account = _account(socket)
        key = socket.cookies.get(self._address.cookie)
        await self._clients.welcome(
            socket, account, self._hello(), lambda: self._accounts.who(key) == account
        )

    def _hello(self) -> dict[str, Any]:
        layers = [
            {"name": layer.path.stem, "url": f"/layers/{number}", "kind": layer.kind}
            for number, layer in enumerate(self._layers)
        ]
        own = {"protocol": PROTOCOL, "rate_hz": self._clients.pace.rate_hz, "layers": layers}
        return {**self._session.hello(), **own}

    def _file(self, request: Request, name: str) -> Response:
        path = find_file(page_folder(), name)
        if path is None:
            return PlainTextResponse("There is no such file.", 404)
        return send_file(request, path)

    def _answer(self, verdict: Verdict) -> Response:
        self._clients.hurry()
        return _verdict(verdict)


def build_app(page: Page, clients: Clients, guarding: Callable[[ASGIApp], Guard]) -> ASGIApp:
    """Return the whole application, guarded."""

    @contextlib.asynccontextmanager
    async def beating(_: Starlette) -> AsyncGenerator[None, None]:
        beat = asyncio.create_task(clients.beat())
        yield
        beat.cancel()

    inner = Starlette(
        routes=page.routes(),
        lifespan=beating,
        exception_handlers={Unreadable: _not_understood, TooLarge: _too_large},
    )
    inner.router.redirect_slashes = False
    return guarding(inner)


class TooLarge(Exception):
    """A body that is larger than any that is needed."""


async def _body(request: Request) -> bytes:
    """Return the body, and stop reading where it becomes too large."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Unreadable("the body must be application/json")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > LARGEST_BODY:
        raise TooLarge
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise TooLarge
    return bytes(body)


def _account(connection: Request | WebSocket) -> Account:
    return connection.scope["state"]["account"]


def _instant(request: Request) -> float | None:
    words = request.query_params.get("time_s")
    return None if words is None else read_instant(words)


def _json(value: Any) -> Response:
    return _said(to_json(value))


def _said(words: str) -> Response:
    return Response(words, media_type="application/json")


def _role(account: Account) -> Role:
    return Role[account.role.upper()]


def _too_low(account: Account, least: Role) -> Verdict:
    words = f"a {account.role} may not do this: it takes an {least.name.lower()}"
    return Verdict(False, 403, words)


def _verdict(verdict: Verdict) -> Response:
    told = {
        "accepted": verdict.accepted,
        "words": verdict.words,
        "revision": verdict.revision,
    }
    return Response(to_json(told), verdict.code, media_type="application/json")


async def _not_understood(_: Request, error: Exception) -> Response:
    return _verdict(Verdict(False, 400, f"not understood: {error}"[:300]))


async def _too_large(_: Request, error: Exception) -> Response:
    del error
    return _verdict(Verdict(False, 413, f"more than {LARGEST_BODY // 1024} KiB"))
