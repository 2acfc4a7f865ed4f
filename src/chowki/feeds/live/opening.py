"""From what stands on the command line to live feeds that listen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import entry_points

from chowki.core.errors import UsageError
from chowki.core.places import Theatre
from chowki.feeds.live.clock import Clock
from chowki.feeds.live.feeds import LiveFeeds, Mailbox, station_at
from chowki.feeds.live.source import LiveSource
from chowki.feeds.live.spec import Spec, read_spec

FIRST_FIX_S = 30.0
_FOLDER = "dir"


def open_live(
    specs: Sequence[str],
    theatre: Theatre | None = None,
    first_sensor_number: int = 0,
    inbox: Mailbox | None = None,
    *,
    within_s: float = FIRST_FIX_S,
    clock: Clock | None = None,
) -> LiveFeeds:
    """Return live feeds that listen already and stand at the station.

    Parameters
    ----------
    specs : sequence of str
        Each as ``read_spec`` takes it.
    theatre : Theatre, optional
        Where the station stands, with the scenario's sensors; without it the first position that
        any source tells becomes the origin.
    first_sensor_number : int
        Number of the first sensor of the feeds.
    inbox : Mailbox, optional
        What people decide, merged with the feeds.
    within_s : float
        How long to wait for a first position, seconds.
    clock : Clock, optional
        UTC.

    Raises
    ------
    UsageError
        If a feed is written wrongly or of an unknown kind.
    FeedError
        If there is no theatre and no position comes in time.
    """
    clock = clock or Clock()
    sources = [_source(read_spec(text), clock) for text in specs]
    _tell_apart(sources)
    feeds = LiveFeeds(sources, clock, inbox)
    feeds.start()
    try:
        placed = theatre or Theatre(station_at(feeds.first_fix(within_s)))
        feeds.place(placed, first_sensor_number, by_scenario=theatre is not None)
    except BaseException:
        feeds.stop()
        raise
    return feeds


def _source(spec: Spec, clock: Clock) -> LiveSource:
    points = {point.name: point for point in entry_points(group="chowki.live_feed")}
    name = spec.way if spec.way == _FOLDER else f"{spec.kind}.{spec.way}"
    if name not in points:
        kinds = ", ".join(point.replace(".", ":") for point in points if point != _FOLDER)
        raise UsageError(
            f"feed {spec.kind}:{spec.scheme}: not known; kinds: {kinds}, KIND:{_FOLDER}"
        )
    return points[name].load()(spec, clock)


def _tell_apart(sources: Sequence[LiveSource]) -> None:
    """Give a number to a name that another source has already."""
    counts: Counter[str] = Counter()
    for source in sources:
        counts[source.name] += 1
        if counts[source.name] > 1:
            source.name = f"{source.name}-{counts[source.name]}"
