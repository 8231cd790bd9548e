"""`/v2`: the Open Inference Protocol. A model is a use case; a version is a deployment's id."""

from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask_restful import Resource

from fleet.web.answers import JSON_TYPE, answers
from fleet.web.openapi import VERSION
from fleet.web.roles import takes_role
from fleet.web.validation import NoArguments, accepts, read_json
from ml_model.service.live.models import Live, LiveModels
from ml_model.service.live.opened import Served
from ml_model.service.live.predictions import Predictions, Storing
from ml_model.web.binary_tensors import (
    BINARY_TYPE,
    EXTENSION,
    LENGTH_HEADER,
    packed,
    split,
    wanted_binary,
    with_data,
)
from ml_model.web.controller.predict import routing_key
from ml_model.web.inference_schema import (
    InferAnswer,
    InferRequest,
    ModelAnswer,
    ModelReadyAnswer,
    ServerAnswer,
    ServerLiveAnswer,
    ServerReadyAnswer,
)
from ml_model.web.output_tensors import described_outputs, outputs_of, wanted_outputs
from ml_model.web.tensors import described_inputs, table_of

PLATFORM = "onnx_onnxv1"


class Server(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What serves, to clients of the Open Inference Protocol."""

    @answers(ServerAnswer)
    @accepts(role="user", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, Any]:
        """Describe the server."""
        return {"name": "mlfleet ml_model", "version": VERSION, "extensions": [EXTENSION]}


class ServerLive(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Whether the process runs."""

    @answers(ServerLiveAnswer)
    @takes_role("anyone")
    def get(self) -> dict[str, bool]:
        """Say that the process runs."""
        return {"live": True}


class ServerReady(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Whether the service can answer."""

    def __init__(self, ready: Callable[[], object]) -> None:
        self._ready = ready

    @answers(ServerReadyAnswer, errors=[503])
    @takes_role("anyone")
    def get(self) -> dict[str, bool]:
        """Say whether every use case with a live model can answer."""
        self._ready()
        return {"ready": True}


class ServedModel(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """A use case as a model."""

    def __init__(self, models: LiveModels, storing: Storing) -> None:
        self._models = models
        self._storing = storing

    @answers(ModelAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, name: str, query: NoArguments) -> dict[str, Any]:
        """Describe the tensors that a model takes and gives."""
        live = self._models.find(name)
        return self._described(live, live.active, [role.deployment_id for role in live.roles])

    def _described(self, live: Live, served: Served | None, versions: list[int]) -> dict[str, Any]:
        """served: whose outputs are told; none where nothing is live."""
        return {
            "name": live.use_case.name,
            "versions": [str(each) for each in versions],
            "platform": PLATFORM,
            "inputs": described_inputs(live.use_case),
            "outputs": [] if served is None else _outputs(live, served, self._storing),
        }


class ServedVersion(ServedModel):
    """A deployment as a version of a model."""

    @answers(ModelAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, name: str, query: NoArguments, version: int = 0) -> dict[str, Any]:
        """Describe the tensors that a deployment takes and gives."""
        live = self._models.find(name)
        served = self._models.named(live.use_case.name, version)
        return self._described(live, served, [served.deployment_id])


class ModelReady(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Whether a model can answer."""

    def __init__(self, models: LiveModels) -> None:
        self._models = models

    @answers(ModelReadyAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, name: str, query: NoArguments) -> dict[str, Any]:
        """Say whether a model can answer."""
        self._models.find(name).current()
        return {"name": name, "ready": True}


class VersionReady(ModelReady):
    """Whether a deployment can answer."""

    @answers(ModelReadyAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=NoArguments)
    def get(self, name: str, query: NoArguments, version: int = 0) -> dict[str, Any]:
        """Say whether a deployment can answer."""
        self._models.named(self._models.find(name).use_case.name, version)
        return {"name": name, "ready": True}


class Infer(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Answers of a model."""

    def __init__(self, models: LiveModels, predictions: Predictions, storing: Storing) -> None:
        self._models = models
        self._predictions = predictions
        self._storing = storing

    @answers(InferAnswer, errors=[404, 409, 503])
    @answers(None, media_type=BINARY_TYPE)
    @accepts(role="user", body=InferRequest, raw=True, types=(BINARY_TYPE,), untyped=True)
    def post(self, name: str, body: bytes) -> Response:
        """Predict rows that come as tensors.

        Tensors may be bytes, in the request and in the answer: the binary tensor data extension.
        """
        return self._answer(name, body, None)

    def _answer(self, name: str, body: bytes, version: int | None) -> Response:
        head, tensors = split(body, request.headers.get(LENGTH_HEADER))
        asked = read_json(head, InferRequest, finite=False)
        binary = wanted_binary(asked)
        answer, tensors = packed(self._infer(name, with_data(asked, tensors), version), binary)
        if not tensors:
            return Response(answer, mimetype=JSON_TYPE)
        return Response(answer + tensors, mimetype=BINARY_TYPE, headers={LENGTH_HEADER: str(len(answer))})

    def _infer(self, name: str, body: InferRequest, version: int | None) -> dict[str, Any]:
        live, key = self._models.find(name), routing_key()
        served = live.choose(key) if version is None else self._models.named(name, version)
        given = [each["name"] for each in _outputs(live, served, self._storing)]
        wanted = wanted_outputs(body, given)  # before the rows are stored
        answer = self._predictions.answer_with(name, version, table_of(body, live.columns.names), key)
        return {
            "model_name": name,
            "model_version": str(answer.served.deployment_id),
            **({} if body.id is None else {"id": body.id}),
            "outputs": outputs_of(answer, wanted, whole=live.is_classification),
        }


class InferVersion(Infer):
    """Answers of a deployment, live or not."""

    @answers(InferAnswer, errors=[404, 409, 503])
    @answers(None, media_type=BINARY_TYPE)
    @accepts(role="user", body=InferRequest, raw=True, types=(BINARY_TYPE,), untyped=True)
    def post(self, name: str, body: bytes, version: int = 0) -> Response:
        """Predict rows that come as tensors, with a deployment."""
        return self._answer(name, body, version)


def _outputs(live: Live, served: Served, storing: Storing) -> list[dict[str, Any]]:
    use_case = live.use_case
    stored = storing.by_use_case.get(use_case.name, storing.share) > 0
    return described_outputs(use_case, served, stored=stored)
