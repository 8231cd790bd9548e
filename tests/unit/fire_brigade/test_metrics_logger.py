"""The log that takes figures along with its messages."""

import logging

import pytest
from prometheus_client import generate_latest

from fire_brigade.persistence.repository.log_files import MetricsLogger, MetricTypesError
from fire_brigade.persistence.repository.pushgateway import Pushgateway
from tests.prometheus_text import value


@pytest.fixture
def log() -> MetricsLogger:
    return MetricsLogger("train_model", logging.Logger("train_model"), Pushgateway(None))


def exposed(log: MetricsLogger) -> str:
    return generate_latest(log.registry).decode()


def test_every_message_is_counted_by_its_level(log: MetricsLogger) -> None:
    for write in (log.debug, log.info, log.info, log.warning, log.error, log.critical):
        write("something")
    counts = {
        level: value(exposed(log), f"{level}_logs_train_model_total")
        for level in ("debug", "info", "warning", "error", "critical")
    }
    assert counts == {"debug": 1, "info": 2, "warning": 1, "error": 1, "critical": 1}


def test_a_metric_is_a_gauge_with_the_modules_name_behind_its_own(log: MetricsLogger) -> None:
    log.info("trained", metrics={"mse": 12.5, "r2_score": 0.5})
    log.info("trained again", metrics={"mse": 11.5})
    assert value(exposed(log), "mse_train_model") == 11.5
    assert value(exposed(log), "r2_score_train_model") == 0.5
    assert "# TYPE mse_train_model gauge" in exposed(log)


def test_a_name_that_has_the_modules_already_stays(log: MetricsLogger) -> None:
    log.info("trained", metrics={"mse_train_model": 1.0})
    assert value(exposed(log), "mse_train_model") == 1


def test_each_metric_may_have_a_type_of_its_own(log: MetricsLogger) -> None:
    metrics = {"mse": 2.0, "rows": 3.0, "seconds": 0.5, "max_error": 9.0}
    for _ in range(2):
        log.info("trained", metrics=metrics, metric_types=["Gauge", "Counter", "Histogram", "Gauge"])
    text = exposed(log)
    assert value(text, "mse_train_model") == 2
    assert value(text, "rows_train_model_total") == 6
    assert value(text, "seconds_train_model_count") == 2
    assert value(text, "seconds_train_model_sum") == 1
    assert value(text, "max_error_train_model") == 9


@pytest.mark.parametrize("types", ["Counter", ["Counter"]])
def test_one_type_may_be_for_all(log: MetricsLogger, types: str | list[str]) -> None:
    log.info("read", metrics={"rows": 3, "bytes": 4}, metric_types=types)
    assert value(exposed(log), "rows_train_model_total") == 3
    assert value(exposed(log), "bytes_train_model_total") == 4


def test_types_that_do_not_fit_their_number_are_refused(log: MetricsLogger) -> None:
    with pytest.raises(MetricTypesError, match="metric_types has 2 types for 3 metrics"):
        log.info("x", metrics={"a": 1, "b": 2, "c": 3}, metric_types=["Gauge", "Counter"])
    assert value(exposed(log), "info_logs_train_model_total") == 0


def test_a_type_that_there_is_not_is_refused(log: MetricsLogger) -> None:
    with pytest.raises(MetricTypesError, match="'Summary': the types are Gauge, Counter, Histogram"):
        log.info("x", metrics={"a": 1}, metric_types="Summary")


def test_a_metric_keeps_its_type(log: MetricsLogger) -> None:
    log.info("x", metrics={"a": 1}, metric_types="Counter")
    with pytest.raises(MetricTypesError, match="a_train_model is a Counter already, and cannot be a Gauge"):
        log.info("x", metrics={"a": 1}, metric_types="Gauge")


def test_a_name_that_prometheus_would_not_take_is_made_one(log: MetricsLogger) -> None:
    log.info("x", metrics={"downloaded_bytes_incident_data.csv": 1})
    assert value(exposed(log), "downloaded_bytes_incident_data_csv_train_model") == 1
