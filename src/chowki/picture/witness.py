"""Evidence that scans bring besides motion: carriers heard, looks, addresses and their claims."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chowki.core.messages import Scan
from chowki.core.places import Measures
from chowki.core.records import N_CLASSES, Detections, ObjectClass
from chowki.core.table import F64, I64
from chowki.core.values import changed
from chowki.kernels.likelihoods import overheard
from chowki.picture.classes import (
    ARMED_BOUND,
    LOOK_BOUND,
    LOOK_WEIGHT,
    PAYLOAD_NOT_SEEN,
    PAYLOAD_SEEN,
)
from chowki.picture.credit import Association, with_evidence
from chowki.picture.parameters import IdentityParameters
from chowki.picture.states import Claims, Evidence, Picture

Flags = NDArray[np.bool_]
SHARE_MIN = 0.02
PLACING, ADDRESS = int(Measures.RANGE | Measures.POSITION), int(Measures.ADDRESS)
# how much more an aircraft one of two tracks must look, in ln odds, to hold their address
PLAINLY = 2.0
CONTRADICTION_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Caused:
    """Detections with the rows of the tracks that caused them."""

    detections: Detections
    at: I64
    rows: I64


def absorb(
    picture: Picture, scan: Scan, found: Association, parameters: IdentityParameters
) -> Picture:
    """Return the picture with what a scan says of its tracks besides where they are."""
    if not len(found.detections) or not _tells(scan):
        return picture
    picture = with_evidence(picture)
    detections, measures = scan.detections, int(scan.sensor.measures)
    if not measures & PLACING and not scan.sensor.cued:
        return changed(picture, evidence=_heard(picture.evidence, detections, found))
    sure = found.causes >= 0
    caused = Caused(detections, found.detections[sure], found.causes[sure])
    if not len(caused.rows):
        return picture
    if scan.sensor.cued:
        return changed(picture, evidence=_looked(picture.evidence, caused))
    if measures & ADDRESS:
        return _reported(picture, caused, parameters)
    return picture


def _tells(scan: Scan) -> bool:
    """Return whether a sensor says anything of its targets but where they are and how large."""
    measures = int(scan.sensor.measures)
    return scan.sensor.cued or not measures & PLACING or bool(measures & ADDRESS)


def _heard(evidence: Evidence, detections: Detections, found: Association) -> Evidence:
    """Credit the tracks on a bearing with the carrier heard there, by their share in it."""
    told = found.pair_probability > SHARE_MIN
    rows, at, share = (
        found.pair_row[told],
        found.pair_detection[told],
        found.pair_probability[told],
    )
    if not len(rows):
        return evidence
    heard, hits = evidence.heard.copy(), evidence.hits.copy()
    carrier, more = evidence.heard_hz.copy(), evidence.heard_more.copy()
    overheard(rows, detections.frequency_hz[at], share, heard, hits, carrier, more)
    return changed(evidence, heard=heard, hits=hits, heard_hz=carrier, heard_more=more)


def _looked(evidence: Evidence, caused: Caused) -> Evidence:
    """Add what electro-optical looks suggest."""
    looks, payload, looked = evidence.looks.copy(), evidence.payload.copy(), evidence.looked.copy()
    like = caused.detections.looked_like[caused.at]
    confidence = caused.detections.look_confidence[caused.at]
    saw = caused.detections.payload_seen[caused.at]
    for row, kind, sure, load in zip(caused.rows, like, confidence, saw, strict=True):
        looked[row] += 1.0
        if 0 <= kind < N_CLASSES and 0.0 < sure < 1.0:
            says = np.full(N_CLASSES, np.log((1.0 - sure) / (N_CLASSES - 1)))
            says[kind] = np.log(sure)
            total = looks[row] + LOOK_WEIGHT * (says - says.max())
            looks[row] = np.maximum(total - total.max(), -LOOK_BOUND)
        if load >= 0:
            more = PAYLOAD_SEEN if load == 1 else PAYLOAD_NOT_SEEN
            payload[row] = np.clip(payload[row] + more, -ARMED_BOUND, ARMED_BOUND)
    return changed(evidence, looks=looks, payload=payload, looked=looked)


def _reported(picture: Picture, caused: Caused, parameters: IdentityParameters) -> Picture:
    """Enter addresses and call signs, and hold each report against track and earlier claims."""
    d, at, rows = caused.detections, caused.at, caused.rows
    known = d.address[at] >= 0
    at, rows = at[known], rows[known]
    if not len(at):
        return picture
    e = picture.evidence
    address, kind, callsign = e.address.copy(), e.address_kind.copy(), e.callsign.copy()
    named = d.callsign[at] != b""
    address[rows], kind[rows] = d.address[at], d.address_kind[at]
    callsign[rows[named]] = d.callsign[at[named]]
    where = np.stack([d.east_m[at], d.north_m[at], d.up_m[at]], axis=1)
    wrong = _speed_wrong(picture, d, at, rows, parameters)
    held = changed(e, address=address, address_kind=kind, callsign=callsign)
    claims, blamed = _held_against(picture, d.address[at], d.time_s[at], where, rows, parameters)
    agreed = e.agreed.copy()
    agreed[rows[~(wrong | blamed)]] += 1.0
    held = changed(
        held,
        agreed=agreed,
        contradicted=_counted(e.contradicted, rows, wrong),
        elsewhere=_counted(e.elsewhere, rows, blamed),
    )
    return changed(picture, evidence=held, claims=claims)


def _counted(weight: F64, rows: I64, against: Flags) -> F64:
    """Return a copy of a weight, raised where a report speaks against its track, else fading."""
    out = weight.copy()
    out[rows[~against]] *= 0.9
    out[rows[against]] = np.minimum(out[rows[against]] + 1.0, CONTRADICTION_MAX)
    return out


def _speed_wrong(
    picture: Picture, d: Detections, at: I64, rows: I64, parameters: IdentityParameters
) -> Flags:
    """Return which reports state a velocity that the track, known by position, does not have."""
    s = picture.states
    told = np.stack([d.v_east_mps[at], d.v_north_mps[at], d.v_up_mps[at]], axis=1)
    off = np.linalg.norm(told - s.state[rows, 3:], axis=1)
    sd = np.sqrt(np.einsum("nii->n", s.covariance[rows, 3:, 3:]))
    settled = s.updates[rows] > 5
    return settled & (off > parameters.claim_speed_mismatch_mps + 3.0 * sd)


def _held_against(
    picture: Picture, address: I64, time_s: F64, where: F64, rows: I64,
    parameters: IdentityParameters,
) -> tuple[Claims, Flags]:  # fmt: skip
    """Return the claims with new reports entered, and which reports jump away from a better one.

    Of two tracks with one address, the one with less right to it is blamed, see ``_less_right``;
    the other holds the address from then on.
    """
    claims = picture.claims
    order = np.searchsorted(claims.address, address)
    inside = np.minimum(order, max(len(claims) - 1, 0))
    known = claims.address[inside] == address if len(claims) else np.zeros(len(address), bool)
    blamed = np.zeros(len(address), dtype=bool)
    if known.any():
        old = inside[known]
        jump = np.linalg.norm(where[known] - claims.position_m[old], axis=1)
        dt_s = np.abs(time_s[known] - claims.time_s[old])
        blamed[known] = jump > 2000.0 + parameters.claim_speed_mps * dt_s
        if blamed.any():
            blamed &= _less_right(picture, rows, blamed, inside)
    fresh = ~blamed
    return _entered(claims, address, time_s, where, picture.states.track[rows], fresh), blamed


def _less_right(picture: Picture, rows: I64, jumped: Flags, inside: I64) -> Flags:
    """Return which reports that jumped come from a track with less right to their address.

    What radar sees goes before what it does not see; then what plainly looks more like an
    aircraft; then what has fitted its reports for longer, so that a newcomer is blamed. A track
    whose own reports jump is blamed for them.
    """
    e, out = picture.evidence, np.zeros(len(rows), dtype=bool)
    for k in np.flatnonzero(jumped):
        holder = np.flatnonzero(picture.states.track == picture.claims.track[inside[k]])
        if not len(holder) or holder[0] == rows[k]:
            out[k] = len(holder) > 0
            continue
        mine, its = _standing(picture, int(rows[k])), _standing(picture, int(holder[0]))
        if mine[0] != its[0]:
            out[k] = its[0]
        elif abs(mine[1] - its[1]) > PLAINLY:
            out[k] = its[1] > mine[1]
        else:
            out[k] = e.agreed[holder[0]] >= e.agreed[rows[k]]
    return out


def _standing(picture: Picture, row: int) -> tuple[bool, float]:
    """Return whether radar sees a track, and ln odds that it is an aircraft."""
    share = np.exp(picture.evidence.log_class[row])
    manned = float(share[int(ObjectClass.AEROPLANE)] + share[int(ObjectClass.HELICOPTER)])
    manned = min(max(manned, 1e-6), 1.0 - 1e-6)
    return bool(picture.states.rcs_weight[row] > 0.0), float(np.log(manned / (1.0 - manned)))


def _entered(
    claims: Claims, address: I64, time_s: F64, where: F64, track: I64, fresh: Flags
) -> Claims:
    """Return the claims, sorted by address, with those of a scan entered (the last one wins)."""
    order = np.minimum(np.searchsorted(claims.address, address), max(len(claims) - 1, 0))
    if len(claims) and (claims.address[order] == address).all():
        at_s, place, whose = claims.time_s.copy(), claims.position_m.copy(), claims.track.copy()
        at = order[fresh]
        at_s[at], place[at], whose[at] = time_s[fresh], where[fresh], track[fresh]
        return Claims(claims.address, at_s, place, whose)
    merged = Claims.concat(
        [claims, Claims(address[fresh], time_s[fresh], where[fresh], track[fresh])]
    )
    _, last = np.unique(merged.address[::-1], return_index=True)
    return merged.take(len(merged) - 1 - last)
