"""Exact pricing: the cheapest ways to spend priced rounds on one target."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
SURVIVE, COST, RATIO, WHOLE, PAY, ROOM = range(6)
WIDTH = 6


@kernel
def price(
    value: F64,
    survive: F64,
    hard: F64,
    cost: F64,
    least: I64,
    most: I64,
    under: F64,
    paying: bool,
    keep: int,
    nodes: int,
) -> tuple[F64, I64, F64, I64, I64, I64]:
    """Return for each target the cheapest columns, and what no column of it undercuts.

    A column is a number of rounds x_s of each shooter on one target t; it costs
    V_t prod_s q_st^x_s + sum_s c_s x_s. The search is depth first over shooters in order of price
    per log survival, c / -log q. A branch ends where the relaxation with divisible rounds is dear
    enough (its optimum takes that order and stops where the value left falls to the price of
    taking more, as in the knapsack bound of Dantzig 1957). For the cheapest columns it also ends
    where no later round pays: returns diminish, so a round that does not pay now never will.

    Parameters
    ----------
    value : F64
        Shape (t,), >= 0.
    survive : F64
        Shape (t, s), probability that target t survives a round of shooter s, in [0, 1].
    hard : F64
        Shape (t, s), -log of it; finite, so of a tiny number where it is 0.
    cost : F64
        Shape (s,), price of a round, >= 0.
    least, most : I64
        Shape (t, s), fewest and most rounds of s on t.
    under : F64
        Shape (t,): only columns cheaper than this are looked for.
    paying : bool
        True: columns with a round that saves less than it costs are left out. A cheapest column
        has none, but a plan that must spend its rounds may.
    keep : int
        Most columns returned for each target, >= 1. Where fewer than that come back and the
        branches did not run out, they are all there are under ``under``.
    nodes : int
        Most branches opened for each target; beyond it the bound is that of the relaxation.

    Returns
    -------
    bound : F64
        Shape (t,): no column of the target is cheaper; at most ``under``.
    owner, left : I64, F64
        Shape (n,), target of each column found and the value that it leaves.
    start, spent : I64
        Shapes (n + 1,) and (m,): column k spends rounds of shooters
        ``spent[start[k]:start[k + 1]]``, one entry each.
    opened : I64
        Shape (t,), branches opened.
    """
    targets = len(value)
    bound, opened = np.empty(targets), np.empty(targets, dtype=np.int64)
    owner = np.empty(targets * keep, dtype=np.int64)
    left = np.empty(targets * keep)
    start = np.zeros(targets * keep + 1, dtype=np.int64)
    spent = np.empty(8 * targets + 64, dtype=np.int64)
    found = 0
    for t in range(targets):
        base, paid, fixed = _fewest(value[t], survive[t], cost, least[t])
        room = most[t] - least[t]
        name = _candidates(base, paid, survive[t], hard[t], cost, room, under[t], paying)
        item = _items(name, survive[t], hard[t], cost, room)
        bound[t], opened[t], columns, worth, length, path = _search(
            base, paid, item, under[t], paying, keep, nodes
        )
        for k in range(columns):
            at, size = start[found], len(fixed) + length[k]
            while at + size > len(spent):
                spent = np.concatenate((spent, np.empty_like(spent)))
            spent[at : at + len(fixed)] = fixed
            for i in range(length[k]):
                spent[at + len(fixed) + i] = name[path[k, i]]
            owner[found], left[found] = t, worth[k]
            found += 1
            start[found] = at + size
    return bound, owner[:found], left[:found], start[: found + 1], spent[: start[found]], opened


@kernel
def _fewest(value: float, survive: F64, cost: F64, least: I64) -> tuple[float, float, I64]:
    """Return value left, cost and shooters of the fewest rounds."""
    base, paid, at = value, 0.0, 0
    fixed = np.empty(least.sum(), dtype=np.int64)
    for s in range(len(cost)):
        for _ in range(least[s]):
            base *= survive[s]
            paid += cost[s]
            fixed[at] = s
            at += 1
    return base, paid, fixed


@kernel
def _candidates(
    base: float,
    paid: float,
    survive: F64,
    hard: F64,
    cost: F64,
    room: I64,
    under: float,
    paying: bool,
) -> I64:
    """Return the shooters that may be in a cheap column, in order of price per log survival.

    A column with shooter s costs at least what it would if all its other rounds had the best
    price per log survival of all.
    """
    item = np.empty(len(cost), dtype=np.int64)
    ratio = np.empty(len(cost))
    count, cheap = 0, np.inf
    for s in range(len(cost)):
        saves = base * (1.0 - survive[s])
        if room[s] > 0 and saves > 0.0 and (saves > cost[s] or not paying):
            item[count], ratio[count] = s, cost[s] / hard[s]
            cheap = min(cheap, ratio[count])
            count += 1
    kept = count
    if count and cheap > 0.0:
        slack = under - paid - cheap * (1.0 + np.log(base / cheap)) + 1e-12 * base
        kept = 0
        for k in range(count):
            if hard[item[k]] * (ratio[k] - cheap) <= slack:
                item[kept], ratio[kept] = item[k], ratio[k]
                kept += 1
    return item[:kept][np.argsort(ratio[:kept])]


@kernel
def _items(name: I64, survive: F64, hard: F64, cost: F64, room: I64) -> F64:
    """Return what the search asks of each candidate, shape (WIDTH, k)."""
    item = np.empty((WIDTH, len(name)))
    pay = 0.0
    for k in range(len(name) - 1, -1, -1):
        s = name[k]
        pay = max(pay, (1.0 - survive[s]) / hard[s])
        item[SURVIVE, k], item[COST, k] = survive[s], cost[s]
        item[RATIO, k], item[PAY, k] = cost[s] / hard[s], pay
        item[WHOLE, k], item[ROOM, k] = survive[s] ** room[s], room[s]
    return item


@kernel
def _search(
    base: float, paid: float, item: F64, under: float, paying: bool, keep: int, nodes: int
) -> tuple[float, int, int, F64, I64, I64]:
    """Return bound, branches, and number, value left, length and items of the columns kept."""
    depth = int(item[ROOM].sum()) + 1
    total, worth = np.full(keep, np.inf), np.empty(keep)
    length = np.zeros(keep, dtype=np.int64)
    path = np.empty((keep, depth), dtype=np.int64)
    now = np.zeros(depth + 1, dtype=np.int64)
    turn, used = np.zeros_like(now), np.zeros_like(now)
    w, p = np.empty(depth + 1), np.empty(depth + 1)
    w[0], p[0] = base, paid
    top, opened, columns, limit, low = 0, 0, 0, under, under
    if base + paid < limit:
        columns = _hold(base, paid, now, 0, total, worth, length, path, columns)
        limit, low = min(under, total.max()), base + paid
    while top >= 0 and opened < nodes:
        k = turn[top]
        if _ends(w[top], p[top], k, used[top], item, limit, paying):
            top -= 1
            continue
        before, turn[top], used[top] = used[top], k + 1, 0
        opened += 1
        if paying and w[top] * (1.0 - item[SURVIVE, k]) <= item[COST, k]:
            continue
        now[top] = k
        top += 1
        w[top], p[top] = w[top - 1] * item[SURVIVE, k], p[top - 1] + item[COST, k]
        if w[top] + p[top] < limit:
            columns = _hold(w[top], p[top], now, top, total, worth, length, path, columns)
            limit, low = min(under, total.max()), min(low, w[top] + p[top])
        again = before + 1 < item[ROOM, k]
        turn[top], used[top] = (k, before + 1) if again else (k + 1, 0)
    if top >= 0:
        low = min(low, _relaxed(base, paid, 0, 0, item))
    return low, opened, columns, worth, length, path


@kernel
def _ends(w: float, p: float, k: int, used: int, item: F64, limit: float, paying: bool) -> bool:
    """Return whether no item from the k-th on leads to a column under the limit."""
    if k >= item.shape[1] or (paying and w * item[PAY, k] <= item[RATIO, k]):
        return True
    return _relaxed(w, p, k, used, item) >= limit


@kernel
def _relaxed(w: float, p: float, k: int, used: int, item: F64) -> float:
    """Return the least cost when rounds of the items from the k-th on are divisible."""
    for i in range(k, item.shape[1]):
        ratio = item[RATIO, i]
        if w <= ratio:
            break
        left = item[ROOM, i] - used if i == k else item[ROOM, i]
        after = w * (item[SURVIVE, i] ** left if left < item[ROOM, i] else item[WHOLE, i])
        if after < ratio:
            return p + ratio * (1.0 + np.log(w / ratio))
        w, p = after, p + item[COST, i] * left
    return w + p


@kernel
def _hold(
    w: float,
    p: float,
    now: I64,
    size: int,
    total: F64,
    worth: F64,
    length: I64,
    path: I64,
    columns: int,
) -> int:
    """Hold a column, in the place of the dearest one when there is no room; return how many."""
    at = columns if columns < len(total) else int(np.argmax(total))
    total[at], worth[at], length[at] = w + p, w, size
    path[at, :size] = now[:size]
    return min(columns + 1, len(total))
