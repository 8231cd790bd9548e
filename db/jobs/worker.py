"""A service's worker: takes jobs from the queue and has child processes do them.

It imports nothing of the service but its settings. A process beside it has imported the rest, and is forked
for each attempt. What is known of a job is in its row: a worker that comes back finds there what to do.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from typing import Any

from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from db.jobs.companion import accompany, keep_going
from db.jobs.orders import TASK, TRY_AGAIN, Order, obey, worker_name
from db.jobs.processes import ended, kill, started
from fleet.errors import FleetError
from fleet.jobs import JobDiedError, told
from fleet.logs import set_up_logs
from fleet.settings import WorkerSettings

log = logging.getLogger(__name__)

HEARTBEAT_S, STALE_S = 5.0, 15.0
LOOK_S = 1.0  # whether an attempt is wanted still, or another one
SWEEP_S = 5.0  # for jobs whose worker is gone
AWAY_S = 1.0  # between two tries to reach PostgreSQL
AGAIN_S = 3.0  # until another attempt is made where something was away; each time half as long again
LONGEST_S = 15.0
GIVE_UP_S = 120.0
MOST_DEATHS = 10
FORGET_AT = "17 3 * * *"

BEGIN = """
UPDATE public.jobs SET state = 'running', attempt = attempt + 1, started_at = coalesce(started_at, now()),
    deaths = deaths + (state = 'running')::int
WHERE id = %(job_id)s AND state IN ('queued', 'running')
RETURNING attempt, deaths, limit_s, CASE WHEN cancel_asked THEN 'cancelled'
    WHEN now() - started_at > limit_s * interval '1 s' THEN 'out_of_time'
    WHEN deaths > %(most_deaths)s THEN 'died' ELSE '' END AS "end"
"""
PUT_BACK = """
UPDATE public.jobs SET state = 'queued' WHERE id = %(job_id)s AND attempt = %(attempt)s AND state = 'running'
"""
IS_WANTED = """
SELECT count(*) AS wanted FROM public.jobs WHERE id = %(job_id)s AND attempt = %(attempt)s
    AND (state = 'running' AND NOT cancel_asked OR state = 'succeeded')  -- with what nobody waits for
    AND now() - started_at <= limit_s * interval '1 s'
"""
END = """
UPDATE public.jobs SET state = CASE WHEN cancel_asked THEN 'cancelled' ELSE 'failed' END, ended_at = now(),
    error = CASE WHEN cancel_asked THEN NULL ELSE %(error)s::json END
WHERE id = %(job_id)s AND attempt = %(attempt)s AND state = 'running'
"""
LEFT = """
DELETE FROM public.procrastinate_jobs AS queued
WHERE queue_name = %(service)s AND status = 'doing' AND NOT EXISTS (
    SELECT FROM public.procrastinate_workers AS worker
    WHERE worker.id = queued.worker_id AND last_heartbeat >= now() - %(stale_s)s * interval '1 s')
RETURNING id
"""
STRANDED = """
SELECT id FROM public.jobs WHERE service = %(service)s AND state IN ('queued', 'running') AND NOT EXISTS (
    SELECT FROM public.procrastinate_jobs AS queued
    WHERE queued.args ->> 'job_id' = jobs.id AND queued.status IN ('todo', 'doing'))
"""
FORGET = """
DELETE FROM public.jobs
WHERE service = %(service)s AND ended_at < now() - %(days)s * interval '1 day'
"""


class AttemptEndedError(Exception):
    """Another attempt is to be made. is_away: something it needs is away: not at once."""

    def __init__(self, *, is_away: bool) -> None:
        super().__init__("Another attempt is made")
        self.is_away = is_away


class _Again(BaseRetryStrategy):
    """The row says when a job has ended; until then it is taken up again."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        if isinstance(exception, AttemptEndedError) and not exception.is_away:
            return RetryDecision(retry_in={"seconds": 0})
        pause_s = AGAIN_S * 1.5 ** min(job.attempts, 10)
        return RetryDecision(retry_in={"seconds": round(min(pause_s, LONGEST_S))})


def work(service: str, read_settings: Callable[[], WorkerSettings], *, beside: str = "") -> None:
    """Work until SIGTERM or SIGINT; on a setting that cannot be used, say so and exit with status 1.

    The service's tasks are those of its module `jobs`. beside: the module of what goes on beside them.
    """
    try:
        settings = read_settings()
        set_up_logs(worker_name(service), settings)
    except FleetError as error:
        sys.exit(f"{error.error}\n{error.message}")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # the tasks make processes, not threads: and a fork takes no threads along
    asyncio.run(_until_told(Worker(service, settings, beside=beside)))


async def _until_told(worker: "Worker") -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, worker.stop)
    await worker.run()


