"""The search of the three models on wine that people have in their collections, as extras/API.md shows it."""

from typing import Any

WINE_SEARCH: dict[str, Any] = {
    "request_information": "optimization",
    "models": ["LogisticRegression", "RandomForest", "SVC"],
    "hyperparameters": {
        "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
        "RandomForest": {"n_estimators": [1, 3], "max_depth": [None, 3], "min_samples_split": [2, 5]},
        "SVC": {"C": [0.1, 10], "kernel": ["linear", "rbf"], "gamma": ["scale", "auto"]},
    },
    "scoring": "accuracy",
    "cv": 5,
}
