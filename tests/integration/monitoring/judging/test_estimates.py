"""What is estimated where no truth is known, and how many rows are judged together."""

import pytest
from flask import Flask

from monitoring.persistence.model.window import LastRows
from monitoring.service.judging.judging import Judging, WindowTooLargeError
from monitoring.service.judging.verdicts import replayed
from tests.conftest import Sessions
from tests.integration.monitoring.judging.test_judging import (  # noqa: F401  # fixtures
    Judge,
    execute,
    judge,
)
from tests.integration.monitoring.test_live_rows import (  # noqa: F401  # fixtures
    NAME,
    Answer,
    answer,
    made_up,
    post,
    serving,
)


def test_without_truth_accuracy_is_estimated_and_an_unsure_model_is_warned_of(
    answer: Answer,  # noqa: F811
    judge: Judge,  # noqa: F811
    serving: Flask,  # noqa: F811
) -> None:
    answer(made_up(100))
    steady = judge()
    assert steady.verdict == "steady", steady.sentence
    assert steady.figures["estimate"]["metric"] == "accuracy"
    assert steady.figures["estimate"]["rows"] == 100
    assert "accuracy is estimated at" in steady.sentence
    border = [[c, x, z / 5 - x, z] for c, x, _, z in made_up(302)]  # between the classes
    sent = answer(border)
    unsure = judge(window=LastRows(302))
    assert unsure.verdict == "warning", unsure.sentence
    assert unsure.figures["estimate"]["expected"] < 0.95 < unsure.figures["estimate"]["reference"]
    assert replayed(unsure).same
    truth = {"sample_index": sent["sample_index"], "target": sent["predictions"]}
    post(serving.test_client(), "/root/ml/feedback", use_case=NAME, **truth)
    known = judge(window=LastRows(302))
    assert known.figures["estimate"] is None
    assert "estimated" not in known.sentence


def test_figures_that_were_kept_before_there_were_estimates_are_made_anew(
    answer: Answer,  # noqa: F811
    judge: Judge,  # noqa: F811
    sessions: Sessions,
) -> None:
    answer(made_up(100))
    found = judge()
    execute(sessions, "UPDATE reference_figures SET version = split_part(version, ':', 2), figures = ''")
    judge.judging = Judging()  # another process
    assert judge().figures["estimate"] == found.figures["estimate"]


def test_a_verdict_is_on_so_many_rows_together_and_no_more(
    answer: Answer,  # noqa: F811
    judge: Judge,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = []
    for _ in range(3):
        answer(made_up(40))
        found.append(judge(window=LastRows(40)))
    assert len(found[-1].figures["pooled_with"]) == 2
    monkeypatch.setattr("monitoring.service.judging.judging.MOST_JUDGED", 80)
    assert judge(window=LastRows(40)).figures["pooled_with"] == [found[1].id]
    with pytest.raises(WindowTooLargeError, match="81 rows"):
        judge(window=LastRows(81))
