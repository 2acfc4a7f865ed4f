"""Clients that listen, and clients that don't, in a process of their own.

Run: ``python -m page.listeners LINK --clients 20 --seconds 20 [--stalled 5]``. The listeners take
everything at once; the stalled ones join after a third of the time and never read. It prints one
line of JSON when all listen, and one at the end: blocks, bytes and the longest gap for each third.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import os
import socket
import time
import urllib.request
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import connect

SMALLEST_BUFFER = 4096
SETTLE_S = 2.0


def enter(link: str) -> dict[str, str]:
    """Swap a link for the headers of a session."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    opener.open(link, timeout=10.0).close()
    parts = urlsplit(link)
    cookie = "; ".join(f"{one.name}={one.value}" for one in jar)
    return {"Cookie": cookie, "Origin": f"{parts.scheme}://{parts.netloc}"}


class Listener:
    """Takes everything, and notes when blocks came and how much of all there was."""

    def __init__(self) -> None:
        self.blocks: list[float] = []
        self.block_bytes = self.text_bytes = 0

    async def listen(self, netloc: str, headers: dict[str, str]) -> None:
        """Take messages until the task is cancelled."""
        url = f"ws://{netloc}/socket"
        own = {"Cookie": headers["Cookie"]}
        async with connect(
            url, origin=headers["Origin"], additional_headers=own, max_size=None, compression=None
        ) as line:
            async for message in line:
                if isinstance(message, bytes):
                    self.blocks.append(time.monotonic())
                    self.block_bytes = len(message)
                else:
                    self.text_bytes += len(message)

    def seen(self, begin: float, end: float) -> dict[str, float]:
        """Return the rate of blocks between two moments, and the longest time without one."""
        times = [t for t in self.blocks if begin <= t < end]
        gaps = [b - a for a, b in itertools.pairwise([begin, *times, end])]
        if len(times) < 2:
            return {"hz": 0.0, "gap_s": max(gaps)}
        return {"hz": (len(times) - 1) / (times[-1] - times[0]), "gap_s": max(gaps)}


def stall(netloc: str, headers: dict[str, str]) -> socket.socket:
    """Open a socket as a page does, and take nothing from it but the answer to that."""
    host, _, port = netloc.rpartition(":")
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER)
    line.connect((host, int(port)))
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    asked = {
        "Host": netloc,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    lines = [f"{name}: {value}" for name, value in asked.items()]
    line.sendall("\r\n".join(["GET /socket HTTP/1.1", *lines, "", ""]).encode("ascii"))
    if b" 101 " not in line.recv(64):
        raise RuntimeError("the server did not take a socket")
    return line


async def listen_all(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Return what the listeners saw in each third of the time."""
    headers, netloc = enter(options.link), urlsplit(options.link).netloc
    listeners = [Listener() for _ in range(options.clients)]
    tasks = [asyncio.create_task(one.listen(netloc, headers)) for one in listeners]
    while not all(one.blocks for one in listeners):
        await asyncio.sleep(0.05)
    await asyncio.sleep(SETTLE_S)
    print(json.dumps({"listening": len(listeners)}), flush=True)
    third, begin = options.seconds / 3, time.monotonic()
    before = sum(one.text_bytes for one in listeners)
    await asyncio.sleep(third)
    stalled = [stall(netloc, headers) for _ in range(options.stalled)]
    await asyncio.sleep(2 * third)
    text = (sum(one.text_bytes for one in listeners) - before) / options.seconds
    for line in stalled:
        line.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    rows = []
    for part in range(3):
        seen = [one.seen(begin + part * third, begin + (part + 1) * third) for one in listeners]
        rows.append({"hz": min(s["hz"] for s in seen), "gap_s": max(s["gap_s"] for s in seen)})
    return [
        {
            "thirds": rows,
            "block_bytes": listeners[0].block_bytes,
            "text_bytes_per_s": text / len(listeners),
        }
    ]


def main() -> None:
    """Listen, then say what came."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("link")
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--stalled", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=20.0)
    (seen,) = asyncio.run(listen_all(parser.parse_args()))
    print(json.dumps(seen), flush=True)


if __name__ == "__main__":
    main()
