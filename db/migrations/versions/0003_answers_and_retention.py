"""Answers by Idempotency-Key, how long things are kept, and an index to list results by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "idempotent_answers",
        sa.Column("service", sa.Text(), nullable=False, comment="that was asked"),
        sa.Column("route", sa.Text(), nullable=False, comment="that was asked"),
        sa.Column("caller", sa.Text(), nullable=False, comment="whose key it is"),
        sa.Column("key", sa.Text(), nullable=False, comment="Idempotency-Key"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of the request's body"),
        sa.Column("status", sa.Integer(), nullable=False, comment="of the answer"),
        sa.Column(
            "body",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="of the answer",
        ),
        sa.Column("kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("service", "route", "caller", "key", name=op.f("idempotent_answers_pkey")),
        schema="public",
        comment="Answers that are given again to a request with the same key, for 24 hours",
    )
    op.create_index(
        op.f("idempotent_answers_kept_at_idx"),
        "idempotent_answers",
        ["kept_at"],
        unique=False,
        schema="public",
    )
    op.create_index(
        "monitoring_results_use_case_idx",
        "monitoring_results",
        ["use_case", sa.literal_column("id DESC")],
        unique=False,
        schema="public",
    )
    op.add_column(
        "use_cases",
        sa.Column(
            "retention",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
            comment="days that things are kept, by kind; what is not named is kept for good",
        ),
        schema="public",
    )


def downgrade() -> None:
    op.drop_column("use_cases", "retention", schema="public")
    op.drop_index("monitoring_results_use_case_idx", table_name="monitoring_results", schema="public")
    op.drop_index(op.f("idempotent_answers_kept_at_idx"), table_name="idempotent_answers", schema="public")
    op.drop_table("idempotent_answers", schema="public")
