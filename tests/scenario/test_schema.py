"""The JSON Schema: in step with the code, and right about real scenarios."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from chowki import scenario

SHIPPED_COPY = Path(__file__).parents[2] / "docs" / "scenario.schema.json"


@pytest.fixture(scope="module")
def schema():
    return scenario.schema()


def test_the_shipped_copy_is_in_step(schema):
    """Rewrite it with: make docs."""
    assert json.loads(SHIPPED_COPY.read_text(encoding="utf-8")) == schema


def test_it_is_a_schema(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("name", list(scenario.shipped()))
def test_it_accepts_the_shipped_scenarios(schema, name):
    document = tomllib.loads(scenario.shipped()[name].read_text(encoding="utf-8"))
    jsonschema.validate(document, schema)


@pytest.mark.parametrize(
    "change",
    [{"colour": 1}, {"birds": {"per_drone": -1}}, {"sensors": [{"name": "x", "model": "sonar"}]},
     {"sensors": [{"name": "x", "model": "radar", "parameters": {"power_kv": 1}}]},
     {"effectors": [{"name": "x", "parameters": {"kind": "spear"}}]}],
)  # fmt: skip
def test_it_refuses_what_load_refuses(schema, change):
    document = tomllib.loads(scenario.shipped()["single-site"].read_text(encoding="utf-8"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, **change}, schema)
