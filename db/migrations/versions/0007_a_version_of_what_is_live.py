"""A version of what is live, by which a process sees that something has changed without reading all of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# Nobody waits for the one row before he commits, and then only for as long as that takes. A number that
# counts could come, after a backup was restored, to what it was before; this one never does.
CHANGED = """
CREATE FUNCTION public.what_is_live_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.live_version SET version = gen_random_uuid() WHERE xmin <> pg_current_xact_id()::xid;
    RETURN NULL;
END $$
"""
WATCHED = {
    "activations": "INSERT OR UPDATE OR DELETE",
    "use_cases": "INSERT OR UPDATE OF name, task, target, features OR DELETE",
}


def upgrade() -> None:
    table = op.create_table(
        "live_version",
        sa.Column("version", sa.Uuid(), nullable=False, comment="another one after every such change"),
        sa.PrimaryKeyConstraint("version", name=op.f("live_version_pkey")),
        schema="public",
        comment="One row, which changes with what is live and with the use cases that there are",
    )
    op.execute(table.insert().values(version=sa.func.gen_random_uuid()))
    op.execute(CHANGED)
    for name, events in WATCHED.items():
        op.execute(
            f"CREATE CONSTRAINT TRIGGER what_is_live_has_changed AFTER {events} ON public.{name} "
            "DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION public.what_is_live_has_changed()"
        )


def downgrade() -> None:
    for name in WATCHED:
        op.execute(f"DROP TRIGGER what_is_live_has_changed ON public.{name}")
    op.execute("DROP FUNCTION public.what_is_live_has_changed")
    op.drop_table("live_version", schema="public")
