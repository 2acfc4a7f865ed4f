"""The state of the picture: named tables, one value in and a new one out of each step."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from chowki.core.records import N_CLASSES
from chowki.core.table import F64, I8, I64, S8, Col, Table
from chowki.kernels.gate import Bernoullis
from chowki.kernels.likelihoods import M_WIDTH
from chowki.picture.authorised import Authorisation
from chowki.picture.bearings import BearingMemory
from chowki.picture.clusters import Cluster
from chowki.picture.pool import ModePool
from chowki.picture.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class TrackStates(Table):
    """Every Bernoulli track: where it is, how surely it is there, and what it is made of."""

    track: Annotated[I64, Col("", "track number, never reused")]
    time_s: Annotated[F64, Col("s", "UTC validity time of state and covariance")]
    state: Annotated[F64, Col("m, m/s", "position and velocity, station frame", (6,))]
    covariance: Annotated[F64, Col("m2, m2/s, m2/s2", "of the state", (6, 6))]
    existence: Annotated[F64, Col("", "probability that a target is there")]
    alive_s: Annotated[F64, Col("s", "UTC validity time of the existence")]
    first_s: Annotated[F64, Col("s", "UTC time of the first detection")]
    confirmed_s: Annotated[F64, Col("s", "UTC time of confirmation, NaN before")]
    updated_s: Annotated[F64, Col("s", "UTC time of the last detection")]
    answered_s: Annotated[F64, Col("s", "UTC time of the last cooperative report, or NaN")]
    updates: Annotated[I64, Col("", "number of detections that have contributed")]
    sensor_bits: Annotated[I64, Col("", "which sensors have contributed, 32 a word", (8,))]
    own_scans: Annotated[I64, Col("", "last scans that held a plot of its own", (12,))]
    rcs_dbsm: Annotated[F64, Col("dBsm", "mean radar cross-section, or NaN")]
    rcs_weight: Annotated[F64, Col("", "number of plots behind it, bounded")]
    unseen: Annotated[F64, Col("", "radar detections that were expected since the last one")]
    mode_row: Annotated[I64, Col("", "where its modes of motion stand in the pool")]


@dataclass(frozen=True, slots=True)
class Evidence(Table):
    """What is known of each track besides its motion; row by row beside ``TrackStates``."""

    log_class: Annotated[F64, Col("", "log posterior of each ObjectClass", (N_CLASSES,))]
    flight: Annotated[F64, Col("", "how it flies: M_... of ``kernels.likelihoods``", (M_WIDTH,))]
    looks: Annotated[F64, Col("", "sum of ln p(electro-optical look | class)", (N_CLASSES,))]
    payload: Annotated[F64, Col("", "log likelihood ratio of a payload from looks at it")]
    weighed_s: Annotated[F64, Col("s", "UTC time of the last weighing of its motion, or NaN")]
    first_m: Annotated[F64, Col("m", "position where it was first seen", (3,))]
    heard: Annotated[F64, Col("", "mean probability that it was the emitter heard")]
    hits: Annotated[F64, Col("", "direction-finder hits on its bearing")]
    heard_hz: Annotated[F64, Col("Hz", "carrier heard most on its bearing, or NaN")]
    heard_more: Annotated[F64, Col("", "by how much more than all others")]
    looked: Annotated[F64, Col("", "number of electro-optical looks at it")]
    address: Annotated[I64, Col("", "last address associated, -1 none")]
    address_kind: Annotated[I8, Col("", "AddressKind")]
    callsign: Annotated[S8, Col("", "last call sign associated")]
    agreed: Annotated[F64, Col("", "weight of reports that fit the track")]
    contradicted: Annotated[F64, Col("", "weight of reports that contradict it")]
    elsewhere: Annotated[F64, Col("", "weight of reports whose address belongs elsewhere")]
    plan: Annotated[F64, Col("", "how steadily it keeps to its filed route, in [0, 1]")]
    side: Annotated[I8, Col("", "1 on the defended side, 0 beyond the border, -1 not known")]
    origin: Annotated[I8, Col("", "Origin: where it was first seen")]
    crossed_border_s: Annotated[F64, Col("s", "UTC time of entering the defended side, or NaN")]
    decided: Annotated[I8, Col("", "Identity set by a person, -1 none")]
    identity: Annotated[I8, Col("", "Identity")]
    reasons: Annotated[I64, Col("", "Reason bits behind the identity")]
    armed_probability: Annotated[F64, Col("", "probability that it is armed")]


@dataclass(frozen=True, slots=True)
class SensorMemory:
    """What is remembered of the scans of one sensor.

    Attributes
    ----------
    place : int
        Its place in the order in which sensors came: the bit by which tracks name it.
    looks : I64
        Shape (32,): numbers of its last looks, -1 for none; one that comes again is known again.
    scans : int
        Scans taken.
    turns : float
        The same in whole turns: a scan of one sector is a part of one.
    spots : F64
        Shape (s, F_WIDTH): its late plots that may have been false (``kernels.clutter``).
    """

    place: int
    looks: I64
    scans: int
    turns: float
    spots: F64


@dataclass(frozen=True, slots=True)
class Undetected:
    """Intensity of targets without a track.

    Attributes
    ----------
    density : F64
        Shape (kinds, rows, columns), 1/m2; empty before the first scan.
    time_s : float
        UTC seconds.
    turns : mapping of int to float
        Turns of each sensor, by its number, that have been taken into account.
    """

    density: F64 = field(default_factory=lambda: np.empty((0, 0, 0)))
    time_s: float = -math.inf
    turns: Mapping[int, float] = field(default_factory=dict[int, float])


@dataclass(frozen=True, slots=True)
class Claims(Table):
    """Where each address last said that it was."""

    address: Annotated[I64, Col("", "ICAO 24-bit address or Remote ID digest")]
    time_s: Annotated[F64, Col("s", "UTC time of its last report")]
    position_m: Annotated[F64, Col("m", "reported position, station frame", (3,))]
    track: Annotated[I64, Col("", "number of the track it was associated with")]


@dataclass(frozen=True, slots=True)
class Twins(Table):
    """Pairs of tracks that can't be told apart, and since when."""

    older: Annotated[I64, Col("", "smaller track number")]
    younger: Annotated[I64, Col("", "larger track number")]
    since_s: Annotated[F64, Col("s", "UTC time since which they are indistinguishable")]


