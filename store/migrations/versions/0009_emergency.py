"""Urgency and standard changes, break-glass windows, reviews, records of governance boards."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "break_glass",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["change"], ["change_request.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("break_glass_change", "break_glass", ["change", "until_at"])
    op.create_table(
        "review",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("owner_group", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("sound", sa.Boolean(), nullable=True),
        sa.Column("findings", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("review_due", "review", ["reviewed_at", "due_at"])
    op.create_index("ix_review_subject", "review", ["subject"])
    op.create_table(
        "board_record",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("present", sa.String(), nullable=False),
        sa.Column("meets_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["change"], ["change_request.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("board_record_change", "board_record", ["change", "recorded_at"])
    op.add_column("change_request", sa.Column("emergency", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("change_request", sa.Column("standard", sa.String(), nullable=False, server_default=""))
    op.add_column("change_request", sa.Column("authored", sa.String(), nullable=False, server_default="business"))


def downgrade() -> None:
    with op.batch_alter_table("change_request") as batch_op:
        batch_op.drop_column("authored")
        batch_op.drop_column("standard")
        batch_op.drop_column("emergency")
    op.drop_table("board_record")
    op.drop_table("review")
    op.drop_table("break_glass")
