"""The embedded Postgres of a run, and the databases in it: migrated, seeded, with the usual tables next to ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg

from bench.speed.contenders import ours
from mipoints.embedded.postgres import EmbeddedPostgres

USUAL = Path(__file__).parent / "usual"
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "jit": "off",
}
"""Changes to Postgres' defaults (fsync and full page writes stay on): more memory, no checkpoint during a turn."""


@dataclass(frozen=True, slots=True)
class Databases:
    """A running Postgres of its own data directory."""

    postgres: EmbeddedPostgres
    folder: Path

    @classmethod
    def start(cls, folder: Path) -> "Databases":
        return cls(EmbeddedPostgres.start(folder, SETTINGS), folder)

    def url(self, database: str = "postgres") -> str:
        """The owner's address of a database."""
        return self.postgres.url.replace("/postgres?", f"/{database}?")

    @property
    def sockets(self) -> str:
        """The folder of the socket, as drivers other than asyncpg take it."""
        return parse_qs(urlsplit(self.postgres.url).query)["host"][0]

    @property
    def postmaster(self) -> int:
        """Its process."""
        return int((self.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    async def fill(self, env: Mapping[str, str], members: int, entries: int, coupons: int) -> None:
        """Migrates and seeds the database that `env` names."""
        await ours.run(env, "migrate")
        counts = {"members": members, "entries": entries, "coupons": coupons}
        await ours.run(env, "seed", *(part for name, count in counts.items() for part in (f"--{name}", str(count))))


async def fill_usual(owner: asyncpg.Connection) -> None:
    """Makes the usual tables and functions, from our members' histories."""
    for script in (USUAL / "tables.sql", USUAL / "fill.sql", USUAL.parent / "mercurius" / "redeem.sql"):
        await owner.execute(script.read_text("utf-8"), timeout=3600)
    await owner.execute("vacuum analyze", timeout=3600)
    await owner.execute("checkpoint", timeout=3600)
