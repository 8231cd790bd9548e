"""Asks a service how it is: `python -m fleet.probe URL`, for images, which have no curl.

Prints the answer; exit status 0 for a 200. The standard library only: it runs every few seconds.
"""

import sys
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

ANSWER_SECONDS = 3.0


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


def main() -> int:
    """Print the answer of the address in the arguments."""
    healthy, said = probe(sys.argv[1])
    print(said)  # noqa: T201  # Docker keeps it with the container's health
    return int(not healthy)


if __name__ == "__main__":
    sys.exit(main())
