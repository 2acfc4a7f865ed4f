"""One scan: predict, gate, associate, update, found new tracks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chowki.core.messages import Scan
from chowki.core.places import Measures, Theatre
from chowki.core.ports import Associator
from chowki.core.records import N_CLASSES, Detections
from chowki.core.table import F64, I64
from chowki.kernels import plots as tabulation
from chowki.kernels.bernoulli import update
from chowki.kernels.birth import births
from chowki.kernels.filter import P_RCS, P_TIME
from chowki.kernels.gate import Bernoullis, candidates, extent
from chowki.kernels.geodesy import MEAN_RADIUS_M, station_frame
from chowki.kernels.kalman import POSITION
from chowki.kernels.modes import SPACE_TURNING
from chowki.kernels.reach import OWN_SCANS, chances, credit, in_reach
from chowki.kernels.visibility import L_MISS, L_RANGE_MAX
from chowki.picture.classes import PRIOR_LOG_CLASS
from chowki.picture.clusters import (
    Observation,
    Shares,
    Touched,
    hushed,
    parted,
    write_slots,
)
from chowki.picture.contest import Contest
from chowki.picture.lens import Lens, birth_prior, gate_sizes, lens
from chowki.picture.motions import motion_of
from chowki.picture.parameters import PictureParameters
from chowki.picture.states import Counts, Evidence, Looks, Picture, TrackStates

LOOKS_KEPT = 32
SENSOR_WORDS = 8
STATE_COLUMNS = tuple(column.name for column in TrackStates.schema())
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
class Association:
    """What a scan came to: which track caused which detection.

    Attributes
    ----------
    rows : I64
        Rows of the tracks that the scan touched, new ones last.
    detections : I64
        Rows of the usable detections.
    causes : I64
        Row of the track that caused each of them, -1 for none; a new track caused its own.
    pair_row, pair_detection, pair_probability
        Every gated couple, by track row and detection row.
    """

    rows: I64
    detections: I64
    causes: I64
    pair_row: I64
    pair_detection: I64
    pair_probability: F64


# The picture after a scan, the track that caused each plot (-1: none), and how probably.
Updated = tuple[Picture, I64, F64]
_NONE = np.empty(0, dtype=np.int64)
_NOTHING_FOUND = Association(_NONE, _NONE, _NONE, _NONE, _NONE, np.empty(0))


class Tracker:
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
        self._gates = gate_sizes(parameters.gate_probability)
        self._prior = birth_prior(parameters)
        self._size, self._motion = SPACE_TURNING, motion_of(parameters, 1.0 / MEAN_RADIUS_M)
        self._contest = Contest(
            self._size, self._motion, associator, parameters.hypotheses, parameters.blur
        )
        self._lenses: dict[int, Lens] = {}

    def scan(self, picture: Picture, scan: Scan) -> tuple[Picture, Association | None]:
        """Return the picture after a scan; the association is None for a scan that came twice."""
        looks = _taken(picture.looks, scan)
        if looks is None:
            return replace(picture, counts=_counted(picture.counts, scans_repeated=1)), None
        picture = replace(
            picture, looks=looks, scans=picture.scans + 1, time_s=max(picture.time_s, scan.time_s)
        )
        glass = self._lens(scan)
        look = glass.at(scan.volume)
        plots, bits, chosen, refused = self._plots(picture, scan, glass, look)
        if refused.any():
            unusable, late, repeated = (int(n) for n in refused)
            counts = _counted(
                picture.counts, unusable=unusable, out_of_time=late, repeated=repeated
            )
            picture = replace(picture, counts=counts)
        layers = _layers(scan.detections.address, chosen, plots) if glass.cooperative else None
        if layers is None:
            return self._step(picture, scan, glass, look, (plots, bits, chosen))
        return self._in_layers(picture, scan, glass, look, (plots, bits, chosen), layers)

    def _in_layers(
        self,
        picture: Picture,
        scan: Scan,
        glass: Lens,
        look: F64,
        usable: tuple[F64, I64, I64],
        layers: list[I64],
    ) -> tuple[Picture, Association]:
        """Take a scan in which targets report more than once as scans of one report each."""
        parts: list[Association] = []
        for layer in layers:
            plots, bits, chosen = usable
            layered = (plots[layer], bits[layer], chosen[layer])
            picture, part = self._step(picture, scan, glass, look, layered)
            parts.append(part)
            look = look.copy()
            look[L_MISS] = 0.0  # who reported once has not been missed
            picture = replace(picture, scans=picture.scans + 1)
        names = ("detections", "causes", "pair_row", "pair_detection", "pair_probability")
        whole = {n: np.concatenate([getattr(part, n) for part in parts]) for n in names}
        rows = np.unique(np.concatenate([part.rows for part in parts]))
        return picture, Association(rows=rows, **whole)

    def _lens(self, scan: Scan) -> Lens:
        """Return the lens of a sensor: made once, made anew when the sensor is stated anew."""
        known = self._lenses.get(scan.sensor.number)
        if known is None or known.sensor is not scan.sensor:
            known = lens(scan.sensor, self.theatre.ground, self.frame, self.parameters)
            self._lenses[scan.sensor.number] = known
        return known

    def _plots(
        self, picture: Picture, scan: Scan, glass: Lens, look: F64
    ) -> tuple[F64, I64, I64, I64]:
        """Return the usable plots of a scan."""
        raw = _raw(scan.detections, glass.bits)
        oldest_s = picture.time_s - self.parameters.late_s
        newest_s = scan.time_s + self.parameters.early_s
        return tabulation.tabulate(
            raw,
            raw.view(np.int64),
            glass.bits,
            glass.trusted,
            glass.noise,
            look,
            glass.spread,
            oldest_s,
            newest_s,
        )

    def _step(
        self, picture: Picture, scan: Scan, glass: Lens, look: F64, usable: tuple[F64, I64, I64]
    ) -> tuple[Picture, Association]:
        """Predict, gate, associate, update, found new tracks."""
        plots, bits, chosen = usable
        seen = self._seen(picture, scan, glass, look, plots, bits)
        s, rows = picture.states, self._rows(picture.states, seen, glass, look)
        if not len(rows) and not len(plots):
            return picture, _NOTHING_FOUND
        clusters, others = parted(picture.clusters, s.track[rows])
        chance = hushed(clusters, s.track[rows], self._chance(picture, rows, seen, glass, look))
        pairs = candidates(
            self._size, self._motion, picture.bernoullis, rows, chance, plots, seen.bits,
            seen.scan_bits, glass.view, seen.start_s, seen.end_s,
        )  # fmt: skip
        rows, chance, pairs = _met(rows, chance, pairs)
        touched = Touched(s.track[rows], picture.bernoullis, rows)
        shares = self._contest.associate(clusters, touched, chance, pairs, seen)
        founded = births(plots, bits, shares.free, look, glass.view, self._prior)
        after = self._updated(picture, touched, chance, shares, seen, founded)
        picture, cause = self._credited(after, shares, touched, seen, scan, glass, founded)
        picture = replace(picture, clusters=(*others, *shares.clusters))
        return picture, _association(picture, shares, rows, chosen, cause, len(founded[0]))

    def _seen(
        self, picture: Picture, scan: Scan, glass: Lens, look: F64, plots: F64, bits: I64
    ) -> Observation:
        """Return the scan as kernels take it."""
        start_s, end_s = float(scan.start_s), float(min(scan.end_s, scan.time_s + 5.0))
        s = picture.states

        def chance_of(rows: Bernoullis, number: I64) -> F64:
            """Return the chances of leaves: all but state and existence is their track's."""
            at = np.searchsorted(s.track, number)
            standing = (s.alive_s[at], s.rcs_dbsm[at], s.answered_s[at])
            return chances(
                rows[0], rows[1], rows[5], rows[6], standing, np.arange(len(at)),
                glass.scene(self.frame, look), middle_s, end_s,
            )  # fmt: skip

        middle_s, _ = extent(plots, start_s, end_s)
        return Observation(
            plots, bits & glass.trusted, glass.bits, glass.view, start_s, end_s, chance_of
        )

    def _rows(self, s: TrackStates, seen: Observation, glass: Lens, look: F64) -> I64:
        middle_s, _ = extent(seen.plots, seen.start_s, seen.end_s)
        return in_reach(
            s.state, s.covariance, s.time_s, middle_s, glass.bits, glass.origin,
            look[L_RANGE_MAX],
        )  # fmt: skip

    def _chance(
        self, picture: Picture, rows: I64, seen: Observation, glass: Lens, look: F64
    ) -> F64:
        s = picture.states
        middle_s, _ = extent(seen.plots, seen.start_s, seen.end_s)
        return chances(
            s.state, s.covariance, s.time_s, s.existence, (s.alive_s, s.rcs_dbsm, s.answered_s),
            rows, glass.scene(self.frame, look), middle_s, seen.end_s,
        )  # fmt: skip

    def _updated(
        self, picture: Picture, touched: Touched, chance: F64, shares: Shares, seen: Observation,
        founded: tuple[I64, F64, F64, F64],
    ) -> Updated:  # fmt: skip
        """Return copies of all tracks after the scan, with those that plots founded."""
        pool = picture.modes.with_room(len(touched.at) + len(founded[0]))
        states = extended(picture, founded, seen.plots, pool.enter(founded[2], founded[3]))
        picture = replace(picture, states=states, modes=pool)
        rows = picture.bernoullis
        cause, sure, pool.filled = update(
            self._size, self._motion, rows, touched.at, chance, (*shares.pairs, shares.missed),
            seen.plots, seen.bits, seen.view, shares.clustered, pool.filled,
        )  # fmt: skip
        for settled in shares.settled:
            members = touched.at[np.searchsorted(touched.number, settled.cluster.members)]
            states.mode_row[members] = pool.filled + np.arange(len(members))
            pool.filled += len(members)
            write_slots(settled, rows, members)
            member, plot = np.nonzero(settled.claims > 0.5)
            cause[settled.plots[plot]] = members[member]
            sure[settled.plots[plot]] = settled.claims[member, plot]
        return picture, cause, sure

    def _credited(
        self, after: Updated, shares: Shares, touched: Touched, seen: Observation, scan: Scan,
        glass: Lens, founded: tuple[I64, F64, F64, F64],
    ) -> tuple[Picture, I64]:  # fmt: skip
        """Return the picture with the history of its tracks, and the cause of each plot."""
        picture, cause, sure = after
        s, p, at = picture.states, self.parameters, touched.at
        s.alive_s[at] = np.maximum(s.alive_s[at], seen.end_s)
        history = (
            s.updated_s, s.updates, s.rcs_dbsm, s.rcs_weight, s.answered_s, s.sensor_bits,
            s.own_scans,
        )  # fmt: skip
        number, cooperative = scan.sensor.number, bool(glass.cooperative)
        credit(history, cause, sure, seen.plots, number, picture.scans, cooperative)
        newborn = np.arange(len(s) - len(founded[0]), len(s))
        s.sensor_bits[newborn, (number >> 5) % SENSOR_WORDS] = 1 << (number & 31)
        if cooperative:
            s.answered_s[newborn] = s.time_s[newborn]
        sure_now = (s.existence[at] >= p.confirm_existence) & (s.updates[at] >= p.confirm_updates)
        fresh = at[sure_now & np.isnan(s.confirmed_s[at])]
        s.confirmed_s[fresh] = s.time_s[fresh]
        free = cause[founded[0]] < 0
        cause[founded[0][free]] = newborn[free]
        return replace(picture, next_track=picture.next_track + len(newborn)), cause


