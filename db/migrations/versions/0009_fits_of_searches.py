"""Fits of searches that are under way, and a place for Optuna's own tables."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "search_fits",
        sa.Column("search", sa.Text(), nullable=False, comment="its id"),
        sa.Column("model_name", sa.Text(), nullable=False, comment="name in the model catalogue"),
        sa.Column(
            "candidate", sa.BigInteger(), autoincrement=False, nullable=False, comment="of the model, from 0"
        ),
        sa.Column("fold", sa.BigInteger(), autoincrement=False, nullable=False, comment="from 0"),
        sa.Column("score", sa.Double(), nullable=True, comment="null if it failed"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="of fitting and scoring"),
        sa.Column("cpu_seconds", sa.Double(), nullable=False, comment="of the same"),
        sa.Column("failed_part", sa.Text(), nullable=True, comment="fit or score; null if it did not fail"),
        sa.Column("reason", sa.Text(), nullable=True, comment="of the failure"),
        sa.Column("finished_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("failed_part IN ('fit', 'score')", name=op.f("search_fits_part_is_known")),
        sa.PrimaryKeyConstraint("search", "model_name", "candidate", "fold", name=op.f("search_fits_pkey")),
        schema="public",
        comment="Fits of searches that are under way, so that none is made twice",
    )
    op.execute('CREATE SCHEMA "_optuna"')


def downgrade() -> None:
    op.execute('DROP SCHEMA "_optuna" CASCADE')
    op.drop_table("search_fits", schema="public")
