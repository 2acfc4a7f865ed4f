"""Errors that a user can act on, each with the exit code of its door."""

from __future__ import annotations

from dataclasses import dataclass


class ChowkiError(Exception):
    """A fault that is explained in one line and ends with an exit code of its own.

    Attributes
    ----------
    exit_code : int
        What the process returns when this error reaches the command line.
    """

    exit_code = 1


class RunError(ChowkiError):
    """A run that could not go on."""

    exit_code = 1


class UsageError(ChowkiError):
    """A command that was put together wrongly."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a scenario: where it stands, what was found, what is allowed.

    Attributes
    ----------
    file : str
        The file in which it stands.
    key : str
        Path of the key, for example ``sensors[2].period_s``.
    found : str
        What was found there.
    allowed : str
        What would have been right.
    hint : str
        A likely remedy ("did you mean ..."), or empty.
    """

    file: str
    key: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        """Return the problem on one line."""
        line = f"{self.file}: {self.key}: found {self.found}; allowed: {self.allowed}"
        return f"{line} ({self.hint})" if self.hint else line


class ScenarioError(ChowkiError):
    """An invalid scenario, or another thing that is told in a file; with every problem in it."""

    exit_code = 3

    def __init__(self, problems: list[Problem], what: str = "scenario") -> None:
        self.problems, self.what = problems, what
        super().__init__("\n".join(str(problem) for problem in problems))


class JournalError(ChowkiError):
    """A damaged journal: says which segment, at which byte."""

    exit_code = 4


class NoticeError(ChowkiError):
    """A signed notice that can't be trusted: says what does not hold."""

    exit_code = 4


class FeedError(ChowkiError):
    """A feed that can't be read: says which file, where, and what would help."""

    exit_code = 5


class OutputError(ChowkiError):
    """An output that can't be written: says which path and why."""

    exit_code = 6
