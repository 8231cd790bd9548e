"""Who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("service", sa.Text(), nullable=False, comment="that was asked"),
        sa.Column("action", sa.Text(), nullable=False, comment="set_model, train, activate, ..."),
        sa.Column("use_case", sa.Text(), nullable=True, comment="null where it is none's, or not known"),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=False,
            comment="a set's name, or the id of a deployment, experiment or run",
        ),
        sa.Column(
            "actor",
            sa.Text(),
            nullable=False,
            comment="who asked for it; anonymous while credentials are off",
        ),
        sa.Column(
            "request_id",
            sa.Text(),
            nullable=False,
            comment="X-Request-ID, the same on every service and in logs",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_events_pkey")),
        schema="public",
        comment="Who did what, and in which request; rows are only added",
    )
    op.create_index(
        "audit_events_use_case_idx",
        "audit_events",
        ["use_case", sa.literal_column("id DESC")],
        unique=False,
        schema="public",
    )


def downgrade() -> None:
    op.drop_index("audit_events_use_case_idx", table_name="audit_events", schema="public")
    op.drop_table("audit_events", schema="public")
