"""What alerts say, in five languages, from catalogue files; English stands in for what is missing.

The translations are machine-drafted and unreviewed, and every alert in such a language says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "catalogues"
LANGUAGES = ("en", "hi", "pa", "ur", "gu")
_SAID = ("advisory", "take_cover", "all_clear", "ended")
_PARTS = ("headline", "description", "instruction")
KEYS = ("exercise", "test", "event", "area", *(f"{s}.{part}" for s in _SAID for part in _PARTS))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The words of one language.

    Attributes
    ----------
    language : str
        BCP 47 tag.
    origin : str
        Where the words come from, said in every alert.
    words : Mapping
        Text by key, every key of ``KEYS``.
    fallen_back : tuple of str
        Keys that stand in English.
    """

    language: str
    origin: str
    words: Mapping[str, str]
    fallen_back: tuple[str, ...] = ()

    def say(self, key: str, place: str = "") -> str:
        """Return a text, with a place's name where it speaks of a place."""
        return self.words[key].replace("{place}", place)


def catalogues(folder: Path = FOLDER) -> tuple[Catalogue, ...]:
    """Return the catalogues of all languages, English first.

    Parameters
    ----------
    folder : Path
        Where the files are: one TOML file for each language.

    Raises
    ------
    OSError, ValueError
        If the English catalogue can't be read or lacks a key; another language falls back to
        English key by key, or wholly.
    """
    english = _texts(_document(folder / "en.toml"))
    missing = [key for key in KEYS if key not in english]
    if missing:
        raise ValueError(f"{folder / 'en.toml'}: no text for {', '.join(missing)}")
    found: list[Catalogue] = []
    for name in LANGUAGES:
        path = folder / f"{name}.toml"
        texts = english if name == "en" else _texts(_document_or_none(path))
        fallen_back = tuple(key for key in KEYS if key not in texts)
        origin = "none, this is the source" if name == "en" else "machine-drafted, unreviewed"
        words = {key: texts.get(key, english[key]) for key in KEYS}
        found.append(Catalogue(f"{name}-IN", origin, words, fallen_back))
    return tuple(found)


def _document(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _document_or_none(path: Path) -> dict[str, Any]:
    """Return a catalogue file, empty when it can't be read: English then stands for all of it."""
    try:
        return _document(path)
    except (OSError, ValueError):
        return {}


def _texts(document: dict[str, Any]) -> dict[str, str]:
    """Return the texts of a document by key; what is no text or empty is as if missing."""
    found: dict[str, str] = {}
    for key in KEYS:
        said, _, part = key.partition(".")
        entry = document.get(said)
        text = entry.get(part) if part and isinstance(entry, dict) else entry
        if isinstance(text, str) and text.strip():
            found[key] = text
    return found
