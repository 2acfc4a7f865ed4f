"""``chowki track``: plots in, tracks out."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chowki.cli.options import AsJson, Quiet
from chowki.cli.voice import Voice

if TYPE_CHECKING:
    from chowki.feeds.plot_file import PlotScan
    from chowki.outputs.track_writer import CsvSink
    from chowki.picture.alone import Tracker
    from chowki.picture.config import TrackerConfig
    from chowki.picture.estimates import Estimates

EXAMPLES = "chowki track plots.csv --config config.toml --out tracks.csv --timing"
SPREAD = ("xx_m2", "xy_m2", "xz_m2", "yy_m2", "yz_m2", "zz_m2")
MODES = ("quiet", "turning", "hovering")


@dataclass(frozen=True, slots=True)
class Sheet:
    """The file of tracks, and which columns it has besides the usual ones."""

    path: Path
    covariance: bool
    modes: bool


def track(
    plots: Annotated[
        Path,
        typer.Argument(
            metavar="PLOTS.csv",
            help="time_s, x_m, y_m[, z_m], or time_s, sensor, range_m, azimuth_deg[, ...].",
        ),
    ],
    config: Annotated[
        Path, typer.Option("--config", metavar="CONFIG.toml", help="Sensors, motion, targets.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="TRACKS.csv", help="Where tracks are written.")
    ],
    covariance: Annotated[
        bool, typer.Option("--covariance", help="Add the six covariances of position.")
    ] = False,
    modes: Annotated[
        bool, typer.Option("--modes", help="Add the probabilities of quiet, turning, hovering.")
    ] = False,
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE", help="Write scan, plot, track, probability."),
    ] = None,
    timing: Annotated[
        bool, typer.Option("--timing", help="Print CPU milliseconds a scan, start-up left out.")
    ] = False,
    associator: Annotated[
        str | None,
        typer.Option(
            "--associator", metavar="NAME", help="Instead of association.method in the config."
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Follow the targets in a file of plots; one row for each reported track and scan.

    A row uses plots up to its own time only. Every key of the configuration has its meaning in
    docs/tracker.md.
    """
    from chowki.feeds.plot_file import read_plots, scans_of

    voice = Voice.of(as_json=as_json, quiet=quiet)
    told = _told(config, associator)
    read = read_plots(plots, {sensor.id: sensor.kind for sensor in told.sensor})
    scans = list(scans_of(read, [sensor.scan_period_s for sensor in told.sensor]))
    tracker = _tracker(told, scans)
    _warm(voice, _tracker(told, scans), scans, timing=timing)
    spent = _followed(voice, tracker, scans, Sheet(out, covariance, modes), pairs)
    figures = _figures(spent, timing=timing)
    voice.data(figures, lambda: _show(voice, figures))
    voice.remark(f"chowki: {figures['scans']:,} scans; tracks in {out}")


def _show(voice: Voice, figures: dict[str, Any]) -> None:
    if "cpu_ms_median" in figures:
        median, most = figures["cpu_ms_median"], figures["cpu_ms_max"]
        voice.out.print(f"CPU ms per scan: median {median:.3f}, maximum {most:.3f}")


def _told(path: Path, associator: str | None) -> TrackerConfig:
    """Return the configuration, with another associator where one is asked for."""
    from chowki.picture.config import TrackerConfig

    told = TrackerConfig.read(path)
    if associator is None:
        return told
    association = told.association.model_copy(update={"method": associator})
    return told.model_copy(update={"association": association})


def _tracker(told: TrackerConfig, scans: list[PlotScan]) -> Tracker:
    """Return a tracker for scans in order: none of them is late."""
    import numpy as np

    from chowki.picture.alone import Tracker

    height = any(
        scan.plots.values.shape[1] == 3 and np.isfinite(scan.plots.values[:, 2]).any()
        for scan in scans[:1]
    )
    association = told.association.model_copy(update={"late_s": 0.0})
    return Tracker(told.model_copy(update={"association": association}), height=height)


