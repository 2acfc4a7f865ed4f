"""Signatures are those of RFC 8032, cover what is said, and keys stay with their owner."""

from __future__ import annotations

import base64
import json
import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from chowki.core.errors import NoticeError, OutputError, UsageError
from chowki.outputs.signature import (
    canonical,
    check,
    fingerprint,
    holds,
    make_key,
    private_key,
    public_key,
    sign,
    signed,
)

RFC_8032 = [  # section 7.1, tests 1 to 3: secret key, public key, message, signature
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
SAYS = {"format": "x", "b": [1, 0.5, None, True], "a": {"é": "ü"}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize(("secret", "public", "message", "value"), RFC_8032)
def test_the_vectors_of_rfc_8032(secret, public, message, value):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_key().public_bytes_raw().hex() == public
    assert sign(key, bytes.fromhex(message)).hex() == value
    known = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    assert holds(known, bytes.fromhex(value), bytes.fromhex(message))
    assert not holds(known, bytes.fromhex(value), bytes.fromhex(message) + b"\0")


def test_canonical_json_is_that_of_rfc_8785():
    told = {"b": 2, "a": [1.5, {"z": None, "y": True}], "signature": {"value": "x"}, "ü": "é\n"}
    assert canonical(told) == '{"a":[1.5,{"y":true,"z":null}],"b":2,"ü":"é\\n"}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_json_cannot_hold_is_not_signed(value):
    with pytest.raises(NoticeError, match="cannot stand in JSON"):
        signed({"a": value}, KEY)


def test_a_signed_document_holds_however_its_file_is_laid_out():
    document = signed(SAYS, KEY)
    for layout in ({"indent": 4}, {"sort_keys": True}, {"ensure_ascii": True, "indent": None}):
        assert check(json.loads(json.dumps(document, **layout))) == fingerprint(KEY.public_key())


@given(json_values, json_values)
def test_any_other_content_is_found(first, second):
    document = signed({"a": first}, KEY)
    assert check(document) == fingerprint(KEY.public_key())
    changed = {**document, "a": second}
    if canonical(changed) != canonical(document):
        with pytest.raises(NoticeError, match="does not fit"):
            check(changed)


@given(st.integers(0, 63), st.integers(1, 255))
def test_any_changed_byte_of_the_signature_is_found(where, bits):
    document = signed(SAYS, KEY)
    value = bytearray(base64.b64decode(document["signature"]["value"]))
    value[where] ^= bits
    block = {**document["signature"], "value": base64.b64encode(bytes(value)).decode()}
    with pytest.raises(NoticeError, match="does not fit"):
        check({**document, "signature": block})


def test_each_failure_has_its_own_sentence():
    document = signed(SAYS, KEY)
    block = document["signature"]
    other = signed(SAYS, OTHER)["signature"]
    cases = {
        "is not signed": SAYS,
        "not signed with Ed25519": {**SAYS, "signature": {**block, "algorithm": "RSA"}},
        "block is not whole": {**SAYS, "signature": {**block, "value": block["value"][:40]}},
        "does not fit": {**SAYS, "signature": {**block, "public_key": other["public_key"]}},
        "fingerprint told": {**SAYS, "signature": {**block, "fingerprint": "00" * 32}},
    }
    for words, case in cases.items():
        with pytest.raises(NoticeError, match=words):
            check(case)
    assert check(document, KEY.public_key())
    with pytest.raises(NoticeError, match="signed by another key"):
        check(document, OTHER.public_key())


def test_a_new_key_is_for_its_owner_alone_and_signs(tmp_path):
    old = os.umask(0)
    try:
        told = make_key(tmp_path / "k")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "k.pub").stat().st_mode) == 0o644
    key, public = private_key(tmp_path / "k"), public_key(tmp_path / "k.pub")
    assert told == fingerprint(public) == check(signed(SAYS, key), public)
    assert b"PRIVATE" not in (tmp_path / "k.pub").read_bytes()


def test_no_two_keys_are_alike(tmp_path):
    assert len({make_key(tmp_path / f"k{n}") for n in range(5)}) == 5


@pytest.mark.parametrize("there", ["k", "k.pub"])
def test_a_key_is_never_overwritten(tmp_path, there):
    (tmp_path / there).write_text("kept")
    with pytest.raises(OutputError, match="never overwritten"):
        make_key(tmp_path / "k")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {there: "kept"}


def test_a_key_is_not_written_through_a_link(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="never overwritten"):
        make_key(tmp_path / "k")
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        make_key(tmp_path / "none" / "k")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601])
def test_a_private_key_that_others_can_read_signs_nothing(tmp_path, mode):
    make_key(tmp_path / "k")
    (tmp_path / "k").chmod(mode)
    with pytest.raises(UsageError, match=f"mode is {mode:04o}.*chmod 600"):
        private_key(tmp_path / "k")


def test_what_is_no_key_is_refused_with_a_remedy(tmp_path):
    make_key(tmp_path / "k")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "text").chmod(0o600)
    for path in (tmp_path / "text", tmp_path / "none"):
        with pytest.raises(UsageError, match="chowki keygen FILE"):
            private_key(path)
    with pytest.raises(UsageError, match="no Ed25519 public key"):
        public_key(tmp_path / "k")
    (tmp_path / "k.pub").chmod(0o600)
    with pytest.raises(UsageError, match="no Ed25519 private key"):
        private_key(tmp_path / "k.pub")
    with pytest.raises(UsageError, match="Is a directory"):
        private_key(tmp_path)
