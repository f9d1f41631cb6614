"""How decisions about the programme itself are made: no member is involved, and a service's key keeps the answer.

One transaction holds the programme's row, so that such decisions come one after another; what is changed, the
operators' log, the programme's new version and the answer to the key are written together or not at all.
"""

from collections.abc import Awaitable, Callable

from db.ledger.answers import RequestToJudge, keep_answer, request_to_judge
from db.ledger.record import NewLogEntry, Stale
from db.limits import DECISION_TRIES
from db.pool import Queryable
from db.programme import lock_programme, log_action, programme_changed
from loyalty.ledger.answers import Answer, Request, first_answer
from loyalty.programme.programme import Programme

JudgeProgramme = Callable[[Queryable, RequestToJudge], Awaitable[tuple[NewLogEntry | None, Answer]]]
"""Writes its own rows; gives what the operators' log says of it (None where nothing changed) and the answer."""


async def decide_for_programme(
    programme: Programme, request: Request, judge: JudgeProgramme, *, changes_programme: bool = True
) -> Answer:
    """Judges one request of a service about the programme and keeps the answer; the same again gets the first one.

    A decision about rows that are no part of terms, rewards and campaigns leaves the programme's row alone
    (`changes_programme=False`) and holds what it changes itself; of two with one key at once, one is undone and gets
    the other's answer. Raises IdempotencyMismatch, and whatever refusal `judge` raises; such a refusal leaves the key
    free.
    """
    service_id = request.service_id
    if service_id is None:
        raise ValueError("Only a service decides about the programme.")

    async def attempt(db: Queryable) -> Answer:
        if changes_programme:
            await lock_programme(db)
        moment = await request_to_judge(db, service_id, request.key)
        if moment.kept is not None:
            return first_answer(moment.kept, request)
        entry, answer = await judge(db, moment)
        if entry is not None:
            await log_action(db, entry)
        if entry is not None and changes_programme:
            await programme_changed(db)
        if not await keep_answer(db, service_id, request.key, request.input_hash, answer):
            raise Stale
        return answer

    for _ in range(DECISION_TRIES - 1):
        try:
            return await programme.db.in_transaction(attempt)
        except Stale:
            continue
    return await programme.db.in_transaction(attempt)
