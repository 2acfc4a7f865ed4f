"""Rolling horizon: rounds are spent as the first step of a plan that looks ahead.

Every second the plan is made anew for the slots to come (``kernels.horizon``): which site shoots
at which target in which slot, and what follows if it misses. Only what stands in the first slot is
ordered. What the future may bring is a demand for rounds by threats that are not there yet, learnt
from how often threats came into each site's reach so far, and what they were worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.questions import Answer, Question
from chowki.core.table import F64, I64
from chowki.defence.assignment import worth_asking
from chowki.kernels.horizon import optimise

# Levels of value at which later threats are expected; the last takes all above.
LEVELS = np.array([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0])


@dataclass(frozen=True, slots=True)
class HorizonParameters:
    """Figures of the plan; illustrative, each with its reason.

    Attributes
    ----------
    budget : int
        Steps of computation for one plan (options weighed), never time: the same question gets
        the same answer on every machine.
    tolerance : float
        Relative gap at which a plan is good enough.
    lead_s : float
        Release is asked for this long before the shot, besides the time that release takes; and
        for whatever a round that is left could be spent on at once, since a desk may be quick.
    memory_s : float
        Over how long the rate of threats is learnt.
    """

    budget: int = 3_000_000
    tolerance: float = 1e-3
    lead_s: float = 10.0
    memory_s: float = 300.0


@dataclass(frozen=True, slots=True)
class HorizonMemory:
    """What is kept from one question to the next.

    Attributes
    ----------
    time_s : float
        UTC seconds of the last question, -inf before the first.
    price : F64
        Shape (s,): what a round of each site was worth.
    rent : F64
        Shape (s, k): what a channel was worth in each slot.
    rate : F64
        Shape (s, l): rounds needed per second by new threats, by level of value.
    gain : F64
        Shape (s, l): what a round saves there.
    met : frozenset of (int, int)
        Pairs of site and track that are counted already.
    """

    time_s: float
    price: F64
    rent: F64
    rate: F64
    gain: F64
    met: frozenset[tuple[int, int]]


class RollingHorizon:
    """Allocator that plans shots in time and proves how good the plan is.

    Parameters
    ----------
    parameters : HorizonParameters
        Figures of the plan.
    """

    def __init__(self, parameters: HorizonParameters | None = None) -> None:
        self._figures = parameters or HorizonParameters()

    def start(self, sites: int) -> HorizonMemory:
        """Return the memory before the first question."""
        nothing = np.zeros((sites, len(LEVELS)))
        return HorizonMemory(
            -np.inf, np.zeros(sites), np.zeros((sites, 0)), nothing, nothing, frozenset()
        )

    def assign(self, memory: HorizonMemory, question: Question) -> tuple[HorizonMemory, Answer]:
        """Return the memory with new prices, and the first step of the plan."""
        figures = self._figures
        memory = _learn(memory, question, figures)
        price, rent = memory.price.copy(), _shifted(memory, question)
        targets, slots = len(question.target), question.busy.shape[1]
        plan = np.full((targets, slots, 2), -1, dtype=np.int64)
        demand = memory.rate * question.future_s
        left = question.rounds.astype(np.float64)
        room = _room(question)
        value, bound, work = optimise(
            _starts(question),
            _use(question),
            question.kill,
            question.cost,
            question.value,
            np.minimum(question.most, 2),
            _slot_of(question.ready_s, question.slot_s, slots),
            left,
            room,
            demand,
            memory.gain,
            price,
            rent,
            figures.budget,
            figures.tolerance,
            plan,
        )
        nothing, rounds = _kept(left, demand, memory.gain), _rounds_now(plan, question)
        after = HorizonMemory(question.time_s, price, rent, memory.rate, memory.gain, memory.met)
        answer = Answer(
            rounds,
            self._wanted(plan, question) | worth_asking(question, rounds),
            value - nothing,
            bound - nothing,
            work,
        )
        return after, answer

    def _wanted(self, plan: I64, question: Question) -> np.ndarray:
        """Return which targets get a first shot soon enough to ask for release."""
        planned = plan[:, :, 0] >= 0
        first_s = planned.argmax(axis=1) * question.slot_s
        return planned.any(axis=1) & (first_s <= question.ready_s + self._figures.lead_s)


def _starts(question: Question) -> I64:
    return np.searchsorted(question.option_target, np.arange(len(question.target) + 1))


def _slot_of(wait_s: F64, slot_s: float, slots: int) -> I64:
    """Return the first slot that begins after a wait, ``slots`` when none does."""
    return np.minimum(np.ceil(wait_s / slot_s - 1e-9), slots).astype(np.int64)


def _use(question: Question) -> I64:
    """Return slot, site and slots held of each option, shape (3, m)."""
    held = np.maximum(np.ceil(question.hold_s / question.slot_s - 1e-9), 1.0).astype(np.int64)
    return np.stack((question.option_slot, question.option_site, held))


def _room(question: Question) -> F64:
    """Return free channels in each slot, shape (s, k)."""
    room = np.maximum(question.channels[:, None] - question.busy, 0).astype(np.float64)
    room[:, 0] = np.minimum(room[:, 0], question.free)
    return room


def _shifted(memory: HorizonMemory, question: Question) -> F64:
    """Return the rents of the last plan, moved on by the slots that have passed."""
    rent: F64 = np.zeros(question.busy.shape)
    slots = question.busy.shape[1]
    passed = (question.time_s - memory.time_s) / question.slot_s
    if memory.rent.shape == question.busy.shape and 0.0 <= passed < slots:
        k = round(passed)
        rent[:, : slots - k] = memory.rent[:, k:]
    return rent


def _rounds_now(plan: I64, question: Question) -> I64:
    rounds = np.zeros(len(question.kill), dtype=np.int64)
    now = plan[:, 0].ravel()
    np.add.at(rounds, now[now >= 0], 1)
    return rounds


def _kept(left: F64, demand: F64, gain: F64) -> float:
    """Return what all rounds save later when none is spent now."""
    order = np.argsort(-gain, axis=1, kind="stable")
    need = np.take_along_axis(demand, order, axis=1)
    reached = np.minimum(np.cumsum(need, axis=1), left[:, None])
    used = np.diff(reached, axis=1, prepend=0.0)
    return float((used * np.take_along_axis(gain, order, axis=1)).sum())


def _learn(memory: HorizonMemory, question: Question, figures: HorizonParameters) -> HorizonMemory:
    """Return the memory with the threats that newly came into a site's reach.

    Each counts 1 / p rounds, shared among the sites that reach it; rates fade with time.
    """
    site, target = question.option_site, question.option_target
    if not len(site):
        return memory
    pair, first = np.unique(target * (1 + len(question.rounds)) + site, return_index=True)
    del pair
    target, site = target[first], site[first]
    key = list(zip(site.tolist(), question.target[target].tolist(), strict=True))
    new = np.array([one not in memory.met for one in key], dtype=np.bool_)
    elapsed = min(question.time_s - memory.time_s, figures.memory_s)
    fade = np.exp(-elapsed / figures.memory_s) if elapsed > 0.0 else 1.0
    rate, gain = memory.rate * fade, memory.gain.copy()
    kill, cost = question.kill[first][new], question.cost[first][new]
    target, site = target[new], site[new]
    sharing = np.bincount(question.option_target[first], minlength=len(question.target))
    saves = np.maximum(kill * question.value[target] - cost, 0.0)
    level = np.searchsorted(LEVELS, saves, side="right") - 1
    need = 1.0 / (np.maximum(kill, 0.1) * sharing[target] * figures.memory_s)
    before = rate[site, level]
    gain[site, level] = (before * gain[site, level] + need * saves) / (before + need)
    np.add.at(rate, (site, level), need)
    met = memory.met | {one for one, is_new in zip(key, new.tolist(), strict=True) if is_new}
    return HorizonMemory(question.time_s, memory.price, memory.rent, rate, gain, met)
