"""Everything that is known of one track: for the selection on the page."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa

from chowki.core.addresses import address_in_words
from chowki.core.messages import Scan
from chowki.core.places import Sensor
from chowki.core.reasons import reasons_of
from chowki.core.records import AddressKind, Detections, ObjectClass
from chowki.core.table import F64
from chowki.outputs.dossier.plots import consistent
from chowki.outputs.web.chronicle import Chronicle, Moment
from chowki.outputs.web.pictures import Picture
from chowki.outputs.web.standing import Row, rows_of
from chowki.outputs.web.watch import Watch

Document = dict[str, Any]
HISTORY_S = 1_800.0
LOOKS = 3  # of the last looks of a sensor, how many are held against a track
_FULL = (None,) * LOOKS  # what a sensor out of reach has: no more of it is wanted


def detail_message(
    chronicle: Chronicle, moment: Moment, track: int, engagements: list[Document]
) -> Document | None:
    """Return what is known of a track at a moment, None when it is not in the picture.

    Parameters
    ----------
    chronicle : Chronicle
        History, and what sensors said.
    moment : Moment
        The moment.
    track : int
        Track number.
    engagements : list of dict
        As the state message of this moment has them.
    """
    picture = moment.picture
    row = picture.row.get(track)
    if row is None:
        return None
    tracks = picture.tracks
    one = rows_of(tracks.take([row]))[0]
    kept = (
        "identity", "status", "existence", "first_s", "confirmed_s", "updated_s", "sensors",
        "updates", "sd_horizontal_m", "sd_vertical_m", "sd_speed_mps", "rcs_dbsm", "heard_hz",
        "crossed_border_s", "object_class",
    )  # fmt: skip
    history = chronicle.pictures.history(track, picture.time_s, HISTORY_S)
    here = [picture.time_s, float(picture.lat_deg[row]), float(picture.lon_deg[row])]
    return {
        "type": "detail",
        "track": track,
        "time_s": picture.time_s,
        "known": True,
        **{name: one[name] for name in kept},
        "reasons": reasons_of(tracks, row),
        "class_probability": one["class_probability"],
        "armed": one["armed_probability"],
        "callsign": one["callsign"].decode("ascii", "replace"),
        "address": _address(one),
        "remote_id": str(one["address"]) if one["address_kind"] == AddressKind.REMOTE_ID else None,
        "ellipse": _ellipse(one),
        "history": [*history, [*here, one["height_m"]]],
        "threats": [t for t in rows_of(picture.threats) if t["track"] == track],
        "said": said_of(chronicle, picture, row),
        "engagements": [e for e in engagements if e["track"] == track],
        "pilot": _pilot(moment.watch, one),
    }


def names_of(picture: Picture) -> list[Document]:
    """Return track, call sign and address, in words, of every track that has one."""
    tracks = picture.tracks
    named = (tracks.address >= 0) | (tracks.callsign != b"")
    return [
        {
            "track": row["track"],
            "callsign": row["callsign"].decode("ascii", "replace"),
            "address": _address(row),
        }
        for row in rows_of(tracks.take(named))
    ]


def said_of(chronicle: Chronicle, picture: Picture, row: int) -> list[Document]:
    """Return what each sensor last said that fits a track, the newest first.

    Which plot entered which track is not kept: a plot fits when it lies where the sensor would
    have measured the track, as in ``outputs.dossier.plots``.
    """
    path = _Flown(picture, row)
    sensors = chronicle.theatre.sensors
    by_sensor: dict[int, list[Scan]] = {s.number: [] for s in sensors if path.in_reach(s)}
    for scan in chronicle.scans.before(
        picture.time_s, lambda number: len(by_sensor.get(number, _FULL)) < LOOKS
    ):
        if len(scan.detections):
            by_sensor[scan.sensor.number].append(scan)
    found = [_last_said(scans, path) for scans in by_sensor.values() if scans]
    told = [one for one in found if one is not None]
    return sorted(told, key=lambda one: -one["time_s"])


class _Flown:
    """One track flown back along its course: where it was when a sensor looked."""

    def __init__(self, picture: Picture, row: int) -> None:
        t = picture.tracks
        self._time_s = picture.time_s
        self._position = np.array([t.east_m[row], t.north_m[row], t.up_m[row]])
        self._velocity = np.array([t.v_east_mps[row], t.v_north_mps[row], t.v_up_mps[row]])
        self._spread = np.nan_to_num(
            np.array([t.sd_horizontal_m[row], t.sd_vertical_m[row], t.sd_speed_mps[row]])
        )
        self.address = int(t.address[row])

    def at(self, time_s: F64) -> F64:
        """Return position, velocity and standard deviations (m, m/s), shape (n, 9)."""
        back = self._position + np.outer(np.asarray(time_s) - self._time_s, self._velocity)
        n = len(back)
        return np.hstack((back, np.tile(self._velocity, (n, 1)), np.tile(self._spread, (n, 1))))

    def in_reach(self, sensor: Sensor) -> bool:
        """Return whether the track is within the sensor's range."""
        apart_m = float(np.linalg.norm(self._position - sensor.position_m))
        return apart_m <= sensor.volume.range_max_m + float(self._spread[0])


