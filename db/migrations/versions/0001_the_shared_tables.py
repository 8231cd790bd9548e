"""The shared tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    # `select * from samples` in psql shows wine.
    op.execute(
        "DO $$ BEGIN EXECUTE "
        "format('ALTER DATABASE %I SET search_path TO wine, public', current_database()); END $$"
    )
    op.create_table(
        "use_cases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False, comment="classification or regression"),
        sa.Column("target", sa.Text(), nullable=False, comment="what is predicted"),
        sa.Column(
            "features",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="list of {name, type}, in column order",
        ),
        sa.Column(
            "registered_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("task IN ('classification', 'regression')", name=op.f("use_cases_task_is_known")),
        sa.PrimaryKeyConstraint("name", name=op.f("use_cases_pkey")),
        schema="public",
        comment="Registered use cases; each has a schema of its name",
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("model_name", sa.Text(), nullable=False, comment="name in the model catalogue"),
        sa.Column(
            "hyperparameters",
            postgresql.JSON(astext_type=sa.Text()),
            nullable=False,
            comment="as they were set; the rest are defaults",
        ),
        sa.Column("preprocessing", sa.Text(), nullable=False, comment="standard_scaler or none"),
        sa.Column(
            "run_id", sa.Text(), nullable=True, comment="the MLflow run that the model was chosen from"
        ),
        sa.Column("set_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("trained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "artifact",
            sa.LargeBinary(),
            nullable=True,
            comment="the fitted model; read only when it is loaded",
        ),
        sa.Column("artifact_format", sa.Text(), nullable=True, comment="onnx, or joblib"),
        sa.Column(
            "artifact_signature",
            sa.LargeBinary(),
            nullable=True,
            comment="HMAC-SHA256 of a joblib artifact, checked before it is opened",
        ),
        sa.Column(
            "metrics",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="last metrics by set name",
        ),
        sa.Column("failure", sa.Text(), nullable=True, comment="why training failed"),
        sa.Column("actor", sa.Text(), nullable=True, comment="who set it"),
        sa.CheckConstraint("artifact_format IN ('onnx', 'joblib')", name=op.f("deployments_format_is_known")),
        sa.CheckConstraint(
            "(trained_at IS NULL) = (artifact IS NULL)", name=op.f("deployments_trained_has_artifact")
        ),
        sa.ForeignKeyConstraint(
            ["use_case"],
            ["public.use_cases.name"],
            name=op.f("deployments_use_case_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deployments_pkey")),
        schema="public",
        comment="Every model ever set, with its artifact once it is trained",
    )
    op.create_index(
        "deployments_newest_idx",
        "deployments",
        ["use_case", sa.literal_column("set_at DESC"), sa.literal_column("id DESC")],
        unique=False,
        schema="public",
    )
    op.create_table(
        "activations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="active, shadow or canary"),
        sa.Column(
            "from",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="start of the role",
        ),
        sa.Column(
            "until", sa.DateTime(timezone=True), nullable=True, comment="end of the role; null while it lasts"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="training, rollback, ..."),
        sa.Column("actor", sa.Text(), nullable=True, comment="who asked for it"),
        sa.CheckConstraint("role IN ('active', 'shadow', 'canary')", name=op.f("activations_role_is_known")),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["public.deployments.id"],
            name=op.f("activations_deployment_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["use_case"],
            ["public.use_cases.name"],
            name=op.f("activations_use_case_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("activations_pkey")),
        schema="public",
        comment="Which deployment was live when: the newest row without an end is live now",
    )
    op.create_index(
        op.f("activations_deployment_id_idx"), "activations", ["deployment_id"], unique=False, schema="public"
    )
    op.create_index(
        "activations_one_active_idx",
        "activations",
        ["use_case"],
        unique=True,
        schema="public",
        postgresql_where=sa.text("role = 'active' AND until IS NULL"),
    )
    op.create_table(
        "monitoring_results",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("use_case", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.BigInteger(), nullable=True, comment="whose predictions were judged"),
        sa.Column("metric", sa.Text(), nullable=False, comment="report, tests or summary"),
        sa.Column(
            "groups",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="groups of checks that were asked for",
        ),
        sa.Column("all_passed", sa.Boolean(), nullable=True, comment="null for a report"),
        sa.Column(
            "result", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="as it was answered"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "metric IN ('report', 'tests', 'summary')", name=op.f("monitoring_results_metric_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["deployment_id"],
            ["public.deployments.id"],
            name=op.f("monitoring_results_deployment_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["use_case"],
            ["public.use_cases.name"],
            name=op.f("monitoring_results_use_case_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("monitoring_results_pkey")),
        schema="public",
        comment="Every result that monitoring has given",
    )
    op.create_index(
        op.f("monitoring_results_deployment_id_idx"),
        "monitoring_results",
        ["deployment_id"],
        unique=False,
        schema="public",
    )
    op.create_index(
        "monitoring_results_newest_idx",
        "monitoring_results",
        ["use_case", sa.literal_column("created_at DESC")],
        unique=False,
        schema="public",
    )


def downgrade() -> None:
    op.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path', current_database()); END $$"
    )
    op.drop_index("monitoring_results_newest_idx", table_name="monitoring_results", schema="public")
    op.drop_index(
        op.f("monitoring_results_deployment_id_idx"), table_name="monitoring_results", schema="public"
    )
    op.drop_table("monitoring_results", schema="public")
    op.drop_index(
        "activations_one_active_idx",
        table_name="activations",
        schema="public",
        postgresql_where=sa.text("role = 'active' AND until IS NULL"),
    )
    op.drop_index(op.f("activations_deployment_id_idx"), table_name="activations", schema="public")
    op.drop_table("activations", schema="public")
    op.drop_index("deployments_newest_idx", table_name="deployments", schema="public")
    op.drop_table("deployments", schema="public")
    op.drop_table("use_cases", schema="public")
