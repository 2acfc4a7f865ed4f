"""``chowki run``: a scenario or real recordings, from the first event to the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chowki.cli.options import AsJson, Feeds, Out, Overrides, Quiet, Seed, Until, Verbose
from chowki.cli.voice import Voice
from chowki.core.errors import UsageError

if TYPE_CHECKING:
    from chowki.run import Run

EXAMPLES = """
Examples:
  chowki run second-wave --watch
  chowki run single-site --seed 7 --out out/seven
  chowki run my-front.toml --set raid.count=50 --until 600
  chowki run --feed opensky:states.csv --feed asterix:radar.pcap
"""


def run(
    scenario: Annotated[
        str | None,
        typer.Argument(metavar="SCENARIO", help="Name of a shipped scenario, or a TOML file."),
    ] = None,
    feed: Feeds = [],  # noqa: B006 (typer copies it)
    seed: Seed = None,
    out: Out = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    until: Until = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show the run in the browser while it goes on.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Run a scenario, or real recordings, to picture, warnings and report.

    With --feed the scenario supplies station, sensor positions and places; without a scenario
    the first position is the origin and no place is defended.
    """
    voice = Voice.of(as_json=as_json, quiet=quiet, verbose=verbose)
    feeds = tuple(_feed(spec) for spec in feed)
    folder = out or Path("out") / _name(scenario, feeds)
    play = _watched if watch else _run
    done = play(voice, scenario, feeds, folder, seed, until, overrides)
    from chowki.cli.show import run_document, show_run

    voice.data(run_document(done, done.folder), lambda: show_run(voice, done, done.folder))


def _run(
    voice: Voice,
    scenario: str | None,
    feeds: tuple[tuple[str, Path], ...],
    folder: Path,
    seed: int | None,
    until: float | None,
    overrides: list[str],
) -> Run:
    from chowki.run import run as run_source

    try:
        with voice.progress(_name(scenario, feeds)) as progress:
            return run_source(
                scenario,
                seed=seed,
                out=folder,
                feeds=feeds,
                until_s=until,
                overrides=overrides,
                progress=progress,
            )
    except KeyboardInterrupt:
        voice.remark(f"chowki: stopped; the recording in {folder} is whole up to here")
        raise typer.Exit(130) from None


def _watched(
    voice: Voice,
    scenario: str | None,
    feeds: tuple[tuple[str, Path], ...],
    folder: Path,
    seed: int | None,
    until: float | None,
    overrides: list[str],
) -> Run:
    """Run as fast as it goes with the page beside it, then report."""
    from chowki.cli.serve import announce, own_account
    from chowki.outputs.web.server import Server, Settings
    from chowki.run import Run
    from chowki.run.assemble import assemble
    from chowki.run.serve import Engine, Staging

    assembly = assemble(scenario, seed, feeds, until, overrides)
    mode = "recorded" if feeds else "simulation"
    engine = Engine(assembly, mode, Staging(folder, speed=float("inf"), attended=False))
    with Server(engine.session, Settings(users=(own_account(),))) as server:
        engine.start()
        announce(voice, server, browser=True)
        try:
            while not engine.ended.wait(0.2):
                pass
        except KeyboardInterrupt:
            engine.stop()
            voice.remark(f"chowki: stopped; the recording in {folder} is whole up to here")
            raise typer.Exit(130) from None
        engine.stop()
    done = Run(folder)
    done.report(folder / "report.html")
    return done


def _feed(spec: str) -> tuple[str, Path]:
    """Return kind and file of a feed.

    Raises
    ------
    UsageError
        If it is not written KIND:FILE, or no feed has that kind.
    """
    from chowki.scenario.parts import FEED, named

    kind, colon, file = spec.partition(":")
    if not colon or not file:
        raise UsageError(f"--feed {spec}: write KIND:FILE, for example opensky:states.csv")
    kinds = named(FEED)
    if kind not in kinds:
        raise UsageError(f"--feed {spec}: no feed is called {kind!r}; kinds: {', '.join(kinds)}")
    return kind, Path(file)


def _name(scenario: str | None, feeds: tuple[tuple[str, Path], ...]) -> str:
    if scenario is not None:
        return Path(scenario).stem if scenario.endswith(".toml") else scenario
    if not feeds:
        raise UsageError("nothing to run: name a scenario (see chowki scenarios) or give --feed")
    return feeds[0][1].name.split(".")[0]
