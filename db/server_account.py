"""The system account that the embedded PostgreSQL runs under, and how it reaches its files.

PostgreSQL refuses to run as root. Started by root, it gets an account without rights of its own; nothing
here is needed, or done, for anybody else.
"""

import os
import pwd
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import FleetError

# The first that exists runs the server, unless the folder has an owner already.
UNPRIVILEGED_USERS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The system account that PostgreSQL's programs run under; None = the one we run under."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None


def account_for(folder: Path, programs: Path) -> Account:
    """Who runs the server of this folder. Lets that account run PostgreSQL's programs."""
    if os.geteuid() != 0:
        return Account()
    entry = _unprivileged_user(folder.stat().st_uid)
    groups = {entry.pw_gid, *_open_to_groups(programs / "postgres")}
    package = programs.parent.parent
    _share_tree(package)
    _share_tree(package.with_name(f"{package.name}.libs"))
    return Account(entry.pw_uid, entry.pw_gid, tuple(groups))


@contextmanager
def way_to(folder: Path, account: Account) -> Iterator[tuple[Path, tuple[int, ...]]]:
    """How the account reaches the folder, and the descriptors that its programs must inherit for it.

    Another account than ours may be shut out of a folder further up, such as root's home. It gets in
    through the open descriptor, which no later change of those folders' rights can take away either.
    """
    if account.uid is None or not Path("/proc/self/fd").exists():
        yield folder, ()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}"), (descriptor,)
    finally:
        os.close(descriptor)


def _unprivileged_user(owner: int) -> pwd.struct_passwd:
    """The account that owns the folder already, or else the first of UNPRIVILEGED_USERS there is."""
    if owner != 0:
        return pwd.getpwuid(owner)
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in accounts:
            return accounts[name]
    raise FleetError(
        "PostgreSQL refuses to run as root, and there is no other user to run it",
        f"Run ./launch.sh as an ordinary user, or make one of the users {' or '.join(UNPRIVILEGED_USERS)}",
    )


def _open_to_groups(path: Path) -> set[int]:
    """Groups that let the server pass the closed folders above `path`, such as root's home.

    The server is put into those groups, and they are given the right to pass (not to list) where they
    have none: nobody outside of them gains anything.
    """
    groups = set()
    for folder in path.parents:
        status = folder.stat()
        if not status.st_mode & stat.S_IXOTH:
            groups.add(status.st_gid)
            if not status.st_mode & stat.S_IXGRP:
                folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXGRP)
    return groups


def _share_tree(folder: Path) -> None:
    """Lets every user read PostgreSQL's programs, when they were installed under a strict umask."""
    if not folder.exists() or folder.stat().st_mode & stat.S_IXOTH:
        return
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
