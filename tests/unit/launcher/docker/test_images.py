import os
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from launcher.docker.images import ImageError, prepare_images
from launcher.docker.project import Project


class FailingBuild:
    """A project whose images cannot be built."""

    environment = os.environ

    def compose(self, *arguments: str) -> list[str]:
        if "build" not in arguments:
            return ["true"]
        return ["sh", "-c", "echo '#1 loading'; echo 'failed to solve: no such image'; exit 1"]


def test_the_reason_of_a_failed_build_stands_in_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as failed:
        prepare_images(cast("Project", FailingBuild()), tmp_path / "build.log", Console(quiet=True))

    assert failed.value.error == "The images could not be built: failed to solve: no such image"
    assert "#1 loading" in failed.value.message
