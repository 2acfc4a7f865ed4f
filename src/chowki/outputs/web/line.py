"""The socket's protocol, so that a line whose far end takes nothing can be cut."""

from __future__ import annotations

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

# Under this name a socket's scope holds the function that cuts its line.
CUT = "chowki.cut"
SILENT, SILENT_WORDS = 1013, "nothing was taken for too long: open the page again"
_FAREWELL_S = 1.0


class Line(WebSocketsSansIOProtocol):
    """A line that can be cut although its far end takes nothing.

    Closing in good order waits until everything written was taken; that may be never, and what
    was written is kept so long.
    """

    def handle_connect(self, event: Any) -> None:
        """Begin as any line does, and say in the scope how to cut it."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: Any = self.scope.setdefault("extensions", {})
            extensions[CUT] = self.cut

    async def send(self, message: Any) -> None:
        """Send; a refusal that was sent whole ends the matter, and is no fault to be logged."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """Cut the line: a ping was not answered."""
        self.cut(SILENT, SILENT_WORDS)

    def cut(self, code: int, words: str) -> None:
        """Say why, should anybody take it within a second, then end the line and let all go."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, words)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.loop.call_later(_FAREWELL_S, self.transport.abort)
