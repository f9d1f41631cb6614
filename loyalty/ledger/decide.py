"""How every decision about a member is made: read it as of one version, judge, write all or nothing.

Another write in between makes the statement find a newer version and write nothing; the decision is then made once more
behind the member's row lock, where no other write can come in between. The same idempotency key gets its first answer.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from uuid import UUID

import asyncpg

from db.ledger.answers import keep_answer, request_to_judge
from db.ledger.member import MemberToJudge, lock_member_to_judge, member_to_judge
from db.ledger.record import NewRequest, Stale, record
from db.pool import Database, Queryable
from loyalty.ledger.answers import Answer, Request, first_answer, refusal_answer
from loyalty.ledger.behind_lock import CONFLICTS, retry_behind_lock
from loyalty.ledger.capacity import check_capacity
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.decision import Decision, DecisionResult, Ruling
from loyalty.ledger.written import Written
from loyalty.refusals import NotAMember, Refusal, refusal_of_check, stored_refusal


async def decide(db: Database, decision: Decision) -> DecisionResult:
    """Judges one request about one member and stores the answer; the same request again gets the first answer.

    A lot that has reached its lapse date lapses first, if no worker has done it yet (R50).
    Raises NotAMember, IdempotencyMismatch, InvalidInput for more points than a balance holds (R37), and any refusal of
    the judge; a stored refusal is raised again. A CHECK that fails while writing, such as when another member got the
    last of a stock, is raised as its refusal.
    """
    try:
        result = await _first_without_lock(db, decision)
    except asyncpg.CheckViolationError as violation:
        result = await _first_without_lock(db, _refused_by(violation, decision))
    refusal = stored_refusal(dict(result.answer))
    if refusal is not None:
        raise refusal
    return result


async def _first_without_lock(db: Database, decision: Decision) -> DecisionResult:
    """Decides without a lock; after a conflict with another write, decides again behind the member's lock."""
    with suppress(*CONFLICTS):
        return await _attempt(decision, db)
    return await retry_behind_lock(db, decision.who, partial(_attempt, decision))


async def _attempt(decision: Decision, db: Queryable) -> DecisionResult:
    """Decides by the member as it is read now. Raises Stale if the decision needs the member's lock."""
    if (decision.in_transaction or decision.afterwards is not None) and isinstance(db, Database):
        return await db.in_transaction(partial(_attempt, decision))
    member = await _member_of(decision, db)
    if member is None:
        return DecisionResult(await _answer_without_member(db, decision.request))
    if member.earlier_answer is not None:
        return DecisionResult(first_answer(member.earlier_answer, decision.request))
    if member.is_behind:
        member = await _caught_up(decision, db, member.member_id)
    try:
        ruling = await decision.judge(db, member)
        check_capacity(member, ruling.changes)
    except Refusal as refusal:
        return DecisionResult(await _keep_refusal(db, member, decision.request, refusal))
    return await _write(decision, db, member, ruling)


async def _member_of(decision: Decision, db: Queryable) -> MemberToJudge | None:
    request = decision.request
    return await member_to_judge(db, decision.who, service_id=request.service_id, key=request.key, reads=decision.reads)


async def _answer_without_member(db: Queryable, request: Request) -> Answer:
    """A service's key gets its stored answer even when the member is gone. Raises NotAMember without one."""
    if request.service_id is not None:
        moment = await request_to_judge(db, request.service_id, request.key)
        if moment.earlier_answer is not None:
            return first_answer(moment.earlier_answer, request)
    raise NotAMember


async def _caught_up(decision: Decision, db: Queryable, member_id: UUID) -> MemberToJudge:
    """The member after everything that is due for it has been written.

    Outside a transaction each statement commits, so these steps stay written even if the caller's time ends. Raises
    Stale if another transaction changes the member meanwhile.
    """
    if not isinstance(db, Database):
        await lock_member_to_judge(db, decision.who)
    await catch_up(db, member_id)
    member = await _member_of(decision, db)
    assert member is not None
    if member.is_behind:
        raise Stale
    return member


async def _write(decision: Decision, db: Queryable, member: MemberToJudge, ruling: Ruling) -> DecisionResult:
    """Writes the changes together with the answer, then runs `afterwards`. Raises Stale."""
    request = decision.request
    caller_id = request.service_id or member.member_id
    ruling.changes.requests.append(NewRequest(caller_id, request.key, request.input_hash, ruling.answer))
    await record(db, member, ruling.changes)
    if decision.afterwards is not None:
        await decision.afterwards(db, member)
        return DecisionResult(ruling.answer)
    return DecisionResult(ruling.answer, Written(member, ruling.changes, ruling.coupon))


async def _keep_refusal(db: Queryable, member: MemberToJudge, request: Request, refusal: Refusal) -> Answer:
    """Stores a refusal as the answer if it is one that keys store; raises it otherwise.

    A refusal changes nothing about the member, so a thousand refusals need not wait for one another.
    """
    if not refusal.is_stored:
        raise refusal
    answer, caller_id = refusal_answer(request, refusal), request.service_id or member.member_id
    if not await keep_answer(db, caller_id, request.key, request.input_hash, answer, member_id=member.member_id):
        raise Stale
    return answer


def _refused_by(violation: asyncpg.CheckViolationError, decision: Decision) -> Decision:
    """The decision with the refusal that its failed CHECK means. Raises the violation if that is a fault."""
    refusal = refusal_of_check(violation.constraint_name)
    if refusal is None:
        raise violation
    return replace(decision, judge=partial(_refuse, refusal))


async def _refuse(refusal: Refusal, _db: Queryable, _member: MemberToJudge) -> Ruling:
    raise refusal
