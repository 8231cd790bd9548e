"""The commands that make users and API keys: `./launch.sh user add`, `./launch.sh key add`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from fleet.credentials import read_password
from launcher.accounts import API_KEYS, USERS, AccountFiles, AccountsError
from launcher.settings import LauncherSettings, read_environment
from launcher.stack import locked
from launcher.terminal import make_console, print_lines

WHEN = "The services know of it when they are started next: ./launch.sh up does that."
console = make_console(stderr=True)
user_commands = typer.Typer(help="Who may log in with a password.", no_args_is_help=True)
key_commands = typer.Typer(help="Programs that show an API key.", no_args_is_help=True)


Name = Annotated[str, typer.Argument(help="Up to 64 letters, digits and . _ @ -")]
Role = Annotated[Literal["user", "admin"], typer.Option(help="user: read and judge. admin: everything.")]


# An empty callback: with a single command, typer would otherwise take the word `add` for the name.
@user_commands.callback()
@key_commands.callback()
def group() -> None:
    """Groups the commands."""


@user_commands.command("add")
def add_user(name: Name, role: Role = "user") -> None:
    """Add somebody. The password is asked for, or read from standard input."""
    try:
        password = read_password()
    except ValueError as error:
        raise AccountsError(f"{name}: {error}", "Nothing was changed; try again") from error
    with _files() as files:
        files.add_user(name, role, password)
    print_lines(console, [f"Added to {files.file(USERS)}.", WHEN])


@key_commands.command("add")
def add_key(name: Name, role: Role = "user") -> None:
    """Add a program, and show its key on standard output: it is kept nowhere."""
    with _files() as files:
        key = files.add_key(name, role)
    print_lines(console, [f"Added to {files.file(API_KEYS)}.", WHEN, "The key, shown only now:"])
    sys.stdout.write(f"{key}\n")


@contextmanager
def _files() -> Iterator[AccountFiles]:
    settings = LauncherSettings.from_environment(read_environment())
    with locked(settings.state_dir, console):
        yield AccountFiles(settings.state_dir / "secrets")
