"""How every decision about a member is made: read it as of one version, judge, write all or nothing.

Another write in between makes the statement find a newer version and write nothing; the decision is then made once
more behind the member's row lock, where nothing can come in between. The same idempotency key finds its first answer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakValueDictionary

import asyncpg

from db.ledger.answers import keep_answer, request_to_judge
from db.ledger.member import MemberRef, MemberToJudge, lock_member_to_judge, member_to_judge
from db.ledger.record import Changes, NewRequest, Stale, record
from db.limits import DECISION_TRIES
from db.pool import Busy, Database, Queryable
from loyalty.ledger.answers import (
    Answer,
    Request,
    first_answer,
)
from loyalty.ledger.capacity import check_capacity
from loyalty.ledger.catch_up import catch_up
from loyalty.refusals import (
    NotAMember,
    Refusal,
    as_answer,
    kept_refusal,
    refusal_of_check,
)

T = TypeVar("T")
Judge = Callable[[Queryable, MemberToJudge], Awaitable[tuple[Changes, Answer]]]
Afterwards = Callable[[Queryable, MemberToJudge], Awaitable[None]]


async def decide(
    db: Database,
    who: MemberRef,
    request: Request,
    judge: Judge,
    *,
    slot_kind: str | None = None,
    product_id: str | None = None,
    afterwards: Afterwards | None = None,
) -> Answer:
    """Judges one request about one member and keeps the answer; the same request again gets the first answer.

    Where midnight has come for a lot and no worker yet, it lapses first, behind the member's lock (R50).
    `afterwards` does what follows from the decision, once, in the same transaction as its writing. Raises NotAMember,
    IdempotencyMismatch, InvalidInput for more points than a balance holds (R37), and whatever refusal `judge` raises;
    a kept refusal is raised again. What only the writing can
    see, such as the last of a stock going to another member, is a refusal like any other.
    """

    async def read(queryable: Queryable) -> MemberToJudge | None:
        return await member_to_judge(
            queryable,
            who,
            service_id=request.service_id,
            key=request.key,
            slot_kind=slot_kind,
            product_id=product_id,
        )

    async def attempt(queryable: Queryable) -> Answer:
        member = await read(queryable)
        if member is None:
            return await _answer_without_member(queryable, request)
        if member.kept is not None:
            return first_answer(member.kept, request)
        if member.is_behind:
            if queryable is db:
                raise Stale
            await lock_member_to_judge(queryable, who)
            await catch_up(queryable, member.member_id)
            member = await read(queryable)
            assert member is not None
        try:
            changes, answer = await judge(queryable, member)
            check_capacity(member, changes)
        except Refusal as refusal:
            if not refusal.is_kept:
                raise
            return await _keep_refusal(queryable, member, request, as_answer(refusal))
        changes.requests.append(NewRequest(request.caller.service_id or member.member_id, *_kept(request, answer)))
        await record(queryable, member.member_id, member.version, changes)
        if afterwards is not None:
            await afterwards(queryable, member)
        return answer

    async def attempt_whole(queryable: Queryable) -> Answer:
        return await db.in_transaction(attempt) if queryable is db else await attempt(queryable)

    whole = attempt if afterwards is None else attempt_whole
    try:
        answer = await retry_behind_lock(db, who, whole)
    except asyncpg.CheckViolationError as violation:
        judge = _denied_by(violation)
        answer = await retry_behind_lock(db, who, whole)
    refusal = kept_refusal(dict(answer))
    if refusal is not None:
        raise refusal
    return answer


async def _keep_refusal(db: Queryable, member: MemberToJudge, request: Request, answer: Answer) -> Answer:
    """Keeps a refusal. Nothing of the member changes by it, so a thousand of them need not wait for one another."""
    caller_id = request.service_id or member.member_id
    if not await keep_answer(db, caller_id, *_kept(request, answer), member_id=member.member_id):
        raise Stale
    return answer


def _denied_by(violation: asyncpg.CheckViolationError) -> Judge:
    """A judge that refuses what a CHECK did not let through. Raises the violation where that is a fault."""
    refusal = refusal_of_check(violation.constraint_name)
    if refusal is None:
        raise violation

    async def refuse(_db: Queryable, _member: MemberToJudge) -> tuple[Changes, Answer]:
        raise refusal

    return refuse


def _kept(request: Request, answer: Answer) -> tuple[str, str, Answer]:
    return request.key, request.input_hash, answer


async def _answer_without_member(db: Queryable, request: Request) -> Answer:
    if request.service_id is not None:
        moment = await request_to_judge(db, request.service_id, request.key)
        if moment.kept is not None:
            return first_answer(moment.kept, request)
    raise NotAMember


_waiting: WeakValueDictionary[MemberRef, asyncio.Lock] = WeakValueDictionary()
"""Within a process one caller at a time waits for a member's row, so that a busy member does not fill the pool."""


async def retry_behind_lock(db: Database, who: MemberRef, attempt: Callable[[Queryable], Awaitable[T]]) -> T:
    """Tries without a lock first; when another write came in between, again while holding the member's row.

    A unique key that another caller was quicker to take counts as a write in between. Raises Busy when the member is
    held for longer than a caller would wait.
    """
    try:
        return await attempt(db)
    except (Stale, asyncpg.UniqueViolationError):
        pass

    async def behind_the_lock(queryable: Queryable) -> T:
        await lock_member_to_judge(queryable, who)
        return await attempt(queryable)

    turn = _waiting.setdefault(who, asyncio.Lock())
    try:
        await asyncio.wait_for(turn.acquire(), db.seconds)
    except TimeoutError:
        raise Busy("This member is busy with other requests.") from None
    try:
        for _ in range(DECISION_TRIES - 1):
            try:
                return await db.in_transaction(behind_the_lock)
            except (Stale, asyncpg.UniqueViolationError):
                continue
        return await db.in_transaction(behind_the_lock)
    finally:
        turn.release()
