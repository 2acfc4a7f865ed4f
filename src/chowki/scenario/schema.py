"""The JSON Schema of a scenario file, with the parameters of every installed part."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from chowki.scenario import parts
from chowki.scenario.model import Scenario


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) that editors and checkers can use."""
    from chowki.world.effectors import EffectorParameters

    sensors: dict[str, type[BaseModel]] = {
        name: parts.part(parts.SENSOR_MODEL, name).Parameters
        for name in parts.named(parts.SENSOR_MODEL)
    }
    models: list[type[BaseModel]] = [Scenario, EffectorParameters, *sensors.values()]
    refs, whole = models_json_schema([(model, "validation") for model in models])
    definitions: dict[str, Any] = whole["$defs"]
    group = definitions["SensorGroup"]
    group["properties"]["model"]["enum"] = list(sensors)
    group["allOf"] = [
        {
            "if": {"properties": {"model": {"const": name}}},
            "then": {"properties": {"parameters": refs[model, "validation"]}},
        }
        for name, model in sensors.items()
    ]
    parameters = refs[EffectorParameters, "validation"]
    definitions["EffectorGroup"]["properties"]["parameters"] = parameters
    top = definitions.pop(refs[Scenario, "validation"]["$ref"].rsplit("/", 1)[-1])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "chowki scenario",
        **{key: value for key, value in top.items() if key != "title"},
        "$defs": definitions,
    }
