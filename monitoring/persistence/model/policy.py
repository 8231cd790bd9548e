"""What the loop may do for a use case. The same models are the request, the answer and what is stored."""

from typing import Annotated, Any, Literal

from croniter import croniter
from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from fleet.read_models import ReadModel
from monitoring.persistence.model.window import MOST_JUDGED

Evidence = Literal["auto", "harm", "drift", "either"]
Action = Literal["notify", "retrain", "retrain_and_promote"]
Form = Literal["json", "slack", "teams", "alertmanager"]

FEWEST_ROWS = 30  # that anything is decided by
MOST_EVALUATED = 100_000  # rows, by ml_model at once
WHEN_FULL = "rows"
CRON_FIELDS = 5  # croniter takes a sixth, of seconds: too often for anything that is judged


def _schedule(value: str) -> str:
    if value != WHEN_FULL and not (len(value.split()) == CRON_FIELDS and croniter.is_valid(value)):
        raise ValueError(
            f"'{value[:100]}' is no schedule: '{WHEN_FULL}' judges each window once it is full, "
            "a cron expression of five fields such as '0 * * * *' at its times (UTC)"
        )
    return value


class _Part(ReadModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WebhookPolicy(_Part):
    """Who is told. secret: signs what is sent; it is never shown. form: what the receiver understands."""

    url: Annotated[str, Field(pattern=r"^https?://", max_length=2000)]
    secret: Annotated[SecretStr, Field(min_length=16, max_length=200)] | None = None
    form: Form = "json"


class BudgetPolicy(_Part):
    """Of a search: candidates, seconds, or both."""

    candidates: Annotated[int, Field(ge=1, le=10_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None


class SearchPolicy(_Part):
    """What tracking is asked for; its own defaults stand for what is absent."""

    models: list[str] | Literal["auto"] = "auto"
    hyperparameters: dict[str, dict[str, list[Any]]] = {}
    method: Literal["grid", "random", "halving", "optuna"] | None = None
    budget: BudgetPolicy | None = None
    scoring: str | None = None
    cv: Annotated[int, Field(ge=2, le=100)] = 5


class GatePolicy(_Part):
    """How a challenger is proven.

    rows: labelled rows that are kept back for it, at most. share: of the newest labelled rows, how many of
    them. keep_old: how much worse it may be on the old testing set; None for any.
    """

    rows: Annotated[int, Field(ge=FEWEST_ROWS, le=MOST_EVALUATED // 2)] = 100
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    keep_old: Annotated[float, Field(ge=0, le=1)] | None = None


class Policy(_Part):
    """When a use case is judged, and what follows from it.

    schedule: "rows", or a cron expression. window_rows: production rows that are judged together.
    truth_wait: seconds that a full window waits for its truth. evidence: what may act. cool_down: seconds
    between two loops. watch_rows: labelled rows after which a promoted model is kept.
    """

    enabled: bool = True
    schedule: Annotated[str, AfterValidator(_schedule)] = WHEN_FULL
    window_rows: Annotated[int, Field(ge=FEWEST_ROWS, le=MOST_JUDGED)] = 100
    truth_wait: Annotated[float, Field(ge=0, le=31_536_000)] = 0.0
    evidence: Evidence = "auto"
    action: Action = "notify"
    cool_down: Annotated[float, Field(ge=0, le=31_536_000)] = 3600.0
    webhook: WebhookPolicy | None = None
    search: SearchPolicy = SearchPolicy()
    gate: GatePolicy = GatePolicy()
    watch_rows: Annotated[int, Field(ge=FEWEST_ROWS, le=MOST_EVALUATED)] = 200
