"""Which rows models learn from; deployments that are candidates, and which one was chosen last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

# A first activation came with the training, and whoever trained did not choose by it.
CHOSEN = """
UPDATE public.deployments AS d SET chosen_at = greatest(d.set_at, again.since)
FROM public.deployments AS e LEFT JOIN (
    SELECT deployment_id, max("from") AS since FROM public.activations WHERE role = 'active'
    GROUP BY deployment_id HAVING count(*) > 1
) AS again ON again.deployment_id = e.id
WHERE e.id = d.id
"""


def upgrade() -> None:
    op.create_table(
        "snapshots",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column(
            "production_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="up to when production rows came in that are part of it; null if none are",
        ),
        sa.Column(
            "production_rows",
            sa.LargeBinary(),
            nullable=True,
            comment="sample_index of those, ascending int64, zlib",
        ),
        sa.Column("rows", sa.BigInteger(), nullable=False, comment="labelled rows in all"),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="SHA-256 of all rows, in order"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="who asked for it"),
        sa.ForeignKeyConstraint(
            ["use_case"], ["public.use_cases.name"], name=op.f("snapshots_use_case_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("snapshots_pkey")),
        schema="public",
        comment="Rows that models learn from: the training set, and production rows beside it",
    )
    op.create_index("snapshots_once_idx", "snapshots", ["use_case", "digest"], unique=True, schema="public")
    op.create_index(
        "snapshots_newest_idx", "snapshots", ["use_case", sa.text("id DESC")], unique=False, schema="public"
    )
    _add_to_deployments()


def _add_to_deployments() -> None:
    rows = "the rows that it learned from, or is to learn from"
    chosen = "when it was set, or made active again; null for a candidate. The newest is spoken to"
    thrown_away = "when the candidate was thrown away"
    training = "who trains it, while that goes on"
    for column in (
        sa.Column("snapshot_id", sa.BigInteger(), nullable=True, comment=rows),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True, comment=chosen),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True, comment=thrown_away),
        sa.Column("training", postgresql.JSONB(), nullable=True, comment=training),
    ):
        op.add_column("deployments", column, schema="public")
    op.create_foreign_key(
        op.f("deployments_snapshot_id_fkey"),
        "deployments",
        "snapshots",
        ["snapshot_id"],
        ["id"],
        source_schema="public",
        referent_schema="public",
    )
    op.create_index(
        op.f("deployments_snapshot_id_idx"), "deployments", ["snapshot_id"], unique=False, schema="public"
    )
    op.create_index(
        "deployments_chosen_idx",
        "deployments",
        ["use_case", sa.text("chosen_at DESC"), sa.text("id DESC")],
        unique=False,
        schema="public",
        postgresql_where=sa.text("chosen_at IS NOT NULL"),
    )
    op.execute(CHOSEN)
    _check("(trained_at IS NULL OR discarded_at IS NOT NULL) = (artifact IS NULL)")


def downgrade() -> None:
    op.execute("UPDATE public.deployments SET trained_at = NULL WHERE discarded_at IS NOT NULL")
    _check("(trained_at IS NULL) = (artifact IS NULL)")
    op.drop_index("deployments_chosen_idx", table_name="deployments", schema="public")
    for column in ("training", "discarded_at", "chosen_at", "snapshot_id"):
        op.drop_column("deployments", column, schema="public")
    op.drop_table("snapshots", schema="public")


def _check(condition: str) -> None:
    name = op.f("deployments_trained_has_artifact")
    op.drop_constraint(name, "deployments", schema="public", type_="check")
    op.create_check_constraint(name, "deployments", condition, schema="public")
