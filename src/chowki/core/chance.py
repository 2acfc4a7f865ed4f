"""Addressed chance: every draw has an address, so that nothing else changes when a thing is added.

A draw is named by (seed, purpose, thing, look, count). Seed and purpose make the key of a
Philox generator here; thing, look and count make its counter in ``kernels.philox``.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np

Key = tuple[np.uint64, np.uint64]


@cache
def key(seed: int, purpose: str) -> Key:
    """Return the 128-bit Philox key of a purpose under a seed.

    Parameters
    ----------
    seed : int
        Seed of the run.
    purpose : str
        What the draws are for, for example ``radar.detection``.

    Returns
    -------
    tuple of numpy.uint64
        Two words. Keys of different purposes are unrelated (BLAKE2b).
    """
    digest = hashlib.blake2b(f"{seed}:{purpose}".encode(), digest_size=16).digest()
    return (
        np.uint64(int.from_bytes(digest[:8], "little")),
        np.uint64(int.from_bytes(digest[8:], "little")),
    )


def generator(seed: int, purpose: str, thing: int = 0, look: int = 0) -> np.random.Generator:
    """Return NumPy's generator at an address, for draws outside the hot path.

    The count runs within the first counter word; thing and look take the upper words, as in
    ``kernels.philox``.
    """
    k0, k1 = key(seed, purpose)
    counter = np.array([0, look, thing, 0], dtype=np.uint64)
    return np.random.Generator(
        np.random.Philox(counter=counter, key=np.array([k0, k1], dtype=np.uint64))
    )
