"""Scenario: TOML to built objects. Each part owns its parameters; they are composed here."""

from chowki.scenario.building import Built, build, build_for_feed
from chowki.scenario.model import Scenario
from chowki.scenario.reading import load, shipped
from chowki.scenario.schema import schema
from chowki.scenario.writing import new

__all__ = ["Built", "Scenario", "build", "build_for_feed", "load", "new", "schema", "shipped"]