def _met(
    rows: I64, chance: F64, pairs: tuple[I64, I64, F64]
) -> tuple[I64, F64, tuple[I64, I64, F64]]:
    """Return the tracks that the look tells something of: a plot is near, or one was expected."""
    starts, pair_plot, weight = pairs
    met = (starts[1:] > starts[:-1]) | (chance[:, 2] > 0.0) | (chance[:, 0] == 0.0)
    if met.all():
        return rows, chance, pairs
    starts = np.append(0, np.cumsum((starts[1:] - starts[:-1])[met]))
    return rows[met], chance[met], (starts, pair_plot, weight)


def _association(
    picture: Picture, shares: Shares, rows: I64, chosen: I64, cause: I64, born: int
) -> Association:
    """Return what a scan came to, in rows of the picture."""
    starts, pair_plot, share = shares.pairs
    row = np.repeat(np.arange(len(rows)), np.diff(starts))
    alone = shares.clustered[row] == 0
    pair_row, plots, chances_ = [rows[row[alone]]], [pair_plot[alone]], [share[alone]]
    for settled in shares.settled:
        members = np.searchsorted(picture.states.track, settled.cluster.members)
        member, plot = np.nonzero(settled.claims > 0.0)
        pair_row.append(members[member])
        plots.append(settled.plots[plot])
        chances_.append(settled.claims[member, plot])
    newborn = np.arange(len(picture.states) - born, len(picture.states))
    return Association(
        np.concatenate([rows, newborn]), chosen, cause, np.concatenate(pair_row),
        chosen[np.concatenate(plots)], np.concatenate(chances_),
    )  # fmt: skip


