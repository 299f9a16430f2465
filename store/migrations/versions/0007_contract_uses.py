"""What contracts use: everything that the quote uses from which they come."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "INSERT INTO where_used (kind, used, document_kind, document, line, selling_model, market, channel, currency, "
        "value) SELECT u.kind, u.used, 'contract', c.id, u.line, u.selling_model, u.market, u.channel, u.currency, "
        "u.value FROM contract c JOIN where_used u ON u.kind = 'offering' AND u.document_kind = 'quote' "
        "AND u.document = c.quote"
    )


def downgrade() -> None:
    op.execute("DELETE FROM where_used WHERE document_kind = 'contract'")
