"""``chowki serve``: the air picture in the browser, simulated, recorded or live."""

from __future__ import annotations

import getpass
import sys
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chowki.cli.options import Out, Overrides, Quiet, Seed, Until, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import UsageError

if TYPE_CHECKING:
    from chowki.outputs.web.accounts import Account
    from chowki.outputs.web.server import Server, Settings
    from chowki.run.serve import Engine

EXAMPLES = """
Examples:
  chowki serve second-wave --speed 30
  chowki serve out/second-wave
  chowki serve second-wave --operator --user 'R. Singh:operator' --user 'A. Khan:approver'
  chowki serve airport.toml --feed aircraft-json:http://127.0.0.1:8080/data/aircraft.json --feed remote-id:mqtt://127.0.0.1:1883/odid
"""
SIMULATED_SPEED = 10.0

Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0: any that is free.")]
Host = Annotated[
    str,
    typer.Option("--host", help="Address to listen at; not loopback: needs --tls-* and --user."),
]
Users = Annotated[
    list[str],
    typer.Option(
        "--user", metavar="NAME:ROLE", help="viewer, operator or approver; one link each."
    ),
]
Names = Annotated[
    list[str], typer.Option("--name", help="Further host name under which the page is reached.")
]
Certificate = Annotated[Path | None, typer.Option("--tls-cert", metavar="FILE", help="PEM.")]
Key = Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="PEM.")]
Layers = Annotated[
    list[Path],
    typer.Option("--layer", metavar="FILE", help="Your own map, GeoJSON or PMTiles; repeatable."),
]
Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page by itself.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line."""

    source: str | None
    feeds: tuple[str, ...]
    seed: int | None
    until_s: float | None
    overrides: tuple[str, ...]
    out: Path | None
    speed: float | None
    operator: bool
    layers: tuple[Path, ...]


def serve(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO|JOURNAL", help="Name, TOML file, or folder of a run."),
    ] = None,
    feed: Annotated[
        list[str],
        typer.Option("--feed", metavar="KIND:WHERE", help="Live or recorded input; repeatable."),
    ] = [],  # noqa: B006 (typer copies it)
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed",
            min=0.1,
            max=1000.0,
            help="Scenario seconds per second; 10 without it, 1 with --operator.",
        ),
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="A person releases, refuses, warns: in simulation.")
    ] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Start a recording again at its end.")
    ] = False,
    user: Users = [],  # noqa: B006 (typer copies it)
    host: Host = "127.0.0.1",
    port: Port = 8765,
    name: Names = [],  # noqa: B006 (typer copies it)
    tls_cert: Certificate = None,
    tls_key: Key = None,
    layer: Layers = [],  # noqa: B006 (typer copies it)
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    until: Until = None,
    out: Out = None,
    browser: Browser = True,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Open the air picture in the browser: a scenario, a finished run, or live feeds.

    One link for each user is printed; it works once and gives a session of twelve hours. Without
    --user there is one person, you. Everything received and done is recorded.
    """
    voice = Voice.of(quiet=quiet, verbose=verbose)
    asked = Asked(
        source, tuple(feed), seed, until, tuple(overrides), out, speed, operator, tuple(layer)
    )
    settings = _settings(asked, user, (host, port, tuple(name)), (tls_cert, tls_key), loop=loop)
    journal = _journal(asked)
    if journal is not None:
        _replay(voice, journal, settings, browser=browser)
    else:
        _play(voice, asked, settings, browser=browser)


def _replay(voice: Voice, folder: Path, settings: Settings, *, browser: bool) -> None:
    from chowki.outputs.web.server import Server
    from chowki.run.serve import Replay

    replay = Replay(folder, settings.layers)
    server = Server(replay.session, settings)
    replay.start()
    announce(voice, server, browser=browser)
    server.serve_forever()
    if replay.fault is not None:
        raise replay.fault


def _play(voice: Voice, asked: Asked, settings: Settings, *, browser: bool) -> None:
    """Run a loop beside the server until Ctrl-C; then close the recording and say where it is."""
    from chowki.outputs.web.server import Server

    engine, folder = engine_of(asked)
    server = Server(engine.session, settings)
    engine.start()
    announce(voice, server, browser=browser)
    server.serve_forever()
    voice.remark("chowki: stopping; the recording is being closed")
    engine.stop()
    if engine.simulated:
        _report(voice, folder, paired=asked.operator)
    voice.remark(f"chowki: recorded in {folder}; look back with: chowki serve {folder}")