def _taken(looks: Looks, scan: Scan) -> Looks | None:
    """Return the memory of looks with a scan entered; None when it was there already."""
    row = int(np.searchsorted(looks.sensor, scan.sensor.number))
    if row == len(looks) or looks.sensor[row] != scan.sensor.number:
        fresh = Looks(
            np.array([scan.sensor.number]), np.full((1, LOOKS_KEPT), -1), np.zeros(1, np.int64)
        )
        looks = Looks.concat([looks.take(slice(row)), fresh, looks.take(slice(row, None))])
    elif scan.look in looks.look[row]:
        return None
    look, taken = looks.look.copy(), looks.taken.copy()
    look[row, taken[row] % LOOKS_KEPT] = scan.look
    taken[row] += 1
    return Looks(looks.sensor, look, taken)


def _layers(address: I64, chosen: I64, plots: F64) -> list[I64] | None:
    """Return the plots by how often their address came before in the scan; None when none did.

    A receiver may hear a target several times in one scan. No track is told by its address:
    only the assumption "one plot a target" is kept true.
    """
    named = address[chosen]
    order = np.lexsort((plots[:, P_TIME], named))
    again = (np.diff(named[order]) == 0) & (named[order][1:] >= 0)
    if not again.any():
        return None
    rank = np.zeros(len(order), dtype=np.int64)
    for k in range(1, len(order)):
        rank[k] = rank[k - 1] + 1 if again[k - 1] else 0
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = rank
    return [np.flatnonzero(turn == k) for k in range(int(turn.max()) + 1)]


