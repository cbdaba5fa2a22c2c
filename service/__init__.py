"""Caspian Watch: finds Russia-Iran developments in news feeds and sends each story once."""

__version__ = "0.1.0"
