"""Serves a made-up picture in a process of its own, to be measured.

Run: ``python -m page.serving --tracks 5000``; it prints one line of JSON (``link``, ``url``), then,
for each block that it made, a line with the block's time and the UTC second when it was made.
"""

from __future__ import annotations

import argparse
import json
import struct
import time

from chowki.outputs.web.accounts import Account
from chowki.outputs.web.server import Server, Settings
from page.synthetic import Synthetic

HEAD = struct.Struct("<4sId")


class Noted(Synthetic):
    """The made-up session, which says when it made each block."""

    def block(self, time_s: float | None) -> bytes:
        """Return a block; at the edge, say that it was made, if it was."""
        begin_s, before = time.time(), self.encoded
        block = super().block(time_s)
        if self.encoded != before:
            print(HEAD.unpack_from(block)[2], begin_s, flush=True)
        return block


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tracks", type=int, default=5000)
    options = parser.parse_args()
    server = Server(Noted(options.tracks), Settings(users=(Account("bench", "approver"),)))
    print(json.dumps({"link": server.links()[0][2], "url": server.url}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
