"""How those are who answer on this machine."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import requests

from launcher.stack import MLFLOW, NAMES

ANSWER_SECONDS = 2.0


def local_session() -> requests.Session:
    """A session that talks to this machine directly, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = False
    return session


def is_ready(url: str, session: requests.Session) -> bool:
    """Whether what this address asks says that it can answer."""
    try:
        return session.get(url, timeout=ANSWER_SECONDS).status_code == 200
    except requests.RequestException:
        return False


def degraded_parts(addresses: Mapping[str, str]) -> list[str]:
    """A sentence for each use case that a service says it cannot serve. addresses: of the stack, by name."""
    with local_session() as session:
        return [
            f"{name} is degraded: {what}: {why}"
            for name, address in addresses.items()
            if name in NAMES and name != MLFLOW
            for what, why in _degraded(session, address).items()
        ]


def _degraded(session: requests.Session, address: str) -> Mapping[str, str]:
    parts = urlsplit(address)
    try:
        answer = session.get(f"{parts.scheme}://{parts.netloc}/health/ready", timeout=ANSWER_SECONDS)
        told = answer.json().get("degraded") or {}
    except (requests.RequestException, AttributeError):  # its state says so
        return {}
    return {str(what): str(why) for what, why in dict(told).items()}