def _report(voice: Voice, folder: Path, *, paired: bool) -> None:
    """Write the report of what was simulated; after an operator, beside the run without one."""
    from chowki.run import Run, without_operator

    try:
        if paired:
            voice.remark("chowki: the same without the operator, to compare; Ctrl-C leaves it out")
            with voice.progress("without the operator") as progress:
                without_operator(folder, progress)
        Run(folder).report(folder / "report.html")
        voice.remark(f"chowki: report in {folder / 'report.html'}")
    except KeyboardInterrupt:
        voice.remark(f"chowki: no report; it can be made with: chowki report {folder} --paired")


def engine_of(asked: Asked) -> tuple[Engine, Path]:
    """Return the loop that was asked for, not started yet, and where it records.

    Raises
    ------
    UsageError
        If there is neither a scenario nor a feed, or operator mode is asked for on a feed.
    """
    from chowki.run.serve import Staging, stage_feeds, stage_simulation

    if asked.source is None and not asked.feeds:
        raise UsageError("nothing to serve: name a scenario or a run, or give --feed")
    if asked.feeds and asked.operator:
        raise UsageError("--operator is for simulations: on a feed nothing is proposed or released")
    usual = 1.0 if asked.operator or asked.feeds else SIMULATED_SPEED
    speed = usual if asked.speed is None else asked.speed
    folder = asked.out or _folder(asked)
    staging = Staging(folder, speed, asked.operator, asked.layers)
    if asked.feeds:
        return stage_feeds(
            asked.source, asked.feeds, asked.until_s, asked.overrides, staging
        ), folder
    source = asked.source or ""
    return stage_simulation(source, asked.seed, asked.until_s, asked.overrides, staging), folder


def _folder(asked: Asked) -> Path:
    """Return where to record: a night on a feed never replaces another."""
    name = Path(asked.source or asked.feeds[0].partition(":")[0]).stem
    if not asked.feeds:
        return Path("out") / f"{name}-served"
    return Path("out") / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def _journal(asked: Asked) -> Path | None:
    """Return the folder of a finished run, None when a scenario or a feed is meant.

    Raises
    ------
    UsageError
        If options of a run are given for a recording.
    """
    if asked.source is None or not Path(asked.source).is_dir():
        return None
    if asked.feeds or asked.operator or asked.overrides or asked.seed is not None:
        raise UsageError(
            f"{asked.source} is a recording: --feed, --operator, --seed and --set are for scenarios"
        )
    return Path(asked.source)


def _settings(
    asked: Asked,
    users: list[str],
    where: tuple[str, int, tuple[str, ...]],
    tls: tuple[Path | None, Path | None],
    *,
    loop: bool,
) -> Settings:
    from chowki.outputs.web.accounts import read_account
    from chowki.outputs.web.cursor import Cursor
    from chowki.outputs.web.server import Settings

    host, port, names = where
    people = tuple(read_account(words) for words in users)
    if not people and host in ("127.0.0.1", "localhost", "::1"):
        people = (own_account(),)
    speed = SIMULATED_SPEED if asked.speed is None else asked.speed
    return Settings(
        host=host,
        port=port,
        users=people,
        tls_cert=tls[0],
        tls_key=tls[1],
        names=names,
        layers=asked.layers,
        cursor=Cursor(speed=speed, loop=loop),
    )


def own_account() -> Account:
    """Return the account of whoever started this: alone here, so allowed everything."""
    from chowki.outputs.web.accounts import Account

    try:
        return Account(getpass.getuser(), "approver")
    except (OSError, KeyError):
        return Account("operator", "approver")


def announce(voice: Voice, server: Server, *, browser: bool) -> None:
    """Print one link for each person on standard error; open it where there is a terminal."""
    links = server.links()
    for name, role, url in links:
        voice.err.print(f"{name} ({role}): {url}", highlight=False, markup=False, soft_wrap=True)
    voice.remark("chowki: each link works once; Ctrl-C ends")
    if browser and sys.stdout.isatty() and len(links) == 1:
        webbrowser.open(links[0][2])
