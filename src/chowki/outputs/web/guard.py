"""What every request and socket passes before anything is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chowki.outputs.web.accounts import Account, Accounts

# What may be asked for without a session: the door itself.
OPEN = frozenset({"/enter"})
METHODS = frozenset({"GET", "POST"})
NO_SESSION = (
    "You are not signed in here. Open the link that chowki printed when it started;"
    " each link works once."
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Under which names the page is served, and how.

    Attributes
    ----------
    hosts : frozenset of str
        Every ``host:port`` that a browser may name, in lower case.
    secure : bool
        True under TLS.
    cookie : str
        Name of the session's cookie.
    """

    hosts: frozenset[str]
    secure: bool
    cookie: str

    def origin(self, host: str) -> str:
        """Return the origin of the page under one of its names."""
        return f"{'https' if self.secure else 'http'}://{host}"

    def policy(self, host: str) -> str:
        """Return the content security policy under one of its names."""
        line = f"{'wss' if self.secure else 'ws'}://{host}"
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            f"connect-src 'self' {line}; font-src 'self'; worker-src 'self' blob:; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )


def served_hosts(names: Sequence[str], port: int, secure: bool) -> frozenset[str]:
    """Return every ``host:port`` for names; the port may lack where it is the scheme's own.

    Examples
    --------
    >>> sorted(served_hosts(["LocalHost", "::1"], 443, True))
    ['[::1]', '[::1]:443', 'localhost', 'localhost:443']
    """
    plain = [f"[{name}]" if ":" in name else name for name in (name.lower() for name in names)]
    hosts = {f"{name}:{port}" for name in plain}
    return frozenset(hosts | set(plain) if port == (443 if secure else 80) else hosts)


class Guard:
    """Lets in who names this host, comes from this page and has a session.

    Parameters
    ----------
    inner : ASGIApp
        What answers those who are let in; finds the account in ``scope["state"]``.
    address : Address
        How the page is served.
    accounts : Accounts
        Who has a session.
    """

    def __init__(self, inner: ASGIApp, address: Address, accounts: Accounts) -> None:
        self._inner, self._address, self._accounts = inner, address, accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand on, with the headers of safety on every answer."""
        if scope["type"] not in {"http", "websocket"}:
            await self._inner(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        told = self._telling(send, host if host in self._address.hosts else "")
        refusal = self._refusal(scope, headers, host)
        if refusal is not None:
            await refusal(scope, receive, told)
            return
        await self._inner(scope, receive, told)

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> Response | None:
        if len(headers.getlist("host")) != 1 or host not in self._address.hosts:
            return PlainTextResponse("This host is not served here.", 421)
        socket = scope["type"] == "websocket"
        method = "GET" if socket else scope["method"]
        if method not in METHODS:
            return PlainTextResponse("GET and POST only.", 405, {"Allow": "GET, POST"})
        origins = headers.getlist("origin")
        if origins != [self._address.origin(host)] and (socket or method == "POST" or origins):
            return PlainTextResponse("This origin may not ask here.", 403)
        return self._unknown(scope)

    def _unknown(self, scope: Scope) -> Response | None:
        account = self.account(scope)
        if account is None and scope["path"] not in OPEN:
            return PlainTextResponse(NO_SESSION, 401)
        scope.setdefault("state", {})["account"] = account
        return None

    def account(self, scope: Scope) -> Account | None:
        """Return whose session a request or socket belongs to."""
        return self._accounts.who(HTTPConnection(scope).cookies.get(self._address.cookie))

    def _telling(self, send: Send, host: str) -> Send:
        async def told(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                self._mark(message, host)
            await send(message)

        return told

    def _mark(self, message: Any, host: str) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in _HEADERS.items():
            headers[name] = value
        headers["Content-Security-Policy"] = self._address.policy(host)
        headers.setdefault("Cache-Control", "no-store")
