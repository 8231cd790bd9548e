"""What a log ends with."""

from pathlib import Path

SHOWN_LINES = 20


def last_line(log: Path) -> str:
    """Its last line that is not empty."""
    return (_lines(log) or ["it said nothing"])[-1].strip()


def last_words(log: Path) -> str:
    """What a program of ours ended with: two sentences, what is wrong and what to do about it."""
    return ". ".join(dict.fromkeys(line.strip() for line in _lines(log)[-2:])) or "it wrote no log"


def last_lines(log: Path) -> str:
    """Its last lines for people, below where it is."""
    lines = "\n".join(f"  {line}" for line in _lines(log)[-SHOWN_LINES:])
    return f"The end of its log, {log}:\n{lines or '  (it is empty)'}"


def _lines(log: Path) -> list[str]:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return [line.rstrip() for line in text.splitlines() if line.strip()]
