"""The commands of `./launch.sh`."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from launcher import pruning
from launcher.account_commands import key_commands, user_commands
from launcher.checks import run_checks
from launcher.composition import Launch, Way
from launcher.demo import Demo
from launcher.fire_brigade_demo import FireBrigadeDemo
from launcher.health import degraded_parts
from launcher.interrupts import Interrupted, interrupts
from launcher.jobs import cancel, follow, jobs_table, latest
from launcher.purge import Doomed
from launcher.rehearsal import Rehearsal, account
from launcher.scenes import scene_of
from launcher.stack import check_known
from launcher.terminal import (
    make_console,
    print_addresses,
    print_lines,
    print_next_steps,
    print_passwords,
    status_table,
)
from launcher.use_cases import add_use_case, find_use_case, lines

cli = typer.Typer(
    name="./launch.sh",
    help="Runs the whole fleet on this machine. Without a command: up.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(user_commands, name="user")
cli.add_typer(key_commands, name="key")
use_case_commands = typer.Typer(help="What the fleet predicts.", no_args_is_help=True)
cli.add_typer(use_case_commands, name="use-case")
job_commands = typer.Typer(help="The long work of the services.", invoke_without_command=True)
cli.add_typer(job_commands, name="jobs")
PURGED = "Deleted. The virtual environment stays, so that the next start takes seconds."
console = make_console()


def _same_on_both_sides(context: typer.Context, docker: bool | None) -> bool | None:
    """The option counts before the command as well as after it."""
    said = context.find_root().meta
    if docker is not None:
        said["docker"] = docker
    return said.get("docker")


InDocker = Annotated[
    bool | None,
    typer.Option(
        "--docker/--local",
        help="In containers, or as processes of this machine. By default as before; the first time, in "
        "containers if Docker answers.",
        callback=_same_on_both_sides,
        show_default=False,
    ),
]


@cli.callback(invoke_without_command=True)
def default(context: typer.Context, docker: InDocker = None) -> None:
    if context.invoked_subcommand is None:
        up(docker)


@cli.command()
def up(docker: InDocker = None) -> None:
    """Start everything and return when every service is ready."""
    launch = _launch(docker)
    launch.remember()
    try:
        started = launch.stack.up()
    except Interrupted:
        launch.stack.undo()
        raise
    console.print("Everything is up." if started else "Everything is up already.")
    addresses = launch.stack.addresses()
    print_addresses(console, addresses)
    print_lines(console, degraded_parts(addresses), style="yellow")
    print_passwords(console, launch.passwords_file())


DEMOS = {"wine": Demo, "fire_brigade": FireBrigadeDemo}


@cli.command()
def demo(
    use_case: Annotated[
        Literal["wine", "fire_brigade"],
        typer.Option(help="On which data; fire_brigade begins with raw records."),
    ] = "wine",
    docker: InDocker = None,
) -> None:
    """Start everything and walk the loop over HTTP: load, search, deploy, score, monitor, retrain."""
    launch = _launch(docker)
    launch.remember()
    stack = launch.stack
    try:
        stack.up()
        console.print("Walking the loop:")
        with launch.fleet() as fleet:
            findings = DEMOS[use_case](fleet, lambda step: console.print(f"  {step}", markup=False)).run()
    except Interrupted:
        stack.undo()
        raise
    console.print()
    console.print(findings.table())
    print_next_steps(console, stack.addresses(), stack.psql_line())
    print_passwords(console, launch.passwords_file())


@cli.command()
def rehearse(
    use_case: Annotated[str, typer.Option(help="On whose rows.")] = "wine",
    docker: InDocker = None,
) -> None:
    """Start everything and play the loop: harm is seen, a better model takes over, a bad one goes."""
    launch = _launch(docker)
    launch.remember()
    launch.stack.up()
    page = launch.stack.addresses()["monitoring"]
    with launch.fleet() as fleet:
        scene = scene_of(find_use_case(fleet, use_case))
        acts = Rehearsal(fleet, scene, page, lambda line: print_lines(console, [line])).run()
    console.print(account(acts))


@cli.command()
def status(docker: InDocker = None) -> None:
    """Show how every service is. Exit status 0 when all are ready."""
    found = _launch(docker).stack.conditions()
    console.print(status_table(found))
    degraded = degraded_parts({each.name: each.address for each in found})
    print_lines(console, degraded, style="yellow")
    if any(condition.state != "ready" for condition in found):
        raise typer.Exit(1)


@cli.command()
def logs(
    service: Annotated[str | None, typer.Argument(help="One service; otherwise all.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="Lines of each log.")] = 50,
    docker: InDocker = None,
) -> None:
    """Show the end of the logs."""
    _launch(docker).stack.show_logs(service, lines, follow=follow)


@cli.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Delete all data too, after saying what.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    docker: InDocker = None,
) -> None:
    """Stop what was started here, and nothing else. The data stays unless --purge."""
    launch = _launch(docker)
    doomed = launch.stack.find_data() if purge else []
    if purge and (kept := launch.stack.kept_by_purge()):
        console.print(kept)
    if doomed:
        _announce(doomed)
        # Before anything is stopped or locked: who says no has changed nothing and kept nobody waiting.
        if not yes and sys.stdin.isatty():
            typer.confirm("Delete?", abort=True)
    stopped = launch.stack.down(doomed)
    console.print(f"Stopped {', '.join(stopped)}." if stopped else "Nothing was running.", highlight=False)
    if purge:
        launch.forget()
        console.print(PURGED if doomed else "There is no data to delete.")


@cli.command()
def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")] = False,
    docker: InDocker = None,
) -> None:
    """Delete what is older than it is to be kept, after saying what. Everything must be up."""
    launch = _launch(docker)
    with launch.fleet() as fleet:
        kept = launch.settings.deleted_runs_days
        prune = partial(pruning.prune, fleet, launch.stack.run_beside_mlflow, kept)
        due = prune(dry_run=True)
        if not due:
            console.print("Nothing is older than it is to be kept.")
            return
        heading = "Older than it is to be kept:" if dry_run else "This deletes for good:"
        print_lines(console, [heading, *due])
        if dry_run:
            return
        if not yes and sys.stdin.isatty():
            typer.confirm("Delete?", abort=True)
        print_lines(console, ["Deleted:", *prune(dry_run=False)])


Simulator = Annotated[
    str | None,
    typer.Option("--simulator", metavar="URL", help="One elsewhere: https://…/root/simulator."),
]


@use_case_commands.command("add")
def add_a_use_case(
    file: Annotated[Path, typer.Argument(metavar="FILE.yml", help="The definition.")],
    csv: Annotated[Path | None, typer.Option(help="Its rows, if not in the file that it names.")] = None,
    simulator: Simulator = None,
    docker: InDocker = None,
) -> None:
    """Add a use case, or send the rows of one. The simulator must be up."""
    with _launch(docker).fleet(simulator=simulator) as fleet:
        added = add_use_case(fleet, file, csv)
    print_lines(console, [f"{added.message}: {added.task}"])
    if added.sets is not None:
        rows = [f"{count:>8}  {name}" for name, count in added.sets.items()]
        print_lines(console, ["Its rows, ready to be loaded:", *rows])


@use_case_commands.command("list")
def list_the_use_cases(simulator: Simulator = None, docker: InDocker = None) -> None:
    """List the use cases, with the rows of each set."""
    with _launch(docker).fleet(simulator=simulator) as fleet:
        print_lines(console, ["Use cases:", *lines(fleet.simulator.use_cases())])


@use_case_commands.command("remove")
def remove_a_use_case(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    simulator: Simulator = None,
    docker: InDocker = None,
) -> None:
    """Remove a use case with its rows, models and results, for good."""
    with _launch(docker).fleet(simulator=simulator) as fleet:
        found = find_use_case(fleet, name)
        console.print(f"{name}: {found.target}, {sum(found.sets.values())} rows stored", highlight=False)
        if not yes:
            typer.confirm("Remove it with its rows, models and results, for good?", abort=True)
        removed = fleet.simulator.remove_use_case(name)
    console.print(f"{removed.message}, with {removed.deployments} deployments", highlight=False)


@job_commands.callback()
def show_jobs(
    context: typer.Context,
    follow_them: Annotated[bool, typer.Option("--follow", "-f", help="Until none is at work.")] = False,
    service: Annotated[str | None, typer.Option("--service", help="One service; otherwise all.")] = None,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="The newest of each service.")] = 20,
    docker: InDocker = None,
) -> None:
    """Show the long work that the services have done, do, or have still to do."""
    if context.invoked_subcommand is not None:
        return
    with _launch(docker).fleet() as fleet:
        services = fleet.with_jobs()
        check_known(service, services)
        chosen = {name: each for name, each in services.items() if service in {None, name}}
        if follow_them:
            follow(chosen, console)
        console.print(jobs_table(latest(chosen, last)))


@job_commands.command("cancel")
def cancel_job(job_id: Annotated[str, typer.Argument(metavar="ID")], docker: InDocker = None) -> None:
    """End a job without a result."""
    with _launch(docker).fleet() as fleet:
        name = cancel(fleet.with_jobs(), job_id)
    console.print(f"Cancelled, at {name}: {job_id}", highlight=False, soft_wrap=True)


@cli.command("test", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def check(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out the tests that start services.")] = False,
) -> None:
    """Check style and types and run every test; with arguments: pytest alone, with these."""
    raise typer.Exit(run_checks(context.args, os.environ, quick=quick))


def _announce(doomed: Sequence[Doomed]) -> None:
    about = [(each.name, ", ".join(filter(None, (each.content, each.size)))) for each in doomed]
    lines = [f"  {name}  ({what})" for name, what in about]
    print_lines(console, ["This stops what runs and deletes for good:", *lines])


def _launch(docker: bool | None) -> Launch:
    asked = None if docker is None else Way.DOCKER if docker else Way.LOCAL
    return Launch(asked, console, interrupts)