def _last_said(scans: list[Scan], path: _Flown) -> Document | None:
    """Return the newest detection of one sensor that fits; scans come newest first."""
    sensor = scans[0].sensor
    plots = Detections.concat([scan.detections for scan in scans])
    table = pa.table({name: _arrow(column) for name, column in plots.columns().items()})
    fits = np.flatnonzero(consistent(sensor, {"clock_bias_s": 0.0}, table, path))
    if not len(fits):
        return None
    last = fits[np.argmax(plots.time_s[fits])]
    one = rows_of(plots.take([int(last)]))[0]
    return {
        "sensor": sensor.number,
        "name": sensor.name,
        "kind": sensor.kind,
        "time_s": one["time_s"],
        "text": _in_words(one),
    }


def _arrow(column: Any) -> Any:
    return pa.array(list(column)) if column.dtype.kind == "S" else np.ascontiguousarray(column)


def _in_words(one: Row) -> str:
    """Return a detection in words: what was measured, and nothing that was not."""
    parts = [
        _number(one["range_m"] / 1e3, "range {:.1f} km"),
        _number(math.degrees(one["azimuth_rad"]) % 360.0, "azimuth {:.1f}°"),
        _number(math.degrees(one["elevation_rad"]), "elevation {:.1f}°"),
        _number(one["range_rate_mps"], "range rate {:+.0f} m/s"),
        _number(one["frequency_hz"] / 1e9, "carrier {:.2f} GHz"),
        _number(one["snr_db"], "SNR {:.0f} dB"),
        "reported position" if math.isfinite(one["east_m"]) else "",
    ]
    if one["looked_like"] >= 0:
        kind = ObjectClass(one["looked_like"]).name.lower().replace("_", " ")
        parts.append(f"looks like a {kind} ({one['look_confidence']:.2f})")
    if one["payload_seen"] == 1:
        parts.append("payload seen")
    if one["callsign"]:
        parts.append(one["callsign"].decode("ascii", "replace"))
    return ", ".join(part for part in parts if part)


def _number(value: float, text: str) -> str:
    return text.format(value) if math.isfinite(value) else ""


def _address(one: Row) -> str:
    return address_in_words(one["address"], one["address_kind"])


def _pilot(watch: Watch, one: Row) -> Document | None:
    """Return where the pilot of a drone stands, when its Remote ID told it."""
    remote = one["address_kind"] == AddressKind.REMOTE_ID
    pilot = watch.pilots.get(one["address"]) if remote else None
    return None if pilot is None else {"lat": pilot.lat_deg, "lon": pilot.lon_deg}


def _ellipse(one: Row) -> Document | None:
    """Return the one-sigma ellipse of the horizontal position, when the picture tells it."""
    if "sd_major_m" not in one or not math.isfinite(one["sd_major_m"]):
        return None
    return {
        "major_m": one["sd_major_m"],
        "minor_m": one["sd_minor_m"],
        "bearing_deg": math.degrees(one["major_axis_rad"]),
    }
