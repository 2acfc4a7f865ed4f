"""A dossier as one offline HTML page: pictures first, the text below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chowki.core.places import Theatre
from chowki.outputs.dossier.drawing import height_line, sensor_lines, track_map
from chowki.outputs.dossier.text import text

TEMPLATES = Path(__file__).parent.parent / "templates"


def page(dossier: dict[str, Any], theatre: Theatre) -> str:
    """Return the page of a dossier; the same dossier gives the same bytes.

    Parameters
    ----------
    dossier : dict
        As ``dossier`` of this package made it.
    theatre : Theatre
        Border and places for the map.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("dossier.html.j2").render(
        dossier=dossier,
        map=Markup(track_map(dossier, theatre)),
        height=Markup(height_line(dossier)),
        sensors=Markup(sensor_lines(dossier)),
        text=text(dossier),
    )
