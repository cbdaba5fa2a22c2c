"""Finds feeds, tries them, and exchanges lists of them."""
