"""Ways out: one module a channel, each with one verb, ``send``."""
