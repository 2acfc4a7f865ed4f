"""Links work once, keys are kept as digests only, and everything ends."""

from __future__ import annotations

import base64
import gc
import hashlib

import pytest

from chowki.core.errors import UsageError
from chowki.outputs.web.accounts import Account, Accounts, read_account

PEOPLE = (Account("R. Singh", "operator"), Account("A. Kaur", "approver"))


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def accounts(clock):
    return Accounts(PEOPLE, lasts_s=100.0, clock=clock)


def test_a_link_is_swapped_once_for_a_session(accounts):
    key = accounts.link(PEOPLE[0])
    cookie, person = accounts.enter(key)
    assert person == PEOPLE[0]
    assert accounts.who(cookie) == PEOPLE[0]
    assert accounts.enter(key) is None
    assert accounts.spent(key)
    assert accounts.who(key) is None


@pytest.mark.parametrize("key", ["", "x", "k" * 43, "é" * 43, "\ud800", "k" * 10_000])
def test_another_key_opens_nothing(accounts, key):
    accounts.link(PEOPLE[0])
    assert accounts.enter(key) is None
    assert accounts.who(key) is None
    assert not accounts.spent(key)


def test_keys_carry_at_least_192_bits_and_never_repeat(accounts):
    links = [accounts.link(PEOPLE[0]) for _ in range(200)]
    cookies = [accounts.enter(accounts.link(PEOPLE[1]))[0] for _ in range(200)]
    for key in links + cookies:
        assert 8 * len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) >= 192
    assert len(set(links + cookies)) == 400


def test_a_new_link_ends_the_unused_one_of_the_same_person_only(accounts):
    first, other = accounts.link(PEOPLE[0]), accounts.link(PEOPLE[1])
    second = accounts.link(PEOPLE[0])
    assert accounts.enter(first) is None
    assert accounts.enter(second) is not None
    assert accounts.enter(other) is not None


def test_links_and_sessions_end(accounts, clock):
    early, late = accounts.link(PEOPLE[0]), accounts.link(PEOPLE[1])
    clock.now_s = 99.0
    cookie, _ = accounts.enter(early)
    clock.now_s = 101.0
    assert accounts.enter(late) is None
    assert not accounts.spent(late)
    assert accounts.who(cookie) == PEOPLE[0]
    clock.now_s = 200.0
    assert accounts.who(cookie) is None


def test_what_is_kept_holds_digests_and_no_key(accounts):
    key = accounts.link(PEOPLE[0])
    kept = accounts.link(PEOPLE[1])
    cookie, _ = accounts.enter(key)
    gc.collect()
    held = repr([vars(accounts)["_links"], vars(accounts)["_gone"], vars(accounts)["_sessions"]])
    for secret in (key, kept, cookie):
        assert secret not in held
        assert repr(hashlib.sha256(secret.encode()).digest()) in held


@pytest.mark.parametrize(
    "words",
    ["R. Singh", "R. Singh:chief", ":viewer", " :viewer", "a\nb:viewer", "x" * 65 + ":viewer"],
)
def test_words_that_name_no_account_are_told(words):
    with pytest.raises(UsageError):
        read_account(words)


def test_a_name_may_hold_a_colon():
    assert read_account("desk: north:operator") == Account("desk: north", "operator")


def test_nobody_or_two_of_one_name_are_told():
    with pytest.raises(UsageError, match="--user"):
        Accounts(())
    with pytest.raises(UsageError, match="two users"):
        Accounts((Account("A. Kaur", "viewer"), Account("a. kaur", "approver")))
