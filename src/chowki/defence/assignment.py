"""Allocators that look at this second only: nearest first, greedy, greedy and local search.

They are what the rolling horizon is held against, behind the same port: the same options, the same
rule for one round or two, the same release.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chowki.core.questions import Answer, Question
from chowki.core.table import B8, F64, I64
from chowki.kernels.assign import greedy, local_search, nearest_first

# value, kill (s, t), rounds (s,), most (t,) -> rounds of each site on each target
Spread = Callable[[F64, F64, I64, I64], I64]


class Greedy:
    """Spends one round after the other where it takes most expected value away.

    Takes no parameters. See ``kernels.assign.greedy`` for how good that is.
    """

    def start(self, sites: int) -> None:
        """Remember nothing."""

    def assign(self, memory: None, question: Question) -> tuple[None, Answer]:
        """Return what to spend now, those first that are released."""
        return memory, _in_turn(question, greedy)


class LocalSearch:
    """Greedy, then moves and swaps of rounds between targets while that takes more value away."""

    def start(self, sites: int) -> None:
        """Remember nothing."""

    def assign(self, memory: None, question: Question) -> tuple[None, Answer]:
        """Return what to spend now, those first that are released."""
        return memory, _in_turn(question, local_search)


class NearestFirst:
    """The target that arrives first gets the site that meets it first."""

    def start(self, sites: int) -> None:
        """Remember nothing."""

    def assign(self, memory: None, question: Question) -> tuple[None, Answer]:
        """Return what to spend now, those first that are released."""
        delay = np.full((len(question.rounds), len(question.target)), np.inf)
        now = np.flatnonzero(question.option_slot == 0)
        delay[question.option_site[now], question.option_target[now]] = question.delay_s[now]
        order = np.argsort(question.arrival_s, kind="stable")

        def spread(_: F64, kill: F64, rounds: I64, most: I64) -> I64:
            return nearest_first(order, delay, kill, rounds, most)

        return memory, _in_turn(question, spread)


def worth_asking(question: Question, rounds: I64) -> B8:
    """Return which targets a round left now would pay against, were they released, shape (t,).

    Parameters
    ----------
    question : Question
        The question.
    rounds : I64
        Shape (m,): rounds spent now on each option.
    """
    pays = question.kill * question.value[question.option_target] > question.cost
    kill, limit = _at_once(question, pays)
    spent = np.bincount(question.option_site, rounds, len(limit)).astype(np.int64)
    waiting = question.ready_s > 0.0
    left = np.maximum(limit - spent, 0)
    return _spread(greedy, question, kill, left, waiting).sum(axis=0) > 0


def _at_once(question: Question, among: B8 | None = None) -> tuple[F64, I64]:
    """Return kill probabilities now, shape (s, t), and the rounds that each site can spend."""
    first = question.option_slot == 0
    now = np.flatnonzero(first if among is None else first & among)
    kill = np.zeros((len(question.rounds), len(question.target)))
    kill[question.option_site[now], question.option_target[now]] = question.kill[now]
    return kill, np.maximum(np.minimum(question.rounds, question.free), 0)


def _in_turn(question: Question, spread: Spread) -> Answer:
    """Return the answer of a rule for one second: targets that are ready choose before others."""
    now = np.flatnonzero(question.option_slot == 0)
    site, target = question.option_site[now], question.option_target[now]
    kill, limit = _at_once(question)
    ready = question.ready_s <= 0.0
    spent = _spread(spread, question, kill, limit, ready)
    waiting = _spread(spread, question, kill, limit - spent.sum(axis=1), ~ready)
    rounds = np.zeros(len(question.kill), dtype=np.int64)
    rounds[now] = spent[site, target]
    return Answer(rounds, (spent + waiting).sum(axis=0) > 0)


def _spread(spread: Spread, question: Question, kill: F64, limit: I64, among: B8) -> I64:
    if not among.any() or not limit.any():
        return np.zeros(kill.shape, dtype=np.int64)
    return spread(question.value, np.where(among, kill, 0.0), limit, question.most)
