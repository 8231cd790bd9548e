"""The files of users and API keys in the state folder."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from fleet.accounts import parse_keys, parse_users
from fleet.credentials import key_digest
from fleet.settings import ServiceSettings
from fleet.whole_files import FileNotWrittenError
from launcher.accounts import (
    API_KEYS,
    FIRST_USERS,
    PASSWORDS,
    SIBLINGS,
    USERS,
    AccountFiles,
    AccountsError,
    NameTakenError,
)
from tests.full_disk import largest_file

PASSWORD = "a long password"


@pytest.fixture
def files(tmp_path: Path) -> AccountFiles:
    files = AccountFiles(tmp_path / "secrets")
    files.make()
    return files


def content(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def roles(files: AccountFiles) -> dict[str, str]:
    return {key.name: key.role for key in parse_keys(content(files.file(API_KEYS)))}


def asks(files: AccountFiles) -> bool:
    users, keys = parse_users(content(files.file(USERS))), parse_keys(content(files.file(API_KEYS)))
    return ServiceSettings(port=1, service_url="/tea", users=users, api_keys=keys).asks_for_credentials


def test_at_first_only_siblings_have_keys_and_nobody_is_asked(files: AccountFiles) -> None:
    assert content(files.file(USERS)) == ""
    assert roles(files) == {f"fleet-{name}": "sibling" for name in ("simulator", "tracking", "monitoring")}
    for key in parse_keys(content(files.file(API_KEYS))):
        shown = content(files.key_file(key.name.removeprefix("fleet-")))
        assert key_digest(shown) == key.digest
    assert content(files.key_file("prometheus")) == ""
    assert not asks(files)


def test_the_folder_is_closed_and_its_files_are_open_to_containers(files: AccountFiles) -> None:
    files.add_user("alice", "admin", PASSWORD)
    assert files.folder.stat().st_mode & 0o777 == 0o700
    modes = {path: path.stat().st_mode & 0o777 for path in files.folder.iterdir()}
    assert modes.pop(files.file(PASSWORDS)) == 0o600
    assert set(modes.values()) == {0o644, 0o444}


def test_the_fire_brigade_gets_an_admin_and_a_user_and_the_other_services_nobody(files: AccountFiles) -> None:
    users = {user.name: user for user in parse_users(content(files.file(FIRST_USERS)))}
    passwords = dict(line.split(": ") for line in content(files.file(PASSWORDS)).splitlines())
    assert {name: user.role for name, user in users.items()} == {"admin": "admin", "user": "user"}
    assert passwords.keys() == users.keys()
    for name, password in passwords.items():
        assert len(password) >= 20
        assert PasswordHasher().verify(users[name].password_hash, password)
    assert not asks(files)


def test_the_first_users_passwords_are_random_and_stay(files: AccountFiles, tmp_path: Path) -> None:
    before = content(files.file(PASSWORDS))
    files.make()
    assert content(files.file(PASSWORDS)) == before
    others = AccountFiles(tmp_path / "others")
    others.make()
    assert content(others.file(PASSWORDS)) != before


def test_making_again_changes_nothing(files: AccountFiles) -> None:
    files.add_key("robot", "admin")
    before = {path.name: content(path) for path in files.folder.iterdir()}
    changed, digest = files.changed_at(), files.digest()
    files.make()
    assert {path.name: content(path) for path in files.folder.iterdir()} == before
    assert (files.changed_at(), files.digest()) == (changed, digest)


def test_the_first_user_makes_the_services_ask_and_prometheus_show_a_key(files: AccountFiles) -> None:
    digest = files.digest()
    files.add_user("alice", "admin", PASSWORD)
    (alice,) = parse_users(content(files.file(USERS)))
    assert (alice.name, alice.role) == ("alice", "admin")
    assert asks(files)
    assert roles(files)["fleet-prometheus"] == "user"
    assert content(files.key_file("prometheus")).startswith("mlfleet_")
    assert files.digest() != digest


def test_a_key_is_answered_and_only_its_digest_kept(files: AccountFiles) -> None:
    key = files.add_key("robot", "admin")
    assert roles(files)["robot"] == "admin"
    assert key not in "".join(content(path) for path in files.folder.iterdir())


def test_what_others_wrote_stays_even_without_a_line_end(files: AccountFiles) -> None:
    files.file(USERS).write_text("# people", encoding="utf-8")
    files.add_user("alice", "user", PASSWORD)
    assert content(files.file(USERS)).splitlines()[0] == "# people"
    assert len(parse_users(content(files.file(USERS)))) == 1


def test_a_name_is_taken_once(files: AccountFiles) -> None:
    files.add_user("alice", "user", PASSWORD)
    before = content(files.file(USERS))
    with pytest.raises(NameTakenError, match="alice"):
        files.add_user("alice", "admin", PASSWORD)
    assert content(files.file(USERS)) == before


@pytest.mark.parametrize(
    ("name", "password"), [("a b", PASSWORD), ("anonymous", PASSWORD), ("alice", "short")]
)
def test_what_cannot_be_an_account_is_refused(files: AccountFiles, name: str, password: str) -> None:
    with pytest.raises(AccountsError, match=name):
        files.add_user(name, "user", password)
    assert content(files.file(USERS)) == ""


def test_a_key_that_is_lost_is_made_anew_with_one_line(files: AccountFiles) -> None:
    before = content(files.key_file("tracking"))
    files.key_file("tracking").unlink()
    files.make()
    assert content(files.key_file("tracking")) != before
    assert len(roles(files)) == len(SIBLINGS)


@pytest.mark.parametrize("damage", [b"", b"\n", b"mlfleet_another", b"\xff\xfe\x00"])
@pytest.mark.parametrize("name", ["tracking", "prometheus"])
def test_a_key_that_nobody_would_know_is_made_anew(files: AccountFiles, name: str, damage: bytes) -> None:
    files.add_user("alice", "admin", PASSWORD)
    files.key_file(name).chmod(0o644)
    files.key_file(name).write_bytes(damage)
    files.make()
    digests = {key.name: key.digest for key in parse_keys(content(files.file(API_KEYS)))}
    assert digests[f"fleet-{name}"] == key_digest(content(files.key_file(name)))
    assert len(digests) == len(SIBLINGS) + 1


def test_siblings_keys_that_are_no_longer_in_the_list_are_made_anew(files: AccountFiles) -> None:
    files.file(API_KEYS).write_text("", encoding="utf-8")
    files.make()
    for key in parse_keys(content(files.file(API_KEYS))):
        assert key_digest(content(files.key_file(key.name.removeprefix("fleet-")))) == key.digest
    assert len(roles(files)) == len(SIBLINGS)


@pytest.mark.parametrize("name", ["fire_brigade_users", "fire_brigade_passwords", "fire_brigade_password"])
def test_first_users_of_whom_a_file_was_emptied_are_made_anew(files: AccountFiles, name: str) -> None:
    (files.folder / name).write_text("", encoding="utf-8")
    files.make()
    users = {user.name: user for user in parse_users(content(files.file(FIRST_USERS)))}
    name, password = files.first_admin() or ("", "")
    assert PasswordHasher().verify(users[name].password_hash, password)
    shown = content(files.folder / "fire_brigade_password")
    assert PasswordHasher().verify(users["user"].password_hash, shown)


@pytest.mark.parametrize("bytes_left", [0, 20, 200])
def test_on_a_full_disk_everybody_stays(files: AccountFiles, bytes_left: int) -> None:
    files.add_user("alice", "admin", PASSWORD)
    before = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    with largest_file(bytes_left), pytest.raises(FileNotWrittenError, match="disk is full"):
        files.add_user("bob", "admin", PASSWORD)
    with largest_file(bytes_left), pytest.raises(FileNotWrittenError, match="disk is full"):
        files.add_key("robot", "admin")
    assert {path.name: path.read_bytes() for path in files.folder.iterdir()} == before


@pytest.mark.parametrize("name", ["users", "api_keys", "fire_brigade_users", "fire_brigade_passwords"])
def test_a_file_that_is_no_text_is_named(files: AccountFiles, name: str) -> None:
    (files.folder / name).write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(AccountsError, match=name):
        files.make()


def test_a_line_that_cannot_be_read_is_named(files: AccountFiles) -> None:
    files.file(USERS).write_text("alice\n", encoding="utf-8")
    with pytest.raises(AccountsError, match="line 1"):
        files.make()


def test_the_first_admins_password_is_read_for_the_demo(files: AccountFiles, tmp_path: Path) -> None:
    written = content(files.file(PASSWORDS))

    first = files.first_admin()

    assert first is not None
    assert f"admin: {first[1]}\n" in written
    assert first[0] == "admin"
    assert AccountFiles(tmp_path / "elsewhere").first_admin() is None
