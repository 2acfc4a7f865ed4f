"""The pages that are open: what each was told, where it looks, and when it takes the next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from chowki.outputs.web.accounts import Account
from chowki.outputs.web.cursor import Cursor
from chowki.outputs.web.incoming import (
    Message,
    Ping,
    Play,
    Select,
    Unreadable,
    View,
    Visible,
    read_message,
)
from chowki.outputs.web.line import CUT
from chowki.outputs.web.sharing import Sharing, to_json

MOST_CLIENTS = 64
MOST_MESSAGES_PER_S = 50
# Close codes of RFC 6455, 7.4.1, and of the IANA registry.
UNFIT, NO_TEXT, AGAINST_RULES, TRY_LATER = 1007, 1003, 1008, 1013
_HIDDEN_S = 5.0
_UNCHANGED_S = 2.0
_DETAIL_S = 1.0
_SHORTEST_S = 0.1
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast clients are told things.

    Attributes
    ----------
    rate_hz : float
        Pictures per second.
    stall_s : float
        A client that takes nothing for so long is dropped, s.
    cursor : Cursor
        Where a client looks when it opens a finished recording.
    """

    rate_hz: float = 2.0
    stall_s: float = 10.0
    cursor: Cursor = field(default_factory=Cursor)


class Closing(Exception):
    """A client is to be closed, with a code and the reason in words."""

    def __init__(self, code: int, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(words)


class Client:
    """One open page.

    Nothing waits for it: whenever it can take something, it is given the newest picture, the
    events and the counts since the last ones it took.

    Parameters
    ----------
    socket : WebSocket
        Its socket, accepted.
    sharing : Sharing
        What it looks at.
    pace : Pace
        How fast it is told things.
    entered : callable
        Returns whether its session still stands.
    """

    def __init__(
        self, socket: WebSocket, sharing: Sharing, pace: Pace, entered: Callable[[], bool]
    ) -> None:
        self._socket, self._sharing, self._pace, self._entered = socket, sharing, pace, entered
        self._wake = asyncio.Event()
        now = time.monotonic()
        self._cursor = Cursor(set_s=now)
        if not sharing.live:
            first = sharing.session.span_s[0]
            self._cursor = pace.cursor.looking_at(pace.cursor.time_s or first, now)
        self._event, self._series_s = 0, float("-inf")
        self._track: int | None = None
        self._visible, self._asked = True, True
        self._pong: float | None = None
        self._shown: tuple[bytes, str] | None = None
        self._detail_of: tuple[bytes, str] | None = None
        self._told_s = self._shown_s = self._detail_s = float("-inf")
        self._allowance, self._counted_s = float(MOST_MESSAGES_PER_S), now

    def wake(self, now: bool = False) -> None:
        """Say that there may be something new; ``now``: that there is, and is waited for."""
        self._asked = self._asked or now
        self._wake.set()

    async def serve(self, hello: dict[str, Any]) -> None:
        """Tell and listen until one side ends it."""
        await self._text(to_json(hello))
        ends = {asyncio.create_task(self._listen()), asyncio.create_task(self._tell())}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            self._count()
            words = message.get("text")
            if words is None:
                raise Closing(NO_TEXT, "a page sends text only")
            try:
                self._take(read_message(words))
            except Unreadable as error:
                raise Closing(UNFIT, f"not understood: {error}"[:120]) from None

    def _count(self) -> None:
        """Let a client send so many messages a second, and no more."""
        now = time.monotonic()
        earned = (now - self._counted_s) * MOST_MESSAGES_PER_S
        self._allowance = min(MOST_MESSAGES_PER_S, self._allowance + earned) - 1.0
        self._counted_s = now
        if self._allowance < 0.0:
            raise Closing(AGAINST_RULES, f"more than {MOST_MESSAGES_PER_S} messages a second")

    def _take(self, message: Message) -> None:
        now = time.monotonic()
        match message:
            case View():
                self._cursor = self._cursor.looking_at(message.time_s, now)
            case Play():
                self._play(message, now)
            case Select():
                self._track, self._detail_of = message.track, None
                self._detail_s = float("-inf")
            case Ping():
                self._pong = message.sent
            case Visible():
                self._visible = message.value
        self._asked = self._asked or not isinstance(message, Ping)
        self._wake.set()

    def _play(self, message: Play, now: float) -> None:
        """Set the clock; at the end of a finished recording it goes on from the start."""
        span_s, live = self._sharing.session.span_s, self._sharing.live
        here = self._cursor.moved(now, span_s, live)
        if not (live or message.paused) and here.time_s in {None, span_s[1]}:
            here = here.looking_at(span_s[0], now)
        self._cursor = here.playing(message.speed, message.paused, message.loop, now)

    async def _tell(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if not self._entered():
                raise Closing(AGAINST_RULES, "the session has ended: enter with a new link")
            if self._pong is not None:
                sent, self._pong = self._pong, None
                await self._text(to_json({"type": "pong", "sent": sent}))
            if self._due():
                await self._tell_news()
                await self._tell_picture()
                await self._tell_detail()

    def _due(self) -> bool:
        """Return whether the next picture is due; one that was asked for is, but not at once."""
        since = time.monotonic() - self._told_s
        if self._asked and since < _SHORTEST_S:
            asyncio.get_running_loop().call_later(_SHORTEST_S - since, self._wake.set)
            return False
        # well below the beat's own shortest step: whoever was told late must not miss the next
        return self._asked or since >= (0.75 / self._pace.rate_hz if self._visible else _HIDDEN_S)

    async def _tell_news(self) -> None:
        words, self._event = self._sharing.events(self._event)
        if words is not None:
            await self._text(words)
        words, self._series_s = self._sharing.series(self._series_s)
        if words is not None:
            await self._text(words)

    async def _tell_picture(self) -> None:
        """Send block and state, unless this very picture was sent a moment ago."""
        now = self._told_s = time.monotonic()
        self._cursor = self._cursor.moved(now, self._sharing.session.span_s, self._sharing.live)
        asked, self._asked = self._asked, False
        picture = self._sharing.look(self._cursor)
        if picture == self._shown and not asked and now - self._shown_s < _UNCHANGED_S:
            return
        self._shown, self._shown_s = picture, now
        await self._bytes(picture[0])
        await self._text(picture[1])

    async def _tell_detail(self) -> None:
        """Send the details of the selected track with a new picture, at most once a second."""
        now = time.monotonic()
        if self._track is None or self._detail_of is self._shown:
            return
        if now - self._detail_s < 0.9 * _DETAIL_S:
            return
        self._detail_of, self._detail_s = self._shown, now
        await self._text(self._sharing.detail(self._track, self._cursor))

    async def _text(self, words: str) -> None:
        await self._send({"type": "websocket.send", "text": words})

    async def _bytes(self, block: bytes) -> None:
        await self._send({"type": "websocket.send", "bytes": block})

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._pace.stall_s):
                await self._socket.send(message)
        except TimeoutError:
            words = f"nothing was taken for {self._pace.stall_s:g} s: open the page again"
            raise Closing(TRY_LATER, words) from None


class Clients:
    """Every open page, and the beat at which they are told things.

    Parameters
    ----------
    sharing : Sharing
        What they look at.
    pace : Pace
        How fast they are told things.
    """

    def __init__(self, sharing: Sharing, pace: Pace) -> None:
        self.sharing, self.pace = sharing, pace
        self._open: set[Client] = set()
        self._hurry = False

    def __len__(self) -> int:
        return len(self._open)

    def hurry(self) -> None:
        """Tell everybody at once: somebody changed something."""
        self._hurry = True

    async def beat(self) -> None:
        """Wake the clients as soon as something is new, and no faster than the rate."""
        period_s = 1.0 / self.pace.rate_hz
        last_s = float("-inf")
        while True:
            now = time.monotonic()
            since = now - last_s
            if self._hurry or since >= 0.9 * period_s:
                new = self.sharing.refresh()
                if new or self._hurry or since >= period_s:
                    hurry, self._hurry, last_s = self._hurry, False, now
                    for client in tuple(self._open):
                        client.wake(hurry)
            await asyncio.sleep(_LOOK_S)

    async def welcome(
        self,
        socket: WebSocket,
        account: Account,
        hello: dict[str, Any],
        entered: Callable[[], bool],
    ) -> None:
        """Accept a socket and serve it to its end."""
        await socket.accept()
        try:
            await self._serve(socket, account, hello, entered)
        except Closing as closing:
            await self._close(socket, closing)
        except WebSocketDisconnect:
            return

    async def _serve(
        self,
        socket: WebSocket,
        account: Account,
        hello: dict[str, Any],
        entered: Callable[[], bool],
    ) -> None:
        if len(self._open) >= MOST_CLIENTS:
            raise Closing(TRY_LATER, f"{MOST_CLIENTS} pages are open already")
        user = {"name": account.name, "role": account.role}
        client = Client(socket, self.sharing, self.pace, entered)
        self._open.add(client)
        client.wake()
        try:
            await client.serve({**hello, "type": "hello", "user": user})
        finally:
            self._open.discard(client)

    async def _close(self, socket: WebSocket, closing: Closing) -> None:
        """Say why, and cut the line if even that is not taken."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(_SHORTEST_S):
                await socket.close(closing.code, closing.words)
                return
        cut = socket.scope.get("extensions", {}).get(CUT)
        if cut is not None:
            cut(closing.code, closing.words)
