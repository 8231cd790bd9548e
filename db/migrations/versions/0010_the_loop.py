"""What the loop keeps: references of deployments, verdicts, policies, loops, and rows that have decided."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

NOW, NOTHING = sa.text("now()"), sa.text("'{}'::jsonb")
TABLES = (
    "deployment_references",
    "reference_figures",
    "policies",
    "verdicts",
    "loops",
    "loop_steps",
    "decided_rows",
)


def upgrade() -> None:
    _references()
    _policies()
    _verdicts()
    _loops()
    _steps()
    _decided_rows()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table, schema="public")


def _make(table: str, comment: str, *parts: Any) -> None:
    op.create_table(table, *parts, schema="public", comment=comment)


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    told: dict[str, Any] = {} if where is None else {"postgresql_where": sa.text(where)}
    unique = where is not None or name.endswith("_once_idx")
    op.create_index(
        op.f(name), table, [sa.text(each) for each in columns], unique=unique, schema="public", **told
    )


def _column(name: str, kind: Any, comment: str | None = None, *, null: bool = False, **more: Any) -> Any:
    return sa.Column(name, kind, nullable=null, comment=comment, **more)


def _id() -> Any:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _time(name: str, comment: str | None = None) -> Any:
    """One that is now unless it is told; with a comment, or as an end, one that may be unknown."""
    known = comment is None and name != "ended_at"
    told = {"server_default": NOW} if known else {}
    return _column(name, sa.DateTime(timezone=True), comment, null=not known, **told)


def _key(table: str, *columns: str) -> Any:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"{table}_pkey"))


def _foreign(table: str, column: str, to: str, ondelete: str) -> Any:
    name = op.f(f"{table}_{column}_fkey")
    return sa.ForeignKeyConstraint([column], [f"public.{to}"], name=name, ondelete=ondelete)


def _references() -> None:
    table = "deployment_references"
    _make(
        table,
        "Out-of-fold predictions of deployments, made when they are trained",
        _column("deployment_id", sa.BigInteger(), autoincrement=False),
        _column("predictions", sa.LargeBinary(), "of its snapshot's rows, float64 each, zlib"),
        _column(
            "probabilities",
            sa.LargeBinary(),
            "of the predicted classes, the same way; null: it gives none",
            null=True,
        ),
        _time("made_at"),
        _foreign(table, "deployment_id", "deployments.id", "CASCADE"),
        _key(table, "deployment_id"),
    )
    table = "reference_figures"
    _make(
        table,
        "Sorted columns and counts of references, until their rows change",
        _column("deployment_id", sa.BigInteger(), autoincrement=False),
        _column("reference", sa.Text(), "testing, training, or both"),
        _column("version", sa.Text(), "another one when the rows have changed"),
        _column("figures", sa.LargeBinary(), "arrays of numpy, by column"),
        _time("made_at"),
        _foreign(table, "deployment_id", "deployments.id", "CASCADE"),
        _key(table, "deployment_id", "reference"),
    )
    # Sorted numbers hardly get smaller, and PostgreSQL would take a minute to find out.
    op.execute("ALTER TABLE public.reference_figures ALTER COLUMN figures SET STORAGE EXTERNAL")


def _policies() -> None:
    table = "policies"
    _make(
        table,
        "What the loop may do, by use case; without a row it does nothing",
        _column("use_case", sa.Text()),
        _column("policy", postgresql.JSONB(), "as it was put, without the webhook's secret"),
        _column("secret", sa.Text(), "that webhooks are signed with", null=True),
        _column(
            "judged_until",
            sa.BigInteger(),
            "sample_id of the last row that the policy has judged",
            server_default=sa.text("0"),
        ),
        _time("judged_at", "when it last did"),
        _time("changed_at"),
        _column("actor", sa.Text(), "who put it"),
        _foreign(table, "use_case", "use_cases.name", "CASCADE"),
        _key(table, "use_case"),
    )


def _verdicts() -> None:
    table, verdicts = "verdicts", "'steady', 'warning', 'act', 'insufficient'"
    _make(
        table,
        "Every verdict on a window of production, with all that it rests on",
        _id(),
        _column("use_case", sa.Text()),
        _column("deployment_id", sa.BigInteger(), "that was judged", null=True),
        _column("verdict", sa.Text(), "steady, warning, act or insufficient"),
        _column("sentence", sa.Text(), "why, for people"),
        _column("evidence", sa.Text(), "what might act: auto, harm, drift or either"),
        _column("reference", postgresql.JSONB(), "what the window was held against"),
        _column("first_id", sa.BigInteger(), "sample_id of the window's first row"),
        _column("last_id", sa.BigInteger(), "sample_id of its last"),
        _column("rows", sa.BigInteger(), "of the window, duplicates included"),
        _column("labelled", sa.BigInteger(), "of them, how many had a target"),
        _column("figures", postgresql.JSONB(), "every p and effect, of the window and pooled"),
        _time("created_at"),
        _column("actor", sa.Text(), "who asked for it"),
        _column("by_policy", sa.Boolean(), "whether a policy did", server_default=sa.false()),
        sa.CheckConstraint(f"verdict IN ({verdicts})", name=op.f(f"{table}_verdict_is_known")),
        _foreign(table, "deployment_id", "deployments.id", "SET NULL"),
        _foreign(table, "use_case", "use_cases.name", "CASCADE"),
        _key(table, "id"),
    )
    _index("verdicts_newest_idx", table, "use_case", "id DESC")
    _index("verdicts_window_idx", table, "deployment_id", "last_id DESC")


def _loops() -> None:
    table = "loops"
    outcomes = "'kept', 'rolled_back', 'rejected', 'held', 'superseded', 'aborted', 'failed'"
    others = {
        "verdict_id": ("verdicts.id", "that it began with; null: by hand"),
        "champion_id": ("deployments.id", "that was live when it began"),
        "challenger_id": ("deployments.id", "that the loop has trained"),
        "snapshot_id": ("snapshots.id", "what was learned from"),
    }
    _make(
        table,
        "Loops, one in flight a use case",
        _id(),
        _column("use_case", sa.Text()),
        *(_column(name, sa.BigInteger(), comment, null=True) for name, (_, comment) in others.items()),
        _column("policy", postgresql.JSONB(), "as it was when the loop began"),
        _column("step", sa.Text(), "that is at work, or was the last"),
        _column("outcome", sa.Text(), "how it ended; null while it goes on", null=True),
        _column("reason", sa.Text(), "of that, in a sentence", null=True),
        _column("job_id", sa.Text(), "that does it", null=True),
        _time("started_at"),
        _time("ended_at"),
        _column("actor", sa.Text(), "who began it"),
        sa.CheckConstraint(f"outcome IN ({outcomes})", name=op.f(f"{table}_outcome_is_known")),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name=op.f(f"{table}_ended_has_outcome")),
        _foreign(table, "use_case", "use_cases.name", "CASCADE"),
        *(_foreign(table, name, to, "SET NULL") for name, (to, _) in others.items()),
        _key(table, "id"),
    )
    for name in others:
        _index(f"loops_{name}_idx", table, name)
    _index("loops_newest_idx", table, "use_case", "id DESC")
    _index("loops_one_in_flight_idx", table, "use_case", where="ended_at IS NULL")


def _steps() -> None:
    table = "loop_steps"
    _make(
        table,
        "Steps of loops: enough to come to the same end again",
        _id(),
        _column("loop_id", sa.BigInteger()),
        _column("name", sa.Text(), "judge, reserve, search, train, gate, promote, watch or end"),
        _column("look", sa.Integer(), "how often it was looked, from 1", server_default=sa.text("1")),
        _column("given", postgresql.JSONB(), "what went in", server_default=NOTHING),
        _column("figures", postgresql.JSONB(), "what was found", server_default=NOTHING),
        _column("outcome", sa.Text(), "what follows; null while it goes on", null=True),
        _column("reason", sa.Text(), "of that, in a sentence", null=True),
        _time("began_at"),
        _time("ended_at"),
        _foreign(table, "loop_id", "loops.id", "CASCADE"),
        _key(table, "id"),
    )
    _index("loop_steps_once_idx", table, "loop_id", "name", "look")


def _decided_rows() -> None:
    table = "decided_rows"
    _make(
        table,
        "Rows that decided between two models; none does so a second time",
        _column("use_case", sa.Text()),
        _column("sample_index", sa.BigInteger(), autoincrement=False),
        _column("loop_id", sa.BigInteger(), "in which; not learned from until it has ended"),
        _column("look", sa.Integer(), "of the gate, from 1"),
        _foreign(table, "loop_id", "loops.id", "CASCADE"),
        _foreign(table, "use_case", "use_cases.name", "CASCADE"),
        _key(table, "use_case", "sample_index"),
    )
    _index("decided_rows_loop_idx", table, "loop_id")
