"""ml_model: sets, trains and scores models."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Unpack

from client.answers import Audit, AuditEvent, Feedback, Models, ModelSet, Prediction, Score
from client.connection import PAGE_SIZE
from client.deployments import Deployments, Setting

__all__ = ["MlModel", "Score", "ScoredSet"]

ScoredSet = Literal["testing", "production"]


class MlModel(Deployments):
    """`fleet.ml_model`. use_case: whose model is meant, everywhere; the service's default is wine.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

    def set_model(
        self, model_name: str, hyperparameters: Mapping[str, Any] | None = None, **setting: Unpack[Setting]
    ) -> ModelSet:
        """Chooses the model that is trained next.

        Raises InvalidError if the estimator does not take the hyperparameters.
        """
        model: dict[str, Any] = {"model_name": model_name, "hyperparameters": hyperparameters}
        return self._connection.post(ModelSet, "/set_model", **model, **setting)

    def train(self, *, use_case: str | None = None, idempotency_key: str | None = None) -> Score:
        """Trains the chosen model on the training set, makes it the live one, and scores it there.

        Raises ConflictError if no model is set or the set is not loaded.
        """
        return self._connection.post(
            Score, dataset="training", use_case=use_case, idempotency_key=idempotency_key
        )

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
        body: dict[str, Any] = {"dataset": dataset, "deployment_id": deployment_id, "use_case": use_case}
        return self._connection.post(Score, idempotency_key=idempotency_key, **body)

    def describe(self, *, use_case: str | None = None) -> Models:
        """Describes the model that was set, or made active again, last; and the live one."""
        return self._connection.get(Models, use_case=use_case)

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
        body: dict[str, Any] = {"records": list(records), "routing_key": routing_key, "use_case": use_case}
        return self._connection.post(Prediction, "/predict", **body)

    def feedback(
        self,
        sample_index: Sequence[int],
        target: Sequence[float],
        *,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Feedback:
        """Stores the truth about samples: target[i] is that of sample_index[i]."""
        truth: dict[str, Any] = {"sample_index": list(sample_index), "target": list(target)}
        return self._connection.post(
            Feedback, "/feedback", idempotency_key=idempotency_key, use_case=use_case, **truth
        )

    def audit(self, *, use_case: str | None = None, page_size: int = PAGE_SIZE) -> Iterator[AuditEvent]:
        """Who did what on any service, the newest first. page_size: events asked for at a time, 1 to 500."""
        for page in self._connection.pages(Audit, "/audit", page_size, use_case=use_case):
            yield from page.events
