"""Picks: the question put to the allocator, and what of its answer is ordered or proposed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import ndtr

from chowki.core.places import Site
from chowki.core.ports import Allocator
from chowki.core.questions import Answer, Question, check_answer
from chowki.core.table import F64, I64
from chowki.defence.engagement import EngagementBook
from chowki.defence.ground_plan import GroundPlan
from chowki.defence.options import Candidates, Options

# Ends of a 90 % interval of a normal distribution lie this many sigma apart.
_SIGMAS_OF_90 = 3.29


class AllocationParameters(BaseModel):
    """Figures of what every allocator is asked; illustrative, each with its reason.

    Attributes
    ----------
    slot_s : float
        Length of a slot of the plan: about the shortest time that an engagement holds a channel.
    slots : int
        Slots that are looked ahead: one minute, in which a drone flies through the reach of a gun.
    salvo_max : int
        Rounds on one track at once when there is no time to look before shooting again;
        otherwise one (shoot, look, shoot).
    round_price : float
        Value that a round must take away to be worth spending, against 1 for an armed drone that
        surely reaches a place of priority 1 with a million people.
    harm_price : float
        Value that one person hit by debris counts.
    future_s : float
        How far ahead rounds are kept for threats that are not there yet.
    fade_s : float
        A shot foreseen for later comes about with probability exp(-wait / fade): tracks turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    slot_s: float = Field(default=5.0, gt=0)
    slots: int = Field(default=12, ge=1, le=120)
    salvo_max: int = Field(default=2, ge=1)
    round_price: float = Field(default=0.01, ge=0)
    harm_price: float = Field(default=1.0, ge=0)
    future_s: float = Field(default=600.0, ge=0)
    fade_s: float = Field(default=240.0, gt=0)


@dataclass(frozen=True, slots=True)
class Picks:
    """What to spend now and what to ask release for, options by candidate, the surest first.

    Attributes
    ----------
    now : dict of int to list of int
        Options to order now, one entry for each round.
    wanted : dict of int to int
        The option that a proposal names.
    answer : Answer or None
        What the allocator said, None when it was not asked.
    """

    now: dict[int, list[int]]
    wanted: dict[int, int]
    answer: Answer | None = None


