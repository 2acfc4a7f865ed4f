"""chowki: an open air-defence picture and raid simulator."""

__version__ = "0.1.0"
