"""What streams of the simulator have sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

NONE = sa.text("0")


def upgrade() -> None:
    op.create_table(
        "stream_batches",
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column(
            "batch",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="its number in the stream, from 0",
        ),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="null: on its way, or nobody knows",
        ),
        sa.Column(
            "first_index",
            sa.BigInteger(),
            nullable=True,
            comment="sample_index of its first row, the others follow; null: not stored",
        ),
        sa.Column(
            "truths",
            postgresql.JSONB(),
            nullable=True,
            comment="that are to follow, by row, null where none is; null once they are told",
        ),
        sa.Column(
            "labels",
            sa.BigInteger(),
            server_default=NONE,
            nullable=False,
            comment="rows whose truth was stored",
        ),
        sa.Column(
            "labels_unknown",
            sa.BigInteger(),
            server_default=NONE,
            nullable=False,
            comment="rows whose truth found no sample",
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["public.jobs.id"], name=op.f("stream_batches_job_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "batch", name=op.f("stream_batches_pkey")),
        schema="public",
        comment="What streams have sent, by request, and the truths that are still to follow",
    )
    op.create_index(
        op.f("stream_batches_due_idx"),
        "stream_batches",
        ["job_id", "answered_at"],
        schema="public",
        postgresql_where=sa.text("truths IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("stream_batches", schema="public")
