"""The k best assignments of tracks to plots, over one or several global hypotheses.

Murty 1968, "An algorithm for ranking all the assignments in order of increasing cost",
Operations Research 16(3): the answers that are left are split by the first track that differs
from the best of them. The split goes through the tracks in their order (Lawler 1972, Management
Science 18(7)), so that a set is its number of settled tracks and what the next one may not take.
The best of the larger set is optimal, so the best of the smaller one is a single shortest cycle
of exchanges away from it, and no set is solved from its beginning (Miller, Stone and Cox 1997,
IEEE TAES 33(3), keep dual values for that; clusters are small enough for label correction).

A *move* from track r to track q: r takes the plot of q. All that is free is one node more, behind
the tracks: who takes a free plot or misses moves there; from there it leads to a track whose plot
may be left free. Moves cost what is paid for the new couple less what was paid for the old one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chowki.kernels.heap import pop, push
from chowki.kernels.jit import kernel

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Flags = NDArray[np.bool_]

NONE = -1

# Answers found so far: cost, heap, hypothesis, settled tracks, plot of each track, what the first
# unsettled track may not take (entry 0: a miss; j + 1: plot j).
Answers = tuple[F64, I64, I64, I64, I64, Flags]
# One answer at hand: row of each track, owner of each plot, costs of moves (last row: of a first
# move), cheapest free plot of each track, length of the path to each node, node before it, flags
# never set.
Desk = tuple[I64, I64, F64, I64, F64, I64, Flags]
Workspace = tuple[Answers, Desk, F64]


@kernel
def desk(tracks: int, plots: int) -> Desk:
    """Return the scratch arrays of one assignment problem."""
    nodes = tracks + 1
    return (
        np.empty(tracks, dtype=np.int64),
        np.full(plots, NONE, dtype=np.int64),
        np.empty((nodes + 1, nodes)),
        np.empty(nodes, dtype=np.int64),
        np.empty(nodes),
        np.empty(nodes, dtype=np.int64),
        np.zeros((1, plots + 1), dtype=np.bool_),
    )


@kernel
def workspace(hypotheses: int, tracks: int, leaves: int, plots: int, k: int) -> Workspace:
    """Return the scratch arrays of ``k_best``, for problems up to the sizes given."""
    n = hypotheses + k * tracks
    answers = (
        np.empty(n),
        np.empty(n, dtype=np.int64),
        np.empty(n, dtype=np.int64),
        np.empty(n, dtype=np.int64),
        np.empty((n, tracks), dtype=np.int64),
        np.empty((n, plots + 1), dtype=np.bool_),
    )
    return answers, desk(tracks, plots), np.empty(leaves)


@kernel
def _line(
    i: int, cost: F64, n_plots: int, missed: float, taken: I64, first: int, last: int, owner: I64,
    banned: Flags, node: int, move: F64, r: int,
) -> int:  # fmt: skip
    """Write what each move of a track costs that sits in row ``i``; return its free plot."""
    least, plot = math.inf if banned[node, 0] else missed, NONE
    for j in range(n_plots):
        if cost[i, j] < least and owner[j] < 0 and not banned[node, j + 1]:
            least, plot = cost[i, j], j
    move[r, last] = least
    for q in range(first, last):
        j = taken[q]
        move[r, q] = math.inf if j < 0 or banned[node, j + 1] else cost[i, j]
    return plot


@kernel
def _descends(before: I64, start: int, node: int, other: int) -> bool:
    """Return whether the path to a node leads through another one."""
    while node != start:
        if node == other:
            return True
        node = before[node]
    return False


@kernel
def _cycle(
    start: int, first: int, last: int, move: F64, line: int, length: F64, before: I64
) -> float:
    """Find the shortest cycle of moves through a track; ``before[start]`` is the last node of it.

    Label correction (Bellman and Ford). There is no negative cycle, but rounding may feign one:
    no path is led back into itself.
    """
    for q in range(first, last + 1):
        length[q], before[q] = move[line, q], start
    for _ in range(last - first + 1):
        shorter = False
        for r in range(first, last + 1):
            if r == start:
                continue
            for q in range(first, last + 1):
                ahead = length[r] + move[r, q]
                if ahead < length[q] and q != start and not _descends(before, start, r, q):
                    length[q], before[q], shorter = ahead, r, True
        if not shorter:
            break
    least = math.inf
    for r in range(first, last + 1):
        if r != start and length[r] + move[r, start] < least:
            least, before[start] = length[r] + move[r, start], r
    return least


@kernel
def _flip(start: int, last: int, before: I64, free_plot: I64, taken: I64) -> None:
    """Make the moves of the cycle found."""
    node, plot = before[start], taken[start]
    while True:
        if node == last:
            node = before[last]
            plot = free_plot[node]
        left, taken[node] = taken[node], plot
        if node == start:
            return
        node, plot = before[node], left


@kernel
def _moves(
    first: int, tracks: int, cost: F64, n_plots: int, missed: float, taken: I64, row: I64,
    owner: I64, free_plot: I64, move: F64, never: Flags,
) -> None:  # fmt: skip
    """Write what every move costs; the last of the tracks may sit without a couple."""
    for r in range(first, tracks):
        free_plot[r] = _line(
            row[r], cost, n_plots, missed, taken, first, tracks, owner, never, 0, move, r
        )
    move[tracks, tracks] = 0.0
    for q in range(first, tracks):
        paid = cost[row[q], taken[q]] if taken[q] >= 0 else 0.0
        for r in range(first, tracks):
            move[r, q] -= paid
        move[tracks, q] = -paid


@kernel
def match(cost: F64, n_plots: int, tracks: int, missed: float, work: Desk, taken: I64) -> None:
    """Write the least costly assignment of some rows of a table of costs.

    Tracks are added one by one by shortest augmenting paths (Jonker and Volgenant 1987).

    Parameters
    ----------
    cost : F64
        Shape (>= l, >= n_plots): cost of each row with each plot, inf where impossible.
    n_plots, tracks : int
        Sizes of the problem.
    missed : float
        Cost of a track without a plot: 0, or inf if each must have one (an answer must exist).
    work : Desk
        From ``desk``; its first array holds the row of each track, its owners are all -1.
    taken : I64
        Shape (>= tracks,), written: plot of each track, -1 for a miss.
    """
    row, owner, move, free_plot, length, before, never = work
    for t in range(tracks):
        least, plot = missed, NONE
        for j in range(n_plots):
            if cost[row[t], j] < least:
                least, plot = cost[row[t], j], j
        taken[t] = plot
        if plot >= 0 and owner[plot] >= 0:
            taken[t] = NONE
            _moves(0, t + 1, cost, n_plots, missed, taken, row, owner, free_plot, move, never)
            _cycle(t, 0, t + 1, move, t, length, before)
            _flip(t, t + 1, before, free_plot, taken)
        for r in range(t + 1):
            if taken[r] >= 0:
                owner[taken[r]] = r
    for t in range(tracks):
        if taken[t] >= 0:
            owner[taken[t]] = NONE


@kernel
def _sit_down(rows: I64, h: int, row: I64) -> int:
    """Write the rows of the tracks that a hypothesis has; return their number."""
    count = 0
    for t in range(rows.shape[1]):
        if rows[h, t] >= 0:
            row[count] = rows[h, t]
            count += 1
    return count


@kernel
def _total(cost: F64, base: float, tracks: int, row: I64, taken: I64) -> float:
    """Return the cost of an answer."""
    total = base
    for t in range(tracks):
        if taken[t] >= 0:
            total += float(cost[row[t], taken[t]])
    return total


@kernel
def _open(
    cost: F64, n_plots: int, rows: I64, base: F64, span: float, work: Workspace
) -> tuple[int, float]:
    """Push the best answer of each hypothesis that may count; return their number and a limit."""
    (key, heap, problem, settled, taken, banned), seat, lowest = work
    for i in range(1 + (rows.max() if rows.size else NONE)):
        lowest[i] = 0.0
        for j in range(n_plots):
            lowest[i] = min(lowest[i], cost[i, j])
    count, limit = 0, math.inf
    for h in range(len(base)):
        bound = base[h]
        for t in range(rows.shape[1]):
            if rows[h, t] >= 0:
                bound += lowest[rows[h, t]]
        if not (bound < math.inf and bound <= limit):
            continue
        tracks = _sit_down(rows, h, seat[0])
        match(cost, n_plots, tracks, 0.0, seat, taken[count])
        total = _total(cost, float(base[h]), tracks, seat[0], taken[count])
        if total > limit:
            continue
        limit = min(limit, total + span)
        key[count], problem[count], settled[count], banned[count] = total, h, 0, False
        count = push(heap, count, key, count)
    return count, limit


@kernel
def _split(
    node: int, cost: F64, n_plots: int, rows: I64, base: F64, limit: float, sizes: tuple[int, int],
    work: Workspace,
) -> tuple[int, int]:  # fmt: skip
    """Push the best of each set that an answer leaves; return sizes of heap and of all answers."""
    (key, heap, problem, settled, taken, banned), seat, _ = work
    row, owner, move, free_plot, length, before, never = seat
    size, count = sizes
    h, mine, first = problem[node], taken[node], settled[node]
    tracks, line = _sit_down(rows, h, row), len(move) - 1
    for t in range(tracks):
        if mine[t] >= 0:
            owner[mine[t]] = t
    _moves(first, tracks, cost, n_plots, 0.0, mine, row, owner, free_plot, move, never)
    for t in range(first, tracks):
        for j in range(n_plots + 1):
            banned[count, j] = banned[node, j] if t == first else False
        banned[count, mine[t] + 1] = True
        free_plot[t] = _line(
            row[t], cost, n_plots, 0.0, mine, t, tracks, owner, banned, count, move, line
        )
        for q in range(t, tracks):
            move[line, q] += move[tracks, q]
        length_of = _cycle(t, t, tracks, move, line, length, before)
        if length_of < math.inf and key[node] + length_of <= limit:
            for r in range(tracks):
                taken[count, r] = mine[r]
            _flip(t, tracks, before, free_plot, taken[count])
            total = _total(cost, float(base[h]), tracks, row, taken[count])
            key[count], problem[count], settled[count] = max(total, key[node]), h, t
            size, count = push(heap, size, key, count), count + 1
    for t in range(tracks):
        if mine[t] >= 0:
            owner[mine[t]] = NONE
    return size, count


@kernel
def k_best(
    cost: F64, n_plots: int, rows: I64, base: F64, k: int, span: float, work: Workspace
) -> tuple[I64, I64, F64]:
    """Return the k least costly assignments over all hypotheses together, in order.

    Each track takes one of its plots or is missed; a plot goes to one track at most.

    Parameters
    ----------
    cost : F64
        Shape (>= l, >= n_plots): cost of a leaf with a plot over that of a miss, -ln(w_ij / w_i0),
        without unit; inf where impossible.
    n_plots : int
        Plots, columns of ``cost`` that count.
    rows : I64
        Shape (h, t): row of ``cost`` for each track of each hypothesis; -1 for a track that the
        hypothesis has not.
    base : F64
        Shape (h,): cost of each hypothesis with every track missed; one of inf is left out.
    k : int
        Most assignments wanted.
    span : float
        Assignments that cost more than the least plus this are left out.
    work : Workspace
        From ``workspace``, for sizes at least as large; may be used again at once.

    Returns
    -------
    hypothesis : I64
        Shape (n,), n <= k.
    plot : I64
        Shape (n, t): plot of each track; -1 for one that is missed or that is not there.
    total : F64
        Shape (n,), never falling. Of equal ones, the one found first comes first.

    Raises
    ------
    ValueError
        If the workspace is too small.
    """
    answers, seat, lowest = work
    hypotheses, tracks = rows.shape
    largest = rows.max() if rows.size else NONE
    short = len(answers[0]) < hypotheses + k * tracks or len(seat[1]) < n_plots
    if short or len(seat[0]) < tracks or len(lowest) <= largest:
        raise ValueError("workspace too small")
    key, heap, problem, _, taken, _ = answers
    size, limit = _open(cost, n_plots, rows, base, span, work)
    count, found = size, np.empty(k, dtype=np.int64)
    n = 0
    while n < k and size > 0:
        node = pop(heap, size, key)
        if key[node] > limit:
            break
        found[n], size, n = node, size - 1, n + 1
        if n < k:
            size, count = _split(node, cost, n_plots, rows, base, limit, (size, count), work)
    hypothesis, total = np.empty(n, dtype=np.int64), np.empty(n)
    plot = np.full((n, tracks), NONE, dtype=np.int64)
    for a in range(n):
        hypothesis[a], total[a] = problem[found[a]], key[found[a]]
        at = 0
        for t in range(tracks):
            if rows[hypothesis[a], t] >= 0:
                plot[a, t] = taken[found[a], at]
                at += 1
    return hypothesis, plot, total
