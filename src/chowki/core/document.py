"""Dataclasses of places as JSON and back: exact floats, arrays with their shape, one spelling."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from chowki.core.table import F64


def canonical(document: Any) -> str:
    """Return JSON in the one spelling that digests are taken of.

    Keys sorted, no spaces, ASCII only; floats in the shortest form that reads back to the same
    bits; NaN and infinities as Python spells them.

    Examples
    --------
    >>> canonical({"b": 0.1, "a": [1, None]})
    '{"a":[1,null],"b":0.1}'
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def document(thing: Any) -> Any:
    """Return a dataclass, and all that it holds, as what JSON can say.

    Parameters
    ----------
    thing : Any
        Dataclasses, tuples, lists, arrays of float64, enums, numbers, texts, None.

    Returns
    -------
    Any
        Dictionaries, lists, numbers and texts. An array becomes its shape and its values in
        C order, so that an empty one keeps its shape; of the many NaNs only one comes back.
    """
    if is_dataclass(thing):
        return {field.name: document(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, np.ndarray):
        return {"shape": list(thing.shape), "values": thing.astype(np.float64).ravel().tolist()}
    if isinstance(thing, np.generic):
        return cast("Any", thing).item()
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, (list, tuple)):
        return [document(entry) for entry in cast("list[Any]", thing)]
    return thing


def restore(kind: Any, told: Any) -> Any:
    """Return the thing of a kind that ``document`` told.

    Parameters
    ----------
    kind : Any
        A dataclass or the annotation of one of its fields.
    told : Any
        What ``document`` returned.

    Raises
    ------
    TypeError, KeyError, ValueError
        If what was told is not of that kind.
    """
    if is_dataclass(kind):
        hints = _hints(cast("type[Any]", kind))
        return cast("Any", kind)(**{name: restore(hints[name], told[name]) for name in told})
    if kind == F64:
        return np.array(told["values"], dtype=np.float64).reshape(told["shape"])
    origin = get_origin(kind)
    if origin is tuple:
        return _restore_tuple(get_args(kind), told)
    if origin in {Union, UnionType}:
        return told
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(told)
    return told


def _restore_tuple(kinds: tuple[Any, ...], told: list[Any]) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(restore(kinds[0], entry) for entry in told)
    return tuple(restore(kind, entry) for kind, entry in zip(kinds, told, strict=True))


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)
