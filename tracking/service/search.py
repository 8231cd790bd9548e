"""Grid search of one model, and cross-validated predictions of its best."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    max_error,
    mean_absolute_error,
    precision_recall_fscore_support,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)
from sklearn.model_selection import GridSearchCV, ParameterGrid, cross_val_predict
from sklearn.pipeline import Pipeline

from fleet.catalogue import Task, build_estimator, build_pipeline
from fleet.one_versus_rest import of_scikit_learn_alone
from tracking.persistence.model.search import (
    CandidateResult,
    CrossValidated,
    FinishedSearch,
    Grid,
    SearchRequest,
    TrainingSet,
)
from tracking.persistence.repository.named_columns import frame_of, with_names
from tracking.utils.cpu import CpuMeter
from tracking.utils.quiet import no_warnings

Targets = npt.NDArray[np.int64] | npt.NDArray[np.float64]
MOST_CLASSES = 50  # that each have metrics of their own


def search(model_name: str, request: SearchRequest, training: TrainingSet) -> FinishedSearch:
    """Try every combination of the model's grid and keep the first of the best.

    Whatever the estimator or the scorer raises comes through.
    """
    started_at = datetime.now(UTC)
    meter = CpuMeter()
    with no_warnings():
        candidates, best = _candidates(model_name, request, training)
        pipeline = pipeline_of(model_name, best, request, training)
        predicted = cross_val_predict(pipeline, training.features, training.target, cv=request.cv)
        # Fitted on what a user has, so that whoever loads the model from MLflow can send it that.
        fitted = of_scikit_learn_alone(
            with_names(pipeline, training).fit(frame_of(training), training.target)
        )
        computed = compute_metrics(training.task, training.target, predicted)
    seconds, cpu_percent = meter.read()
    metrics = {name: value for name, value in computed.items() if np.isfinite(value)}
    return FinishedSearch(
        model_name=model_name,
        grid=request.grids[model_name],
        hyperparameters=best,
        pipeline=fitted,
        metrics=metrics,
        no_numbers=[name for name in computed if name not in metrics],
        per_class=metrics_per_class(training.target, predicted) if training.classifies else {},
        execution_time_s=seconds,
        cpu_percent=cpu_percent,
        started_at=started_at,
        candidates=candidates,
        cross_validated=CrossValidated(
            predicted, np.unique(training.target) if training.classifies else None
        ),
    )


def combinations(grid: Grid) -> list[dict[str, Any]]:
    """Every combination of the grid, in scikit-learn's order; an empty grid has one, the defaults."""
    return list(ParameterGrid(dict(grid)))


def pipeline_of(
    model_name: str, hyperparameters: Mapping[str, Any], request: SearchRequest, training: TrainingSet
) -> Pipeline:
    """The catalogue's unfitted pipeline for these hyperparameters and this training set."""
    return build_pipeline(
        model_name,
        hyperparameters,
        classes=count_classes(training),
        preprocessing=request.preprocessing,
        categories=training.categories,
    )


def count_classes(training: TrainingSet) -> int:
    """How many classes there are to tell apart; none in a regression."""
    return len(np.unique(training.target)) if training.classifies else 0


def compute_metrics(task: Task, actual: Targets, predicted: Targets) -> dict[str, float]:
    """Accuracy, and F1, precision and recall weighted by class; a class never predicted counts as 0.

    Of a regression: mean absolute and root mean squared error, R² and the largest error.
    """
    if task == "regression":
        return {
            "mae": float(mean_absolute_error(actual, predicted)),
            "rmse": float(root_mean_squared_error(actual, predicted)),
            "r2": float(r2_score(actual, predicted)),
            "max_error": float(max_error(actual, predicted)),
        }
    weighted: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    return {
        "accuracy": float(accuracy_score(actual, predicted)),
        "f1_score": float(f1_score(actual, predicted, **weighted)),
        "precision": float(precision_score(actual, predicted, **weighted)),
        "recall": float(recall_score(actual, predicted, **weighted)),
    }


def metrics_per_class(actual: Targets, predicted: Targets) -> dict[str, float]:
    """Precision, recall and F1 of each class, as `<class>_<name>`; none of more than MOST_CLASSES."""
    classes = np.unique(actual)
    if len(classes) > MOST_CLASSES:
        return {}
    found = precision_recall_fscore_support(actual, predicted, labels=classes, zero_division=0)
    return {
        f"{label}_{name}": float(value)
        for name, values in zip(("precision", "recall", "f1_score"), found, strict=False)
        for label, value in zip(classes, values, strict=True)
    }


def _candidates(
    model_name: str, request: SearchRequest, training: TrainingSet
) -> tuple[list[CandidateResult], dict[str, Any]]:
    """All of them, and the best one's parameters."""
    # The whole estimator is searched over, not its parameters: which combinations need one binary model
    # per class is the catalogue's to say.
    tried = combinations(request.grids[model_name])
    classes = count_classes(training)
    grid_search = GridSearchCV(
        pipeline_of(model_name, {}, request, training),
        {"estimator": [build_estimator(model_name, each, classes) for each in tried]},
        scoring=request.scoring,
        cv=request.cv,
        refit=False,
        error_score="raise",
    )
    found = grid_search.fit(training.features, training.target).cv_results_
    candidates = [
        CandidateResult(
            number=number,
            hyperparameters=hyperparameters,
            scores=tuple(float(found[f"split{fold}_test_score"][number]) for fold in range(request.cv)),
            mean_score=float(found["mean_test_score"][number]),
            std_score=float(found["std_test_score"][number]),
            fit_seconds=float(found["mean_fit_time"][number]) * request.cv,
            rows=len(training.target) * request.cv,
        )
        for number, hyperparameters in enumerate(tried)
    ]
    return candidates, tried[int(grid_search.best_index_)]
