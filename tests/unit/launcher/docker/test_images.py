from typing import Any

import pytest

from launcher.docker.images import finished_image, images_by_service


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("#25 naming to docker.io/mlfleet/tracking:latest done\n", "mlfleet/tracking:latest"),
        ("#25 naming to docker.io/mlfleet/tracking:latest 0.1s done\n", "mlfleet/tracking:latest"),
        ("#25 naming to docker.io/mlfleet/tracking:latest\n", None),
        ("#12 [tracking 3/10] COPY constraints.txt ./\n", None),
    ],
)
def test_a_complete_image_is_told_from_the_output(line: str, image: str | None) -> None:
    assert finished_image(line) == image


def test_each_image_is_shown_once_under_its_own_name() -> None:
    services: dict[str, dict[str, Any]] = {
        "db": {"image": "postgres:17"},
        "migrate": {"image": "mlfleet/simulator:latest", "build": {}},
        "simulator": {"image": "mlfleet/simulator:latest", "build": {}},
    }

    assert images_by_service(services) == {"mlfleet/simulator:latest": "simulator"}
