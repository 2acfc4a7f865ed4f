"""Static assignment of rounds to targets, solved to a proven gap."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.table import F64, I64
from chowki.defence.branching import Tree
from chowki.defence.column_generation import Effort, Workshop
from chowki.defence.column_master import Master
from chowki.defence.column_pool import Instance, Pool
from chowki.kernels.assign import expected_survival, greedy
from chowki.kernels.exchange import exchange

PASSES = 20
LARGE, FINEST = 1e6, 1e290
ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Solution:
    """A plan, and how far from the best it can be.

    Attributes
    ----------
    value : float
        Value expected to be left, sum V_t prod_s (1 - p_st)^x_st.
    bound : float
        No plan leaves less.
    gap : float
        (value - bound) / value; 0 when they are equal.
    seconds : float
        Time it took.
    assignment : list of tuple
        Effector and target of each round spent, both from 0.
    columns : int
        Columns generated.
    nodes : int
        Pricing nodes opened: the count of work.
    branches : int
        Nodes of the tree of branch and price.
    """

    value: float
    bound: float
    gap: float
    seconds: float
    assignment: list[tuple[int, int]]
    columns: int
    nodes: int
    branches: int


def solve(
    values: Any,
    rounds: Any,
    kill_probability: Any,
    *,
    limit_s: float = 60.0,
    nodes: int | None = None,
) -> Solution:
    """Return the plan that leaves the least value, with a bound that holds for every plan.

    Minimises sum V_t prod_s (1 - p_st)^x_st, where shooter s spends at most its rounds. Column
    generation, exact pricing, branching on rounds of a shooter on a target; see ``branching``.

    Parameters
    ----------
    values : array of float
        Shape (t,), >= 0.
    rounds : array of int
        Shape (s,), >= 0.
    kill_probability : array of float
        Shape (s, t), in [0, 1].
    limit_s : float
        Seconds after which to stop with the best plan and bound so far.
    nodes : int or None
        Pricing nodes after which to stop: the same for the same input, whatever the machine.

    Returns
    -------
    Solution
        The same for the same input when no limit of time was met.

    Raises
    ------
    ValueError
        Shapes that differ, or values out of range.
    """
    begin = time.perf_counter()
    value, kill, held = _checked(values, rounds, kill_probability)
    effort = Effort(np.inf if nodes is None else nodes, begin + limit_s)
    first = greedy(value, kill, held, np.full(len(value), held.sum()))
    plan = exchange(value, kill, held, first, PASSES)
    if expected_survival(value, kill, plan) > expected_survival(value, kill, first):
        plan = first
    left = float(expected_survival(value, kill, plan))
    bound, columns, branches = left, 0, 0
    if left > 0.0 and plan.sum() > 0:
        alike, merged = _merged(kill)
        together = np.zeros((len(merged), len(held)), dtype=np.int64)
        together[alike, np.arange(len(held))] = 1
        plan, bound, columns, branches = _proven(
            value, merged, together @ held, together @ plan, effort
        )
        plan = _dealt(plan, held, alike)
        left = float(expected_survival(value, kill, plan))
        # the same sum in another order differs by its rounding only
        bound = left if left - bound <= ROUNDING * left else min(bound, left)
    gap = (left - bound) / left if left > bound else 0.0
    seconds = time.perf_counter() - begin
    return Solution(left, bound, gap, seconds, _pairs(plan), columns, effort.opened, branches)


def _merged(kill: F64) -> tuple[I64, F64]:
    """Return which shooters are alike on every target, and one row for each kind.

    Shooters that are alike make plans that differ in names only, and a search through all of
    them; as one shooter with all their rounds they do not.
    """
    rows, first, alike = np.unique(kill, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place[alike.reshape(-1)], np.ascontiguousarray(rows[order])


def _dealt(plan: I64, rounds: I64, alike: I64) -> I64:
    """Return rounds of each shooter from those of each kind, the first shooters first."""
    dealt, left = np.zeros((len(rounds), plan.shape[1]), dtype=np.int64), plan.copy()
    for s, kind in enumerate(alike):
        # as many as the shooter has, target by target
        taken = np.diff(np.minimum(np.cumsum(left[kind]), rounds[s]), prepend=0)
        dealt[s] = taken
        left[kind] -= taken
    return dealt


def _proven(
    value: F64, kill: F64, rounds: I64, plan: I64, effort: Effort
) -> tuple[I64, float, int, int]:
    """Return the best plan, a bound, and the numbers of columns and nodes."""
    left = value * np.prod((1.0 - kill) ** plan, axis=0)
    # the solver's tolerances are absolute: let a target leave about 1
    total = float(left.sum())
    if total * FINEST <= float(value.sum()):
        return plan, 0.0, 0, 0
    scale = len(value) / total
    instance = Instance.of(value * scale, rounds, kill)
    pool = Pool(instance)
    pool.add_plan(instance, np.ascontiguousarray(plan.T))
    if instance.value.max() < LARGE:  # to leave a target alone bounds prices from the start
        pool.add_plan(instance, np.zeros_like(instance.survive, dtype=np.int64))
    shop = Workshop(instance, pool, Master(pool, rounds), effort)
    tree = Tree(shop, np.ascontiguousarray(plan.T), scale * total)
    bound = tree.search(scale * _worth_of_one_more(left, kill))
    best = np.ascontiguousarray(tree.plan.T)
    return best, bound / scale, len(pool), tree.nodes


def _worth_of_one_more(left: F64, kill: F64) -> F64:
    """Return the second most that one more round of each shooter would save: a first price."""
    saved = np.sort(left * kill, axis=1)
    return np.ascontiguousarray(saved[:, max(-2, -saved.shape[1])])


def _pairs(plan: I64) -> list[tuple[int, int]]:
    shooters, targets = np.nonzero(plan)
    times = plan[shooters, targets]
    pairs = zip(np.repeat(shooters, times), np.repeat(targets, times), strict=True)
    return [(int(s), int(t)) for s, t in pairs]


def _checked(values: Any, rounds: Any, kill_probability: Any) -> tuple[F64, F64, I64]:
    value = np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
    held = np.asarray(rounds, dtype=np.float64).reshape(-1)
    kill = np.asarray(kill_probability, dtype=np.float64)
    if kill.size == 0:
        kill = kill.reshape(len(held), len(value))
    if kill.shape != (len(held), len(value)):
        raise ValueError(f"kill probabilities of shape {kill.shape}: a row for each of rounds")
    if not (np.isfinite(value).all() and (value >= 0.0).all()):
        raise ValueError("values: finite numbers, at least 0")
    if not ((held >= 0.0).all() and (held == np.floor(held)).all() and np.isfinite(held).all()):
        raise ValueError("rounds: whole numbers, at least 0")
    if not ((kill >= 0.0) & (kill <= 1.0)).all():
        raise ValueError("kill probabilities: numbers from 0 to 1")
    return value, np.ascontiguousarray(kill), held.astype(np.int64)
