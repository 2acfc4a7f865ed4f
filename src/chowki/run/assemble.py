"""From what was asked for to what the loop needs: station, feed, span and manifest."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from chowki import scenario
from chowki.core.errors import UsageError
from chowki.core.inbox import Inbox
from chowki.core.messages import Event
from chowki.core.places import Sensor, Station, Theatre
from chowki.core.ports import Feed
from chowki.core.records import Tasks
from chowki.feeds.live import LiveFeeds, open_live, read_spec
from chowki.feeds.merge import merge
from chowki.scenario.parts import FEED, named, part

FeedFile = tuple[str, Path]
_PACKAGES = ("numpy", "scipy", "numba", "pyarrow", "pydantic")


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything a run starts from.

    Attributes
    ----------
    name : str
        Name of the run, and of its folder when none is given.
    built : scenario.Built
        Theatre, station, and the world when there is one.
    feed : Feed
        Where events come from: the world, or the recorded feeds as one.
    start_s, end_s : float
        Span in UTC seconds; the end may be infinite on a feed.
    manifest : dict
        What is written beside the journal.
    """

    name: str
    built: scenario.Built
    feed: Feed
    start_s: float
    end_s: float
    manifest: dict[str, Any]


class MergedFeeds:
    """Several feeds as one, in order of receipt.

    Parameters
    ----------
    feeds : sequence of Feed
        Placed already.
    start_s, end_s : float
        Span in UTC seconds.
    """

    def __init__(self, feeds: Sequence[Feed], start_s: float, end_s: float) -> None:
        self._feeds = feeds
        self._span_s = (start_s, end_s)

    def events(self) -> Iterator[Event]:
        """Yield the events of all feeds, with ticks, and a status for what was skipped."""
        return merge(self._feeds, *self._span_s)

    def heed(self, tasks: Tasks) -> None:
        """Pass word to sensors on to every feed."""
        for feed in self._feeds:
            feed.heed(tasks)


def assemble(
    source: str | Path | None,
    seed: int | None,
    feeds: Sequence[str | FeedFile],
    until_s: float | None,
    overrides: Sequence[str],
) -> Assembly:
    """Return what a run starts from; see ``run`` for the parameters and errors."""
    if until_s is not None and not until_s >= 0.0:
        raise UsageError(f"until {until_s}: expected seconds, 0 or more")
    if source is None and overrides:
        raise UsageError(f"--set {overrides[0]}: there is no scenario to set it in; name one")
    story = None if source is None else scenario.load(source, overrides)
    if feeds:
        return _of_feeds(story, [_feed_file(feed) for feed in feeds], seed, until_s)
    if story is None:
        raise UsageError("nothing to run: name a scenario or give a feed")
    return of_scenario(story, seed, until_s)


def rebuild(noted: dict[str, Any], theatre: Theatre) -> scenario.Built:
    """Return a newly built station for a recording.

    Parameters
    ----------
    noted : dict
        What of the manifest stands in the journal.
    theatre : Theatre
        The theatre of the recording.
    """
    document = noted["scenario"]
    story = None if document is None else scenario.Scenario.from_document(document)
    if noted["feeds"]:
        own = _sensors_from(theatre, noted["first_feed_sensor"])
        return _on_feed(story, theatre.station, own)
    if story is None:
        raise UsageError("the recording names neither a scenario nor a feed")
    return scenario.build(story, noted["seed"])


def of_scenario(story: scenario.Scenario, seed: int | None, until_s: float | None) -> Assembly:
    """Return what a simulated run of a scenario starts from; see ``run`` for the parameters.

    Raises
    ------
    UsageError
        If the scenario has no world to simulate.
    """
    seed = story.seed if seed is None else seed
    built = scenario.build(story, seed)
    if built.world is None:
        raise UsageError("the scenario has no world to simulate")
    station = built.theatre.station
    start_s = station.start_s
    end_s = start_s + min(station.duration_s, math.inf if until_s is None else until_s)
    manifest = _manifest(station.name, story, seed, until_s)
    return Assembly(station.name, built, built.world, start_s, end_s, manifest)


def _of_feeds(
    story: scenario.Scenario | None,
    files: list[FeedFile],
    seed: int | None,
    until_s: float | None,
) -> Assembly:
    fixes = [part(FEED, kind)(path).first_fix() for kind, path in files]
    first = fixes[0]
    start_s = float(math.floor(min(fix.time_s for fix in fixes)))
    name = files[0][1].name.split(".")[0]
    station = Station(name, first.lat_deg, first.lon_deg, first.height_m, start_s, math.inf)
    bare = _on_feed(story, station, ()).theatre
    feeds, sensors = _placed(files, bare)
    built = _on_feed(story, station, sensors)
    name = built.theatre.station.name
    end_s = math.inf if until_s is None else start_s + until_s
    manifest = _manifest(name, story, seed or 0, until_s)
    manifest |= {
        "feeds": [kind for kind, _ in files],
        "feed_files": [path.name for _, path in files],
        "first_feed_sensor": _first_number(bare),
    }
    return Assembly(name, built, MergedFeeds(feeds, start_s, end_s), start_s, end_s, manifest)


