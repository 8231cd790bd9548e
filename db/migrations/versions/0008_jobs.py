"""Jobs: procrastinate's tables, as the version that is pinned makes them, and ours.

A newer procrastinate brings scripts from one version to the next: these are a migration of their own.
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects.postgresql import JSON, JSONB

revision = "0008"
down_revision = "0007"

JOB_STATES = "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')"
THEIR_OBJECTS = """
DO $$
DECLARE each record;
BEGIN
    FOR each IN SELECT 'ROUTINE ' || oid::regprocedure AS name FROM pg_proc
            WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate\\_%'
        UNION ALL SELECT 'TABLE ' || oid::regclass FROM pg_class WHERE relkind = 'r'
            AND relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate\\_%'
        UNION ALL SELECT 'TYPE ' || pg_type.oid::regtype FROM pg_type
            LEFT JOIN pg_class ON pg_class.oid = typrelid
            WHERE typnamespace = 'public'::regnamespace AND typname LIKE 'procrastinate\\_%'
            AND (typtype = 'e' OR relkind = 'c')
    LOOP
        EXECUTE 'DROP ' || each.name || ' CASCADE';
    END LOOP;
END $$
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("SET LOCAL search_path = public"))
    connection.execution_options(no_parameters=True).exec_driver_sql(SchemaManager.get_schema())
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False, comment="whose worker does it"),
        sa.Column("kind", sa.Text(), nullable=False, comment="optimisation, process_data, ..."),
        sa.Column("arguments", JSON(), nullable=False, comment="what its task is told"),
        sa.Column("caller", JSONB(), nullable=False, comment="who asked: name, role and request_id"),
        sa.Column(
            "lock", sa.Text(), nullable=False, comment="no second job with it at a time; empty: any number"
        ),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("cancel_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "limit_s",
            sa.Double(),
            nullable=False,
            comment="that it may take, counted from its first attempt",
        ),
        sa.Column(
            "progress", sa.Double(), server_default=sa.text("0"), nullable=False, comment="from 0 to 1"
        ),
        sa.Column("detail", sa.Text(), server_default="", nullable=False, comment="what is being done"),
        sa.Column(
            "attempt",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="that is at work, or was the last",
        ),
        sa.Column(
            "deaths",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="attempts that ended without a word, since it last got further",
        ),
        sa.Column("result", JSON(), comment="of one that succeeded"),
        sa.Column("error", JSON(), comment="of one that failed: body and status"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), comment="of its first attempt"),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
        sa.CheckConstraint(JOB_STATES, name=op.f("jobs_state_is_known")),
        schema="public",
        comment="Long work, from the request that asked for it to its end",
    )
    op.create_index(
        "jobs_newest_idx",
        "jobs",
        ["service", sa.text("created_at DESC"), sa.text("id DESC")],
        schema="public",
    )
    op.create_index(
        "jobs_lock_idx",
        "jobs",
        ["service", "lock"],
        unique=True,
        schema="public",
        postgresql_where=sa.text("lock <> '' AND state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_table("jobs", schema="public")
    op.execute(THEIR_OBJECTS)
