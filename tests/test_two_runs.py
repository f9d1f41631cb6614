"""Two runs of the tests by one user at the same time do not disturb each other."""

import subprocess
import sys
from pathlib import Path

from tests.support.patience import PATIENCE

A_RUN = "def test_with_a_folder(tmp_path):\n    assert tmp_path.is_dir()\n"


def test_another_run_does_not_close_a_folder_that_this_run_has_opened(tmp_path: Path):
    """As root, the embedded Postgres runs as another account and passes through all parents of its data."""
    opened = [folder for folder in tmp_path.parents if folder.owner() == tmp_path.owner()]
    for folder in opened:
        folder.chmod(folder.stat().st_mode | 0o001)
    (tmp_path / "test_of_another_run.py").write_text(A_RUN)
    another = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_of_another_run.py"]
    done = subprocess.run(another, cwd=tmp_path, capture_output=True, timeout=PATIENCE)
    assert b"1 passed" in done.stdout, done.stdout + done.stderr
    assert [folder for folder in opened if not folder.stat().st_mode & 0o001] == []
