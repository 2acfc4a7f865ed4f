"""How far a live sensor hears, by what it has shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chowki.core.places import Sensor, Volume
from chowki.core.records import Detections
from chowki.core.table import F64

# Of a sensor's targets so many are heard in a given second: those at the edge of its reach every
# few seconds only. Illustrative; with more, their tracks would end between two reports.
HEARD_A_SECOND = 0.3
LEAST_M, MORE = 5_000.0, 1.2


class Reach:
    """The part of a sensor's volume in which it has shown to hear.

    A receiver in a valley, or a radar for drones, says nothing of what flies beyond: a look covers
    what lies up to a fifth farther than the farthest target so far, 5 km at least, and no more than
    the sensor's whole volume.
    """

    def __init__(self) -> None:
        self._farthest_m = LEAST_M / MORE

    def volume(self, sensor: Sensor, detections: Detections) -> Volume:
        """Return what a look with these positions covers."""
        if len(detections):
            place = np.stack([detections.east_m, detections.north_m, detections.up_m], axis=1)
            away_m: F64 = np.linalg.norm(place - sensor.position_m, axis=1)
            self._farthest_m = max(self._farthest_m, float(away_m.max()))
        whole = sensor.volume
        return replace(whole, range_max_m=min(MORE * self._farthest_m, whole.range_max_m))
