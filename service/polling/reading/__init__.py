"""Reads documents: feeds of every kind, news sitemaps, and XML that may be hostile."""
