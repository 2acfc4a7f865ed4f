"""Local search on an assignment of rounds: move one, swap two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SURE = 1e-12
GAIN = 1e-12


@kernel
def exchange(value: F64, kill: F64, rounds: I64, spent: I64, passes: int) -> I64:
    """Return an assignment that no move of one round and no swap of two rounds betters.

    Parameters
    ----------
    value : F64
        Shape (t,), >= 0.
    kill : F64
        Shape (s, t), in [0, 1]. A survival under 1e-12 counts as that much while searching.
    rounds : I64
        Shape (s,), >= 0.
    spent : I64
        Shape (s, t), where to start from.
    passes : int
        Most passes over all rounds.

    Returns
    -------
    I64
        Shape (s, t).
    """
    sites, targets = kill.shape
    now = spent.copy()
    survive = np.maximum(1.0 - kill, SURE)
    worth = value.copy()
    for s in range(sites):
        for t in range(targets):
            worth[t] *= survive[s, t] ** now[s, t]
    least = GAIN * value.sum()
    for _ in range(passes if targets else 0):
        better = False
        for s in range(sites):
            better |= _spend(s, survive, rounds, now, worth, least)
            for t in range(targets):
                if now[s, t] > 0:
                    better |= _move(s, t, survive, now, worth, least)
                if now[s, t] > 0:
                    better |= _swap(s, t, survive, now, worth, least)
        if not better:
            break
    return now


@kernel
def _spend(s: int, survive: F64, rounds: I64, now: I64, worth: F64, least: float) -> bool:
    """Spend the rounds that a site has left where each saves most."""
    better = False
    for _ in range(rounds[s] - now[s].sum()):
        saved = worth * (1.0 - survive[s])
        t = int(np.argmax(saved))
        if saved[t] <= least:
            break
        now[s, t] += 1
        worth[t] *= survive[s, t]
        better = True
    return better


@kernel
def _move(s: int, t: int, survive: F64, now: I64, worth: F64, least: float) -> bool:
    """Move a round to the target where it saves most, if that saves anything."""
    lost = worth[t] / survive[s, t] - worth[t]
    best, to = least, -1
    for u in range(len(worth)):
        saved = worth[u] * (1.0 - survive[s, u]) - lost
        if u != t and saved > best:
            best, to = saved, u
    if to < 0:
        return False
    now[s, t] -= 1
    now[s, to] += 1
    worth[t] /= survive[s, t]
    worth[to] *= survive[s, to]
    return True


@kernel
def _swap(s: int, t: int, survive: F64, now: I64, worth: F64, least: float) -> bool:
    """Let two rounds change their targets where that saves most, if anything."""
    best, other, to = least, -1, -1
    without = worth[t] / survive[s, t]
    for r in range(len(now)):
        for u in range(len(worth)):
            if r == s or u == t or now[r, u] == 0:
                continue
            here = without * survive[r, t]
            there = worth[u] / survive[r, u] * survive[s, u]
            if worth[t] + worth[u] - here - there > best:
                best, other, to = worth[t] + worth[u] - here - there, r, u
    if other < 0:
        return False
    now[s, t] -= 1
    now[other, to] -= 1
    now[s, to] += 1
    now[other, t] += 1
    worth[t] = without * survive[other, t]
    worth[to] = worth[to] / survive[other, to] * survive[s, to]
    return True
