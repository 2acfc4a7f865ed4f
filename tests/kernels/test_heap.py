import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chowki.kernels.heap import pop, push


@given(st.lists(st.integers(-5, 5) | st.floats(allow_nan=False), max_size=40))
def test_items_come_off_by_key_and_equal_ones_by_number(keys):
    key, heap = np.array(keys, dtype=np.float64), np.empty(len(keys), dtype=np.int64)
    size = 0
    for item in reversed(range(len(keys))):
        size = push(heap, size, key, item)
    order = [int(pop(heap, n, key)) for n in range(size, 0, -1)]
    assert order == sorted(range(len(keys)), key=lambda item: (keys[item], item))


@given(st.lists(st.tuples(st.floats(-1.0, 1.0), st.booleans()), max_size=60))
def test_the_least_comes_off_also_while_others_are_added(steps):
    key, heap = np.array([k for k, _ in steps]), np.empty(len(steps), dtype=np.int64)
    size, held = 0, []
    for item, (_, take) in enumerate(steps):
        size = push(heap, size, key, item)
        held.append(item)
        if take:
            least = min(held, key=lambda i: (key[i], i))
            assert pop(heap, size, key) == least
            held.remove(least)
            size -= 1
    assert size == len(held)
