"""Greedy assignment of rounds to targets by marginal return."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@kernel
def greedy(value: F64, kill: F64, rounds: I64) -> I64:
    """Return rounds of each site on each target, one round after the other where it saves most.

    Minimises sum V_t prod_s (1 - p_st)^x_st step by step: each step spends the round with the
    largest fall of that sum, V_t q_t p_st (den Broeder, Ellison and Emerling 1959, "On optimum
    target assignments": optimal when p depends on the target alone). The best round of a target
    is found again only when its site has run dry, since a round against it scales all its
    returns alike.

    Parameters
    ----------
    value : F64
        Shape (t,), >= 0.
    kill : F64
        Shape (s, t), in [0, 1]; 0 where forbidden.
    rounds : I64
        Shape (s,), >= 0.

    Returns
    -------
    I64
        Shape (s, t).
    """
    sites, targets = kill.shape
    spent = np.zeros((sites, targets), dtype=np.int64)
    left = rounds.copy()
    worth = value.copy()
    best = np.full(targets, -1, dtype=np.int64)
    stale = np.ones(targets, dtype=np.bool_)
    while True:
        top, target = 0.0, -1
        for t in range(targets):
            if stale[t]:
                best[t], stale[t] = _best_site(kill, left, t), False
            if best[t] >= 0 and worth[t] * kill[best[t], t] > top:
                top, target = worth[t] * kill[best[t], t], t
        if target < 0:
            return spent
        site = best[target]
        spent[site, target] += 1
        left[site] -= 1
        worth[target] *= 1.0 - kill[site, target]
        if left[site] == 0:
            for t in range(targets):
                stale[t] = stale[t] or best[t] == site


@kernel
def _best_site(kill: F64, left: I64, target: int) -> int:
    """Return the site with rounds left that kills a target most surely, -1 if there is none."""
    best, highest = -1, 0.0
    for s in range(len(left)):
        if left[s] > 0 and kill[s, target] > highest:
            best, highest = s, kill[s, target]
    return best


@kernel
def expected_survival(value: F64, kill: F64, spent: I64) -> float:
    """Return sum V_t prod_s (1 - p_st)^x_st: the value that is expected to come through."""
    total = 0.0
    for t in range(len(value)):
        survives = value[t]
        for s in range(len(kill)):
            for _ in range(spent[s, t]):
                survives *= 1.0 - kill[s, t]
        total += survives
    return total
