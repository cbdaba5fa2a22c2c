"""Reads articles' own pages, and asks robots.txt first."""
