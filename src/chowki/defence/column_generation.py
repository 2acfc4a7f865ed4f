"""The linear relaxation of an assignment, by column generation with exact pricing."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from chowki.core.table import F64, I64
from chowki.defence.column_master import Master
from chowki.defence.column_pool import Box, Instance, Pool
from chowki.kernels.pricing import price

EQUAL = 1e-9
SLACK = 1e-10
KEPT = 3
SMOOTH = 0.5
BRANCHES = 200_000
LISTED, LISTED_EACH, LISTED_BRANCHES = 60_000, 2_000, 2_000_000


@dataclass(slots=True)
class Effort:
    """How much may still be done: pricing nodes, and seconds.

    Attributes
    ----------
    nodes : int
        Pricing nodes that may be opened in all.
    until_s : float
        When to stop, on the clock of ``time.perf_counter``.
    opened : int
        Pricing nodes opened so far.
    """

    nodes: float
    until_s: float
    opened: int = 0

    def left_s(self) -> float:
        """Return the seconds that are left, at least 0."""
        return max(self.until_s - time.perf_counter(), 0.0)

    def over(self) -> bool:
        """Return whether there is nothing left."""
        return self.opened >= self.nodes or self.left_s() <= 0.0


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What column generation found within a box.

    Attributes
    ----------
    value : float
        Value left by the best mix of columns.
    bound : float
        No plan within the box leaves less (Lagrange, with exact pricing).
    prices, cheapest : F64
        Shapes (s,) and (t,): the prices of the bound, and what no column of a target undercuts
        at these.
    share : F64
        Shape (n,), how much of each column is taken.
    """

    value: float
    bound: float
    prices: F64
    cheapest: F64
    share: F64

    @property
    def closed(self) -> bool:
        """Whether value and bound are equal."""
        return self.value - self.bound <= EQUAL * max(self.value, EQUAL)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What column generation works with: the instance, its columns, their master, the effort."""

    instance: Instance
    pool: Pool
    master: Master
    effort: Effort

    def cheapest(self, prices: F64, box: Box, under: F64) -> Priced:
        """Return the cheapest columns of each target under a cost, and a bound on all."""
        return self._priced(prices, box, under, True, KEPT, BRANCHES)

    def all_under(self, prices: F64, box: Box, under: F64, keep: int, nodes: int) -> Priced:
        """Return all columns of each target under a cost, as far as room and nodes go."""
        return self._priced(prices, box, under, False, keep, nodes)

    def _priced(
        self, prices: F64, box: Box, under: F64, paying: bool, keep: int, nodes: int
    ) -> Priced:
        i, least, most = self.instance, box.least, box.most
        found = price(
            i.value, i.survive, i.hard, prices, least, most, under, paying, keep, nodes
        )  # fmt: skip
        self.effort.opened += int(found[5].sum()) + len(i.value)
        return found


Priced = tuple[F64, I64, F64, I64, I64, I64]


def relax(shop: Workshop, box: Box, centre: F64, enough: float) -> Relaxation:
    """Return the relaxation within a box; columns found on the way go into the pool.

    Prices are smoothed towards those of the best bound (Wentges 1997, "Weighted Dantzig-Wolfe
    decomposition"); where a smoothed price brings no column, the master's own is asked.

    Parameters
    ----------
    shop : Workshop
        What to work with; its pool holds a plan within the box.
    box : Box
        Fewest and most rounds.
    centre : F64
        Shape (s,), prices to begin near to.
    enough : float
        A bound above which no more is asked.

    Returns
    -------
    Relaxation
        Valid when it was cut short, too: then value and bound differ.
    """
    pool, rounds = shop.pool, shop.instance.rounds
    fits = pool.fits(box)
    best = Relaxation(np.inf, 0.0, centre, np.zeros(pool.targets), np.zeros(len(pool)))
    while not shop.effort.over():
        answer = shop.master.solve(fits, shop.effort.left_s())
        if answer is None:
            return best
        best = Relaxation(answer.value, best.bound, best.prices, best.cheapest, answer.share)
        new = 0
        for prices in (SMOOTH * (best.prices + answer.prices), answer.prices):
            under = pool.cheapest(prices, fits) - SLACK
            found = shop.cheapest(prices, box, under)
            bound = float(found[0].sum() - prices @ rounds)
            if bound > best.bound:
                best = Relaxation(best.value, bound, prices, found[0], best.share)
            new = pool.add(*found[1:5])
            fits = np.append(fits, np.ones(new, dtype=np.bool_))
            if new or best.closed:
                break
        if best.closed or not new or best.bound > enough:
            break
    return best


def listed(shop: Workshop, box: Box, relaxation: Relaxation, gap: float) -> bool:
    """Put every column that a plan nearer to the bound than a gap can have into the pool.

    A plan's distance from the bound is at least the reduced cost of each of its columns, so
    what it is made of is dearer than the cheapest by less than the gap.

    Returns
    -------
    bool
        True when these are all; False when they are too many.
    """
    depth = int(box.most.max(initial=1)) * shop.pool.shooters
    keep = max(1, min(LISTED_EACH, 4_000_000 // max(depth, 1)))
    each = LISTED_BRANCHES // max(shop.pool.targets, 1)
    under = relaxation.cheapest + gap + SLACK
    found = shop.all_under(relaxation.prices, box, under, keep, each)
    owner, opened = found[1], found[5]
    many = np.bincount(owner, minlength=shop.pool.targets)
    if (many >= keep).any() or (opened >= each).any() or many.sum() > LISTED:
        return False
    shop.pool.add(*found[1:5])
    return True


def near(shop: Workshop, fits: np.ndarray, relaxation: Relaxation, gap: float) -> I64:
    """Return the columns of the pool that a plan nearer to the bound than a gap can have."""
    pool = shop.pool
    dear = pool.costs(relaxation.prices) - relaxation.cheapest[pool.owner]
    return np.flatnonzero(fits & (dear <= gap + 2.0 * SLACK))
