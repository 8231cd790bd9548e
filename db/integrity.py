"""What keeps predictions true to samples and deployments: triggers that run once a statement.

Foreign keys would do the same a row at a time, which takes longer than everything else when a million
predictions are stored. A migration makes the functions, and the triggers of the deployments; here are the
triggers of each use case's tables.

A statement that stores predictions holds the sets that they are of, as whoever reads a set does, and who
deletes, renumbers or moves samples holds their set against them. One waits for the other, and then sees what
it has done: as with foreign keys, provided that transactions are READ COMMITTED, PostgreSQL's default.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

REFERENCES = ("predictions_sample_index_fkey", "predictions_deployment_id_fkey")  # of older versions

TRIGGERS = {
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


ONE_INDEX = """
ALTER TABLE {schema}.predictions DROP CONSTRAINT one_prediction_per_deployment,
    ADD CONSTRAINT one_prediction_per_deployment UNIQUE (deployment_id, sample_index)
"""
TWO_INDEXES = (
    """
ALTER TABLE {schema}.predictions DROP CONSTRAINT one_prediction_per_deployment,
    ADD CONSTRAINT one_prediction_per_deployment UNIQUE (sample_index, deployment_id)
""",
    "CREATE INDEX predictions_by_deployment ON {schema}.predictions (deployment_id)",
)


def tell_held(session: Session, schema: str, dataset_id: int) -> None:
    """Let the triggers know that this transaction holds a set, so that they need not."""
    named = {"name": f"mlfleet.held_{schema}", "held": f"{{{dataset_id}}}"}
    session.execute(text("SELECT set_config(:name, :held, true)"), named)


@contextmanager
def telling_of_kept_samples(session: Session, schema: str) -> Iterator[None]:
    """Spare the triggers looking for, and holding, samples that nobody can have deleted.

    Those are: what was read since this transaction holds its set, and what this transaction has stored
    itself, which nobody else sees yet. Only for statements that tell of such samples and no others; whether
    there is the deployment is looked at nevertheless.
    """
    name = {"name": f"mlfleet.kept_{schema}"}
    session.execute(text("SELECT set_config(:name, 'on', true)"), name)
    yield
    session.execute(text("SELECT set_config(:name, '', true)"), name)


def keep_predictions_true(connection: Connection, schema: str) -> None:
    """Make the triggers of a use case's tables in place of older versions' foreign keys; once is enough.

    Older versions also had two indexes where one does.
    """
    query = text("SELECT tgname FROM pg_trigger WHERE tgrelid IN (to_regclass(:a), to_regclass(:b))")
    tables = {"a": f'"{schema}".predictions', "b": f'"{schema}".samples'}
    there = set(connection.scalars(query, tables))
    for name, body in TRIGGERS.items():
        if name not in there:
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {body.format(schema=_quoted(schema))}")
    query = text("SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:a) AND contype = 'f'")
    for name in connection.scalars(query, {"a": tables["a"]}).all():
        if name in REFERENCES:
            connection.exec_driver_sql(f"ALTER TABLE {_quoted(schema)}.predictions DROP CONSTRAINT {name}")
    older = text("SELECT to_regclass(:name)")
    if connection.scalar(older, {"name": f"{_quoted(schema)}.predictions_by_deployment"}):
        connection.exec_driver_sql(f"DROP INDEX {_quoted(schema)}.predictions_by_deployment")
        connection.exec_driver_sql(ONE_INDEX.format(schema=_quoted(schema)))


def refer_by_keys(connection: Connection, schema: str) -> None:
    """Back to the foreign keys, and indexes, of older versions."""
    for statement in TWO_INDEXES:
        connection.exec_driver_sql(statement.format(schema=_quoted(schema)))
    predictions, samples = f"{_quoted(schema)}.predictions", f"{_quoted(schema)}.samples"
    for name in TRIGGERS:
        table = predictions if name.endswith("_refer") else samples
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name} ON {table}")
    for column, other in (
        ("sample_index", f"{samples} (sample_index)"),
        ("deployment_id", "public.deployments (id)"),
    ):
        connection.exec_driver_sql(
            f"ALTER TABLE {predictions} ADD CONSTRAINT predictions_{column}_fkey "
            f"FOREIGN KEY ({column}) REFERENCES {other} ON DELETE CASCADE"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
