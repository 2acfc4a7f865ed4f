"""One HTTP answer, fetched within a time and up to a size, and nothing more."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from base64 import b64encode

from chowki.feeds.live.source import Lost
from chowki.feeds.live.spec import Spec

FETCH_S = 5.0
LARGEST_ANSWER = 16 << 20


def fetch(spec: Spec, within_s: float = FETCH_S, context: ssl.SSLContext | None = None) -> bytes:
    """Return the body of the answer to one GET.

    No redirect is followed. The whole exchange must end in time, so that a server which sends an
    octet now and then holds nobody up.

    Parameters
    ----------
    spec : Spec
        Where.
    within_s : float
        Seconds from the call to the last octet.
    context : SSLContext, optional
        Speak TLS; the certificate must be right for the host.

    Raises
    ------
    Lost
        If the answer is another than 200, too large, no HTTP, or comes too late.
    OSError
        If the server can't be reached.
    """
    deadline_s = time.monotonic() + within_s
    way = socket.create_connection((spec.host, spec.port), within_s)
    try:
        if context is not None:
            way = context.wrap_socket(way, server_hostname=spec.host)
        return _answer(spec, way, deadline_s)
    except TimeoutError:
        raise Lost(f"no whole answer within {within_s:.0f} s") from None
    except http.client.HTTPException as error:
        raise Lost(f"no HTTP answer: {type(error).__name__}") from None
    finally:
        way.close()


def _answer(spec: Spec, way: socket.socket, deadline_s: float) -> bytes:
    connection = http.client.HTTPConnection(spec.host, spec.port)
    connection.sock = _Hurried(way, deadline_s)  # pyright: ignore[reportAttributeAccessIssue]
    headers = {"Accept": "application/json", "Connection": "close"}
    if spec.user:
        told = b64encode(f"{spec.user}:{spec.password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {told}"
    connection.request("GET", spec.path or "/", headers=headers)
    answer = connection.getresponse()
    if answer.status != http.client.OK:
        raise Lost(f"it answers {answer.status} {answer.reason[:60]}")
    body = answer.read(LARGEST_ANSWER + 1)
    if len(body) > LARGEST_ANSWER:
        raise Lost(f"its answer is larger than {LARGEST_ANSWER >> 20} MiB")
    return body


class _Hurried:
    """A socket of which every single step must end by the same instant."""

    def __init__(self, way: socket.socket, deadline_s: float) -> None:
        self._way, self._deadline_s = way, deadline_s

    def sendall(self, octets: bytes) -> None:
        self._hurry()
        self._way.sendall(octets)

    def makefile(self, *_args: object, **_options: object) -> io.BufferedReader:
        return io.BufferedReader(_HurriedReader(self))

    def receive_into(self, buffer: memoryview) -> int:
        self._hurry()
        return self._way.recv_into(buffer)

    def close(self) -> None:
        """Leave the socket open: whoever opened it closes it."""

    def _hurry(self) -> None:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError
        self._way.settimeout(left_s)


class _HurriedReader(io.RawIOBase):
    def __init__(self, way: _Hurried) -> None:
        super().__init__()
        self._way = way

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._way.receive_into(buffer)
