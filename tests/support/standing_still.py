"""Stops all processes of a Postgres with SIGSTOP, and continues them with SIGCONT."""

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
    """Stops the Postgres that was started in `folder` until the end of the block. Clients that connect wait."""
    master = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text("utf-8").split()[0]))
    master.suspend()
    children = master.children(recursive=True)
    try:
        for process in children:
            with suppress(psutil.NoSuchProcess):  # the process ended in the meantime
                process.suspend()
        yield
    finally:
        for process in (*children, master):
            with suppress(psutil.NoSuchProcess):
                process.resume()


@dataclass(frozen=True, slots=True)
class OwnPostgres:
    """A Postgres for one test alone."""

    folder: Path
    url: str

    def standing_still(self) -> AbstractContextManager[None]:
        """Stops the server until the end of the block."""
        return standing_still(self.folder)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Starts an empty Postgres, and removes it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="mipoints-still-") as path:
        server = EmbeddedPostgres.start(Path(path), IN_A_HURRY)
        try:
            yield OwnPostgres(Path(path), server.url)
        finally:
            server.stop()
