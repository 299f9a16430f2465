"""Access to what is kept about a person."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_access",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["about"], ["person.id"]),
        sa.ForeignKeyConstraint(["person"], ["person.id"]),
        sa.ForeignKeyConstraint(["request"], ["approval_request.id"]),
        sa.PrimaryKeyConstraint("request"),
    )
    op.create_index("data_access_person", "data_access", ["person", "about"])


def downgrade() -> None:
    op.drop_index("data_access_person", table_name="data_access")
    op.drop_table("data_access")
