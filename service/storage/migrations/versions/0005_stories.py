"""What grouping weighs of articles, stories that become one, and what is new in a story."""

import sqlalchemy as sa
from alembic import op

from service.storage.columns import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("stories", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_stories_merged_into"), "stories", ["merged_into"], unique=False)
    for column in (
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("language", sa.String(length=3), nullable=True),
        sa.Column("bearings", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("vectors", sa.LargeBinary(), nullable=True),
        sa.Column("space", sa.String(length=16), nullable=True),
        sa.Column("copy_of", sa.Integer(), nullable=True),
    ):
        op.add_column("story_articles", column)
    op.create_index(
        op.f("ix_story_articles_reported_at"), "story_articles", ["reported_at"], unique=False
    )
    _add_tables()


def _add_tables() -> None:
    op.create_table(
        "loose_articles",
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_loose_articles_article_id")
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_loose_articles")),
    )
    op.create_table(
        "story_news",
        sa.Column("story_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["stories.id"], name=op.f("fk_story_news_story_id")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["articles.id"], name=op.f("fk_story_news_article_id")
        ),
        sa.PrimaryKeyConstraint("story_id", "version", name=op.f("pk_story_news")),
    )
    op.create_table(
        "backgrounds",
        sa.Column("encoder", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("articles", sa.Integer(), nullable=False),
        sa.Column("meaning", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("encoder", "language", name=op.f("pk_backgrounds")),
    )
    op.create_table(
        "namings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("articles", sa.Float(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_namings")),
    )
    op.create_table(
        "turns",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_turns")),
    )