class Picker:
    """Asks the allocator.

    Parameters
    ----------
    sites : tuple of Site
        Sites as stated.
    plan : GroundPlan
        The same as columns.
    allocator : Allocator
        Spends the rounds.
    figures : AllocationParameters
        Figures of the question.
    """

    def __init__(
        self,
        sites: tuple[Site, ...],
        plan: GroundPlan,
        allocator: Allocator,
        figures: AllocationParameters,
    ) -> None:
        self._plan, self._allocator, self._figures = plan, allocator, figures
        self._assess_s = np.array([site.assessment_s for site in sites], dtype=np.float64)
        self._reload_s = np.array([site.reload_s for site in sites], dtype=np.float64)
        self._reaction_s = np.array([site.reaction_s for site in sites], dtype=np.float64)

    def start(self) -> Any:
        """Return the allocator's memory before the first question."""
        return self._allocator.start(len(self._assess_s))

    def pick(
        self,
        book: EngagementBook,
        able: Candidates,
        options: Options,
        ready_s: F64,
        time_s: float,
    ) -> tuple[Any, Picks]:
        """Return the allocator's memory after it was asked, and the picks.

        Forbidden options are removed before it sees them.

        Raises
        ------
        ValueError
            If it spends what it was not given.
        """
        allowed = np.flatnonzero(options.refusal == 0)
        if not len(allowed):
            return book.memory, Picks({}, {})
        question = self.question(book, able, options, allowed, ready_s, time_s)
        memory, answer = self._allocator.assign(book.memory, question)
        check_answer(question, answer)
        now: dict[int, list[int]] = {}
        spent = np.flatnonzero(answer.rounds)
        for option in spent[np.argsort(-question.kill[spent], kind="stable")].tolist():
            candidate = int(options.candidate[allowed[option]])
            again = [int(allowed[option])] * int(answer.rounds[option])
            now.setdefault(candidate, []).extend(again)
        return memory, Picks(now, _named(question, answer, options, allowed, now), answer)

    def question(
        self,
        book: EngagementBook,
        able: Candidates,
        options: Options,
        allowed: I64,
        ready_s: F64,
        time_s: float,
    ) -> Question:
        """Return the question about the options that the rules allow."""
        figures, plan = self._figures, self._plan
        taken = options.take(allowed)
        columns, column = np.unique(taken.candidate, return_inverse=True)
        site, delay_s = taken.asked.site, taken.asked.delay_s - taken.slot * figures.slot_s
        wait_s = taken.slot * figures.slot_s
        mean_s = 0.5 * (able.earliest_s + able.latest_s)
        sd_s = np.maximum((able.latest_s - able.earliest_s) / _SIGMAS_OF_90, 1.0)
        left_s = mean_s[taken.candidate] - taken.asked.delay_s
        kill = taken.kill * ndtr(left_s / sd_s[taken.candidate]) * np.exp(-wait_s / figures.fade_s)
        return Question(
            time_s=time_s,
            target=able.track[columns],
            value=able.value[columns],
            arrival_s=mean_s[columns],
            ready_s=ready_s[columns],
            most=self._most(able, columns, column, taken),
            rounds=np.maximum(book.rounds, 0),
            free=book.free_channels(plan.channels, time_s),
            channels=plan.channels,
            busy=self._busy(book, time_s),
            slot_s=figures.slot_s,
            future_s=figures.future_s,
            option_target=column.astype(np.int64),
            option_site=site,
            option_slot=taken.slot,
            kill=kill,
            cost=figures.round_price + figures.harm_price * taken.harm,
            delay_s=delay_s,
            hold_s=delay_s + self._assess_s[site] + self._reload_s[site],
        )

    def _most(self, able: Candidates, columns: I64, column: I64, taken: Options) -> I64:
        """Return rounds on each target at once: more than one only without time to look between."""
        again_s = np.full(len(columns), np.inf)
        now = taken.slot == 0
        site = taken.asked.site[now]
        looks_s = taken.asked.delay_s[now] + self._assess_s[site] + self._reaction_s[site]
        np.minimum.at(again_s, column[now], looks_s)
        hurried = able.earliest_s[columns] < again_s
        return np.where(hurried, self._figures.salvo_max, 1).astype(np.int64)

    def _busy(self, book: EngagementBook, time_s: float) -> I64:
        """Return channels of each site that are busy in each slot, shape (s, k)."""
        figures, sites = self._figures, len(self._assess_s)
        busy = np.zeros((sites, figures.slots), dtype=np.int64)
        for one in book.open.values():
            if one.under_way:
                known_s = one.intercept_s + self._assess_s[one.site] + self._reload_s[one.site]
                busy[one.site, : _slots_until(known_s - time_s, figures)] += 1
        for site, until_s in book.cooling:
            if until_s > time_s:
                busy[site, : _slots_until(until_s - time_s, figures)] += 1
        if book.silent:
            busy[list(book.silent)] = self._plan.channels[list(book.silent), None]
        return busy


def _slots_until(rest_s: float, figures: AllocationParameters) -> int:
    """Return how many slots, at least the first, begin before something is over."""
    return int(np.clip(np.ceil(rest_s / figures.slot_s), 1, figures.slots))


def _named(
    question: Question, answer: Answer, options: Options, allowed: I64, now: dict[int, list[int]]
) -> dict[int, int]:
    """Return the option that a proposal on each wanted target names: what is spent, or its first.

    Of the options of the first slot the surest is named.
    """
    wanted: dict[int, int] = {}
    for target in np.flatnonzero(answer.wanted).tolist():
        first, last = np.searchsorted(question.option_target, (target, target + 1))
        slot = question.option_slot[first:last]
        soonest = first + np.flatnonzero(slot == slot[0])
        best = int(allowed[soonest[np.argmax(question.kill[soonest])]])
        candidate = int(options.candidate[best])
        wanted[candidate] = now[candidate][0] if candidate in now else best
    return wanted
