"""What every service does alike with MLflow: a bounded client, and models in as few requests as it takes.

`mlflow.sklearn.log_model` would spend seconds a model on a guess at the requirements.
"""

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mlflow import MlflowClient, __version__
from mlflow import environment_variables as variables
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.models.model import MLMODEL_FILE_NAME

with warnings.catch_warnings():  # MLflow warns of type hints of its own
    warnings.simplefilter("ignore")
    import mlflow.sklearn

RETRIES = 1  # for a kept-alive connection that the server has just closed
NOT_THERE = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"})
EXISTS = frozenset({"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"})
SKOPS = mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS
REQUIREMENTS = ("numpy", "pandas", "scikit-learn", "scipy", "skops")
MODEL_NAME = "model"


def connect(url: str, *, timeout_s: int) -> MlflowClient:
    """A client that gives up after about `2 * timeout_s` seconds, where MLflow's own retries take minutes.

    MLflow takes these bounds from the process's environment only.
    """
    variables.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(RETRIES)
    variables.MLFLOW_HTTP_REQUEST_TIMEOUT.set(timeout_s)
    variables.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)  # its price is one more request a run
    variables.MLFLOW_DISABLE_TELEMETRY.set(True)
    return MlflowClient(tracking_uri=url, registry_uri=url)


def pages(search: Callable[..., Any], *arguments: Any, **more: Any) -> Iterator[Any]:
    """All that a search of MLflow's client finds, page after page."""
    token: str | None = None
    while True:
        page = search(*arguments, **more, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def save_model(pipeline: Any, folder: Path, *, serialization_format: str = SKOPS, **more: Any) -> None:
    """Save a scikit-learn pipeline as an MLflow model, into a folder that does not exist yet.

    more: of `mlflow.sklearn.save_model`, such as signature and input_example.
    """
    mlflow.sklearn.save_model(
        pipeline,
        str(folder),
        mlflow_model=Model(),
        serialization_format=serialization_format,
        pip_requirements=_requirements(),
        **more,
    )


def log_model(client: MlflowClient, experiment_id: str, run_id: str, folder: Path, model_type: str) -> str:
    """Log a saved model as the run's; its id. Raises MlflowException, OSError."""
    logged = client.create_logged_model(
        experiment_id, name=MODEL_NAME, source_run_id=run_id, model_type=model_type
    )
    model_id = str(logged.model_id)
    file = folder / MLMODEL_FILE_NAME  # which is to say where the model comes from, now that it has a number
    description = Model.load(str(file))
    description.artifact_path = logged.artifact_location
    description.model_uuid = description.model_id = model_id
    description.run_id = run_id
    description.save(str(file))
    client.log_outputs(run_id, [LoggedModelOutput(model_id, step=0)])
    client.log_model_artifacts(model_id, str(folder))
    client.finalize_logged_model(model_id, LoggedModelStatus.READY)
    return model_id


def register(client: MlflowClient, name: str, run_id: str, model_id: str) -> str:
    """Make a logged model the newest version of a registered one; its number. Raises MlflowException."""

    def create_version() -> str:
        source = f"models:/{model_id}"
        made = client.create_model_version(name, source, run_id, model_id=model_id, await_creation_for=0)
        return str(made.version)

    try:
        return create_version()
    except MlflowException as error:
        if error.error_code not in NOT_THERE:
            raise
    try:
        client.create_registered_model(name)  # for the first version
    except MlflowException as error:
        if error.error_code not in EXISTS:
            raise
    return create_version()


@cache
def _requirements() -> list[str]:
    # Its version from itself: the service may carry only the part of it that is called mlflow-skinny.
    return [f"mlflow=={__version__}", *(f"{name}=={version(name)}" for name in REQUIREMENTS)]