def _raw(detections: Detections, bits: int) -> F64:
    """Return the columns that a sensor measures, one matrix; what it doesn't measure stays NaN."""
    raw = np.full((tabulation.RAW_HEIGHT, len(detections)), np.nan)
    raw[tabulation.RAW_TIME] = detections.time_s
    value = raw[tabulation.RAW_VALUE : tabulation.RAW_SIGMA]
    for slot, (measure, name) in enumerate(SLOT_COLUMNS):
        if bits & measure:
            value[slot] = getattr(detections, name)
    if bits & POSITION:
        raw[tabulation.RAW_SIGMA] = detections.sigma_m
    raw[tabulation.RAW_RCS] = detections.rcs_dbsm
    return raw


def _counted(counts: Counts, **more: int) -> Counts:
    """Return counts with some of them raised."""
    return replace(counts, **{name: getattr(counts, name) + n for name, n in more.items()})


def extended(
    picture: Picture, founded: tuple[I64, F64, F64, F64], plots: F64, mode_row: I64
) -> TrackStates:
    """Return a copy of the tracks with those that plots founded at its end."""
    chosen, existence, state, covariance = founded
    fresh, time_s, rcs = len(chosen), plots[chosen, P_TIME], plots[chosen, P_RCS]
    before = [getattr(picture.states, name) for name in STATE_COLUMNS]
    if not fresh:
        return TrackStates(*(column.copy() for column in before))
    own = np.full((fresh, OWN_SCANS), -1, dtype=np.int64)
    own[:, 0] = picture.scans
    nothing = np.full(fresh, np.nan)
    born = TrackStates(
        np.arange(picture.next_track, picture.next_track + fresh), time_s, state, covariance,
        existence, time_s, time_s, nothing, time_s, nothing, np.ones(fresh, dtype=np.int64),
        np.zeros((fresh, SENSOR_WORDS), dtype=np.int64), own, rcs,
        np.where(np.isnan(rcs), 0.0, 1.0), mode_row,
    )  # fmt: skip
    names = zip(before, STATE_COLUMNS, strict=True)
    return TrackStates(*(np.concatenate((old, getattr(born, name))) for old, name in names))


def with_evidence(picture: Picture) -> Picture:
    """Return the picture with a row of evidence for each track: new ones get theirs here.

    Scans leave new tracks without; they stand behind those that have one.
    """
    born_m = picture.states.state[len(picture.evidence) :, :3]
    fresh = len(born_m)
    if not fresh:
        return picture
    zero, nothing = np.zeros(fresh), np.full(fresh, np.nan)
    classes = np.zeros((fresh, N_CLASSES))
    none, unseen = np.full(fresh, -1, dtype=np.int8), np.zeros(fresh, dtype=np.int8)
    born = Evidence(
        classes + PRIOR_LOG_CLASS, classes, classes, zero, nothing, born_m, zero, zero, nothing,
        zero, np.full(fresh, -1), none, np.zeros(fresh, dtype="S8"), zero, zero, zero, none, none,
        nothing, none, unseen, np.zeros(fresh, dtype=np.int64), zero,
    )  # fmt: skip
    return replace(picture, evidence=Evidence.concat([picture.evidence, born]))
