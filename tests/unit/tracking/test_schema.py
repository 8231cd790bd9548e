"""What tracking lets in."""

from typing import Any

import pytest
from pydantic import ValidationError

from fleet.web.validation import RequestForms
from tracking.web.lists_schema import ExperimentRequest, RunRequest
from tracking.web.schema import ManagementRequest

OPTIMIZATION = {
    "request_information": "optimization",
    "models": ["SVC"],
    "hyperparameters": {"SVC": {}},
    "experiment_name": "e",
}


def test_fields_that_the_operation_ignores_are_fine() -> None:
    ManagementRequest(**OPTIMIZATION, run_id=5, experiment_id="1")
    body = ManagementRequest(request_information="setting", run_id=5, cv=1, models=None).root
    assert body.run_id == "5"


@pytest.mark.parametrize("missing", ["models", "hyperparameters", "experiment_name"])
def test_an_optimization_names_the_field_it_misses(missing: str) -> None:
    for without in ({**OPTIMIZATION, missing: None}, {k: v for k, v in OPTIMIZATION.items() if k != missing}):
        with pytest.raises(ValidationError, match=missing):
            ManagementRequest(**without)


@pytest.mark.parametrize(
    "changes",
    [
        {"experiment_name": "a\nb"},
        {"hyperparameters": {"SVC": {"C": 1}}},
        {"cvs": 5},
    ],
)
def test_wrong_types_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ManagementRequest(**{**OPTIMIZATION, **changes})


@pytest.mark.parametrize("cv", ["many", "5", 2.5, 5.0, True, None])
def test_folds_are_an_integer_and_nothing_that_looks_like_one(cv: object) -> None:
    with pytest.raises(ValidationError, match="cv"):
        ManagementRequest(**{**OPTIMIZATION, "cv": cv})


def test_an_optimization_has_the_documented_defaults() -> None:
    for body in (
        ManagementRequest(**OPTIMIZATION).root,
        ManagementRequest(**OPTIMIZATION, scoring=None).root,
    ):
        assert (body.scoring, body.cv, body.preprocessing) == (None, 5, "standard_scaler")
        assert body.use_case == "wine"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "the name is blank"),
        (" \t ", "the name is blank"),
        ("a\nb", "the name has a control character"),
        ("a\x85b", "the name has a control character"),
        ("x" * 257, "at most 256 characters"),
    ],
)
def test_a_name_that_mlflow_cannot_keep_is_refused_in_words(given: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        ManagementRequest(**{**OPTIMIZATION, "experiment_name": given})


@pytest.mark.parametrize(("given", "kept"), [(" e ", "e"), ("é" * 256, "é" * 256), ("a b", "a b")])
def test_a_name_is_kept_without_the_space_around_it(given: str, kept: str) -> None:
    assert ManagementRequest(**{**OPTIMIZATION, "experiment_name": given}).root.experiment_name == kept


@pytest.mark.parametrize("names", [None, [], ["accuracy"], ["model_accuracy", "duration"], ["all"]])
def test_the_best_model_needs_metrics_that_exist(names: list[str] | None) -> None:
    with pytest.raises(ValidationError, match="model_accuracy, model_f1_score"):
        ExperimentRequest(experiment_id=1, request_information="best_model", filter=names)


@pytest.mark.parametrize("names", [None, [], ["all"], ["model_recall", "system_execution_time"]])
def test_statistics_take_all_or_metrics_that_exist(names: list[str] | None) -> None:
    ExperimentRequest(experiment_id="1", request_information="statistics", filter=names)
    with pytest.raises(ValidationError, match="beauty"):
        ExperimentRequest(experiment_id="1", request_information="statistics", filter=["beauty"])


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("parameters", "system"),
        ("parameters", "x" * 100_000),
        ("metrics", "data"),
        ("metrics", "grid_search"),
        ("tags", "model"),
    ],
)
def test_the_type_of_a_run_request_belongs_to_what_is_asked(what: str, kind: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RunRequest(experiment_id="1", run_id="a", request_information=what, type=kind)
    assert all(len(error["msg"]) < 300 for error in refused.value.errors())


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (ManagementRequest, {**OPTIMIZATION, "models": [LONG]}),
        (ManagementRequest, {**OPTIMIZATION, "models": ["SVC"] * 1000}),
        (ManagementRequest, {**OPTIMIZATION, "scoring": LONG}),
        (ManagementRequest, {**OPTIMIZATION, "hyperparameters": {LONG: {}}}),
        (ManagementRequest, {**OPTIMIZATION, "hyperparameters": {"SVC": {LONG: [1]}}}),
        (ManagementRequest, {**OPTIMIZATION, "hyperparameters": {f"m{i}": {} for i in range(1000)}}),
        (ManagementRequest, {**OPTIMIZATION, "hyperparameters": {"SVC": {"C": [1] * 200_000}}}),
        (ManagementRequest, {"request_information": "setting", "run_id": LONG}),
        (ExperimentRequest, {"experiment_id": "1", "request_information": "statistics", "filter": [LONG]}),
        (
            ExperimentRequest,
            {"experiment_id": "1", "request_information": "statistics", "filter": ["all"] * 1000},
        ),
    ],
)
def test_what_is_longer_than_anything_of_ours_is_refused_by_its_length(
    model: type[RequestForms[Any]], fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError, match="at most") as refused:
        model(**fields)
    assert all(len(error["msg"]) < 300 for error in refused.value.errors())
