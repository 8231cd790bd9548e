"""What slow, greedy and malicious clients do to a service, and what it answers them.

    python -m tests.benchmarks.abuse [--seconds 60]

Starts a PostgreSQL, an MLflow and the services of the loop, attacks them, and prints one Markdown table:
what was answered, how soon readiness was answered meanwhile, and the memory of the service before, at most
and after.
"""

import argparse
import asyncio
import itertools
import secrets
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.benchmarks.hostile_requests import hostile, mixture
from tests.benchmarks.raw_http import CLOSED, Connection, Target, json_request, request
from tests.benchmarks.watch import Watch
from tests.conftest import free_port
from tests.mlflow_server import MlflowServer
from tests.running import RunningService, running_service

BODY_TIMEOUT_S = 5
SIMULATOR = "/root/simulator"
GIGABYTE = 2**30
CHUNK = b"x" * 2**16
LARGEST = 16 * 2**20
PATIENCE_S = 45  # longer than any limit of time that a service has here
MEGABYTE = 2**20
OTHERS_S = 0.1

HEADINGS = """\
| attack | answers | readiness: median / slowest | memory, MB: before / peak / after |
|---|---|---|---|"""

Attack = Callable[[Target], Coroutine[Any, Any, Counter[str]]]


async def together(attempts: Iterable[Awaitable[str]]) -> Counter[str]:
    """The statuses of attempts that are made side by side."""
    return Counter(await asyncio.gather(*attempts))


async def stall(target: Target, start: bytes) -> str:
    """Send the start of a request and nothing more."""
    connection = await Connection.open(target)
    await connection.send(start)
    status = await connection.status(seconds=PATIENCE_S)
    connection.close()
    return status


async def drip(target: Target) -> str:
    """Send a header every second, and never the end of them."""
    connection = await Connection.open(target)
    await connection.send(f"GET {SIMULATOR} HTTP/1.1\r\nHost: fleet\r\n".encode())
    dripping = asyncio.create_task(_send_headers(connection))
    status = await connection.status(seconds=PATIENCE_S)
    dripping.cancel()
    connection.close()
    return status


async def _send_headers(connection: Connection) -> None:
    for number in itertools.count():
        await asyncio.sleep(1)
        if not await connection.send(f"X-Drip-{number}: 1\r\n".encode()):
            return


async def push(target: Target, head: str, chunk: bytes) -> str:
    """Send a gigabyte, as long as the service takes it, then look at the answer."""
    connection = await Connection.open(target)
    sent = 0
    await connection.send(f"POST {SIMULATOR} HTTP/1.1\r\nHost: fleet\r\n{head}\r\n\r\n".encode())
    while sent < GIGABYTE and await connection.send(chunk):
        sent += len(chunk)
    status = await connection.status(seconds=PATIENCE_S)
    connection.close()
    return status


async def stalled_uploads(target: Target) -> Counter[str]:
    start = f"POST {SIMULATOR} HTTP/1.1\r\nHost: fleet\r\nContent-Length: 100\r\n\r\n{{".encode()
    return await together(stall(target, start) for _ in range(50))


async def stalled_large_uploads(target: Target) -> Counter[str]:
    start = request("POST", SIMULATOR, b"x" * LARGEST)[:-1]
    return await together(stall(target, start) for _ in range(50))


async def uploads_beside_others(target: Target) -> Counter[str]:
    """Three large uploads stand still, on routes that there are and one that there is not; others go on."""
    starts = [request("POST", path, b" " * LARGEST)[:-1] for path in ("/no/such/path", SIMULATOR, SIMULATOR)]
    stalled = asyncio.gather(*(stall(target, start) for start in starts))
    small = json_request("POST", SIMULATOR, {"set_name": "dataset"})
    statuses: Counter[str] = Counter()
    while not stalled.done():
        connection = await Connection.open(target)
        await connection.send(small)
        statuses[f"small POSTs meanwhile {await connection.status(seconds=PATIENCE_S)}"] += 1
        connection.close()
        await asyncio.sleep(OTHERS_S)
    return statuses + Counter(await stalled)


async def dripping_headers(target: Target) -> Counter[str]:
    return await together(drip(target) for _ in range(200))


async def silent_connections(target: Target) -> Counter[str]:
    return await together(stall(target, b"") for _ in range(200))


async def gigabyte(target: Target) -> Counter[str]:
    return await together([push(target, f"Content-Length: {GIGABYTE}", CHUNK)])


async def gigabyte_that_waits(target: Target) -> Counter[str]:
    start = f"POST {SIMULATOR} HTTP/1.1\r\nHost: fleet\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    return await together([stall(target, start.encode())])


async def gigabyte_in_chunks(target: Target) -> Counter[str]:
    chunk = b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK)
    return await together([push(target, "Transfer-Encoding: chunked", chunk)])


