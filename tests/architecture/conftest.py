"""What several files here ask of the services."""

import pytest

from tests.architecture.apps import Json, printed
from tests.architecture.project import services


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    """What each service's app serves, by the service's name."""
    folder = tmp_path_factory.mktemp("apps")
    return {service.name: printed(service.name, folder) for service in services()}
