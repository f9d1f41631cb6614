"""Counts rejected deliveries in the process and writes the counts in the background, so that rejecting stays cheap."""

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


class RejectionReason(StrEnum):
    """Why a delivery was rejected: the code in the answer to its sender."""

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
    """Collects counts of rejections and writes them at most once every `seconds`, all in one statement; best effort.

    There are at most as many counts as reasons times producers, where all unknown producers are one, `unknown`. Counts
    that cannot be written now are written with the next ones; those of a killed process are lost.
    """

    db: Database
    seconds: float = 1.0
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: "asyncio.Task[None] | None" = None

    def note(self, producer: str, reason: RejectionReason) -> None:
        """Counts one rejected delivery. Costs one addition and waits for nothing."""
        self._counts[producer if producer in PRODUCERS else UNKNOWN, reason.value] += 1
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_later())

    async def flush(self) -> None:
        """Writes the collected counts. If Postgres fails, that is logged and not raised; the counts stay."""
        counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            await add_rejections(self.db, counts)
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            self._counts.update(counts)
            log.warning("%d refused deliveries are not written down yet: %s", counts.total(), error)

    async def close(self) -> None:
        """Writes the remaining counts, at the end of a process."""
        self._closing.set()
        if self._writing is not None:
            await self._writing
        await self.flush()

    async def _write_later(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.seconds):
                await self._closing.wait()
        await self.flush()
