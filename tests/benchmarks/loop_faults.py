"""What must be true of every loop that has ended, whatever was killed on its way; asked of PostgreSQL."""

from sqlalchemy import Connection, Engine, text

# By what is wrong: how often it is so. :loop and :use_case say of which.
OF_LOOPS = {
    "ended without a reason": "SELECT count(*) FROM public.loops "
    "WHERE id = :loop AND coalesce(reason, '') = ''",
    "a step without an end": "SELECT count(*) FROM public.loop_steps "
    "WHERE loop_id = :loop AND outcome IS NULL",
    "promoted again": "SELECT greatest(count(*) - 1, 0) FROM public.activations a JOIN public.loops l "
    "ON l.id = :loop AND a.deployment_id = l.challenger_id WHERE role = 'active' AND a.from >= started_at",
    "not one active model": "SELECT abs(count(*) - 1) FROM public.activations "
    "WHERE use_case = :use_case AND role = 'active' AND until IS NULL",
    "another model is live than the outcome says": "SELECT count(*) FROM public.loops l "
    "JOIN public.activations a ON a.use_case = l.use_case AND role = 'active' AND until IS NULL "
    "WHERE l.id = :loop AND ((outcome = 'kept') <> (a.deployment_id = challenger_id)) "
    "AND outcome <> 'superseded'",
    "a shadow is left": "SELECT count(*) FROM public.activations "
    "WHERE use_case = :use_case AND role <> 'active' AND until IS NULL",
    "a candidate is left": "SELECT count(*) FROM public.deployments d JOIN public.loop_steps s "
    "ON loop_id = :loop AND name = 'train' AND run_id = given ->> 'run_id' "
    "WHERE trained_at IS NOT NULL AND discarded_at IS NULL AND NOT EXISTS "
    "(SELECT FROM public.activations WHERE deployment_id = d.id) AND NOT EXISTS "
    "(SELECT FROM public.loops WHERE id = :loop AND outcome = 'held')",
    "trained twice": "SELECT greatest(count(*) - 1, 0) FROM public.deployments JOIN public.loop_steps "
    "ON loop_id = :loop AND name = 'train' AND run_id = given ->> 'run_id' WHERE trained_at IS NOT NULL",
    "other rows decided than the gate had": "SELECT count(*) FROM public.loop_steps WHERE loop_id = :loop "
    "AND name = 'gate' AND look = 1 AND (figures ->> 'rows')::int <> "
    "(SELECT count(*) FROM public.decided_rows WHERE loop_id = :loop AND look = 1)",
    "jobs at work": "SELECT count(*) FROM public.jobs WHERE state IN ('queued', 'running') AND "
    "(kind = 'loop' AND (arguments ->> 'loop_id')::int = :loop OR arguments ->> 'use_case' = :use_case)",
}
TWICE = (
    "SELECT count(*) FROM (SELECT FROM public.decided_rows WHERE use_case = :use_case "
    "GROUP BY sample_index HAVING count(*) > 1) AS twice"
)
RUNNING = (
    "SELECT count(*) FROM runs JOIN experiments USING (experiment_id) "
    "WHERE runs.status = 'RUNNING' AND experiments.name = :use_case || ', loop ' || :loop"
)


def faults_of(dataset: Connection, mlflow: Engine, loop: int, use_case: str) -> list[str]:
    """Everything that is wrong with a loop that has ended."""
    told = {"loop": loop, "use_case": use_case}
    found = {what: dataset.scalar(text(query), told) for what, query in OF_LOOPS.items()}
    found["a row decided twice"] = dataset.scalar(text(TWICE), told)
    with mlflow.connect() as connection:
        found["a run goes on"] = connection.scalar(text(RUNNING), {**told, "loop": str(loop)})
    return [what for what, count in found.items() if count]
