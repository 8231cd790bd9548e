"""Which losses a model has, and which two have in common."""

import numpy as np

from ml_model.service.losses import common_loss, losses_of
from ml_model.service.predictor import Predicted

TARGET = np.array([1.0, 2.0])
LABELS = np.array([1.0, 1.0])
BY_CLASS = np.array([[0.5, 0.5], [1.0, 0.0]])


def test_a_model_with_probabilities_has_brier_scores_and_zero_one_losses() -> None:
    said = Predicted(LABELS, BY_CLASS, np.array([0.5, 1.0]), np.array([1.0, 2.0]))
    losses = losses_of(TARGET, said, numbers=False)
    assert {kind: each.tolist() for kind, each in losses.items()} == {"brier": [0.5, 2], "zero_one": [0, 1]}
    assert common_loss(losses) == "brier"


def test_probabilities_of_classes_that_nobody_knows_tell_nothing() -> None:
    said = Predicted(LABELS, BY_CLASS, np.array([0.5, 1.0]))
    assert list(losses_of(TARGET, said, numbers=False)) == ["zero_one"]


def test_a_pair_has_brier_scores_only_where_both_models_do() -> None:
    both = losses_of(TARGET, Predicted(LABELS, BY_CLASS, None, np.array([1.0, 2.0])), numbers=False)
    plain = losses_of(TARGET, Predicted(LABELS), numbers=False)
    assert common_loss(both, plain) == common_loss(plain, both) == "zero_one"
    assert common_loss(both, both) == "brier"


def test_numbers_have_absolute_errors() -> None:
    losses = losses_of(TARGET, Predicted(np.array([0.0, 5.0])), numbers=True)
    assert {kind: each.tolist() for kind, each in losses.items()} == {"absolute": [1, 3]}
