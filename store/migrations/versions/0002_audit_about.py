"""Refused attempts name the subject that they were about, so that they are found beside its chain (R-7.9)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SUBJECT = {
    "sqlite": "json_extract(CAST(body AS TEXT), '$.details.subject')",
    "postgresql": "convert_from(body, 'UTF8')::jsonb #>> '{details,subject}'",
}


def upgrade() -> None:
    op.add_column("audit_record", sa.Column("about", sa.String(), nullable=True))
    op.create_index(op.f("ix_audit_record_about"), "audit_record", ["about"], unique=False)
    dialect = op.get_bind().dialect.name
    if dialect == "sqlite":
        # The protection is put back after every upgrade.
        op.execute("DROP TRIGGER IF EXISTS audit_record_no_update")
    op.execute(f"UPDATE audit_record SET about = {SUBJECT[dialect]} WHERE outcome = 'refused'")


def downgrade() -> None:
    op.drop_index(op.f("ix_audit_record_about"), table_name="audit_record")
    with op.batch_alter_table("audit_record", schema=None) as batch_op:
        batch_op.drop_column("about")
