"""Feeds in: when to ask (cadence), asking (fetch), and reading the answer (parse)."""
