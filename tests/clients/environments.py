"""Virtual environments of other people's clients, each of its own: their requirements do not go together."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.running import PROJECT

FOLDER = PROJECT / ".mlfleet" / "clients"
REQUIREMENTS = Path(__file__).parent / "requirements"
DONE = "made-from"  # holds what the environment was made from, once it is whole


def python_of(name: str) -> Path:
    """The interpreter of a client's environment, which is made unless it is there."""
    folder, requirements = FOLDER / name, REQUIREMENTS / f"{name}.txt"
    made_from = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    FOLDER.mkdir(parents=True, exist_ok=True)
    python, done = folder / "bin" / "python", folder / DONE
    if not done.exists() or done.read_text(encoding="utf-8") != made_from:
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(folder))
        _uv("pip", "install", "--quiet", "--python", str(python), "--requirements", str(requirements))
        done.write_text(made_from, encoding="utf-8")
    return python


def _uv(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stderr
