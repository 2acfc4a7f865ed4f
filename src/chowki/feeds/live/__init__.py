"""Live sockets, files and folders behind the door of feeds; all of them only listen."""

from chowki.feeds.live.aircraft import AircraftJsonPoll
from chowki.feeds.live.broker import RemoteIdBroker
from chowki.feeds.live.capture import RemoteIdCapture
from chowki.feeds.live.feeds import LiveFeeds
from chowki.feeds.live.folder import WatchedFolder
from chowki.feeds.live.health import SourceHealth
from chowki.feeds.live.opening import open_live
from chowki.feeds.live.plots import PlotDatagrams
from chowki.feeds.live.sbs import SbsStream
from chowki.feeds.live.spec import is_live, read_spec

__all__ = [
    "AircraftJsonPoll",
    "LiveFeeds",
    "PlotDatagrams",
    "RemoteIdBroker",
    "RemoteIdCapture",
    "SbsStream",
    "SourceHealth",
    "WatchedFolder",
    "is_live",
    "open_live",
    "read_spec",
]
