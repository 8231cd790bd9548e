"""What plays ml_model where tracking calls it."""

from collections.abc import Callable
from typing import Any

from flask import Flask, jsonify, request


class MlModelDouble:
    """Plays ml_model: keeps what it is sent and answers as told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.candidates: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.request_ids: list[str | None] = []
        self.before_answering: Callable[[], None] | None = None
        self.answer: tuple[dict[str, Any], int] = (
            {"message": "Model successfully uploaded", "deployment_id": 7},
            200,
        )

    def app(self) -> Flask:
        app = Flask("ml_model_double")

        @app.post("/root/ml/set_model")
        def set_model() -> Any:
            self.bodies.append(request.get_json())
            self.request_ids.append(request.headers.get("X-Request-ID"))
            if self.before_answering is not None:
                self.before_answering()
            body, status = self.answer
            return jsonify(body), status

        @app.post("/root/ml/deployments")
        def train_candidate() -> Any:
            self.candidates.append(request.get_json())
            self.keys.append(request.headers.get("Idempotency-Key"))
            if self.before_answering is not None:
                self.before_answering()
            return jsonify({"id": 8, "chosen_at": None}), 201

        return app
