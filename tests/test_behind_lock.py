"""How often a decision is attempted: once without a lock, then up to five times behind the member's lock."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from db.ledger.member import MemberRef
from db.ledger.record import Stale
from db.pool import Database, Queryable
from loyalty.ledger.behind_lock import retry_behind_lock, try_without_lock_first


def stale_until(succeeds: int, made: list[bool]) -> Callable[[Queryable], Awaitable[int]]:
    """An attempt that finds another write in between until its nth time; `made` is whether each was unlocked."""

    async def attempt(db: Queryable) -> int:
        made.append(isinstance(db, Database))
        if len(made) < succeeds:
            raise Stale
        return len(made)

    return attempt


async def test_nothing_is_locked_where_no_other_write_comes_in_between(db: Database):
    made: list[bool] = []
    assert await try_without_lock_first(db, MemberRef(member_id=uuid4()), stale_until(1, made)) == 1
    assert made == [True]


async def test_a_decision_is_retried_behind_the_lock_up_to_five_times(db: Database):
    who = MemberRef(member_id=uuid4())
    made: list[bool] = []
    assert await try_without_lock_first(db, who, stale_until(6, made)) == 6
    assert made == [True, False, False, False, False, False]
    made = []
    with pytest.raises(Stale):
        await retry_behind_lock(db, who, stale_until(6, made))
    assert made == [False] * 5
