"""The bodies that receivers take. What comes from people stands in them as text, whatever marks it holds.

Slack: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and its limits of blocks.
Teams: the workflow "Post to a channel when a webhook request is received", which takes Adaptive Cards only.
Alertmanager: `postableAlerts` of its api/v2/openapi.yaml.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from typing import Any

from monitoring.persistence.model.policy import Form
from monitoring.service.telling.event import Event

# Slack takes 3000 characters a section and 2000 a field, and each may become five: "&amp;".
LONGEST_SENTENCE, LONGEST_FACT = 500, 150
MOST_FACTS = 10  # that Slack takes in a section
TITLES = {
    "verdict": "Verdict",
    "loop_started": "A loop has started",
    "promoted": "A model was promoted",
    "rolled_back": "A model was rolled back",
    "loop_ended": "A loop has ended",
    "test": "Test",
}
SLACK_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
SLACK_LINK_ESCAPES = str.maketrans({"<": "%3C", ">": "%3E", "|": "%7C", "&": "&amp;"})
TEAMS_COLOURS = {"info": "Default", "warning": "Warning", "critical": "Attention"}


def body(event: Event, form: Form) -> bytes:
    """What is posted. The same event has the same bytes every time."""
    return json.dumps(FORMS[form](event), allow_nan=False).encode()


def _json(event: Event) -> dict[str, Any]:
    return {
        "event": event.kind,
        "use_case": event.use_case,
        "at": _at(event),
        "sentence": event.sentence,
        "severity": event.severity,
        "details": dict(event.details),
        "link": event.link,
    }


def _slack(event: Event) -> dict[str, Any]:
    title = f"{TITLES[event.kind]}: {_slack_text(event.use_case)}"
    sentence = _slack_text(_clipped(event.sentence, LONGEST_SENTENCE))
    fields = [_mrkdwn(f"*{_slack_text(name)}*\n{_slack_text(value)}") for name, value in _facts(event)]
    more = f" · <{event.link.translate(SLACK_LINK_ESCAPES)}|More>" if event.link else ""
    said: list[dict[str, Any]] = [{"type": "section", "text": _mrkdwn(f"*{title}*\n{sentence}")}]
    if fields:
        said.append({"type": "section", "fields": fields})
    said.append({"type": "context", "elements": [_mrkdwn(f"{event.severity} · {_at(event)}{more}")]})
    return {"text": f"{title}. {sentence}", "blocks": said}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _slack_text(text: str) -> str:
    return text.translate(SLACK_ESCAPES)


def _teams(event: Event) -> dict[str, Any]:
    colour = TEAMS_COLOURS[event.severity]
    said = [
        _runs({"text": f"{TITLES[event.kind]}: {event.use_case}", "weight": "Bolder", "color": colour}),
        _runs({"text": _clipped(event.sentence, LONGEST_SENTENCE)}),
        *(_runs({"text": f"{name}: ", "weight": "Bolder"}, {"text": value}) for name, value in _facts(event)),
        _runs({"text": f"{event.severity} · {_at(event)}", "isSubtle": True, "size": "Small"}),
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": said,
    }
    if event.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "More", "url": event.link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _runs(*texts: Mapping[str, Any]) -> dict[str, Any]:
    """A line of its own. Unlike a TextBlock's, a run's text is no Markdown."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **text} for text in texts]}


def _alertmanager(event: Event) -> list[dict[str, Any]]:
    """It ends by Alertmanager's `resolve_timeout`: what is told is a moment, not a state."""
    name = "MLFleet" + "".join(part.capitalize() for part in event.kind.split("_"))
    labels = {"alertname": name, "use_case": event.use_case, "severity": event.severity}
    annotations = {"summary": event.sentence, "description": json.dumps(dict(event.details))}
    alert: dict[str, Any] = {"labels": labels, "annotations": annotations, "startsAt": _at(event)}
    if event.link:
        alert["generatorURL"] = event.link
    return [alert]


def _facts(event: Event) -> list[tuple[str, str]]:
    """The details as people read them, the first few."""
    named = list(event.details.items())[:MOST_FACTS]
    texts = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in named]
    return [(_clipped(name, LONGEST_FACT), _clipped(value, LONGEST_FACT)) for name, value in texts]


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _at(event: Event) -> str:
    return event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMS: dict[Form, Callable[[Event], Any]] = {
    "json": _json,
    "slack": _slack,
    "teams": _teams,
    "alertmanager": _alertmanager,
}
