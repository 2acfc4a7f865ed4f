import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chowki.kernels.repeats import (
    NEAR_TWIN,
    NEW,
    RESENT,
    STUCK_PLOT,
    TWIN,
    near_twins,
    recognised,
    with_kin,
)

NONE = np.empty(0, dtype=np.int64)


def plots(rng, m, start_s=0.0):
    return np.column_stack((start_s + rng.uniform(0, 4, m), rng.uniform(1e3, 6e4, m),
                            rng.uniform(0, 6.28, m), rng.uniform(0, 0.3, m)))  # fmt: skip


def look(table, before=(NONE, NONE, NONE)):
    words = np.ascontiguousarray(table).view(np.int64)
    kind, key, run = recognised(words, *before)
    return kind, (key, words[:, 0].copy(), run)


def test_new_plots_are_new_and_keys_differ():
    kind, (key, _, run) = look(plots(np.random.default_rng(0), 5000))
    assert np.all(kind == NEW)
    assert len(np.unique(key)) == 5000
    assert np.all(key >= 0)
    assert not run.any()


def test_an_equal_plot_of_the_same_look_is_a_twin_of_the_first():
    table = plots(np.random.default_rng(1), 4)
    kind, _ = look(np.concatenate([table, table[1:3]]))
    assert list(kind) == [NEW, NEW, NEW, NEW, TWIN, TWIN]


def test_a_value_at_two_times_is_no_twin():
    table = plots(np.random.default_rng(1), 2)
    table[1, 1:] = table[0, 1:]
    assert list(look(table)[0]) == [NEW, NEW]


def test_plots_of_the_look_before_are_resent_or_stuck_and_counted():
    rng = np.random.default_rng(2)
    first = plots(rng, 6)
    _, memory = look(first)
    second = plots(rng, 6, 4.0)
    second[:2] = first[:2]
    second[2:4, 1:] = first[2:4, 1:]
    kind, memory = look(second, memory)
    assert list(kind) == [RESENT] * 2 + [STUCK_PLOT] * 2 + [NEW] * 2
    assert list(memory[2]) == [0, 0, 1, 1, 0, 0]
    third = plots(rng, 3, 8.0)
    third[:, 1:] = second[2:5, 1:]
    _, memory = look(third, memory)
    assert list(memory[2]) == [2, 2, 1]


SIGMA = np.array([20.0, 1e-3, 2e-3])


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 25), st.integers(0, 2**32 - 1), st.booleans())
def test_near_twins_equal_brute_force(m, seed, flat):
    rng = np.random.default_rng(seed)
    table = plots(rng, m)
    table[:, 1:] = rng.integers(0, 4, (m, 3)) * 0.4 * SIGMA + [5e3, 6.2825, 0.1]
    table[:, 2] %= 2 * np.pi
    if flat:
        table[:, 3] = np.nan
    kind = np.zeros(m, dtype=np.int64)
    found = near_twins(table, np.argsort(table[:, 1]), SIGMA, 0.5, kind)
    assert found == np.count_nonzero(kind == NEAR_TWIN)
    off = np.abs(table[:, None, 1:] - table[None, :, 1:])
    off[..., 1] = np.minimum(off[..., 1], 2 * np.pi - off[..., 1])
    near = (np.nan_to_num(off) < 0.5 * SIGMA).all(axis=2)
    np.fill_diagonal(near, False)
    kept = kind == NEW
    assert not near[np.ix_(kept, kept)].any(), "those that are left are no twins"
    assert near[~kept].any(axis=1).all(), "each that is left out has one"


def test_independent_measurements_of_two_targets_at_one_place_are_seldom_taken_for_copies():
    rng, wrong = np.random.default_rng(3), 0
    for _ in range(500):
        table = np.tile([0.0, 2e4, 1.0, 0.1], (2, 1))
        table[:, 1:] += SIGMA * rng.standard_normal((2, 3))
        wrong += near_twins(table, np.argsort(table[:, 1]), SIGMA, 0.2, np.zeros(2, dtype=np.int64))
    assert wrong <= 5


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 2**32 - 1))
def test_kin_equals_brute_force(m, p, seed):
    rng = np.random.default_rng(seed)
    here, before = rng.uniform(0, 1e4, (m, 2)), rng.uniform(0, 1e4, (p, 2))
    away = np.linalg.norm(here[:, None] - before[None], axis=2)
    want = (away <= 1e3).any(axis=1) if p else np.zeros(m, dtype=bool)
    np.testing.assert_array_equal(
        with_kin(here, np.argsort(here[:, 0]), before, np.argsort(before[:, 0]), 1e3), want
    )
