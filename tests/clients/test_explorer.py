"""The explorer in a real Chromium without internet: queries, pages, a mutation, a live subscription, docs."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.graphiql import BUILT, LUCIA
from tests.clients.node import needs_node, run_script
from tests.support.stage import Stage

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOT = ROOT / "build" / "explorer.png"

pytestmark = [
    pytest.mark.clients,
    needs_node,
    pytest.mark.skipif(
        os.environ.get("MIPOINTS_BROWSER") != "must" and (CHROMIUM is None or not (BUILT / "index.html").exists()),
        reason="There is no Chromium here, or GraphiQL is not built: `apt-get install chromium`, `make explorer`.",
    ),
]


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a short path for the browser: the names of its sockets have at most a hundred characters."""
    with tempfile.TemporaryDirectory(prefix="mi-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def test_a_person_explores_the_programme_in_a_browser(stage: Stage, short_path: Path):
    assert CHROMIUM is not None, "Install Chromium."
    await stage.register(LUCIA)
    await stage.earn({"appSignIn": {}}, LUCIA)
    await stage.earn({"fuel": {}}, LUCIA)
    await stage.advance(minutes=6)
    await stage.earn({"linkShare": {"productId": "before"}}, LUCIA)
    SCREENSHOT.parent.mkdir(exist_ok=True)
    await run_script(
        "explorer.mjs",
        API=f"{stage.http.base_url}/graphql",
        CHROMIUM=CHROMIUM,
        MEMBER=stage.token(LUCIA),
        SCREENSHOT=str(SCREENSHOT),
        HOME=str(short_path),
        TMPDIR=str(short_path),
    )
    assert SCREENSHOT.stat().st_size > 10_000
