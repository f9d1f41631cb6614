"""The programme as it stands: terms, campaigns and rewards, read from the database and never out of date."""

import hmac
from dataclasses import dataclass, field

from db import programme as rows
from db.members.membership import person_salt
from db.pool import Database, Queryable
from loyalty.programme.catalogue import Catalogue, read_catalogue
from loyalty.settings import Settings


@dataclass(slots=True)
class Programme:
    """The database with the programme's data beside it. `hold_seconds` replaces every hold in the sandbox.

    `velocity_per_minute` replaces the terms' limit (R70), and 0 is none. `person_salt` is for the hashes of erased
    persons; None for the database's own. `takes_tests`: what producers send in test mode counts too.
    """

    db: Database
    hold_seconds: int | None = None
    velocity_per_minute: int | None = None
    person_salt: str | None = field(default=None, repr=False)
    takes_tests: bool = False
    _read: Catalogue | None = field(default=None, repr=False)
    _salt: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, db: Database, settings: Settings) -> "Programme":
        """The programme on a database as the settings have it: the only way that a process builds it."""
        return cls(
            db,
            hold_seconds=settings.hold_seconds,
            velocity_per_minute=settings.velocity_per_minute,
            person_salt=settings.person_salt,
            takes_tests=settings.sandbox,
        )

    async def person_hash(self, mi_id: str, db: Queryable) -> bytes:
        """What is remembered of an erased person (R71): salted with the setting, else with the database's own salt."""
        if self._salt is None:
            self._salt = self.person_salt.encode() if self.person_salt is not None else await person_salt(db)
        return hmac.digest(self._salt, mi_id.encode(), "sha256")

    async def catalogue(self) -> Catalogue:
        """The programme now: one small question to the database, and a reading of it only when it changed."""
        return await self.catalogue_at(await rows.programme_version(self.db), self.db)

    async def catalogue_at(self, version: int, db: Queryable) -> Catalogue:
        """The programme as of a version that was just read together with other things."""
        if self._read is None or self._read.version != version:
            self._read = await read_catalogue(db, version)
        return self._read
