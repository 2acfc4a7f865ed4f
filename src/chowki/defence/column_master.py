"""The master problem: which columns to take, one of each target, rounds as far as they go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chowki.core.table import F64, I64
from chowki.defence.column_pool import Pool

TIGHT = 1e-9


def quiet_solver() -> Any:
    """Return HiGHS on one thread, silent, with tight tolerances."""
    import highspy

    class Quiet(highspy.Highs):
        """Silent from the start: enabling callbacks, in its constructor, would print a line."""

        def enableCallbacks(self) -> Any:
            """Be silent first."""
            self.setOptionValue("output_flag", False)
            return super().enableCallbacks()

    solver = Quiet()
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("dual_feasibility_tolerance", TIGHT)
    solver.setOptionValue("primal_feasibility_tolerance", TIGHT)
    return solver


@dataclass(frozen=True, slots=True)
class Answer:
    """What the linear master says.

    Attributes
    ----------
    value : float
        Least value left by a mix of the columns.
    prices : F64
        Shape (s,), dual price of a round, >= 0.
    share : F64
        Shape (n,), how much of each column is taken.
    """

    value: float
    prices: F64
    share: F64


class Master:
    """The linear master over a growing pool, solved warm."""

    def __init__(self, pool: Pool, rounds: I64) -> None:
        self._pool, self._solver, self._known = pool, quiet_solver(), 0
        _add_rows(self._solver, pool.targets, rounds)
        self._open = np.empty(0, dtype=np.bool_)

    def solve(self, fits: np.ndarray, limit_s: float) -> Answer | None:
        """Return the answer over the columns that fit; None when time ran out.

        Parameters
        ----------
        fits : ndarray
            Shape (n,), which columns of the pool may be taken.
        limit_s : float
            Seconds after which to give up.
        """
        import highspy

        solver = self._solver
        columns = np.arange(self._known, len(self._pool))
        _add_columns(solver, self._pool, columns)
        self._open = np.append(self._open, np.ones(len(columns), dtype=np.bool_))
        self._known = len(self._pool)
        turned = np.flatnonzero(self._open != fits)
        if len(turned):
            upper = np.where(fits[turned], np.inf, 0.0)
            zeros = np.zeros(len(turned))
            solver.changeColsBounds(len(turned), turned.astype(np.int32), zeros, upper)
            self._open = fits.copy()
        solver.setOptionValue("time_limit", solver.getRunTime() + limit_s)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        told = solver.getSolution()
        prices = -np.array(told.row_dual)[self._pool.targets :]
        value = solver.getInfo().objective_function_value
        return Answer(value, np.maximum(prices, 0.0), np.array(told.col_value))


@dataclass(frozen=True, slots=True)
class Mix:
    """What the master with whole columns says: a plan if any was found, and a bound."""

    share: F64 | None
    bound: float


def whole(pool: Pool, columns: I64, rounds: I64, nodes: int, limit_s: float) -> Mix:
    """Return the best plan of whole columns, by HiGHS' branch and bound.

    Parameters
    ----------
    pool : Pool
        Where the columns are.
    columns : I64
        Which of them may be taken.
    rounds : I64
        Shape (s,).
    nodes : int
        Most nodes of its tree.
    limit_s : float
        Seconds after which to stop.
    """
    import highspy

    solver = quiet_solver()
    _add_rows(solver, pool.targets, rounds)
    _add_columns(solver, pool, columns)
    many = len(columns)
    kinds = np.full(many, highspy.HighsVarType.kInteger.value, dtype=np.uint8)
    solver.changeColsIntegrality(many, np.arange(many, dtype=np.int32), kinds)
    for option, setting in (("mip_rel_gap", 0.0), ("mip_abs_gap", TIGHT), ("mip_max_nodes", nodes)):
        solver.setOptionValue(option, setting)
    solver.setOptionValue("time_limit", max(limit_s, 0.0))
    solver.run()
    info, status = solver.getInfo(), solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Mix(None, np.inf)
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Mix(None, info.mip_dual_bound)
    share = np.zeros(len(pool))
    share[columns] = np.round(np.array(solver.getSolution().col_value))
    return Mix(share, info.mip_dual_bound)


def _add_rows(solver: Any, targets: int, rounds: I64) -> None:
    """Add a row for each target, one column each, and one for each shooter."""
    rows, none = targets + len(rounds), np.empty(0)
    lower = np.concatenate((np.ones(targets), np.full(len(rounds), -np.inf)))
    upper = np.concatenate((np.ones(targets), rounds.astype(np.float64)))
    starts = np.zeros(rows, dtype=np.int32)
    solver.addRows(rows, lower, upper, 0, starts, none.astype(np.int32), none)


def _add_columns(solver: Any, pool: Pool, columns: I64) -> None:
    many = len(columns)
    if not many:
        return
    sizes = np.diff(pool.start)[columns]
    start = np.concatenate(([0], np.cumsum(sizes)))
    entry = np.repeat(pool.start[columns] - start[:-1], sizes) + np.arange(start[-1])
    # the row of its target stands before the rows of its shooters
    row = np.insert(pool.targets + pool.shooter[entry], start[:-1], pool.owner[columns])
    weight = np.insert(pool.count[entry].astype(np.float64), start[:-1], 1.0)
    solver.addCols(
        many,
        pool.left[columns],
        np.zeros(many),
        np.full(many, np.inf),
        len(row),
        (start[:-1] + np.arange(many)).astype(np.int32),
        row.astype(np.int32),
        weight,
    )
