"""What scores and serves: a fitted model behind one face, whatever form it was stored in."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import numpy_helper
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from ml_model.service.onnx_form import (
    CLASSES,
    DECISIONS,
    LABEL,
    PROBABILITIES,
    PROBABILITY,
    WITHIN_SINGLE,
)

Floats = npt.NDArray[np.float64]
Answers = list[npt.NDArray[Any]]

ROWS_AT_ONCE = 1000  # for each of them a vector machine compares with all of its vectors, in memory


@dataclass(frozen=True)
class Predicted:
    """labels: (rows,), classes or numbers, NaN where the row's values are too large for the model.

    by_class: (rows, classes), in ascending order of the classes, and probabilities: (rows,), of the predicted
    class, which need not be the most probable one; None where the model gives none. classes: of by_class;
    None without it, and of a model that was stored without them.
    """

    labels: Floats
    by_class: Floats | None = None
    probabilities: Floats | None = None
    classes: Floats | None = None


class Predictor(Protocol):
    """Predicts rows of features."""

    @property
    def gives_probabilities(self) -> bool:
        """Whether its answers have them."""
        ...

    def predict(self, features: Floats) -> Predicted:
        """features: (rows, features), NaN where missing."""
        ...


class OnnxPredictor:
    """A model in ONNX form, run by onnxruntime. threads: that share out many rows; 0 for one a core."""

    def __init__(self, model: bytes, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        # Several of its threads would share out trees, and add them up in another order than scikit-learn.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        # What one large request took would be kept for each model, and saves the next one nothing.
        options.enable_cpu_mem_arena = False
        self._threads = threads or os.cpu_count() or 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._names = [output.name for output in self._session.get_outputs()]
        self._outputs = [name for name in (LABEL, PROBABILITIES, PROBABILITY) if name in self._names]
        self._classes = _classes_of(model) if self.gives_probabilities else None

    @property
    def gives_probabilities(self) -> bool:
        return PROBABILITIES in self._outputs

    def predict(self, features: Floats) -> Predicted:
        answers = self._run(self._outputs, features)
        if PROBABILITY not in self._names:
            return _as_now(*answers, classes=self._classes)
        labels, by_class, probabilities = answers
        return Predicted(labels, by_class, probabilities, self._classes)

    def on_all_cores(self) -> "OnnxPredictor":
        """The same model, which shares many rows out."""
        shared = copy.copy(self)
        shared._threads = os.cpu_count() or 1  # noqa: SLF001  # its own
        return shared

    def decisions(self, features: Floats) -> Floats | None:
        """(rows, classes or pairs of them), None of models that have none."""
        if DECISIONS not in self._names:
            return None
        return np.asarray(self._run([DECISIONS], features)[0])

    def _run(self, names: list[str], features: Floats) -> Answers:
        if len(features) <= ROWS_AT_ONCE:
            return self._run_at_once(names, features)
        starts = range(0, len(features), ROWS_AT_ONCE)
        blocks = [features[start : start + ROWS_AT_ONCE] for start in starts]
        run = partial(self._run_at_once, names)
        if self._threads == 1:
            parts = list(map(run, blocks))
        else:
            with ThreadPoolExecutor(self._threads, thread_name_prefix="predict") as pool:
                parts = list(pool.map(run, blocks))
        return [np.concatenate(answers) for answers in zip(*parts, strict=True)]

    def _run_at_once(self, names: list[str], features: Floats) -> Answers:
        answers: Answers = self._session.run(names, {self._input: features})
        return answers


def _classes_of(model: bytes) -> Floats | None:
    """The classes that it was written with, in the order of its probabilities."""
    for constant in onnx.load_model_from_string(model).graph.initializer:
        if constant.name == CLASSES:
            return np.asarray(numpy_helper.to_array(constant), np.float64)
    return None


def _as_now(
    labels: npt.NDArray[Any], by_class: npt.NDArray[Any] | None = None, *, classes: Floats | None
) -> Predicted:
    """What is said by a model without probabilities, or by one that was stored by an earlier version."""
    said = labels.reshape(-1).astype(np.float64)
    if by_class is None:
        return Predicted(said)
    at_most_one = np.minimum(by_class.astype(np.float64), 1.0)  # single precision may add up to a little more
    highest = at_most_one.max(axis=1)
    return Predicted(np.where(np.isfinite(highest), said, np.nan), at_most_one, highest, classes)


class PipelinePredictor:
    """A model as scikit-learn fitted it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._preparation = pipeline[:-1]
        self._estimator = pipeline[-1]
        self._largest = np.finfo(np.float32 if isinstance(self._estimator, WITHIN_SINGLE) else np.float64).max

    @property
    def gives_numbers(self) -> bool:
        """Whether it is a regressor."""
        return bool(is_regressor(self._estimator))

    @property
    def gives_probabilities(self) -> bool:
        return hasattr(self._estimator, "predict_proba")

    def predict(self, features: Floats) -> Predicted:
        prepared, usable = self._prepared(features)
        labels = np.full(len(features), np.nan)
        if not self.gives_probabilities:
            if usable.any():
                labels[usable] = self._estimator.predict(prepared[usable])
            return Predicted(labels)
        classes = self._estimator.classes_
        by_class = np.full((len(features), len(classes)), np.nan)
        if usable.any():
            labels[usable] = self._estimator.predict(prepared[usable])
            by_class[usable] = self._estimator.predict_proba(prepared[usable])
        places = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
        probabilities = by_class[np.arange(len(labels)), places]
        labels[np.isnan(probabilities)] = np.nan
        return Predicted(labels, by_class, probabilities, np.asarray(classes, np.float64))

    def decisions(self, features: Floats) -> Floats | None:
        """As OnnxPredictor's, NaN where values are too large."""
        if not hasattr(self._estimator, "decision_function"):
            return None
        prepared, usable = self._prepared(features)
        estimator, sign = self._estimator, 1
        if isinstance(estimator, SVC):
            estimator = copy.copy(estimator).set_params(decision_function_shape="ovo", break_ties=False)
            sign = -1 if len(estimator.classes_) == 2 else 1  # scikit-learn turns those of two classes round
        told = sign * estimator.decision_function(prepared[usable]).reshape(int(usable.sum()), -1)
        decisions = np.full((len(features), told.shape[1]), np.nan)
        decisions[usable] = told
        return decisions

    def _prepared(self, features: Floats) -> tuple[Floats, npt.NDArray[np.bool_]]:
        """What the estimator sees, and which rows it can use."""
        with np.errstate(over="ignore", invalid="ignore"):
            prepared = np.asarray(self._preparation.transform(features))
            return prepared, (np.abs(prepared) <= self._largest).all(axis=1)
