"""``chowki score``: tracks held against truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from chowki.cli.options import AsJson
from chowki.cli.voice import Voice

EXAMPLES = "chowki score truth.csv tracks.csv --cutoff 100"

WORDS: dict[str, str] = {
    "scans": "scans",
    "targets": "targets",
    "tracks": "tracks",
    "gospa_m": "GOSPA, root mean over scans (m)",
    "gospa_localisation_m": "  localisation (m)",
    "gospa_missed_m": "  missed (m)",
    "gospa_false_m": "  false (m)",
    "gospa_mean_m": "GOSPA, mean over scans (m)",
    "gospa_per_root_target_m": "GOSPA / √targets (m)",
    "matched_per_scan": "matched per scan",
    "missed_per_scan": "missed per scan",
    "false_per_scan": "false per scan",
    "rmse_m": "RMSE of matched (m)",
    "missed_percent": "missed (% of truth)",
    "false_percent": "false (% of truth)",
    "switches": "identity switches",
    "switches_per_100": "switches per 100 truth-scans",
    "ospa2_m": "OSPA(2), whole tracks (m)",
}


def score(
    truth: Annotated[
        Path,
        typer.Argument(metavar="TRUTH.csv", help="Columns time_s, target, x_m, y_m[, z_m]."),
    ],
    tracks: Annotated[
        Path,
        typer.Argument(metavar="TRACKS.csv", help="As track writes: time_s, track, x_m, y_m, z_m."),
    ],
    cutoff: Annotated[
        float, typer.Option("--cutoff", metavar="METRES", help="Cutoff c: farther is no match.")
    ],
    p: Annotated[float, typer.Option("--p", min=1.0, help="Order of GOSPA and OSPA(2).")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Score tracks against truth: GOSPA and its parts, OSPA(2), identity switches.

    GOSPA has alpha 2. A scan is every time in either file; a scan with truth and no tracks counts
    as missed. Where the truth has no z_m, height is left out.
    """
    from chowki.core.errors import UsageError
    from chowki.outputs.track_files import read_trails, read_truth
    from chowki.outputs.track_score import score_tracks

    if not 0.0 < cutoff < float("inf") or not p < float("inf"):
        raise UsageError(f"--cutoff {cutoff:g} --p {p:g}: two finite numbers, more than 0")
    voice = Voice.of(as_json=as_json)
    real = read_truth(truth)
    found = read_trails(tracks, "track", height=real.position_m.shape[1] == 3)
    figures = score_tracks(real, found, cutoff, p)
    voice.data(figures, lambda: _show(voice, figures))


def _show(voice: Voice, figures: dict[str, Any]) -> None:
    from chowki.cli.show import table

    rows = [{"what": words, "value": figures[key]} for key, words in WORDS.items()]
    heading = f"cutoff {figures['cutoff_m']:g} m, p {figures['p']:g}"
    voice.out.print(table({"score": "what", heading: "value"}, rows))
