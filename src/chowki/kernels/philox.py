"""Philox 4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), by address.

A draw is a pure function of (key, thing, look, count): no state, no order. Equal to NumPy's
``Philox`` with the counter (count, look, thing, 0), which steps its counter before the first block.
"""

from __future__ import annotations

import math

import numpy as np

from chowki.kernels.jit import kernel

_M0 = np.uint64(0xD2E7470EE14C6C93)
_M1 = np.uint64(0xCA5A826395121157)
_W0 = np.uint64(0x9E3779B97F4A7C15)
_W1 = np.uint64(0xBB67AE8584CAA73B)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SHIFT = np.uint64(11)
_UNIT = 1.0 / 9007199254740992.0


@kernel
def _high(a: np.uint64, b: np.uint64) -> np.uint64:
    """Return the upper 64 bits of the 128-bit product."""
    a0, a1 = a & _LOW, a >> _HALF
    b0, b1 = b & _LOW, b >> _HALF
    low = a0 * b0
    mid1 = a1 * b0 + (low >> _HALF)
    mid2 = a0 * b1 + (mid1 & _LOW)
    return a1 * b1 + (mid1 >> _HALF) + (mid2 >> _HALF)


@kernel
def philox(
    k0: np.uint64, k1: np.uint64, c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Return the four words of one block: ten rounds of the counter under the key."""
    for _ in range(10):
        h0, l0 = _high(_M0, c0), _M0 * c0
        h1, l1 = _high(_M1, c2), _M1 * c2
        c0, c1, c2, c3 = h1 ^ c1 ^ k0, l1, h0 ^ c3 ^ k1, l0
        k0 = k0 + _W0
        k1 = k1 + _W1
    return c0, c1, c2, c3


@kernel
def uniform4(
    k0: np.uint64, k1: np.uint64, thing: int, look: int, count: int
) -> tuple[float, float, float, float]:
    """Return four independent uniforms in [0, 1) at an address.

    Parameters
    ----------
    k0, k1 : numpy.uint64
        Key of the purpose (``core.chance.key``).
    thing, look, count : int
        What the draw is for: target or cell, look number, running count; all >= 0.
        A thing that is a pair is packed by the caller (``sensor << 32 | target``).
    """
    a, b, c, d = philox(
        k0, k1, np.uint64(count + 1), np.uint64(look), np.uint64(thing), np.uint64(0)
    )
    return (
        float(a >> _SHIFT) * _UNIT,
        float(b >> _SHIFT) * _UNIT,
        float(c >> _SHIFT) * _UNIT,
        float(d >> _SHIFT) * _UNIT,
    )


@kernel
def normal2(k0: np.uint64, k1: np.uint64, thing: int, look: int, count: int) -> tuple[float, float]:
    """Return two independent standard normals at an address (Box and Muller 1958)."""
    u, v, _, _ = uniform4(k0, k1, thing, look, count)
    r = math.sqrt(-2.0 * math.log(1.0 - u))
    return r * math.cos(2.0 * math.pi * v), r * math.sin(2.0 * math.pi * v)


@kernel
def poisson(mean: float, u: float) -> int:
    """Return the Poisson number at a uniform by inversion; for means up to about 500."""
    p = math.exp(-mean)
    n = 0
    total = p
    while u > total and n < 5000:
        n += 1
        p *= mean / n
        total += p
    return n
