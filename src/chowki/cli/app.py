"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from chowki.cli import (
    assign,
    journals,
    running,
    scenarios,
    score,
    serve,
    statements,
    study,
    track,
)
from chowki.cli.door import EXIT_CODES


def application() -> typer.Typer:
    """Return the command line with every command."""
    app = typer.Typer(
        name="chowki",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog=_exit_codes(),
    )
    app.callback()(_root)
    app.command("run", rich_help_panel="Run", epilog=running.EXAMPLES)(running.run)
    app.command("serve", rich_help_panel="Run", epilog=serve.EXAMPLES)(serve.serve)
    app.command("study", rich_help_panel="Run", epilog=study.EXAMPLES)(study.study)
    app.command("scenarios", rich_help_panel="Scenarios")(scenarios.scenarios)
    app.command("check", rich_help_panel="Scenarios")(scenarios.check)
    app.command("new", rich_help_panel="Scenarios")(scenarios.new)
    app.command("report", rich_help_panel="Recordings")(journals.report)
    app.command("replay", rich_help_panel="Recordings")(journals.replay)
    app.command("alerts", rich_help_panel="Recordings")(journals.alerts)
    app.command("compare", rich_help_panel="Recordings")(journals.compare)
    app.command("verify", rich_help_panel="Recordings")(journals.verify)
    app.command("dossier", rich_help_panel="Statements", epilog=statements.DOSSIER_EXAMPLES)(
        statements.dossier
    )
    app.command("notice", rich_help_panel="Statements")(statements.notice)
    app.command("keygen", rich_help_panel="Statements")(statements.keygen)
    app.command("track", rich_help_panel="Tracker", epilog=track.EXAMPLES)(track.track)
    app.command("score", rich_help_panel="Tracker", epilog=score.EXAMPLES)(score.score)
    app.command("assign", rich_help_panel="Decision", epilog=assign.EXAMPLES)(assign.assign)
    return app


def _version(asked: bool) -> None:
    if asked:
        from chowki import __version__

        typer.echo(f"chowki {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep an air-defence picture and simulate raids.

    Sensors report; chowki keeps one picture of everything that flies, says what each track is,
    which place it threatens and when, and warns that place. Only in simulation it also spends
    limited rounds, under rules. All of it is recorded, can be replayed, and is reported.

    Data goes to standard output, all else to standard error. NO_COLOR is heeded.
    """


def _exit_codes() -> str:
    lines = [f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES]
    return "\n".join(["Exit codes:", *lines])
