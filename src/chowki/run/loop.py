"""The loop that every run goes through, simulated or on a feed."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from types import FrameType
from typing import Any

from chowki.core.errors import UsageError
from chowki.core.messages import Event, Frame
from chowki.core.records import TrackStatus
from chowki.outputs.archive import Collected
from chowki.outputs.recorder import Recorder
from chowki.run.assemble import Assembly, FeedFile, assemble
from chowki.run.result import Run
from chowki.scenario import Built

COMMIT_PERIOD_S = 0.25  # a story can be run again: a power cut may cost it a quarter of a second
Progress = Callable[[float, float | None, dict[str, int]], None]
Follower = Callable[[Event, Frame], None]


def run(
    source: str | Path | None = None,
    *,
    seed: int | None = None,
    out: str | Path | None = None,
    feeds: Sequence[str | FeedFile] = (),
    until_s: float | None = None,
    overrides: Sequence[str] = (),
    progress: Progress | None = None,
    report: bool = True,
) -> Run:
    """Run a scenario, or recorded feeds, to a picture, warnings and a report.

    Parameters
    ----------
    source : str or Path, optional
        Name of a shipped scenario, or path of a TOML file; may be left out when there are feeds.
    seed : int, optional
        Seed of every draw; without it the scenario's own.
    out : str or Path, optional
        Folder for what is written; ``out/<name>`` without it. An earlier run in it is replaced.
    feeds : sequence of str or (str, Path)
        Recorded feeds as ``kind:path``. With feeds nothing is simulated and nothing engages.
    until_s : float, optional
        Scenario seconds after which the run ends.
    overrides : sequence of str
        ``key=value`` changes of the scenario.
    progress : callable, optional
        Called once per scenario second with seconds done, seconds in all (None when unknown) and
        counts of events, detections and confirmed tracks.
    report : bool
        Whether to write tables, report and situation report.

    Returns
    -------
    Run
        What the run left behind.

    Raises
    ------
    UsageError
        If there is neither a source nor a feed, or a feed is not written ``kind:path``.
    ScenarioError, FeedError, OutputError
        If an input or output is at fault.
    KeyboardInterrupt
        After Ctrl-C; the recording is whole up to there and closed.
    """
    assembly = assemble(source, seed, feeds, until_s, overrides)
    folder = Path(out) if out is not None else Path("out") / assembly.name
    done = record(assembly, folder, progress)
    if report:
        done.report(folder / "report.html")
    return done


def record(assembly: Assembly, folder: Path, progress: Progress | None = None) -> Run:
    """Run what was assembled to its end, as fast as it goes, and record it.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C; the recording is whole up to there and closed.
    """
    with recording(folder, assembly) as recorder, _interruptible() as asked:
        watch = _Watch(assembly, progress)
        loop(assembly, events_until(asked, assembly), recorder, watch.see)
    return Run(folder)


def loop(assembly: Assembly, events: Iterable[Event], recorder: Recorder, tell: Follower) -> None:
    """Go through events, live, recorded or simulated: the same door, the same steps.

    Parameters
    ----------
    assembly : Assembly
        Station, feed, and the world when there is one.
    events : iterable of Event
        From the feed, in order, perhaps paced and with a person's acts among them.
    recorder : Recorder
        Records each event before anything follows from it, and what followed.
    tell : callable
        Is told each event and its frame.
    """
    station, feed, world = assembly.built.station, assembly.feed, assembly.built.world
    for event in events:
        recorder.append(event)
        frame = station.step(event)
        recorder.append(frame)
        if world is not None:
            world.obey(frame.orders)
            if frame.complete:
                recorder.truth(world.truth())
        feed.heed(frame.tasks)
        tell(event, frame)


def frames(built: Built, until_s: float | None = None) -> Iterator[Frame]:
    """Yield every frame of a simulated world, without a recording: the same steps.

    Parameters
    ----------
    built : scenario.Built
        With a world.
    until_s : float, optional
        Scenario seconds after which it ends.

    Raises
    ------
    UsageError
        If there is no world to simulate.
    """
    world, station = built.world, built.theatre.station
    if world is None:
        raise UsageError("there is no world to simulate")
    end_s = station.start_s + min(station.duration_s, math.inf if until_s is None else until_s)
    for event in takewhile(lambda event: event.time_s <= end_s, world.events()):
        frame = built.station.step(event)
        world.obey(frame.orders)
        world.heed(frame.tasks)
        yield frame


class _Watch:
    """Counts what passes, and tells whoever follows the run once a second."""

    def __init__(self, assembly: Assembly, progress: Progress | None) -> None:
        self._start_s = assembly.start_s
        span_s = assembly.end_s - assembly.start_s
        self._span_s = span_s if span_s < float("inf") else None
        self._progress = progress
        self._counts = {"events": 0, "detections": 0, "tracks": 0}

    def see(self, event: Event, frame: Frame) -> None:
        """Take note of an event and what followed."""
        if self._progress is None:
            return
        self._counts["events"] += 1
        self._counts["detections"] += len(getattr(event, "detections", ()))
        if frame.complete:
            confirmed = frame.tracks.status == TrackStatus.CONFIRMED
            self._counts["tracks"] = int(confirmed.sum())
            self._progress(event.time_s - self._start_s, self._span_s, dict(self._counts))


def events_until(asked: threading.Event, assembly: Assembly) -> Iterator[Event]:
    """Yield the events up to the end, or until somebody asks to stop: between two events."""
    for event in takewhile(lambda event: event.time_s <= assembly.end_s, assembly.feed.events()):
        if asked.is_set():
            raise KeyboardInterrupt
        yield event


@contextmanager
def recording(
    folder: Path, assembly: Assembly, listener: Callable[[Any], None] | None = None
) -> Generator[Recorder]:
    """Record what happens within; closed whole at the end or by Ctrl-C, let go after a failure.

    Parameters
    ----------
    folder : Path
        Of the run.
    assembly : Assembly
        What is recorded.
    listener : callable, optional
        Is told each message as it was recorded.
    """
    theatre = assembly.built.theatre
    collected = Collected(theatre.station)

    def hear(message: Any) -> None:
        collected.add(message)
        if listener is not None:
            listener(message)

    recorder = Recorder(
        folder,
        theatre,
        assembly.manifest,
        commit_period_s=COMMIT_PERIOD_S,
        listener=hear if listener else collected.add,
    )
    started_s = time.perf_counter()
    try:
        yield recorder
    except KeyboardInterrupt:
        recorder.manifest["wall_s"] = time.perf_counter() - started_s
        recorder.close(interrupted=True)
        raise
    except BaseException:
        recorder.abandon()
        raise
    recorder.manifest["wall_s"] = time.perf_counter() - started_s
    recorder.close()
    collected.write(folder, recorder.journal.head)


@contextmanager
def _interruptible() -> Generator[threading.Event]:
    """Turn the first Ctrl-C into a request to stop between two events; a second one stops at once.

    Signals reach only the main thread; elsewhere nothing is changed.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.getsignal(signal.SIGINT)

    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
