"""Where a live feed comes from, as it is written on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from chowki.core.errors import UsageError

EXAMPLES = (
    "aircraft-json:http://127.0.0.1:8080/data/aircraft.json",
    "sbs:tcp://127.0.0.1:30003",
    "plots:udp://127.0.0.1:9000",
    "remote-id:mqtt://127.0.0.1:1883/odid/#",
    "remote-id:pcap:FILE",
    "opensky:dir:FOLDER",
)
_SOCKET = re.compile(r"(https?|tcp|udp|mqtts?)://(.*)", re.S)
_STORED = re.compile(r"(pcap|dir):(.*)", re.S)
_WAYS = {"https": "http", "mqtts": "mqtt"}
_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class Spec:
    """One live feed as it was asked for.

    Attributes
    ----------
    kind : str
        What is told: ``sbs``, ``plots``, ...
    scheme : str
        How it comes: ``http``, ``https``, ``tcp``, ``udp``, ``mqtt``, ``mqtts``, ``pcap``, ``dir``.
    host, port : str, int
        Where it comes from, or where it is waited for; empty and 0 for files.
    path : str
        Path on the server, topic, file or folder.
    name : str
        Name of its sensor, empty when none was given.
    user, password : str
        For the broker or the server; empty for none.
    """

    kind: str
    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""
    name: str = ""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def way(self) -> str:
        """Return the scheme without regard to encryption."""
        return _WAYS.get(self.scheme, self.scheme)

    @property
    def secure(self) -> bool:
        """Return whether the other side must prove who it is (TLS)."""
        return self.scheme in _WAYS

    @property
    def where(self) -> str:
        """Return where it comes from, in words; never a password."""
        if not self.host:
            return self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def is_live(text: str) -> bool:
    """Return whether a feed is written as a live one is: not as the path of a recording.

    Examples
    --------
    >>> is_live("sbs:tcp://127.0.0.1:30003"), is_live("sbs:night.txt")
    (True, False)
    """
    _, _, rest = text.partition(":")
    return bool(_SOCKET.fullmatch(rest) or _STORED.fullmatch(rest))


def read_spec(text: str) -> Spec:
    """Return a live feed from how it is written.

    Parameters
    ----------
    text : str
        ``KIND:SCHEME://[USER:PASSWORD@]HOST[:PORT]/PATH[?name=SENSOR]``, ``KIND:pcap:FILE`` or
        ``KIND:dir:FOLDER``, the last two with ``?name=SENSOR`` too.

    Raises
    ------
    UsageError
        If it is written otherwise.

    Examples
    --------
    >>> read_spec("sbs:tcp://127.0.0.1:30003").where
    'tcp://127.0.0.1:30003'
    """
    kind, _, rest = text.partition(":")
    rest, name = _named(rest)
    socket, stored = _SOCKET.fullmatch(rest), _STORED.fullmatch(rest)
    if not kind or not (socket or stored):
        raise _wrong(text, "it is no live feed")
    if stored:
        if not stored[2]:
            raise _wrong(text, f"{stored[1]} needs a path")
        return Spec(kind, stored[1], path=stored[2], name=name)
    assert socket is not None
    return _at_socket(text, kind, socket[1], socket[2], name)


def _at_socket(text: str, kind: str, scheme: str, rest: str, name: str) -> Spec:
    authority, slash, path = rest.partition("/")
    try:
        place = urlsplit(f"//{authority}")
        port = place.port if place.port is not None else _PORTS.get(scheme, 0)
    except ValueError:
        raise _wrong(text, "host and port can't be read") from None
    if not port or not place.hostname:
        raise _wrong(text, "host and port are needed")
    user, password = unquote(place.username or ""), unquote(place.password or "")
    return Spec(kind, scheme, place.hostname, port, slash + path, name, user, password)


def _named(rest: str) -> tuple[str, str]:
    """Return what stands before ``?name=...`` at the end, and the name."""
    head, mark, tail = rest.rpartition("?")
    if not mark or not tail.startswith("name="):
        return rest, ""
    return head, parse_qs(tail).get("name", [""])[0].strip()


def _wrong(text: str, why: str) -> UsageError:
    shown = re.sub(r"//[^/@]*@", "//...@", text)
    return UsageError(f"feed {shown}: {why}; written as one of: {', '.join(EXAMPLES)}")
