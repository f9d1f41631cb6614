"""A Postgres that stands still as a whole, and goes on: every process of it, SIGSTOP and SIGCONT."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from mipoints.embedded.postgres import EmbeddedPostgres
from tests.conftest import IN_A_HURRY


@contextmanager
def standing_still(folder: Path) -> Iterator[None]:
    """The server whose EmbeddedPostgres was started in `folder` does nothing; who connects waits."""
    master = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text("utf-8").split()[0]))
    master.suspend()
    children = master.children(recursive=True)
    try:
        for process in children:
            with suppress(psutil.NoSuchProcess):  # it was just ending
                process.suspend()
        yield
    finally:
        for process in (*children, master):
            with suppress(psutil.NoSuchProcess):
                process.resume()


@dataclass(frozen=True, slots=True)
class OwnPostgres:
    """A server that a test has for itself."""

    folder: Path
    url: str

    def standing_still(self) -> AbstractContextManager[None]:
        """It does nothing until the end of the block."""
        return standing_still(self.folder)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Empty, and gone at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="mipoints-still-") as path:
        server = EmbeddedPostgres.start(Path(path), IN_A_HURRY)
        try:
            yield OwnPostgres(Path(path), server.url)
        finally:
            server.stop()
