"""Builds the service's parts from settings: the only place that does."""
