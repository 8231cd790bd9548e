"""Users and keys as they are written down."""

import pytest

from fleet.accounts import parse_keys, parse_users
from tests.accounts import CHEAP

HASH = CHEAP.hash("a password")
DIGEST = "0123456789abcdef" * 4


def test_lines_are_read_and_comments_and_empty_ones_skipped() -> None:
    users = parse_users(f"# who may come in\n\n alice:admin:{HASH}\nbob@example.org:user:{HASH}\r\n")
    assert [(user.name, user.role) for user in users] == [("alice", "admin"), ("bob@example.org", "user")]
    assert users[0].password_hash == HASH


def test_a_key_may_be_a_siblings() -> None:
    (key,) = parse_keys(f"tracking:sibling:{DIGEST}")
    assert (key.name, key.role, key.digest) == ("tracking", "sibling", DIGEST)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"alice:{HASH}", "name:role:hash"),
        ("alice:admin:secret:more", "name:role:hash"),
        (f":admin:{HASH}", "a name is"),
        (f"a b:admin:{HASH}", "a name is"),
        (f"é:admin:{HASH}", "a name is"),
        (f"anonymous:admin:{HASH}", "anonymous"),
        (f"{'x' * 65}:admin:{HASH}", "a name is"),
        (f"alice:root:{HASH}", "one of user, admin"),
        (f"alice:sibling:{HASH}", "one of user, admin"),
        ("alice:admin:secret", "Argon2id"),
        (f"alice:admin:{HASH.replace('argon2id', 'argon2i')}", "Argon2id"),
        ("alice:admin:$argon2id$v=19$m=secret,t=1,p=1$c2FsdA$aGFzaA", "Argon2id"),
        (f"bob:admin:{HASH}", "given before"),
    ],
    ids=[f"line{number}" for number in range(13)],  # the hashes differ in each process that runs tests
)
def test_a_mistake_is_named_by_its_line_and_not_shown(line: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^line 3: ") as caught:
        parse_users(f"bob:user:{HASH}\n\n{line}")
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
    assert HASH not in str(caught.value)


@pytest.mark.parametrize("digest", ["", "secret", DIGEST.upper(), DIGEST[:-1], f"{DIGEST}0"])
def test_a_keys_hash_is_sha256(digest: str) -> None:
    with pytest.raises(ValueError, match="line 1: the hash is not SHA-256's"):
        parse_keys(f"robot:user:{digest}")


def test_what_is_printed_of_an_account_holds_no_hash() -> None:
    shown = repr((parse_users(f"alice:admin:{HASH}"), parse_keys(f"robot:user:{DIGEST}")))
    assert "alice" in shown
    assert HASH not in shown
    assert DIGEST not in shown
