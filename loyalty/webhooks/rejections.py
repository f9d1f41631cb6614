"""Refused deliveries: counted in the process and written down in the background, so that refusing stays cheap."""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import asyncpg

from db.pool import Database, DatabaseUnavailable
from db.webhooks.rejections import add_rejections
from loyalty.webhooks.producers import PRODUCERS

log = logging.getLogger(__name__)

UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why a delivery was not kept, as its sender was told."""

    NO_SECRET = "NO_SECRET"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    STALE = "STALE"
    MALFORMED = "MALFORMED"
    TOO_LARGE = "TOO_LARGE"
    NOT_READ = "NOT_READ"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    UNKNOWN_PRODUCER = "UNKNOWN_PRODUCER"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(slots=True)
class Rejections:
    """Collects refusals and writes them down at most once every `seconds`, all in one statement; best effort.

    There are as many counts as known producers (and one for strangers) times reasons, whatever is sent. Counts that
    cannot be written now are written with the next ones; those of a process that is killed are lost.
    """

    db: Database
    seconds: float = 1.0
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: "asyncio.Task[None] | None" = None

    def note(self, producer: str, reason: Reason) -> None:
        """One more delivery was refused. Costs an addition; waits for nothing."""
        self._counts[producer if producer in PRODUCERS else UNKNOWN, reason.value] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def flush(self) -> None:
        """Writes down what was collected. What keeps Postgres from taking it is logged, never raised."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await add_rejections(self.db, counts)
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            self._counts.update(counts)
            log.warning("%d refused deliveries are not written down yet: %s", counts.total(), error)

    async def close(self) -> None:
        """Writes down what is left, at the end of a process."""
        self._closing.set()
        if self._writing is not None:
            await self._writing
        await self.flush()

    async def _write_later(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await self._closing.wait()
        await self.flush()
