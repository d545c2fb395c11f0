"""Who holds a gate, what is still to be shown of one that was answered, and what GitHub still allows."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("gates", sa.Column("holder", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("gates", sa.Column("owed", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "quotas",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("quotas")
    op.drop_column("gates", "owed")
    op.drop_column("gates", "holder")
