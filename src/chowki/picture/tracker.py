"""One scan of the air picture: predict, gate, associate, update, found new tracks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Ground, Theatre
from chowki.core.ports import Associator
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.bernoulli import update
from chowki.kernels.birth import births
from chowki.kernels.clutter import S_CLUTTER, weigh
from chowki.kernels.filter import View
from chowki.kernels.gate import Bernoullis, candidates, extent
from chowki.kernels.geodesy import MEAN_RADIUS_M, station_frame
from chowki.kernels.height import Levels, settle_all
from chowki.kernels.modes import SPACE_TURNING
from chowki.kernels.reach import chances, in_reach, met
from chowki.kernels.resolution import Mates, cell_mates, shadow, unexplained
from chowki.kernels.visibility import L_MISS, L_RANGE_MAX
from chowki.picture.addresses import addressed
from chowki.picture.bearings import (
    BearingMemory,
    area_m2,
    founded_by_both,
    heard_in,
    target_prior,
    triangulated,
)
from chowki.picture.clusters import Observation, Shares, Touched, hushed, parted, write_slots
from chowki.picture.contest import Contest
from chowki.picture.credit import (
    Association,
    Founded,
    Sighting,
    association,
    credited,
    extended,
    joined,
    nothing_found,
)
from chowki.picture.intake import (
    Usable,
    layers,
    new_sensor,
    remembered,
    taken,
    turns_told,
    usable_plots,
)
from chowki.picture.lens import Lens, birth_prior, lens
from chowki.picture.motions import motion_of
from chowki.picture.parameters import PictureParameters
from chowki.picture.pool import ModePool
from chowki.picture.states import Counts, Picture, SensorMemory, TrackStates, bernoullis_of
from chowki.picture.undetected import Survey
from chowki.picture.upkeep import Correction, thinned
from chowki.picture.workers import Workers

NOTHING = np.empty((0, 3))[:, 2]
NO_MATES = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
# Row of the track that caused each plot (-1: none), and how probably.
Causes = tuple[I64, F64]

NO_PLOTS: F64 = np.empty(0)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One scan as the tracker looks at it.

    Attributes
    ----------
    glass : Lens
        The sensor.
    look : F64
        Figures of the look (``kernels.visibility``).
    known : SensorMemory
        What is remembered of the sensor.
    view : View
        Where the sensor stands, how wide gates are and what timing leaves open.
    spread : F64
        How false and new plots are spread (``kernels.clutter``).
    correction : Correction or None
        What is known to be wrong with it.
    address : I64
        Of each of its detections, -1 for none.
    start_s, end_s : float
        Span of the look.
    sighting : Sighting
        What its plots leave behind.
    """

    glass: Lens
    look: F64
    known: SensorMemory
    view: View
    spread: F64
    correction: Correction | None
    address: I64
    start_s: float
    end_s: float
    sighting: Sighting


