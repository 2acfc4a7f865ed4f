"""What an allocator is asked, and what it says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chowki.core.table import B8, F64, I64


@dataclass(frozen=True, slots=True)
class Question:
    """What an allocator is asked at one time; every pair that the rules forbid is left out.

    Time runs in slots from now. An option is one round of a site on a target, ordered at the
    beginning of a slot; options stand in order of target, then slot, then site.

    Attributes
    ----------
    time_s : float
        UTC seconds.
    target : I64
        Shape (t,): track numbers.
    value : F64
        Shape (t,): value that is lost if the target comes through, >= 0.
    arrival_s : F64
        Shape (t,): seconds until it is expected to arrive.
    ready_s : F64
        Shape (t,): seconds until an order on it may leave, 0 at once: release takes time.
    most : I64
        Shape (t,): rounds on it at once; 1 where there is time to look before shooting again.
    rounds, free, channels : I64
        Shape (s,): rounds left that may be spent, channels free now, channels in all.
    busy : I64
        Shape (s, k): channels that are busy in each slot with what was ordered before.
    slot_s : float
        Length of a slot; there are k of them.
    future_s : float
        How far ahead rounds are kept for threats that are not there yet.
    option_target, option_site, option_slot : I64
        Shape (m,): of each option.
    kill, cost : F64
        Shape (m,): single-shot kill probability; stated price of the round and of the harm that
        its debris is expected to do, in units of value.
    delay_s, hold_s : F64
        Shape (m,): from order to intercept; from order until channel and outcome are free again.
    """

    time_s: float
    target: I64
    value: F64
    arrival_s: F64
    ready_s: F64
    most: I64
    rounds: I64
    free: I64
    channels: I64
    busy: I64
    slot_s: float
    future_s: float
    option_target: I64
    option_site: I64
    option_slot: I64
    kill: F64
    cost: F64
    delay_s: F64
    hold_s: F64


@dataclass(frozen=True, slots=True)
class Answer:
    """What an allocator says.

    Attributes
    ----------
    rounds : I64
        Shape (m,): rounds to spend now on each option, 0 on those of a later slot.
    wanted : B8
        Shape (t,): targets to ask release for.
    value : float
        What its plan takes away of the value at stake, net of the prices it puts on rounds and
        harm; NaN where it does not say.
    bound : float
        No plan takes away more; NaN where it proves nothing.
    work : int
        Steps of computation spent: what its budget is counted in.
    """

    rounds: I64
    wanted: B8
    value: float = math.nan
    bound: float = math.nan
    work: int = 0

    @property
    def gap(self) -> float:
        """Return how far the plan may be from the best one, relative to the bound."""
        return (self.bound - self.value) / self.bound if self.bound > 0.0 else 0.0


def check_answer(question: Question, answer: Answer) -> None:
    """Check that an answer keeps within what was given.

    Raises
    ------
    ValueError
        If it spends more rounds or channels than there are, more on a target than ``most``, on a
        target that is not ready, or in a later slot.
    """
    rounds, site, target = answer.rounds, question.option_site, question.option_target
    if rounds.shape != site.shape or answer.wanted.shape != question.target.shape:
        raise ValueError("the allocator's answer does not fit the question")
    at_site = np.bincount(site, weights=rounds, minlength=len(question.rounds))
    at_target = np.bincount(target, weights=rounds, minlength=len(question.target))
    spent = rounds != 0
    for wrong, what in (
        ((rounds < 0).any(), "a negative number of rounds"),
        ((at_site > np.minimum(question.rounds, question.free)).any(), "more than a site has free"),
        ((at_target > question.most).any(), "more rounds on a target than it may get at once"),
        ((question.ready_s[target[spent]] > 0.0).any(), "a round before its target is released"),
        ((question.option_slot[spent] != 0).any(), "a round of a later slot"),
    ):
        if wrong:
            raise ValueError(f"the allocator spends {what}")


def sample_question(rounds: int) -> Question:
    """Return a small question: three targets, two sites with as many rounds each, three slots.

    The first target is seen by both sites; the second is not released before the second slot;
    the third is worth nothing.
    """
    option = np.array([(0, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1), (2, 0, 0)])
    return Question(
        time_s=0.0,
        target=np.array([7, 8, 9]),
        value=np.array([1.0, 0.5, 0.0]),
        arrival_s=np.array([30.0, 40.0, 20.0]),
        ready_s=np.array([0.0, 5.0, 0.0]),
        most=np.array([1, 2, 1]),
        rounds=np.full(2, rounds),
        free=np.array([1, 1]),
        channels=np.array([1, 2]),
        busy=np.array([[0, 0, 0], [1, 1, 0]]),
        slot_s=5.0,
        future_s=600.0,
        option_target=option[:, 0].copy(),
        option_site=option[:, 1].copy(),
        option_slot=option[:, 2].copy(),
        kill=np.array([0.7, 0.4, 0.6, 0.5, 0.5, 0.9]),
        cost=np.full(6, 0.01),
        delay_s=np.full(6, 4.0),
        hold_s=np.full(6, 8.0),
    )
