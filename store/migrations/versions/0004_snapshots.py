"""Snapshots by commit order, and the where-used index; what documents use is carried over from their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

HEADS = ("quote", "sales_order", "fulfillment_task", "asset", "subscription", "contract", "charge")
USES = (
    "SELECT 'offering', l.offering, 'quote', l.quote, l.line, l.selling_model, q.market, q.channel, q.currency, "
    "l.net_minor FROM quote_line l JOIN quote q ON q.id = l.quote",
    "SELECT 'offering', l.offering, 'order', l.sales_order, l.line, l.selling_model, o.market, o.channel, o.currency, "
    "l.net_minor FROM sales_order_line l JOIN sales_order o ON o.id = l.sales_order",
    "SELECT 'offering', a.offering, 'asset', a.id, a.line, l.selling_model, a.market, o.channel, o.currency, "
    "l.net_minor FROM asset a JOIN sales_order o ON o.id = a.sales_order "
    "JOIN sales_order_line l ON l.sales_order = a.sales_order AND l.line = a.line",
)


def upgrade() -> None:
    op.create_table(
        "where_used",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("used", sa.String(), nullable=False),
        sa.Column("document_kind", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("selling_model", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind",
            "used",
            "document_kind",
            "document",
            "line",
            postgresql_include=("selling_model", "market", "channel", "currency", "value"),
        ),
        sqlite_with_rowid=False,
    )
    columns = "kind, used, document_kind, document, line, selling_model, market, channel, currency, value"
    for uses in USES:
        op.execute(f"INSERT INTO where_used ({columns}) {uses}")
    op.create_table(
        "snapshot",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index(op.f("ix_snapshot_digest"), "snapshot", ["digest"], unique=False)
    op.create_table(
        "snapshot_use",
        sa.Column("snapshot", sa.String(), nullable=False),
        sa.Column("used_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot", "used_by"),
    )
    for head in HEADS:
        with op.batch_alter_table(head, schema=None) as batch_op:
            batch_op.add_column(sa.Column("position", sa.BigInteger(), nullable=False, server_default="0"))
            batch_op.create_index(batch_op.f(f"ix_{head}_position"), ["position"], unique=False)
        with op.batch_alter_table(head, schema=None) as batch_op:
            batch_op.alter_column("position", server_default=None)
    op.drop_index("quote_line_where_used", table_name="quote_line")


def downgrade() -> None:
    op.create_index("quote_line_where_used", "quote_line", ["offering", "selling_model", "quote"], unique=False)
    for head in HEADS:
        with op.batch_alter_table(head, schema=None) as batch_op:
            batch_op.drop_index(batch_op.f(f"ix_{head}_position"))
            batch_op.drop_column("position")
    op.drop_table("snapshot_use")
    op.drop_index(op.f("ix_snapshot_digest"), table_name="snapshot")
    op.drop_table("snapshot")
    op.drop_table("where_used")
