import os
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.background import PROJECT

FAKE_BOOTSTRAP = "import os, sys\nprint(os.getcwd(), *sys.argv[1:])\n"


def test_the_script_can_be_called_through_links(tmp_path: Path) -> None:
    project = tmp_path / "a project"
    (project / "launcher").mkdir(parents=True)
    (project / "launcher" / "bootstrap.py").write_text(FAKE_BOOTSTRAP)
    shutil.copy(PROJECT / "launch.sh", project)
    (tmp_path / "direct").symlink_to(project / "launch.sh")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "relative").symlink_to("../direct")

    done = subprocess.run(
        [tmp_path / "bin" / "relative", "status"],
        cwd="/",
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )

    assert (done.stdout, done.stderr) == (f"{project} status\n", "")
