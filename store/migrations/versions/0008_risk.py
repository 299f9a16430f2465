"""What changes touch, how many quotes they move, and notices."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_touch",
        sa.Column("change", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("start_micros", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["change"], ["change_request.id"]),
        sa.PrimaryKeyConstraint("change", "subject"),
    )
    op.create_index("touch_subject", "change_touch", ["subject"])
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("party_group", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notice_group", "notice", ["party_group", "created_at"])
    op.create_index("notice_person", "notice", ["person", "created_at"])
    op.create_index("notice_subject", "notice", ["subject"])
    op.add_column("change_request", sa.Column("affected_quotes", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("change_sum", "change_request", ["requester", "created_at", "affected_quotes"])


def downgrade() -> None:
    with op.batch_alter_table("change_request") as batch_op:
        batch_op.drop_index("change_sum")
        batch_op.drop_column("affected_quotes")
    op.drop_table("notice")
    op.drop_table("change_touch")
