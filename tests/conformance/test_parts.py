"""Every registered part keeps what its port promises; a new part is one more line here."""

from __future__ import annotations

import pytest

from chowki.testing import (
    check_allocator,
    check_associator,
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
    ("threat_model", "approach", check_threat_model),
    ("allocator", "greedy", check_allocator),
]


@pytest.mark.parametrize(("port", "name", "check"), CHECKED, ids=str)
def test_part_conforms(port, name, check):
    check(part(port, name))


def test_no_shipped_part_is_left_out():
    ours = {
        (port, entry.name)
        for port in ("sensor_model", "associator", "threat_model", "allocator")
        for entry in parts(port)
        if entry.value.startswith("chowki.")
    }
    assert ours == {(port, name) for port, name, _ in CHECKED}
