"""The recognised air picture: rows of tracks at one time, as the other rooms see them."""

from __future__ import annotations

import numpy as np

from chowki.core.records import Tracks, TrackStatus
from chowki.core.table import F64, I8, I64
from chowki.kernels.motion import coast, ellipses, summary
from chowki.picture.ground import height_of_ground
from chowki.picture.states import Picture
from chowki.picture.tracker import ScanTracker

# a confirmed track that is not seen coasts: the next number
CONFIRMED, DROPPED = np.int8(TrackStatus.CONFIRMED), np.int8(TrackStatus.DROPPED)


def tracks_of(picture: Picture, rows: I64, at_s: float, tracker: ScanTracker) -> Tracks:
    """Return tracks, in the words of core.

    Parameters
    ----------
    picture : Picture
        Where they stand.
    rows : I64
        Shape (n,): rows of the picture.
    at_s : float
        UTC seconds to coast to.
    tracker : ScanTracker
        Its frame, ground and parameters.
    """
    if not len(rows):
        return Tracks.empty()
    s, e, p = picture.states, picture.evidence, tracker.parameters
    state, covariance = coast(
        s.state, s.covariance, s.time_s, rows, at_s, p.acceleration_horizontal_m2ps3,
        p.acceleration_vertical_m2ps3,
    )  # fmt: skip
    height, sd_horizontal, sd_vertical, sd_speed, _, _ = summary(tracker.frame, state, covariance).T
    major, minor, bearing = np.ascontiguousarray(ellipses(tracker.frame, state, covariance).T)
    east, north, up, v_east, v_north, v_up = np.ascontiguousarray(state.T)
    floor = height_of_ground(tracker.theatre.ground, tracker.frame, state[:, :3])
    probability = _softmax(e.log_class[rows])
    best = probability.argmax(axis=1)
    return Tracks(
        s.track[rows],
        np.full(len(rows), at_s),
        east,
        north,
        up,
        v_east,
        v_north,
        v_up,
        height,
        height - floor,
        sd_horizontal,
        major,
        minor,
        bearing,
        sd_vertical,
        sd_speed,
        s.existence[rows],
        status_of(picture, rows, at_s, tracker),
        e.identity[rows],
        best.astype(np.int8),
        probability,
        e.armed_probability[rows],
        e.reasons[rows],
        e.address[rows],
        e.address_kind[rows],
        e.callsign[rows],
        np.bitwise_count(s.sensor_bits[rows]).sum(axis=1, dtype=np.int64),
        s.updates[rows],
        s.first_s[rows],
        s.confirmed_s[rows],
        s.updated_s[rows],
        e.crossed_border_s[rows],
        e.heard_hz[rows],
        s.rcs_dbsm[rows],
    )


def touched(picture: Picture, rows: I64, tracker: ScanTracker) -> Tracks:
    """Return what a scan changed of tracks, each at its own time: motion, existence, status."""
    if not len(rows):
        return Tracks.empty()
    s = picture.states
    east, north, up, v_east, v_north, v_up = s.state[rows].T
    return Tracks.of(
        track=s.track[rows],
        time_s=s.time_s[rows],
        east_m=east,
        north_m=north,
        up_m=up,
        v_east_mps=v_east,
        v_north_mps=v_north,
        v_up_mps=v_up,
        existence=s.existence[rows],
        status=status_of(picture, rows, picture.time_s, tracker),
        updates=s.updates[rows],
        updated_s=s.updated_s[rows],
    )


def status_of(picture: Picture, rows: I64, at_s: float, tracker: ScanTracker) -> I8:
    """Return the status of tracks: existence and age decide, no counters."""
    s, p = picture.states, tracker.parameters
    confirmed = ~np.isnan(s.confirmed_s[rows])
    aged = at_s - s.updated_s[rows] > p.coast_after_s
    status = (CONFIRMED + aged.astype(np.int8)) * confirmed
    status[s.existence[rows] < p.drop_existence] = DROPPED
    return status


def _softmax(log_weight: F64) -> F64:
    weight = np.exp(log_weight - log_weight.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True)
