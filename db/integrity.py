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
    """Make the triggers of a use case's tables; once is enough."""
    query = text("SELECT tgname FROM pg_trigger WHERE tgrelid IN (to_regclass(:a), to_regclass(:b))")
    there = set(connection.scalars(query, {"a": f'"{schema}".predictions', "b": f'"{schema}".samples'}))
    quoted = '"' + schema.replace('"', '""') + '"'
    for name, body in TRIGGERS.items():
        if name not in there:
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {body.format(schema=quoted)}")
