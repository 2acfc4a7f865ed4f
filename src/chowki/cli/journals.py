"""``chowki report``, ``replay``, ``alerts``, ``compare``, ``verify``: what a recording tells."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chowki.cli.options import AsJson, Out, Quiet, Recorded, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import ChowkiError, JournalError, UsageError

if TYPE_CHECKING:
    from chowki.run import Checked, Paired


def report(
    journal: Recorded,
    out: Out = None,
    paired: Annotated[
        bool, typer.Option("--paired", help="Run it again without its operator, and compare.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Work out the report anew from a recording and print its situation report."""
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.cli.show import run_document, show_paired, show_run
    from chowki.run import Run

    pair = _without_operator(voice, journal) if paired else None
    done = Run(journal)
    folder = out or done.folder
    done.report(folder / "report.html")
    document = run_document(done, folder)

    def show() -> None:
        show_run(voice, done, folder)
        if pair is not None:
            show_paired(voice, pair)

    told = document if pair is None else document | {"paired": pair.document()}
    voice.data(told, show)


def _without_operator(voice: Voice, journal: Path) -> Paired:
    """Return a run beside the same without its operator, which is played now.

    Raises
    ------
    Exit
        With 130 after Ctrl-C.
    """
    from chowki.run import without_operator

    try:
        with voice.progress("without the operator") as progress:
            return without_operator(journal, progress)
    except KeyboardInterrupt:
        voice.remark("chowki: stopped; the report can be made without --paired")
        raise typer.Exit(130) from None


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
    recorded: Annotated[
        Path, typer.Argument(metavar="RUN|NOTICE", help="Folder of a run, or a notice.json.")
    ],
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="PUB", help="Public key that must have signed the notice."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option("--journal", metavar="RUN", help="Run that the notice must be taken from."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check every byte of a recording, or a notice: its signature and what it is taken from.

    Damage of a recording is named with its segment and byte. Without --key any key may have signed
    a notice: compare the fingerprint that is told. The journal is checked against the notice when
    it lies in the same folder, or with --journal.
    """
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    if recorded.is_file() or recorded.suffix == ".json":
        _verify_notice(voice, recorded, key, journal)
        return
    if key is not None or journal is not None:
        raise UsageError(f"--key and --journal are for a notice, and {recorded} is a run")
    _verify_run(voice, recorded)


def _verify_run(voice: Voice, recorded: Path) -> None:
    from chowki.run import verify as verify_journal

    damages = [str(damage) for damage in verify_journal(recorded)]
    document = {"journal": str(recorded), "whole": not damages, "damages": damages}
    if voice.as_json or not damages:
        voice.data(document, lambda: voice.out.print(f"{recorded}: whole", highlight=False))
    if damages:
        raise JournalError("\n  ".join([f"{recorded} is damaged", *damages]))


def _verify_notice(voice: Voice, path: Path, key: Path | None, journal: Path | None) -> None:
    from dataclasses import asdict

    from chowki.run import verify_notice

    try:
        checked = verify_notice(path, key, journal)
    except ChowkiError as error:
        if voice.as_json:
            voice.data({"notice": str(path), "holds": False, "fault": str(error)}, _nothing)
        raise
    document = {"notice": str(path), "holds": True, **asdict(checked)}
    voice.data(document, lambda: _show_checked(voice, path, checked))


def _nothing() -> None:
    """Print nothing."""


def _show_checked(voice: Voice, path: Path, checked: Checked) -> None:
    """Say what holds, and what was not looked at."""
    lines = [
        f"{path}: the signature holds",
        f"  key      {checked.fingerprint}",
        "           the key asked for"
        if checked.vouched
        else "           nobody vouches for this key: compare it with one you know, or use --key",
        f"  journal  {checked.chain_head}",
        f"           is the head of the journal in {checked.journal}"
        if checked.journal
        else "           not at hand, so not compared: name the run with --journal",
    ]
    if checked.text:
        lines.append(f"  text     {path.with_suffix('.txt').name} is the statement signed")
    voice.out.print("\n".join(lines), highlight=False, markup=False)
