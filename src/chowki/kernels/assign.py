"""Assignment of rounds to targets in one second: by marginal return, improved, or by nearness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]


@kernel
def greedy(value: F64, kill: F64, rounds: I64, most: I64) -> I64:
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
    most : I64
        Shape (t,): rounds that a target gets at most.

    Returns
    -------
    I64
        Shape (s, t).
    """
    sites, targets = kill.shape
    open_to = most.copy()
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
            if best[t] >= 0 and open_to[t] > 0 and worth[t] * kill[best[t], t] > top:
                top, target = worth[t] * kill[best[t], t], t
        if target < 0:
            return spent
        site = best[target]
        spent[site, target] += 1
        left[site] -= 1
        open_to[target] -= 1
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


@kernel
def local_search(value: F64, kill: F64, rounds: I64, most: I64) -> I64:
    """Return ``greedy`` improved by moves, chains and swaps until none saves more.

    A move takes a round of a site from one target to another; in a chain an unspent round of
    another site takes its place; a swap exchanges the targets of two rounds. The first that saves
    more is made (of the neighbourhoods in Ahuja, Kumar, Jha and Orlin 2007, "Exact and heuristic
    algorithms for the weapon-target assignment problem", the smallest).

    Parameters
    ----------
    value, kill, rounds, most
        As ``greedy`` takes them.

    Returns
    -------
    I64
        Shape (s, t).
    """
    spent = greedy(value, kill, rounds, most)
    sites, targets = kill.shape
    worth, room, left = value.copy(), most.copy(), rounds.copy()
    for t in range(targets):
        for s in range(sites):
            room[t] -= spent[s, t]
            left[s] -= spent[s, t]
            for _ in range(spent[s, t]):
                worth[t] *= 1.0 - kill[s, t]
    for _ in range(2 * sites * targets):
        if not (
            _move(spent, worth, room, value, kill)
            or _chain(spent, worth, room, left, value, kill)
            or _swap(spent, worth, value, kill)
        ):
            break
    return spent


@kernel
def _survival(spent: I64, value: F64, kill: F64, t: int) -> float:
    survives = value[t]
    for s in range(len(kill)):
        for _ in range(spent[s, t]):
            survives *= 1.0 - kill[s, t]
    return survives


@kernel
def _changed(
    spent: I64, value: F64, kill: F64, a: int, t: int, b: int, u: int
) -> tuple[float, float]:
    """Return survival of t and u when a round of a goes from t to u, and one of b (>= 0) back."""
    spent[a, t] -= 1
    spent[a, u] += 1
    if b >= 0:
        spent[b, u] -= 1
        spent[b, t] += 1
    at_t, at_u = _survival(spent, value, kill, t), _survival(spent, value, kill, u)
    spent[a, t] += 1
    spent[a, u] -= 1
    if b >= 0:
        spent[b, u] += 1
        spent[b, t] -= 1
    return at_t, at_u


@kernel
def _move(spent: I64, worth: F64, room: I64, value: F64, kill: F64) -> bool:
    """Make the first move that saves more."""
    sites, targets = kill.shape
    for s in range(sites):
        for t in range(targets):
            if spent[s, t] == 0:
                continue
            for u in range(targets):
                if u == t or room[u] <= 0 or kill[s, u] <= 0.0:
                    continue
                at_t, at_u = _changed(spent, value, kill, s, t, -1, u)
                if at_t + at_u < (worth[t] + worth[u]) * (1.0 - 1e-9):
                    spent[s, t] -= 1
                    spent[s, u] += 1
                    room[t] += 1
                    room[u] -= 1
                    worth[t], worth[u] = at_t, at_u
                    return True
    return False


@kernel
def _chain(spent: I64, worth: F64, room: I64, left: I64, value: F64, kill: F64) -> bool:
    """Make the first move that saves more with an unspent round of another site in its place."""
    sites, targets = kill.shape
    for a in range(sites):
        for t in range(targets):
            if spent[a, t] == 0:
                continue
            for u in range(targets):
                if u == t or room[u] <= 0 or kill[a, u] <= 0.0:
                    continue
                at_t, at_u = _changed(spent, value, kill, a, t, -1, u)
                for b in range(sites):
                    if b == a or left[b] <= 0 or kill[b, t] <= 0.0:
                        continue
                    now_t = at_t * (1.0 - kill[b, t])
                    if now_t + at_u < (worth[t] + worth[u]) * (1.0 - 1e-9):
                        spent[a, t] -= 1
                        spent[a, u] += 1
                        spent[b, t] += 1
                        left[b] -= 1
                        room[u] -= 1
                        worth[t], worth[u] = now_t, at_u
                        return True
    return False


@kernel
def _swap(spent: I64, worth: F64, value: F64, kill: F64) -> bool:
    """Make the first swap that saves more."""
    sites, targets = kill.shape
    for a in range(sites):
        for t in range(targets):
            if spent[a, t] == 0:
                continue
            for b in range(sites):
                if b == a or kill[b, t] <= 0.0:
                    continue
                for u in range(targets):
                    if u == t or spent[b, u] == 0 or kill[a, u] <= 0.0:
                        continue
                    at_t, at_u = _changed(spent, value, kill, a, t, b, u)
                    if at_t + at_u < (worth[t] + worth[u]) * (1.0 - 1e-9):
                        spent[a, t] -= 1
                        spent[a, u] += 1
                        spent[b, u] -= 1
                        spent[b, t] += 1
                        worth[t], worth[u] = at_t, at_u
                        return True
    return False


@kernel
def nearest_first(order: I64, delay_s: F64, kill: F64, rounds: I64, most: I64) -> I64:
    """Return rounds when each target in turn takes the sites that meet it first.

    Parameters
    ----------
    order : I64
        Shape (t,): targets, the first to choose first.
    delay_s : F64
        Shape (s, t): seconds to the intercept.
    kill, rounds, most
        As ``greedy`` takes them.

    Returns
    -------
    I64
        Shape (s, t).
    """
    sites, targets = kill.shape
    spent = np.zeros((sites, targets), dtype=np.int64)
    left = rounds.copy()
    for t in order:
        for _ in range(most[t]):
            best = -1
            for s in range(sites):
                if (
                    left[s] > 0
                    and kill[s, t] > 0.0
                    and (best < 0 or delay_s[s, t] < delay_s[best, t])
                ):
                    best = s
            if best < 0:
                break
            spent[best, t] += 1
            left[best] -= 1
    return spent
