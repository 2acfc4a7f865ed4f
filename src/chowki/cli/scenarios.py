"""``chowki scenarios``, ``check`` and ``new``: what can be run, and whether it is right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from chowki.cli.options import AsJson, Overrides, Quiet, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import OutputError, UsageError


def scenarios(as_json: AsJson = False) -> None:
    """List the shipped scenarios."""
    from chowki.scenario import shipped

    voice = Voice.of(as_json=as_json)
    rows = [_described(name, path) for name, path in shipped().items()]

    def show() -> None:
        from chowki.cli.show import table

        columns = {"scenario": "name", "seconds": "duration_s", "what it tells": "about"}
        voice.out.print(table(columns, rows))

    voice.data(rows, show)


def check(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="Name or TOML file.")
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of a scenario.")
    ] = False,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check a scenario and list every problem at once; or print the JSON Schema."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.scenario import load
    from chowki.scenario import schema as json_schema

    if schema:
        typer.echo(json.dumps(json_schema(), indent=2))
        return
    if scenario is None:
        raise UsageError("name a scenario to check, or give --schema")
    digest = load(scenario, overrides).digest()
    document = {"scenario": scenario, "valid": True, "digest": digest}
    voice.data(document, lambda: voice.out.print(f"{scenario}: valid, digest {digest[:12]}"))


def new(
    name: Annotated[str, typer.Argument(help="Name of the scenario; NAME.toml is written.")],
    at: Annotated[str, typer.Option("--at", metavar="LAT,LON", help="Where, in degrees.")],
    quiet: Quiet = False,
) -> None:
    """Write a commented scenario of one site: to simulate, and to serve live feeds with."""
    from chowki.scenario import new as new_scenario

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise UsageError(f"{name!r} is no name: letters, digits, - and _ only")
    path = Path(f"{name}.toml")
    _write_new(path, new_scenario(name, *_position(at)))
    typer.echo(path)
    voice = Voice.of(quiet=quiet)
    voice.remark(f"check it: chowki check {path}; simulate it: chowki run {path}")
    voice.remark(f"live: chowki serve {path} --feed sbs:tcp://127.0.0.1:30003 (docs/live.md)")


def _position(text: str) -> tuple[float, float]:
    """Return latitude and longitude in degrees of ``LAT,LON``.

    Raises
    ------
    UsageError
        If these are not two numbers on the globe.
    """
    try:
        lat, lon = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--at {text}: write LAT,LON in degrees, such as 27.62,77.13") from None
    if not (abs(lat) <= 90.0 and abs(lon) <= 180.0):
        raise UsageError(f"--at {text}: latitude within ±90, longitude within ±180 degrees")
    return lat, lon


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise OutputError(f"{path} exists already; choose another name or remove it") from None
    except OSError as error:
        raise OutputError(f"{path} can't be written: {error.strerror}") from error


def _described(name: str, path: Path) -> dict[str, Any]:
    import tomllib

    document = tomllib.loads(path.read_text(encoding="utf-8"))
    duration_s = document.get("station", {}).get("duration_s")
    about = document.get("about", "")
    return {"name": name, "duration_s": duration_s, "about": about, "file": str(path)}
