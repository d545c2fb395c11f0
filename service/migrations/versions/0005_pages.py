"""What pages read: whose zone a gate's times are in, how an entry ended, and who is logged in."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("gates", sa.Column("zone", sa.String(length=64), nullable=False, server_default=""))
    op.add_column("entries", sa.Column("status", sa.String(length=16), nullable=False, server_default=""))
    op.create_table(
        "sessions",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=255), nullable=False),
        sa.Column("repositories", sa.Text(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    _fill_status()


def _fill_status() -> None:
    """The copy has it inside its JSON."""
    entries = sa.table("entries", sa.column("id"), sa.column("data"), sa.column("status"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(entries.c.id, entries.c.data)).all():
        status = json.loads(row.data)["status"]
        connection.execute(sa.update(entries).where(entries.c.id == row.id).values(status=status))


def downgrade() -> None:
    op.drop_table("sessions")
    op.drop_column("entries", "status")
    op.drop_column("gates", "zone")
