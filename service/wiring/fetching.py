"""Builds the fetcher: alone, for commands that ask feeds and need neither model nor database."""

from __future__ import annotations

from service import __version__
from service.polling.fetching.fetch import Fetcher, FetchLimits
from service.settings import Settings
from service.settings.schema import PollingSettings

USER_AGENT = f"CaspianWatch/{__version__} (feed monitor)"


def open_fetcher(settings: Settings) -> Fetcher:
    """Return a fetcher within the limits of the settings; use it as an async context manager."""
    return Fetcher(_limits(settings.polling), settings.polling.user_agent or USER_AGENT)


def _limits(polling: PollingSettings) -> FetchLimits:
    return FetchLimits(
        concurrency=polling.concurrency,
        per_host=polling.per_host,
        host_gap=polling.host_gap_seconds,
        connect_timeout=polling.connect_timeout_seconds,
        total_timeout=polling.total_timeout_seconds,
        max_body_bytes=polling.max_body_bytes,
        max_redirects=polling.max_redirects,
        allow_private_addresses=polling.allow_private_addresses,
    )
