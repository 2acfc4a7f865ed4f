"""The associators that ship: belief propagation, and global nearest neighbour as a baseline."""

from __future__ import annotations

from chowki.core.table import F64, I64
from chowki.kernels.associate import belief_propagation, nearest_neighbour


class BeliefPropagation:
    """Association marginals by loopy belief propagation (Williams and Lau 2014)."""

    def marginals(
        self, starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int
    ) -> tuple[F64, F64, F64]:
        """Return the marginals as ``core.ports.Associator`` says."""
        return belief_propagation(starts, plots, weights, missed, n_plots)


class GlobalNearestNeighbour:
    """The single most probable assignment, as marginals that are 0 or 1."""

    def marginals(
        self, starts: I64, plots: I64, weights: F64, missed: F64, n_plots: int
    ) -> tuple[F64, F64, F64]:
        """Return the marginals as ``core.ports.Associator`` says."""
        return nearest_neighbour(starts, plots, weights, missed, n_plots)
