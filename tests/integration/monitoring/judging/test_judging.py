"""What counts in a verdict: which rows, which reference, which windows before."""

from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from db.references import OutOfFold, ReferenceRepository
from db.use_cases import find_use_case
from fleet.caller import Caller
from monitoring.persistence.model.verdict import KeptVerdict
from monitoring.persistence.model.window import LastRows, Numbered
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.judging.judging import Asked, Judging
from monitoring.service.judging.reference import reference_of
from tests.conftest import Sessions
from tests.integration.monitoring.test_live_rows import (  # noqa: F401  # fixtures
    NAME,
    ROWS,
    UNLISTED,
    Answer,
    answer,
    made_up,
    post,
)

CALLER = Caller("somebody", "user", "r")


class Judge:
    """Asks for verdicts on the use case; keeps what the process remembers, as a service does."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.judging = Judging()

    def __call__(self, **asked: Any) -> KeptVerdict:
        with MonitoringUnitOfWork(self._sessions) as work:
            use_case = find_use_case(work.session, NAME)
            verdict = self.judging.judge(work, use_case, Asked(**asked), caller=CALLER)
            work.commit()
        return verdict


@pytest.fixture
def judge(sessions: Sessions) -> Judge:
    return Judge(sessions)


def execute(sessions: Sessions, statement: str) -> None:
    with sessions() as session:
        session.execute(text(statement))
        session.commit()


def add_out_of_fold(sessions: Sessions, *, sure: bool = False, share_wrong: float = 0.1) -> None:
    """As ml_model makes them, of a model that errs in a share of the rows."""
    with sessions() as session:
        target = session.execute(
            text(
                f"SELECT class FROM {NAME}.targets JOIN {NAME}.samples USING (sample_index)"  # noqa: S608
                " WHERE dataset_id = 1 ORDER BY sample_id"
            )
        ).scalars()
        truth = np.array(list(target), dtype=float)
        wrong = np.arange(len(truth)) < share_wrong * len(truth)
        certain = np.ones(len(truth)) if sure else None
        references = ReferenceRepository(session)
        references.forget(1)
        references.add(1, OutOfFold(np.where(wrong, 1 - truth, truth), certain))
        session.commit()


def test_the_reference_is_what_was_learned_and_testing_with_unlisted_names_of_their_own(
    answer: Answer,  # noqa: F811
    judge: Judge,
    sessions: Sessions,
) -> None:
    answer(made_up(100))
    execute(sessions, "DELETE FROM deployment_references")
    without = judge()
    assert without.reference["sets"] == ["training", "testing"]
    assert (without.reference["rows"], without.reference["predicted"]) == (2 * ROWS + 1, ROWS + 1)
    assert "out of fold" in without.reference["note"]
    add_out_of_fold(sessions)
    found = judge()
    assert found.reference == {
        "sets": ["training", "testing"],
        "rows": 2 * ROWS + 1,
        "predicted": 2 * ROWS + 1,
        "losses": 2 * ROWS + 1,
    }
    assert found.verdict == "steady", found.sentence


def test_losses_out_of_fold_and_of_testing_are_of_the_kind_that_both_have(
    answer: Answer,  # noqa: F811
    judge: Judge,
    sessions: Sessions,
    serving: Flask,
) -> None:
    add_out_of_fold(sessions, sure=True, share_wrong=0.5)
    sent = answer(made_up(100))
    truth = {"sample_index": sent["sample_index"], "target": sent["predictions"]}
    post(serving.test_client(), "/root/ml/feedback", use_case=NAME, **truth)
    harm = judge().figures["harm"]
    assert harm["reference_rows"] == 2 * ROWS + 1
    assert harm["reference_mean"] == pytest.approx(0.5, abs=0.05)  # half of half the rows, at 2 each
    assert judge().figures["loss"] == "brier"
    execute(sessions, f"UPDATE {NAME}.predictions SET probability = NULL WHERE sample_index >= 1000000000")  # noqa: S608
    again = judge().figures
    assert again["loss"] == "zero_one"
    assert again["harm"]["reference_mean"] == pytest.approx(0.25, abs=0.03)


def test_a_reference_is_worked_out_once_until_its_rows_or_their_truth_change(
    answer: Answer,  # noqa: F811
    judge: Judge,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(made_up(100))
    made: list[int] = []

    def counted(*arguments: Any) -> Any:
        made.append(1)
        return reference_of(*arguments)

    monkeypatch.setattr("monitoring.service.judging.references.reference_of", counted)
    first, second = judge(), judge()
    judge.judging = Judging()  # another process
    third = judge()
    assert first.figures["drift"] == second.figures["drift"] == third.figures["drift"]
    assert first.reference == third.reference
    assert len(made) == 1
    answer(made_up(120))
    judge()
    assert len(made) == 1
    execute(
        sessions,
        f"UPDATE {NAME}.targets SET class = 1 - class WHERE sample_index ="  # noqa: S608
        f" (SELECT min(sample_index) FROM {NAME}.samples WHERE dataset_id = 2)",
    )
    assert judge().figures["harm"]["reference_mean"] != first.figures["harm"]["reference_mean"]
    assert len(made) == 2


def test_where_the_rows_that_were_learned_have_changed_testing_alone_counts_and_it_is_said(
    answer: Answer,  # noqa: F811
    judge: Judge,
    sessions: Sessions,
) -> None:
    answer(made_up(100))
    judge()
    execute(sessions, f"DELETE FROM {NAME}.samples WHERE dataset_id = 1 AND sample_id % 2 = 0")  # noqa: S608
    found = judge()
    assert found.reference["sets"] == ["testing"]
    assert "are not what they were" in found.reference["note"]


def test_what_moves_far_is_acted_on_by_name_and_unlisted_names_are_a_category(
    answer: Answer,  # noqa: F811
    judge: Judge,
) -> None:
    answer(made_up(100, mean=1.5))
    assert judge().sentence.startswith("act: x")
    answer(made_up(100, names=UNLISTED))
    found = judge()
    assert found.sentence.startswith("act: c moved"), found.sentence
    (missing,) = [
        test for test in found.figures["drift"]["tests"] if (test["column"], test["kind"]) == ("c", "shares")
    ]
    assert missing["effect"] == 1


def test_a_verdict_stays_when_every_row_is_doubled_and_8_rows_are_insufficient(
    answer: Answer,  # noqa: F811
    judge: Judge,
) -> None:
    rows = made_up(100, mean=0.4)
    answer(rows)
    once = judge()
    answer([row for row in rows for _ in range(2)])
    twice = judge(window=LastRows(300))  # pooled with nothing, as it goes back over the first
    for kind in ("drift", "pooled_drift", "harm", "pooled_harm", "distinct"):
        assert twice.figures[kind] == once.figures[kind]
    assert twice.verdict == once.verdict
    eight = judge(window=LastRows(8))
    assert (eight.verdict, eight.sentence.startswith("insufficient: ")) == ("insufficient", True)


def test_the_last_three_windows_are_pooled_none_twice_and_a_row_that_is_sent_again_counts_once(
    answer: Answer,  # noqa: F811
    judge: Judge,
) -> None:
    windows = [made_up(count) for count in (100, 101, 102, 103)]
    found = []
    for rows in windows:
        answer(rows)
        judge(window=LastRows(len(rows)))
        found.append(judge(window=LastRows(len(rows))))  # a second verdict on the same rows
    assert [each.figures["pooled_with"] for each in found[2:]] == [
        [found[1].id, found[0].id],
        [found[2].id, found[1].id],
    ]
    answer(windows[3])
    again = judge(window=LastRows(103))
    assert again.figures["distinct"] == 103
    # Of the rows that were sent again and those of the window before, each is there once.
    numbers = Numbered(1_000_000_000 + 201, 1_000_000_000 + 405)
    assert judge(window=numbers).figures["drift"] == again.figures["pooled_drift"]
    numbered = judge(window=Numbered(1_000_000_000, 1_000_000_099))
    assert (numbered.rows, numbered.figures["pooled_with"]) == (100, [])


def test_what_people_ask_for_changes_nothing_of_what_a_policy_pools(
    answer: Answer,  # noqa: F811
    judge: Judge,
) -> None:
    answer(made_up(100))
    by_policy = judge(window=LastRows(100), by_policy=True)
    answer(made_up(60))
    small = judge(window=LastRows(9))
    large = judge(window=LastRows(60))
    answer(made_up(100))
    assert judge(window=LastRows(100), by_policy=True).figures["pooled_with"] == [by_policy.id]
    by_hand = judge(window=LastRows(100))
    assert by_hand.figures["pooled_with"] == [large.id, by_policy.id]
    assert small.rows < 50 <= large.rows


def test_rows_that_the_deployment_has_not_predicted_count_for_the_features_alone(
    answer: Answer,  # noqa: F811
    judge: Judge,
    sessions: Sessions,
) -> None:
    answer(made_up(100))
    execute(sessions, f"DELETE FROM {NAME}.predictions WHERE sample_index >= 1000000000")  # noqa: S608
    found = judge()
    columns = {test["column"] for test in found.figures["drift"]["tests"]}
    assert columns == {"c", "x0", "x1", "x2"}
    assert found.sentence.endswith("0 of 100 rows are predicted by this deployment and labelled")


def test_a_regression_is_judged_by_its_absolute_errors(
    client: FlaskClient, trained: Any, sessions: Sessions
) -> None:
    lines = [f"{x},{2 * x + (x % 7) / 10},{part}" for part, x in _numbers()]
    definition = {
        "name": "lines",
        "task": "regression",
        "target": "height",
        "source": {"kind": "csv", "file": "lines.csv", "target_column": "y"},
        "features": [{"name": "x"}],
        "split": {"kind": "column", "column": "part"},
    }
    model = {"model_name": "LinearRegression", "hyperparameters": {}}
    name = trained(definition, "\n".join(["x,y,part", *lines]), model)
    asked = {"metric": "verdict", "use_case": name}
    steady = post(client, "/root/monitoring", **asked)["message"]
    assert (steady["verdict"], steady["figures"]["loss"]) == ("steady", "absolute"), steady["sentence"]
    assert steady["figures"]["estimate"] is None
    execute(
        sessions,
        f"UPDATE {name}.targets SET class = class + 5 WHERE sample_index IN"  # noqa: S608
        f" (SELECT sample_index FROM {name}.samples WHERE dataset_id = 3)",
    )
    assert post(client, "/root/monitoring", **asked)["message"]["verdict"] == "act"
    execute(
        sessions,
        f"DELETE FROM {name}.targets WHERE sample_index IN"  # noqa: S608
        f" (SELECT sample_index FROM {name}.samples WHERE dataset_id = 3)",
    )
    unknown = post(client, "/root/monitoring", **asked)["message"]
    estimate = unknown["figures"]["estimate"]
    assert (estimate["metric"], estimate["rows"], unknown["verdict"]) == ("absolute error", 100, "steady")
    assert "the mean absolute error is estimated at" in unknown["sentence"]


def _numbers() -> list[tuple[str, float]]:
    random = np.random.default_rng(1)
    parts = ["training", "testing", "production"]
    return [(part, round(float(random.normal()), 4)) for part in parts for _ in range(100)]
