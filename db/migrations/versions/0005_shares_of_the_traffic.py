"""The share of the traffic that a canary gets."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    op.add_column(
        "activations",
        sa.Column("share", sa.Double(), nullable=True, comment="of the traffic; of a canary only"),
        schema="public",
    )
    op.create_check_constraint(
        op.f("activations_share_is_a_canarys"),
        "activations",
        "(role = 'canary') = (share IS NOT NULL) AND (share IS NULL OR share > 0 AND share <= 1)",
        schema="public",
    )
    op.create_index(
        "activations_lasting_idx",
        "activations",
        ["use_case"],
        unique=False,
        schema="public",
        postgresql_where=sa.text("until IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("activations_lasting_idx", table_name="activations", schema="public")
    op.drop_constraint(op.f("activations_share_is_a_canarys"), "activations", schema="public")
    op.drop_column("activations", "share", schema="public")
