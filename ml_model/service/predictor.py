"""What scores and serves: a fitted model behind one face, whatever form it was stored in."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Predicted:
    """labels: (rows,), classes or numbers; by_class: (rows, classes), in ascending order of the classes, or
    None where the model gives no probabilities."""

    labels: Floats
    by_class: Floats | None

    @property
    def probabilities(self) -> Floats | None:
        """(rows,), of the predicted class, or None."""
        return None if self.by_class is None else self.by_class.max(axis=1)


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
    """A model in ONNX form, run by onnxruntime. threads: of one prediction; 0 for one a core."""

    def __init__(self, model: bytes, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # What one large request took would be kept for each model, and saves the next one nothing.
        options.enable_cpu_mem_arena = False
        # Idle threads of onnxruntime would otherwise spin and take the cores from everyone else.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        names = [output.name for output in self._session.get_outputs()]
        self._outputs = [name for name in ("label", "probabilities") if name in names]

    @property
    def gives_probabilities(self) -> bool:
        return "probabilities" in self._outputs

    def predict(self, features: Floats) -> Predicted:
        answers = self._session.run(self._outputs, {self._input: features})
        return _predicted(answers[0], answers[1] if len(answers) > 1 else None)


class PipelinePredictor:
    """A model as scikit-learn fitted it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def gives_numbers(self) -> bool:
        """Whether it is a regressor."""
        return bool(is_regressor(self._pipeline))

    @property
    def gives_probabilities(self) -> bool:
        return hasattr(self._pipeline, "predict_proba")

    def predict(self, features: Floats) -> Predicted:
        probabilities = self._pipeline.predict_proba(features) if self.gives_probabilities else None
        return _predicted(self._pipeline.predict(features), probabilities)

    def margins(self, features: Floats) -> Floats:
        """By how much the most probable class leads, (rows,); infinite where there are no probabilities."""
        if not self.gives_probabilities:
            return np.full(len(features), np.inf)
        second, first = np.sort(self._pipeline.predict_proba(features), axis=1)[:, -2:].T
        return np.asarray(first - second)


def _predicted(labels: npt.NDArray[Any], probabilities: npt.NDArray[Any] | None) -> Predicted:
    by_class = None
    if probabilities is not None:  # forests add up in single precision, to a little more than 1
        by_class = np.minimum(probabilities.astype(np.float64), 1.0)
    return Predicted(np.asarray(labels).reshape(-1).astype(np.float64), by_class)
