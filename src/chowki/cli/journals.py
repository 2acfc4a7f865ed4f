"""``chowki report``, ``replay``, ``alerts``, ``compare``, ``verify``: what a recording tells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from chowki.cli.options import AsJson, Out, Quiet, Recorded, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import JournalError


def report(
    journal: Recorded,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Work out the report anew from a recording and print its situation report."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.cli.show import run_document, show_run
    from chowki.run import Run

    done = Run(journal)
    folder = out or done.folder
    done.report(folder / "report.html")
    voice.data(run_document(done, folder), lambda: show_run(voice, done, folder))


def replay(
    journal: Recorded, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Feed a recording to a new station: it must conclude the same, frame by frame."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.run import replay as replay_run

    outcome = replay_run(journal)
    document = {
        "frames": outcome.frames,
        "equal": outcome.equal,
        "first_difference": outcome.first_difference,
    }

    def show() -> None:
        words = "equal" if outcome.equal else f"DIFFERENT, first at {outcome.first_difference}"
        voice.out.print(f"{outcome.frames:,} frames replayed: {words}", highlight=False)

    voice.data(document, show)
    if not outcome.equal:
        raise typer.Exit(1)


def alerts(
    journal: Recorded,
    out: Out = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write the warnings of a recording as CAP 1.2 messages, in five languages.

    Every message is an Exercise (of a simulated run) or a Test (of a recorded feed); there is no
    way to make it anything else.
    """
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.cli.show import table
    from chowki.run import Run

    done = Run(journal)
    folder = out or done.folder / "alerts"
    index = done.alerts(folder)

    def show() -> None:
        names = ("status", "type", "said")
        counts = Counter(tuple(message[name] for name in names) for message in index)
        rows = [dict(zip(names, what, strict=True), messages=n) for what, n in counts.items()]
        voice.out.print(table({name: name for name in (*names, "messages")}, rows))
        voice.remark(f"{len(index):,} messages in {folder}")

    voice.data({"folder": str(folder), "messages": index}, show)


def compare(
    first: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of another run.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say in what two runs differ, pair by pair."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.cli.show import show_comparison
    from chowki.run import compare as compare_runs

    comparison = compare_runs(first, second)
    voice.data(comparison.document(), lambda: show_comparison(voice, comparison))


def verify(
    journal: Recorded, as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = False
) -> None:
    """Check every byte of a recording; damage is named with its segment and byte."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.run import verify as verify_journal

    damages = [str(damage) for damage in verify_journal(journal)]
    document = {"journal": str(journal), "whole": not damages, "damages": damages}
    if as_json or not damages:
        voice.data(document, lambda: voice.out.print(f"{journal}: whole", highlight=False))
    if damages:
        raise JournalError("\n  ".join([f"{journal} is damaged", *damages]))
