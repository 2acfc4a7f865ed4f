"""Threat: which defended place a track means, how surely, and when it would be there."""

from __future__ import annotations

import math

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from chowki.core.places import Theatre
from chowki.core.records import DRONE_CLASSES, N_CLASSES, Identity, Threats, Tracks, TrackStatus
from chowki.core.table import F64, I64
from chowki.defence.ground_plan import GroundPlan
from chowki.kernels.approach import approach


class ThreatParameters(BaseModel):
    """Figures of the approach model; illustrative, each with its reason.

    Attributes
    ----------
    attack_if_pending, attack_if_unknown, attack_if_suspect, attack_if_hostile : float
        Probability that a drone of this identity is out to attack. Friends, assumed friends and
        neutrals never are. An unknown drone is as likely as not on a harmless errand.
    aim_sd_rad : float
        Spread of an attacker's heading about the bearing of its place: 20 degrees, for flight by
        waypoints.
    detour_share : float
        Share of attackers that at any moment fly any heading (a turn, a long detour).
    none_weight : float
        Prior weight of "means no place" against one place right below the track.
    distance_scale_m : float
        Distance over which a place's prior falls by 1/e: a place passed on the way is rarer than
        the one at hand.
    reach_m : float
        Furthest place considered: about the range of a small drone.
    speed_spread : float
        Spread of the mean speed to come about the speed now (one sigma, relative).
    slowest_mps : float
        Least speed assumed, so that a hovering track has a finite time to go.
    longest_s : float
        Times to go are cut here: one hour.
    threshold : float
        Least probability of a pair that leaves as a row.
    unarmed_harm : float
        Harm of an unarmed attacker against 1 for an armed one.
    priority_weight, population_weight : float
        How much a place's priority, and the order of magnitude of its population (log10 of
        inhabitants over 6), count in the score.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    attack_if_pending: float = Field(default=0.3, ge=0, le=1)
    attack_if_unknown: float = Field(default=0.5, ge=0, le=1)
    attack_if_suspect: float = Field(default=0.9, ge=0, le=1)
    attack_if_hostile: float = Field(default=1.0, ge=0, le=1)
    aim_sd_rad: float = Field(default=math.radians(20.0), gt=0, le=math.pi)
    detour_share: float = Field(default=0.1, ge=0, lt=1)
    none_weight: float = Field(default=1.0, gt=0)
    distance_scale_m: float = Field(default=80_000.0, gt=0)
    reach_m: float = Field(default=150_000.0, gt=0)
    speed_spread: float = Field(default=0.15, ge=0, le=1)
    slowest_mps: float = Field(default=3.0, gt=0)
    longest_s: float = Field(default=3_600.0, gt=0)
    threshold: float = Field(default=0.05, gt=0, le=1)
    unarmed_harm: float = Field(default=0.2, ge=0, le=1)
    priority_weight: float = Field(default=0.7, ge=0)
    population_weight: float = Field(default=0.3, ge=0)


class DestinationThreat:
    """Threat model: Bayes over places from heading, closest approach and distance.

    For each drone-like track and each place in reach, the likelihood of the track's heading
    under "flies to this place" (``kernels.approach.heading_likelihood``) times a prior that falls
    with distance; normalised over the places and "none of them" (Johansson and Falkman 2008 use
    the same proximity and intent cues in a Bayesian net).

    Parameters
    ----------
    theatre : Theatre
        Places and frame of reference.
    parameters : ThreatParameters
        Figures of the model.
    """

    def __init__(self, theatre: Theatre, parameters: ThreatParameters | None = None) -> None:
        self._figures = parameters or ThreatParameters()
        self._plan = GroundPlan.of(theatre)
        self._attack = _attack_by_identity(self._figures)
        self._is_drone = np.zeros(N_CLASSES)
        self._is_drone[list(DRONE_CLASSES)] = 1.0
        self._worth = _worth_of_places(self._plan, self._figures)

    def evaluate(self, tracks: Tracks, time_s: float) -> Threats:
        """Return ranked pairs of track and place; the worst first."""
        rows, relevance = self._relevant(tracks)
        if not len(rows) or not len(self._worth):
            return Threats.empty()
        f = self._figures
        pairs, numbers = approach(
            _kinematics(tracks, rows),
            relevance,
            self._plan.place_m,
            self._plan.place_axes,
            self._plan.place_radius_m,
            f.reach_m,
            f.distance_scale_m,
            f.aim_sd_rad,
            f.detour_share,
            f.none_weight,
            f.speed_spread,
            f.slowest_mps,
            f.longest_s,
            f.threshold,
        )
        return self._ranked(tracks, rows[pairs[:, 0]], pairs[:, 1], numbers, time_s)

    def _relevant(self, tracks: Tracks) -> tuple[I64, F64]:
        """Return rows of tracks that may attack, and how probably they do."""
        drone = tracks.class_probability @ self._is_drone
        weight = drone * self._attack[tracks.identity] * tracks.existence
        status = tracks.status
        alive = (status == int(TrackStatus.CONFIRMED)) | (status == int(TrackStatus.COASTING))
        rows = np.flatnonzero(alive & (weight >= self._figures.threshold))
        return rows, np.ascontiguousarray(np.minimum(weight[rows], 1.0))

    def _ranked(
        self, tracks: Tracks, rows: I64, place: I64, numbers: F64, time_s: float
    ) -> Threats:
        probability = numbers[:, 0]
        armed = tracks.armed_probability[rows]
        armed = np.where(np.isnan(armed), 0.5, armed)
        unarmed_harm = self._figures.unarmed_harm
        harm = armed + (1.0 - armed) * unarmed_harm
        score = probability * harm * self._worth[place]
        track = tracks.track[rows]
        order = np.argsort(-score, kind="stable")
        numbers = numbers[order]
        return Threats(
            time_s=np.full(len(order), time_s),
            track=track[order],
            place=place[order],
            probability=numbers[:, 0],
            time_to_go_s=numbers[:, 1],
            time_to_go_low_s=numbers[:, 2],
            time_to_go_high_s=numbers[:, 3],
            distance_m=numbers[:, 4],
            cpa_m=numbers[:, 5],
            cpa_time_s=numbers[:, 6],
            armed_probability=armed[order],
            score=score[order],
            rank=np.arange(1, len(order) + 1, dtype=np.int64),
        )


def _attack_by_identity(figures: ThreatParameters) -> F64:
    """Return the probability of an attack by identity, indexed by its code."""
    attack = np.zeros(len(Identity))
    attack[Identity.PENDING] = figures.attack_if_pending
    attack[Identity.UNKNOWN] = figures.attack_if_unknown
    attack[Identity.SUSPECT] = figures.attack_if_suspect
    attack[Identity.HOSTILE] = figures.attack_if_hostile
    return attack


def _worth_of_places(plan: GroundPlan, figures: ThreatParameters) -> F64:
    people = np.log10(1.0 + plan.population) / 6.0
    return figures.priority_weight * plan.priority + figures.population_weight * people


def _kinematics(tracks: Tracks, rows: I64) -> F64:
    """Return rows of position, velocity and their spreads, as ``kernels.approach`` takes them."""
    out = np.empty((len(rows), 8))
    names = ("east_m", "north_m", "up_m", "v_east_mps", "v_north_mps", "v_up_mps")
    for k, name in enumerate((*names, "sd_horizontal_m", "sd_speed_mps")):
        out[:, k] = getattr(tracks, name)[rows]
    out[:, 6:] = np.where(np.isfinite(out[:, 6:]), out[:, 6:], 1e6)
    return out


def worst_of_each(tracks: Tracks, threats: Threats) -> tuple[I64, I64, I64, F64]:
    """Return what each threatening track threatens most; the worst tracks first.

    Threats come ranked, so the first of a track is its worst.

    Returns
    -------
    row : I64
        Row of the track in the picture.
    whose : I64
        Row of each threat's track in the picture.
    first : I64
        Row of its worst threat.
    probability : F64
        Probability that it means any place at all.
    """
    _, first, of = np.unique(threats.track, return_index=True, return_inverse=True)
    total = np.zeros(len(first))
    np.add.at(total, of, threats.probability)
    order = np.argsort(tracks.track, kind="stable")
    row = order[np.searchsorted(tracks.track, threats.track[first], sorter=order)]
    ranked = np.argsort(first, kind="stable")
    return row[ranked], row[of], first[ranked], total[ranked]
