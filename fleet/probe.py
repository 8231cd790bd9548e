"""Asks a service how it is: `python -m fleet.probe URL`, for images, which have no curl.

Prints the answer; exit status 0 for a 200. The standard library only, as it is started again and again.
"""

import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

ANSWER_SECONDS = 3.0
WATCHED_SECONDS = 25.0
PAUSE_SECONDS = 5.0
SEEN = Path("/dev/shm/healthy")  # noqa: S108  # the container's own, and empty whenever it is started


def probe(url: str) -> tuple[bool, str]:
    """Whether the address answers with a 200, and what it says."""
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", address.path)
        answer = connection.getresponse()
        return answer.status == 200, f"{answer.status} {answer.read().decode(errors='replace').strip()}"
    except (OSError, HTTPException) as error:
        return False, f"{url} does not answer: {error}"
    finally:
        connection.close()


def watch(
    url: str, seen: Path, seconds: float = WATCHED_SECONDS, pause: float = PAUSE_SECONDS
) -> tuple[bool, str]:
    """What `probe` gives; where it was healthy before, that of the first failure, or else after `seconds`.

    What is healthy is thus asked by one process for a while: to start one in a container costs far more than
    to ask. seen: a file that is there while all is healthy. pause: seconds between two questions.
    """
    ends = time.monotonic() + (seconds if seen.exists() else 0.0)
    while True:
        healthy, said = probe(url)
        if not healthy:
            seen.unlink(missing_ok=True)
            return healthy, said
        if time.monotonic() + pause > ends:
            seen.touch()
            return healthy, said
        time.sleep(pause)


def main() -> int:
    """Print the answer of the address in the arguments."""
    healthy, said = watch(sys.argv[1], SEEN)
    print(said)  # noqa: T201  # Docker keeps it with the container's health
    return int(not healthy)


if __name__ == "__main__":
    sys.exit(main())
