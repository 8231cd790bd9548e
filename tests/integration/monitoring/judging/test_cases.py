"""The verdict on small data that other tools stumble over."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from tests.integration.monitoring.judging.conftest import MODEL, Trained
from tests.integration.monitoring.test_live_rows import post

CASES = Path(__file__).parents[5] / "shared" / "cases" / "data"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="The cases of ../shared are not there")
FOREST = {"model_name": "RandomForest", "hyperparameters": {"n_estimators": 20, "max_depth": 6}}


def verdict_on(case: str, client: FlaskClient, trained: Trained, **fields: Any) -> dict[str, Any]:
    (file,) = CASES.glob(f"{case}_*.yml")
    model = FOREST if case == "m16" else MODEL
    name = trained(yaml.safe_load(file.read_text()), file.with_suffix(".csv").read_text(), model)
    asked = {"metric": "verdict", "use_case": name, "window": {"last": 100_000}, **fields}
    message: dict[str, Any] = post(client, "/root/monitoring", **asked)["message"]
    return message


@pytest.mark.parametrize("case", ["m01", "m09", "m11", "m12", "m16"])
@pytest.mark.parametrize("evidence", ["auto", "drift"])
def test_what_has_not_changed_or_is_better_is_left_alone(
    case: str, evidence: str, client: FlaskClient, trained: Trained
) -> None:
    found = verdict_on(case, client, trained, evidence=evidence)
    assert found["verdict"] == "steady", found["sentence"]


def test_a_column_that_is_always_missing_on_both_sides_is_not_tested(
    client: FlaskClient, trained: Trained
) -> None:
    found = verdict_on("m13", client, trained, reference="testing")
    assert found["verdict"] == "steady", found["sentence"]
    assert "x2" not in {test["column"] for test in found["figures"]["drift"]["tests"]}


@pytest.mark.parametrize(("case", "moved"), [("m03", "x2"), ("m07", "c")])
def test_what_has_moved_is_acted_on_or_warned_of_where_the_truth_is_good(
    case: str, moved: str, client: FlaskClient, trained: Trained
) -> None:
    found = verdict_on(case, client, trained, evidence="drift")
    assert found["sentence"].startswith(f"act: {moved} moved"), found["sentence"]
    again = post(client, "/root/monitoring", metric="verdict", use_case=case, window={"last": 100_000})
    assert again["message"]["sentence"].startswith(f"warning: {moved} moved")


@pytest.mark.parametrize("case", ["m05", "m06"])
def test_one_row_of_the_reference_more_or_less_changes_nothing(
    case: str, client: FlaskClient, trained: Trained
) -> None:
    found = verdict_on(case, client, trained)
    assert found["sentence"].startswith("act: the mean loss is 0.26 on 3000 labelled rows")
