"""Configuration: TOML files and ``CASPIAN_*`` variables become one typed ``Settings``."""

from service.settings.load import check, load
from service.settings.schema import FeedConfig, Settings, Subscription, TopicConfig

__all__ = ["FeedConfig", "Settings", "Subscription", "TopicConfig", "check", "load"]
