"""What opened models keep in memory."""

import gc

import numpy as np
import psutil

from fleet.catalogue import build_pipeline
from fleet.memory import give_back
from ml_model.service.artifacts import make_artifact, open_artifact

MODELS, ROWS, FEATURES = 30, 10_000, 10
MIB = 2**20
KEY = b"a key for the tests"


def resident() -> int:
    """Bytes of this process that are in use, as far as the system can tell."""
    gc.collect()
    give_back()
    return int(psutil.Process().memory_info().rss)


def test_large_requests_leave_nothing_behind_in_the_models_that_answered_them() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(200, FEATURES))
    target = (features[:, 0] > 0).astype(int)
    pipeline = build_pipeline("LogisticRegression", {}, classes=2).fit(features, target)
    artifact = make_artifact(pipeline, features, KEY)
    many = random.normal(size=(ROWS, FEATURES))
    models = [open_artifact(artifact, KEY, threads=1) for _ in range(MODELS)]
    for model in models:
        model.predict(features[:1])
    before = resident()
    for model in models:
        model.predict(many)
    assert resident() - before < 16 * MIB  # with an arena a model: 70


def test_what_closed_models_held_goes_back_to_the_system() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(400, FEATURES))
    target = (features[:, 0] + random.normal(0, 0.5, 400) > 0).astype(int)
    pipeline = build_pipeline("RandomForest", {"n_estimators": 100}, classes=2).fit(features, target)
    artifact = make_artifact(pipeline, features, KEY)
    before = resident()
    models = [open_artifact(artifact, KEY, threads=1) for _ in range(MODELS)]
    opened = resident() - before
    assert opened > MODELS * len(artifact.data)
    models.clear()
    assert resident() - before < opened / 3
