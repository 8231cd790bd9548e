"""ml_model: sets, trains and scores models."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from client.answer import Answer, Moment
from client.connection import PAGE_SIZE
from client.deployments import Deployment, Deployments, Preprocessing

ScoredSet = Literal["testing", "production"]


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


class Models(Answer):
    """newest: was set, or made active again, last. active: the live one. None while there is none."""

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


class Prediction(Answer):
    """What the model says of each row.

    probabilities: by class, ascending; None where the model gives none. sample_index: None where nothing is
    stored.
    """

    predictions: list[float]
    probabilities: list[list[float]] | None
    deployment_id: int
    model_name: str
    sample_index: list[int] | None


class FeedbackOutcome(Answer):
    """What became of the truths, each sample counted once; unknown: there is no such sample, or not yet."""

    message: str
    rows: int
    stored: int
    replaced: int
    unchanged: int
    unknown: int
    first_unknown: list[int]


class MlModel(Deployments):
    """`fleet.ml_model`. use_case: whose model is meant, everywhere; the service's default is wine.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

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
        """Trains the chosen model on the training set, makes it the live one, and scores it there.

        Raises ConflictError if no model is set or the set is not loaded.
        """
        body = {"dataset": "training", "use_case": use_case}
        return self._connection.ask(Score, "POST", body=body, idempotency_key=idempotency_key)

    def score(
        self,
        dataset: ScoredSet,
        *,
        deployment_id: int | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Score:
        """Scores the chosen model, or the deployment that is named, and stores its predictions.

        Raises ConflictError if it is not trained or the set is not loaded.
        """
        body = {"dataset": dataset, "deployment_id": deployment_id, "use_case": use_case}
        return self._connection.ask(Score, "POST", body=body, idempotency_key=idempotency_key)

    def describe(self, *, use_case: str | None = None) -> Models:
        """Describes the model that was set, or made active again, last; and the live one."""
        return self._connection.ask(Models, "GET", query={"use_case": use_case})

    def predict(
        self,
        records: Sequence[Mapping[str, float | str | None]],
        *,
        routing_key: str | None = None,
        use_case: str | None = None,
    ) -> Prediction:
        """Answers rows with the live model. records: value by column; None where it is missing.

        routing_key: rows with the same one are answered by the same model, canary or not. Raises InvalidError
        that names the column and the row.
        """
        body = {"records": list(records), "routing_key": routing_key, "use_case": use_case}
        return self._connection.ask(Prediction, "POST", "/predict", body=body)

    def feedback(
        self,
        sample_index: Sequence[int],
        target: Sequence[float],
        *,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> FeedbackOutcome:
        """Stores the truth about samples: target[i] is that of sample_index[i]."""
        body = {"sample_index": list(sample_index), "target": list(target), "use_case": use_case}
        return self._connection.ask(
            FeedbackOutcome, "POST", "/feedback", body=body, idempotency_key=idempotency_key
        )

    def audit(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[AuditEvent]:
        """Who did what on any service, the newest first. page_size: events asked for at a time, 1 to 500."""
        query = {"use_case": use_case, "limit": page_size}
        for page in self._connection.pages(AuditPage, "/audit", query=query):
            yield from page.events
