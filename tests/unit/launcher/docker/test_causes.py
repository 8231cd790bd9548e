import pytest

from launcher.docker.causes import SAYS_NOTHING, cause

REFUSED = (
    'connection to server at "db" (172.18.0.2), port 5432 failed: FATAL:  password authentication failed'
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], SAYS_NOTHING),
        (
            [
                "2026-01-01 10:00:00,000 INFO    app: starting",
                "SIMULATOR_LOG_LEVEL: loud is none",
                "Correct it",
            ],
            "SIMULATOR_LOG_LEVEL: loud is none. Correct it",
        ),
        (
            ["The database is newer than this version of mlfleet: no 0009"] * 3,
            "The database is newer than this version of mlfleet: no 0009",
        ),
        (
            [
                "Traceback (most recent call last):",
                '  File "x.py", line 1, in <module>',
                f"sqlalchemy.exc.OperationalError: {REFUSED}",
                "(Background on this error at: https://example.org)",
            ],
            f"sqlalchemy.exc.OperationalError: {REFUSED}",
        ),
        (
            [
                '2026-01-01 10:00:00.000 UTC [1] FATAL:  could not write "postmaster.pid": No space',
                "2026-01-01 10:00:00.100 UTC [1] LOG:  database system is shut down",
            ],
            'FATAL:  could not write "postmaster.pid": No space',
        ),
        (
            [
                '2026-01-01 10:00:00.000 UTC [1] FATAL:  could not extend file "1": No space left on device',
                "2026-01-01 10:00:00.100 UTC [1] PANIC:  cannot abort transaction 1",
            ],
            'FATAL:  could not extend file "1": No space left on device',
        ),
        (["2026-01-01 10:00:00,000 ERROR   app: broken"], "ERROR   app: broken"),
    ],
    ids=["nothing", "sentences", "repeated", "traceback", "root cause", "full", "log line"],
)
def test_the_line_that_says_what_is_wrong_is_found(lines: list[str], expected: str) -> None:
    assert cause(lines) == expected