def _warm(voice: Voice, tracker: Tracker, scans: list[PlotScan], *, timing: bool) -> None:
    """Load what the scans will need, where that is to be left out of their times."""
    from chowki.kernels.gate import candidates
    from chowki.kernels.jit import cached

    if not cached(candidates):
        voice.remark("chowki: compiling the kernels, once: this takes up to a minute")
    if timing:
        tracker.warm()
        for scan in scans[:2]:
            _scanned(tracker, scan)


def _scanned(tracker: Tracker, scan: PlotScan) -> Estimates:
    plots, span = scan.plots, scan.span
    return tracker.scan(scan.time_s, plots.values[span], plots.sensor, plots.time_s[span])


def _followed(
    voice: Voice,
    tracker: Tracker,
    scans: list[PlotScan],
    sheet: Sheet,
    pairs: Path | None,
) -> list[tuple[float, float]]:
    """Write tracks and pairs of all scans; return the CPU and wall seconds that each took."""
    spent: list[tuple[float, float]] = []
    with ExitStack() as stack:
        tracks = stack.enter_context(_track_sink(sheet))
        couples = stack.enter_context(_pair_sink(pairs)) if pairs else None
        step = stack.enter_context(_progress(voice, len(scans)))
        for k, scan in enumerate(scans):
            cpu_s, wall_s = time.process_time(), time.perf_counter()
            estimates = _scanned(tracker, scan)
            spent.append((time.process_time() - cpu_s, time.perf_counter() - wall_s))
            tracks.write(_columns(estimates, sheet))
            if couples is not None:
                found = tracker.pairs
                rows = scan.plots.row[scan.span][found.plot]
                couples.write([[k] * len(found), rows, found.track, found.probability])
            step(len(estimates))
    return spent


def _track_sink(sheet: Sheet) -> CsvSink:
    import pyarrow as pa

    from chowki.outputs.track_writer import CsvSink

    numbers = ("x_m", "y_m", "z_m", "vx_mps", "vy_mps", "vz_mps", "existence")
    schema = {"time_s": pa.float64(), "track": pa.int64(), **dict.fromkeys(numbers, pa.float64())}
    schema["status"] = pa.string()
    more = (*(SPREAD if sheet.covariance else ()), *(MODES if sheet.modes else ()))
    return CsvSink(sheet.path, schema | dict.fromkeys(more, pa.float64()))


def _pair_sink(path: Path) -> CsvSink:
    import pyarrow as pa

    from chowki.outputs.track_writer import CsvSink

    names = dict.fromkeys(("scan", "plot", "track"), pa.int64())
    return CsvSink(path, {**names, "probability": pa.float64()})


def _columns(estimates: Estimates, sheet: Sheet) -> list[Any]:
    import numpy as np

    from chowki.core.records import TrackStatus

    e, words = estimates, np.array([status.name.lower() for status in TrackStatus])
    columns = [e.time_s, e.track, e.x_m, e.y_m, e.z_m, e.vx_mps, e.vy_mps, e.vz_mps, e.existence]
    more = (*(e.covariance.T if sheet.covariance else ()), *(e.modes.T if sheet.modes else ()))
    return [*columns, words[e.status], *more]


@contextmanager
def _progress(voice: Voice, scans: int) -> Generator[Any]:
    """Yield a function that tells the progress of one scan."""
    with voice.progress("tracking") as progress:
        done = 0

        def step(tracks: int) -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(float(done), float(scans), {"tracks": tracks})

        yield step


def _figures(spent: list[tuple[float, float]], *, timing: bool) -> dict[str, Any]:
    import statistics

    figures: dict[str, Any] = {"scans": len(spent)}
    if timing:
        cpu_ms = [1e3 * cpu_s for cpu_s, _ in spent] or [0.0]
        figures |= {
            "cpu_ms_median": statistics.median(cpu_ms),
            "cpu_ms_max": max(cpu_ms),
            "cpu_ms_total": sum(cpu_ms),
            "wall_ms_median": statistics.median([1e3 * wall_s for _, wall_s in spent] or [0.0]),
        }
    return figures
