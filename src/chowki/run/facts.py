"""What stands now, as far as permission hangs on it."""

from __future__ import annotations

from typing import Any

from chowki.core.places import Theatre
from chowki.core.records import EngagementState
from chowki.outputs.postures import posture_table_of
from chowki.outputs.web.chronicle import Chronicle
from chowki.outputs.web.permissions import Facts

_PROPOSED = (EngagementState.PROPOSED, EngagementState.RELEASED)


def facts_of(
    theatre: Theatre, noted: dict[str, Any], chronicle: Chronicle, *, ended: bool
) -> Facts:
    """Return the facts at the edge of a chronicle.

    Parameters
    ----------
    theatre : Theatre
        Of the station.
    noted : dict
        What of the manifest stands in the journal: the posture table is in it.
    chronicle : Chronicle
        What was recorded so far.
    ended : bool
        Whether nothing comes any more.
    """
    table = posture_table_of(noted)
    levels: list[dict[str, Any]] = table.get("levels") or []
    moment = chronicle.at(None)
    standing = moment.standing
    sectors = standing.sectors.document(moment.picture.time_s)
    sector_of = {place.index: place.sector for place in theatre.places}
    with chronicle.lock:
        proposals = {
            row["track"]: sector_of.get(row["place"], "")
            for row in standing.engagements.values()
            if row["state"] in _PROPOSED
        }
        cells = {row["cell"] for row in standing.warnings.values() if row["cell"] >= 0}
        alarms = set(moment.watch.alarms)
    return Facts(
        simulated=theatre.simulated,
        operator=bool(table.get("operator")),
        ended=ended,
        sectors={one["sector"]: one["release"] for one in sectors},
        levels={level["name"]: level["release"] for level in levels},
        statuses={level["weapons_control_status"]: level["release"] for level in reversed(levels)},
        ceased={one["sector"] for one in sectors if one["cease_fire_s"] is not None},
        proposals=proposals,
        tracks=set(moment.picture.tracks.track.tolist()),
        alarms=alarms,
        cells=cells,
        places=tuple(place.name for place in theatre.places),
    )
