"""Policies of shoot, look, shoot for one target: the best one, what it uses, what it saves.

A policy is a chain of shots (site x slot), each taken only if those before it missed; at most two
rounds leave at once. Shots of later slots are needed only if those before missed: they count
against rounds and channels with that probability; a shot of the first slot counts whole.

In every kernel: m options in order of target and slot, s sites, k slots. Rows of ``use`` are
slot, site, slots held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel

B8 = NDArray[np.bool_]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

SLOT, SITE, HELD = 0, 1, 2
EDGE = 1e-9


@kernel
def best_policy(
    first: int,
    last: int,
    use: I64,
    kill: F64,
    net: F64,
    value: float,
    most: int,
    ready: int,
    shut: B8,
    worth: F64,
    choice: I64,
) -> int:
    """Fill the worth of a target's best policy from each slot on, and its choices; count the steps.

    Bellman's recursion: in a slot wait, or shoot, gain p V - price, and go on with probability
    1 - p when the outcome is known.

    Parameters
    ----------
    first, last : int
        The target's options.
    use : I64
        Shape (3, m).
    kill, net : F64
        Shape (m,): kill probability, price of the shot: its cost, its round and its channel.
    value : float
        Value of the target.
    most : int
        Rounds at once, 1 or 2.
    ready : int
        First slot in which an order may leave.
    shut : B8
        Shape (m, 2): options not to be used at all; not to be used twice or with another.
    worth : F64
        Shape (k + 1,), filled.
    choice : I64
        Shape (k, 2), filled: the options shot in each slot, -1 for none.
    """
    slots = len(choice)
    worth[slots] = 0.0
    after, steps = last, 0
    for k in range(slots - 1, -1, -1):
        worth[k], choice[k, 0], choice[k, 1] = worth[k + 1], -1, -1
        begin = after
        while begin > first and use[SLOT, begin - 1] == k:
            begin -= 1
        if k < ready:
            return _copy_down(k, worth, choice, steps)
        for a in range(begin, after):
            if shut[a, 0]:
                continue
            steps += 1
            then = worth[min(k + use[HELD, a], slots)]
            gain = kill[a] * value - net[a] + (1.0 - kill[a]) * then
            if gain >= worth[k] and gain > 0.0:
                worth[k], choice[k, 0], choice[k, 1] = gain, a, -1
        if most > 1:
            steps += _best_pair(k, begin, after, use, kill, net, value, shut, worth, choice)
        after = begin
    return steps


@kernel
def _copy_down(k: int, worth: F64, choice: I64, steps: int) -> int:
    """Fill the slots in which no order may leave yet."""
    for j in range(k, -1, -1):
        worth[j], choice[j, 0], choice[j, 1] = worth[k + 1], -1, -1
    return steps


@kernel
def _best_pair(
    k: int,
    begin: int,
    after: int,
    use: I64,
    kill: F64,
    net: F64,
    value: float,
    shut: B8,
    worth: F64,
    choice: I64,
) -> int:
    """Take two rounds at once in a slot where that is worth more; count the steps.

    A shot that is not worth its price alone is not worth it beside another.
    """
    slots, steps = len(choice), 0
    for a in range(begin, after):
        if shut[a, 0] or shut[a, 1] or net[a] >= kill[a] * value:
            continue
        for b in range(a, after):
            if shut[b, 0] or shut[b, 1] or net[b] >= kill[b] * value:
                continue
            steps += 1
            miss = (1.0 - kill[a]) * (1.0 - kill[b])
            then = worth[min(k + max(use[HELD, a], use[HELD, b]), slots)]
            gain = (1.0 - miss) * value - net[a] - net[b] + miss * then
            if gain > worth[k]:
                worth[k], choice[k, 0], choice[k, 1] = gain, a, b
    return steps


@kernel
def spend(
    choice: I64, use: I64, kill: F64, cost: F64, value: float, sign: float, left: F64, room: F64
) -> float:
    """Take the expected use of a policy from rounds and channels, and return what it saves.

    Parameters
    ----------
    choice : I64
        Shape (k, 2).
    use, kill, cost
        Of all options.
    value : float
        Value of the target.
    sign : float
        1 takes, -1 gives back, 0 only weighs.
    left, room : F64
        Shapes (s,), (s, k): rounds and channels, changed in place.
    """
    slots = len(choice)
    alive, saved, k = 1.0, 0.0, 0
    while k < slots:
        if choice[k, 0] < 0:
            k += 1
            continue
        miss, held = 1.0, 1
        for a in choice[k]:
            if a >= 0:
                saved -= alive * float(cost[a])
                miss *= 1.0 - float(kill[a])
                held = max(held, use[HELD, a])
                left[use[SITE, a]] -= sign * alive
                for j in range(k, min(k + use[HELD, a], slots)):
                    room[use[SITE, a], j] -= sign * alive
        saved += alive * (1.0 - miss) * value
        alive *= miss
        k += held
    return saved


@kernel
def breach(choice: I64, use: I64, kill: F64, left: F64, room: F64, shut: B8) -> bool:
    """Shut the first option of a policy that rounds or channels do not bear; True if there is one.

    Both shrink while the policy is followed, and are given back before the return.
    """
    slots = len(choice)
    alive, k, found = 1.0, 0, False
    taken_option = np.empty(2 * slots, dtype=np.int64)
    taken_share = np.empty(2 * slots)
    taken = 0
    while k < slots and not found:
        if choice[k, 0] < 0:
            k += 1
            continue
        miss, held = 1.0, 1
        for c in range(2):
            a = choice[k, c]
            if a < 0 or found:
                continue
            if not _bears(a, k, alive, use, left, room):
                shut[a, 1 if c == 1 else 0] = True
                found = True
                continue
            _take(a, k, alive, use, left, room)
            taken_option[taken], taken_share[taken] = a, alive
            taken += 1
            miss *= 1.0 - float(kill[a])
            held = max(held, use[HELD, a])
        alive *= miss
        k += held
    for j in range(taken):
        a = taken_option[j]
        _take(a, use[SLOT, a], -taken_share[j], use, left, room)
    return found


@kernel
def _bears(a: int, k: int, share: float, use: I64, left: F64, room: F64) -> bool:
    """Return whether a site has a share of a round, and of a channel for as long as it is held."""
    site = use[SITE, a]
    if left[site] < share - EDGE:
        return False
    for j in range(k, min(k + use[HELD, a], room.shape[1])):
        if room[site, j] < share - EDGE:
            return False
    return True


@kernel
def _take(a: int, k: int, share: float, use: I64, left: F64, room: F64) -> None:
    site = use[SITE, a]
    left[site] -= share
    for j in range(k, min(k + use[HELD, a], room.shape[1])):
        room[site, j] -= share
