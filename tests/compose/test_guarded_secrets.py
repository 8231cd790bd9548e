"""No secret is shown: not by Docker, the logs, the process list, the documents or an error."""

import pytest
import requests

from tests.compose.guarded import GuardedStack
from tests.compose.stack import WEB_SERVICES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

WRONG_PASSWORD, WRONG_KEY = "a wrong password", "mlfleet_a-wrong-key"


def secrets_of(stack: GuardedStack) -> set[str]:
    """All in the folder of secrets, what only people know, and what was tried in vain."""
    folder = stack.folder / "secrets"
    found = {*stack.passwords.values(), stack.key, WRONG_PASSWORD, WRONG_KEY}
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8")
        if file.name in ("users", "api_keys"):
            found |= {line.split(":", 2)[2] for line in text.splitlines()}
        elif text:
            found.add(text.strip())
    assert len(found) >= 17
    return found


def failing_requests(stack: GuardedStack, service: str) -> list[requests.Response]:
    url = stack.address(service)
    answers = [
        requests.get(f"{url}/metrics", auth=("alice", WRONG_PASSWORD), timeout=30),
        requests.get(f"{url}/metrics", auth=("nobody", stack.passwords["alice"]), timeout=30),
        requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {WRONG_KEY}"}, timeout=30),
        requests.get(f"{url}/metrics", headers={"Authorization": f"Token {stack.key}"}, timeout=30),
        stack.call("POST", service, data=b"{", headers=robot(stack) | {"Content-Type": "application/json"}),
        stack.call("POST", service, json={"nothing": "of the kind"}),
        stack.call("GET", service, "/nowhere"),
        stack.call("DELETE", service),
    ]
    assert {answer.status_code for answer in answers} <= {400, 401, 404, 405, 422, 429}
    return answers


def robot(stack: GuardedStack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.key}"}


@pytest.fixture(scope="module")
def shown(guarded: GuardedStack) -> dict[str, str]:
    """All that can be seen, by where."""
    found = {}
    for service in WEB_SERVICES:
        for number, answer in enumerate(failing_requests(guarded, service)):
            found[f"failure {number} of {service}"] = f"{answer.headers}\n{answer.text}"
        for path in ("/docs", "/openapi.json", "/metrics"):
            answer = requests.get(guarded.address(service) + path, headers=robot(guarded), timeout=30)
            assert answer.status_code == 200
            found[f"{path} of {service}"] = answer.text
    for container in guarded.containers():
        found[f"container {container}"] = guarded.look_into(container)
    found["docker compose config"] = guarded.compose("--profile", "*", "config")
    return found


def test_no_secret_is_shown_anywhere(guarded: GuardedStack, shown: dict[str, str]) -> None:
    assert len(shown) > 4 * 11 + 10
    secrets = secrets_of(guarded)
    leaks = {where for where, text in shown.items() if any(secret in text for secret in secrets)}
    assert not leaks


def test_what_was_looked_at_is_what_was_meant(guarded: GuardedStack, shown: dict[str, str]) -> None:
    everything = "\n".join(shown.values())
    for word in ("SIMULATOR_USERS_FILE", "python -m simulator", "401", "POSTGRES_PASSWORD_FILE", "caddy"):
        assert word in everything, word
