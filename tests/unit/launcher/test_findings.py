from client.ml_model import Score
from client.monitoring import Check, Retraining, Status, Summary
from launcher.demo import Findings, drift_outcome, overall_outcome, retraining_outcome, score_text


def drift_checks(overall: Status, *columns: Status) -> list[Check]:
    return [
        check("share_of_drifted_columns", overall),
        *(check("column_drift", status) for status in columns),
    ]


def check(name: str, status: Status) -> Check:
    return Check(group="data_drift", name=name, column=None, status=status, value=0.5, description="")


def test_drift_is_judged_by_the_share_of_drifted_columns() -> None:
    outcome = drift_outcome(drift_checks("SUCCESS", "FAIL", "SUCCESS", "SUCCESS"))

    assert outcome == "no drift: 1 of 3 columns"


def test_drift_stands_out() -> None:
    assert drift_outcome(drift_checks("FAIL", "FAIL", "FAIL")).startswith("DRIFT: 2 of 2")


def test_a_summary_says_how_many_passed() -> None:
    summary = Summary(all_passed=False, success_tests=84, failed_tests=50, total_tests=134, by_status={})

    assert overall_outcome(summary) == "failed: 84 of 134 tests passed"


def test_a_loop_that_has_begun_is_told() -> None:
    assert retraining_outcome(Retraining(message="", loop_id=4), asked=True) == "a loop has begun"


def test_a_summary_that_passed_needs_no_retraining() -> None:
    assert retraining_outcome(None, asked=True) == "not needed"


def test_retraining_that_nobody_asked_for_is_told_apart() -> None:
    assert retraining_outcome(None, asked=False) == "not asked for"


def test_a_regression_is_told_by_its_fit_and_its_mean_error() -> None:
    score = Score(message="", score=0.8713, rows=106, deployment_id=2, metrics={"r2": 0.8713, "mae": 25.697})

    assert score_text(score) == "R² 0.871, MAE 25.70"


def test_a_section_is_found_again_by_its_heading() -> None:
    findings = Findings("The loop")
    findings.section("Scores").rows["training"] = "1"
    findings.section("Best run", "SVC")
    findings.section("Scores").rows["testing"] = "2"

    assert [(each.heading, each.value, len(each.rows)) for each in findings.sections] == [
        ("Scores", "", 2),
        ("Best run", "SVC", 0),
    ]