class ScanTracker:
    """Bernoulli tracks, marginal association: TOMB/P (Williams 2015) on extended Kalman filters.

    Parameters
    ----------
    theatre : Theatre
        Frame of reference, ground and sensors.
    parameters : PictureParameters
        Assumptions of the filter.
    associator : Associator
        Weighs which track each plot came from.
    """

    def __init__(
        self, theatre: Theatre, parameters: PictureParameters, associator: Associator
    ) -> None:
        station = theatre.station
        self.theatre, self.parameters = theatre, parameters
        self.frame = station_frame(
            float(np.radians(station.lat_deg)),
            float(np.radians(station.lon_deg)),
            float(station.height_m),
        )
        self._prior = birth_prior(parameters)
        self._emitter = target_prior(
            parameters.small_speed_mps, parameters.climb_mps, parameters.small_height_m,
            parameters.small_height_sd_m, 1.0 / MEAN_RADIUS_M,
        )  # fmt: skip
        self._size, self._motion = SPACE_TURNING, motion_of(parameters, 1.0 / MEAN_RADIUS_M)
        self._contest = Contest(
            self._size, self._motion, associator, parameters.hypotheses, parameters.blur,
            Workers(self._size, self._motion, 1),
        )  # fmt: skip
        self._levels = _levels(theatre.ground, parameters)
        self._survey = Survey(theatre, parameters)
        self._lenses: dict[int, Lens] = {}

    def scan(
        self, picture: Picture, scan: Scan, correction: Correction | None = None
    ) -> tuple[Picture, Association | None]:
        """Return the picture after a scan; the association is None for a scan that came twice.

        Parameters
        ----------
        picture : Picture
            Before.
        scan : Scan
            Timed by the station's clock.
        correction : Correction, optional
            What is known to be wrong with its sensor; else biases are allowed for as unknown.
        """
        number, p = scan.sensor.number, self.parameters
        known = picture.sensors.get(number) or new_sensor(len(picture.sensors))
        known = taken(known, scan)
        if known is None:
            return changed(picture, counts=_counted(picture.counts, scans_repeated=1)), None
        glass = self._lens(scan)
        usable, refused = usable_plots(
            scan,
            glass,
            correction,
            picture.time_s - p.late_s - max(scan.sensor.period_s, 0.0),
            scan.time_s + p.early_s,
        )
        if refused.any():
            picture = changed(picture, counts=_refused(picture.counts, refused))
        parts = layers(scan.detections.address, usable) if glass.cooperative else [usable]
        glimpse = _glimpse(scan, glass, known, correction, p.clutter_floor)
        found: list[Association] = []
        for k, part in enumerate(parts):
            if k == 1:  # who reported once has not been missed
                glimpse.look[L_MISS] = 0.0
            picture, one = self._step(picture, glimpse, part)
            found.append(one)
        return picture, joined(found)

    def surveyed(self, picture: Picture, time_s: float) -> Picture:
        """Return the picture with the targets that no look has found until a time."""
        turns = {number: known.turns for number, known in picture.sensors.items()}
        undetected = self._survey.at(picture.undetected, time_s, turns, self._lenses)
        return changed(picture, undetected=undetected)

    def _step(
        self, picture: Picture, glimpse: Glimpse, usable: Usable
    ) -> tuple[Picture, Association]:
        """Predict, gate, associate, update, found new tracks."""
        s, look, view = picture.states, glimpse.look, glimpse.view
        self._weigh(picture, usable, glimpse)
        seen, middle_s = self._seen(s, glimpse, usable)
        rows = in_reach(
            s.state, s.covariance, s.time_s, middle_s, seen.scan_bits, view[0], look[L_RANGE_MAX]
        )
        clusters, others = parted(picture.clusters, s.track[rows])
        chance = hushed(clusters, s.track[rows], self._chance(s, rows, glimpse, middle_s))
        pairs = candidates(
            self._size, self._motion, picture.bernoullis, rows, chance, seen.plots, seen.bits,
            seen.scan_bits, view, seen.start_s, seen.end_s,
        )  # fmt: skip
        if glimpse.glass.cooperative:
            pairs = addressed(pairs, _addresses(picture, rows), glimpse.address[usable.chosen])
        rows, chance, starts = met(rows, chance, pairs)
        if not (len(rows) or len(usable) or clusters or len(picture.heard.hypotheses[2])):
            still = _unmoved(picture, glimpse, usable, NO_PLOTS)
            return changed(still, clusters=others), nothing_found()
        mates = self._mates(s, rows, glimpse, usable)
        contests = shadow(mates, chance) if len(mates[0]) else chance
        touched = Touched(s.track[rows], picture.bernoullis, rows)
        shares = self._contest.associate(clusters, touched, contests, (starts, *pairs[1:]), seen)
        free = unexplained(mates, s.existence[rows], shares.pairs, shares.free)
        founded = births(usable.plots, usable.bits, free, look, view, self._prior)
        memory, founded = self._heard(picture.heard, founded, usable, free, glimpse)
        after, pool, causes = self._updated(
            picture, touched, chance, shares, seen, founded, glimpse
        )
        credited(
            after, rows, chance[:, 2] if glimpse.glass.radar else NOTHING, causes, usable.plots,
            picture.scans, glimpse.sighting, self.parameters,
        )  # fmt: skip
        found = association(after, shares, rows, usable, causes[0], founded[0])
        return changed(
            _unmoved(picture, glimpse, usable, free),
            next_track=picture.next_track + len(founded[0]),
            states=after,
            modes=pool,
            clusters=(*others, *shares.clusters),
            heard=memory,
        ), found

    def _lens(self, scan: Scan) -> Lens:
        """Return the lens of a sensor: made once, made anew when the sensor is stated anew."""
        known = self._lenses.get(scan.sensor.number)
        if known is None or known.sensor is not scan.sensor:
            known = lens(scan.sensor, self.theatre.ground, self.frame, self.parameters)
            self._lenses[scan.sensor.number] = known
        return known

    def _weigh(self, picture: Picture, usable: Usable, glimpse: Glimpse) -> None:
        """Enter how dense false plots and new targets are about each plot."""
        glass, known, look = glimpse.glass, glimpse.known, glimpse.look
        unseen, falseness = self._survey.about(picture.undetected, usable, glass, look)
        weigh(
            usable.plots, usable.bits, glass.trusted, unseen, falseness, known.spots, known.turns,
            turns_told(known), look, glimpse.spread,
        )  # fmt: skip
        if glimpse.correction is not None:
            thinned(usable.plots, usable.chosen, glimpse.correction)

    def _seen(self, s: TrackStates, glimpse: Glimpse, usable: Usable) -> tuple[Observation, float]:
        """Return the scan as kernels take it, and its middle."""
        glass = glimpse.glass
        middle_s, _ = extent(usable.plots, glimpse.start_s, glimpse.end_s)

        def chance_of(rows: Bernoullis, number: I64) -> F64:
            """Return the chances of leaves: all but state and existence is their track's."""
            at = np.searchsorted(s.track, number)
            standing = (s.alive_s[at], s.rcs_dbsm[at], s.answered_s[at], s.sensor_bits[at])
            return chances(
                rows[0], rows[1], rows[5], rows[6], standing, np.arange(len(at)),
                glass.scene(self.frame, glimpse.look), glimpse.sighting.place, middle_s,
                glimpse.end_s,
            )  # fmt: skip

        bits = usable.bits & glass.trusted
        return Observation(
            usable.plots, bits, glass.bits, glimpse.view, glimpse.start_s, glimpse.end_s, chance_of
        ), middle_s

    def _heard(
        self, memory: BearingMemory, founded: Founded, usable: Usable, free: F64, glimpse: Glimpse
    ) -> tuple[BearingMemory, Founded]:
        """Return the bearings remembered, and the tracks founded with those that they found."""
        glass, look, p = glimpse.glass, glimpse.look, self.parameters
        if not glass.bearing_only or glass.sensor.cued:
            return memory, founded
        if not len(usable.plots) and not len(memory.hypotheses[2]):
            return memory, founded  # what is too old is left out when it is next looked at
        heard = heard_in(
            usable.plots, usable.bits, free, look, glimpse.view, glimpse.sighting.sensor,
            p.untracked_emitters / area_m2(look), glimpse.end_s,
        )  # fmt: skip
        memory, together = triangulated(memory, heard, self._motion, self._emitter)
        return memory, founded_by_both(founded, together)

    def _chance(self, s: TrackStates, rows: I64, glimpse: Glimpse, middle_s: float) -> F64:
        """Return existence now, P_D on a pair and P_D on a miss of some tracks, (k, 3)."""
        standing = (s.alive_s, s.rcs_dbsm, s.answered_s, s.sensor_bits)
        return chances(
            s.state, s.covariance, s.time_s, s.existence, standing, rows,
            glimpse.glass.scene(self.frame, glimpse.look), glimpse.sighting.place, middle_s,
            glimpse.end_s,
        )  # fmt: skip

    def _mates(self, s: TrackStates, rows: I64, glimpse: Glimpse, usable: Usable) -> Mates:
        """Return the tracks and plots that share a resolution cell of the sensor."""
        cell, view = glimpse.glass.cell, glimpse.view
        if cell[0] == 0.0:
            return NO_MATES
        middle_s, slack_s = extent(usable.plots, glimpse.start_s, glimpse.end_s)
        return cell_mates(
            s.state, s.covariance, s.time_s, s.existence, rows, usable.plots, usable.bits, view[0],
            view[1], middle_s, slack_s, cell,
        )  # fmt: skip

    def _updated(
        self, picture: Picture, touched: Touched, chance: F64, shares: Shares, seen: Observation,
        founded: Founded, glimpse: Glimpse,
    ) -> tuple[TrackStates, ModePool, Causes]:  # fmt: skip
        """Return copies of all tracks after the scan, and those that plots founded."""
        pool = picture.modes.with_room(len(touched.at) + len(founded[0]))
        mode_row = pool.enter(founded[2], founded[3])
        states = extended(picture, founded, seen.plots, mode_row, glimpse.sighting)
        rows, fresh = bernoullis_of(states, pool), pool.filled
        cause, sure, pool.filled = update(
            self._size, self._motion, rows, touched.at, chance, (*shares.pairs, shares.missed),
            seen.plots, seen.bits, seen.view, shares.clustered, fresh,
        )  # fmt: skip
        for settled in shares.settled:
            members = touched.at[np.searchsorted(touched.number, settled.cluster.members)]
            states.mode_row[members] = pool.filled + np.arange(len(members))
            pool.filled += len(members)
            write_slots(settled, rows, members)
            member, plot = np.nonzero(settled.claims > 0.5)
            cause[settled.plots[plot]] = members[member]
            sure[settled.plots[plot]] = settled.claims[member, plot]
        settle_all(
            self._size, rows, touched.at, fresh, states.rcs_dbsm, self.parameters.small_rcs_dbsm,
            self.frame, self._levels,
        )  # fmt: skip
        return states, pool, (cause, sure)