@dataclass(frozen=True, slots=True)
class Counts(Table):
    """What was left out, and what ended."""

    unusable: Annotated[I64, Col("", "plots without what their sensor measures")]
    out_of_time: Annotated[I64, Col("", "plots too old, or from the future")]
    repeated: Annotated[I64, Col("", "plots that came twice in one scan")]
    scans_repeated: Annotated[I64, Col("", "scans that came twice")]
    merged: Annotated[I64, Col("", "tracks merged into an older one")]
    dropped: Annotated[I64, Col("", "tracks dropped")]

    @classmethod
    def none(cls) -> Counts:
        """Return counts of nothing."""
        return cls(*(np.zeros(1, dtype=np.int64) for _ in cls.schema()))


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the tracker and identity know.

    Attributes
    ----------
    time_s : float
        Latest time of receipt, minus infinity at first.
    ticked_s : float
        Time of the last tick, minus infinity at first.
    next_track : int
        Next track number.
    scans : int
        Scans taken.
    states, evidence : TrackStates, Evidence
        Tracks, row by row.
    sensors : mapping of int to SensorMemory
        Memory of each sensor, by its number.
    upkeep : Upkeep
        What is known of the sensors: biases, condition.
    undetected : Undetected
        Targets without a track.
    claims, twins, counts
        Memory beside the tracks.
    modes : ModePool
        Modes of motion, by ``states.mode_row``.
    clusters : tuple of Cluster
        Tracks that are kept as several hypotheses.
    heard : BearingMemory
        Bearings that no track claims.
    authorisation : Authorisation
        Which drones may fly besides those listed, and which no longer may.
    """

    time_s: float = -np.inf
    ticked_s: float = -np.inf
    next_track: int = 1
    scans: int = 0
    states: TrackStates = field(default_factory=TrackStates.empty)
    evidence: Evidence = field(default_factory=Evidence.empty)
    sensors: Mapping[int, SensorMemory] = field(default_factory=dict[int, SensorMemory])
    undetected: Undetected = field(default_factory=Undetected)
    upkeep: Upkeep = field(default_factory=Upkeep)
    claims: Claims = field(default_factory=Claims.empty)
    twins: Twins = field(default_factory=Twins.empty)
    counts: Counts = field(default_factory=Counts.none)
    modes: ModePool = field(default_factory=ModePool.empty)
    clusters: tuple[Cluster, ...] = ()
    heard: BearingMemory = field(default_factory=BearingMemory)
    authorisation: Authorisation = field(default_factory=Authorisation)

    @property
    def bernoullis(self) -> Bernoullis:
        """Return the tracks as kernels take them."""
        return bernoullis_of(self.states, self.modes)


def bernoullis_of(s: TrackStates, modes: ModePool) -> Bernoullis:
    """Return tracks with their modes as kernels take them."""
    return (
        s.state, s.covariance, modes.state, modes.covariance, modes.probability, s.time_s,
        s.existence, s.mode_row,
    )  # fmt: skip
