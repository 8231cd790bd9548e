from launcher.findings import drift_outcome, overall_outcome, retraining_outcome


def drift_tests(overall: str, *columns: str) -> list[dict[str, str]]:
    return [
        {"name": "share_of_drifted_columns", "status": overall},
        *({"name": "column_drift", "status": status} for status in columns),
    ]


def test_drift_is_judged_by_the_share_of_drifted_columns() -> None:
    outcome = drift_outcome(drift_tests("SUCCESS", "FAIL", "SUCCESS", "SUCCESS"))

    assert outcome == "no drift: 1 of 3 columns"


def test_drift_stands_out() -> None:
    assert drift_outcome(drift_tests("FAIL", "FAIL", "FAIL")).startswith("DRIFT: 2 of 2")


def test_a_summary_says_how_many_passed() -> None:
    summary = {"all_passed": False, "success_tests": 84, "total_tests": 134}

    assert overall_outcome(summary) == "failed: 84 of 134 tests passed"


def test_retraining_is_told_with_its_score() -> None:
    answer = {"retraining": {"message": "Score on training set: 100.0%", "score": 1.0}}

    assert retraining_outcome(answer, asked=True) == "retrained, training score 100.00%"


def test_a_summary_that_passed_needs_no_retraining() -> None:
    assert retraining_outcome({}, asked=True) == "not needed"


def test_retraining_that_nobody_asked_for_is_told_apart() -> None:
    assert retraining_outcome({}, asked=False) == "not asked for"
