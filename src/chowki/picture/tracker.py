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
from chowki.kernels.bernoulli import OWN_SCANS, Kept, births, update
from chowki.kernels.gate import P_RCS, P_TIME, candidates
from chowki.kernels.geodesy import station_frame
from chowki.kernels.kalman import POSITION
from chowki.kernels.visibility import L_MISS
from chowki.picture.classes import PRIOR_LOG_CLASS
from chowki.picture.lens import Lens, birth_prior, gate_sizes, lens
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
        self.theatre, self.parameters, self.associator = theatre, parameters, associator
        self.frame = station_frame(
            float(np.radians(station.lat_deg)),
            float(np.radians(station.lon_deg)),
            float(station.height_m),
        )
        self._gates = gate_sizes(parameters.gate_probability)
        self._prior = birth_prior(parameters)
        self._confirm = (parameters.confirm_existence, parameters.confirm_updates)
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
        plots, bits, chosen = usable
        scene = (
            glass.origin, glass.axes, self.frame, glass.mask_azimuth, glass.mask_elevation, look,
            self._gates,
        )  # fmt: skip
        s = picture.states
        kinematics = (
            s.state, s.covariance, s.time_s, s.existence, s.alive_s, s.rcs_dbsm, s.answered_s
        )  # fmt: skip
        start_s, end_s = float(scan.start_s), float(min(scan.end_s, scan.time_s + 5.0))
        trusted = bits & glass.trusted
        rows, starts, pair_plot, weight, missed, now = candidates(
            kinematics, plots, trusted, glass.bits, scene, start_s, end_s
        )
        if not len(rows) and not len(plots):
            return picture, _NOTHING_FOUND
        share, share_missed, new = self.associator.marginals(
            starts, pair_plot, weight, missed, len(plots)
        )
        founded = births(plots, bits, new, scene, self._prior)
        states = extended(picture, founded, plots, scan.sensor.number, bool(glass.cooperative))
        cause = update(
            _kept(states), (rows, starts, pair_plot, share, share_missed, missed, now), plots,
            trusted, scene, end_s, scan.sensor.number, picture.scans, self._confirm,
        )  # fmt: skip
        newborn = np.arange(len(s), len(states))
        free = cause[founded[0]] < 0
        cause[founded[0][free]] = newborn[free]
        picture = replace(
            picture,
            states=states,
            next_track=picture.next_track + len(newborn),
        )
        pair_row = np.repeat(rows, np.diff(starts))
        return picture, Association(
            np.concatenate([rows, newborn]), chosen, cause, pair_row, chosen[pair_plot], share
        )


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


def _kept(s: TrackStates) -> Kept:
    """Return the columns that an update writes into."""
    return (
        s.state, s.covariance, s.time_s, s.existence, s.alive_s, s.updated_s, s.updates,
        s.rcs_dbsm, s.rcs_weight, s.answered_s, s.sensor_bits, s.own_scans, s.confirmed_s,
    )  # fmt: skip


def extended(
    picture: Picture,
    founded: tuple[I64, F64, F64, F64],
    plots: F64,
    sensor: int,
    cooperative: bool,
) -> TrackStates:
    """Return a copy of the tracks with those that plots founded at its end."""
    chosen, existence, state, covariance = founded
    fresh, time_s, rcs = len(chosen), plots[chosen, P_TIME], plots[chosen, P_RCS]
    before = [getattr(picture.states, name) for name in STATE_COLUMNS]
    if not fresh:
        return TrackStates(*(column.copy() for column in before))
    bits = np.zeros((fresh, SENSOR_WORDS), dtype=np.int64)
    bits[:, (sensor >> 5) % SENSOR_WORDS] = 1 << (sensor & 31)
    own = np.full((fresh, OWN_SCANS), -1, dtype=np.int64)
    own[:, 0] = picture.scans
    nothing = np.full(fresh, np.nan)
    born = TrackStates(
        np.arange(picture.next_track, picture.next_track + fresh),
        time_s,
        state,
        covariance,
        existence,
        time_s,
        time_s,
        nothing,
        time_s,
        time_s if cooperative else nothing,
        np.ones(fresh, dtype=np.int64),
        bits,
        own,
        rcs,
        np.where(np.isnan(rcs), 0.0, 1.0),
    )
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
