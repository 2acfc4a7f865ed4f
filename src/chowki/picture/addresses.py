"""Addresses in association: they help to tell tracks apart, and never override geometry."""

from __future__ import annotations

import numpy as np

from chowki.core.table import F64, I64
from chowki.picture.clusters import Pairs

# How much likelier a report with a known address is to come from the track that answered with it,
# and how much less from one that answered with another: addresses are shared and forged. Both are
# illustrative, and far below what a standard deviation or two of position weigh.
SAME, OTHER = 20.0, 0.05


def addressed(pairs: Pairs, track_address: I64, plot_address: I64) -> Pairs:
    """Return candidate pairs weighed by address.

    Parameters
    ----------
    pairs : tuple of arrays
        CSR starts (k + 1,), plots (p,), weights (p,).
    track_address : I64
        Shape (k,): address that a track last answered with, -1 for none.
    plot_address : I64
        Shape (m,): address of each plot, -1 for none.

    Returns
    -------
    Pairs
        The same pairs: none is added or taken away.
    """
    starts, pair_plot, weight = pairs
    mine = np.repeat(track_address, np.diff(starts))
    told = plot_address[pair_plot]
    both = (mine >= 0) & (told >= 0)
    factor: F64 = np.where(both, np.where(mine == told, SAME, OTHER), 1.0)
    return starts, pair_plot, weight * factor
