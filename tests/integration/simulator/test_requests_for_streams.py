"""What of a stream, and of labels that are swapped, is refused, and what a request that is repeated does."""

import itertools
from typing import Any

import numpy as np
from sklearn.datasets import load_wine

from tests.streaming import LATER, PATH, Streaming


def test_what_cannot_be_streamed_is_told_before_there_is_a_job(streaming: Streaming) -> None:
    def refused(**asked: Any) -> tuple[int, str]:
        answer = streaming.client.post(f"{PATH}/stream", json={"rate": 5, "rows": 10, **asked}, headers=LATER)
        body = answer.json or {}
        return answer.status_code, f"{body['error']} {body['message']}"

    status, sentence = refused()
    assert status == 409
    assert "'wine'" in sentence
    assert '{"dataset": "training"}' in sentence
    streaming.train()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"rate": 0}, "'rate'"),
        ({"rate": -1}, "'rate'"),
        ({"rows": 0}, "'rows'"),
        ({"rows": 10**9}, "'rows'"),
        ({"labels": {"share": 1.5}}, "'labels.share'"),
        ({"labels": {"share": 0.5, "delay_s": -1}}, "'labels.delay_s'"),
        ({"fouling": {"swap_labels": 2}}, "swap_labels"),
        ({"fouling": {"shift": 1, "columns": ["price"]}}, "'price'"),
        ({"fouling": {"drift": True}}, "'drift'"),
        ({"fouling": {"shift": 1, "drift": {"from": 2}}}, "drift"),
    ]
    for asked, named in wrong:
        status, sentence = refused(**asked)
        assert status == 400, (asked, sentence)
        assert named in sentence, (asked, sentence)
    assert refused(use_case="nowhere")[0] == 404
    status, sentence = refused(rate=1e-6)
    assert status == 409
    assert "'rate'" in sentence
    assert refused(use_case="fire_brigade", fouling={"swap_labels": 0.1})[0] == 400
    assert streaming.client.get(f"{PATH}/jobs").json["data"] == []  # type: ignore[index]


def test_the_same_request_with_one_key_is_one_stream(streaming: Streaming) -> None:
    streaming.train()
    headers = {**LATER, "Idempotency-Key": "once"}
    asked = {"rate": 5, "rows": 10}
    ids = {
        str((streaming.client.post(f"{PATH}/stream", json=asked, headers=headers).json or {})["id"])
        for _ in itertools.repeat(None, 2)
    }
    assert len(ids) == 1


def test_labels_of_the_production_set_can_be_swapped(streaming: Streaming) -> None:
    fouling = {"swap_labels": 0.5}
    told = {"set_name": "production", "fouling": fouling}
    assert streaming.client.post(PATH, json=told).status_code == 200
    found = np.array(streaming.rows("SELECT sample_index, class FROM wine.targets"), dtype=int)
    assert (load_wine().target[found[:, 0]] != found[:, 1]).sum() == 18
