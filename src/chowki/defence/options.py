"""Options: which site could engage which threatening track, and what the rules leave of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.records import Reason, Refusal, Threats
from chowki.core.table import F64, I8, I64
from chowki.defence.rules import RulesParameters, harm_of, judge_requests
from chowki.defence.situation import Requests, Situation
from chowki.kernels.intercept import reach_in_time

# Probability that a drone which no direction finder heard transmits all the same; illustrative.
UNHEARD_TRANSMITS = 0.25
# Least probability that a round finds its target at all: below it the shot waits until the track
# is nearer, since a round spent far out on a guess is missed later. Illustrative.
LEAST_FOUND = 0.5


@dataclass(frozen=True, slots=True)
class Candidates:
    """Threatening tracks, one entry each, with the place each threatens most.

    Attributes
    ----------
    row, track, place : I64
        Row in the picture, track number, place.
    probability : F64
        Probability that it means any place at all.
    value : F64
        Score of the threat.
    earliest_s, latest_s : F64
        Ends of the 90 % interval of its time to go.
    """

    row: I64
    track: I64
    place: I64
    probability: F64
    value: F64
    earliest_s: F64
    latest_s: F64

    def take(self, rows: I64 | slice) -> Candidates:
        """Return some of the candidates."""
        return Candidates(
            self.row[rows],
            self.track[rows],
            self.place[rows],
            self.probability[rows],
            self.value[rows],
            self.earliest_s[rows],
            self.latest_s[rows],
        )


@dataclass(frozen=True, slots=True)
class Options:
    """Pairs of site and candidate in reach.

    Attributes
    ----------
    candidate : I64
        Entry among the candidates.
    asked : Requests
        One round of the site against the candidate.
    kill : F64
        Stated single-shot kill probability.
    refusal : I8
        What the rules say, 0 for allowed.
    slot : I64
        Slot at whose beginning the order would leave; delays of ``asked`` count from now.
    harm : F64
        P(at least one person hit) by the debris; 0 where the rules forbid it.
    """

    candidate: I64
    asked: Requests
    kill: F64
    refusal: I8
    slot: I64
    harm: F64

    def take(self, rows: I64) -> Options:
        """Return some of the options."""
        return Options(
            self.candidate[rows],
            self.asked.take(rows),
            self.kill[rows],
            self.refusal[rows],
            self.slot[rows],
            self.harm[rows],
        )


def find_candidates(threats: Threats, row: I64, first: I64, probability: F64) -> Candidates:
    """Return threatening tracks as ``threat.worst_of_each`` gives them."""
    return Candidates(
        row=row,
        track=threats.track[first],
        place=threats.place[first],
        probability=probability,
        value=threats.score[first],
        earliest_s=threats.time_to_go_low_s[first],
        latest_s=threats.time_to_go_high_s[first],
    )


def find_options(
    situation: Situation, able: Candidates, figures: RulesParameters, slot_s: float, slots: int
) -> Options:
    """Return every pair of site and candidate in reach, slot by slot, and what the rules say of it.

    They stand in order of candidate, slot, site. What is foreseen for a later slot is judged as if
    every track kept its velocity until then.
    """
    tracks, plan = situation.tracks, situation.plan
    pairs, numbers = reach_in_time(
        situation.motion[able.row],
        tracks.height_agl_m[able.row],
        able.latest_s,
        tracks.class_probability[able.row],
        plan.site_m,
        plan.site_figures,
        plan.site_kill,
        plan.frame,
        slot_s,
        slots,
    )
    candidate, slot = pairs[:, 1].copy(), pairs[:, 2].copy()
    asked = Requests(
        row=able.row[candidate],
        place=able.place[candidate],
        site=pairs[:, 0].copy(),
        rounds=np.ones(len(pairs), dtype=np.int64),
        delay_s=numbers[:, 0] + slot * slot_s,
        point_m=numbers[:, 1:4].copy(),
        height_m=numbers[:, 4].copy(),
    )
    kill = numbers[:, 5] * _audible(situation, asked)
    found = _found(situation, asked, numbers[:, 0])
    near = np.flatnonzero(found >= LEAST_FOUND)
    asked, refusal, harm = asked.take(near), np.zeros(len(near), dtype=np.int8), np.zeros(len(near))
    if len(near):
        refusal = judge_requests(situation, asked, figures)
        allowed = np.flatnonzero(refusal == 0)
        harm[allowed] = harm_of(situation, asked.take(allowed), figures)
    return Options(candidate[near], asked, (kill * found)[near], refusal, slot[near], harm)


def _found(situation: Situation, asked: Requests, delay_s: F64) -> F64:
    """Return the probability that a track is where a round searches when it comes there.

    1 - exp(-r^2 / 2 s^2), a circular normal error below r (Rayleigh's distribution), with s grown
    from the uncertainty of position and velocity, which stays what it is now until the order and
    grows from there to the intercept; NaN where that is unknown.
    """
    tracks, row = situation.tracks, asked.row
    known = tracks.sd_horizontal_m[row] ** 2 / 2.0
    drift = tracks.sd_speed_mps[row] ** 2 / 3.0
    spread = np.maximum(known + drift * delay_s**2, 1.0)
    return -np.expm1(-0.5 * situation.plan.acquisition_m[asked.site] ** 2 / spread)


def _audible(situation: Situation, asked: Requests) -> F64:
    """Return the factor on the kill probability of jammers: what is silent can't be jammed."""
    heard = (situation.tracks.reasons[asked.row] & int(Reason.RF_HIT)) != 0
    return np.where(situation.plan.site_jams[asked.site] & ~heard, UNHEARD_TRANSMITS, 1.0)


def refusal_of_each(candidates: int, options: Options, unreached: I64) -> I64:
    """Return the refusal of each candidate, 0 where a site may engage it.

    Of several options the one that came furthest through the rules speaks for the candidate.

    Parameters
    ----------
    candidates : int
        Number of candidates.
    options : Options
        Their options: those of this second tell why nothing is ordered now, all tell what stands.
    unreached : I64
        Shape (candidates,): the refusal of a candidate without an option.
    """
    order = [Refusal.MAGAZINE, Refusal.SELF_PROTECTION, Refusal.NO_FIRE_VOLUME]
    order += [Refusal.BORDER, Refusal.CIVILIAN_HARM, Refusal.NONE]
    progress = np.zeros(len(Refusal), dtype=np.int64)
    progress[order] = np.arange(len(order))
    furthest = np.full(candidates, -1, dtype=np.int64)
    np.maximum.at(furthest, options.candidate, progress[options.refusal])
    return np.where(furthest < 0, unreached, np.array(order, dtype=np.int64)[furthest])
