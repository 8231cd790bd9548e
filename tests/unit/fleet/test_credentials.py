"""`python -m fleet.credentials`."""

import io
import subprocess
import sys

import pytest
from argon2 import PasswordHasher

from fleet.accounts import parse_keys, parse_users
from fleet.credentials import key_digest, main
from tests.architecture.project import PROJECT


def test_a_user_is_made_from_a_password_on_standard_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fleet.credentials", "user", "alice", "--role", "admin"],
        cwd=PROJECT,
        input="a long password\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    (user,) = parse_users(done.stdout)
    assert (user.name, user.role) == ("alice", "admin")
    assert PasswordHasher().verify(user.password_hash, "a long password")
    assert "a long password" not in done.stdout + done.stderr


def test_a_key_is_shown_once_beside_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "prometheus"]) == 0
    shown = capsys.readouterr()
    (entry,) = parse_keys(shown.out)
    (key,) = (line for line in shown.err.splitlines() if line.startswith("mlfleet_"))
    assert (entry.name, entry.role, entry.digest) == ("prometheus", "user", key_digest(key))
    assert key not in shown.out


def test_two_keys_differ(capsys: pytest.CaptureFixture[str]) -> None:
    main(["key", "a"])
    main(["key", "a"])
    first, second = capsys.readouterr().out.splitlines()
    assert first != second


@pytest.mark.parametrize("password", ["", "\n", "short\n"])
def test_a_short_password_is_refused(
    password: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(password))
    assert main(["user", "alice"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "at least 8 characters" in shown.err


@pytest.mark.parametrize(
    "arguments", [["user", "a b"], ["user", "alice", "--role", "root"], ["user", "alice", "--password", "x"]]
)
def test_what_cannot_be_is_refused_at_once(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)


def test_an_anonymous_user_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key", "anonymous"]) == 1
    assert "not 'anonymous'" in capsys.readouterr().err
