"""What the documents say of a prediction's body is what reads it."""

import json
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, ValidationError

from ml_model.web.prediction_body import Body, Invocation, Split, UnreadableBodyError, read_body
from ml_model.web.prediction_schema import InvocationsRequest, PredictRequest, SplitModel


@pytest.mark.parametrize(
    ("form", "model"), [(Body, PredictRequest), (Invocation, InvocationsRequest), (Split, SplitModel)]
)
def test_the_fields_are_those_of_what_reads(form: type[Any], model: type[BaseModel]) -> None:
    read = {field.name: field.required for field in msgspec.structs.fields(form)}
    told = {name: field.is_required() for name, field in model.model_fields.items()}
    assert list(told.items()) == list(read.items())
    assert model.model_config["extra"] == "forbid"


@pytest.mark.parametrize(
    ("body", "usable"),
    [
        ({"columns": ["a"], "data": [[1], [None], ["x"]]}, True),
        ({"records": [{"a": 1.5}]}, True),
        ({"dataframe_split": {"data": [[1]], "columns": ["a"], "index": [7]}}, True),
        ({"inputs": {"a": [1, 2]}, "routing_key": "k", "use_case": "tea"}, True),
        ({"instances": [[1], {"a": 1}]}, True),
        ({"instances": [[1]], "use_case": "No name"}, False),
        ({"instances": [[1]], "rows": 1}, False),
        ({"dataframe_split": {"data": [[1]], "names": ["a"]}}, False),
        ({"data": "1,2", "columns": ["a"]}, False),
        ({"instances": [[1]], "params": {}}, False),
    ],
)
def test_what_is_documented_is_read_and_the_rest_is_not(body: dict[str, Any], usable: bool) -> None:
    def documented() -> bool:
        try:
            PredictRequest.model_validate(body, strict=True)
        except ValidationError:
            return False
        return True

    def read() -> bool:
        try:
            read_body(json.dumps(body).encode(), "key")
        except UnreadableBodyError:
            return False
        return True

    assert (documented(), read()) == (usable, usable)