def assemble_live(
    source: str | Path | None,
    specs: Sequence[str],
    until_s: float | None,
    overrides: Sequence[str],
    inbox: Inbox,
) -> tuple[Assembly, LiveFeeds]:
    """Return what a run on live feeds starts from, and the feeds, which listen already.

    Parameters
    ----------
    source, until_s, overrides
        As in ``run``; the scenario says where the station stands, else the first position does.
    specs : sequence of str
        Live feeds as ``feeds.live.read_spec`` takes them.
    inbox : Inbox
        Where people's acts come from.

    Raises
    ------
    FeedError, ScenarioError, UsageError
        If an input is at fault, or no position comes and no scenario gives one.
    """
    story = None if source is None else scenario.load(source, overrides)
    bare = None if story is None else _on_feed(story, _station_now(story), ()).theatre
    feeds = open_live(specs, bare, 0 if bare is None else _first_number(bare), inbox)
    theatre = feeds.theatre
    built = _on_feed(story, theatre.station, feeds.sensors)
    start_s = theatre.station.start_s
    end_s = math.inf if until_s is None else start_s + until_s
    name = built.theatre.station.name
    read = [read_spec(text) for text in specs]
    manifest = _manifest(name, story, 0, until_s) | {
        "feeds": [spec.kind for spec in read],
        "feed_files": [spec.where for spec in read],
        "first_feed_sensor": 0 if bare is None else _first_number(bare),
    }
    return Assembly(name, built, feeds, start_s, end_s, manifest), feeds


def _station_now(story: scenario.Scenario) -> Station:
    """Return a station that begins now and has no end; the scenario puts it in its place."""
    here = story.station
    start_s = float(math.floor(datetime.now(UTC).timestamp()))
    return Station(story.name, here.lat_deg, here.lon_deg, here.height_m, start_s, math.inf)


def _on_feed(
    story: scenario.Scenario | None, station: Station, sensors: tuple[Sensor, ...]
) -> scenario.Built:
    """Return what is built on a real feed: neither world nor anything that engages.

    Raises
    ------
    RuntimeError
        If the scenario built a simulated theatre: the wall between advice and engagement.
    """
    built = scenario.build_for_feed(story, station, sensors)
    if built.world is not None or built.theatre.simulated or built.theatre.sites:
        raise RuntimeError("on a feed nothing that engages may be built")
    return built


def _placed(files: list[FeedFile], theatre: Theatre) -> tuple[list[Feed], tuple[Sensor, ...]]:
    """Return the feeds in the frame of a theatre, and all their sensors, numbered in a row."""
    feeds: list[Feed] = []
    sensors: tuple[Sensor, ...] = ()
    for kind, path in files:
        feed = part(FEED, kind)(path, _first_number(theatre) + len(sensors))
        feed.place(theatre)
        feeds.append(feed)
        sensors += feed.sensors
    return feeds, sensors


def _first_number(theatre: Theatre) -> int:
    """Return the first sensor number that the scenario has not given away."""
    return 1 + max((sensor.number for sensor in theatre.sensors), default=-1)


def _sensors_from(theatre: Theatre, first_number: int) -> tuple[Sensor, ...]:
    return tuple(sensor for sensor in theatre.sensors if sensor.number >= first_number)


def _feed_file(feed: str | FeedFile) -> FeedFile:
    """Return kind and path of a feed.

    Raises
    ------
    UsageError
        If it is not written ``kind:path``, or no feed is of that kind.
    """
    kind, path = feed.partition(":")[::2] if isinstance(feed, str) else feed
    kinds = named(FEED)
    if kind not in kinds or not str(path):
        raise UsageError(f"feed {feed!r}: write kind:path; kinds: {', '.join(kinds)}")
    return kind, Path(path)


def _manifest(
    name: str, story: scenario.Scenario | None, seed: int, until_s: float | None
) -> dict[str, Any]:
    """Return what is told of a run; the recorder says which enter the chain of the journal."""
    return {
        "scenario": None if story is None else story.document(),
        "scenario_digest": None if story is None else story.digest(),
        "seed": seed,
        "until_s": until_s,
        "feeds": [],
        "feed_files": [],
        "first_feed_sensor": 0,
        "name": name,
        "version": version("chowki"),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in _PACKAGES},
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
