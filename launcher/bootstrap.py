"""Keeps the virtual environment as the requirements say, then hands over to the launcher in it.

Runs before anything is installed: the standard library only.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import FrameType

from launcher.background import PROJECT, held, running

STATE = PROJECT / ".mlfleet"
VENV = STATE / "venv"
PYTHON = VENV / "bin" / "python"
LOG = STATE / "logs" / "install.log"
# There while packages that the fleet runs on are being installed: found at the start, it tells of an
# interrupted installation, and the environment is made anew. The tests' have only their stamp: what a
# running stack lives in is not removed because the tests' packages are incomplete.
UNFINISHED = STATE / "venv.unfinished"
# Set for the launcher that `main` hands over to. The tests' launchers go without: a test must never change
# the environment that it runs in.
INSTALLS = "MLFLEET_INSTALLS"
LAUNCHER, LOCAL, TESTS = "launcher", "launcher/local", "tests"
STAGES = ("Collecting", "Downloading", "Installing", "Building")


class InstallationError(Exception):
    """Python's venv or pip failed; the message says what to read."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    os.chdir(PROJECT)
    try:
        LOG.parent.mkdir(parents=True, exist_ok=True)
        # Several sets of requirements: the launcher needs little, and finds out which way the fleet runs
        # here before it has more installed; only those who test need what the tests need.
        prepare(LAUNCHER, *([LOCAL, TESTS] if sys.argv[1:2] == ["test"] else []))
    except InstallationError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Nothing can be installed into {STATE}: {error.strerror} ({error.filename})")
    except KeyboardInterrupt:
        _say("Interrupted. The next call starts the installation again.")
        sys.exit(130)
    os.environ[INSTALLS] = "1"
    os.execv(PYTHON, [str(PYTHON), "-m", "launcher", *sys.argv[1:]])  # noqa: S606  # no shell is wanted


def install_local() -> None:
    """Installs what the stack needs on a machine without Docker, when `main` made the environment.

    An environment of somebody else's making is theirs to fill. Raises InstallationError.
    """
    if os.environ.get(INSTALLS):
        with _locked():
            _complete(LOCAL)


def prepare(*folders: str) -> None:
    """Installs the requirements of these folders unless the environment has them already."""
    with _locked():
        if not _is_usable():
            _make()
        _complete(*folders)


def _locked() -> AbstractContextManager[None]:
    waiting = "Another ./launch.sh is installing packages: waiting for it."
    return held(STATE / "venv.lock", lambda: _say(waiting))


def _complete(*folders: str) -> None:
    for folder in folders:
        stamp = VENV / f"{folder.replace('/', '-')}.stamp"
        wanted = _fingerprint()
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
            stamp.unlink(missing_ok=True)
            _install(folder)
            stamp.write_text(wanted, encoding="utf-8")


def _is_usable() -> bool:
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    return subprocess.run([PYTHON, "-c", "import pip"], capture_output=True, check=False).returncode == 0


def _make() -> None:
    _say(f"Making a virtual environment with Python {sys.version.split()[0]} in {VENV.relative_to(PROJECT)}")
    UNFINISHED.touch()
    shutil.rmtree(VENV, ignore_errors=True)
    # The base interpreter: an environment made from inside the one just removed would not start.
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    _run([str(base if base.exists() else sys.executable), "-m", "venv", str(VENV)])


def _install(folder: str) -> None:
    requirements = f"{folder}/requirements.txt"
    _say(f"Installing {requirements} (minutes the first time; log: {LOG.relative_to(PROJECT)})")
    if folder != TESTS:
        UNFINISHED.touch()
    started = time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    _run([*command, "-r", requirements, "-c", "constraints.txt"])
    if folder != TESTS:
        UNFINISHED.unlink()
    _say(f"Installed in {time.monotonic() - started:.0f} s")


def _fingerprint() -> str:
    patterns = ("constraints.txt", "*/requirements.txt", f"{LOCAL}/requirements.txt")
    files = [file for pattern in patterns for file in sorted(PROJECT.glob(pattern))]
    return "\n".join([sys.version, *(file.read_text(encoding="utf-8") for file in files)])


def _run(command: list[str]) -> None:
    """Runs the command, its output in the log and its stage on the terminal."""
    with LOG.open("a", encoding="utf-8") as log, running(command, subprocess.PIPE) as process:
        try:
            for number, line in enumerate(process.stdout or []):
                log.write(line)
                _show(number, line.strip())
            status = process.wait()
        finally:
            _show(0, "")
    if status != 0:
        tail = "\n".join(LOG.read_text(encoding="utf-8").splitlines()[-15:])
        raise InstallationError(f"{tail}\nThe installation failed. All of its output is in {LOG}")


def _show(number: int, line: str) -> None:
    """Replaces the terminal's last line by pip's, shortened; an empty one clears it."""
    if not sys.stderr.isatty() or (line and not line.startswith(STAGES)):
        return
    width = shutil.get_terminal_size().columns - 1
    shown = f"  {number:4} {line}" if line else ""
    sys.stderr.write(f"\r\033[K{shown[:width]}")
    sys.stderr.flush()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
