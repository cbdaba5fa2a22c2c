"""What is agreed with the hubs that tell of feeds' news."""

import sqlalchemy as sa
from alembic import op

from service.storage.columns import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "hub_leases",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("feed_id", sa.Integer(), nullable=False),
        sa.Column("hub", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("callback", sa.Text(), nullable=False),
        sa.Column("secret", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("ask_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("last_push_at", UtcDateTime(), nullable=True),
        sa.Column("poll_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["feed_id"], ["feeds.id"], name=op.f("fk_hub_leases_feed_id")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_hub_leases")),
    )
    op.create_index(op.f("ix_hub_leases_ask_at"), "hub_leases", ["ask_at"], unique=False)
    op.create_index(op.f("ix_hub_leases_feed_id"), "hub_leases", ["feed_id"], unique=False)
