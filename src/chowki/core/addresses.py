"""Addresses that drones broadcast, as numbers."""

from __future__ import annotations

import hashlib


def remote_id_address(serial: str) -> int:
    """Return the number that stands for a Remote ID serial: 62 bits of its BLAKE2b digest.

    Examples
    --------
    >>> remote_id_address("A") == remote_id_address("A") != remote_id_address("B")
    True
    >>> 0 <= remote_id_address("A") < 2**62
    True
    """
    digest = hashlib.blake2b(serial.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 2
