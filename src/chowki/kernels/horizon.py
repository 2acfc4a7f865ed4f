"""Shots in time: policies of many targets that share rounds and channels, and a proven bound.

The whole is a weakly coupled dynamic program. With a price on every round and on every channel in
every slot it falls apart into one small dynamic program for each target (``kernels.policy``: the
pricing of columns, exact), and any prices prove a bound on what all plans together can save
(Lagrangian relaxation: Adelman and Mersereau 2008, "Relaxations of weakly coupled stochastic
dynamic programs", Operations Research 56).

In every kernel: t targets, m options in order of target and slot, s sites, k slots. ``starts``
(t + 1) says where each target's options begin; rows of ``use`` are slot, site, slots held.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.jit import kernel
from chowki.kernels.policy import EDGE, HELD, SITE, SLOT, best_policy, breach, spend

B8 = NDArray[np.bool_]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

TRIES = 12
# A bound that falls by less is idle; so many idle steps halve the length, down to the shortest.
FALL, PATIENCE, SHORTEST, CARRIED = 1e-4, 5, 0.02, 0.5
EVERY = 20


@kernel
def price_options(
    use: I64, cost: F64, price: F64, rent: F64, first: int, last: int, net: F64
) -> None:
    """Fill what each shot costs: its own price, its round, its channel while it is held."""
    slots = rent.shape[1]
    until = np.zeros((len(price), slots + 1))
    for s in range(len(price)):
        for k in range(slots):
            until[s, k + 1] = until[s, k] + rent[s, k]
    for a in range(first, last):
        site, k = use[SITE, a], use[SLOT, a]
        held = until[site, min(k + use[HELD, a], slots)] - until[site, k]
        net[a] = cost[a] + price[site] + held


@kernel
def future_worth(left: float, demand: F64, gain: F64) -> float:
    """Return what rounds that are left will save later: the demand that gains most comes first.

    Parameters
    ----------
    left : float
        Rounds.
    demand, gain : F64
        Shape (l,): rounds that later threats will need, and what each of them saves; ascending in
        gain wherever there is a demand.
    """
    total, rest = 0.0, max(left, 0.0)
    for level in range(len(demand) - 1, -1, -1):
        used = min(rest, demand[level])
        total += used * gain[level]
        rest -= used
    return total


@kernel
def _margins(choice: I64, use: I64, left: F64, demand: F64, gain: F64, later: F64) -> None:
    """Fill what one round less would cost later at the sites of a policy."""
    for k in range(len(choice)):
        for a in choice[k]:
            if a >= 0:
                s = use[SITE, a]
                kept = future_worth(float(left[s]), demand[s], gain[s])
                later[s] = kept - future_worth(float(left[s]) - 1.0, demand[s], gain[s])


@kernel
def dual_step(
    starts: I64,
    use: I64,
    kill: F64,
    cost: F64,
    value: F64,
    most: I64,
    ready: I64,
    rounds: F64,
    room: F64,
    demand: F64,
    gain: F64,
    price: F64,
    rent: F64,
    spare: F64,
    spare_room: F64,
    worth: F64,
) -> tuple[float, int]:
    """Return the bound that prices prove, and the steps; fill what the policies would leave.

    Parameters
    ----------
    price, rent : F64
        Shapes (s,), (s, k), >= 0.
    spare, spare_room : F64
        Shapes (s,), (s, k), filled: rounds and channels less what the policies use: a subgradient.
    worth : F64
        Shape (t,), filled: what each target's policy saves net of prices.
    """
    slots = room.shape[1]
    net, shut = np.empty(len(kill)), np.zeros((len(kill), 2), dtype=np.bool_)
    price_options(use, cost, price, rent, 0, len(cost), net)
    spare[:], spare_room[:] = rounds, room
    bound, steps = 0.0, 0
    for s in range(len(rounds)):
        bound += price[s] * rounds[s]
        for k in range(slots):
            bound += rent[s, k] * room[s, k]
        for level in range(demand.shape[1]):
            if gain[s, level] > price[s]:
                bound += demand[s, level] * (gain[s, level] - price[s])
                spare[s] -= demand[s, level]
    after, choice = np.empty(slots + 1), np.empty((slots, 2), dtype=np.int64)
    for t in range(len(value)):
        a, b = starts[t], starts[t + 1]
        steps += best_policy(
            a, b, use, kill, net, float(value[t]), most[t], ready[t], shut, after, choice
        )
        worth[t] = after[0]
        bound += after[0]
        spend(choice, use, kill, cost, float(value[t]), 1.0, spare, spare_room)
    return bound, steps


@kernel
def bearable_policy(
    t: int,
    starts: I64,
    use: I64,
    kill: F64,
    net: F64,
    value: F64,
    most: I64,
    ready: I64,
    left: F64,
    room: F64,
    shut: B8,
    worth: F64,
    choice: I64,
) -> int:
    """Fill the choices of the best policy that rounds and channels bear, nearly; count the steps.

    What the best policy can't have is shut, and the best of the rest looked for, some times over;
    then the target gets nothing.
    """
    first, last, steps = starts[t], starts[t + 1], 0
    shut[first:last] = False
    for a in range(first, last):
        shut[a, 0] = room[use[SITE, a], use[SLOT, a]] <= EDGE or left[use[SITE, a]] <= EDGE
    for _ in range(TRIES):
        steps += best_policy(
            first, last, use, kill, net, float(value[t]), most[t], ready[t], shut, worth, choice
        )
        if not breach(choice, use, kill, left, room, shut):
            return steps
    choice[:] = -1
    return steps


@kernel
def build_plan(
    starts: I64,
    use: I64,
    kill: F64,
    cost: F64,
    value: F64,
    most: I64,
    ready: I64,
    rounds: F64,
    room: F64,
    demand: F64,
    gain: F64,
    price: F64,
    rent: F64,
    order: I64,
    sweeps: int,
    plan: I64,
) -> tuple[float, int]:
    """Fill a plan that rounds and channels bear; return what it saves, and the steps.

    Targets choose one after the other at the given prices; then each in turn chooses again from
    what the others leave, at what a round is worth later, and keeps the better choice.

    Parameters
    ----------
    order : I64
        Shape (t,): the order in which targets choose.
    sweeps : int
        How often each chooses again.
    plan : I64
        Shape (t, k, 2), filled: options shot in each slot if the target is alive then.
    """
    slots = room.shape[1]
    left, free = rounds.copy(), room.copy()
    net, shut = np.empty(len(kill)), np.zeros((len(kill), 2), dtype=np.bool_)
    worth, choice = np.empty(slots + 1), np.empty((slots, 2), dtype=np.int64)
    steps = 0
    price_options(use, cost, price, rent, 0, len(cost), net)
    for t in order:
        steps += bearable_policy(
            t, starts, use, kill, net, value, most, ready, left, free, shut, worth, plan[t]
        )
        spend(plan[t], use, kill, cost, float(value[t]), 1.0, left, free)
    later = np.empty(len(rounds))
    for s in range(len(rounds)):
        kept = future_worth(float(left[s]), demand[s], gain[s])
        later[s] = kept - future_worth(float(left[s]) - 1.0, demand[s], gain[s])
    for _ in range(sweeps):
        for t in order:
            spend(plan[t], use, kill, cost, float(value[t]), -1.0, left, free)
            _margins(plan[t], use, left, demand, gain, later)
            for a in range(starts[t], starts[t + 1]):
                net[a] = cost[a] + later[use[SITE, a]]
            steps += bearable_policy(
                t, starts, use, kill, net, value, most, ready, left, free, shut, worth, choice
            )
            if spend(choice, use, kill, net, float(value[t]), 0.0, left, free) > spend(
                plan[t], use, kill, net, float(value[t]), 0.0, left, free
            ):
                plan[t] = choice
            spend(plan[t], use, kill, cost, float(value[t]), 1.0, left, free)
            _margins(plan[t], use, left, demand, gain, later)
    return plan_value(plan, use, kill, cost, value, rounds, room, demand, gain), steps


@kernel
def plan_value(
    plan: I64,
    use: I64,
    kill: F64,
    cost: F64,
    value: F64,
    rounds: F64,
    room: F64,
    demand: F64,
    gain: F64,
) -> float:
    """Return what a plan saves now and, with the rounds it leaves, later; -inf if it overdraws."""
    left, free, saved = rounds.copy(), room.copy(), 0.0
    for t in range(len(value)):
        saved += spend(plan[t], use, kill, cost, float(value[t]), 1.0, left, free)
    for s in range(len(rounds)):
        if left[s] < -1e-6:
            return -np.inf
        for k in range(free.shape[1]):
            if free[s, k] < -1e-6:
                return -np.inf
        saved += future_worth(float(left[s]), demand[s], gain[s])
    return saved


@kernel
def optimise(
    starts: I64,
    use: I64,
    kill: F64,
    cost: F64,
    value: F64,
    most: I64,
    ready: I64,
    rounds: F64,
    room: F64,
    demand: F64,
    gain: F64,
    price: F64,
    rent: F64,
    budget: int,
    tolerance: float,
    plan: I64,
) -> tuple[float, float, int]:
    """Fill a plan and the prices of the best bound; return value, bound and steps.

    Subgradient steps after Polyak (1969) towards the best plan found, scaled by use and carried
    on by half of the step before (Camerini, Fratta and Maffioli 1975), halved in length when the
    bound has not fallen for a while. A plan is built at the first prices, now and then, and at the
    last, where every target chooses again.

    Parameters
    ----------
    starts, use, kill, cost : arrays
        The options.
    value, most, ready : arrays
        Of each target.
    rounds, room : F64
        Shapes (s,), (s, k): rounds, and free channels in each slot.
    demand, gain : F64
        Shape (s, l): what later threats will need, as ``future_worth`` takes it.
    price, rent : F64
        Shapes (s,), (s, k): prices to start from; those of the best bound on return.
    budget : int
        Steps after which no further prices are tried.
    tolerance : float
        Relative gap at which to stop.
    plan : I64
        Shape (t, k, 2), filled.
    """
    spare, spare_room = np.empty(len(rounds)), np.empty(room.shape)
    worth, best_worth = np.empty(len(value)), np.empty(len(value))
    now_price, now_rent = price.copy(), rent.copy()
    push, push_room = np.zeros(len(rounds)), np.zeros(room.shape)
    trial = np.empty(plan.shape, dtype=np.int64)
    bound, best, steps, length, idle, tried = np.inf, -np.inf, 0, 1.0, 0, 0
    while True:
        proved, more = dual_step(
            starts, use, kill, cost, value, most, ready, rounds, room, demand, gain,
            now_price, now_rent, spare, spare_room, worth,
        )  # fmt: skip
        steps += more
        idle = 0 if proved < bound - FALL * abs(bound) else idle + 1
        if proved < bound:
            bound, best_worth[:], price[:], rent[:] = proved, worth, now_price, now_rent
        last = steps >= budget or length < SHORTEST
        if last or tried % EVERY == 0:
            saved, more = build_plan(
                starts, use, kill, cost, value, most, ready, rounds, room, demand, gain,
                price, rent, np.argsort(-best_worth), 2 if last else 0, trial,
            )  # fmt: skip
            steps += more
            if saved > best:
                best, plan[:] = saved, trial
        if last or bound - best <= tolerance * max(abs(bound), EDGE):
            return best, bound, steps
        tried += 1
        if idle >= PATIENCE:
            length, idle = 0.5 * length, 0
            now_price[:], now_rent[:] = price, rent
            push[:], push_room[:] = 0.0, 0.0
        else:
            _move(
                now_price, now_rent, rounds, room, spare, spare_room, push, push_room,
                length * (proved - best),
            )  # fmt: skip


@kernel
def _move(
    price: F64,
    rent: F64,
    rounds: F64,
    room: F64,
    spare: F64,
    spare_room: F64,
    push: F64,
    push_room: F64,
    excess: float,
) -> None:
    """Change prices against the subgradient; where a price is 0 and there is room it stays."""
    norm = 0.0
    for s in range(len(price)):
        push[s] = _pushed(price[s], rounds[s], spare[s], push[s])
        norm += spare[s] * push[s]
        for k in range(rent.shape[1]):
            push_room[s, k] = _pushed(rent[s, k], room[s, k], spare_room[s, k], push_room[s, k])
            norm += spare_room[s, k] * push_room[s, k]
    if norm <= 0.0 or excess <= 0.0:
        return
    step = excess / norm
    for s in range(len(price)):
        price[s] = max(price[s] - step * push[s], 0.0)
        for k in range(rent.shape[1]):
            rent[s, k] = max(rent[s, k] - step * push_room[s, k], 0.0)


@kernel
def _pushed(price: float, capacity: float, spare: float, before: float) -> float:
    """Return how hard a price is pushed: what is spare over what is used, and half of before."""
    now = 0.0 if price <= 0.0 and spare > 0.0 else spare / max(capacity, capacity - spare, 1.0)
    return now + CARRIED * before
