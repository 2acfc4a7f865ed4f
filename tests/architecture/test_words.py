"""Every column says its unit and its meaning, and the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest

from chowki.core import records
from chowki.core.table import Table

TABLES = [
    kind
    for kind in vars(records).values()
    if isinstance(kind, type) and issubclass(kind, Table) and kind is not Table
]
UNITS = {"_s": "s", "_m": "m", "_mps": "m/s", "_rad": "rad", "_hz": "Hz", "_db": "dB"}


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_every_column_has_a_meaning_and_the_unit_its_name_says(kind):
    for column in kind.schema():
        assert column.meaning, column.name
        suffix = next(
            (s for s in sorted(UNITS, key=len, reverse=True) if column.name.endswith(s)), ""
        )
        assert column.unit == UNITS.get(suffix, column.unit), column.name
        if column.unit and column.dtype.kind == "f" and column.unit != "dBsm":
            assert suffix, f"{column.name} carries {column.unit} and its name does not say so"


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: kind.__name__)
def test_an_empty_table_has_the_columns_of_its_schema(kind):
    empty = kind.empty()
    assert [c.name for c in kind.schema()] == list(empty.columns())
    for column in kind.schema():
        array = getattr(empty, column.name)
        assert array.dtype == column.dtype
        assert array.shape == (0, *column.shape)
        assert np.dtype(column.dtype).byteorder in {"=", "<", "|"}


def _tracked(root) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout: no list of files")
    return done.stdout.splitlines()


def test_no_file_names_a_machine_or_a_registry(root):
    """Paths of one machine, and hosts that packages come from, belong nowhere."""
    places = re.compile(
        r"(?<![\w.$~])/(?:home|root|Users|work|opt)/[\w.-]+|/tmp/\w+|find-links *=|"
        r"(?:extra-)?index-url|files\.pythonhosted\.org|[a-z]:\\\\Users",
        re.I,
    )
    wrong = []
    for name in _tracked(root):
        path = root / name
        if name == "tests/architecture/test_words.py" or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [(name, hit.group()) for hit in places.finditer(text) if not _option(hit.group())]
    assert wrong == []


def _option(words: str) -> bool:
    """Return whether the words are the option by which the lock leaves registries out."""
    return words == "index-url"


def test_lock_files_hold_hashes_and_no_address(root):
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (root / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = re.findall(
            r"^[a-z0-9.-]+==\S+[^\n]*\n(?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n)+", text, re.M
        )
        assert len(pins) == len(re.findall(r"^[a-z0-9.-]+==", text, re.M)) > 20
