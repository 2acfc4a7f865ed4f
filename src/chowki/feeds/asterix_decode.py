"""Records out of ASTERIX blocks, by table; every step is checked against the block's end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from chowki.feeds.asterix_tables import (
    CATEGORIES,
    Compound,
    Explicit,
    Extended,
    Fixed,
    Form,
    Repeated,
)

TRAILING = "bytes after the last whole block"


class Record(NamedTuple):
    """One record: its category and the octets of each item that it holds."""

    category: int
    items: dict[str, bytes]


class _Malformed(ValueError):
    """A record that runs over its block or names an item that its category does not have."""


def blocks(payload: bytes, skipped: Counter[str]) -> Iterator[tuple[int, bytes]]:
    """Yield (category, content) of each block of a datagram or raw file.

    Stops at the first block that is not whole; what is left is counted, not guessed at.
    """
    at = 0
    while at + 3 <= len(payload):
        length = int.from_bytes(payload[at + 1 : at + 3], "big")
        if length < 4 or at + length > len(payload):
            break
        yield payload[at], payload[at + 3 : at + length]
        at += length
    if at < len(payload):
        skipped[TRAILING] += 1


def records(category: int, content: bytes, skipped: Counter[str]) -> Iterator[Record]:
    """Yield the records of a block; an unknown category, or what follows a fault, is counted."""
    if category not in CATEGORIES:
        skipped[f"block of category {category}, which is not read"] += 1
        return
    at = 0
    while at < len(content):
        try:
            items, at = _record(category, content, at)
        except (_Malformed, IndexError):
            skipped[f"malformed record of category {category}"] += 1
            return
        yield Record(category, items)


def _record(category: int, content: bytes, at: int) -> tuple[dict[str, bytes], int]:
    """Return the items of the record at a place, and where it ends."""
    start = at
    while content[at] & 1:
        at += 1
    at += 1
    items: dict[str, bytes] = {}
    for name, octets, form in _plan(category, content[start:at]):
        end = at + octets if octets else _end(form, content, at)
        items[name] = content[at:end]
        at = end
    if at > len(content):
        raise _Malformed
    return items, at


@lru_cache(maxsize=4096)
def _plan(category: int, presence: bytes) -> tuple[tuple[str, int, Form], ...]:
    """Return (item, its octets or 0, form) of the items that presence bits name."""
    table = CATEGORIES[category]
    if len(presence) > len(table) // 7 + 1:
        raise _Malformed
    plan: list[tuple[str, int, Form]] = []
    for index in _set_bits(presence):
        if index >= len(table):
            raise _Malformed
        name, form = table[index]
        plan.append((name, form.octets if isinstance(form, Fixed) else 0, form))
    return tuple(plan)


def _set_bits(presence: bytes) -> Iterator[int]:
    """Yield the numbers of the set bits, seven to an octet, the eighth says that one follows."""
    for octet, value in enumerate(presence):
        for bit in range(7):
            if value & (0x80 >> bit):
                yield octet * 7 + bit


def _end(form: Form, content: bytes, at: int) -> int:
    """Return where an item ends; IndexError when the block ends before its length is known."""
    match form:
        case Fixed(octets):
            return at + octets
        case Extended():
            while content[at] & 1:
                at += 1
            return at + 1
        case Repeated(octets):
            return at + 1 + content[at] * octets
        case Explicit():
            if content[at] == 0:
                raise _Malformed
            return at + content[at]
        case Compound(parts):
            return _compound_end(parts, content, at)


def _compound_end(parts: tuple[Form | None, ...], content: bytes, at: int) -> int:
    start = at
    while content[at] & 1:
        at += 1
    at += 1
    for index in _set_bits(content[start:at]):
        part = parts[index] if index < len(parts) else None
        if part is None:
            raise _Malformed
        at = _end(part, content, at)
    return at
