"""Every form is what its receiver documents, whatever people have written into it."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import jsonschema_rs
import pytest

from monitoring.service.telling.event import Event, as_arguments, from_arguments
from monitoring.service.telling.forms import FORMS, body

AT = datetime(2026, 11, 29, 6, 0, 0, tzinfo=timezone(timedelta(hours=1)))
HOSTILE = '<!channel> & <@U1> <https://evil.example|click> **b** [x](https://evil.example) "\n\ud800'
PLAIN = Event("verdict", "wine", AT, "alcohol drifted", "critical", {"verdict_id": 7, "p": 1e-5})
WORST = Event(
    "loop_ended",
    HOSTILE,
    AT,
    HOSTILE + "&" * 100_000,
    "warning",
    {f"{HOSTILE}{number}": [HOSTILE, "&" * 5000, None, {"a": 1.5}] for number in range(40)},
    "https://fleet.example/a?b=1&c=|>",
)

Json = dict[str, Any]


def text_of(kinds: list[str], longest: int) -> Json:
    """Slack's text object: docs.slack.dev/reference/block-kit/composition-objects/text-object."""
    return {
        "type": "object",
        "required": ["type", "text"],
        "properties": {
            "type": {"enum": kinds},
            "text": {"type": "string", "minLength": 1, "maxLength": longest},
            "verbatim": {"type": "boolean"},
        },
        "additionalProperties": False,
    }


SLACK: Json = {
    "type": "object",
    "required": ["text", "blocks"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": 40_000},
        "blocks": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "oneOf": [
                    {
                        "required": ["type"],
                        "anyOf": [{"required": ["text"]}, {"required": ["fields"]}],
                        "properties": {
                            "type": {"const": "section"},
                            "text": text_of(["mrkdwn"], 3000),
                            "fields": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 10,
                                "items": text_of(["mrkdwn"], 2000),
                            },
                        },
                        "additionalProperties": False,
                    },
                    {
                        "required": ["type", "elements"],
                        "properties": {
                            "type": {"const": "context"},
                            "elements": {"type": "array", "maxItems": 10, "items": text_of(["mrkdwn"], 3000)},
                        },
                        "additionalProperties": False,
                    },
                ]
            },
        },
    },
}
# adaptivecards.io's schema 1.4, of the elements that we use.
RUN: Json = {
    "type": "object",
    "required": ["type", "text"],
    "properties": {
        "type": {"const": "TextRun"},
        "text": {"type": "string"},
        "weight": {"enum": ["Lighter", "Default", "Bolder"]},
        "color": {"enum": ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]},
        "size": {"enum": ["Default", "Small", "Medium", "Large", "ExtraLarge"]},
        "isSubtle": {"type": "boolean"},
    },
    "additionalProperties": False,
}
TEAMS: Json = {
    "type": "object",
    "required": ["type", "attachments"],
    "properties": {
        "type": {"const": "message"},
        "attachments": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "required": ["contentType", "content"],
                "properties": {
                    "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
                    "contentUrl": {"type": "null"},
                    "content": {
                        "required": ["type", "version", "body"],
                        "properties": {
                            "$schema": {"const": "http://adaptivecards.io/schemas/adaptive-card.json"},
                            "type": {"const": "AdaptiveCard"},
                            "version": {"const": "1.4"},
                            "body": {
                                "items": {
                                    "required": ["type", "inlines"],
                                    "properties": {
                                        "type": {"const": "RichTextBlock"},
                                        "inlines": {"type": "array", "items": RUN},
                                    },
                                }
                            },
                            "actions": {
                                "items": {
                                    "required": ["type", "url"],
                                    "properties": {"type": {"const": "Action.OpenUrl"}},
                                }
                            },
                        },
                        "additionalProperties": False,
                    },
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
# Alertmanager's api/v2/openapi.yaml: postableAlerts; and names of labels as every version takes them.
LABELS: Json = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"},
    "additionalProperties": {"type": "string"},
}
ALERTMANAGER: Json = {
    "type": "array",
    "minItems": 1,
    "items": {
        "required": ["labels"],
        "properties": {
            "labels": {**LABELS, "required": ["alertname"]},
            "annotations": LABELS,
            "startsAt": {"type": "string", "format": "date-time"},
            "endsAt": {"type": "string", "format": "date-time"},
            "generatorURL": {"type": "string"},
        },
        "additionalProperties": False,
    },
}
OURS: Json = {
    "type": "object",
    "required": ["event", "use_case", "at", "sentence", "severity", "details", "link"],
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "details": {"type": "object"},
        "severity": {"enum": ["info", "warning", "critical"]},
    },
}
SHAPES: dict[Any, Json] = {"json": OURS, "slack": SLACK, "teams": TEAMS, "alertmanager": ALERTMANAGER}


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in strings(each)]
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("event", [PLAIN, WORST], ids=["plain", "worst"])
@pytest.mark.parametrize("form", FORMS)
def test_a_form_has_the_documented_shape(form: Any, event: Event) -> None:
    sent = body(event, form)
    # Lone surrogates are replaced as receivers do, since no JSON library of another language has them.
    read = json.loads(sent.replace(b"\\ud800", b"\\ufffd"))

    jsonschema_rs.validator_for(SHAPES[form], validate_formats=True).validate(read)
    assert "alcohol drifted" in sent.decode() or event is WORST


def test_our_own_form_says_it_all() -> None:
    assert json.loads(body(PLAIN, "json")) == {
        "event": "verdict",
        "use_case": "wine",
        "at": "2026-11-29T05:00:00.000Z",
        "sentence": "alcohol drifted",
        "severity": "critical",
        "details": {"verdict_id": 7, "p": 1e-5},
        "link": None,
    }


def test_slack_finds_no_marks_but_ours() -> None:
    sent = json.loads(body(WORST, "slack"))
    link = "<https://fleet.example/a?b=1&amp;c=%7C%3E|More>"

    assert link in sent["blocks"][-1]["elements"][0]["text"]
    for text in strings(sent):
        rest = text.replace(link, "")
        assert "<" not in rest
        assert ">" not in rest
        assert "&" not in rest.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_teams_shows_text_as_text_and_the_card_stays_small() -> None:
    sent = body(WORST, "teams")
    card = json.loads(sent)["attachments"][0]["content"]

    assert len(sent) < 28 * 1024
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "whose runs are no Markdown"
    assert card["actions"][0]["url"] == WORST.link


def test_alertmanager_groups_by_use_case_and_shows_the_sentence() -> None:
    (alert,) = json.loads(body(PLAIN, "alertmanager"))

    assert alert["labels"] == {"alertname": "MLFleetVerdict", "use_case": "wine", "severity": "critical"}
    assert alert["annotations"]["summary"] == "alcohol drifted"
    assert json.loads(alert["annotations"]["description"]) == {"verdict_id": 7, "p": 1e-5}
    assert alert["startsAt"] == "2026-11-29T05:00:00.000Z"


@pytest.mark.parametrize("form", FORMS)
def test_an_event_that_went_through_a_job_has_the_same_bytes(form: Any) -> None:
    again = from_arguments(json.loads(json.dumps(as_arguments(PLAIN))))

    assert again.at == PLAIN.at
    assert body(again, form) == body(PLAIN, form)
