"""Asks servers for documents, within limits: where, when, and by which way."""
