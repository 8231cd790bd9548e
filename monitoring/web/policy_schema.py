"""What is sent and answered about policies."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel, examples
from fleet.web.validation import RequestModel, UseCaseName
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.repository.policies import KeptPolicy

CHOSEN: JsonDict = {
    "enabled": True,
    "schedule": "rows",
    "window_rows": 100,
    "truth_wait": 0.0,
    "evidence": "auto",
    "action": "retrain_and_promote",
    "cool_down": 3600.0,
    "webhook": {"url": "https://hooks.example.com/mlfleet", "form": "json"},
    "search": {
        "models": "auto",
        "hyperparameters": {},
        "method": "optuna",
        "budget": {"candidates": 20, "seconds": None},
        "scoring": None,
        "cv": 5,
    },
    "gate": {"rows": 100, "share": 0.5, "keep_old": 0.02},
    "watch_rows": 200,
}


class PolicyRequest(RequestModel, Policy):
    """`PUT /root/monitoring/policy`. What is left out has its default, whatever it was before.

    schedule: `rows`, as soon as a window is full, or a cron expression. window_rows: production rows that are
    judged together. truth_wait: seconds that a full window waits for its truth. evidence: what may act.
    cool_down: seconds between two loops. webhook: who is told; of the same URL without a secret it keeps the
    secret that it had. watch_rows: labelled rows after which a promoted model is kept.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"use_case": "wine", "action": "notify"},
                {
                    "use_case": "wine",
                    "action": "retrain_and_promote",
                    "search": {"method": "optuna", "budget": {"candidates": 20}},
                    "gate": {"keep_old": 0.02},
                    "webhook": {
                        "url": "https://hooks.example.com/mlfleet",
                        "secret": "a secret of both sides",
                    },
                },
            ]
        }
    )

    use_case: UseCaseName = "wine"

    def chosen(self) -> Policy:
        """The policy alone."""
        return Policy(**{name: getattr(self, name) for name in Policy.model_fields})


class PolicyQuery(RequestModel):
    """Whose policy is meant."""

    use_case: UseCaseName = "wine"


class PolicyTestRequest(RequestModel):
    """`POST /root/monitoring/policy/test`. use_case: whose policy names the webhook."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"use_case": "wine"}]})

    use_case: UseCaseName = "wine"


class PolicyAnswer(AnswerModel):
    """A policy. signed: whether its webhook has a secret, which is never shown. Who is no admin is not shown
    the path of its URL either.

    judged_until: sample_id of the last row that was judged by it, or came in before it. judged_at: when it
    last judged. changed_at, actor: when it was put, and by whom.
    """

    model_config = examples(
        {
            "use_case": "wine",
            "policy": CHOSEN,
            "signed": True,
            "judged_until": 178,
            "judged_at": None,
            "changed_at": "2026-01-31T12:00:05Z",
            "actor": "alice",
        }
    )

    use_case: str
    policy: Policy
    signed: bool
    judged_until: int
    judged_at: datetime | None
    changed_at: datetime
    actor: str


class PolicyRemovedAnswer(AnswerModel):
    """That a policy is gone."""

    model_config = examples({"message": "The policy of 'wine' was removed"})

    message: str


class ToldAnswer(AnswerModel):
    """How a webhook answered. status: its HTTP status."""

    model_config = examples(
        {"message": "The webhook at https://hooks.example.com answered 200", "status": 200}
    )

    message: str
    status: int


def shown(kept: KeptPolicy, *, whole: bool) -> dict[str, Any]:
    """The answer. whole: with the webhook's path, which often is a secret."""
    webhook = kept.policy.webhook
    answer = PolicyAnswer(
        use_case=kept.use_case,
        policy=kept.policy,
        signed=webhook is not None and webhook.secret is not None,
        judged_until=kept.judged_until,
        judged_at=kept.judged_at,
        changed_at=kept.changed_at,
        actor=kept.actor,
    ).model_dump(mode="json", exclude={"policy": {"webhook": {"secret"}}})
    if webhook is not None and not whole:
        parts = urlsplit(webhook.url)
        answer["policy"]["webhook"]["url"] = f"{parts.scheme}://{parts.netloc}/…"
    return answer
