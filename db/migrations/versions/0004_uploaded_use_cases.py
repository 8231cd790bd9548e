"""Definitions and CSV files that are uploaded, and which file the simulated rows of a use case are from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

BEFORE = "list of {name, type}, in column order"
AFTER = "list of {name, type, categories}, in column order"


def upgrade() -> None:
    op.create_table(
        "csv_parts",
        sa.Column("use_case", sa.Text(), nullable=False, comment="whose rows they are"),
        sa.Column(
            "complete",
            sa.Boolean(),
            nullable=False,
            comment="of the file that counts, or of one whose last part is not there yet",
        ),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False, comment="1, 2, 3, ..."),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("use_case", "complete", "part", name=op.f("csv_parts_pkey")),
        schema="public",
        comment="Uploaded CSV files, in parts of what a request may hold",
    )
    op.add_column(
        "use_cases",
        sa.Column(
            "uploaded",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the whole definition, if it was uploaded; null if it is a file of the simulator",
        ),
        schema="public",
    )
    op.add_column(
        "use_cases",
        sa.Column(
            "source_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="SHA-256 of the file that the simulated rows are from, and of its split",
        ),
        schema="public",
    )
    _say(AFTER, BEFORE)


def downgrade() -> None:
    _say(BEFORE, AFTER)
    op.drop_column("use_cases", "source_digest", schema="public")
    op.drop_column("use_cases", "uploaded", schema="public")
    op.drop_table("csv_parts", schema="public")


def _say(comment: str, existing: str) -> None:
    op.alter_column(
        "use_cases",
        "features",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        existing_nullable=False,
        comment=comment,
        existing_comment=existing,
        schema="public",
    )
