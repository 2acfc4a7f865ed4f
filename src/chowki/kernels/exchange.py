"""Local search on an assignment of rounds: move one, swap two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SURE = 1e-12
GAIN = 1e-12
SWAPPED = 2_000


@kernel
def exchange(value: F64, kill: F64, rounds: I64, spent: I64, passes: int) -> I64:
    """Return an assignment that no move of one round and no swap of two rounds betters.

    Rounds that are not spent stand on a target without value, so that they move and swap like
    the others. With more than 2,000 rounds only moves are tried.

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
    survive = np.ones((sites, targets + 1))
    survive[:, :targets] = np.maximum(1.0 - kill, SURE)
    site, target = _units(rounds, spent)
    worth = np.zeros(targets + 1)
    worth[:targets] = value
    for i in range(len(site)):
        worth[target[i]] *= survive[site[i], target[i]]
    least = GAIN * value.sum()
    for _ in range(passes):
        better = False
        for i in range(len(site)):
            better |= _move(i, site, target, survive, worth, least)
            if len(site) <= SWAPPED:
                better |= _swap(i, site, target, survive, worth, least)
        if not better:
            break
    now = np.zeros_like(spent)
    for i in range(len(site)):
        if target[i] < targets:
            now[site[i], target[i]] += 1
    return now


@kernel
def _units(rounds: I64, spent: I64) -> tuple[I64, I64]:
    """Return site and target of each round; those not spent stand on the target after the last."""
    site = np.empty(rounds.sum(), dtype=np.int64)
    target = np.full(len(site), spent.shape[1], dtype=np.int64)
    n = 0
    for s in range(len(rounds)):
        site[n : n + rounds[s]] = s
        at = n
        for t in range(spent.shape[1]):
            target[at : at + spent[s, t]] = t
            at += spent[s, t]
        n += rounds[s]
    return site, target


@kernel
def _move(i: int, site: I64, target: I64, survive: F64, worth: F64, least: float) -> bool:
    """Move a round to the target where it saves most, if that saves anything."""
    s, t = site[i], target[i]
    lost = worth[t] / survive[s, t] - worth[t]
    best, to = least, -1
    for u in range(len(worth)):
        saved = worth[u] * (1.0 - survive[s, u]) - lost
        if u != t and saved > best:
            best, to = saved, u
    if to < 0:
        return False
    worth[t] /= survive[s, t]
    worth[to] *= survive[s, to]
    target[i] = to
    return True


@kernel
def _swap(i: int, site: I64, target: I64, survive: F64, worth: F64, least: float) -> bool:
    """Let two rounds change their targets where that saves most, if anything."""
    s, t = site[i], target[i]
    best, other = least, -1
    without = worth[t] / survive[s, t]
    for j in range(len(site)):
        r, u = site[j], target[j]
        if r != s and u != t:
            here, there = without * survive[r, t], worth[u] / survive[r, u] * survive[s, u]
            saved = worth[t] + worth[u] - here - there
            if saved > best:
                best, other = saved, j
    if other < 0:
        return False
    r, u = site[other], target[other]
    worth[t] = without * survive[r, t]
    worth[u] = worth[u] / survive[r, u] * survive[s, u]
    target[i], target[other] = u, t
    return True
