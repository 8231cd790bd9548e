"""What a run says about its search: names and forms of its tags, parameters and metrics.

MLflow keeps parameters as texts of limited length. So that nothing is lost, the best hyperparameters are
kept once more as JSON in the tag `hyperparameters`, and a grid that is too long for its parameter is cut
there visibly and kept whole in the run's artifact `grid_search.json`.
"""

import ast
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fleet.caller import Caller
from tracking.persistence.model.experiment import Run
from tracking.persistence.model.search import Grid, SavedSearch, SearchRequest, SearchResult, TrainingSet

HYPERPARAMETERS_TAG = "hyperparameters"
SNAPSHOT_TAG = "snapshot_id"
NO_NUMBERS_TAG = "metrics_without_a_number"  # they overflowed: the run does not have them
MODEL_PREFIX = "model_"
CLASS_PREFIX = "class_"
GRID_PREFIX = "grid_search_"
GRID_ARTIFACT = "grid_search.json"
LONGEST_PARAMETER = 6000  # MLflow's own limit
CUT_TO = 5000
JSON_WORDS = {"null": None, "true": True, "false": False}


def run_name(model_name: str) -> str:
    """The name that the reference gives such runs."""
    return f"{model_name} Grid_Search_Opt and CV_Performance"


def first_tags(request: SearchRequest, training: TrainingSet, caller: Caller) -> dict[str, str]:
    """Tags of a run from its start: what was asked, on which rows and by whom."""
    return {
        "experiment_type": "GridSearch_CrossValidation",
        "preprocessing": request.preprocessing,
        "use_case": training.use_case,
        **({} if training.snapshot_id is None else {SNAPSHOT_TAG: str(training.snapshot_id)}),
        "mlflow.user": caller.name,
        "request_id": caller.request_id,
    }


def search_tags(model_name: str, request: SearchRequest) -> dict[str, str]:
    """How the model's candidates are chosen. A budget in seconds has a number of candidates too: the most."""
    tags: dict[str, str] = {"search_method": request.method}
    if request.budget is not None:
        told = {name: value for name, value in asdict(request.budget).items() if value is not None}
        tags["search_budget"] = json.dumps(told)
    if model_name in request.include:
        tags["search_include"] = json.dumps(request.include[model_name])
    return tags


def first_params(grid: Grid, request: SearchRequest, training: TrainingSet) -> dict[str, str]:
    """Parameters of a run from its start, all of them within MLflow's limit."""
    data = {
        "data_samples": str(len(training.target)),
        "data_features": str(len(training.feature_names)),
    }
    if training.classifies:
        data["data_classes"] = str(len(set(training.target.tolist())))
    how = {f"{GRID_PREFIX}scoring": request.scoring, f"{GRID_PREFIX}cv_folds": str(request.cv)}
    return {**data, **how, **grid_params(grid)}


def grid_params(grid: Grid) -> dict[str, str]:
    """The values that were to be tried, by hyperparameter."""
    return {GRID_PREFIX + name: shortened(list(values)) for name, values in grid.items()}


def last_tags(search: SavedSearch) -> dict[str, str]:
    """Tags of a run whose search has ended."""
    left_out = [MODEL_PREFIX + name for name in search.no_numbers]
    return {
        **({NO_NUMBERS_TAG: ", ".join(left_out)} if left_out else {}),
        "model_format": search.model_format,
    }


def last_params(search: SearchResult) -> dict[str, str]:
    """The best hyperparameters."""
    return {MODEL_PREFIX + name: str(value) for name, value in search.hyperparameters.items()}


def run_metrics(search: SearchResult) -> dict[str, float]:
    """Metrics of the run: the model's, those of each class, and what the search cost (seconds, percent)."""
    return {
        **{MODEL_PREFIX + name: value for name, value in search.metrics.items()},
        **{CLASS_PREFIX + name: value for name, value in search.per_class.items()},
        "system_execution_time": search.execution_time_s,
        "system_cpu_usage": search.cpu_percent,
    }


def shortened(values: list[Any]) -> str:
    """The list as text, cut visibly if it is longer than MLflow takes."""
    text = str(values)
    if len(text) <= LONGEST_PARAMETER:
        return text
    return f"{text[:CUT_TO]} … ({len(values)} values, all of them in the artifact {GRID_ARTIFACT})"


def is_shortened(grid: Grid) -> bool:
    """Whether one of the grid's lists does not fit in its parameter."""
    return any(len(str(list(values))) > LONGEST_PARAMETER for values in grid.values())


def best_hyperparameters(run: Run) -> dict[str, Any] | None:
    """The run's hyperparameters with their types; None where nothing says which they are.

    From the JSON tag, or from the parameters `model_*` of runs that have none, as the reference's. Values may
    be such as no JSON holds: `unfit_hyperparameter` tells.
    """
    tag = run.tags.get(HYPERPARAMETERS_TAG)
    if tag is not None:
        try:
            known = json.loads(tag)
        except (ValueError, RecursionError):
            known = None  # somebody else's tag of that name
        if isinstance(known, dict):
            return known
    return {name: typed(text) for name, text in prefixed(run.params, MODEL_PREFIX).items()} or None


def unfit_hyperparameter(hyperparameters: Mapping[str, Any]) -> str | None:
    """The first one that was cut by MLflow, or whose value cannot be sent as JSON, such as NaN."""
    for name, value in hyperparameters.items():
        if isinstance(value, str) and len(value) >= LONGEST_PARAMETER:
            return name
        try:
            json.dumps({name: value}, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError):
            return name
    return None


def prefixed(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The values whose name starts with the prefix, without it; it is taken off once, at the front."""
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def typed(text: str) -> Any:
    """The value that the text stands for: null, a boolean, a number, a list; else the text itself."""
    if text in JSON_WORDS:
        return JSON_WORDS[text]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
