"""The kinds of recorded feed, by the name that stands before the file on the command line."""

from __future__ import annotations

from chowki.feeds.opensky import OpenSky
from chowki.feeds.source import FileFeed
from chowki.feeds.tabular import Plots

KINDS: dict[str, type[FileFeed]] = {
    feed.kind: feed
    for feed in (
        OpenSky,
        Plots,
    )
}
