"""The share of the traffic that a canary gets; predictions kept true a statement at a time, not a row."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# The planner does not know how well an index serves here, and would read all samples for each statement. It
# should only where the statement tells of a good part of them.
CHECK = """
CREATE FUNCTION public.check_predictions() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    setting text := 'mlfleet.held_' || TG_TABLE_SCHEMA;
    held int[] := coalesce(nullif(current_setting(setting, true), ''), '{}')::int[];
    asked bigint[];
    told_rows bigint;
    sets int[];
    missing bigint;
    own text := TG_TABLE_SCHEMA;
    look text := format(
        'SELECT array_agg(dataset_id) FILTER (WHERE dataset_id IS NOT NULL), min(missing) FROM ('
        'SELECT s.dataset_id, min(told.sample_index) FILTER (WHERE s.sample_index IS NULL) AS missing '
        'FROM told LEFT JOIN %I.samples AS s ON s.sample_index = told.sample_index GROUP BY s.dataset_id'
        ') AS each', own);
BEGIN
    SELECT array_agg(deployment_id), sum(rows) INTO asked, told_rows
        FROM (SELECT deployment_id, count(*) AS rows FROM told GROUP BY deployment_id) AS each;
    IF asked IS NULL THEN
        RETURN NULL;
    END IF;
    IF told_rows >= 50000 AND told_rows * 10 >= (
        SELECT reltuples FROM pg_class WHERE oid = format('%I.samples', own)::regclass
    ) THEN
        PERFORM set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true);
    END IF;
    PERFORM FROM public.deployments WHERE id = ANY (asked) FOR KEY SHARE;
    SELECT each INTO missing FROM unnest(asked) AS each
        WHERE NOT EXISTS (SELECT FROM public.deployments WHERE id = each) LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE foreign_key_violation USING MESSAGE = format('there is no deployment %s', missing);
    END IF;
    IF current_setting('mlfleet.kept_' || own, true) = 'on' THEN
        RETURN NULL;  -- see telling_of_kept_samples
    END IF;
    EXECUTE look INTO sets, missing;
    WHILE missing IS NULL AND NOT sets <@ held LOOP
        EXECUTE format('SELECT FROM %I.datasets WHERE dataset_id = ANY ($1) FOR SHARE', own) USING sets;
        held := held || sets;
        EXECUTE look INTO sets, missing;  -- whoever held them may have deleted samples, or moved them
    END LOOP;
    PERFORM set_config(setting, held::text, true);
    IF missing IS NOT NULL THEN
        RAISE foreign_key_violation USING MESSAGE = format('there is no sample %s', missing);
    END IF;
    RETURN NULL;
END $$
"""
FORGET_OF_SAMPLES = """
CREATE FUNCTION public.forget_predictions_of_samples() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone) THEN
        EXECUTE format(
            'SELECT FROM %I.datasets WHERE dataset_id IN (SELECT DISTINCT dataset_id FROM gone) '
            'FOR NO KEY UPDATE', TG_TABLE_SCHEMA);
        EXECUTE format(
            'DELETE FROM %I.predictions WHERE deployment_id = ANY (ARRAY(SELECT id FROM public.deployments)) '
            'AND sample_index IN (SELECT sample_index FROM gone)', TG_TABLE_SCHEMA);
    END IF;
    RETURN NULL;
END $$
"""
FORGET_ALL = """
CREATE FUNCTION public.forget_all_predictions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('TRUNCATE %I.predictions', TG_TABLE_SCHEMA);
    RETURN NULL;
END $$
"""
KEEP_NUMBER = """
CREATE FUNCTION public.keep_sample_index() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    predicted boolean;
BEGIN
    EXECUTE format('SELECT FROM %I.datasets WHERE dataset_id = $1 FOR NO KEY UPDATE', TG_TABLE_SCHEMA)
        USING OLD.dataset_id;  -- whoever tells of the sample holds its set
    IF OLD.sample_index = NEW.sample_index THEN
        RETURN NEW;
    END IF;
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I.predictions WHERE sample_index = $1 '
        'AND deployment_id = ANY (ARRAY(SELECT id FROM public.deployments)))', TG_TABLE_SCHEMA)
        INTO predicted USING OLD.sample_index;
    IF predicted THEN
        RAISE foreign_key_violation USING MESSAGE = format('sample %s has predictions', OLD.sample_index);
    END IF;
    RETURN NEW;
END $$
"""
# The tables of predictions are those that the first function checks.
FORGET_OF_DEPLOYMENTS = """
CREATE FUNCTION public.forget_predictions_of_deployments() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    predictions regclass;
BEGIN
    FOR predictions IN
        SELECT DISTINCT tgrelid FROM pg_trigger WHERE tgfoid = 'public.check_predictions'::regproc
    LOOP
        IF TG_OP = 'TRUNCATE' THEN
            EXECUTE format('TRUNCATE %s', predictions);
        ELSE
            EXECUTE format('DELETE FROM %s WHERE deployment_id IN (SELECT id FROM gone)', predictions);
        END IF;
    END LOOP;
    RETURN NULL;
END $$
"""
KEEP_ID = """
CREATE FUNCTION public.keep_deployment_id() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    predictions regclass;
    predicted boolean;
