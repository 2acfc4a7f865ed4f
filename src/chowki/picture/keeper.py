"""The picture keeper: tracker and identity composed, state in and state out."""

from __future__ import annotations

import numpy as np

from chowki.core.messages import Act, Scan
from chowki.core.places import Theatre
from chowki.core.ports import Associator
from chowki.core.records import SensorStates, Tracks
from chowki.core.table import I64
from chowki.core.values import changed
from chowki.picture.credit import with_evidence
from chowki.picture.identify import Identifier, decided
from chowki.picture.lifecycle import aged
from chowki.picture.merging import merged
from chowki.picture.parameters import PictureParameters
from chowki.picture.rap import touched, tracks_of
from chowki.picture.registration import Flights
from chowki.picture.states import Picture
from chowki.picture.told import sensor_states
from chowki.picture.tracker import ScanTracker
from chowki.picture.upkeep import corrected, learned, on_time, ticked
from chowki.picture.witness import absorb


class AirPicture:
    """Scans become tracks with identity: the recognised air picture.

    Parameters
    ----------
    theatre : Theatre
        All that is known before the first event.
    parameters : PictureParameters
        Assumptions of tracker and identity.
    associator : Associator
        Weighs which track each plot came from.
    """

    def __init__(
        self, theatre: Theatre, parameters: PictureParameters, associator: Associator
    ) -> None:
        self._parameters = parameters
        self._tracker = ScanTracker(theatre, parameters, associator)
        self._identifier = Identifier(self._tracker, parameters.identity)

    def start(self) -> Picture:
        """Return an empty picture."""
        return Picture()

    def scan(self, picture: Picture, scan: Scan) -> tuple[Picture, Tracks]:
        """Return the picture after a scan, and the tracks that it touched, each at its own time.

        They carry motion, existence and status; identity follows with the next tick, and so does
        a track that this scan founded. One that this scan ended is told once more, as dropped,
        when it had been confirmed.
        """
        p, before = self._parameters, flights(picture)
        upkeep, correction = corrected(picture.upkeep, scan, p.registration, p.health)
        if correction.says_nothing:
            return changed(picture, upkeep=upkeep), Tracks.empty()
        picture, found = self._tracker.scan(picture, on_time(scan, correction), correction)
        if found is None:
            return picture, Tracks.empty()
        upkeep = learned(
            upkeep, scan, correction, before, flights(picture), (found.detections, found.causes),
            (found.pair_row, found.pair_detection, found.pair_probability), p.registration,
            p.health,
        )  # fmt: skip
        picture = changed(picture, upkeep=upkeep)
        picture = absorb(picture, scan, found, self._parameters.identity)
        known = found.rows[found.rows < len(picture.evidence)]
        return picture, touched(picture, self._worth_telling(picture, known), self._tracker)

    def tick(self, picture: Picture, time_s: float) -> tuple[Picture, Tracks]:
        """Return the picture at a time, and the recognised air picture coasted to it."""
        p, before_s = self._parameters, picture.ticked_s
        picture = aged(with_evidence(picture), time_s, p)
        upkeep = ticked(picture.upkeep, flights(picture), time_s, p.registration, p.health)
        picture = changed(picture, upkeep=upkeep)
        if _due(before_s, time_s, p.survey_period_s):
            picture = self._tracker.surveyed(picture, time_s)
        if _due(before_s, time_s, p.twin_period_s):
            picture = merged(picture, self._reported(picture), time_s, p)
        rows = self._reported(picture)
        if _due(before_s, time_s, p.identity.drone_period_s):
            picture = self._identifier.weigh(picture, rows, time_s)
        return picture, tracks_of(picture, rows, time_s, self._tracker)

    def _worth_telling(self, picture: Picture, rows: I64) -> I64:
        """Return the rows that are in the picture, or were until this scan."""
        s, p = picture.states, self._parameters
        ended = (s.existence[rows] < p.drop_existence) & ~np.isnan(s.confirmed_s[rows])
        return rows[(s.existence[rows] > p.report_existence) | ended]

    def _reported(self, picture: Picture) -> I64:
        """Return the rows of the tracks that stand in the recognised air picture."""
        return np.flatnonzero(picture.states.existence > self._parameters.report_existence)

    def sensors(self, before: Picture, picture: Picture, time_s: float) -> SensorStates:
        """Return registration and faults of the sensors, where they changed since a picture."""
        return sensor_states(before.upkeep, picture.upkeep, before.ticked_s, time_s)

    def act(self, picture: Picture, act: Act) -> Picture:
        """Return the picture after a person's act: on identity, or on which drones may fly."""
        picture = decided(with_evidence(picture), act)
        return changed(picture, authorisation=picture.authorisation.after(act))


def flights(picture: Picture) -> Flights:
    """Return the columns of tracks that the upkeep of sensors needs."""
    s = picture.states
    return Flights(s.track, s.time_s, s.existence, s.state, s.covariance)


def _due(before_s: float, time_s: float, period_s: float) -> bool:
    """Return whether a multiple of a period has passed since the last tick."""
    return period_s <= 0.0 or before_s // period_s != time_s // period_s