async def very_many_chunks(target: Target) -> Counter[str]:
    connection = await Connection.open(target)
    await connection.send(
        f"POST {SIMULATOR} HTTP/1.1\r\nHost: fleet\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    )
    await connection.send(b"1\r\n \r\n" * 400_000)
    status = await connection.status(seconds=PATIENCE_S)
    connection.close()
    return Counter([status])


def sending(requests: Iterable[bytes]) -> Attack:
    """An attack that sends these one after the other."""

    async def attack(target: Target) -> Counter[str]:
        connection = await Connection.open(target)
        statuses: Counter[str] = Counter()
        for each in requests:
            await connection.send(each)
            status = await connection.status(seconds=PATIENCE_S)
            statuses[status] += 1
            if status == CLOSED:
                connection = await Connection.open(target)
        connection.close()
        return statuses

    return attack


def crowd(seconds: float) -> Attack:
    """200 connections that send good and bad requests, each as fast as it is answered."""

    async def member(target: Target, number: int, until: float) -> Counter[str]:
        statuses: Counter[str] = Counter()
        connection = await Connection.open(target)
        for each in itertools.islice(itertools.cycle(mixture()), number, None):
            if time.monotonic() > until:
                break
            await connection.send(each)
            statuses[await connection.status(seconds=PATIENCE_S)] += 1
        connection.close()
        return statuses

    async def attack(target: Target) -> Counter[str]:
        until = time.monotonic() + seconds
        members = await asyncio.gather(*(member(target, number, until) for number in range(200)))
        return sum(members, Counter())

    return attack


def row(name: str, service: RunningService, attack: Attack) -> str:
    """Attack a service; returns a row of the table."""
    started = time.monotonic()
    with Watch(service) as watch:
        statuses = asyncio.run(attack(Target.at(service.address)))
        while time.monotonic() - started < 1:
            time.sleep(0.1)
    answered = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    ready = f"{1000 * statistics.median(watch.answers):.0f} / {1000 * max(watch.answers):.0f} ms"
    unready = f", {watch.failures} failed" if watch.failures else ""
    memory = " / ".join(f"{each / MEGABYTE:.0f}" for each in (watch.before, watch.peak, watch.after))
    return f"| {name} | {answered} | {ready}{unready} | {memory} |"


def attacks(services: dict[str, RunningService], seconds: float) -> Iterable[str]:
    """The rows of the table."""
    simulator = services["simulator"]
    yield row("50 uploads that stall", simulator, stalled_uploads)
    yield row("50 uploads of 16 MB that stall before the last byte", simulator, stalled_large_uploads)
    yield row("3 uploads of 16 MB that stall, and small POSTs meanwhile", simulator, uploads_beside_others)
    yield row("400 000 chunks of a byte", simulator, very_many_chunks)
    yield row("200 clients that send a header a second", simulator, dripping_headers)
    yield row("200 connections without a word", simulator, silent_connections)
    yield row("1 GB, announced", simulator, gigabyte_that_waits)
    yield row("1 GB, announced, pushed all the same", simulator, gigabyte)
    yield row("1 GB in chunks", simulator, gigabyte_in_chunks)
    for name, service in services.items():
        for what, requests in hostile(name).items():
            yield row(f"{what}: {name}", service, sending(requests))
    yield row(f"200 connections for {seconds:g} s, good and bad requests", simulator, crowd(seconds))


def start(stack: ExitStack, folder: Path) -> dict[str, RunningService]:
    """A PostgreSQL, an MLflow and the services, which end with the stack."""
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    postgres.start()
    stack.callback(postgres.stop)
    url = ensure_database(postgres.url(), "dataset")
    migrate(url)
    mlflow = MlflowServer(f"sqlite:///{folder}/mlflow.db", folder / "mlflow")
    mlflow.start()
    stack.callback(mlflow.stop)
    common = {"database_url": url, "body_timeout_s": str(BODY_TIMEOUT_S), "log_level": "ERROR"}

    def run(name: str, **settings: str) -> RunningService:
        return stack.enter_context(running_service(name, folder, port=None, **{**common, **settings}))

    simulator = run("simulator")
    ml_model = run("ml_model", artifact_key=secrets.token_hex(16))
    siblings = {"ml_model_url": f"{ml_model.address}/root/ml"}
    tracking = run("tracking", mlflow_url=mlflow.url, **siblings)
    monitoring = run("monitoring", **siblings)
    return {"simulator": simulator, "ml_model": ml_model, "tracking": tracking, "monitoring": monitoring}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of the crowd (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        services = start(stack, Path(folder))
        print(HEADINGS, flush=True)  # noqa: T201
        for line in attacks(services, arguments.seconds):
            print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
