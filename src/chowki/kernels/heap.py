"""A binary heap over numbered items: an array of items, and their keys in another one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@kernel
def push(heap: I64, size: int, key: F64, item: int) -> int:
    """Add an item to a binary heap, least key first, then least item; return the new size."""
    at = size
    while at > 0:
        above = (at - 1) >> 1
        other = heap[above]
        if key[other] < key[item] or (key[other] == key[item] and other < item):
            break
        heap[at] = other
        at = above
    heap[at] = item
    return size + 1


@kernel
def pop(heap: I64, size: int, key: F64) -> int:
    """Take the first item off a heap of ``size`` items (> 0) and return it."""
    first, item = int(heap[0]), heap[size - 1]
    at, below = 0, 1
    while below < size - 1:
        a, b = heap[below], heap[min(below + 1, size - 2)]
        if key[b] < key[a] or (key[b] == key[a] and b < a):
            a, below = b, below + 1
        if key[item] < key[a] or (key[item] == key[a] and item < a):
            break
        heap[at] = a
        at, below = below, 2 * below + 1
    heap[at] = item
    return first
