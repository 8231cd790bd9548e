"""What a local stack keeps in the state folder."""

from pathlib import Path

from launcher.purge import Doomed, find_paths

# The virtual environment and other tools stay: they hold nothing of the user's and take minutes to install.
CONTENTS = {
    "postgres": "both databases",
    "fire_brigade": "the fire brigade's records, models and logs",
    "mlartifacts": "MLflow's models and files",
    "secrets": "users and API keys, and the key that signs stored models",
    "logs": "the logs",
    "run": "what was running",
}
# Of no use without the databases, which are of little use without them.
KEPT_WITH_DATABASES = frozenset({"mlartifacts", "secrets"})


def find_local_data(state_dir: Path, *, databases_stay: bool = False) -> list[Doomed]:
    """All data there is below this state folder.

    databases_stay: they are on a server elsewhere, so what belongs to them stays too.
    """
    kept = set(KEPT_WITH_DATABASES) if databases_stay else set()
    if (state_dir / "secrets" / "postgres_password").exists():
        kept.add("secrets")  # the containers' data needs the key in it
    return find_paths(state_dir, {name: what for name, what in CONTENTS.items() if name not in kept})
