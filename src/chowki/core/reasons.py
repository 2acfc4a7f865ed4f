"""Reasons behind an identity, in words: one place for the page, the report and the log."""

from __future__ import annotations

import math

from chowki.core.clock import format_clock
from chowki.core.records import Reason, Tracks


def in_words(
    reasons: int,
    *,
    speed_mps: float = math.nan,
    height_agl_m: float = math.nan,
    crossed_border_s: float = math.nan,
    frequency_hz: float = math.nan,
) -> str:
    """Return reason bits as words, most telling first.

    Parameters
    ----------
    reasons : int
        ``Reason`` bits.
    speed_mps, height_agl_m : float
        Of the track, m/s and m above ground; left out when NaN.
    crossed_border_s : float
        UTC seconds, NaN when it was not seen to cross.
    frequency_hz : float
        Carrier heard, Hz, NaN when unknown.

    Examples
    --------
    >>> bits = Reason.NO_TRANSPONDER | Reason.SPEED | Reason.HEIGHT | Reason.RF_HIT
    >>> in_words(bits, speed_mps=38.2, height_agl_m=121.0, frequency_hz=2.4e9)
    'no transponder, 38 m/s, 121 m, RF hit 2.4 GHz'
    """
    bits = Reason(reasons)
    crossed = "" if math.isnan(crossed_border_s) else f" {format_clock(crossed_border_s)}"
    carrier = "" if math.isnan(frequency_hz) else f" {frequency_hz / 1e9:.1f} GHz"
    speed = "speed" if math.isnan(speed_mps) else f"{speed_mps:.0f} m/s"
    height = "height" if math.isnan(height_agl_m) else f"{height_agl_m:.0f} m"
    words = (
        (Reason.AUTHORISED, "authorised"),
        (Reason.TRANSPONDER_CONTRADICTS, "transponder contradicts the track"),
        (Reason.ADDRESS_ELSEWHERE, "its address also comes from elsewhere"),
        (Reason.UNSEEN_BY_RADAR, "no radar sees it"),
        (Reason.TRANSPONDER, "transponder"),
        (Reason.NO_TRANSPONDER, "no transponder"),
        (Reason.FLIGHT_PLAN, "flight plan"),
        (Reason.SPEED, speed),
        (Reason.HEIGHT, height),
        (Reason.RADAR_CROSS_SECTION, "radar cross-section"),
        (Reason.BIRD_LIKE, "bird-like"),
        (Reason.CROSSED_BORDER, f"crossed the border{crossed}"),
        (Reason.CLOSING_ON_PLACE, "closing on a defended place"),
        (Reason.RF_HIT, f"RF hit{carrier}"),
        (Reason.ELECTRO_OPTICAL, "looked at"),
        (Reason.PAYLOAD_SEEN, "payload seen"),
    )
    return ", ".join(text for bit, text in words if bits & bit)


def reasons_of(tracks: Tracks, row: int) -> str:
    """Return why one track of a picture has its identity, in words."""
    return in_words(
        int(tracks.reasons[row]),
        speed_mps=math.hypot(tracks.v_east_mps[row], tracks.v_north_mps[row]),
        height_agl_m=float(tracks.height_agl_m[row]),
        crossed_border_s=float(tracks.crossed_border_s[row]),
        frequency_hz=float(tracks.heard_hz[row]),
    )
