"""Under which names the page is served, and what is checked before anything is answered."""

from __future__ import annotations

import asyncio

import pytest

from chowki.outputs.web.accounts import Account, Accounts
from chowki.outputs.web.guard import Address, Guard, served_hosts

PERSON = Account("R. Singh", "operator")


def test_a_port_is_part_of_each_name():
    assert served_hosts(["127.0.0.1", "::1"], 8799, False) == {"127.0.0.1:8799", "[::1]:8799"}


@pytest.mark.parametrize(
    ("port", "secure", "bare"),
    [(443, True, True), (80, False, True), (443, False, False), (80, True, False)],
)
def test_browsers_leave_out_the_port_of_the_scheme_and_no_other(port, secure, bare):
    assert ("post.example" in served_hosts(["post.example"], port, secure)) is bare


def test_under_tls_origin_and_policy_name_the_safe_schemes():
    address = Address(frozenset({"post.example"}), True, "chowki")
    assert address.origin("post.example") == "https://post.example"
    assert "connect-src 'self' wss://post.example;" in address.policy("post.example")


def ask(scope):
    """Return what a guarded application answers: status, and whether it was reached."""
    accounts = Accounts([PERSON])
    cookie, _ = accounts.enter(accounts.link(PERSON))
    reached, sent = [], []

    async def inner(scope, receive, send):
        reached.append(scope["state"]["account"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message):
        sent.append(message)

    headers = [(b"cookie", f"c={cookie}".encode()), (b"host", b"post.example:1")]
    whole = {"type": "http", "method": "GET", "path": "/", "headers": headers, **scope}
    guard = Guard(inner, Address(frozenset({"post.example:1"}), False, "c"), accounts)
    asyncio.run(guard(whole, None, send))
    return sent[0]["status"], reached


def test_who_is_let_in_is_told_to_what_is_behind():
    assert ask({}) == (200, [PERSON])


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"])
def test_other_methods_are_refused(method):
    assert ask({"method": method}) == (405, [])


def test_the_cookie_of_another_name_opens_nothing():
    headers = [(b"cookie", b"chowki=x"), (b"host", b"post.example:1")]
    assert ask({"headers": headers}) == (401, [])


def test_two_origins_are_none():
    headers = [(b"host", b"post.example:1"), (b"origin", b"http://post.example:1")]
    assert ask({"headers": [*headers, (b"origin", b"http://evil.example")]}) == (403, [])
