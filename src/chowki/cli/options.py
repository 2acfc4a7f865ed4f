"""The options that commands share, in one spelling."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output, nothing else.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no remarks.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say more; show the traceback of a fault.")
]
Recorded = Annotated[
    Path, typer.Argument(metavar="JOURNAL", help="Folder of a run, such as out/second-wave.")
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", min=0, help="Seed of every draw; the scenario's own if left out."),
]
Out = Annotated[Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Where to write.")]
Overrides = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change one value of the scenario; repeatable."
    ),
]
Feeds = Annotated[
    list[str],
    typer.Option(
        "--feed",
        metavar="KIND:FILE",
        help="Take real recorded input instead of the simulator; repeatable.",
    ),
]
Until = Annotated[
    float | None,
    typer.Option("--until", metavar="SECONDS", min=0.0, help="Stop after so much scenario time."),
]
