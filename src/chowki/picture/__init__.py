"""Picture: scans become tracks with identity, the recognised air picture."""

from chowki.picture.alone import Tracker
from chowki.picture.config import TrackerConfig
from chowki.picture.keeper import AirPicture
from chowki.picture.parameters import IdentityParameters, PictureParameters
from chowki.picture.states import Picture

__all__ = [
    "AirPicture",
    "IdentityParameters",
    "Picture",
    "PictureParameters",
    "Tracker",
    "TrackerConfig",
]
