"""Fetches files from http://, https:// and file:// addresses."""

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ENOSPC
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from urllib3.exceptions import HTTPError, ReadTimeoutError

from fire_brigade.persistence.model.records import Download, SourceError, Told
from fleet.whole_files import FileNotWrittenError

BLOCK = 1024 * 1024
LONGEST_PAUSE_S = 30
MEBIBYTE = 1024 * 1024

# Failures that may pass; the first that fits.
PASSING = {
    requests.Timeout: "the server did not answer in time",
    requests.ConnectionError: "the server cannot be reached, or hung up",
    ReadTimeoutError: "the server did not go on in time",
    HTTPError: "it broke off before its end",
}

Opened = tuple[Iterable[bytes], int | None]
"""What comes, and how many bytes that should be."""


@dataclass(frozen=True)
class DownloadLimits:
    """When a download is given up.

    total_s: of one attempt, however it drips in. wait_s: pause before the second; it doubles from then on.
    """

    connect_s: float = 10
    silence_s: float = 60
    total_s: float = 1800
    attempts: int = 4
    wait_s: float = 1
    largest_bytes: int = 2 * 1024**3


class DownloadFailedError(SourceError):
    """A file could not be had."""

    status = 502
    advice = (
        "Check the address in the setting {0}, and try again; a file on this machine is given as "
        "file:///folder/name.xlsx"
    )


class InterruptedDownloadError(DownloadFailedError):
    """It failed in a way that may pass."""

    code = DownloadFailedError.code


class WrongFileError(SourceError):
    """What came is not a file with records."""

    status = 502
    advice = "Let the setting {0} be the address of the published workbook (.xlsx) or of its CSV form"


def download(
    url: str, into: Path, *, setting: str, limits: DownloadLimits, told: Told | None = None
) -> Download:
    """Write the file at `url` to `into`, which is there; what may pass is tried again from the start.

    Raises DownloadFailedError, WrongFileError, FileNotWrittenError; OSError where `into` cannot be written.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(InterruptedDownloadError),
        stop=stop_after_attempt(limits.attempts),
        wait=wait_exponential(limits.wait_s, max=LONGEST_PAUSE_S),
        reraise=True,
    )
    return attempts(_attempt, url, into, setting, limits, told)


def _attempt(url: str, into: Path, setting: str, limits: DownloadLimits, told: Told | None) -> Download:
    started = time.monotonic()
    opened = _opened_file if urlsplit(url).scheme.lower() == "file" else _opened_answer
    with opened(url, setting, limits) as (blocks, expected):
        _check_limits(expected or 0, 0, setting, limits)
        if expected and expected > shutil.disk_usage(into.parent).free:
            raise FileNotWrittenError(f"of {setting}", OSError(ENOSPC, "full"))
        count = 0
        with into.open("wb") as file:
            for block in blocks:
                count += len(block)
                _check_limits(count, time.monotonic() - started, setting, limits)
                file.write(block)
                if told:
                    told(count, expected)
    if expected is not None and count != expected:
        raise InterruptedDownloadError(setting, f"it broke off after {count} of {expected} bytes")
    if not count:
        raise WrongFileError(setting, "the file is empty")
    return Download(count, expected, time.monotonic() - started)


def _check_limits(count: int, seconds: float, setting: str, limits: DownloadLimits) -> None:
    if count > limits.largest_bytes:
        raise WrongFileError(setting, f"the file is larger than {limits.largest_bytes / MEBIBYTE:g} MiB")
    if seconds > limits.total_s:
        raise DownloadFailedError(setting, f"it had not ended after {limits.total_s:g} seconds")


@contextmanager
def _opened_answer(url: str, setting: str, limits: DownloadLimits) -> Iterator[Opened]:
    timeout = (limits.connect_s, limits.silence_s)
    identity = {"Accept-Encoding": "identity"}  # or Content-Length would count what is compressed
    try:
        with requests.get(url, stream=True, timeout=timeout, headers=identity) as answer:
            _check_answer(answer, setting)
            length = answer.headers.get("Content-Length", "")
            encoded = answer.headers.get("Content-Encoding", "identity") != "identity"
            expected = int(length) if length.isdecimal() and not encoded else None
            # What is there, unpacked: `iter_content` would wait for whole blocks, for ever if it drips in.
            yield iter(lambda: answer.raw.read1(BLOCK, decode_content=True), b""), expected
    except (requests.RequestException, HTTPError) as error:
        for kind, reason in PASSING.items():
            if isinstance(error, kind):
                raise InterruptedDownloadError(setting, reason) from error
        raise DownloadFailedError(setting, "the address cannot be used") from error


def _check_answer(answer: requests.Response, setting: str) -> None:
    code = answer.status_code
    if not answer.ok:
        passing = code >= HTTPStatus.INTERNAL_SERVER_ERROR or code == HTTPStatus.TOO_MANY_REQUESTS
        failed = InterruptedDownloadError if passing else DownloadFailedError
        raise failed(setting, f"the server answered {code} {answer.reason}".rstrip())
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise WrongFileError(setting, "the server answered with a web page instead of a file")


@contextmanager
def _opened_file(url: str, setting: str, _: DownloadLimits) -> Iterator[Opened]:
    parts = urlsplit(url)
    path = Path(url2pathname(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_file():
        raise DownloadFailedError(setting, "there is no such file")
    try:
        file = path.open("rb")
    except OSError as error:
        raise DownloadFailedError(setting, f"the file cannot be read: {error.strerror}") from error
    with file:
        yield iter(lambda: file.read(BLOCK), b""), path.stat().st_size
