import os
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from launcher.docker.images import ImageError, Images, finished_image, images_by_service
from launcher.docker.project import Project


class FailingBuild:
    """A project whose images cannot be built."""

    environment = os.environ

    def config(self) -> dict[str, Any]:
        return {"services": {"tracking": {"image": "mlfleet/tracking:latest", "build": {}}}}

    def compose(self, *arguments: str) -> list[str]:
        return ["sh", "-c", "echo '#1 loading'; echo 'failed to solve: no such image'; exit 1"]


def test_the_reason_of_a_failed_build_stands_in_the_first_line(tmp_path: Path) -> None:
    images = Images(cast("Project", FailingBuild()), tmp_path / "build.log", Console(quiet=True))

    with pytest.raises(ImageError) as failed:
        images.prepare()

    assert failed.value.error == "The images could not be built: failed to solve: no such image"
    assert "#1 loading" in failed.value.message


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("#25 naming to somewhere.example/mlfleet/tracking:latest done\n", "mlfleet/tracking:latest"),
        ("#25 naming to somewhere.example/mlfleet/tracking:latest 0.1s done\n", "mlfleet/tracking:latest"),
        ("#25 naming to somewhere.example/mlfleet/tracking:latest\n", None),
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
