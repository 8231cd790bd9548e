"""ml_model: sets, trains and scores models."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from client.answer import Answer, Moment
from client.connection import PAGE_SIZE, Connection

ScoredSet = Literal["testing", "production"]
Preprocessing = Literal["standard_scaler", "none"]


class ModelSet(Answer):
    """The model that is trained next."""

    message: str
    deployment_id: int


class Score(Answer):
    """How a model did on a set of so many rows.

    score: its accuracy, 0 to 1, or R² of a regression; None, and no metrics, if no sample has a target.
    metrics: accuracy, f1_score, precision and recall, or mae, rmse, r2 and max_error.
    """

    message: str
    score: float | None
    rows: int
    deployment_id: int
    metrics: dict[str, float]


class Deployment(Answer):
    """A model that was set. trained_at, active_since: None until then."""

    id: int
    model_name: str
    hyperparameters: dict[str, Any]
    preprocessing: Preprocessing
    run_id: str | None
    set_at: Moment
    trained_at: Moment | None
    active_since: Moment | None


class Models(Answer):
    """newest: the model that was set last. active: the live one. None while there is none."""

    name: str | None
    message: str
    newest: Deployment | None = Field(validation_alias="set")
    active: Deployment | None


class AuditEvent(Answer):
    """Something that was done. subject: a set's name, or the id of a deployment, experiment or run."""

    id: int
    at: Moment
    service: str
    action: str
    use_case: str | None
    subject: str
    actor: str
    request_id: str


class AuditPage(Answer):
    """Some of the events."""

    events: list[AuditEvent]
    next_page_token: str | None


class MlModel:
    """`fleet.ml_model`. use_case: whose model is meant, everywhere; the service's default is wine.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def set_model(  # noqa: PLR0913  # the fields of the request
        self,
        model_name: str,
        hyperparameters: Mapping[str, Any] | None = None,
        *,
        preprocessing: Preprocessing | None = None,
        run_id: str | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> ModelSet:
        """Chooses the model that is trained next. run_id: the MLflow run that it was chosen from.

        Raises InvalidError if the estimator does not take the hyperparameters.
        """
        body = {
            "model_name": model_name,
            "hyperparameters": hyperparameters,
            "preprocessing": preprocessing,
            "run_id": run_id,
            "use_case": use_case,
        }
        return self._connection.ask(
            ModelSet, "POST", "/set_model", body=body, idempotency_key=idempotency_key
        )

    def train(self, *, use_case: str | None = None, idempotency_key: str | None = None) -> Score:
        """Trains the model that was set last on the training set, makes it the live one, and scores it there.

        Raises ConflictError if no model is set or the set is not loaded.
        """
        return self._run("training", use_case, idempotency_key)

    def score(
        self, dataset: ScoredSet, *, use_case: str | None = None, idempotency_key: str | None = None
    ) -> Score:
        """Scores the model that was set last, and stores its predictions.

        Raises ConflictError if it is not trained or the set is not loaded.
        """
        return self._run(dataset, use_case, idempotency_key)

    def describe(self, *, use_case: str | None = None) -> Models:
        """Describes the model that was set last, and the live one."""
        return self._connection.ask(Models, "GET", query={"use_case": use_case})

    def audit(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[AuditEvent]:
        """Who did what on any service, the newest first. page_size: events asked for at a time, 1 to 500."""
        query = {"use_case": use_case, "limit": page_size}
        for page in self._connection.pages(AuditPage, "/audit", query=query):
            yield from page.events

    def _run(self, dataset: str, use_case: str | None, idempotency_key: str | None) -> Score:
        body = {"dataset": dataset, "use_case": use_case}
        return self._connection.ask(Score, "POST", body=body, idempotency_key=idempotency_key)
