"""What a scan leaves behind: tracks that plots founded, histories, who caused what."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from chowki.core.records import N_CLASSES
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.likelihoods import M_WIDTH
from chowki.kernels.reach import Founded, credit, found, longer
from chowki.picture.classes import PRIOR_LOG_CLASS
from chowki.picture.clusters import Shares
from chowki.picture.intake import Usable
from chowki.picture.parameters import PictureParameters
from chowki.picture.states import Evidence, Picture, TrackStates

_columns_of = attrgetter(*(column.name for column in TrackStates.schema()))


@dataclass(frozen=True, slots=True)
class Association:
    """What a scan came to: which track caused which detection.

    Attributes
    ----------
    rows : I64
        Rows of the tracks that the scan touched, new ones last.
    detections : I64
        Rows of the usable detections.
    causes : I64
        Row of the track that caused each of them, -1 for none; a new track caused its own.
    pair_row, pair_detection, pair_probability
        Every gated couple, by track row and detection row.
    """

    rows: I64
    detections: I64
    causes: I64
    pair_row: I64
    pair_detection: I64
    pair_probability: F64


@dataclass(frozen=True, slots=True)
class Sighting:
    """Whose scan it was, and when the look ended.

    Attributes
    ----------
    sensor, place : int
        Number of the sensor, and its place among those that have come.
    cooperative : bool
        Whether plots are the targets' own reports.
    end_s, time_s : float
        End of the look, and when it came in; UTC seconds.
    """

    sensor: int
    place: int
    cooperative: bool
    end_s: float
    time_s: float


def extended(
    picture: Picture, founded: Founded, plots: F64, mode_row: I64, sighting: Sighting
) -> TrackStates:
    """Return a copy of the tracks with those that plots founded at its end."""
    columns = longer(_columns_of(picture.states), len(founded[0]))
    if len(founded[0]):
        found(
            columns, founded, plots, mode_row, picture.next_track, sighting.place, picture.scans,
            sighting.cooperative,
        )  # fmt: skip
    return TrackStates(*columns)


def credited(
    s: TrackStates, at: I64, expected: F64, causes: tuple[I64, F64], plots: F64, scan: int,
    sighting: Sighting, parameters: PictureParameters,
) -> None:  # fmt: skip
    """Write the history of tracks that very likely caused plots, and what that confirms.

    Parameters
    ----------
    s : TrackStates
        Written.
    at : I64
        Rows that the scan touched.
    expected : F64
        How probably a radar was to detect each of them; empty for what is no radar.
    causes : tuple of arrays
        Row of the track that caused each plot, -1 for none, and how probably.
    plots : F64
        Columns ``P_...`` of ``kernels.filter``.
    scan : int
        Running number of the scan at the station.
    sighting : Sighting
        Whose scan it was.
    parameters : PictureParameters
        What confirms a track.
    """
    history = (
        s.updated_s, s.updates, s.rcs_dbsm, s.rcs_weight, s.answered_s, s.sensor_bits,
        s.own_scans, s.confirmed_s, s.unseen,
    )  # fmt: skip
    credit(
        history, (s.alive_s, s.existence, s.time_s), at, expected, *causes, plots, sighting.place,
        scan, sighting.cooperative, sighting.end_s, parameters.confirm_existence,
        parameters.confirm_updates,
    )  # fmt: skip


def association(
    s: TrackStates, shares: Shares, rows: I64, usable: Usable, cause: I64, founded: I64
) -> Association:
    """Return what a scan came to, in rows of the tracks.

    Parameters
    ----------
    s : TrackStates
        After the scan.
    shares : Shares
        Who caused which plot.
    rows : I64
        Rows that the scan touched.
    usable : Usable
        Its plots.
    cause : I64
        Row of the track that caused each plot, -1 for none.
    founded : I64
        Plots that founded tracks.
    """
    newborn = np.arange(len(s) - len(founded), len(s))
    if len(founded):
        free = cause[founded] < 0
        cause[founded[free]] = newborn[free]
    starts, pair_plot, share = shares.pairs
    row = np.repeat(rows, starts[1:] - starts[:-1])
    if shares.settled:
        alone = np.repeat(shares.clustered == 0, starts[1:] - starts[:-1])
        parts = [(row[alone], pair_plot[alone], share[alone])]
        for settled in shares.settled:
            members = np.searchsorted(s.track, settled.cluster.members)
            member, plot = np.nonzero(settled.claims > 0.0)
            parts.append((members[member], settled.plots[plot], settled.claims[member, plot]))
        row, pair_plot, share = (np.concatenate(part) for part in zip(*parts, strict=True))
    touched = np.concatenate((rows, newborn)) if len(newborn) else rows
    return Association(touched, usable.chosen, cause, row, usable.chosen[pair_plot], share)


def nothing_found() -> Association:
    """Return what an empty scan came to that no track was expected in."""
    none, share = np.empty(0, dtype=np.int64), np.empty(0)
    return Association(none, none, none, none, none, share)


def joined(parts: list[Association]) -> Association:
    """Return what the parts of one scan came to."""
    if len(parts) == 1:
        return parts[0]
    names = ("detections", "causes", "pair_row", "pair_detection", "pair_probability")
    whole = {n: np.concatenate([getattr(part, n) for part in parts]) for n in names}
    return Association(rows=np.unique(np.concatenate([part.rows for part in parts])), **whole)


def with_evidence(picture: Picture) -> Picture:
    """Return the picture with a row of evidence for each track: new ones get theirs here.

    Scans leave new tracks without; they stand behind those that have one.
    """
    born_m = picture.states.state[len(picture.evidence) :, :3]
    fresh = len(born_m)
    if not fresh:
        return picture
    zero, nothing = np.zeros(fresh), np.full(fresh, np.nan)
    classes = np.zeros((fresh, N_CLASSES))
    none, unseen = np.full(fresh, -1, dtype=np.int8), np.zeros(fresh, dtype=np.int8)
    born = Evidence(
        classes + PRIOR_LOG_CLASS, np.zeros((fresh, M_WIDTH)), classes, zero, nothing, born_m, zero,
        zero, nothing, zero, zero, np.full(fresh, -1), none, np.zeros(fresh, dtype="S8"), zero,
        zero, zero, zero, none, none, nothing, none, unseen, np.zeros(fresh, dtype=np.int64), zero,
    )  # fmt: skip
    return changed(picture, evidence=Evidence.concat([picture.evidence, born]))
