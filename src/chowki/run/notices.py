"""Notices of a run: written over the head of its journal, signed, and checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chowki.core.errors import JournalError, NoticeError
from chowki.core.journal import JournalReader
from chowki.outputs.notice import FORMAT, notice, statement
from chowki.outputs.recorder import JOURNAL, NOTICE, write_whole
from chowki.outputs.recording import Recording
from chowki.outputs.signature import check, private_key, public_key, signed
from chowki.run.proof import run_folder, verify

NOTICE_BYTES_MAX = 32_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A notice that holds.

    Attributes
    ----------
    fingerprint : str
        Of the key that signed it, hexadecimal.
    vouched : bool
        True when that key was the one asked for.
    chain_head : str
        Head of the journal that it is taken from, hexadecimal.
    journal : str or None
        Folder of the run whose journal has that head; None when none was at hand.
    text : bool or None
        Whether the text beside it is its statement; None when there is no text.
    """

    fingerprint: str
    vouched: bool
    chain_head: str
    journal: str | None
    text: bool | None


def write_notice(
    folder: str | Path, key: Path | None = None, out: Path | None = None
) -> tuple[Path, dict[str, Any]]:
    """Write the notice of a run as JSON, and beside it its statement as text.

    Both lie outside the journal and its digest.

    Parameters
    ----------
    folder : str or Path
        Folder of the run; its journal must be whole and closed.
    key : Path, optional
        Private key; without one the notice is not signed.
    out : Path, optional
        Where the JSON goes; ``notice.json`` in the folder of the run by default.

    Returns
    -------
    Path, dict
        Where the JSON is, and the document.

    Raises
    ------
    UsageError
        If the key can't be used.
    JournalError
        If the recording is damaged.
    OutputError
        If a file can't be written.
    """
    home = run_folder(Path(folder))
    signer = private_key(key) if key is not None else None
    damages = [str(damage) for damage in verify(home)]
    if damages:
        raise JournalError(
            "\n  ".join([f"{home} is damaged, so nothing is stated of it", *damages])
        )
    document = notice(Recording(home), head_of(home))
    document["statement"] = statement(document)
    if signer is not None:
        document = signed(document, signer)
    path = out or home / NOTICE
    text = document["statement"] + "\n" + _footer(document, path)
    write_whole(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())
    write_whole(path.with_suffix(".txt"), text.encode())
    return path, document


def verify_notice(path: Path, key: Path | None = None, journal: Path | None = None) -> Checked:
    """Check a notice: its signature, its text, and the journal when that is at hand.

    Parameters
    ----------
    path : Path
        The JSON of the notice.
    key : Path, optional
        Public key that must have signed it.
    journal : Path, optional
        Folder of the run; that of the notice by default, if there is a journal in it.

    Raises
    ------
    NoticeError
        If something does not hold; the sentence says what.
    JournalError
        If the journal at hand is damaged, or none is where one was named.
    UsageError
        If the public key can't be read.
    """
    document = read_notice(path)
    try:
        found = check(document, public_key(key) if key is not None else None)
    except NoticeError as error:
        raise NoticeError(f"{path}: {error}") from error
    head = _chain_head(path, document)
    home = run_folder(journal) if journal is not None else _beside(path)
    if home is not None and head_of(home) != head:
        raise NoticeError(
            f"{path}: it is of another record: its chain head is {head}, but the journal in "
            f"{home} ends in {head_of(home)}"
        )
    text = path.with_suffix(".txt")
    same = None
    if text != path and text.is_file():
        same = text.read_bytes().startswith(str(document.get("statement")).encode())
        if not same:
            raise NoticeError(f"{text}: is not the statement that was signed in {path.name}")
    return Checked(found, key is not None, head, str(home) if home else None, same)


def read_notice(path: Path) -> dict[str, Any]:
    """Return a notice as it stands in its file, unchecked.

    Raises
    ------
    NoticeError
        If there is none, or it is no whole notice.
    """
    try:
        with path.open("rb") as file:
            content = file.read(NOTICE_BYTES_MAX + 1)
    except OSError as error:
        raise NoticeError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        if len(content) > NOTICE_BYTES_MAX:
            raise ValueError(f"longer than {NOTICE_BYTES_MAX} bytes")
        document = json.loads(content, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise NoticeError(f"{path}: is no whole notice: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NoticeError(f"{path}: is no notice of the form {FORMAT}")
    return document


def head_of(home: Path) -> str:
    """Return the head of a run's journal, every record of it checked."""
    inner = home / JOURNAL
    reader = JournalReader(inner if inner.is_dir() else home)
    for _ in reader.records():
        pass
    return reader.head


def _chain_head(path: Path, document: dict[str, Any]) -> str:
    run = document.get("run")
    head = run.get("chain_head") if isinstance(run, dict) else None
    if not isinstance(head, str):
        raise NoticeError(f"{path}: names no journal: it holds no chain head")
    return head


def _beside(path: Path) -> Path | None:
    """Return the folder of a notice when a journal is in it."""
    return path.parent if (path.parent / JOURNAL).is_dir() else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; a key that stands twice could be read in two ways."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands in it twice")
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _footer(document: dict[str, Any], path: Path) -> str:
    block = document.get("signature")
    if block is None:
        return "NOT SIGNED: this text proves nothing.\n"
    return (
        f"Signed with {block['algorithm']}, key fingerprint\n  {block['fingerprint']}\n"
        f"Check it with: chowki verify {path.name}\n"
    )
