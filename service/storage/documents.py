"""Records as JSON documents in a column, and back."""

from __future__ import annotations

from pydantic import TypeAdapter

from service.records import Bearings, Digest, Evidence, Habit

BEARINGS = TypeAdapter(Bearings)
EVIDENCE = TypeAdapter(Evidence)
DIGEST = TypeAdapter(Digest)
HABIT = TypeAdapter(Habit)
