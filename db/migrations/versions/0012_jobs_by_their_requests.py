"""By which request a job was asked for, so that the request finds it when it is sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    comment = "digest of the request that asked, with its key; empty: it had none"
    op.add_column("jobs", sa.Column("request", sa.Text(), server_default="", nullable=False, comment=comment))
    op.create_index(
        "jobs_request_idx",
        "jobs",
        ["service", "request"],
        unique=True,
        postgresql_where=sa.text("request <> '' AND state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_index("jobs_request_idx", "jobs")
    op.drop_column("jobs", "request")
