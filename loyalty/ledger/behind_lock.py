"""Makes a decision again behind the member's lock, after a conflict with another write."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar
from weakref import WeakValueDictionary

import asyncpg

from db.ledger.member import MemberRef, lock_member_to_judge
from db.ledger.record import Stale
from db.limits import DECISION_TRIES
from db.pool import Busy, Database, Queryable

T = TypeVar("T")
Attempt = Callable[[Queryable], Awaitable[T]]

CONFLICTS = (Stale, asyncpg.UniqueViolationError)
"""Errors of a conflict with another write: a newer version of the member, or a unique key that another caller took."""

_waiting: WeakValueDictionary[MemberRef, asyncio.Lock] = WeakValueDictionary()
"""Within a process one caller at a time waits for a member's row, so that a busy member does not fill the pool."""


async def retry_behind_lock(db: Database, who: MemberRef, attempt: Attempt[T]) -> T:
    """Makes an attempt in a transaction that holds the member's row, up to five times.

    Behind the lock, only a unique key can still conflict. Raises Busy if another holds the member for longer than a
    caller waits, and any error of the fifth attempt.
    """
    behind_lock = partial(_attempt_behind_lock, who, attempt)
    async with _turn(who, db.seconds):
        for _ in range(DECISION_TRIES - 1):
            with suppress(*CONFLICTS):
                return await db.in_transaction(behind_lock)
        return await db.in_transaction(behind_lock)


async def _attempt_behind_lock(who: MemberRef, attempt: Attempt[T], transaction: Queryable) -> T:
    await lock_member_to_judge(transaction, who)
    return await attempt(transaction)


@asynccontextmanager
async def _turn(who: MemberRef, seconds: float) -> AsyncIterator[None]:
    """Waits until no other caller in this process waits for the member's row. Raises Busy after `seconds`."""
    turn = _waiting.setdefault(who, asyncio.Lock())
    try:
        await asyncio.wait_for(turn.acquire(), seconds)
    except TimeoutError:
        raise Busy("This member is busy with other requests.") from None
    try:
        yield
    finally:
        turn.release()
