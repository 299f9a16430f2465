"""Proofs of who decides, and the decision that used each."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "step_up",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account", "authenticated_at"),
    )
    op.create_index("step_up_subject", "step_up", ["subject", "revision"])
    op.create_table(
        "step_up_use",
        sa.Column("step_up", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["decision"], ["decision.id"]),
        sa.ForeignKeyConstraint(["step_up"], ["step_up.id"]),
        sa.PrimaryKeyConstraint("step_up"),
        sa.UniqueConstraint("decision"),
    )


def downgrade() -> None:
    op.drop_table("step_up_use")
    op.drop_index("step_up_subject", table_name="step_up")
    op.drop_table("step_up")
