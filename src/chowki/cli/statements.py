"""``chowki dossier``, ``notice`` and ``keygen``: what a record says to others, and who signs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chowki.cli.options import AsJson, Quiet, Recorded, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import UsageError

if TYPE_CHECKING:
    from chowki.outputs.dossier import Incident

DOSSIER_EXAMPLES = "chowki dossier out/second-wave --engagement 7 --out seven.html"
KINDS = ("incursion", "engagement", "intercept", "place reached", "refusal")
Written = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Write there: .html, .json, or else text."),
]


def dossier(
    journal: Recorded,
    track: Annotated[
        int | None, typer.Option("--track", metavar="N", help="The dossier of this track.")
    ] = None,
    engagement: Annotated[
        int | None,
        typer.Option("--engagement", metavar="N", help="Of this engagement or refusal."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the incidents; so does naming none.")
    ] = False,
    kind: Annotated[
        str | None,
        typer.Option("--kind", metavar="KIND", help=f"List one kind: {', '.join(KINDS)}."),
    ] = None,
    out: Written = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Tell one incident from the record: track, sensors, identity, threats, decisions, outcome.

    Worked out from the recording alone; simulated truth is not read. With --out FILE.html the
    track is drawn too.
    """
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    if kind is not None and kind not in KINDS:
        raise UsageError(f"--kind {kind}: one of {', '.join(KINDS)}")
    if track is not None and engagement is not None:
        raise UsageError("--track and --engagement: name one of them")
    from chowki.run import Run

    recording = Run(journal).recording
    if listed or kind is not None or (track is None and engagement is None):
        _list(voice, recording, kind)
        return
    from chowki.outputs.dossier import dossier as compose
    from chowki.outputs.dossier import text

    document = compose(recording, track, engagement)
    if out is not None:
        _write(document, recording, out)
        voice.remark(f"Written: {out}")
    if as_json or out is None:
        voice.data(document, lambda: _print(voice, text(document)))


def notice(
    journal: Recorded,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Sign with this private key (chowki keygen)."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Where the JSON goes; text beside it."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """State the facts for the other side: what crossed, how sure, what was done and not done.

    Names no sensor and no effector, nor where one stands. Lies beside the journal, outside its
    digest, and is signed over the head of its chain.
    """
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    from chowki.run import write_notice

    if out is not None and out.suffix == ".txt":
        raise UsageError(f"--out {out}: names the JSON, and the text goes beside it as .txt")
    path, document = write_notice(journal, key, out)
    voice.data(document, lambda: _print(voice, path.with_suffix(".txt").read_text("utf-8")))
    if key is None:
        voice.remark("not signed: make a key with chowki keygen FILE, then use --key FILE")
    voice.remark(f"Written: {path} and {path.with_suffix('.txt').name}")


def keygen(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the private key goes; FILE.pub beside it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Make a key to sign notices with: Ed25519, the private file for its owner alone.

    Nothing is ever overwritten. Give FILE.pub to whoever shall check your notices.
    """
    voice = Voice.of(as_json=as_json)
    from chowki.outputs.signature import make_key

    found = make_key(file)
    document = {"private": str(file), "public": f"{file}.pub", "fingerprint": found}
    voice.data(
        document,
        lambda: voice.out.print(
            f"{file}: keep it secret\n{file}.pub: give it away\nfingerprint {found}",
            highlight=False,
            markup=False,
        ),
    )


def _list(voice: Voice, recording: Any, kind: str | None) -> None:
    from dataclasses import asdict

    from chowki.core.clock import format_utc
    from chowki.outputs.dossier import incidents

    found = [one for one in incidents(recording) if kind in (None, one.kind)]
    rows = [{**asdict(one), "time": format_utc(one.time_s)} for one in found]
    voice.data(rows, lambda: _show_list(voice, found))


def _show_list(voice: Voice, found: list[Incident]) -> None:
    from chowki.cli.show import table
    from chowki.core.clock import format_clock

    rows = [
        {
            "time": format_clock(one.time_s),
            "kind": one.kind,
            "track": str(one.track),
            "engagement": str(one.engagement) if one.engagement >= 0 else "",
            "place": one.place,
            "what": one.what,
        }
        for one in found
    ]
    columns = ("time", "kind", "track", "engagement", "place", "what")
    voice.out.print(table({name: name for name in columns}, rows))
    counts = [f"{sum(one.kind == k for one in found)} {k}" for k in KINDS]
    voice.remark(f"{len(found)} incidents: {', '.join(counts)}")


def _write(document: dict[str, Any], recording: Any, out: Path) -> None:
    from chowki.outputs.dossier import page, text
    from chowki.outputs.recorder import write_whole
    from chowki.run.result import strict_json

    match out.suffix.lower():
        case ".html":
            content = page(document, recording.theatre)
        case ".json":
            content = strict_json(document) + "\n"
        case _:
            content = text(document)
    write_whole(out, content.encode())


def _print(voice: Voice, text: str) -> None:
    voice.out.print(text, end="", highlight=False, markup=False)