def _unmoved(picture: Picture, glimpse: Glimpse, usable: Usable, free: F64) -> Picture:
    """Return the picture after a scan, its tracks left as they are."""
    known = remembered(glimpse.known, usable, free)
    return changed(
        picture,
        time_s=max(picture.time_s, glimpse.sighting.time_s),
        scans=picture.scans + 1,
        sensors={**picture.sensors, glimpse.sighting.sensor: known},
    )


def _levels(ground: Ground, p: PictureParameters) -> Levels:
    """Return what is known of heights beforehand, above the ellipsoid."""
    floor = float(ground.height_m.mean()) if ground.height_m.size else ground.constant_m
    return (
        floor + p.small_height_m, p.height_slack * p.small_height_sd_m,
        floor + p.large_height_m, p.height_slack * p.large_height_sd_m,
    )  # fmt: skip


def _glimpse(
    scan: Scan, glass: Lens, known: SensorMemory, correction: Correction | None, floor: float
) -> Glimpse:
    start_s, end_s = float(scan.start_s), float(min(scan.end_s, scan.time_s + 5.0))
    sighting = Sighting(scan.sensor.number, known.place, glass.cooperative, end_s, scan.time_s)
    look, view, spread = glass.at(scan.volume), glass.view, glass.spread
    if correction is not None:
        spread = spread.copy()
        spread[S_CLUTTER] = max(correction.clutter, floor)
        look[L_MISS] *= correction.miss_factor
        view = (*view[:3], np.array([view[3][0], correction.timing_s]))
    address = scan.detections.address
    return Glimpse(glass, look, known, view, spread, correction, address, start_s, end_s, sighting)


def _addresses(picture: Picture, rows: I64) -> I64:
    """Return the address that each track last answered with; tracks just founded have none."""
    known = picture.evidence.address
    out = np.full(len(rows), -1, dtype=np.int64)
    old = rows < len(known)
    out[old] = known[rows[old]]
    return out


def _refused(counts: Counts, refused: I64) -> Counts:
    """Return counts with the plots that could not be used."""
    unusable, late, repeated = (int(n) for n in refused)
    return _counted(counts, unusable=unusable, out_of_time=late, repeated=repeated)


def _counted(counts: Counts, **more: int) -> Counts:
    """Return counts with some of them raised."""
    return changed(counts, **{name: getattr(counts, name) + n for name, n in more.items()})
