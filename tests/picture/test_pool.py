import numpy as np

from chowki.picture.pool import MODES, ROOM, SIZE, ModePool


def entered(pool, n, seed=0):
    rng = np.random.default_rng(seed)
    state, covariance = rng.standard_normal((n, 6)), rng.standard_normal((n, 6, 6))
    return state, covariance, pool.enter(state, covariance)


def test_an_entry_is_a_state_in_quiet_flight():
    pool = ModePool.empty().with_room(3)
    state, covariance, rows = entered(pool, 3)
    assert rows.tolist() == [0, 1, 2]
    assert pool.filled == 3
    np.testing.assert_array_equal(pool.state[rows, 0, :6], state)
    np.testing.assert_array_equal(pool.covariance[rows, 0, :6, :6], covariance)
    np.testing.assert_array_equal(pool.probability[rows], [[1.0, 0.0, 0.0]] * 3)
    assert not pool.state[rows, 0, 6].any()
    assert not pool.state[rows, 1:].any()
    assert pool.state.shape[1:] == (MODES, SIZE)


def test_what_is_entered_later_leaves_earlier_entries_as_they_are():
    """Two futures of one picture share a pool, and neither writes over the other."""
    pool = ModePool.empty().with_room(2)
    state, covariance, first = entered(pool, 2)
    seen = set(first.tolist())
    for seed in range(5):
        _, _, rows = entered(pool.with_room(4), 4, seed)
        assert not seen & set(rows.tolist())
        seen |= set(rows.tolist())
    np.testing.assert_array_equal(pool.state[first, 0, :6], state)
    np.testing.assert_array_equal(pool.covariance[first, 0, :6, :6], covariance)


def test_a_full_pool_grows_into_a_copy_and_the_old_one_stays():
    pool = ModePool.empty().with_room(5)
    assert len(pool.probability) >= ROOM
    state, _, first = entered(pool, len(pool.probability))
    larger = pool.with_room(1)
    assert larger is not pool
    assert larger.filled == pool.filled == len(pool.probability)
    np.testing.assert_array_equal(larger.state[first], pool.state[first])
    np.testing.assert_array_equal(larger.covariance[first], pool.covariance[first])
    np.testing.assert_array_equal(larger.probability[first], pool.probability[first])
    entered(larger, 1, 1)
    np.testing.assert_array_equal(pool.state[first, 0, :6], state)
    assert pool.filled == len(pool.probability)


def test_a_pool_of_some_entries_has_them_in_the_order_asked_for():
    pool = ModePool.empty().with_room(6)
    state, covariance, _ = entered(pool, 6)
    few = pool.only(np.array([4, 1, 1]))
    assert few.filled == 3
    np.testing.assert_array_equal(few.state[:3, 0, :6], state[[4, 1, 1]])
    np.testing.assert_array_equal(few.covariance[:3, 0, :6, :6], covariance[[4, 1, 1]])
    assert len(few.probability) > 3
    assert pool.only(np.empty(0, np.int64)).filled == 0
