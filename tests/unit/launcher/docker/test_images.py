import os
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from launcher.docker.project import Project
from launcher.docker.starting import ImageError, prepare_images


class FailingBuild:
    """A project whose images cannot be built."""

    environment = os.environ

    def config(self) -> dict[str, Any]:
        return {"services": {"tracking": {"image": "mlfleet/tracking:latest", "build": {"context": "."}}}}

    def lacks_image(self, image: str) -> bool:
        return True

    def compose(self, *arguments: str) -> list[str]:
        return ["sh", "-c", "echo '#1 loading'; echo 'failed to solve: no such image'; exit 1"]


def test_the_reason_of_a_failed_build_stands_in_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as failed:
        prepare_images(cast("Project", FailingBuild()), tmp_path / "build.log", Console(quiet=True))

    assert failed.value.error == "The images could not be built: failed to solve: no such image"
    assert "#1 loading" in failed.value.message


class FailingFetch(FailingBuild):
    """A project with an image of others that cannot be fetched."""

    def config(self) -> dict[str, Any]:
        return {"services": {"db": {"image": "nowhere.invalid/postgres:17"}}}


def test_an_image_that_cannot_be_fetched_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'no such host'; exit 1\n")
    program.chmod(0o755)
    project = FailingFetch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(ImageError, match=r"nowhere\.invalid/postgres:17 could not be fetched: no such host"):
        prepare_images(cast("Project", project), tmp_path / "build.log", Console(quiet=True))
