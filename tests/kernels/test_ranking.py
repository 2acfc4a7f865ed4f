"""Ranking with hysteresis: a sort without margin, and no swap between things alike."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chowki.kernels.ranking import rerank

weights = st.lists(st.floats(0.0, 10.0), min_size=1, max_size=12)


def ranked(order, weight, newcomer=None, margin=0.5):
    weight = np.asarray(weight, dtype=float)
    new = np.zeros(len(weight), dtype=bool) if newcomer is None else np.asarray(newcomer)
    rank = rerank(np.asarray(order, dtype=np.int64), weight, new, margin)
    assert sorted(rank.tolist()) == list(range(len(weight)))
    return np.argsort(rank)


@given(weights, st.randoms(use_true_random=False))
def test_without_margin_it_is_a_sort(weight, chance):
    order = list(range(len(weight)))
    chance.shuffle(order)
    found = np.asarray(weight)[ranked(order, weight, margin=0.0)]
    assert found.tolist() == sorted(weight, reverse=True)


@given(weights, st.floats(0.0, 2.0), st.randoms(use_true_random=False))
def test_nothing_stands_right_below_what_it_clearly_outweighs(weight, margin, chance):
    order = list(range(len(weight)))
    chance.shuffle(order)
    found = np.asarray(weight)[ranked(order, weight, margin=margin)]
    assert (found[1:] <= (1.0 + margin) * found[:-1]).all()


@given(st.lists(st.floats(1.0, 1.5), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_things_alike_keep_their_order(weight, chance):
    order = list(range(len(weight)))
    chance.shuffle(order)
    assert ranked(order, weight, margin=0.5).tolist() == order


def test_a_newcomer_stands_where_its_weight_puts_it():
    assert ranked([0, 1, 2], [1.0, 0.8, 0.9], [False, False, True]).tolist() == [0, 2, 1]
    assert ranked([0, 1, 2], [1.0, 0.8, 0.9]).tolist() == [0, 1, 2]
