import sys
from pathlib import Path

import pytest

from launcher.docker.project import DockerCommandError, Project
from launcher.settings import LauncherSettings


def test_an_engine_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    project = Project(LauncherSettings.from_environment({"MLFLEET_STATE_DIR": str(tmp_path)}))
    with pytest.raises(DockerCommandError) as caught:
        project.run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.2)
    assert "did not answer" in caught.value.error
