"""A timer fires once in each wait of a stage, no longer once in a revision."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ONCE = ["subject", "revision", "stage", "what", "level"]
UNNAMED = {"uq": "%(table_name)s_%(column_0_N_name)s_key"}
"""How PostgreSQL has named the constraint, which has no name on SQLite."""


def upgrade() -> None:
    with op.batch_alter_table("fired_timer", naming_convention=UNNAMED) as table:
        table.drop_constraint("fired_timer_subject_revision_stage_what_level_key", type_="unique")
        table.create_unique_constraint("fired_timer_once", [*ONCE, "due_at"])


def downgrade() -> None:
    with op.batch_alter_table("fired_timer") as table:
        table.drop_constraint("fired_timer_once", type_="unique")
        table.create_unique_constraint("fired_timer_subject_revision_stage_what_level_key", ONCE)
