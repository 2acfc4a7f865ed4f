"""Every registered part keeps what its port promises; a new part is one more line here."""

from __future__ import annotations

import numpy as np
import pytest

from chowki.core.messages import Scan
from chowki.core.places import Station, Theatre
from chowki.testing import (
    GROUPS,
    check_allocator,
    check_associator,
    check_feed,
    check_sensor_model,
    check_threat_model,
    part,
    parts,
)

CHECKED = [
    ("sensor_model", "radar", check_sensor_model),
    ("sensor_model", "direction-finder", check_sensor_model),
    ("sensor_model", "electro-optical", check_sensor_model),
    ("sensor_model", "ads-b", check_sensor_model),
    ("associator", "belief-propagation", check_associator),
    ("associator", "global-nearest-neighbour", check_associator),
    ("threat_model", "destination", check_threat_model),
    ("threat_model", "nearest-place", check_threat_model),
    ("threat_model", "closest-approach", check_threat_model),
    ("allocator", "rolling-horizon", check_allocator),
    ("allocator", "greedy", check_allocator),
    ("allocator", "local-search", check_allocator),
    ("allocator", "nearest-first", check_allocator),
]
# A feed is checked on a small file of its kind, made in conftest.py.
FEEDS = ["opensky", "sbs", "aircraft-json", "asterix", "remote-id", "gps", "plots"]


@pytest.mark.parametrize(
    ("port", "name", "check"), CHECKED, ids=lambda value: getattr(value, "__name__", value)
)
def test_part_conforms(port, name, check):
    check(part(port, name))


@pytest.mark.parametrize("kind", FEEDS)
def test_feed_conforms(kind, sample):
    def made():
        feed = part("feed", kind).load()(sample(kind))
        fix = feed.first_fix()
        feed.place(Theatre(Station("here", fix.lat_deg, fix.lon_deg, 0.0, fix.time_s, np.inf)))
        return feed

    check_feed(made)
    whole = made()
    assert sum(len(e.detections) for e in whole.events() if isinstance(e, Scan)) > 1
    assert not whole.skipped


def test_no_shipped_part_is_left_out():
    ours = {
        (port, entry.name)
        for port in GROUPS
        for entry in parts(port)
        if entry.value.startswith("chowki.")
    }
    checked = {(port, name) for port, name, _ in CHECKED} | {("feed", kind) for kind in FEEDS}
    assert ours == checked
