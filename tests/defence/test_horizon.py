"""The rolling horizon through its port."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from chowki.core.chance import generator
from chowki.core.ports import Allocator
from chowki.core.questions import Question, check_answer, sample_question
from chowki.defence.horizon import HorizonParameters, RollingHorizon


def question(seed, targets=40, sites=6, slots=8, **changes):
    """Return a crowded question."""
    chance = generator(seed, "test.rolling")
    rows = [
        (t, k, s)
        for t in range(targets)
        for k in range(slots)
        for s in range(sites)
        if chance.random() < 0.3
    ]
    table = np.array(rows, dtype=np.int64)
    delay_s = chance.uniform(3.0, 20.0, len(rows))
    channels = chance.integers(1, 4, sites)
    asked = Question(
        time_s=100.0,
        target=np.arange(targets) + 1000,
        value=chance.uniform(0.05, 1.0, targets),
        arrival_s=chance.uniform(20.0, 90.0, targets),
        ready_s=chance.choice(np.array([0.0, 5.0, np.inf]), targets),
        most=chance.integers(1, 3, targets),
        rounds=chance.integers(0, 9, sites),
        free=channels,
        channels=channels,
        busy=np.zeros((sites, slots), dtype=np.int64),
        slot_s=5.0,
        future_s=600.0,
        option_target=table[:, 0].copy(),
        option_site=table[:, 2].copy(),
        option_slot=table[:, 1].copy(),
        kill=chance.uniform(0.1, 0.8, len(rows)),
        cost=chance.uniform(0.01, 0.05, len(rows)),
        delay_s=delay_s,
        hold_s=delay_s + 4.0,
    )
    return replace(asked, **changes)


def test_it_is_a_part_of_the_port():
    assert isinstance(RollingHorizon(), Allocator)


@pytest.mark.parametrize("seed", range(10))
def test_an_answer_keeps_within_what_was_given_and_proves_its_gap(seed):
    allocator = RollingHorizon()
    asked = question(seed)
    memory = allocator.start(6)
    for second in range(3):
        memory, answer = allocator.assign(memory, replace(asked, time_s=100.0 + second))
        check_answer(asked, answer)
        assert 0.0 <= answer.value <= answer.bound + 1e-9
        assert 0.0 <= answer.gap < 0.4


def test_memory_is_a_value_and_the_same_question_gets_the_same_answer():
    allocator, asked = RollingHorizon(), question(3)
    memory, _ = allocator.assign(allocator.start(6), asked)
    kept = pickle.dumps(memory)
    later = replace(asked, time_s=101.0)
    first = allocator.assign(memory, later)
    assert pickle.dumps(memory) == kept
    assert pickle.dumps(RollingHorizon().assign(memory, later)) == pickle.dumps(first)


def test_a_warm_start_proves_at_least_as_much_with_little_work():
    allocator, asked = RollingHorizon(HorizonParameters(budget=30_000)), question(4)
    memory, cold = allocator.assign(allocator.start(6), asked)
    _, warm = allocator.assign(memory, asked)
    assert warm.bound <= cold.bound + 1e-9


def test_what_is_not_released_waits_and_is_asked_for_in_time():
    asked = sample_question(30)
    _, answer = RollingHorizon().assign(RollingHorizon().start(2), asked)
    assert answer.rounds[asked.option_target == 1].sum() == 0
    assert answer.wanted.tolist() == [True, True, False]


def test_a_shot_that_costs_more_than_it_saves_is_not_fired():
    asked = sample_question(2)
    _, answer = RollingHorizon().assign(RollingHorizon().start(2), replace(asked, cost=np.ones(6)))
    assert answer.rounds.sum() == 0
    assert not answer.wanted.any()


def test_rounds_are_kept_for_better_targets_that_have_been_coming():
    """After a stream of armed threats the last round is not spent on a decoy."""
    allocator = RollingHorizon()

    def one(number, value, rounds, time_s):
        sample = sample_question(rounds)
        only = np.array([0])
        return replace(
            sample,
            time_s=time_s,
            target=np.array([number]),
            value=np.array([value]),
            arrival_s=np.array([30.0]),
            ready_s=np.zeros(1),
            most=np.ones(1, dtype=np.int64),
            option_target=only,
            option_site=only,
            option_slot=only,
            kill=np.array([0.7]),
            cost=np.array([0.01]),
            delay_s=np.array([4.0]),
            hold_s=np.array([8.0]),
        )

    memory = allocator.start(2)
    _, spends = allocator.assign(memory, one(1, 0.2, 1, 0.0))
    for k in range(20):
        memory, _ = allocator.assign(memory, one(10 + k, 1.0, 30, 10.0 * k))
    _, holds = allocator.assign(memory, one(99, 0.2, 1, 210.0))
    _, plenty = allocator.assign(memory, one(99, 0.2, 300, 210.0))
    assert (spends.rounds.sum(), holds.rounds.sum(), plenty.rounds.sum()) == (1, 0, 1)
