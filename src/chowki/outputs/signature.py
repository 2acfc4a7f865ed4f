"""Ed25519 signatures (RFC 8032) on documents: keys in files, and what a signature covers.

A signature covers the canonical JSON of a document without its ``signature``: UTF-8, keys in
order, no blanks. For keys in ASCII, and numbers of few digits, that is RFC 8785.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chowki.core.errors import NoticeError, OutputError, UsageError
from chowki.core.journal import sync_folder

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

Document = dict[str, Any]
ALGORITHM = "Ed25519"
SIGNATURE = "signature"
PRIVATE_MODE, PUBLIC_MODE = 0o600, 0o644
KEY_BYTES_MAX = 10_000
_SHORT = "the notice is signed, but its signature block is not whole"


def canonical(document: Document) -> bytes:
    """Return the bytes of a document that are signed: canonical JSON without the signature.

    Raises
    ------
    NoticeError
        If a value can't stand in JSON.
    """
    told = {key: value for key, value in document.items() if key != SIGNATURE}
    try:
        text = json.dumps(
            told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()
    except ValueError as error:  # NaN, infinity, or half a surrogate pair
        raise NoticeError(f"a value of the notice cannot stand in JSON: {error}") from error


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return the SHA-256 of the 32 bytes of a public key, in hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def sign(key: Ed25519PrivateKey, message: bytes) -> bytes:
    """Return the 64 bytes of a signature (RFC 8032, section 5.1.6)."""
    return key.sign(message)


def holds(key: Ed25519PublicKey, value: bytes, message: bytes) -> bool:
    """Return whether a signature is that of a message (RFC 8032, section 5.1.7)."""
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(value, message)
    except InvalidSignature:
        return False
    return True


def signed(document: Document, key: Ed25519PrivateKey) -> Document:
    """Return a document with its signature beside what it says."""
    public = key.public_key()
    block = {
        "algorithm": ALGORITHM,
        "public_key": _text(public.public_bytes_raw()),
        "fingerprint": fingerprint(public),
        "value": _text(sign(key, canonical(document))),
    }
    return {**document, SIGNATURE: block}


def check(document: Document, required: Ed25519PublicKey | None = None) -> str:
    """Return the fingerprint of the key that signed a document, once the signature holds.

    Parameters
    ----------
    document : dict
        As it was read.
    required : Ed25519PublicKey, optional
        The key that must have signed it. Without one a signature by any key holds.

    Raises
    ------
    NoticeError
        If it is not signed, by another key, or if it was changed since.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    block = document.get(SIGNATURE)
    if block is None:
        raise NoticeError("the notice is not signed")
    if not isinstance(block, dict) or block.get("algorithm") != ALGORITHM:
        raise NoticeError(f"the notice is not signed with {ALGORITHM}")
    raw = _bytes(block.get("public_key"), 32)
    value = _bytes(block.get("value"), 64)
    key = Ed25519PublicKey.from_public_bytes(raw)
    found = fingerprint(key)
    if required is not None and required.public_bytes_raw() != raw:
        raise NoticeError(
            f"the notice is signed by another key: {found}, not {fingerprint(required)}"
        )
    if not holds(key, value, canonical(document)):
        raise NoticeError(
            "the signature does not fit the notice: one of them was changed after signing"
        )
    if block.get("fingerprint") != found:
        raise NoticeError(f"the fingerprint told is not that of the key, which is {found}")
    return found


def make_key(path: Path) -> str:
    """Write a new private key and, beside it, its public key; return the fingerprint.

    Parameters
    ----------
    path : Path
        Private key, PEM, readable by its owner only; the public one is ``<path>.pub``.

    Raises
    ------
    OutputError
        If one of the files is there already, or can't be written.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public_path = path.with_name(path.name + ".pub")
    for one in (path, public_path):
        if os.path.lexists(one):
            raise OutputError(f"{one}: is there already, and a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(path, private, PRIVATE_MODE)
    try:
        _write_new(public_path, public, PUBLIC_MODE)
    except OutputError:
        with suppress(OSError):
            path.unlink()
        raise
    return fingerprint(key.public_key())


def private_key(path: Path) -> Ed25519PrivateKey:
    """Return the private key of a file that only its owner can read.

    Raises
    ------
    UsageError
        If there is none, others could read it, or it is no Ed25519 private key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    content = _read(path, "make one with: chowki keygen FILE", private=True)
    with suppress(ValueError, TypeError):
        key = load_pem_private_key(content, None)
        if isinstance(key, Ed25519PrivateKey):
            return key
    raise UsageError(f"{path}: no {ALGORITHM} private key; make one with: chowki keygen FILE")


def public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key of a file.

    Raises
    ------
    UsageError
        If there is none, or it is no Ed25519 public key.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = _read(path, "give the .pub file of the key that should have signed", private=False)
    with suppress(ValueError, TypeError):
        key = load_pem_public_key(content)
        if isinstance(key, Ed25519PublicKey):
            return key
    raise UsageError(f"{path}: no {ALGORITHM} public key; give the .pub file of the key")


def _read(path: Path, remedy: str, *, private: bool) -> bytes:
    """Return the content of a key file; of a private one only if nobody else can read it."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path}: is no file; {remedy}")
            mode = stat.S_IMODE(status.st_mode)
            if private and mode & 0o077:
                raise UsageError(
                    f"{path}: its mode is {mode:04o}, so others could have read or changed it; "
                    f"a key that may be known signs nothing: chmod 600 {path}, or make a new one"
                )
            return file.read(KEY_BYTES_MAX)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}; {remedy}") from error


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a file that must not be there yet, with its mode from the first moment."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise OutputError(f"{path}: is there already, and a key is never overwritten") from None
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(text: Any, length: int) -> bytes:
    """Return bytes of a signature block."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise NoticeError(_SHORT) from None
    if len(value) != length:
        raise NoticeError(_SHORT)
    return value
