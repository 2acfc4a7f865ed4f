"""From changes of warnings to messages: each one names the one that it replaces."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from chowki.core.clock import format_utc
from chowki.core.records import WarningLevel, Warnings

SENDER = "chowki@exercise.invalid"  # a name that can never exist (RFC 2606)
_STANDING = (WarningLevel.ADVISORY, WarningLevel.TAKE_COVER)


class MessageType(Enum):
    """What a message does to the ones before it (OASIS CAP 1.2, 3.2.1)."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a warning.

    Attributes
    ----------
    identifier : str
        Unique, and the same when the same run is written again.
    references : str
        The message that it replaces, as ``sender,identifier,sent``; empty for the first one.
    kind : MessageType
        First one, update, or cancel.
    said : str
        What is said, a heading of the catalogues: ``advisory``, ``take_cover``, ``all_clear``,
        ``ended`` (with the run, while it still stood).
    sent_s, onset_s, expires_s : float
        UTC seconds: when sent, when the danger begins, until when the message holds.
    warning, place, cell, inbound, track : int
        As in ``Warnings``.
    probability : float
        Probability that a drone comes there, NaN when unknown.
    """

    identifier: str
    references: str
    kind: MessageType
    said: str
    sent_s: float
    onset_s: float
    expires_s: float
    warning: int
    place: int
    cell: int
    inbound: int
    track: int
    probability: float


class Chain:
    """Makes the messages of a run from its warnings, in order of time.

    An all clear is a Cancel: the earlier message is no longer in force from that moment (CAP 1.2,
    3.2.1: "Cancel cancels the earlier message(s) identified in references"), and it carries the
    response type ``AllClear`` with what people may do now. It lapses by itself.

    Parameters
    ----------
    run : str
        What tells this run from every other one, see ``run_key``.
    """

    def __init__(self, run: str) -> None:
        self._run = run
        self._last: dict[int, Message] = {}
        self._sent: dict[int, int] = {}

    def take(self, warnings: Warnings) -> Iterator[Message]:
        """Yield the messages that follow from changed warnings."""
        rows: Any = zip(*(column.tolist() for column in warnings.columns().values()), strict=True)
        for row in rows:
            message = self._message(dict(zip(warnings.columns(), row, strict=True)))
            if message is not None:
                yield message

    def end(self, time_s: float) -> Iterator[Message]:
        """Yield a cancel for every warning that still stands when the run ends."""
        for number in sorted(self._last):
            last = self._last[number]
            if last.kind is not MessageType.CANCEL:
                ended = replace(
                    last, said="ended", sent_s=time_s, onset_s=time_s, expires_s=time_s + 3_600.0
                )
                yield self._send(ended, MessageType.CANCEL)

    def _message(self, row: dict[str, Any]) -> Message | None:
        """Return the message of one row; None when nobody need be told."""
        level = WarningLevel(row["level"])
        last = self._last.get(row["warning"])
        stood = last is not None and last.kind is not MessageType.CANCEL
        if level not in _STANDING and not stood:
            return None
        standing = level in _STANDING
        sent_s, arrival_s = row["time_s"], row["expected_arrival_s"]
        onset_s = arrival_s if standing and arrival_s > sent_s else sent_s
        expires_s = row["expires_s"] if row["expires_s"] > sent_s else sent_s + 600.0
        told = Message(
            identifier="",
            references="",
            kind=MessageType.ALERT,
            said=level.name.lower() if standing else "all_clear",
            sent_s=sent_s,
            onset_s=onset_s,
            expires_s=max(expires_s, onset_s),
            **{name: row[name] for name in ("warning", "place", "cell", "inbound", "track")},
            probability=row["probability"],
        )
        kind = MessageType.UPDATE if standing else MessageType.CANCEL
        return self._send(told, kind if stood else MessageType.ALERT)

    def _send(self, told: Message, kind: MessageType) -> Message:
        """Return a message with its identifier and the one that it replaces."""
        number = told.warning
        count = self._sent[number] = self._sent.get(number, 0) + 1
        before = "" if kind is MessageType.ALERT else reference(self._last[number])
        identifier = f"chowki-{self._run}-{number:05d}-{count:03d}"
        sent = replace(told, identifier=identifier, references=before, kind=kind)
        self._last[number] = sent
        return sent


def reference(message: Message) -> str:
    """Return how a later message names this one: sender, identifier and time."""
    return f"{SENDER},{message.identifier},{cap_time(message.sent_s)}"


def cap_time(time_s: float) -> str:
    """Return a time as CAP wants it: whole seconds, and UTC written as ``-00:00`` (3.3.2).

    Examples
    --------
    >>> cap_time(86400.9)
    '1970-01-02T00:00:00-00:00'
    """
    return format_utc(float(np.floor(time_s))).replace("Z", "-00:00")


def run_key(*told: Any) -> str:
    """Return a short name of a run: the same for the same seed and scenario, else another.

    Parameters
    ----------
    *told
        What tells the run from others: name, start, digest of the scenario, seed.
    """
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
