"""Defence: which place is threatened, by what, when; what may be engaged; who is warned."""

from chowki.defence.defence import AirDefence, Defence, DefenceParameters

__all__ = ["AirDefence", "Defence", "DefenceParameters"]
