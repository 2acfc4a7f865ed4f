"""What the sensors gave, and when they were silent."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np

from chowki.core.places import Sensor
from chowki.core.records import AddressKind, ObjectClass, Reason, TrackStatus
from chowki.outputs.evidence import Evidence, column, span
from chowki.outputs.sitrep import words
from chowki.outputs.sitrep.facts import AirTrafficFact, OutageFact, SensorFact

Row = dict[str, Any]


def sensor_facts(evidence: Evidence) -> SensorFact:
    """Return which sensors were heard, which fell silent, and on which ground they stand."""
    theatre, scans = evidence.theatre, evidence.scans
    heard = set(np.unique(column(scans, "sensor")).tolist())
    unheard = [sensor for sensor in theatre.sensors if sensor.number not in heard]
    rows = evidence.statuses.select(["time_s", "source", "kind", "state", "note"]).to_pylist()
    return SensorFact(
        stated=len(theatre.sensors),
        heard=len(theatre.sensors) - len(unheard),
        never_heard=tuple(s.name for s in unheard if not s.cued),
        never_tasked=tuple(s.name for s in unheard if s.cued),
        scans=scans.num_rows,
        detections=int(column(scans, "detections").sum()),
        outages=tuple(outages(rows, span(evidence)[1])),
        flagged=tuple(outages(_flag_rows(evidence), span(evidence)[1])),
        notes=tuple(_feed_notes(rows)),
        ground=theatre.ground.described,
        masks=sum(has_mask(sensor) for sensor in theatre.sensors),
    )


def _flag_rows(evidence: Evidence) -> list[Row]:
    """Return the faults that the station found, in the form of statuses."""
    names = {sensor.number: sensor.name for sensor in evidence.theatre.sensors}
    return [
        {
            "time_s": row["time_s"], "source": names.get(row["sensor"], str(row["sensor"])),
            "kind": "sensor", "state": words.faults(row["faults"]), "note": "",
        }
        for row in evidence.sensors.select(["time_s", "sensor", "faults"]).to_pylist()
    ]  # fmt: skip


def has_mask(sensor: Sensor) -> bool:
    """Return whether a sensor carries a horizon mask."""
    return len(sensor.horizon_azimuth_rad) > 0


def outages(rows: list[Row], end_s: float) -> list[OutageFact]:
    """Return spans in which a source was silent or degraded, in order of time.

    Parameters
    ----------
    rows : list of dict
        Statuses.
    end_s : float
        UTC seconds at which the recording ends.
    """
    of_source = itemgetter("kind", "source")
    health = [row for row in rows if row["kind"] in ("sensor", "link", "site")]
    spans: list[OutageFact] = []
    for _, group in groupby(sorted(health, key=lambda r: (*of_source(r), r["time_s"])), of_source):
        spans.extend(_outages_of_one(list(group), end_s))
    return sorted(spans, key=lambda outage: (outage.from_s, outage.source))


def _outages_of_one(rows: list[Row], end_s: float) -> list[OutageFact]:
    """Return the outages of one source, whose statuses are ordered by time."""
    spans: list[OutageFact] = []
    since: Row | None = None
    for row in [*rows, None]:
        if since is not None and (row is None or row["state"] != since["state"]):
            to_s = end_s if row is None else float(row["time_s"])
            spans.append(_outage(since, to_s, recovered=row is not None))
            since = None
        if row is not None and row["state"] != "working" and since is None:
            since = row
    return spans


def _outage(row: Row, to_s: float, *, recovered: bool) -> OutageFact:
    return OutageFact(
        str(row["source"]),
        str(row["kind"]),
        str(row["state"]),
        str(row["note"] or ""),
        float(row["time_s"]),
        to_s,
        recovered,
    )


def _feed_notes(rows: list[Row]) -> list[str]:
    """Return the last note of each feed: what it skipped and why."""
    last = {
        row["source"]: str(row["note"]) for row in rows if row["kind"] == "feed" and row["note"]
    }
    return [f"{source}: {note}" for source, note in sorted(last.items())]


def air_traffic_facts(tracks: Any) -> AirTrafficFact:
    """Return the aircraft that the confirmed picture held."""
    confirmed = column(tracks, "status") == TrackStatus.CONFIRMED
    number, kind = column(tracks, "track"), column(tracks, "object_class")
    address = column(tracks, "address")
    icao = confirmed & (column(tracks, "address_kind") == AddressKind.ICAO) & (address >= 0)
    authorised = (column(tracks, "reasons") & int(Reason.AUTHORISED)) != 0

    def distinct(mask: Any) -> int:
        return len(np.unique(number[mask]))

    return AirTrafficFact(
        cooperative=len(np.unique(address[icao])),
        aeroplanes=distinct(confirmed & (kind == ObjectClass.AEROPLANE)),
        helicopters=distinct(confirmed & (kind == ObjectClass.HELICOPTER)),
        authorised_drones=distinct(confirmed & authorised),
    )
