"""HTTP to this machine."""

import requests


def local_session() -> requests.Session:
    """A session that talks to this machine directly, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = False
    return session
