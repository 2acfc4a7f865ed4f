"""A scenario from its file: every problem found at once, or the whole of it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from chowki.core.errors import Problem, ScenarioError
from chowki.core.problems import did_you_mean, problems_of, unknown_name
from chowki.scenario.checks import Draft, check
from chowki.scenario.files import fill_grid, fill_places
from chowki.scenario.model import Scenario
from chowki.scenario.overrides import apply_overrides


def shipped() -> dict[str, Path]:
    """Return the scenarios that come with chowki, by name."""
    package = Path(__file__).parents[1]
    folders = (package / "scenarios", package.parents[1] / "scenarios")
    folder = next((folder for folder in folders if folder.is_dir()), None)
    return {path.stem: path for path in sorted(folder.glob("*.toml"))} if folder else {}


def load(source: str | Path, overrides: Sequence[str] = ()) -> Scenario:
    """Read and check a scenario.

    Parameters
    ----------
    source : str or Path
        Name of a shipped scenario, or path of a TOML file.
    overrides : sequence of str
        ``key=value`` changes, see ``scenario.overrides``.

    Returns
    -------
    Scenario
        Complete: places and ground are read from their files.

    Raises
    ------
    ScenarioError
        With every problem found: file, key path, what was found, what is allowed, a remedy.
    """
    path = _path(source)
    raw = _read(path)
    problems = apply_overrides(raw, overrides)
    raw.setdefault("name", path.stem)
    draft = _draft(raw, str(path))
    problems += draft.problems
    problems += fill_places(draft, path) + fill_grid(draft, path)
    problems += check(draft)
    if problems:
        raise ScenarioError(problems)
    return Scenario(**draft.sections)


def _path(source: str | Path) -> Path:
    names = shipped()
    if isinstance(source, str) and source in names:
        return names[source]
    path = Path(source)
    if path.is_file():
        return path
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise ScenarioError([Problem(str(path), "(file)", "no such file", "a TOML file")])
    raise ScenarioError([unknown_name("(command)", "scenario", str(source), names)])


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([Problem(str(path), "(file)", str(error), "TOML 1.0")]) from None
    except UnicodeDecodeError as error:
        raise ScenarioError([Problem(str(path), "(file)", str(error), "UTF-8 text")]) from None
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ScenarioError([Problem(str(path), "(file)", reason, "a readable file")]) from None


def _draft(raw: dict[str, Any], file: str) -> Draft:
    """Validate each section by itself, so that one wrong section hides no other's problems."""
    fields = Scenario.model_fields
    draft = Draft(file)
    for key in raw.keys() - fields.keys():
        draft.problems.append(
            Problem(file, key, "an unknown key", ", ".join(fields), did_you_mean(key, fields))
        )
    for key, field in fields.items():
        if key in raw:
            _section(draft, key, field.annotation, raw[key])
        elif field.is_required():
            draft.wrong(key, "nothing", f"a section [{key}] is required")
            draft.broken.add(key)
        else:
            draft.sections[key] = field.get_default(call_default_factory=True)
    return draft


def _section(draft: Draft, key: str, annotation: Any, value: Any) -> None:
    if get_origin(annotation) is tuple and isinstance(value, list):
        return _items(draft, key, get_args(annotation)[0], value)
    try:
        draft.sections[key] = TypeAdapter(annotation).validate_python(value)
    except ValidationError as error:
        draft.problems += problems_of(error, annotation, draft.file, (key,))
        draft.broken.add(key)


def _items(draft: Draft, key: str, annotation: Any, values: list[Any]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)
    kept: dict[int, Any] = {}
    for row, value in enumerate(values):
        try:
            kept[row] = adapter.validate_python(value)
        except ValidationError as error:
            draft.problems += problems_of(error, annotation, draft.file, (key, row))
            draft.broken.add(key)
    draft.rows[key] = list(kept)
    draft.sections[key] = tuple(kept.values())
