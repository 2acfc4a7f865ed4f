"""The way in and out: one entry point, and an exit code for each kind of end."""

from __future__ import annotations

import os
import sys

from chowki.core.errors import ChowkiError, ScenarioError

EXIT_CODES: tuple[tuple[int, str], ...] = (
    (0, "done"),
    (1, "the run failed, or a replay differs"),
    (2, "usage: a command that was put together wrongly"),
    (3, "invalid scenario, instance or configuration: every problem is listed"),
    (4, "damaged journal, or a notice that does not hold"),
    (5, "unreadable feed"),
    (6, "output can't be written"),
    (130, "stopped with Ctrl-C: the recording is whole up to there"),
)


def main() -> None:
    """Run the command line and leave with its exit code; never with a traceback for bad input."""
    raise SystemExit(_leave(sys.argv[1:]))


def _leave(arguments: list[str]) -> int:
    from chowki.cli.app import application

    try:
        application()(arguments, prog_name="chowki")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except ChowkiError as error:
        _explain(error)
        return error.exit_code
    except KeyboardInterrupt:
        print("chowki: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        _close_stdout()
        return 1
    except Exception as error:  # the last door: a fault of ours, told in one line
        return _confess(error)
    return 0


def _explain(error: ChowkiError) -> None:
    """Say what is wrong, one line for each fault."""
    if isinstance(error, ScenarioError):
        many = len(error.problems)
        words = f"{many} problem{'s' if many != 1 else ''} in the {error.what}"
        print(f"chowki: {words}", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
    else:
        print(f"chowki: {error}", file=sys.stderr)


def _confess(error: Exception) -> int:
    """Tell an unexpected fault in one line; with ``-v`` the traceback follows."""
    from chowki.cli.voice import talkative

    words = str(error).splitlines()
    line = f"{type(error).__name__}: {words[0]}" if words else type(error).__name__
    print(f"chowki: unexpected fault: {line}", file=sys.stderr)
    if talkative():
        import traceback

        traceback.print_exception(error)
    else:
        print("chowki: run again with -v to see where", file=sys.stderr)
    return 1


def _close_stdout() -> None:
    """Point standard output at nothing, so that its last flush can't fail at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
