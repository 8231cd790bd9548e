"""Users and keys of tests; their hashes are cheap, so that tests are quick."""

from base64 import b64encode

from argon2 import PasswordHasher

from fleet.accounts import ApiKey, User
from fleet.credentials import make_key

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORDS = {"alice": "alice's password", "bob": "bob's password"}
USERS = (
    User("alice", "admin", CHEAP.hash(PASSWORDS["alice"])),
    User("bob", "user", CHEAP.hash(PASSWORDS["bob"])),
)
_MADE = {
    name: make_key(name, role)
    for name, role in (("robot", "admin"), ("prometheus", "user"), ("tracking", "sibling"))
}
KEYS = {name: key for name, (key, _) in _MADE.items()}
API_KEYS = (
    ApiKey("robot", "admin", _MADE["robot"][1].rpartition(":")[2]),
    ApiKey("prometheus", "user", _MADE["prometheus"][1].rpartition(":")[2]),
    ApiKey("tracking", "sibling", _MADE["tracking"][1].rpartition(":")[2]),
)


def basic(name: str, password: str | None = None) -> dict[str, str]:
    """Headers of somebody with a password: the right one unless given."""
    text = f"{name}:{PASSWORDS[name] if password is None else password}"
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


def bearer(key: str) -> dict[str, str]:
    """Headers of a program with this key."""
    return {"Authorization": f"Bearer {key}"}
