"""The programme as it is in force: terms, campaigns and rewards. It is read again as soon as its version changed."""

import hmac
from dataclasses import dataclass, field

from db import programme as rows
from db.members.membership import person_salt
from db.pool import Database, Queryable
from loyalty.programme.catalogue import Catalogue, read_catalogue
from loyalty.settings import Settings


@dataclass(slots=True)
class Programme:
    """The database and the programme's data. `hold_seconds`, in the sandbox, replaces every hold.

    `velocity_per_minute` replaces the terms' limit (R70); 0 means no limit. `person_salt` salts the hashes of erased
    persons; with None, the database's own salt does. With `takes_tests`, webhooks in a producer's test mode count too.
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
        """Builds the programme from a database and the settings. Every process builds it here."""
        return cls(
            db,
            hold_seconds=settings.hold_seconds,
            velocity_per_minute=settings.velocity_per_minute,
            person_salt=settings.person_salt,
            takes_tests=settings.sandbox,
        )

    async def person_hash(self, mi_id: str, db: Queryable) -> bytes:
        """The hash that remains of an erased person (R71), salted with the setting or else the database's own salt."""
        if self._salt is None:
            self._salt = self.person_salt.encode() if self.person_salt is not None else await person_salt(db)
        return hmac.digest(self._salt, mi_id.encode(), "sha256")

    async def catalogue(self) -> Catalogue:
        """The programme now. A query reads its version, and the rest is read if that changed."""
        return await self.catalogue_at(await rows.programme_version(self.db), self.db)

    def known_at(self, version: int) -> Catalogue | None:
        """The programme as of a version, if it is in memory."""
        return self._read if self._read is not None and self._read.version == version else None

    async def catalogue_at(self, version: int, db: Queryable) -> Catalogue:
        """The programme as of a version that the caller has just read."""
        if self._read is None or self._read.version != version:
            self._read = await read_catalogue(db, version)
        return self._read
