"""How tracks end: survival, loss, and merging of those that can't be told apart."""

from __future__ import annotations

import numpy as np

from chowki.core.values import changed
from chowki.kernels.reach import spread_beyond
from chowki.picture.clusters import surviving
from chowki.picture.parameters import PictureParameters
from chowki.picture.pool import ROOM
from chowki.picture.states import Picture

PAST_SHARE = 3


def aged(picture: Picture, time_s: float, parameters: PictureParameters) -> Picture:
    """Return the picture at a time: existence survives, what is lost is dropped.

    Parameters
    ----------
    picture : Picture
        Before.
    time_s : float
        UTC seconds.
    parameters : PictureParameters
        Lifetime, thresholds.
    """
    s = picture.states
    dt_s = np.maximum(time_s - s.alive_s, 0.0)
    existence = s.existence * np.exp(-dt_s / parameters.lifetime_s)
    alive_s = np.maximum(s.alive_s, time_s)
    silent_s = time_s - s.updated_s
    keep = (existence >= parameters.drop_existence) & (silent_s <= parameters.lost_after_s)
    quiet = silent_s >= parameters.coast_after_s
    keep &= ~(quiet & spread_beyond(s.covariance, time_s - s.time_s, parameters.lost_sd_m**2))
    states = changed(s, existence=existence, alive_s=alive_s)
    moved = changed(picture, time_s=max(picture.time_s, time_s), ticked_s=time_s, states=states)
    return compacted(moved if keep.all() else without(moved, ~keep))


def compacted(picture: Picture) -> Picture:
    """Return the picture with modes of living tracks only, once most are of the past."""
    if picture.modes.filled <= PAST_SHARE * len(picture.states) + ROOM:
        return picture
    modes = picture.modes.only(picture.states.mode_row)
    states = changed(picture.states, mode_row=np.arange(len(picture.states)))
    return changed(picture, modes=modes, states=states)


def without(picture: Picture, gone: np.ndarray) -> Picture:
    """Return the picture without some of its tracks."""
    counts = changed(picture.counts, dropped=picture.counts.dropped + int(gone.sum()))
    return changed(
        picture,
        states=picture.states.take(~gone),
        evidence=picture.evidence.take(~gone),
        clusters=surviving(picture.clusters, picture.states.track[~gone]),
        counts=counts,
    )
