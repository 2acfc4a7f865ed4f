"""Options: which site could engage which threatening track, and what the rules leave of that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.ports import Allocator
from chowki.core.records import Reason, Refusal, Threats
from chowki.core.table import F64, I8, I64
from chowki.defence.rules import RulesParameters, judge_requests
from chowki.defence.situation import Requests, Situation
from chowki.kernels.intercept import reach

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
    """

    candidate: I64
    asked: Requests
    kill: F64
    refusal: I8

    def take(self, rows: I64) -> Options:
        """Return some of the options."""
        return Options(
            self.candidate[rows], self.asked.take(rows), self.kill[rows], self.refusal[rows]
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


def find_options(situation: Situation, able: Candidates, figures: RulesParameters) -> Options:
    """Return every pair of site and candidate in reach, with what the rules say of it."""
    tracks, plan = situation.tracks, situation.plan
    pairs, numbers = reach(
        situation.motion[able.row],
        tracks.height_agl_m[able.row],
        able.latest_s,
        tracks.class_probability[able.row],
        plan.site_m,
        plan.site_figures,
        plan.site_kill,
        plan.frame,
    )
    candidate = pairs[:, 1].copy()
    asked = Requests(
        row=able.row[candidate],
        place=able.place[candidate],
        site=pairs[:, 0].copy(),
        rounds=np.ones(len(pairs), dtype=np.int64),
        delay_s=numbers[:, 0].copy(),
        point_m=numbers[:, 1:4].copy(),
        height_m=numbers[:, 4].copy(),
    )
    kill, found = numbers[:, 5] * _audible(situation, asked), _found(situation, asked)
    near = np.flatnonzero(found >= LEAST_FOUND)
    asked, refusal = asked.take(near), np.zeros(len(near), dtype=np.int8)
    if len(near):
        refusal = judge_requests(situation, asked, figures)
    return Options(candidate[near], asked, (kill * found)[near], refusal)


def _found(situation: Situation, asked: Requests) -> F64:
    """Return the probability that a track is where a round searches when it comes there.

    1 - exp(-r^2 / 2 s^2), a circular normal error below r (Rayleigh's distribution), with s grown
    from the uncertainty of position and velocity until the intercept; NaN where that is unknown.
    """
    tracks, row = situation.tracks, asked.row
    known = tracks.sd_horizontal_m[row] ** 2 / 2.0
    drift = tracks.sd_speed_mps[row] ** 2 / 3.0
    spread = np.maximum(known + drift * asked.delay_s**2, 1.0)
    return -np.expm1(-0.5 * situation.plan.acquisition_m[asked.site] ** 2 / spread)


def _audible(situation: Situation, asked: Requests) -> F64:
    """Return the factor on the kill probability of jammers: what is silent can't be jammed."""
    heard = (situation.tracks.reasons[asked.row] & int(Reason.RF_HIT)) != 0
    return np.where(situation.plan.site_jams[asked.site] & ~heard, UNHEARD_TRANSMITS, 1.0)


def allocate(
    allocator: Allocator, able: Candidates, options: Options, rounds: I64
) -> dict[int, list[int]]:
    """Return the options to spend a round on, by candidate: the surest first, each site once first.

    Forbidden pairs are removed before the allocator sees them, and what it spends on a pair that
    was removed all the same is dropped.

    Raises
    ------
    ValueError
        If the allocator spends more rounds of a site than it was given.
    """
    allowed = np.flatnonzero(options.refusal == 0)
    if not len(allowed) or not rounds.any():
        return {}
    site = options.asked.site[allowed]
    columns, column = np.unique(options.candidate[allowed], return_inverse=True)
    kill = np.zeros((len(rounds), len(columns)))
    kill[site, column] = options.kill[allowed]
    whole = allocator.assign(able.value[columns], kill, rounds)
    if (whole.sum(axis=1) > rounds).any():
        raise ValueError("the allocator spent more rounds than it was given")
    spent = whole[site, column]
    used = np.flatnonzero(spent > 0)
    used = used[np.argsort(-options.kill[allowed[used]], kind="stable")]
    picks: dict[int, list[int]] = {}
    for wave in range(int(spent.max(initial=0))):
        for option in allowed[used[spent[used] > wave]].tolist():
            picks.setdefault(int(options.candidate[option]), []).append(option)
    return picks


def refusal_of_each(candidates: int, options: Options, unreached: I64) -> I64:
    """Return the refusal of each candidate, 0 where a site may engage it.

    Of several sites the one that came furthest through the rules speaks for the candidate.

    Parameters
    ----------
    candidates : int
        Number of candidates.
    options : Options
        Their options.
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
