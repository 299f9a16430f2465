"""Corrections of data that were applied."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("original", sa.String(), nullable=False),
        sa.Column("corrected", sa.String(), nullable=False),
        sa.Column("derived", sa.LargeBinary(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["approval_request.id"]),
        sa.PrimaryKeyConstraint("request"),
    )
    op.create_index("correction_record", "correction", ["record", "key"])
    op.create_index("correction_applied", "correction", ["applied_at"])


def downgrade() -> None:
    op.drop_index("correction_applied", table_name="correction")
    op.drop_index("correction_record", table_name="correction")
    op.drop_table("correction")
