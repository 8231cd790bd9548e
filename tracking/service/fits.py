"""What the workers of a search do: fit, score and predict, each on its rows of the training set."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import get_scorer
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import resample

from fleet.catalogue import build_pipeline
from fleet.one_versus_rest import of_scikit_learn_alone
from fleet.settings import SEED
from tracking.persistence.model.search import FitKey, FitResult, Part, SearchRequest, TrainingSet
from tracking.persistence.repository.named_columns import frame_of, with_names
from tracking.utils.quiet import no_warnings

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Material:
    """What every task of a search is given. folds: of each the rows to fit on, and those to score on."""

    request: SearchRequest
    training: TrainingSet
    folds: Sequence[tuple[Rows, Rows]]


@dataclass(frozen=True)
class Fit:
    """One fit to be made. rows: of all folds together, to take by chance; None for every row there is."""

    key: FitKey
    hyperparameters: Mapping[str, Any]
    rows: int | None = None


@dataclass(frozen=True)
class FoldPrediction:
    """Of one fold's rows: see CrossValidated."""

    predicted: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None
    decisions: npt.NDArray[np.float64] | None
    cpu_seconds: float


def material_for(request: SearchRequest, training: TrainingSet) -> Material:
    """The folds are scikit-learn's own for a number: stratified where there are classes, never shuffled."""
    splitter = check_cv(request.cv, training.target, classifier=training.classifies)
    return Material(request, training, list(splitter.split(training.features, training.target)))


def do_fits(material: Material, fits: Sequence[Fit]) -> list[FitResult]:
    """Fit and score each. What an estimator or a scorer raises fails that fit alone."""
    with no_warnings():
        return [do_fit(material, fit) for fit in fits]


def predict_fold(
    material: Material, model_name: str, hyperparameters: Mapping[str, Any], fold: int
) -> FoldPrediction:
    """What the model of a fold's other rows says of the fold's."""
    began = time.process_time()
    features, target = material.training.features, material.training.target
    fitted, scored = material.folds[fold]
    with no_warnings():
        pipeline = pipeline_of(model_name, hyperparameters, material.request, material.training)
        pipeline.fit(features[fitted], target[fitted])
        predicted = pipeline.predict(features[scored])
        probabilities = decisions = None
        if hasattr(pipeline, "predict_proba"):
            probabilities = pipeline.predict_proba(features[scored])
        elif hasattr(pipeline, "decision_function"):
            found = pipeline.decision_function(features[scored])
            decisions = np.column_stack([-found, found]) if found.ndim == 1 else found
    return FoldPrediction(predicted, probabilities, decisions, time.process_time() - began)


def fit_whole(
    material: Material, model_name: str, hyperparameters: Mapping[str, Any]
) -> tuple[Pipeline, float]:
    """The model fitted on every row, made to take what a user has; and the CPU time it took, in seconds."""
    began = time.process_time()
    training = material.training
    with no_warnings():
        pipeline = with_names(pipeline_of(model_name, hyperparameters, material.request, training), training)
        fitted = of_scikit_learn_alone(pipeline.fit(frame_of(training), training.target))
    return fitted, time.process_time() - began


def pipeline_of(
    model_name: str, hyperparameters: Mapping[str, Any], request: SearchRequest, training: TrainingSet
) -> Pipeline:
    """The catalogue's unfitted pipeline for these hyperparameters and this training set."""
    return build_pipeline(
        model_name,
        hyperparameters,
        classes=len(np.unique(training.target)) if training.classifies else 0,
        preprocessing=request.preprocessing,
        categories=training.categories,
    )


def do_fit(material: Material, fit: Fit) -> FitResult:
    """Fit and score one."""
    clock, cpu = time.perf_counter(), time.process_time()
    score, reason = np.nan, None
    part: Part | None = None
    doing: Part = "fit"
    features, target = material.training.features, material.training.target
    fitted, scored = _rows(material, fit)
    try:
        pipeline = pipeline_of(fit.key.model_name, fit.hyperparameters, material.request, material.training)
        pipeline.fit(features[fitted], target[fitted])
        doing = "score"
        score = float(get_scorer(material.request.scoring)(pipeline, features[scored], target[scored]))
        if not np.isfinite(score):
            score, part, reason = np.nan, doing, "it gives no number"
    except Exception as error:  # noqa: BLE001  # estimators and scorers raise whatever they like
        part, reason = doing, reason_of(error)
    return FitResult(score, time.perf_counter() - clock, time.process_time() - cpu, part, reason)


def _rows(material: Material, fit: Fit) -> tuple[Rows, Rows]:
    """Fewer rows are chosen as scikit-learn's halving does it: the same share of either part."""
    parts = material.folds[fit.key.fold]
    if fit.rows is None:
        return parts
    share = fit.rows / len(material.training.target)
    fitted, scored = (
        resample(part, replace=False, random_state=SEED, n_samples=int(share * len(part))) for part in parts
    )
    return fitted, scored


def reason_of(error: BaseException) -> str:
    """The first line of what went wrong, such as can be stored and sent."""
    lines = str(error).strip().splitlines()
    text = lines[0][:300] if lines else type(error).__name__
    return text.replace("\0", "").encode(errors="backslashreplace").decode()
