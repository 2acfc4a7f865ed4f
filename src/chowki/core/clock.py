"""UTC seconds and how they are written."""

from __future__ import annotations

from datetime import UTC, datetime


def parse_utc(text: str) -> float:
    """Return UTC seconds since 1970 of an ISO 8601 time.

    Parameters
    ----------
    text : str
        For example ``2025-05-09T14:30:00Z``; a time without a zone is taken as UTC.

    Raises
    ------
    ValueError
        If the text is no ISO 8601 time.

    Examples
    --------
    >>> parse_utc("1970-01-02T00:00:00Z")
    86400.0
    """
    stamp = datetime.fromisoformat(text)
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def format_utc(time_s: float, *, seconds: bool = True) -> str:
    """Return a time as ISO 8601 in UTC, to the second or the millisecond.

    Examples
    --------
    >>> format_utc(86400.25)
    '1970-01-02T00:00:00Z'
    >>> format_utc(86400.25, seconds=False)
    '1970-01-02T00:00:00.250Z'
    """
    stamp = datetime.fromtimestamp(time_s, UTC)
    text = stamp.isoformat(timespec="seconds" if seconds else "milliseconds")
    return text.replace("+00:00", "Z")


def format_clock(time_s: float) -> str:
    """Return the time of day, UTC.

    Examples
    --------
    >>> format_clock(3661.9)
    '01:01:01'
    """
    return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M:%S")
