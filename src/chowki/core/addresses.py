"""Addresses by which aircraft name themselves, as one number each."""

from __future__ import annotations

import hashlib

from chowki.core.records import AddressKind


def remote_id_address(serial: str) -> int:
    """Return the number that stands for a Remote ID serial: 48 bits of its BLAKE2b digest.

    Parameters
    ----------
    serial : str
        Serial number as broadcast; case and surrounding blanks don't count.

    Returns
    -------
    int
        In [0, 2^48): never -1, which means "none".

    Examples
    --------
    >>> remote_id_address("MFG1A0123456789") == remote_id_address(" mfg1a0123456789 ")
    True
    """
    name = serial.strip().upper().encode("utf-8", errors="replace")
    return int.from_bytes(hashlib.blake2b(name, digest_size=6).digest(), "big")


def address_in_words(address: int, kind: int) -> str:
    """Return an address as people write it, empty for none.

    Examples
    --------
    >>> address_in_words(0x4B1A2F, AddressKind.ICAO)
    'ICAO 4B1A2F'
    """
    if address < 0:
        return ""
    if kind == AddressKind.REMOTE_ID:
        return f"Remote ID {address:012X}"
    return f"ICAO {address:06X}"
