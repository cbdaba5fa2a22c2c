"""Feeds in: asking, reading, deciding when to ask again, finding more."""
