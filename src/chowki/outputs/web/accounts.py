"""Who may see the page: accounts, single-use links, and the sessions they are swapped for."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chowki.core.errors import UsageError
from chowki.outputs.web.permissions import Role

ROLES = tuple(role.name.lower() for role in Role)
KEY_BYTES = 32
LONGEST_KEY = 128
LASTS_S = 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Account:
    """A person at the page.

    Attributes
    ----------
    name : str
        As it stands in the journal, 1 to 64 printable characters.
    role : str
        ``viewer``, ``operator`` or ``approver``.

    Raises
    ------
    UsageError
        If name or role is none.
    """

    name: str
    role: str

    def __post_init__(self) -> None:
        if not (0 < len(self.name) <= 64 and self.name.isprintable() and self.name.strip()):
            raise UsageError(f"{self.name!r} is no user's name: give 1 to 64 printable characters")
        if self.role not in ROLES:
            allowed = ", ".join(ROLES)
            raise UsageError(f"{self.role!r} is no role of user {self.name}: give one of {allowed}")


def read_account(words: str) -> Account:
    """Return the account that ``NAME:ROLE`` names.

    Raises
    ------
    UsageError
        If the words are of another form, or the role is none.

    Examples
    --------
    >>> read_account("R. Singh:operator")
    Account(name='R. Singh', role='operator')
    """
    name, colon, role = words.rpartition(":")
    if not colon:
        raise UsageError(f"{words!r} is no user: give NAME:ROLE, for example 'R. Singh:operator'")
    return Account(name.strip(), role.strip())


@dataclass(frozen=True, slots=True)
class Pass:
    """A key that was handed out: its digest alone is kept.

    Attributes
    ----------
    digest : bytes
        SHA-256 of the key.
    account : Account
        Whose it is.
    ends_s : float
        When it ends, by the clock of ``Accounts``.
    """

    digest: bytes
    account: Account
    ends_s: float


class Accounts:
    """Links not yet used, and sessions that stand.

    Parameters
    ----------
    people : Sequence of Account
        Everyone who gets a link; names differ.
    lasts_s : float
        How long a link waits, and how long a session stands, s.
    clock : callable
        Seconds that only rise.

    Raises
    ------
    UsageError
        If there is nobody, or two have one name.
    """

    def __init__(
        self,
        people: Sequence[Account],
        lasts_s: float = LASTS_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        names = [person.name.casefold() for person in people]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None or not names:
            raise UsageError(
                f"two users are called {twice!r}: give each a name of their own"
                if twice
                else "no user is given: add --user NAME:ROLE"
            )
        self.people = tuple(people)
        self.lasts_s, self._clock = lasts_s, clock
        self._links: list[Pass] = []
        self._gone: list[Pass] = []
        self._sessions: list[Pass] = []
        self._lock = threading.Lock()  # links may be made in another thread than the server's

    def link(self, person: Account) -> str:
        """Return a new single-use key for somebody; one that they had and did not use ends."""
        with self._lock:
            self._links = [link for link in self._links if link.account != person]
            return self._issue(person, self._links)

    def enter(self, key: str) -> tuple[str, Account] | None:
        """Swap the key of a link for that of a session; None when it is none, used or too old."""
        with self._lock:
            found = self._find(key, self._links)
            if found is None:
                return None
            self._links.remove(found)
            self._gone.append(found)
            return self._issue(found.account, self._sessions), found.account

    def spent(self, key: str) -> bool:
        """Return whether a key is that of a link which was used already."""
        return self._find(key, self._gone) is not None

    def who(self, key: str | None) -> Account | None:
        """Return whose session a key is; None when it is none or has ended."""
        if not key:
            return None
        found = self._find(key, self._sessions)
        return None if found is None else found.account

    def _issue(self, person: Account, passes: list[Pass]) -> str:
        key = secrets.token_urlsafe(KEY_BYTES)
        passes.append(Pass(_digest(key), person, self._clock() + self.lasts_s))
        return key

    def _find(self, key: str, passes: list[Pass]) -> Pass | None:
        """Look at every pass, so that the time taken tells nothing; then let old ones go."""
        if len(key) > LONGEST_KEY:
            return None
        now, digest = self._clock(), _digest(key)
        same = [entry for entry in passes if hmac.compare_digest(entry.digest, digest)]
        passes[:] = [entry for entry in passes if entry.ends_s > now]
        return next((entry for entry in same if entry.ends_s > now), None)


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
