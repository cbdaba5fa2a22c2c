"""The schema, in SQLAlchemy Core. ``migrations/`` must add up to exactly this; a test checks."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from service.storage.columns import UtcDateTime, metadata

feeds = Table(
    "feeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False, unique=True),
    Column("outlet", Text, nullable=False),
    Column("language", String(3), nullable=False),
    Column("country", String(2), nullable=False),
    Column("affiliation", String(16), nullable=False),
    Column("weight", Float, nullable=False),
    # False once the feed has left feeds.toml: its articles stay.
    Column("listed", Boolean, nullable=False),
    Column("next_poll_at", UtcDateTime, nullable=False),
    Column("last_polled_at", UtcDateTime),
    Column("last_success_at", UtcDateTime),
    Column("failures", Integer, nullable=False),
    Column("error_code", String(40)),
    Column("error", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("body_hash", String(64)),
    Column("entries", Integer),
    Column("skipped", Integer),
    # How the feed behaves, as a document: see ``records.habit``.
    Column("habit", JSON(none_as_null=True)),
    Index(None, "listed", "next_poll_at"),
)

# What each feed did on each day, in UTC: its own baseline.
feed_days = Table(
    "feed_days",
    metadata,
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("polls", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Index(None, "day"),
)

# What is agreed with the hubs that tell of feeds' news: see ``records.push``.
hub_leases = Table(
    "hub_leases",
    metadata,
    Column("token", String(64), primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False, index=True),
    Column("hub", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("callback", Text, nullable=False),
    Column("secret", String(200), nullable=False),
    Column("state", String(16), nullable=False),
    Column("ask_at", UtcDateTime, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("asked_at", UtcDateTime),
    Column("expires_at", UtcDateTime),
    Column("last_push_at", UtcDateTime),
    Column("poll_at", UtcDateTime),
    Column("error", Text),
)

articles = Table(
    "articles",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), nullable=False, index=True),
    Column("url", Text),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("language", String(3), nullable=False),
    Column("published_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False, index=True),
    Column("edited_at", UtcDateTime),
    Column("content_hash", String(64), nullable=False),
    # The article's own page, where it was asked for: what it was, and its text.
    Column("page_kind", String(16), index=True),
    Column("page_text", Text),
    Column("page_at", UtcDateTime),
)

# An article is known by several keys (its address, its guid in a feed); any one is enough.
article_keys = Table(
    "article_keys",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("article_id", ForeignKey("articles.id"), nullable=False, index=True),
)

# Every feed that carried an article, and since when.
sightings = Table(
    "sightings",
    metadata,
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("feed_id", ForeignKey("feeds.id"), primary_key=True),
    Column("seen_at", UtcDateTime, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("model_version", String(64), primary_key=True),
    Column("probability", Float, nullable=False),
    Column("relevant", Boolean, nullable=False),
    Column("topics", JSON, nullable=False),
    # Null where the gate let nothing through: there is nothing to show.
    Column("evidence", JSON(none_as_null=True)),
    Column("scored_at", UtcDateTime, nullable=False),
)

stories = Table(
    "stories",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False, index=True),
    # The story that took this one over: its id leads there.
    Column("merged_into", Integer, index=True),
)

# The article of a story, and what grouping weighs of it: see ``stories.traits``.
story_articles = Table(
    "story_articles",
    metadata,
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("story_id", ForeignKey("stories.id"), nullable=False, index=True),
    Column("joined_at", UtcDateTime, nullable=False),
    # Null, as what follows, in rows from before stories were grouped by meaning.
    Column("reported_at", UtcDateTime, index=True),
    Column("language", String(3)),
    Column("bearings", JSON(none_as_null=True)),
    Column("vectors", LargeBinary),
    # The space that the vectors lie in.
    Column("space", String(16)),
    # The article whose text this one carries.
    Column("copy_of", Integer),
)

# Relevant articles that wait to be put into a story.
loose_articles = Table(
    "loose_articles",
    metadata,
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("since", UtcDateTime, nullable=False),
)

# Why a story is told again: what was new in each version after the first.
story_news = Table(
    "story_news",
    metadata,
    Column("story_id", ForeignKey("stories.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("detail", Text, nullable=False),
    Column("article_id", ForeignKey("articles.id"), nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
)

# The running mean of each language's vectors: see ``stories.space``.
backgrounds = Table(
    "backgrounds",
    metadata,
    Column("encoder", String(80), primary_key=True),
    Column("language", String(3), primary_key=True),
    Column("articles", Integer, nullable=False),
    Column("meaning", LargeBinary, nullable=False),
    Column("title", LargeBinary, nullable=False),
)

# In how many of the last articles each actor was named: see ``stories.rarity``. One row.
namings = Table(
    "namings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("articles", Float, nullable=False),
    Column("counts", JSON, nullable=False),
)

# How many times a thing was done that one process does at a time; whoever does it counts on.
turns = Table(
    "turns",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("count", Integer, nullable=False),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", String(80), primary_key=True),
    # What next_digest_at was reckoned from: a changed cron or zone makes it void.
    Column("schedule", Text, nullable=False),
    Column("next_digest_at", UtcDateTime, nullable=False),
    Column("told_until", UtcDateTime),
)

digests = Table(
    "digests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscription_id", String(80), nullable=False, index=True),
    Column("since", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Column("document", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# Which story, in which version, a subscription was told: the reason nothing is told twice.
told = Table(
    "told",
    metadata,
    Column("subscription_id", String(80), primary_key=True),
    Column("story_id", ForeignKey("stories.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False, index=True),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("message_id", Text, nullable=False),
    Column("error_code", String(40)),
    Column("error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    UniqueConstraint("digest_id", "channel"),
    Index(None, "status", "next_attempt_at"),
)

# What readers said, each saying a row of its own: the newest one of a reader on a text holds.
labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True),
    # The text as it was judged; articles are edited, and go.
    Column("text_hash", String(64), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("language", String(3), nullable=False),
    Column("url", Text),
    Column("article_id", ForeignKey("articles.id"), index=True),
    Column("verdict", String(16), nullable=False),
    Column("topics", JSON, nullable=False),
    Column("reader", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("labelled_at", UtcDateTime, nullable=False),
    Column("seconds", Float),
    Column("draw_id", ForeignKey("draws.id"), index=True),
    # What makes an imported row the same row when it is imported again.
    Column("fingerprint", String(64), nullable=False, unique=True),
)

# Articles drawn at random for the audit of what is missed.
draws = Table(
    "draws",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("article_id", ForeignKey("articles.id"), nullable=False, unique=True),
    Column("stratum", String(16), nullable=False),
    Column("chance", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("drawn_at", UtcDateTime, nullable=False),
)

# Vectors of texts that reached the encoder, in half precision: what was read once is not again.
embeddings = Table(
    "embeddings",
    metadata,
    Column("encoder", String(80), primary_key=True),
    Column("text_hash", String(24), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
)

# When each job of the daemon last came through, for the health check.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False),
)
