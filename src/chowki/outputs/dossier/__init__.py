"""The dossier of an incident: what the record tells of one track, and nothing of the truth."""

from chowki.outputs.dossier.compose import dossier
from chowki.outputs.dossier.incidents import Incident, incidents
from chowki.outputs.dossier.page import page
from chowki.outputs.dossier.text import text

__all__ = ["Incident", "dossier", "incidents", "page", "text"]
