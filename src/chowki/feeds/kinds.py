"""The kinds of recorded feed, by the name that stands before the file on the command line."""

from __future__ import annotations

from chowki.feeds.aircraft_json import AircraftJson
from chowki.feeds.asterix import Asterix
from chowki.feeds.gps import Gps
from chowki.feeds.opensky import OpenSky
from chowki.feeds.remote_id import RemoteId
from chowki.feeds.sbs import Sbs
from chowki.feeds.source import FileFeed
from chowki.feeds.tabular import Plots

KINDS: dict[str, type[FileFeed]] = {
    feed.kind: feed for feed in (OpenSky, Sbs, AircraftJson, Asterix, RemoteId, Gps, Plots)
}
