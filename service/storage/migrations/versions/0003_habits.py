"""How feeds behave, what they did on each day, and the pages of articles."""

import sqlalchemy as sa
from alembic import op

from service.storage.columns import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("feeds", sa.Column("habit", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("articles", sa.Column("page_kind", sa.String(length=16), nullable=True))
    op.add_column("articles", sa.Column("page_text", sa.Text(), nullable=True))
    op.add_column("articles", sa.Column("page_at", UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_articles_page_kind"), "articles", ["page_kind"], unique=False)
    op.create_table(
        "feed_days",
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_feed_days_feed_id")),
        sa.PrimaryKeyConstraint("feed_id", "day", name=op.f("pk_feed_days")),
    )
    op.create_index(op.f("ix_feed_days_day"), "feed_days", ["day"], unique=False)
