"""Branch and price: from a relaxation to a plan of whole rounds, and a bound that proves it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from chowki.core.table import F64, I64
from chowki.defence.column_generation import (
    EQUAL,
    Relaxation,
    Workshop,
    listed,
    near,
    relax,
)
from chowki.defence.column_master import whole
from chowki.defence.column_pool import Box

WHOLE = 1e-6
TREE, TREE_AT_ONCE = 20_000, 200
HEURISTIC_EVERY = 10

Cut = tuple[int, int, bool, int]


@dataclass(order=True, slots=True)
class Node:
    """A part of all plans: those within a box.

    Attributes
    ----------
    bound : float
        No plan in it leaves less.
    number : int
        In the order in which nodes were made.
    cuts : tuple
        Target, shooter, whether it is "at least", rounds: the sides of the box.
    prices : F64
        Shape (s,), prices to begin with.
    """

    bound: float
    number: int
    cuts: tuple[Cut, ...] = field(compare=False)
    prices: F64 = field(compare=False)


@dataclass(slots=True)
class Tree:
    """A search for the best plan.

    Attributes
    ----------
    shop : Workshop
        What column generation works with.
    plan, value : I64, float
        The best plan so far, shape (t, s), and the value it leaves.
    nodes : int
        Nodes looked into.
    """

    shop: Workshop
    plan: I64
    value: float
    nodes: int = 0

    def search(self, prices: F64) -> float:
        """Better the plan until it is proven best or the effort is spent; return the bound.

        Nodes are looked into best bound first. One is closed by its bound; by a relaxation that
        is whole; or, where the columns that a better plan can have are few enough to be listed,
        by a search through their mixes. Else it is parted at the rounds of one shooter on one
        target, which pricing keeps as bounds.
        """
        heap = [Node(0.0, 0, (), prices)]
        made = 1
        while heap and not self.shop.effort.over():
            node = heapq.heappop(heap)
            if node.bound >= self._enough():
                break
            self.nodes += 1
            bound, cut, relaxed = self._look(node)
            if cut is None:
                continue
            target, shooter, rounds = cut
            for at_least, limit in ((False, rounds), (True, rounds + 1)):
                cuts = (*node.cuts, (target, shooter, at_least, limit))
                if self._possible(self._box(cuts)):
                    heapq.heappush(heap, Node(bound, made, cuts, relaxed.prices))
                    made += 1
        return min([self.value, *(node.bound for node in heap)])

    def _enough(self) -> float:
        return self.value * (1.0 - EQUAL)

    def _look(self, node: Node) -> tuple[float, tuple[int, int, int] | None, Relaxation]:
        """Return a node's bound, where to part it (None: it is closed), and its relaxation."""
        shop, box = self.shop, self._box(node.cuts)
        if node.cuts:
            shop.pool.add_plan(shop.instance, box.least)
        relaxed = relax(shop, box, node.prices, self._enough())
        bound = max(node.bound, relaxed.bound)
        if bound >= self._enough():
            return bound, None, relaxed
        mean = shop.pool.plan(_padded(relaxed.share, len(shop.pool)))
        self._take(np.round(mean).astype(np.int64))
        bound = max(bound, self._mixed(node, box, relaxed, bound))
        if bound >= self._enough():
            return bound, None, relaxed
        return bound, self._where(mean, box), relaxed

    def _mixed(self, node: Node, box: Box, relaxed: Relaxation, bound: float) -> float:
        """Return the bound after mixing whole columns: a quick mix first, then all that count."""
        shop = self.shop
        if node.number % HEURISTIC_EVERY == 0:
            gap = max(self.value - relaxed.bound, 0.0)
            fits = shop.pool.fits(box)
            self._mix(near(shop, fits, relaxed, gap), TREE_AT_ONCE)
        gap = self.value - relaxed.bound
        if gap <= 0.0 or shop.effort.over() or not listed(shop, box, relaxed, gap):
            return bound
        proven = self._mix(near(shop, shop.pool.fits(box), relaxed, gap), TREE)
        return max(bound, min(proven, self.value))

    def _mix(self, columns: I64, nodes: int) -> float:
        """Take the best plan that some columns make, if it is better; return its bound."""
        shop = self.shop
        mix = whole(shop.pool, columns, shop.instance.rounds, nodes, shop.effort.left_s())
        if mix.share is not None:
            self._take(np.round(shop.pool.plan(mix.share)).astype(np.int64))
        return mix.bound

    def _take(self, plan: I64) -> None:
        """Take a plan if it can be carried out and leaves less."""
        i = self.shop.instance
        value = float((i.value * np.prod(i.survive**plan, axis=1)).sum())
        if value < self.value and (plan.sum(axis=0) <= i.rounds).all():
            self.plan, self.value = plan, value
            self.shop.pool.add_plan(i, plan)

    def _box(self, cuts: tuple[Cut, ...]) -> Box:
        i = self.shop.instance
        least = np.zeros(i.survive.shape, dtype=np.int64)
        most = np.broadcast_to(i.rounds, i.survive.shape).copy()
        for target, shooter, at_least, limit in cuts:
            if at_least:
                least[target, shooter] = max(least[target, shooter], limit)
            else:
                most[target, shooter] = min(most[target, shooter], limit)
        return Box(least, most)

    def _possible(self, box: Box) -> bool:
        enough = (box.least.sum(axis=0) <= self.shop.instance.rounds).all()
        return bool(enough and (box.least <= box.most).all())

    @staticmethod
    def _where(mean: F64, box: Box) -> tuple[int, int, int]:
        """Return target, shooter and rounds at which to part: where the mean is least whole.

        Means that are whole leave a plan as good as the mix, since V e^-ax is convex; a box that
        is not closed then was cut short, and is parted in its widest place.
        """
        part = np.abs(mean - np.round(mean))
        if part.max() <= WHOLE:
            part = (box.most - box.least).astype(np.float64)
            target, shooter = np.unravel_index(np.argmax(part), part.shape)
            low, high = box.least[target, shooter], box.most[target, shooter]
            return int(target), int(shooter), int((low + high - 1) // 2)
        target, shooter = np.unravel_index(np.argmax(part), part.shape)
        return int(target), int(shooter), int(np.floor(mean[target, shooter]))


def _padded(share: F64, size: int) -> F64:
    return np.append(share, np.zeros(size - len(share)))
