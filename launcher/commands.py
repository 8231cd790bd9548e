"""The commands of `./launch.sh`."""

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from fleet.errors import FleetError
from launcher import purge as purging
from launcher.checks import run_checks
from launcher.demo import Demo
from launcher.interrupts import Interrupted, interrupts
from launcher.report import findings_table, print_addresses, print_next_steps
from launcher.settings import LauncherSettings, check_state_folder, read_environment
from launcher.stack import POSTGRES, SERVICES, Stack
from launcher.status import conditions, status_table

cli = typer.Typer(
    name="./launch.sh",
    help="Runs the whole fleet on this machine. Without a command: up.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
DATABASES_STAY = (
    "The databases on the server that MLFLEET_POSTGRES_URL names stay, and with them what they need: "
    "MLflow's files (mlartifacts) and the key that signs stored models (secrets)."
)
console = Console(width=None if sys.stdout.isatty() else 120)  # logs of CI need no narrow lines


class UnknownLogError(FleetError):
    """There is no such service, or it has not written anything yet."""


@cli.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        up()


@cli.command()
def up() -> None:
    """Start everything and return when every service is ready."""
    stack = _stack()
    try:
        started = stack.up()
    except Interrupted:
        stack.undo()
        raise
    console.print("Everything is up." if started else "Everything is up already.")
    print_addresses(console, stack.services())


@cli.command()
def demo() -> None:
    """Start everything and walk the loop over HTTP: load, search, deploy, score, monitor, retrain."""
    stack = _stack()
    try:
        stack.up()
        services = stack.services()
        console.print("Walking the loop:")
        walk = Demo(
            {service.name: service.url for service in services}, lambda step: console.print(f"  {step}")
        )
        findings = walk.run()
    except Interrupted:
        stack.undo()
        raise
    console.print()
    console.print(findings_table(findings))
    print_next_steps(console, services, stack.settings)


@cli.command()
def status() -> None:
    """Show how every service is. Exit status 0 when all are ready."""
    found = conditions(_stack())
    console.print(status_table(found))
    if any(condition.state != "ready" for condition in found):
        raise typer.Exit(1)


@cli.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service; otherwise all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Lines of each log.")] = 50,
) -> None:
    """Show the end of the logs."""
    stack = _stack()
    known = {name: stack.processes.log(name) for name in (*SERVICES, "migrate")}
    if stack.server.embedded is not None:
        known[POSTGRES] = stack.server.embedded.log
    if service is not None and service not in known:
        raise UnknownLogError(f"There is no service {service}", f"The services are {', '.join(known)}")
    files = [log for name, log in known.items() if service in {None, name} and log.exists()]
    if not files:
        raise UnknownLogError("Nothing has been logged yet", "Start the stack with ./launch.sh")
    os.execvp("tail", ["tail", "-n", str(lines), *(["-F"] if follow else []), *map(str, files)])  # noqa: S606, S607


@cli.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete all data too, after saying what.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
) -> None:
    """Stop what was started here, and nothing else. The data stays unless --purge."""
    stack = _stack()
    elsewhere = stack.server.embedded is None
    doomed = purging.find_data(stack.settings.state_dir, databases_stay=elsewhere) if purge else []
    if purge and elsewhere:
        console.print(DATABASES_STAY)
    if doomed:
        _announce(doomed)
        # Before anything is stopped or locked: who says no has changed nothing and kept nobody waiting.
        if not yes and sys.stdin.isatty():
            typer.confirm("Delete?", abort=True)
    stopped = stack.down(then=lambda: purging.delete(doomed))
    console.print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.", highlight=False)
    if doomed:
        console.print("Deleted. The virtual environment stays, so that the next start takes seconds.")
    elif purge:
        console.print("There is no data to delete.")


@cli.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Check style and types and run every test; with arguments: pytest alone, with these."""
    raise typer.Exit(run_checks(context.args, os.environ))


def _announce(doomed: list[purging.Doomed]) -> None:
    console.print("This stops what runs and deletes for good:")
    for folder in doomed:
        size = f"{folder.size / 1024 / 1024:.1f} MiB"
        console.print(f"  {folder.path}  ({folder.content}, {size})", highlight=False, soft_wrap=True)


def _stack() -> Stack:
    environment = read_environment()
    settings = LauncherSettings.from_environment(environment)
    check_state_folder(settings.state_dir)
    return Stack(settings, environment, console, interrupts)
