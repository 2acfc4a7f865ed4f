"""Simulated sensors at textbook level, each behind the same port; every figure is illustrative."""

from chowki.world.sensors.ads_b import AdsB
from chowki.world.sensors.direction_finder import DirectionFinder
from chowki.world.sensors.electro_optical import ElectroOptical
from chowki.world.sensors.radar import Radar

__all__ = ["AdsB", "DirectionFinder", "ElectroOptical", "Radar"]
