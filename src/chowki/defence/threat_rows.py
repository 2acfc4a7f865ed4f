"""What every threat model shares: who may attack, what a place is worth, ranked rows."""

from __future__ import annotations

import numpy as np

from chowki.core.places import Theatre
from chowki.core.records import DRONE_CLASSES, N_CLASSES, Identity, Threats, Tracks, TrackStatus
from chowki.core.table import F64, I64
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.threat_parameters import ThreatParameters
from chowki.kernels.approach import approach

UNKNOWN_ARMED = 0.5
UNKNOWN_SPREAD = 1e6  # metres, and metres per second


class ThreatRows:
    """Picks the tracks that may attack, and makes rows of what they mean.

    Parameters
    ----------
    theatre : Theatre
        Places and frame of reference.
    figures : ThreatParameters
        Figures.
    """

    def __init__(self, theatre: Theatre, figures: ThreatParameters) -> None:
        self.plan = GroundPlan.of(theatre)
        self._figures = figures
        self._attack = _attack_by_identity(figures)
        self._is_drone = np.zeros(N_CLASSES)
        self._is_drone[list(DRONE_CLASSES)] = 1.0
        people = np.log10(1.0 + self.plan.population) / 6.0
        priority = figures.priority_weight * self.plan.priority
        self._worth = priority + figures.population_weight * people

    def relevant(self, tracks: Tracks) -> tuple[I64, F64]:
        """Return rows of tracks that may attack, by track number, and how probably they do.

        That probability is P(a target is there) x P(it is a drone) x P(a drone of this identity
        is out to attack).
        """
        drone = tracks.class_probability @ self._is_drone
        weight = drone * self._attack[tracks.identity] * tracks.existence
        status = tracks.status
        alive = (status == int(TrackStatus.CONFIRMED)) | (status == int(TrackStatus.COASTING))
        rows = np.flatnonzero(alive & (weight >= self._figures.threshold))
        rows = rows[np.argsort(tracks.track[rows], kind="stable")]
        return rows, np.ascontiguousarray(np.minimum(weight[rows], 1.0))

    def pairs(self, kinematics: F64, pace: F64, probability: F64) -> tuple[I64, F64]:
        """Return the pairs that matter and their numbers, as ``kernels.approach`` gives them."""
        f = self._figures
        return approach(
            kinematics,
            pace,
            probability,
            self.plan.place_m,
            self.plan.place_axes,
            self.plan.place_radius_m,
            np.array([f.detour_least, f.detour_by_course]),
            f.slowest_mps,
            f.longest_s,
            f.threshold,
        )

    def scores(self, tracks: Tracks, rows: I64, pairs: I64, numbers: F64) -> tuple[F64, F64]:
        """Return the score of each pair, and the probability that its track is armed.

        The score is probability x harm x worth: how probably the place is meant, what an armed or
        unarmed drone does there, what the place's priority and population count.
        """
        armed = tracks.armed_probability[rows[pairs[:, 0]]]
        armed = np.where(np.isnan(armed), UNKNOWN_ARMED, armed)
        harm = armed + (1.0 - armed) * self._figures.unarmed_harm
        return numbers[:, 0] * harm * self._worth[pairs[:, 1]], armed

    @staticmethod
    def losses(pairs: I64, score: F64, n: int) -> F64:
        """Return the expected loss of each of n tracks: the sum of its scores."""
        return np.bincount(pairs[:, 0], score, n).astype(np.float64)

    def ranked(self, tracks: Tracks, rows: I64, found: Found, rank: I64, time_s: float) -> Threats:
        """Return the rows: tracks by rank, the places of a track by probability.

        Parameters
        ----------
        tracks : Tracks
            The picture.
        rows : I64
            Shape (n,): rows of the relevant tracks in it.
        found : tuple of I64, F64, F64, F64
            Pairs and numbers of ``pairs``; score and armed probability of ``scores``.
        rank : I64
            Shape (n,): where each relevant track stands.
        time_s : float
            UTC seconds.
        """
        pairs, numbers, score, armed = found
        of, place = pairs[:, 0], pairs[:, 1]
        order = np.lexsort((place, -numbers[:, 0], of, rank[of]))
        numbers = numbers[order]
        return Threats(
            time_s=np.full(len(order), time_s),
            track=tracks.track[rows[of[order]]],
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


Found = tuple[I64, F64, F64, F64]


def _attack_by_identity(figures: ThreatParameters) -> F64:
    """Return the probability of an attack by identity, indexed by its code."""
    attack = np.zeros(len(Identity))
    attack[Identity.PENDING] = figures.attack_if_pending
    attack[Identity.UNKNOWN] = figures.attack_if_unknown
    attack[Identity.SUSPECT] = figures.attack_if_suspect
    attack[Identity.HOSTILE] = figures.attack_if_hostile
    return attack


def kinematics_of(tracks: Tracks, rows: I64) -> F64:
    """Return rows of position, velocity and their spreads, shape (n, 8), as kernels take them."""
    out = np.empty((len(rows), 8))
    names = ("east_m", "north_m", "up_m", "v_east_mps", "v_north_mps", "v_up_mps")
    for k, name in enumerate((*names, "sd_horizontal_m", "sd_speed_mps")):
        out[:, k] = getattr(tracks, name)[rows]
    out[:, 6:] = np.where(np.isfinite(out[:, 6:]), out[:, 6:], UNKNOWN_SPREAD)
    return out


def pace_now(kinematics: F64, figures: ThreatParameters) -> F64:
    """Return mean speed to come and its spread, shape (n, 2), from the velocity now."""
    speed = np.sqrt((kinematics[:, 3:6] ** 2).sum(axis=1))
    error = kinematics[:, 7] / np.sqrt(3.0)
    return pace_of(speed, np.minimum(error, speed), figures)


def pace_of(speed_mps: F64, error_mps: F64, figures: ThreatParameters) -> F64:
    """Return mean speed to come and its spread, shape (n, 2); an unknown one is assumed."""
    unknown = ~np.isfinite(speed_mps)
    speed = np.where(unknown, figures.unknown_speed_mps, speed_mps)
    error = np.where(unknown, 0.5 * figures.unknown_speed_mps, error_mps)
    return np.column_stack((speed, np.hypot(error, figures.speed_spread * speed)))
