"""From a scan to the plots that the tracker takes, and what is remembered of each sensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Measures
from chowki.core.records import Detections
from chowki.core.table import F64, I64
from chowki.kernels import plots as tabulation
from chowki.kernels.clutter import F_TURN, F_WIDTH, SPOTS_MAX, kept
from chowki.kernels.filter import P_TIME
from chowki.kernels.measure import TWO_PI
from chowki.picture.lens import Lens
from chowki.picture.states import SensorMemory
from chowki.picture.upkeep import Correction, taken_off

LOOKS_KEPT = 32
# Turns of a sensor after which a plot that may have been false is forgotten.
SPOT_TURNS = 100.0
POSITION = int(Measures.POSITION)
SLOT_COLUMNS = (
    (int(Measures.RANGE), "range_m"),
    (int(Measures.AZIMUTH), "azimuth_rad"),
    (int(Measures.ELEVATION), "elevation_rad"),
    (int(Measures.RANGE_RATE), "range_rate_mps"),
    (int(Measures.POSITION), "east_m"),
    (int(Measures.POSITION), "north_m"),
    (int(Measures.POSITION), "up_m"),
    (int(Measures.VELOCITY), "v_east_mps"),
    (int(Measures.VELOCITY), "v_north_mps"),
    (int(Measures.VELOCITY), "v_up_mps"),
)


@dataclass(frozen=True, slots=True)
class Usable:
    """The usable plots of a scan.

    Attributes
    ----------
    plots : F64
        Shape (k, P_WIDTH), columns ``P_...`` of ``kernels.filter``.
    bits, chosen : I64
        Shape (k,): slots that hold a value; row of the detection.
    snr_db : F64
        Shape (k,): signal-to-noise ratio of each echo, NaN where there is none.
    """

    plots: F64
    bits: I64
    chosen: I64
    snr_db: F64

    def __len__(self) -> int:
        """Return the number of plots."""
        return len(self.bits)

    def take(self, rows: I64) -> Usable:
        """Return some of them."""
        return Usable(self.plots[rows], self.bits[rows], self.chosen[rows], self.snr_db[rows])


def new_sensor(place: int) -> SensorMemory:
    """Return what is known of a sensor before its first scan."""
    return SensorMemory(place, np.full(LOOKS_KEPT, -1), 0, 0.0, np.empty((0, F_WIDTH)))


def taken(known: SensorMemory, scan: Scan) -> SensorMemory | None:
    """Return what is known of a sensor with a scan entered; None when it was there already."""
    if scan.look in known.looks:
        return None
    looks = known.looks.copy()
    looks[known.scans % LOOKS_KEPT] = scan.look
    turn = min(max(scan.volume.azimuth_span_rad / TWO_PI, 1e-3), 1.0)
    return SensorMemory(known.place, looks, known.scans + 1, known.turns + turn, known.spots)


def turns_told(known: SensorMemory) -> float:
    """Return the turns of a sensor from which its plots that may have been false come."""
    whole = min(known.turns, SPOT_TURNS)
    full = len(known.spots) >= SPOTS_MAX
    return min(whole, known.turns - float(known.spots[0, F_TURN])) if full else whole


def remembered(known: SensorMemory, usable: Usable, free: F64) -> SensorMemory:
    """Return what is known of a sensor with the plots that no track may have caused."""
    if not len(usable) and not len(known.spots):
        return known
    spots = kept(known.spots, usable.plots, usable.bits, free, known.turns, SPOT_TURNS)
    return SensorMemory(known.place, known.looks, known.scans, known.turns, spots)


def usable_plots(
    scan: Scan, glass: Lens, correction: Correction | None, oldest_s: float, newest_s: float
) -> tuple[Usable, I64]:
    """Return the usable plots of a scan, and how many were unusable, out of time, repeated."""
    raw, allowance = _raw(scan.detections, glass.bits), glass.allowance
    if correction is not None:
        taken_off(raw, correction)
        allowance = np.concatenate((correction.variance, allowance[3:]))
    plots, bits, chosen, refused = tabulation.tabulate(
        raw,
        raw.view(np.int64),
        glass.bits,
        glass.noise,
        allowance,
        glass.snr_reference,
        oldest_s,
        newest_s,
    )
    return Usable(plots, bits, chosen, raw[tabulation.RAW_SNR, chosen]), refused


def layers(address: I64, usable: Usable) -> list[Usable]:
    """Return the plots by how often their address came before in the scan.

    A receiver may hear a target several times in one scan. No track is told by its address:
    only the assumption "one plot a target" is kept true.
    """
    named = address[usable.chosen]
    order = np.lexsort((usable.plots[:, P_TIME], named))
    again = (np.diff(named[order]) == 0) & (named[order][1:] >= 0)
    if not again.any():
        return [usable]
    rank = np.zeros(len(order), dtype=np.int64)
    for k in range(1, len(order)):
        rank[k] = rank[k - 1] + 1 if again[k - 1] else 0
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = rank
    return [usable.take(np.flatnonzero(turn == k)) for k in range(int(turn.max()) + 1)]


def _raw(detections: Detections, bits: int) -> F64:
    """Return the columns that a sensor measures, one matrix; what it doesn't measure stays NaN."""
    raw = np.full((tabulation.RAW_HEIGHT, len(detections)), np.nan)
    raw[tabulation.RAW_TIME] = detections.time_s
    for slot, (measure, name) in enumerate(SLOT_COLUMNS, tabulation.RAW_VALUE):
        if bits & measure:
            raw[slot] = getattr(detections, name)
    if bits & POSITION:
        raw[tabulation.RAW_SIGMA] = detections.sigma_m
    raw[tabulation.RAW_RCS] = detections.rcs_dbsm
    raw[tabulation.RAW_SNR] = detections.snr_db
    return raw
