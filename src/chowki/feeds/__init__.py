"""Everything that tells us something, in time order: live, recorded and simulated, one door."""

from chowki.feeds.kinds import KINDS

__all__ = ["KINDS"]
