"""Columns of an assignment: ways to spend rounds on one target, each kept once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chowki.core.table import F64, I64


@dataclass(frozen=True, slots=True)
class Instance:
    """What is assigned: targets with values, shooters with rounds.

    Attributes
    ----------
    value : F64
        Shape (t,), >= 0.
    rounds : I64
        Shape (s,), >= 0.
    survive, hard : F64
        Shape (t, s): probability that a target survives one round, and -log of it.
    """

    value: F64
    rounds: I64
    survive: F64
    hard: F64

    @classmethod
    def of(cls, value: F64, rounds: I64, kill: F64) -> Instance:
        """Return the instance with kill probabilities of shape (s, t)."""
        survive = np.ascontiguousarray(1.0 - kill.T)
        return cls(value, rounds, survive, -np.log(np.maximum(survive, 1e-300)))


@dataclass(frozen=True, slots=True)
class Box:
    """Fewest and most rounds of each shooter on each target, both of shape (t, s)."""

    least: I64
    most: I64


class Pool:
    """The columns known so far.

    Attributes
    ----------
    owner, left : I64, F64
        Shape (n,), target of each column and the value it leaves.
    start, shooter, count : I64
        Column k spends ``count[e]`` rounds of ``shooter[e]``, e from ``start[k]`` to
        ``start[k + 1]``.
    """

    def __init__(self, instance: Instance) -> None:
        self.targets, self.shooters = instance.survive.shape
        self.owner, self.left = np.empty(0, np.int64), np.empty(0)
        self.start = np.zeros(1, np.int64)
        self.shooter, self.count = np.empty(0, np.int64), np.empty(0, np.int64)
        self._seen: set[bytes] = set()

    def __len__(self) -> int:
        """Return how many columns there are."""
        return len(self.owner)

    def add(self, owner: I64, left: F64, start: I64, spent: I64) -> int:
        """Add columns as ``kernels.pricing.price`` returns them; return how many were new."""
        many, wide = len(owner), max(self.shooters, 1)
        key, count = np.unique(
            np.repeat(np.arange(many), np.diff(start)) * wide + spent, return_counts=True
        )
        column, shooter = key // wide, key % wide
        begin = np.searchsorted(column, np.arange(many + 1))
        new = np.zeros(many, dtype=np.bool_)
        for k in range(many):
            part = slice(begin[k], begin[k + 1])
            name = owner[k].tobytes() + shooter[part].tobytes() + count[part].tobytes()
            if name not in self._seen:
                self._seen.add(name)
                new[k] = True
        entries = new[column]
        self.owner = np.append(self.owner, owner[new])
        self.left = np.append(self.left, left[new])
        self.start = np.append(self.start, self.start[-1] + np.cumsum(np.diff(begin)[new]))
        self.shooter = np.append(self.shooter, shooter[entries])
        self.count = np.append(self.count, count[entries])
        return int(new.sum())

    def add_plan(self, instance: Instance, spent: I64) -> None:
        """Add the columns of a whole plan, rounds of shape (t, s)."""
        left = instance.value * np.prod(instance.survive**spent, axis=1)
        target, shooter = np.nonzero(spent)
        start = np.concatenate(([0], np.cumsum(spent.sum(axis=1))))
        rounds = np.repeat(shooter, spent[target, shooter])
        self.add(np.arange(self.targets), left, start, rounds)

    def column(self) -> I64:
        """Return the column of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.start))

    def costs(self, prices: F64) -> F64:
        """Return value left and price of the rounds of each column."""
        total = np.concatenate(([0.0], np.cumsum(self.count * prices[self.shooter])))
        return self.left + total[self.start[1:]] - total[self.start[:-1]]

    def cheapest(self, prices: F64, fits: np.ndarray) -> F64:
        """Return the least cost among the columns of each target that fit, shape (t,)."""
        least = np.full(self.targets, np.inf)
        np.minimum.at(least, self.owner[fits], self.costs(prices)[fits])
        return least

    def fits(self, box: Box) -> np.ndarray:
        """Return which columns keep to a box."""
        column = self.column()
        over = self.count > box.most[self.owner[column], self.shooter]
        fine = np.bincount(column[over], minlength=len(self)) == 0
        for target, shooter in np.argwhere(box.least > 0):
            mine = self.shooter == shooter
            held = np.bincount(column[mine], self.count[mine], minlength=len(self))
            fine &= (self.owner != target) | (held >= box.least[target, shooter])
        return fine

    def plan(self, share: F64) -> F64:
        """Return the mean rounds of each shooter on each target, shape (t, s)."""
        column = self.column()
        plan = np.zeros((self.targets, self.shooters))
        np.add.at(plan, (self.owner[column], self.shooter), share[column] * self.count)
        return plan