class Worker:
    """Works on the jobs of one service; any number of them may. beside: see `work`."""

    def __init__(self, service: str, settings: WorkerSettings, *, beside: str = "") -> None:
        self._service = service
        self._beside = beside
        self._settings = settings
        self._tasks = f"{service}.jobs"
        self._processes = get_context("forkserver")
        preloaded = [self._tasks, f"{service}.warm", "db.jobs.child", beside]
        self._processes.set_forkserver_preload([each for each in preloaded if each])
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Until it is told to stop; PostgreSQL may come and go."""
        await asyncio.to_thread(self._start, _nothing)  # imports now what the first job would wait for
        beside = asyncio.create_task(self._go_on_beside())
        try:
            while not self._stopped.is_set():
                try:
                    await self._serve()
                except (ConnectorException, OSError) as error:
                    log.warning("The dataset database cannot be reached: %s", error.__cause__ or error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), AWAY_S)
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)

    def stop(self) -> None:
        """Have `run` end; what is at work is taken up again by another worker. In run's own thread."""
        self._stopped.set()

    async def _serve(self) -> None:
        app = _app(self._settings.database_address(), worker_name(self._service))

        @app.task(name=TASK, retry=_Again())
        async def attempt(job_id: str) -> None:
            await self._attempt(app, job_id)

        @app.periodic(cron=FORGET_AT, periodic_id=self._service)
        @app.task(name="forget", queue=self._service)
        async def forget(timestamp: int) -> None:
            del timestamp
            await app.connector.execute_query_async(
                FORGET, service=self._service, days=self._settings.jobs_kept_days
            )

        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[self._service],
                    concurrency=self._settings.heavy_at_once,
                    install_signal_handlers=False,
                    delete_jobs="always",
                    shutdown_graceful_timeout=0,
                    fetch_job_polling_interval=LOOK_S,  # nobody is notified of a further attempt
                    update_heartbeat_interval=HEARTBEAT_S,
                    stalled_worker_timeout=STALE_S,
                )
            )
            sweeping = asyncio.create_task(self._sweep(app))
            stopping = asyncio.create_task(self._stopped.wait())
            log.info("Ready for jobs")
            await asyncio.wait([working, sweeping, stopping], return_when=asyncio.FIRST_COMPLETED)
            ended = [each for each in (working, sweeping) if each.done()]
            for each in (working, sweeping, stopping):
                each.cancel()
            await asyncio.gather(working, sweeping, stopping, return_exceptions=True)
            for each in ended:
                each.result()

    async def _go_on_beside(self) -> None:
        if self._beside:
            await keep_going(partial(self._start, accompany, self._service, self._beside, self._settings))

    async def _attempt(self, app: App, job_id: str) -> None:
        begun = await _rows(app, BEGIN, job_id=job_id, most_deaths=MOST_DEATHS)
        if not begun:
            return  # it has ended: it was cancelled, or another worker was quicker
        row = begun[0]
        order = Order(job_id, row["attempt"], row["limit_s"], row["end"])
        process: Any = None
        try:
            process = await started(
                partial(self._start, obey, self._service, self._tasks, self._settings, order)
            )
            if order.end:
                await ended(process, GIVE_UP_S)
            else:
                await self._watch(app, process, order)
        except asyncio.CancelledError as error:  # this worker is stopped
            kill(process)
            with contextlib.suppress(ConnectorException):  # then it counts as a death
                await app.connector.execute_query_async(PUT_BACK, job_id=job_id, attempt=order.attempt)
            raise AttemptEndedError(is_away=False) from error
        finally:
            kill(process)
        if order.end and process.exitcode not in (0, TRY_AGAIN) and row["deaths"] > 2 * MOST_DEATHS:
            log.error("What a job has left cannot be cleared up: it is ended without", extra={"job": job_id})
            died = json.dumps(told(JobDiedError()))
            await app.connector.execute_query_async(END, job_id=job_id, attempt=order.attempt, error=died)
        elif process.exitcode != 0:
            raise AttemptEndedError(is_away=process.exitcode > 0)

    async def _watch(self, app: App, process: Any, order: Order) -> None:
        """Return when the process has ended, or is not wanted any more; also if that cannot be asked."""
        asked = asyncio.get_running_loop().time()
        while not await ended(process, LOOK_S):
            now = asyncio.get_running_loop().time()
            try:
                found = await _rows(app, IS_WANTED, job_id=order.job_id, attempt=order.attempt)
                if not found[0]["wanted"]:
                    return
                asked = now
            except ConnectorException:
                if now - asked > STALE_S:
                    return  # another worker may have it by now

    async def _sweep(self, app: App) -> None:
        """Have taken up what workers that are gone have left.

        Each gets a new entry in the queue: a worker that was only frozen would put the old one back.
        """
        while True:
            await asyncio.sleep(SWEEP_S)
            left = await _rows(app, LEFT, service=self._service, stale_s=STALE_S)
            if left:
                log.warning("Jobs are taken up again whose worker is gone: %s", len(left))
            for row in await _rows(app, STRANDED, service=self._service):
                await app.configure_task(TASK, queue=self._service, lock=row["id"]).defer_async(
                    job_id=row["id"]
                )

    def _start(self, target: Callable[..., None], *arguments: Any) -> Any:
        process = self._processes.Process(target=target, args=arguments, name=f"{self._service}-job")
        process.start()
        return process


def _nothing() -> None:
    """What the first child does."""


def _app(address: str, name: str) -> App:
    """procrastinate on few connections. address: SQLAlchemy's URL."""
    connector = PsycopgConnector(
        conninfo=address.replace("+psycopg2", "", 1),
        min_size=1,
        max_size=4,
        timeout=5,
        kwargs={"application_name": name, "options": "-c timezone=UTC", "connect_timeout": 3},
    )
    return App(connector=connector)


async def _rows(app: App, query: Any, **arguments: Any) -> list[dict[str, Any]]:
    return await app.connector.execute_query_all_async(query, **arguments)
