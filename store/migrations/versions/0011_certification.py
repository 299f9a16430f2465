"""Who answers by name for which artifact."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "certification",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("artifact", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["artifact"], ["artifact.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("certification_artifact", "certification", ["artifact", "certified_at"])


def downgrade() -> None:
    op.drop_index("certification_artifact", table_name="certification")
    op.drop_table("certification")