BEGIN
    FOR predictions IN
        SELECT DISTINCT tgrelid FROM pg_trigger WHERE tgfoid = 'public.check_predictions'::regproc
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE deployment_id = $1)', predictions)
            INTO predicted USING OLD.id;
        IF predicted THEN
            RAISE foreign_key_violation USING MESSAGE = format('deployment %s has predictions', OLD.id);
        END IF;
    END LOOP;
    RETURN NEW;
END $$
"""
TRIGGERS = {
    "predictions_go_along": """
        AFTER DELETE ON public.deployments REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION public.forget_predictions_of_deployments()""",
    "predictions_go_with_all": """
        AFTER TRUNCATE ON public.deployments
        FOR EACH STATEMENT EXECUTE FUNCTION public.forget_predictions_of_deployments()""",
    "predicting_deployments_keep_their_id": """
        BEFORE UPDATE OF id ON public.deployments FOR EACH ROW
        WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION public.keep_deployment_id()""",
}

# Of every use case's tables, {schema} being its name.
USE_CASE_TRIGGERS = {
    "added_predictions_refer": """
        AFTER INSERT ON {schema}.predictions REFERENCING NEW TABLE AS told
        FOR EACH STATEMENT EXECUTE FUNCTION public.check_predictions()""",
    "changed_predictions_refer": """
        AFTER UPDATE ON {schema}.predictions REFERENCING NEW TABLE AS told
        FOR EACH STATEMENT EXECUTE FUNCTION public.check_predictions()""",
    "predictions_go_along": """
        AFTER DELETE ON {schema}.samples REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION public.forget_predictions_of_samples()""",
    "predictions_go_with_all": """
        AFTER TRUNCATE ON {schema}.samples
        FOR EACH STATEMENT EXECUTE FUNCTION public.forget_all_predictions()""",
    "predicted_samples_keep_their_number": """
        BEFORE UPDATE OF sample_index, dataset_id ON {schema}.samples FOR EACH ROW
        WHEN (OLD.sample_index <> NEW.sample_index OR OLD.dataset_id <> NEW.dataset_id)
        EXECUTE FUNCTION public.keep_sample_index()""",
}
WITHOUT_KEYS = (
    "ALTER TABLE {schema}.predictions DROP CONSTRAINT predictions_sample_index_fkey",
    "ALTER TABLE {schema}.predictions DROP CONSTRAINT predictions_deployment_id_fkey",
    "DROP INDEX {schema}.predictions_by_deployment",
    (
        "ALTER TABLE {schema}.predictions DROP CONSTRAINT one_prediction_per_deployment, "
        "ADD CONSTRAINT one_prediction_per_deployment UNIQUE (deployment_id, sample_index)"
    ),
)
WITH_KEYS = (
    (
        "ALTER TABLE {schema}.predictions DROP CONSTRAINT one_prediction_per_deployment, "
        "ADD CONSTRAINT one_prediction_per_deployment UNIQUE (sample_index, deployment_id)"
    ),
    "CREATE INDEX predictions_by_deployment ON {schema}.predictions (deployment_id)",
    (
        "ALTER TABLE {schema}.predictions ADD CONSTRAINT predictions_sample_index_fkey "
        "FOREIGN KEY (sample_index) REFERENCES {schema}.samples (sample_index) ON DELETE CASCADE"
    ),
    (
        "ALTER TABLE {schema}.predictions ADD CONSTRAINT predictions_deployment_id_fkey "
        "FOREIGN KEY (deployment_id) REFERENCES public.deployments (id) ON DELETE CASCADE"
    ),
)

FUNCTIONS = (
    "check_predictions",
    "forget_predictions_of_samples",
    "forget_all_predictions",
    "keep_sample_index",
    "forget_predictions_of_deployments",
    "keep_deployment_id",
)


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
    for function in (CHECK, FORGET_OF_SAMPLES, FORGET_ALL, KEEP_NUMBER, FORGET_OF_DEPLOYMENTS, KEEP_ID):
        op.execute(function)
    for name, body in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER {name} {body}")
    for schema in _schemas():
        for statement in WITHOUT_KEYS:
            op.execute(statement.format(schema=schema))
        for name, body in USE_CASE_TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body.format(schema=schema)}")


def downgrade() -> None:
    for schema in _schemas():
        for name in USE_CASE_TRIGGERS:
            table = "predictions" if name.endswith("_refer") else "samples"
            op.execute(f"DROP TRIGGER {name} ON {schema}.{table}")
        for statement in WITH_KEYS:
            op.execute(statement.format(schema=schema))
    for name in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON public.deployments")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION public.{function}()")
    op.drop_index("activations_lasting_idx", table_name="activations", schema="public")
    op.drop_constraint(op.f("activations_share_is_a_canarys"), "activations", schema="public")
    op.drop_column("activations", "share", schema="public")


def _schemas() -> list[str]:
    """Of the use cases whose tables are made, quoted."""
    query = """
        SELECT quote_ident(name) FROM public.use_cases
        WHERE to_regclass(quote_ident(name) || '.predictions') IS NOT NULL ORDER BY name"""
    return list(op.get_bind().scalars(sa.text(query)))
