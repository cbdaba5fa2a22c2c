"""The ``caspian`` command: thin; all parts come from ``wiring``."""

from service.cli import learn, work
from service.cli.app import main

__all__ = ["learn", "main", "work"]
