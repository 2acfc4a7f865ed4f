"""From what pydantic finds wrong to what a user can act on."""

from __future__ import annotations

import types
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chowki.core.errors import Problem

Loc = tuple[int | str, ...]


def problems_of(error: ValidationError, model: Any, file: str, prefix: Loc = ()) -> list[Problem]:
    """Return every error of a validation as a problem.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : Any
        The model or annotation that was validated, for the keys it allows.
    file : str
        Where the input stands.
    prefix : tuple
        Key path of the validated part.
    """
    return [_problem(detail, model, file, prefix) for detail in error.errors(include_url=False)]


def _problem(detail: ErrorDetails, model: Any, file: str, prefix: Loc) -> Problem:
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    key = path_text((*prefix, *loc))
    if detail["type"] == "extra_forbidden":
        allowed = keys_at(model, loc[:-1])
        return Problem(
            file, key, "an unknown key", _listed(allowed), did_you_mean(loc[-1], allowed)
        )
    if detail["type"] == "missing":
        return Problem(file, key, "nothing", f"this key is required: {_meaning(model, loc)}")
    return Problem(file, key, shown(detail["input"]), _allowed(detail["msg"]))


def _allowed(message: str) -> str:
    for opening in ("Value error, ", "Input should be "):
        message = message.removeprefix(opening)
    return message


def shown(value: Any) -> str:
    """Return a value as it may stand in a message.

    Examples
    --------
    >>> shown({"a": 1})
    "{'a': 1}"
    """
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def path_text(loc: Iterable[int | str]) -> str:
    """Return a key path as it is written.

    Examples
    --------
    >>> path_text(("sensors", 2, "period_s"))
    'sensors[2].period_s'
    """
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "(file)"


def did_you_mean(found: object, allowed: Iterable[str]) -> str:
    """Return a likely remedy, or nothing.

    Examples
    --------
    >>> did_you_mean("hieght_m", ["height_m", "width_m"])
    'did you mean height_m?'
    """
    near = get_close_matches(str(found), list(allowed), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def unknown_name(file: str, key: str, found: str, allowed: Iterable[str]) -> Problem:
    """Return the problem of a name that nothing has."""
    allowed = list(allowed)
    return Problem(file, key, shown(found), _listed(allowed), did_you_mean(found, allowed))


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    if not names:
        return "nothing"
    return ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")


def keys_at(model: Any, loc: Loc) -> list[str]:
    """Return the keys that a model allows at a place in it, empty when that is no model."""
    found = _model_at(model, loc)
    return list(found.model_fields) if found is not None else []


def _meaning(model: Any, loc: Loc) -> str:
    found = _model_at(model, loc[:-1])
    field = found.model_fields.get(str(loc[-1])) if found is not None and loc else None
    return (field.description if field is not None else None) or "see chowki check --schema"


def _model_at(annotation: Any, loc: Loc) -> type[BaseModel] | None:
    """Walk a key path through models, lists, mappings and unions."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return next(filter(None, (_model_at(choice, loc) for choice in inner)), None)
    if origin in (Annotated, tuple, list, dict):
        element = inner[1] if origin is dict else inner[0]
        return _model_at(element, loc if origin is Annotated else loc[1:])
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return None
    field = annotation.model_fields.get(str(loc[0])) if loc else None
    if field is not None:
        return _model_at(field.annotation, loc[1:])
    return None if loc else annotation
