"""The situation report: worked out from the recording's tables, never from the scenario."""

from chowki.outputs.sitrep.compose import SituationReport, situation
from chowki.outputs.sitrep.facts import SightingRule

__all__ = ["SightingRule", "SituationReport", "situation"]
